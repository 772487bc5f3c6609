//! The spec of one environment, with the place of everything in it.

use std::collections::BTreeMap;

use crate::model::{ENVIRONMENTS, Spec};
use crate::place::{At, Origin, Place, Source};
use crate::reader::{DefaultValue, dotted};
use crate::tree::Node;

/// The file as one environment sees it.
#[derive(Debug, Clone)]
pub struct Merged {
    /// Overlay merged, defaults filled in.
    pub spec: Spec,
    pub(crate) source: Source,
    pub(crate) root: Node,
    pub(crate) defaults: Vec<DefaultValue>,
    places: BTreeMap<String, At>,
}

impl Merged {
    pub(crate) fn new(spec: Spec, source: Source, mut root: Node, mut defaults: Vec<DefaultValue>) -> Self {
        // What other environments say is no part of this one's spec.
        let here = |path: &str| path == spec.environment.name;
        if let Some(environments) = root
            .table_mut()
            .and_then(|root| root.get_mut(ENVIRONMENTS))
            .and_then(|entry| entry.node.table_mut())
        {
            environments.retain(|name, _| here(name));
        }
        defaults.retain(|default| match default.path.as_slice() {
            [first, name, ..] if first == ENVIRONMENTS => here(name),
            _ => true,
        });
        let mut places = BTreeMap::new();
        root.places("", &mut |key, at| {
            places.insert(key, at.clone());
        });
        places.extend(
            defaults
                .iter()
                .map(|default| (dotted(&default.path), default.at.clone())),
        );
        Self {
            spec,
            source,
            root,
            defaults,
            places,
        }
    }

    /// Where a key of the merged file was decided, `services.api.replicas` or `release.steps[0]`. A default is placed
    /// at the table that it belongs to; what is neither written nor has a default has no place.
    pub fn place(&self, key: &str) -> Option<Place> {
        self.places.get(key).map(|at| self.source.place(at))
    }

    /// Like [`Merged::place`], falling back to what the key stands in and at last to the beginning of the file, so that
    /// there is always a place to point at.
    pub fn nearest_place(&self, key: &str) -> Place {
        self.source.place(&nearest(&self.places, key))
    }

    /// Every default in force as key and value in TOML, in the order of the language.
    pub fn defaults(&self) -> Vec<(String, String)> {
        self.defaults
            .iter()
            .map(|default| (dotted(&default.path), default.text.clone()))
            .collect()
    }
}

/// The place of a key, or of the nearest thing that it stands in.
pub(crate) fn nearest(places: &BTreeMap<String, At>, key: &str) -> At {
    let mut key = key;
    loop {
        if let Some(at) = places.get(key) {
            return at.clone();
        }
        match key.rfind(['.', '[']) {
            Some(end) => key = &key[..end],
            None => {
                return At {
                    offset: 0,
                    origin: Origin::Base,
                };
            }
        }
    }
}
