//! From text to a checked file, and from the file to the spec of one environment.

use std::collections::{BTreeMap, BTreeSet};

use crate::form::Form;
use crate::merged::Merged;
use crate::mistake::{Complaint, Mistake, Mistakes};
use crate::model::{ENVIRONMENTS, Spec};
use crate::overlay;
use crate::place::{At, Origin, Source};
use crate::reader::Reader;
use crate::rules;
use crate::suggest;
use crate::syntax;
use crate::tree::Node;

/// The environment that is meant where none is named.
pub const PRODUCTION: &str = "production";

/// The environments that every file has.
const ALWAYS: [&str; 3] = [PRODUCTION, "development", "staging"];

/// A file in which nothing is wrong, for any of its environments.
#[derive(Debug, Clone)]
pub struct File {
    source: Source,
    root: Node,
}

/// Reads a file. `file_name` is used in places only; nothing is opened.
///
/// # Errors
/// Every mistake in the file, in that of every environment's overlay too.
pub fn parse(text: &str, file_name: &str) -> Result<File, Mistakes> {
    let source = Source::new(file_name, text);
    let syntax = syntax::read(&source);
    let file = File {
        source,
        root: syntax.root,
    };
    let partial = !syntax.complaints.is_empty();
    let mut mistakes: Vec<Mistake> = syntax
        .complaints
        .into_iter()
        .map(|(at, complaint)| file.broken(&at, complaint))
        .collect();
    // Where TOML itself is broken, what was made of the line says nothing about what its author meant.
    mistakes.extend(
        file.mistakes(partial)
            .into_iter()
            .filter(|mistake| !syntax.broken_lines.contains(&(mistake.place.line - 1))),
    );
    if mistakes.is_empty() {
        Ok(file)
    } else {
        Err(Mistakes::sorted(mistakes))
    }
}

impl File {
    /// The environments that the file lists, in alphabetical order.
    pub fn environments(&self) -> Vec<String> {
        let listed = self.root.get([ENVIRONMENTS]).and_then(Node::table);
        listed.map_or_else(Vec::new, |table| table.keys().cloned().collect())
    }

    /// The spec of one environment, `production` where none is named: its overlay laid over the file, defaults filled
    /// in.
    ///
    /// # Errors
    /// An environment that the file does not know, and what is wrong in one that the file does not list (the listed
    /// ones and `production` were checked by [`parse`]).
    pub fn merge(&self, environment: Option<&str>) -> Result<Merged, Mistakes> {
        let environment = environment.unwrap_or(PRODUCTION);
        self.known(environment)?;
        let reading = self.read(environment, false);
        match reading.spec {
            Some(spec) if reading.mistakes.is_empty() => {
                Ok(Merged::new(spec, self.source.clone(), reading.root, reading.defaults))
            }
            _ => Err(Mistakes::sorted(reading.mistakes)),
        }
    }

    fn known(&self, environment: &str) -> Result<(), Mistakes> {
        let listed = self.environments();
        if ALWAYS.contains(&environment) || listed.iter().any(|name| name == environment) {
            return Ok(());
        }
        let names = listed.iter().map(String::as_str).chain(ALWAYS).collect::<BTreeSet<_>>();
        let place = self
            .root
            .table()
            .and_then(|table| table.get(ENVIRONMENTS))
            .map_or(At::base(0), |entry| entry.key.clone());
        let cause = format!("there is no environment {environment:?}");
        let remedy = suggest::remedy(environment, names, "list it in the file");
        let complaint = Complaint::new("spec.unknown_environment", cause, remedy);
        Err(Mistakes::sorted(vec![Mistake {
            key: ENVIRONMENTS.to_owned(),
            ..self.broken(&place, complaint)
        }]))
    }

    fn broken(&self, at: &At, Complaint { id, cause, remedy }: Complaint) -> Mistake {
        Mistake {
            place: self.source.place(at),
            key: String::new(),
            cause,
            remedy,
            id,
        }
    }

    /// The mistakes of all environments, each once.
    fn mistakes(&self, partial: bool) -> Vec<Mistake> {
        let environments: BTreeSet<String> = self.environments().into_iter().chain([PRODUCTION.to_owned()]).collect();
        let mut found: BTreeMap<Mistake, Vec<&str>> = BTreeMap::new();
        for environment in &environments {
            for mistake in self.read(environment, partial).mistakes {
                found.entry(mistake).or_default().push(environment);
            }
        }
        let told = |(mut mistake, within): (Mistake, Vec<&str>)| {
            let somewhere =
                within.len() < environments.len() && !matches!(mistake.place.origin, Origin::Environment(_));
            if somewhere && !mistake.key.starts_with(ENVIRONMENTS) {
                mistake.cause = format!("{} (in {})", mistake.cause, within.join(", "));
            }
            mistake
        };
        found.into_iter().map(told).collect()
    }

    fn read(&self, environment: &str, partial: bool) -> Reading {
        let overlay::Overlaid { root, complaints } = overlay::lay(&self.root, environment);
        let mut reader = Reader::new(&self.source, environment, partial);
        for (key, at, complaint) in complaints {
            reader.complain_about(key, &at, complaint);
        }
        let mut spec = Spec::read(&root, &mut reader);
        if let Some(spec) = &mut spec {
            rules::check(spec, &root, &mut reader);
        }
        let (mistakes, defaults) = (reader.mistakes, reader.defaults);
        Reading {
            spec,
            mistakes,
            defaults,
            root,
        }
    }
}

/// What came of reading the file for one environment.
struct Reading {
    spec: Option<Spec>,
    mistakes: Vec<Mistake>,
    defaults: Vec<crate::reader::DefaultValue>,
    root: Node,
}
