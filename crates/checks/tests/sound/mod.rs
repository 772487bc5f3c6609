//! A file and a machine on which nothing is wrong.
#![allow(clippy::unwrap_used, dead_code)]

use std::collections::BTreeMap;

use seaworthy_checks::Facts;
use seaworthy_checks::facts::*;
use seaworthy_checks::strength::assess;
use seaworthy_spec::Merged;

pub(crate) const FILE: &str = r#"app = "shop"

[services.api]
source = "api"
build = "npm ci"
command = ["node", "server.js"]
port = 3000
replicas = 2
cpu = "0.25"
memory = "256MiB..512MiB"
health = { ready = "/ready" }

[services.api.env]
NODE_ENV = "production"
LOG_LEVEL = "info"
JWT_SECRET = { secret = "jwt", min_length = 32 }

[edge]
hosts = []

[routes.site]
path = "/"
to = "api"

[release]
deadline = "1h"
"#;

pub(crate) fn merged(text: &str, environment: &str) -> Merged {
    let file = seaworthy_spec::parse(text, "seaworthy.toml").unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{text}"));
    file.merge(Some(environment)).unwrap()
}

pub(crate) fn free(address: &str) -> Listening {
    Listening {
        address: address.to_owned(),
        state: ListenState::Free,
        fallback: None,
    }
}

fn program(path: &str) -> Fact<Option<Program>> {
    Fact::Known(Some(Program {
        path: path.to_owned(),
        version: None,
        access: Access::Granted,
    }))
}

pub(crate) fn facts() -> Facts {
    let source = Source {
        path: "/src/api".to_owned(),
        kind: SourceKind::Directory,
        detected: Detected {
            installs_programs: true,
            ..Detected::default()
        },
    };
    let jwt = SecretFact {
        version: 1,
        digest: "d1".to_owned(),
        assessment: assess("kY7v2QnX4bRw9sTzLm3pkY9v2QnX4bRw"),
        violations: BTreeMap::new(),
    };
    Facts {
        sources: [("api".to_owned(), Fact::Known(source))].into(),
        build_programs: [("npm".to_owned(), program("/usr/bin/npm"))].into(),
        run_programs: [("api".to_owned(), [("node".to_owned(), program("/usr/bin/node"))].into())].into(),
        listeners: [("edge.http".to_owned(), Fact::Known(free("0.0.0.0:80")))].into(),
        disk: Fact::Known(Disk {
            path: "/var/lib/seaworthy".to_owned(),
            free_bytes: 50 << 30,
            total_bytes: 100 << 30,
            free_files: Some(1 << 20),
        }),
        state: Fact::Known(StateDir {
            path: "/var/lib/seaworthy".to_owned(),
            writable: Access::Granted,
            reachable: Access::Granted,
        }),
        machine: Fact::Known(Machine {
            memory_bytes: 8 << 30,
            cpu_millis: 4000,
        }),
        ports: Fact::Known(Ports {
            low: 20000,
            high: 29999,
        }),
        kernel: Fact::Known(Kernel {
            release: "6.1.0".to_owned(),
            missing: Vec::new(),
        }),
        secrets: Fact::Known(Secrets {
            broken: None,
            here: [("jwt".to_owned(), jwt)].into(),
            elsewhere: Vec::new(),
        }),
    }
}
