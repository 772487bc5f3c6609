//! The files in `examples/` are what people copy: they must be right for every environment.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "the examples are files")]

use seaworthy_spec::{File, Strategy, parse};

fn example(name: &str) -> File {
    let path = format!("{}/../../examples/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    parse(&text, name).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

#[test]
fn the_smallest_file_runs_one_instance() {
    let merged = example("hello.toml").merge(None).unwrap();
    assert_eq!(merged.spec.app, "hello");
    assert_eq!(merged.spec.services["web"].replicas.high, 1);
    assert_eq!(merged.spec.environment.name, "production");
}

#[test]
fn logistics_merges_for_every_environment() {
    let file = example("logistics.toml");
    assert_eq!(file.environments(), ["development", "production", "staging"]);
    let strategy = |environment| file.merge(Some(environment)).unwrap().spec.release.strategy;
    assert_eq!(strategy("production"), Strategy::Canary);
    assert_eq!(strategy("development"), Strategy::Rolling);
    let staging = file.merge(Some("staging")).unwrap().spec;
    assert_eq!(staging.edge.hosts, ["staging.example.com"]);
    assert_eq!(staging.services["api"].replicas.high, 1);
    assert_eq!(
        staging.environment.host.as_deref(),
        Some("ssh://deploy@staging.example.com")
    );
}
