//! Every check of the catalogue has an example here that triggers it, and the file it starts from triggers none.
#![allow(clippy::unwrap_used)]

mod sound;

use std::collections::{BTreeMap, BTreeSet};

use seaworthy_checks::catalogue::{self, ALL};
use seaworthy_checks::facts::*;
use seaworthy_checks::strength::assess;
use seaworthy_checks::value::Violation;
use seaworthy_checks::{Facts, Finding, Severity, is_development, run};
use seaworthy_spec::EnvKind;

use sound::{FILE, facts, merged};

/// What is changed in the sound file (text, and what stands there instead) and in the facts, and what must be found.
struct Example {
    check: &'static str,
    file: (&'static str, &'static str),
    facts: fn(&mut Facts),
    key: &'static str,
    says: &'static str,
}

const SAME: (&str, &str) = ("", "");

fn same(_: &mut Facts) {}

fn known<T>(fact: &mut Fact<T>) -> &mut T {
    match fact {
        Fact::Known(value) => value,
        Fact::Unknown(why) => panic!("the sound facts know everything: {why}"),
    }
}

fn jwt(facts: &mut Facts) -> &mut SecretFact {
    known(&mut facts.secrets).here.get_mut("jwt").unwrap()
}

fn http(facts: &mut Facts) -> &mut Listening {
    known(facts.listeners.get_mut("edge.http").unwrap())
}

fn denied() -> Access {
    Access::Denied {
        at: "/root".to_owned(),
        why: "no execute permission for uid 40000".to_owned(),
    }
}

fn env(line: &'static str) -> (&'static str, &'static str) {
    ("LOG_LEVEL = \"info\"", line)
}

fn examples() -> Vec<Example> {
    let example = |check, file, facts, key, says| Example {
        check,
        file,
        facts,
        key,
        says,
    };
    vec![
        example(
            "fact.unknown",
            SAME,
            |f| f.disk = Fact::Unknown("no such call".into()),
            "machine.disk",
            "no such call",
        ),
        example(
            "source.missing",
            SAME,
            |f| source(f).kind = SourceKind::Missing,
            "services.api.source",
            "/src/api",
        ),
        example(
            "source.unclear",
            ("command = [\"node\", \"server.js\"]", ""),
            |f| {
                source(f).detected.unclear = Some(Problem {
                    cause: "package.json: there is no start script".into(),
                    remedy: "add a start script.".into(),
                });
            },
            "services.api.source",
            "no start script",
        ),
        example(
            "program.missing",
            SAME,
            |f| drop(f.build_programs.insert("npm".into(), Fact::Known(None))),
            "services.api.build",
            "`npm` is not installed",
        ),
        example(
            "program.from_build",
            ("[\"node\", \"server.js\"]", "[\"next\", \"start\"]"),
            |f| drop(runs(f).insert("next".into(), Fact::Known(None))),
            "services.api.command",
            "`next`",
        ),
        example(
            "program.denied",
            SAME,
            |f| node(f).access = denied(),
            "services.api.command",
            "/root",
        ),
        example(
            "listen.invalid",
            SAME,
            |f| http(f).state = ListenState::NotHere,
            "edge.http",
            "not an address of this machine",
        ),
        example(
            "listen.taken",
            SAME,
            |f| {
                let holder = Some(Holder {
                    pid: 812,
                    command: "nginx".into(),
                });
                http(f).state = ListenState::Taken { holder };
            },
            "edge.http",
            "`nginx` (pid 812) listens on 0.0.0.0:80",
        ),
        example(
            "listen.denied",
            SAME,
            |f| http(f).state = ListenState::NotPermitted,
            "edge.http",
            "may not bind",
        ),
        example(
            "listen.fallback",
            SAME,
            |f| {
                http(f).state = ListenState::NotPermitted;
                http(f).fallback = Some(Box::new(sound::free("0.0.0.0:8080")));
            },
            "edge.http",
            "0.0.0.0:8080 is used",
        ),
        example(
            "disk.low",
            SAME,
            |f| known(&mut f.disk).free_bytes = 1 << 30,
            "machine.disk",
            "1 GiB free of 100 GiB",
        ),
        example(
            "disk.full",
            SAME,
            |f| known(&mut f.disk).free_bytes = 1 << 20,
            "machine.disk",
            "a release needs 512 MiB",
        ),
        example(
            "state.not_writable",
            SAME,
            |f| known(&mut f.state).writable = denied(),
            "machine.state",
            "/root",
        ),
        example(
            "state.unreachable",
            SAME,
            |f| known(&mut f.state).reachable = denied(),
            "machine.state",
            "/root",
        ),
        example(
            "kernel.feature",
            SAME,
            |f| known(&mut f.kernel).missing.push(KernelFeature::PidFd),
            "machine.kernel",
            "lacks pidfd_open",
        ),
        example(
            "env.missing",
            env("LOG_LEVEL = { one_of = [\"info\"] }"),
            same,
            "services.api.env.LOG_LEVEL",
            "no value",
        ),
        example(
            "env.type",
            env("WORKERS = { value = \"many\", type = \"integer\" }"),
            same,
            "services.api.env.WORKERS",
            "`many` is not a whole number",
        ),
        example(
            "env.one_of",
            SAME,
            |f| {
                let other = vec![Violation::OneOf(vec!["a".into(), "b".into()])];
                drop(jwt(f).violations.insert("services.api.env.JWT_SECRET".into(), other));
            },
            "services.api.env.JWT_SECRET",
            "the value of the secret `jwt` is none of a, b",
        ),
        example(
            "env.matches",
            env("REGION = { value = \"Europe\", matches = \"[a-z]+-[0-9]\" }"),
            same,
            "services.api.env.REGION",
            "does not match [a-z]+-[0-9]",
        ),
        example(
            "env.too_short",
            SAME,
            |f| {
                let short = vec![Violation::TooShort { least: 32, length: 9 }];
                drop(jwt(f).violations.insert("services.api.env.JWT_SECRET".into(), short));
            },
            "services.api.env.JWT_SECRET",
            "the value of the secret `jwt` has 9 characters, and 32 are the least",
        ),
        example(
            "env.not_judged",
            env("SELF = { from = \"services.api.url\", min_length = 8 }"),
            same,
            "services.api.env.SELF",
            "services.api.url",
        ),
        example(
            "secret.store",
            SAME,
            |f| {
                known(&mut f.secrets).broken = Some(Problem {
                    cause: "production.age: it is damaged".into(),
                    remedy: "put it back from a copy.".into(),
                });
            },
            "machine.secrets",
            "is damaged",
        ),
        example(
            "secret.missing",
            SAME,
            |f| known(&mut f.secrets).here.clear(),
            "services.api.env.JWT_SECRET",
            "no secret `jwt` for the environment production",
        ),
        example(
            "secret.placeholder",
            SAME,
            |f| jwt(f).assessment = assess("changeme"),
            "services.api.env.JWT_SECRET",
            "is a placeholder",
        ),
        example(
            "secret.well_known",
            SAME,
            |f| jwt(f).assessment = assess("admin"),
            "services.api.env.JWT_SECRET",
            "a default",
        ),
        example(
            "secret.weak",
            SAME,
            |f| jwt(f).assessment = assess("kaDru7"),
            "services.api.env.JWT_SECRET",
            "6 characters",
        ),
        example(
            "secret.reused",
            SAME,
            |f| {
                let digest = jwt(f).digest.clone();
                known(&mut f.secrets).elsewhere.push(SecretElsewhere {
                    environment: "staging".into(),
                    name: "jwt".into(),
                    digest,
                });
            },
            "services.api.env.JWT_SECRET",
            "`jwt` of the environment staging",
        ),
        example(
            "secret.in_file",
            env("DB_PASSWORD = \"hunter2\""),
            same,
            "services.api.env.DB_PASSWORD",
            "stands in the file",
        ),
        example(
            "secret.token_in_file",
            env("CACHE = \"redis://:hunter2@cache.internal/0\""),
            same,
            "services.api.env.CACHE",
            "a URL with a password",
        ),
        example(
            "danger.node_env",
            ("\"production\"", "\"staging\""),
            same,
            "services.api.env.NODE_ENV",
            "`staging`",
        ),
        example(
            "danger.debug",
            env("DEBUG = \"*\""),
            same,
            "services.api.env.DEBUG",
            "debugging",
        ),
        example(
            "danger.debugger",
            env("FLASK_DEBUG = \"1\""),
            same,
            "services.api.env.FLASK_DEBUG",
            "a debugger",
        ),
        example(
            "danger.log_level",
            env("LOG_LEVEL = \"TRACE\""),
            same,
            "services.api.env.LOG_LEVEL",
            "`TRACE`",
        ),
        example(
            "danger.localhost",
            env("API = \"http://localhost:3000\""),
            same,
            "services.api.env.API",
            "this machine itself",
        ),
        example(
            "danger.tls_off",
            ("hosts = []", "hosts = [\"a.example.com\"]"),
            same,
            "edge.tls",
            "without TLS",
        ),
        example(
            "danger.cors_any",
            ("path = \"/\"", "path = \"/\"\ncors = { origins = [\"*\"] }"),
            same,
            "routes.site.cors",
            "every web site",
        ),
        example(
            "danger.one_replica",
            ("replicas = 2", ""),
            same,
            "services.api.replicas",
            "one instance",
        ),
        example(
            "danger.drain_zero",
            ("replicas = 2", "replicas = 2\ndrain = \"0s\""),
            same,
            "services.api.drain",
            "cut off",
        ),
        example(
            "danger.deadline",
            ("deadline = \"1h\"", "deadline = \"72h\""),
            same,
            "release.deadline",
            "72 hours",
        ),
        example(
            "danger.no_ready",
            ("{ ready = \"/ready\" }", "{}"),
            same,
            "services.api.health.ready",
            "accepts a connection",
        ),
        example(
            "fit.memory",
            SAME,
            |f| known(&mut f.machine).memory_bytes = 700 << 20,
            "machine.memory",
            "3 instances of both sides ask for 768 MiB, and the machine has 700 MiB",
        ),
        example(
            "fit.memory_limit",
            SAME,
            |f| known(&mut f.machine).memory_bytes = 1 << 30,
            "machine.memory",
            "may use up to 1.5 GiB, and the machine has 1 GiB",
        ),
        example(
            "fit.cpu",
            SAME,
            |f| known(&mut f.machine).cpu_millis = 500,
            "machine.cpu",
            "ask for 0.75 cores, and the machine has 0.5",
        ),
        example(
            "fit.ports",
            SAME,
            |f| f.ports = Fact::Known(Ports { low: 1, high: 2 }),
            "machine.ports",
            "there are 2 ports",
        ),
        example(
            "fit.unstated",
            ("memory = \"256MiB..512MiB\"", ""),
            same,
            "machine.memory",
            "api",
        ),
    ]
}

fn source(facts: &mut Facts) -> &mut Source {
    known(facts.sources.get_mut("api").unwrap())
}

fn runs(facts: &mut Facts) -> &mut BTreeMap<String, Fact<Option<Program>>> {
    facts.run_programs.get_mut("api").unwrap()
}

fn node(facts: &mut Facts) -> &mut Program {
    known(runs(facts).get_mut("node").unwrap()).as_mut().unwrap()
}

fn found(example: &Example, environment: &str) -> Vec<Finding> {
    let (from, to) = example.file;
    assert!(FILE.contains(from), "{}: the sound file has no {from}", example.check);
    let merged = merged(&FILE.replacen(from, to, 1), environment);
    let mut facts = facts();
    (example.facts)(&mut facts);
    run(&merged.spec, &facts, &merged)
}

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
