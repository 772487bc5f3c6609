//! Every check of the catalogue has an example here that triggers it, and the file it starts from triggers none.
#![allow(clippy::unwrap_used)]

mod examples;
mod sound;

use std::collections::BTreeSet;

use seaworthy_checks::catalogue::{self, ALL};
use seaworthy_checks::strength::assess;
use seaworthy_checks::value::Violation;
use seaworthy_checks::{Facts, Severity, is_development, run};
use seaworthy_spec::EnvKind;

use examples::*;
use sound::{FILE, facts, merged};

#[test]
fn a_sound_file_on_a_sound_machine_has_no_findings() {
    let merged = merged(FILE, "production");
    assert_eq!(run(&merged.spec, &facts(), &merged), []);
}

#[test]
fn each_example_triggers_its_check_and_only_that() {
    for example in examples() {
        let findings = found(&example, "production");
        let ids: BTreeSet<_> = findings.iter().map(|finding| finding.id).collect();
        assert_eq!(ids, BTreeSet::from([example.check]), "{}: {findings:#?}", example.check);
        let finding = &findings[0];
        assert_eq!(finding.key, example.key, "{findings:#?}");
        assert!(
            finding.reason.contains(example.says),
            "{}: {}",
            example.check,
            finding.reason
        );
        assert!(finding.remedy.len() > 10, "{finding:?}");
    }
}

#[test]
fn each_check_has_an_example_and_a_word_of_its_own() {
    let examples: BTreeSet<_> = examples().iter().map(|example| example.check).collect();
    let checks: BTreeSet<_> = ALL.iter().map(|check| check.id).collect();
    assert_eq!(examples, checks);
    assert_eq!(checks.len(), ALL.len(), "a word is used twice");
}

/// What works in development is not in the way there: nothing is worse than in production, and what is dangerous only
/// where others come is not said.
#[test]
fn development_is_judged_more_gently() {
    assert!(is_development("development") && !is_development("staging"));
    for example in examples() {
        let check = ALL.iter().find(|check| check.id == example.check).unwrap();
        let findings = found(&example, "development");
        for finding in &findings {
            assert_eq!(finding.severity, check.development, "{finding:?}");
        }
        assert_eq!(
            findings.is_empty(),
            example.check.starts_with("danger."),
            "{}: {findings:?}",
            example.check
        );
    }
}

#[test]
fn findings_name_the_place_of_what_was_written() {
    let example = Example {
        check: "env.type",
        file: env("WORKERS = { value = \"many\", type = \"integer\" }"),
        facts: same,
        key: "",
        says: "",
    };
    let findings = found(&example, "production");
    let line = FILE.lines().position(|line| line.starts_with("LOG_LEVEL")).unwrap() + 1;
    let place = findings[0].place.clone().unwrap();
    assert!(place.starts_with(&format!("seaworthy.toml:{line}:")), "{place}");
}

#[test]
fn the_worst_comes_first_and_the_order_is_stable() {
    let facts = Facts::default();
    let merged = merged(&FILE.replace("replicas = 2", "drain = \"0s\""), "production");
    let findings = run(&merged.spec, &facts, &merged);
    assert_eq!(findings, run(&merged.spec, &facts, &merged));
    assert!(
        findings.is_sorted_by(|a, b| (b.severity, &a.key) <= (a.severity, &b.key)),
        "{findings:#?}"
    );
    assert_eq!(seaworthy_checks::worst(&findings), Some(Severity::Warning));
}

/// Facts that nobody gathered are said, one by one, and never taken for good.
#[test]
fn what_is_not_known_is_said() {
    let merged = merged(FILE, "production");
    let findings = run(&merged.spec, &Facts::default(), &merged);
    let keys: Vec<_> = findings.iter().map(|finding| finding.key.as_str()).collect();
    let expected = [
        "edge.http",
        "machine.disk",
        "machine.kernel",
        "machine.memory",
        "machine.ports",
        "machine.secrets",
        "machine.state",
        "services.api.source",
    ];
    assert_eq!(keys, expected);
    assert!(
        findings
            .iter()
            .all(|finding| finding.id == "fact.unknown" && finding.severity == Severity::Note)
    );
}

/// A value that may be a credential is not repeated, not even where it breaks a rule.
#[test]
fn a_credential_in_the_file_is_not_repeated() {
    for line in [
        "DB_PASSWORD = { value = \"hunter2\", min_length = 20, type = \"integer\" }",
        "CACHE = { value = \"redis://:hunter2@localhost/0\", type = \"port\", matches = \"x\" }",
    ] {
        let merged = merged(&FILE.replace("LOG_LEVEL = \"info\"", line), "production");
        let findings = run(&merged.spec, &facts(), &merged);
        assert!(findings.len() >= 3, "{findings:?}");
        assert!(!format!("{findings:?}").contains("hunter2"), "{findings:?}");
    }
}

#[test]
fn a_secret_is_judged_once_and_its_constraints_at_each_variable() {
    let text = FILE.replace(
        "LOG_LEVEL = \"info\"",
        "OTHER_SECRET = { secret = \"jwt\", type = \"integer\" }",
    );
    let merged = merged(&text, "production");
    let mut facts = facts();
    jwt(&mut facts).assessment = assess("admin");
    let broken = vec![Violation::Kind(EnvKind::Integer)];
    jwt(&mut facts)
        .violations
        .insert("services.api.env.OTHER_SECRET".into(), broken);
    let findings = run(&merged.spec, &facts, &merged);
    let seen: Vec<_> = findings
        .iter()
        .map(|finding| (finding.id, finding.key.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            ("secret.well_known", "services.api.env.JWT_SECRET"),
            ("env.type", "services.api.env.OTHER_SECRET"),
        ]
    );
}

/// `SEAWORTHY_WRITE_DOCS=1 cargo nextest run -p seaworthy-checks` writes the page anew.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "this test compares a file, and writes it when asked to"
)]
fn the_page_is_that_of_the_catalogue() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/checks.md");
    if std::env::var_os("SEAWORTHY_WRITE_DOCS").is_some() {
        std::fs::write(path, catalogue::markdown()).unwrap();
    }
    let page = std::fs::read_to_string(path).unwrap();
    assert_eq!(
        page,
        catalogue::markdown(),
        "docs/checks.md is stale; SEAWORTHY_WRITE_DOCS=1 writes it anew"
    );
}

/// How many instances run at once decides what must fit: three with a surge of one, both sides whole, or never two sides.
#[test]
fn a_strategy_decides_how_many_instances_must_fit() {
    for (from, to, instances) in [
        ("deadline = \"1h\"", "deadline = \"1h\"", 3),
        ("deadline = \"1h\"", "max_surge = 4", 6),
        ("deadline = \"1h\"", "strategy = \"blue-green\"", 4),
        ("replicas = 2", "overlap = false", 1),
    ] {
        let merged = merged(&FILE.replacen(from, to, 1), "production");
        let mut facts = facts();
        known(&mut facts.machine).memory_bytes = 1;
        let findings = run(&merged.spec, &facts, &merged);
        let reason = findings
            .iter()
            .find(|it| it.id == "fit.memory")
            .map(|it| it.reason.as_str());
        let expected = format!("the {instances} instances of both sides");
        assert!(
            reason.is_some_and(|reason| reason.contains(&expected)),
            "{to}: {reason:?}"
        );
    }
}
