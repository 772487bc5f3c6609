//! Every check there is. docs/checks.md is generated from this list, and a test refuses one that has no example.

use std::fmt::Write as _;

use crate::finding::Severity;

/// A check: its stable word and what it looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// The stable word.
    pub id: &'static str,
    /// How bad it is in production and everything like it.
    pub production: Severity,
    /// How bad it is in an environment for development.
    pub development: Severity,
    /// What it says, one sentence.
    pub says: &'static str,
}

impl Check {
    /// How bad it is.
    pub fn severity(&self, development: bool) -> Severity {
        if development { self.development } else { self.production }
    }
}

macro_rules! checks {
    ($($name:ident = $id:literal, $production:ident / $development:ident, $says:literal;)*) => {
        $(
            #[doc = $says]
            pub const $name: Check = Check {
                id: $id,
                production: Severity::$production,
                development: Severity::$development,
                says: $says,
            };
        )*

        /// All checks, in the order of the documentation.
        pub const ALL: &[Check] = &[$($name),*];
    };
}

checks! {
    FACT_UNKNOWN = "fact.unknown", Note / Note, "Something could not be looked at, so nothing is known about it.";
    SOURCE_MISSING = "source.missing", Error / Error, "The source of a service is not a directory that can be read.";
    SOURCE_UNCLEAR = "source.unclear", Error / Error, "The file gives no command, and the source does not say how it is started.";
    PROGRAM_MISSING = "program.missing", Error / Error, "A program that builds or runs a service is not installed.";
    PROGRAM_FROM_BUILD = "program.from_build", Note / Note, "A command is not on the PATH now and is expected from the build.";
    PROGRAM_DENIED = "program.denied", Error / Error, "A program is installed where the instances do not find it or may not execute it.";
    LISTEN_INVALID = "listen.invalid", Error / Error, "A listening address cannot be understood or bound.";
    LISTEN_TAKEN = "listen.taken", Error / Error, "Another program listens on an address that the edge needs.";
    LISTEN_DENIED = "listen.denied", Error / Error, "This user may not bind a listening address that the file names.";
    LISTEN_FALLBACK = "listen.fallback", Note / Note, "Port 80 may not be bound, so 8080 is used.";
    DISK_LOW = "disk.low", Warning / Warning, "The file system of the state directory is nearly full.";
    DISK_FULL = "disk.full", Error / Error, "The file system of the state directory has no room for a release.";
    STATE_NOT_WRITABLE = "state.not_writable", Error / Error, "The state directory cannot be written or created.";
    STATE_UNREACHABLE = "state.unreachable", Error / Error, "The user of the instances cannot reach what is below the state directory.";
    KERNEL_FEATURE = "kernel.feature", Error / Error, "The kernel lacks something that Seaworthy needs.";
    ENV_MISSING = "env.missing", Error / Error, "A variable has constraints and no value in this environment.";
    ENV_TYPE = "env.type", Error / Error, "A value is not of the type that the file demands.";
    ENV_ONE_OF = "env.one_of", Error / Error, "A value is none of the allowed ones.";
    ENV_MATCHES = "env.matches", Error / Error, "A value does not match its regular expression.";
    ENV_TOO_SHORT = "env.too_short", Error / Error, "A value is shorter than `min_length`.";
    ENV_NOT_JUDGED = "env.not_judged", Note / Note, "A value comes from elsewhere, so its constraints cannot be judged beforehand.";
    SECRET_STORE = "secret.store", Error / Error, "The secret store cannot be decrypted or is damaged.";
    SECRET_MISSING = "secret.missing", Error / Error, "A secret that the file names is not in the store.";
    SECRET_PLACEHOLDER = "secret.placeholder", Error / Note, "The value of a secret is a placeholder that somebody meant to replace.";
    SECRET_WELL_KNOWN = "secret.well_known", Error / Note, "The value of a secret is a default or among the first that are guessed.";
    SECRET_WEAK = "secret.weak", Warning / Note, "The value of a secret can be found by trying.";
    SECRET_REUSED = "secret.reused", Warning / Note, "Two secrets, or two environments, have the same value.";
    SECRET_IN_FILE = "secret.in_file", Warning / Note, "A variable whose name speaks of a secret has its value in the file.";
    SECRET_TOKEN_IN_FILE = "secret.token_in_file", Error / Error, "A value in the file has the form of a real credential.";
    DANGER_NODE_ENV = "danger.node_env", Warning / Note, "`NODE_ENV` is not `production`.";
    DANGER_DEBUG = "danger.debug", Warning / Note, "Debugging is switched on.";
    DANGER_DEBUGGER = "danger.debugger", Error / Note, "A framework's debugger, which executes what a visitor sends, is switched on.";
    DANGER_LOG_LEVEL = "danger.log_level", Warning / Note, "The log level is one for development.";
    DANGER_LOCALHOST = "danger.localhost", Warning / Note, "A value points to this machine itself.";
    DANGER_TLS_OFF = "danger.tls_off", Warning / Note, "Host names are served without TLS.";
    DANGER_CORS_ANY = "danger.cors_any", Warning / Note, "Every web site may read the answers of a route.";
    DANGER_ONE_REPLICA = "danger.one_replica", Note / Note, "A service has one instance, so a crash is a gap until it is back.";
    DANGER_DRAIN_ZERO = "danger.drain_zero", Warning / Note, "Requests are cut off when an instance leaves.";
    DANGER_DEADLINE = "danger.deadline", Warning / Note, "A stuck release is taken back only after more than a day.";
    DANGER_NO_READY = "danger.no_ready", Note / Note, "A service that takes requests has no readiness path, so accepting a connection counts as ready.";
    FIT_MEMORY = "fit.memory", Error / Warning, "The instances of a release ask for more memory than the machine has.";
    FIT_MEMORY_LIMIT = "fit.memory_limit", Warning / Note, "At their limits the instances of a release need more memory than the machine has.";
    FIT_CPU = "fit.cpu", Warning / Note, "The instances of a release ask for more processors than the machine has.";
    FIT_PORTS = "fit.ports", Error / Error, "The instances of a release need more ports than the machine gives.";
    FIT_UNSTATED = "fit.unstated", Note / Note, "Services do not say what memory they need, so it is not known whether a release fits.";
}

/// The table of docs/checks.md.
pub fn markdown() -> String {
    let mut page = String::from(
        "# Checks\n\n\
         What `seaworthy check` looks for, and `up` before it changes anything. The first column is stable: scripts may rely on it.\n\
         An *error* stops `up`; a *warning* stops it with `--strict`; a *note* never does. Environments called `development` or `dev`\n\
         are judged by the last column, all others as production.\n\n\
         This page is generated from `crates/checks/src/catalogue.rs`.\n\n\
         | check | says | production | development |\n|---|---|---|---|\n",
    );
    for check in ALL {
        // Writing to a String cannot fail.
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            check.id, check.says, check.production, check.development
        );
    }
    page
}
