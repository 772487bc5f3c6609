//! What this version does not act on is named, with its place; what it does act on is not.
#![allow(clippy::unwrap_used)]

mod sound;

use seaworthy_checks::available::{not_available, not_guaranteed};
use sound::{FILE, merged};

fn keys(text: &str, environment: &str) -> Vec<(String, String)> {
    let merged = merged(text, environment);
    let found = not_available(&merged.spec, &merged);
    for it in &found {
        assert!(
            it.place
                .as_deref()
                .is_some_and(|place| place.starts_with("seaworthy.toml:")),
            "{it:?}"
        );
    }
    found.into_iter().map(|it| (it.key, it.what)).collect()
}

#[test]
fn what_is_available_is_not_named() {
    assert_eq!(keys(FILE, "production"), []);
    let everything = r#"
        app = "shop"
        [services.db]
        external = ["http://127.0.0.1:9000"]
        [services.web]
        source = "web"
        build = "make"
        command = "exec ./web"
        port = 80
        needs = ["db"]
        replicas = 3
        cpu = "0.5..1"
        memory = "1GiB"
        health = { live = "/live", ready = "/ready", interval = "1s", timeout = "1s", passes = 1, fails = 1, start = "5s" }
        drain = "5s"
        stop = "5s"
        migrate = { run = "./migrate", old_code = "works" }
        overlap = true
        [services.web.env]
        A = { value = "1", type = "integer", one_of = ["1"], matches = "1", min_length = 1 }
        B = { secret = "b" }
        C = { from = "services.db.url" }
        [edge]
        hosts = ["a.example.com"]
        http = ":8080"
        tls = "off"
        [routes.a]
        hosts = ["b.example.com"]
        path = "/a"
        to = "web"
        [release]
        strategy = "rolling"
        max_surge = 2
        max_unavailable = 1
        bake = "5s"
        deadline = "1h"
        downtime = "allow"
        [alerts]
        defaults = false
        [environments.production]
        platform = "host"
    "#;
    assert_eq!(keys(everything, "production"), []);
}

#[test]
fn what_is_not_available_is_named() {
    for (from, to, expected) in [
        (
            "app = \"shop\"",
            "app = \"shop\"\ntimezone = \"Europe/Berlin\"",
            "timezone",
        ),
        ("replicas = 2", "replicas = \"2..4\"", "services.api.replicas"),
        ("replicas = 2", "metrics = \"/metrics\"", "services.api.metrics"),
        (
            "replicas = 2",
            "egress = [\"a.example.com:443\"]",
            "services.api.egress",
        ),
        ("replicas = 2", "egress = []", "services.api.egress"),
        (
            "[edge]",
            "[databases.db]\nengine = \"postgres\"\n[edge]",
            "databases.db",
        ),
        (
            "[edge]",
            "[volumes.up]\nmount = { api = \"/up\" }\n[edge]",
            "volumes.up",
        ),
        (
            "[edge]",
            "[services.job]\nsource = \"api\"\ncommand = \"x\"\nschedule = \"0 3 * * *\"\n[edge]",
            "services.job.schedule",
        ),
        (
            "hosts = []",
            "https = \":443\"\ntls = \"self-signed\"",
            "edge.https edge.tls",
        ),
        ("hosts = []", "tls = \"self-signed\"", "edge.tls"),
        ("hosts = []", "admin = [\"10.0.0.0/8\"]", "edge.admin"),
        (
            "to = \"api\"",
            "to = \"api\"\ncache = { static = \"/assets\", for = \"1d\" }",
            "routes.site.cache",
        ),
        (
            "to = \"api\"",
            "to = \"api\"\nlimit = \"100 / 15m per client\"",
            "routes.site.limit",
        ),
        (
            "to = \"api\"",
            "to = \"api\"\nlimit = \"100 / 15m per client\"\nburst = 20",
            "routes.site.limit routes.site.burst",
        ),
        ("to = \"api\"", "to = \"api\"\nbody = \"10MiB\"", "routes.site.body"),
        (
            "to = \"api\"",
            "to = \"api\"\ncors = { origins = [\"https://a.example.com\"] }",
            "routes.site.cors",
        ),
        (
            "to = \"api\"",
            "to = \"api\"\ntenant = { header = \"x-tenant\" }",
            "routes.site.tenant",
        ),
        (
            "deadline = \"1h\"",
            "before = [\"backup db\"]\n[databases.db]\nengine = \"postgres\"",
            "databases.db release.before",
        ),
        (
            "deadline = \"1h\"",
            "gates = [{ promql = 'sum(up)', is = \"== 0\" }]",
            "release.gates",
        ),
        ("deadline = \"1h\"", "[alerts]\ndefaults = true", "alerts.defaults"),
        ("deadline = \"1h\"", "[alerts]\nrules = [\"a.yaml\"]", "alerts.rules"),
        (
            "deadline = \"1h\"",
            "[notify.ops]\nslack = { secret = \"s\" }",
            "notify.ops",
        ),
        ("deadline = \"1h\"", "[backups]\nto = [\"file:///b\"]", "backups"),
        (
            "deadline = \"1h\"",
            "[environments.production]\nhost = \"ssh://a@b\"",
            "environments.production.host",
        ),
        (
            "deadline = \"1h\"",
            "[environments.production]\nplatform = \"docker\"",
            "environments.production.platform",
        ),
        (
            "deadline = \"1h\"",
            "[environments.production]\nplatform = \"docker\"\nregistry = \"ghcr.io/a\"",
            "environments.production.platform environments.production.registry",
        ),
        (
            "deadline = \"1h\"",
            "[environments.production]\nplatform = \"kubernetes\"\nkubernetes = { context = \"c\" }",
            "environments.production.platform environments.production.kubernetes",
        ),
    ] {
        assert!(FILE.contains(from), "{from}");
        let found = keys(&FILE.replacen(from, to, 1), "production");
        let found: Vec<_> = found.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(found.join(" "), expected, "{to}");
    }
}

/// What only another environment asks for does not stand in the way of this one.
#[test]
fn an_overlay_counts_for_its_own_environment() {
    let text = FILE.replace(
        "deadline = \"1h\"",
        "[environments.staging]\nplatform = \"docker\"\n[environments.staging.set]\nedge.tls = \"self-signed\"",
    );
    assert_eq!(keys(&text, "production"), []);
    let staging: Vec<_> = keys(&text, "staging").into_iter().map(|(_, what)| what).collect();
    assert_eq!(staging, ["TLS", "Docker"]);
}

#[test]
fn what_is_not_guaranteed_is_said_where_it_matters() {
    let said = |text: &str| not_guaranteed(&merged(text, "production").spec).join("\n");
    let all = said(FILE);
    for words in [
        "limits are not enforced",
        "no new privileges",
        "daemon's own user",
        "no TLS",
        "error_rate",
    ] {
        assert!(all.contains(words), "{words}: {all}");
    }
    assert!(!all.contains("migration"), "{all}");
    let bare = said(&FILE.replace("cpu = \"0.25\"\nmemory = \"256MiB..512MiB\"", "migrate = \"x\""));
    assert!(
        !bare.contains("limits are not enforced") && bare.contains("migration"),
        "{bare}"
    );
    let elsewhere = said("app = \"a\"\n[services.a]\nexternal = \"http://127.0.0.1:9000\"\n");
    assert_eq!(elsewhere, "The edge speaks HTTP only: no TLS.");
}
