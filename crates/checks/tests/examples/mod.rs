//! For every check: what is changed in a sound file or in sound facts, and what must be found then.

use std::collections::BTreeMap;

use seaworthy_checks::facts::*;
use seaworthy_checks::strength::assess;
use seaworthy_checks::value::Violation;
use seaworthy_checks::{Facts, Finding, run};

use crate::sound::{FILE, facts, free, merged};

/// What is changed in the sound file (text, and what stands there instead) and in the facts, and what must be found.
pub(crate) struct Example {
    pub(crate) check: &'static str,
    pub(crate) file: (&'static str, &'static str),
    pub(crate) facts: fn(&mut Facts),
    pub(crate) key: &'static str,
    pub(crate) says: &'static str,
}

pub(crate) const SAME: (&str, &str) = ("", "");

pub(crate) fn same(_: &mut Facts) {}

pub(crate) fn known<T>(fact: &mut Fact<T>) -> &mut T {
    match fact {
        Fact::Known(value) => value,
        Fact::Unknown(why) => panic!("the sound facts know everything: {why}"),
    }
}

pub(crate) fn jwt(facts: &mut Facts) -> &mut SecretFact {
    known(&mut facts.secrets).here.get_mut("jwt").unwrap()
}

pub(crate) fn http(facts: &mut Facts) -> &mut Listening {
    known(facts.listeners.get_mut("edge.http").unwrap())
}

pub(crate) fn denied() -> Access {
    Access::Denied {
        at: "/root".to_owned(),
        why: "no execute permission for uid 40000".to_owned(),
    }
}

pub(crate) fn env(line: &'static str) -> (&'static str, &'static str) {
    ("LOG_LEVEL = \"info\"", line)
}

pub(crate) fn examples() -> Vec<Example> {
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
                http(f).fallback = Some(Box::new(free("0.0.0.0:8080")));
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

pub(crate) fn source(facts: &mut Facts) -> &mut Source {
    known(facts.sources.get_mut("api").unwrap())
}

pub(crate) fn runs(facts: &mut Facts) -> &mut BTreeMap<String, Fact<Option<Program>>> {
    facts.run_programs.get_mut("api").unwrap()
}

pub(crate) fn node(facts: &mut Facts) -> &mut Program {
    known(runs(facts).get_mut("node").unwrap()).as_mut().unwrap()
}

pub(crate) fn found(example: &Example, environment: &str) -> Vec<Finding> {
    let (from, to) = example.file;
    assert!(FILE.contains(from), "{}: the sound file has no {from}", example.check);
    let merged = merged(&FILE.replacen(from, to, 1), environment);
    let mut facts = facts();
    (example.facts)(&mut facts);
    run(&merged.spec, &facts, &merged)
}
