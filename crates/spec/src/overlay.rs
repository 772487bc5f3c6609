//! Lays an environment's changes over the file. The shape of the language says where a plain value stands for a table
//! (`LOG_LEVEL = "debug"` sets `.value` and keeps the constraints) and which keys push each other out.

use crate::form::Form;
use crate::mistake::Complaint;
use crate::model::{ENVIRONMENTS, Spec};
use crate::place::{At, Origin};
use crate::shape::Shape;
use crate::suggest;
use crate::tree::{Entry, Node, Table, Value, join};

/// The tree of one environment, and what is wrong with the overlay as such: key, place, complaint.
pub(crate) struct Overlaid {
    pub(crate) root: Node,
    pub(crate) complaints: Vec<(String, At, Complaint)>,
}

pub(crate) fn lay(root: &Node, environment: &str) -> Overlaid {
    let mut overlaid = Overlaid {
        root: root.clone(),
        complaints: Vec::new(),
    };
    let Some(settings) = root.get([ENVIRONMENTS, environment]).and_then(Node::table) else {
        return overlaid;
    };
    let prefix = join(ENVIRONMENTS, environment);
    if let Some(unset) = settings.get("unset") {
        overlaid.unset(&unset.node, &format!("{prefix}.unset"));
    }
    if let Some(set) = settings.get("set") {
        overlaid.set(
            &set.node,
            &format!("{prefix}.set"),
            &Origin::Environment(environment.to_owned()),
        );
    }
    overlaid
}

impl Overlaid {
    fn complain(&mut self, key: &str, at: &At, complaint: Complaint) {
        self.complaints.push((key.to_owned(), at.clone(), complaint));
    }

    fn unset(&mut self, node: &Node, key: &str) {
        let Value::List(items) = &node.value else {
            let complaint = Complaint::new(
                "spec.wrong_type",
                "this is not a list",
                "write unset = [\"release.approve\"]",
            );
            return self.complain(key, &node.at, complaint);
        };
        for (index, item) in items.iter().enumerate() {
            let key = format!("{key}[{index}]");
            let Value::Text(path) = &item.value else {
                let complaint = Complaint::new(
                    "spec.wrong_type",
                    "this is not a key",
                    "write it as a text: \"release.approve\"",
                );
                self.complain(&key, &item.at, complaint);
                continue;
            };
            let path: Vec<&str> = path.split('.').collect();
            if let Err(complaint) = known(&path).and_then(|()| remove(&mut self.root, &path)) {
                self.complain(&key, &item.at, complaint);
            }
        }
    }

    fn set(&mut self, node: &Node, key: &str, origin: &Origin) {
        let Some(changes) = node.table() else {
            let complaint = Complaint::new(
                "spec.wrong_type",
                "this is not a table",
                "write it as a table of changed keys",
            );
            return self.complain(key, &node.at, complaint);
        };
        let mut changes = changes.clone();
        if let Some(entry) = changes.remove(ENVIRONMENTS) {
            let complaint = Complaint::new(
                "spec.nested_environment",
                "an environment cannot change environments",
                "take it out of `set`",
            );
            self.complain(&join(key, ENVIRONMENTS), &entry.key, complaint);
        }
        for entry in changes.values_mut() {
            stamp(entry, origin);
        }
        if let Some(root) = self.root.table_mut() {
            merge(root, changes, &Spec::shape());
        }
    }
}

/// Marks everything as said by an overlay.
fn stamp(entry: &mut Entry, origin: &Origin) {
    entry.key.origin = origin.clone();
    stamp_node(&mut entry.node, origin);
}

fn stamp_node(node: &mut Node, origin: &Origin) {
    node.at.origin = origin.clone();
    match &mut node.value {
        Value::Table(table) => table.values_mut().for_each(|entry| stamp(entry, origin)),
        Value::List(items) => items.iter_mut().for_each(|item| stamp_node(item, origin)),
        _ => {}
    }
}

fn merge(base: &mut Table, changes: Table, shape: &Shape) {
    let exclusive = shape.table().map_or(&[][..], |table| table.one_of);
    if changes.keys().any(|key| exclusive.contains(&key.as_str())) {
        base.retain(|key, _| !exclusive.contains(&key.as_str()));
    }
    for (key, change) in changes {
        match base.get_mut(&key) {
            Some(entry) => replace(entry, change, shape.below(&key).as_ref()),
            None => {
                base.insert(key, change);
            }
        }
    }
}

fn replace(base: &mut Entry, change: Entry, shape: Option<&Shape>) {
    let Some(shape) = shape else {
        *base = change;
        return;
    };
    let plain = shape.table().and_then(|table| table.plain);
    match (base.node.table().is_some(), change.node.table().is_some(), plain) {
        (false, false, _) | (false, true, None) | (true, false, None) => *base = change,
        (true, true, _) => merge_nodes(&mut base.node, change.node, shape),
        (true, false, Some(key)) => merge_nodes(&mut base.node, as_table(change, key), shape),
        (false, true, Some(key)) => {
            let written = as_table(base.clone(), key);
            base.node = written;
            merge_nodes(&mut base.node, change.node, shape);
        }
    }
}

fn merge_nodes(base: &mut Node, change: Node, shape: &Shape) {
    if let (Some(base), Value::Table(changes)) = (base.table_mut(), change.value) {
        merge(base, changes, shape);
    }
}

/// The table that a plain value is short for.
fn as_table(plain: Entry, key: &str) -> Node {
    Node {
        at: plain.node.at.clone(),
        value: Value::Table(Table::from([(key.to_owned(), plain)])),
    }
}

/// Whether the language has such a key.
fn known(path: &[&str]) -> Result<(), Complaint> {
    let mut shape = Spec::shape();
    for key in path {
        let Some(below) = shape.below(key) else {
            let keys: Vec<&str> = shape
                .table()
                .map_or_else(Vec::new, |table| (table.keys)().iter().map(|key| key.name).collect());
            let remedy = suggest::remedy(key, keys, "write a key as it stands in the file, \"release.approve\"");
            return Err(Complaint::new(
                "spec.unknown_key",
                format!("there is no key `{}`", path.join(".")),
                remedy,
            ));
        };
        shape = below;
    }
    Ok(())
}

fn remove(root: &mut Node, path: &[&str]) -> Result<(), Complaint> {
    let missing = || {
        Complaint::new(
            "spec.unset_nothing",
            format!("{} is not set", path.join(".")),
            "take it out of `unset`",
        )
    };
    let (last, above) = path.split_last().ok_or_else(missing)?;
    let mut node = root;
    for key in above {
        node = node
            .table_mut()
            .and_then(|table| table.get_mut(*key))
            .map(|entry| &mut entry.node)
            .ok_or_else(missing)?;
    }
    node.table_mut()
        .and_then(|table| table.remove(*last))
        .map(drop)
        .ok_or_else(missing)
}
