//! The order in which services start.

use std::collections::{BTreeMap, BTreeSet};

use crate::ServiceSnapshot;

/// Services so ordered that each comes after those it needs; by name where the needs leave it open.
///
/// Needs that name no service of the map (a database, a service that runs elsewhere) do not order anything. A cycle,
/// which `spec` refuses, would end the order early: its services follow at the end, by name.
pub fn needs_order(services: &BTreeMap<String, ServiceSnapshot>) -> Vec<String> {
    let mut ordered: Vec<String> = Vec::with_capacity(services.len());
    let mut left: BTreeSet<&str> = services.keys().map(String::as_str).collect();
    while !left.is_empty() {
        let free: Vec<&str> = left
            .iter()
            .copied()
            .filter(|name| services[*name].needs.iter().all(|need| !left.contains(need.as_str())))
            .collect();
        let next: Vec<&str> = if free.is_empty() {
            left.iter().copied().collect()
        } else {
            free
        };
        for name in next {
            left.remove(name);
            ordered.push(name.to_owned());
        }
    }
    ordered
}
