//! What a person sees who made mistakes: all of them, in one run, each with its place and what to do.
#![allow(clippy::unwrap_used)]

use insta::assert_snapshot;
use seaworthy_spec::{Mistakes, parse};

fn mistakes(text: &str) -> Mistakes {
    parse(text, "seaworthy.toml").unwrap_err()
}

#[test]
fn a_dozen_at_once() {
    assert_snapshot!(mistakes(
        r#"
app = "My Shop"
timezone = "Berlin time"
colour = "blue"

[services.api]
source = "api"
port = 70000
replcias = 2
needs = ["databse", "web"]
memory = "512MB"
cpu = "lots"
drain = 30
health = { ready = "ready", interval = "2 s", passes = 0 }
env = { LOG-LEVEL = "info", TOKEN = { secret = "not a name!", matches = "[a-" } }

[services.web]
source = "web"
image = "shop/web:1"
needs = ["api"]

[services.nightly]
source = "api"
schedule = "0 25 * * *"

[databases.database]
engine = "postgress"

[routes.site]
path = "site"
to = "wbe"

[release]
strategy = "canary"
steps = ["50% for 10m", "25% for 10m", "70% for 1h"]
gates = ["error_rate < 1", "p97 < 500ms", "p95 < 2%"]
deadline = "30m"

[environments.staging]
host = "staging.example.com"
set.services.api.replicas = "5..2"
unset = ["release.approve", "release.aprove"]
"#
    ), @r##"
    seaworthy.toml:2:7: app: "My Shop" is not an application name
      help: use lower-case letters, digits and `-`, at most 40 characters, a letter first
    seaworthy.toml:3:12: timezone: "Berlin time" is not a time zone
      help: write an IANA name, for example "UTC" or "Europe/Berlin"
    seaworthy.toml:4:1: colour: there is no such key
      help: known here: app, timezone, services, databases, volumes, edge, routes, release, alerts, notify, backups, environments
    seaworthy.toml:8:8: services.api.port: 70000 is not a port (1–65535)
      help: write a number from 1 to 65535
    seaworthy.toml:9:1: services.api.replcias: there is no such key
      help: did you mean `replicas`?
    seaworthy.toml:10:9: services.api.needs: api needs itself: api → web → api
      help: take one of these needs away; who calls whom at run time needs no order
    seaworthy.toml:10:10: services.api.needs[0]: there is no service or database "databse"
      help: did you mean `database`?
    seaworthy.toml:11:10: services.api.memory: "MB" is not a unit of size
      help: the units are B, KiB, MiB, GiB and TiB: "512MiB"
    seaworthy.toml:12:7: services.api.cpu: "lots" is not a number of cores
      help: write cores with at most three decimals, for example 0.25
    seaworthy.toml:13:9: services.api.drain: 30 is an integer, not a text (time)
      help: put it in quotes: "30s"
    seaworthy.toml:14:20: services.api.health.ready: "ready" is not a path
      help: a path starts with `/` and has no blanks, for example "/ready"
    seaworthy.toml:14:40: services.api.health.interval: " s" is not a unit of time
      help: the units are ms, s, m, h and d, for example "2s"
    seaworthy.toml:14:56: services.api.health.passes: 0 is out of range (1–100)
      help: write a number from 1 to 100
    seaworthy.toml:15:9: services.api.env.LOG-LEVEL: "LOG-LEVEL" is not an environment variable name
      help: use letters, digits and `_`, no digit first
    seaworthy.toml:15:48: services.api.env.TOKEN.secret: this is not a secret name
      help: write the secret's name, not its value: letters, digits, `.`, `_` and `-`
    seaworthy.toml:15:73: services.api.env.TOKEN.matches: this is not a regular expression: unclosed character class
      help: patterns follow https://docs.rs/regex; back-references and look-around are not part of them
    seaworthy.toml:19:9: services.web.image: source and image exclude each other
      help: keep one; an overlay takes another away with unset = ["services.web.source"]
    seaworthy.toml:24:12: services.nightly.schedule: "25" does not fit the hour (0–23)
      help: write minute, hour, day, month and weekday, for example "0 3 * * *" for every night at three
    seaworthy.toml:27:10: databases.database.engine: "postgress" is none of postgres, redis, sqlite, external
      help: did you mean `postgres`?
    seaworthy.toml:30:8: routes.site.path: "site" is not a path
      help: a path starts with `/` and has no blanks, for example "/ready"
    seaworthy.toml:31:6: routes.site.to: there is no service "wbe"
      help: did you mean `web`?
    seaworthy.toml:35:9: release.steps: the last step is not 100%: the release would never end
      help: add "100%" at the end
    seaworthy.toml:35:25: release.steps[1]: 25% does not follow 50%: steps ascend
      help: order the steps by their weight
    seaworthy.toml:36:10: release.gates[0]: error_rate is a share, and a share is written in percent
      help: write for example "error_rate < 1%"
    seaworthy.toml:36:28: release.gates[1]: "p97" is not measured by the edge
      help: did you mean `p90`?
    seaworthy.toml:36:43: release.gates[2]: p95 is a time, not a share
      help: write for example "p95 < 500ms"
    seaworthy.toml:37:12: release.deadline: the release could never end in 30m: holds and bake take 81m
      help: write more than "81m"
    seaworthy.toml:40:8: environments.staging.host: this is not a remote machine
      help: write for example "ssh://deploy@server"
    seaworthy.toml:41:29: environments.staging.set.services.api.replicas: "5..2" ends below its beginning
      help: write "2..5"
    seaworthy.toml:42:10: environments.staging.unset[0]: release.approve is not set
      help: take it out of `unset`
    seaworthy.toml:42:29: environments.staging.unset[1]: there is no key `release.aprove`
      help: did you mean `approve`?
    "##);
}

#[test]
fn broken_toml_does_not_hide_the_rest() {
    assert_snapshot!(mistakes(
        r#"
app = "shop
timezone = "UTC"

[services.api
source = "api"
port = 70000

[services.web]
source = "web"
source = "other"
port = true

[edge
hosts = []

[release]
sample = 0
bake =
tick = "1x"
"#
    ), @r##"
    seaworthy.toml:2:12: this is not TOML: invalid basic string, expected `"`
      help: texts stand in quotes: name = "value"
    seaworthy.toml:5:14: this is not TOML: unclosed table, expected `]`
      help: a table begins with [name] on a line of its own; what follows is read once it does
    seaworthy.toml:11:1: this is not TOML: duplicate key
      help: keep one of the two
    seaworthy.toml:12:8: services.web.port: true is a boolean, not an integer
      help: for example 8080
    seaworthy.toml:14:6: this is not TOML: unclosed table, expected `]`
      help: a table begins with [name] on a line of its own; what follows is read once it does
    seaworthy.toml:18:10: release.sample: 0 is out of range (1–1000000000)
      help: write a number from 1 to 1000000000
    seaworthy.toml:19:7: there is no value after `=`
      help: write the value, or take the line away
    seaworthy.toml:20:8: release.tick: "x" is not a unit of time
      help: the units are ms, s, m, h and d, for example "1s"
    "##);
}
