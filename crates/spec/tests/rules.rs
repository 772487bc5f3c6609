//! One small file for each rule that looks at more than one value.
#![allow(clippy::unwrap_used)]

use seaworthy_spec::parse;

const BASE: &str = "app = \"shop\"\nservices.web.source = \".\"\n";

/// All mistakes of the base with these lines, as `id key: cause`.
fn told(lines: &str) -> Vec<String> {
    match parse(&format!("{BASE}{lines}"), "f") {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes
            .iter()
            .map(|m| format!("{} {}: {}", m.id, m.key, m.cause))
            .collect(),
    }
}

#[track_caller]
fn refused(lines: &str, id: &str, key: &str, part: &str) {
    let told = told(lines);
    let found = told
        .iter()
        .any(|line| line.starts_with(&format!("{id} {key}: ")) && line.contains(part));
    assert!(found && told.len() == 1, "{lines}\n{told:#?}");
}

#[track_caller]
fn fine(lines: &str) {
    assert_eq!(told(lines), Vec::<String>::new(), "{lines}");
}

#[test]
fn needs() {
    fine("services.web.needs = [\"db\"]\ndatabases.db.engine = \"postgres\"");
    refused(
        "services.web.needs = [\"dv\"]\ndatabases.db.engine = \"redis\"",
        "spec.unknown_name",
        "services.web.needs[0]",
        "\"dv\"",
    );
    refused(
        "services.web.needs = [\"web\"]",
        "spec.circular_needs",
        "services.web.needs",
        "web needs itself",
    );
    refused(
        "services.web.needs = [\"c\"]\nservices.a = { source = \".\", needs = [\"web\"] }\nservices.c = { source = \".\", needs = [\"a\"] }",
        "spec.circular_needs",
        "services.a.needs",
        "a → web → c → a",
    );
    refused(
        "services.web.needs = [\"job\"]\nservices.job = { source = \".\", schedule = \"0 3 * * *\" }",
        "spec.needs_job",
        "services.web.needs[0]",
        "never ready",
    );
    refused(
        "databases.web.engine = \"redis\"",
        "spec.same_name",
        "databases.web",
        "(f:2:10)",
    );
}

/// Two circles and something that hangs on one of them: two mistakes.
#[test]
fn each_circle_is_told_once() {
    let service = |name: &str, needs: &str| format!("services.{name} = {{ source = \".\", needs = [\"{needs}\"] }}\n");
    let lines = [("a", "b"), ("b", "a"), ("c", "d"), ("d", "c"), ("e", "c")]
        .map(|(name, needs)| service(name, needs))
        .concat();
    let told = told(&lines);
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(
        told[0].contains("a → b → a") && told[1].contains("c → d → c"),
        "{told:#?}"
    );
}

#[test]
fn where_a_service_comes_from() {
    refused(
        "services.api.port = 1",
        "spec.no_source",
        "services.api",
        "none of source, image and external",
    );
    refused(
        "services.web.image = \"a:1\"",
        "spec.two_sources",
        "services.web.image",
        "source and image exclude each other",
    );
    refused(
        "services.api = { image = \"a:1\", build = \"make\" }",
        "spec.no_effect",
        "services.api.build",
        "not built",
    );
    fine("services.legacy.external = \"http://127.0.0.1:9000\"");
    fine(
        "services.legacy = { external = [\"http://a:1\", \"https://b\"], health.ready = \"/\", metrics = \"/metrics\" }",
    );
    refused(
        "services.legacy = { external = \"http://a:1\", command = \"run\" }",
        "spec.no_effect",
        "services.legacy.command",
        "runs elsewhere",
    );
    refused(
        "services.legacy.external = []",
        "spec.empty",
        "services.legacy.external",
        "no address",
    );
    assert!(
        parse("app = \"shop\"", "f")
            .unwrap_err()
            .to_string()
            .contains("nothing would run")
    );
}

/// A password in an address is refused without being repeated.
#[test]
fn what_may_be_confidential_is_not_repeated() {
    for lines in [
        "services.legacy.external = \"http://user:hunter2@host\"",
        "services.web.env.TOKEN = { secret = \"hunter2 !\" }",
        "services.web.env.TOKEN = { value = \"hunter2\", one_of = [\"a\"] }",
        "notify.ops = { slack = { secret = [\"hunter2\"] } }",
        "environments.production.registry = \"https://u:hunter2@ghcr.io\"",
        "backups.to = [\"s3://key:hunter2@bucket\"]",
    ] {
        let mistakes = parse(&format!("{BASE}{lines}"), "f").unwrap_err();
        assert!(!mistakes.to_string().contains("hunter2"), "{mistakes}");
    }
}

#[test]
fn jobs() {
    fine("services.job = { source = \".\", schedule = \"0 3 * * *\" }");
    let job = |more: &str| format!("services.job = {{ source = \".\", schedule = \"0 3 * * *\", {more} }}");
    refused(&job("port = 1"), "spec.not_for_jobs", "services.job.port", "no port");
    refused(
        &job("replicas = 2"),
        "spec.not_for_jobs",
        "services.job.replicas",
        "twice at once",
    );
    refused(
        &format!("{}\nroutes.job.to = \"job\"", job("")).replace(", }", " }"),
        "spec.not_for_jobs",
        "routes.job.to",
        "job is a job",
    );
}

#[test]
fn autoscaling_needs_a_range() {
    fine("services.web.replicas = \"2..4\"\nservices.web.autoscale.cpu = \"70%\"");
    refused(
        "services.web.autoscale.cpu = \"70%\"",
        "spec.autoscale_without_range",
        "services.web.autoscale",
        "replicas is 1",
    );
    fine(
        "services.web.replicas = \"2..4\"\nservices.web.autoscale.cpu = \"70%\"\nenvironments.staging.set.services.web.replicas = 1",
    );
}

#[test]
fn routes() {
    fine("routes.a = { to = \"web\", path = \"/a\" }\nroutes.b = { to = \"web\", path = \"/b\" }");
    fine("routes.a = { to = \"web\", hosts = [\"a.example\"] }\nroutes.b = { to = \"web\", hosts = [\"b.example\"] }");
    refused("routes.a.to = \"wbe\"", "spec.unknown_name", "routes.a.to", "\"wbe\"");
    refused(
        "routes.b = { to = \"web\", path = \"/x/\" }\nroutes.a = { to = \"web\", path = \"/x\" }",
        "spec.duplicate_route",
        "routes.a.path",
        "routes.b has /x of any host too (f:3:33)",
    );
    refused(
        "edge.hosts = [\"A.example\"]\nroutes.a.to = \"web\"\nroutes.b = { to = \"web\", hosts = [\"b.example\", \"a.example\"] }",
        "spec.duplicate_route",
        "routes.b.path",
        "routes.a has / of a.example too",
    );
    refused(
        "routes.a = { to = \"web\", burst = 5 }",
        "spec.no_effect",
        "routes.a.burst",
        "no limit",
    );
    refused(
        "routes.a = { to = \"web\", path = \"a\" }",
        "spec.bad_text",
        "routes.a.path",
        "\"a\" is not a path",
    );
    refused(
        "edge.hosts = [\"https://a.example\"]",
        "spec.bad_text",
        "edge.hosts[0]",
        "is not a host name",
    );
    refused(
        "edge.tls = \"acme\"",
        "spec.acme_without_hosts",
        "edge.tls",
        "host name",
    );
    refused(
        "edge = { http = \":80\", https = \":80\" }",
        "spec.same_address",
        "edge.https",
        "f:3:17",
    );
}

#[test]
fn canary() {
    let canary = |steps: &str| format!("release = {{ strategy = \"canary\", deadline = \"7d\", steps = {steps} }}");
    fine(&canary("[\"10% for 1m\", \"100%\"]"));
    fine("release.strategy = \"canary\"");
    refused(
        &canary("[\"10% for 1m\"]"),
        "spec.steps_without_end",
        "release.steps",
        "never end",
    );
    refused(&canary("[]"), "spec.steps_without_end", "release.steps", "never end");
    refused(
        &canary("[\"10% for 1m\", \"10% for 1m\", \"100%\"]"),
        "spec.steps_not_ascending",
        "release.steps[1]",
        "10% does not follow 10%",
    );
    refused(
        &canary("[\"10%\", \"100%\"]"),
        "spec.step_without_hold",
        "release.steps[0]",
        "not held",
    );
    refused(
        "release.steps = [\"10% for 1m\", \"100%\"]",
        "spec.steps_without_canary",
        "release.steps",
        "rolling",
    );
    refused(
        "release.approve = \"before 50%\"",
        "spec.unknown_step",
        "release.approve",
        "no steps",
    );
    refused(
        "release = { strategy = \"canary\", approve = \"before 40%\" }",
        "spec.unknown_step",
        "release.approve",
        "40%",
    );
    let steps = parse(&format!("{BASE}release.strategy = \"canary\""), "f")
        .unwrap()
        .merge(None)
        .unwrap();
    assert_eq!(steps.spec.release.steps.len(), 4);
    assert!(steps.defaults().contains(&(
        "release.steps".into(),
        "[\"10% for 10m\", \"25% for 10m\", \"50% for 10m\", \"100%\"]".into()
    )));
}

#[test]
fn releases_that_cannot_work() {
    refused(
        "release.max_surge = 0",
        "spec.cannot_roll",
        "release.max_surge",
        "no instance may be added",
    );
    fine("release = { max_surge = 0, max_unavailable = 1 }");
    refused(
        "release.bake = \"2h\"",
        "spec.deadline_too_short",
        "release.deadline",
        "bake takes 2h",
    );
    refused(
        "release = { strategy = \"canary\", steps = [\"5% for 50m\", \"100% for 9m\"], bake = \"2m\" }",
        "spec.deadline_too_short",
        "release.deadline",
        "holds and bake take 61m",
    );
    let breaking = "services.web.migrate = { run = \"m\", old_code = \"breaks\" }\n";
    fine(breaking);
    for strategy in ["canary", "blue-green"] {
        let lines = format!("{breaking}release.strategy = \"{strategy}\"");
        refused(
            &lines,
            "spec.breaking_migration",
            "services.web.migrate.old_code",
            strategy,
        );
    }
}

/// What a rule goes by is wrong already: told once, not guessed on.
#[test]
fn one_wrong_line_is_one_mistake() {
    refused(
        "release = { bake = \"2h\", deadline = \"soon\" }",
        "spec.bad_unit",
        "release.deadline",
        "not a time",
    );
    refused(
        "services.api.source = 3\nroutes.a.to = \"api\"",
        "spec.wrong_type",
        "services.api.source",
        "3 is an integer",
    );
    refused(
        "services.api = 3\nroutes.a.to = \"api\"",
        "spec.wrong_type",
        "services.api",
        "not a table",
    );
    refused(
        "services.api.souce = \"a\"",
        "spec.unknown_key",
        "services.api.souce",
        "no such key",
    );
}

#[test]
fn gates() {
    fine(
        "release.gates = [\"p95 <= 1.2 * stable.p95\", \"error_rate < stable.error_rate\", { is = \"p50 < 1s\", no_data = \"fail\" }]",
    );
    refused(
        "release.gates = [{ is = \"== 0\" }]",
        "spec.gate_without_query",
        "release.gates[0].is",
        "no query",
    );
    refused(
        "release.gates = [{ promql = \"up\", is = \"p95 < 1s\" }]",
        "spec.bad_unit",
        "release.gates[0].is",
        "comparison",
    );
    refused(
        "release.gates = [\"error_rate < 2 * stable.p95\"]",
        "spec.bad_unit",
        "release.gates[0]",
        "not of one kind",
    );
    refused(
        "release.gates = [\"p95 ~ 3\"]",
        "spec.bad_unit",
        "release.gates[0]",
        "not a gate",
    );
}

#[test]
fn variables() {
    refused(
        "services.web.env.PORT = 80",
        "spec.reserved_variable",
        "services.web.env.PORT",
        "given to every instance",
    );
    refused(
        "services.web.env.A = { value = \"x\", one_of = [\"y\", \"z\"] }",
        "spec.not_one_of",
        "services.web.env.A.value",
        "\"y\" and \"z\"",
    );
    refused(
        "services.web.env.A = { value = \"x\", secret = \"y\" }",
        "spec.two_values",
        "services.web.env.A",
        "more than one",
    );
    refused(
        "services.web.env.A = { from = \"services.api.url\" }",
        "spec.unknown_name",
        "services.web.env.A.from",
        "services.api",
    );
    fine("services.web.env.A = { from = \"services.web.url\" }\nservices.web.env.B = { type = \"port\" }");
}

#[test]
fn storage() {
    fine("databases.db = { engine = \"external\", url = { secret = \"db\" } }");
    refused(
        "databases.db.engine = \"external\"",
        "spec.missing_key",
        "databases.db.engine",
        "url",
    );
    refused(
        "databases.db = { engine = \"redis\", url = \"redis://x\" }",
        "spec.no_effect",
        "databases.db.url",
        "redis",
    );
    refused(
        "volumes.v.mount.wbe = \"/data\"",
        "spec.unknown_name",
        "volumes.v.mount.wbe",
        "\"wbe\"",
    );
    refused(
        "volumes.v.mount.web = \"data\"",
        "spec.bad_text",
        "volumes.v.mount.web",
        "absolute path",
    );
    refused(
        "volumes.a.mount.web = \"/d\"\nvolumes.b.mount.web = \"/d/\"",
        "spec.same_mount",
        "volumes.b.mount.web",
        "volumes.a.mount.web",
    );
    refused(
        "release.before = [\"backup db\"]",
        "spec.unknown_name",
        "release.before[0]",
        "\"db\"",
    );
    refused(
        "edge.tls = { certificate = \"c\", key = \"k\" }",
        "spec.not_a_secret",
        "edge.tls",
        "must be a secret",
    );
}

#[test]
fn environments() {
    refused(
        "environments.production.kubernetes.context = \"c\"",
        "spec.no_effect",
        "environments.production.kubernetes",
        "host",
    );
    fine("environments.production = { platform = \"kubernetes\", kubernetes.context = \"c\" }");
}
