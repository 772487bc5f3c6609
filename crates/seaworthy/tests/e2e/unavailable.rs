//! What the language knows and this version cannot do: said by `plan`, refused by `up`, never ignored.

use crate::harness::{Seaworthy, apps};

/// A part of the file and the word by which a person knows it again.
const PARTS: &[(&str, &str)] = &[
    (
        "[databases.db]\nengine = \"postgres\"\nversion = \"15\"\n",
        "databases.db",
    ),
    ("[volumes.uploads]\nmount = { web = \"/data\" }\n", "volumes.uploads"),
    (
        "[backups]\nto = [\"file:///var/backups/hello\"]\ndaily = \"02:00\"\n",
        "backups",
    ),
    ("[alerts]\nrules = [\"alerts/*.yaml\"]\n", "alerts"),
    (
        "[notify.ops]\nslack = { secret = \"slack\" }\nseverity = [\"P0\"]\n",
        "notify.ops",
    ),
    (
        "[databases.db]\nengine = \"redis\"\n[release]\nbefore = [\"backup db\"]\n",
        "release.before",
    ),
    ("[release]\ngates = [{ promql = 'sum(up)', is = \"== 0\" }]\n", "gates"),
    (
        "[services.nightly]\nsource = \"web\"\nbuild = \"\"\ncommand = [\"true\"]\nschedule = \"0 3 * * *\"\n",
        "schedule",
    ),
    (
        "[routes.site]\npath = \"/\"\nto = \"web\"\nlimit = \"100 / 15m per client\"\n",
        "limit",
    ),
    (
        "[routes.site]\npath = \"/\"\nto = \"web\"\ncors = { origins = [\"https://example.com\"] }\n",
        "cors",
    ),
    (
        "[services.egress]\nsource = \"web\"\nbuild = \"\"\ncommand = [\"true\"]\negress = [\"api.example.com:443\"]\n",
        "egress",
    ),
    (
        "[services.many]\nsource = \"web\"\nbuild = \"\"\ncommand = [\"true\"]\nreplicas = \"1..5\"\n",
        "replicas",
    ),
];

#[test]
fn each_is_named_by_plan_and_refused_by_up() {
    let ship = Seaworthy::new().web(&apps::says("hello")).file(apps::WEB);
    ship.run_with_input(
        ["secret", "set", "slack"],
        "https://hooks.slack.com/services/T0/B0/x8Jw2mQv71",
    )
    .succeeds();
    for (part, word) in PARTS {
        ship.rewrite(&format!("{}\n{part}", apps::WEB));
        let plan: seaworthy_api::Plan = ship.run(["plan", "--json"]).json();
        assert!(
            plan.not_available.iter().any(|said| said.contains(word)),
            "{word}: {:?}",
            plan.not_available
        );
        ship.run(["plan"]).says(word);
        let up = ship.up().says(word);
        assert!(matches!(up.code(), Some(1..=3)), "{up}");
        assert!(ship.try_get("/").is_err(), "nothing was started for {word}\n{up}");
    }
}

#[test]
fn another_platform_is_refused_by_name() {
    let ship = Seaworthy::new().web(&apps::says("hello"));
    let ship = ship.file(&format!(
        "{}\n[environments.production]\nplatform = \"docker\"\n",
        apps::WEB
    ));
    let up = ship.up().says("docker");
    assert!(matches!(up.code(), Some(1..=3)), "{up}");
}
