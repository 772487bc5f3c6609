//! What an environment changes, and that everybody can see who decided what.
#![allow(clippy::unwrap_used)]

use insta::assert_snapshot;
use seaworthy_spec::{EnvKind, EnvSource, File, Merged, Origin, Platform, Tls, parse};

const FILE: &str = r#"app = "shop"

[services.api]
source = "api"
needs = ["db"]
migrate = { run = "migrate", old_code = "breaks" }
health.ready = "/ready"

[services.api.env]
LOG_LEVEL = { value = "info", one_of = ["debug", "info"] }
TOKEN = { secret = "token", min_length = 32 }
MODE = "fast"
RATE = 1.10

[databases.db]
engine = "postgres"

[edge]
hosts = ["a.example", "b.example"]
tls = "self-signed"

[environments.development]
unset = ["services.api.needs"]
set.edge.tls = "off"
set.services.api.env.LOG_LEVEL = "debug"
set.services.api.env.TOKEN = "not-a-secret-in-development-at-all"
set.services.api.env.MODE = { secret = "mode", type = "string" }
set.services.api.migrate = "migrate --quick"
set.services.api.health.passes = 1

[environments.eu]
platform = "docker"
set.edge.hosts = ["eu.example"]
"#;

fn file() -> File {
    parse(FILE, "seaworthy.toml").unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn merged(environment: &str) -> Merged {
    file().merge(Some(environment)).unwrap()
}

#[test]
fn a_plain_value_keeps_the_constraints() {
    let spec = merged("development").spec;
    let env = &spec.services["api"].env;
    assert_eq!(env["LOG_LEVEL"].source, EnvSource::Value("debug".into()));
    assert_eq!(env["LOG_LEVEL"].one_of, ["debug", "info"]);
    assert_eq!(
        env["TOKEN"].source,
        EnvSource::Value("not-a-secret-in-development-at-all".into())
    );
    assert_eq!(env["TOKEN"].min_length, Some(32));
    assert_eq!(env["MODE"].source, EnvSource::Secret("mode".into()));
    assert_eq!(env["MODE"].kind, EnvKind::String);
    assert_eq!(env["RATE"].source, EnvSource::Value("1.10".into()));
}

#[test]
fn tables_merge_and_lists_are_replaced() {
    let development = merged("development").spec;
    let api = &development.services["api"];
    assert_eq!((api.health.passes, api.health.ready.as_deref()), (1, Some("/ready")));
    assert!(api.needs.is_empty(), "unset takes a key away");
    assert_eq!(
        api.migrate.as_ref().unwrap().old_code.word(),
        "breaks",
        "a plain command sets `run` alone"
    );
    assert_eq!(development.edge.tls, Tls::Off);
    let eu = merged("eu").spec;
    assert_eq!(eu.edge.hosts, ["eu.example"]);
    assert_eq!(
        (eu.environment.name.as_str(), eu.environment.platform),
        ("eu", Platform::Docker)
    );
    assert_eq!(eu.services["api"].needs, ["db"]);
}

#[test]
fn everything_knows_its_place() {
    let merged = merged("development");
    let place = |key: &str| merged.place(key).unwrap();
    let spot = |key: &str| (place(key).line, place(key).column, place(key).origin);
    assert_eq!(spot("app"), (1, 7, Origin::Base));
    assert_eq!(spot("edge.hosts[1]"), (19, 23, Origin::Base));
    assert_eq!(spot("edge.tls"), (24, 16, Origin::Environment("development".into())));
    assert_eq!(
        spot("services.api.health.passes"),
        (29, 34, Origin::Environment("development".into()))
    );
    assert_eq!(spot("services.api.drain").2, Origin::Default);
    assert_eq!(merged.place("services.api.cpu"), None);
    assert_eq!(merged.nearest_place("services.api.cpu").line, 3);
}

#[test]
fn defaults_in_force_are_listed() {
    let defaults = merged("eu").defaults();
    let default = |key: &str| {
        defaults
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, value)| value.as_str())
    };
    assert_eq!(default("timezone"), Some("\"UTC\""));
    assert_eq!(default("services.api.drain"), Some("\"30s\""));
    assert_eq!(default("services.api.health.interval"), Some("\"2s\""));
    assert_eq!(default("release.gates"), Some("[\"error_rate < 5%\"]"));
    assert_eq!(default("release.deadline"), Some("\"1h\""));
    assert_eq!(default("environments.eu.platform"), None, "it is written");
    assert_eq!(
        default("environments.development.platform"),
        None,
        "another environment is no part of this one"
    );
}

#[test]
fn the_merged_file_says_who_decided() {
    let text = merged("development").to_toml_with_origins();
    let part: Vec<&str> = text
        .lines()
        .skip_while(|line| *line != "[edge]")
        .take_while(|line| !line.is_empty())
        .collect();
    assert_snapshot!(part.join("\n"), @r##"
    [edge]
    hosts = ["a.example", "b.example"]  # base 19:9
    tls = "off"                         # development 24:16
    "##);
}

#[test]
fn defaults_stand_among_what_is_written() {
    let text = "app = \"hello\"\nservices.web.source = \".\"\nenvironments.qa.set.services.web.port = 80\n";
    let merged = parse(text, "f")
        .unwrap()
        .merge(Some("qa"))
        .unwrap()
        .to_toml_with_origins();
    assert_snapshot!(merged, @r##"
    app = "hello"     # base 1:7
    timezone = "UTC"  # default

    [services.web]
    source = "."    # base 2:23
    port = 80       # qa 3:41
    replicas = 1    # default
    drain = "30s"   # default
    stop = "10s"    # default
    overlap = true  # default

    [services.web.health]
    interval = "2s"  # default
    timeout = "1s"   # default
    passes = 2       # default
    fails = 3        # default
    start = "1m"     # default

    [edge]
    tls = "off"  # default

    [release]
    strategy = "rolling"         # default
    max_unavailable = 0          # default
    max_surge = 1                # default
    gates = ["error_rate < 5%"]  # default
    sample = 100                 # default
    window = "30s"               # default
    tick = "1s"                  # default
    warm_up = "0s"               # default
    no_data = "wait"             # default
    bake = "1m"                  # default
    deadline = "1h"              # default
    downtime = "refuse"          # default

    [environments.qa]
    platform = "host"  # default
    "##);
}

/// Another environment's settings are no part of this one, wherever one looks.
#[test]
fn other_environments_are_left_out() {
    let merged = merged("eu");
    assert!(!merged.to_toml_with_origins().contains("development"));
    assert_eq!(merged.place("environments.development.unset"), None);
    assert_eq!(merged.place("environments.eu.platform").unwrap().line, 32);
}

#[test]
fn the_merged_file_reads_as_the_same() {
    for environment in ["development", "production", "eu"] {
        let first = merged(environment);
        let text = first.to_toml_with_origins();
        let again = parse(&text, "merged").unwrap_or_else(|mistakes| panic!("{mistakes}\n{text}"));
        let mut again = again.merge(Some(environment)).unwrap().spec;
        assert_eq!(again.release.gates.take(), Some(first.spec.release.gates_in_force()));
        assert_eq!(again, first.spec);
    }
}

#[test]
fn environments_that_are_not_listed() {
    let file = file();
    assert_eq!(file.environments(), ["development", "eu"]);
    assert_eq!(file.merge(None).unwrap().spec.environment.name, "production");
    assert!(file.merge(Some("staging")).is_ok(), "staging always exists");
    let refused = file.merge(Some("development2")).unwrap_err().to_string();
    assert_snapshot!(refused, @r##"
    seaworthy.toml:22:2: environments: there is no environment "development2"
      help: did you mean `development`?
    "##);
    let plain = parse("app = \"a\"\nservices.web.source = \".\"", "f").unwrap();
    assert!(plain.merge(Some("development")).is_ok());
    assert!(
        plain.merge(Some("prodution")).is_err(),
        "a slip of the hand must not start a second copy"
    );
}

/// Who checks production learns of a mistake in staging too.
#[test]
fn every_overlay_is_checked() {
    let text = r#"
app = "shop"
services.web.source = "."

[environments.staging.set]
release.strategy = "canary"
release.steps = ["10% for 2h", "100%"]
services.web.prot = 1
environments.production.platform = "docker"

[environments.qa]
platfrom = "docker"
set.services.web.needs = ["db"]
unset = ["services.web.port", 3]

[environments.Bad]
set = 1
"#;
    assert_snapshot!(parse(text, "seaworthy.toml").unwrap_err(), @r##"
    seaworthy.toml:6:1: environments.staging.set.release.deadline: the release could never end in 1h: holds and bake take 121m
      help: write more than "121m"
    seaworthy.toml:8:14: environments.staging.set.services.web.prot: there is no such key
      help: did you mean `port`?
    seaworthy.toml:9:1: environments.staging.set.environments: an environment cannot change environments
      help: take it out of `set`
    seaworthy.toml:12:1: environments.qa.platfrom: there is no such key
      help: did you mean `platform`?
    seaworthy.toml:13:27: environments.qa.set.services.web.needs[0]: there is no service or database "db"
      help: known here: web
    seaworthy.toml:14:10: environments.qa.unset[0]: services.web.port is not set
      help: take it out of `unset`
    seaworthy.toml:14:31: environments.qa.unset[1]: this is not a key
      help: write it as a text: "release.approve"
    seaworthy.toml:16:15: environments.Bad: "Bad" is not a name
      help: use lower-case letters, digits and `-`, at most 40 characters, a letter first
    seaworthy.toml:17:7: environments.Bad.set: this is not a table
      help: write it as a table of changed keys
    "##);
}
