//! The command line as clap knows it. The words are promises; what they do stands in [`crate::commands`].

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

/// From 'it runs on my machine' to production, from one file.
#[derive(Debug, Parser)]
#[command(name = "seaworthy", version, propagate_version = true, max_term_width = 100, after_help = AFTER)]
pub(crate) struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub(crate) options: Options,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER: &str = "\
Exit codes: 0 done · 1 failed · 2 wrong usage or unreadable file · 3 findings · 4 rolled back
            5 aborted · 6 another release is under way · 7 daemon unreachable · 8 held for a person

Begin with `seaworthy demo`, or with `seaworthy init` in the directory of your code.";

/// What every command takes.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Options {
    /// Answer in JSON: one document, or one per line for streams
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub(crate) json: bool,
    /// The file; else seaworthy.toml here or above
    #[arg(short, long, global = true, value_name = "FILE", help_heading = "Everywhere")]
    pub(crate) file: Option<PathBuf>,
    /// The environment [default: production]
    #[arg(
        short = 'e',
        long = "env",
        global = true,
        value_name = "NAME",
        help_heading = "Everywhere"
    )]
    pub(crate) environment: Option<String>,
    /// The state directory; else /var/lib/seaworthy as root, ~/.local/state/seaworthy otherwise
    #[arg(long, global = true, value_name = "DIR", help_heading = "Everywhere")]
    pub(crate) state: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The tour: ships a built-in application under live traffic, then bad versions that are taken back
    Demo(Demo),
    /// Write a commented seaworthy.toml for the code found here
    Init(Init),
    /// Validate file, environment and machine
    Check(Check),
    /// Say what `up` would do, step by step, and what cannot be guaranteed
    Plan(Plan),
    /// Make it so: release the application and follow it to the end
    #[command(visible_alias = "deploy")]
    Up(Up),
    /// One honest picture of what runs
    Status(Status),
    /// What the instances wrote
    Logs(Logs),
    /// The history of releases
    Releases(Releases),
    /// One release in full
    Release(Release),
    /// Go back to the revision before, or to that of a release
    Rollback(Rollback),
    /// Let a release go on before a step that needs a person's word
    Approve(Steer),
    /// Do not wait for the end of the hold or bake
    Promote(Steer),
    /// Keep a release at its present weight; judging goes on
    Pause(Steer),
    /// Let a paused release go on
    Resume(Steer),
    /// Take back the release under way
    Abort(Abort),
    /// Answer the question of a held release
    Answer(Answer),
    /// Replace instances by new ones of the same revision
    Restart(Restart),
    /// Change how many instances a service has, until the next release
    Scale(Scale),
    /// Run a one-off command in a service's artifact and environment
    Run(Run),
    /// Stop the application, keeping its data
    Down(Down),
    /// Remove the application and its data
    Destroy(Destroy),
    /// What this machine gives, and what it lacks
    Doctor(Doctor),
    /// Values that must not stand in a file
    Secret(Secret),
    /// Print the JSON Schema of seaworthy.toml
    Schema(Schema),
    /// Print the completions of a shell
    Completions(Completions),
    /// Print the manual page
    Man(Man),
}

/// The tour: ships a built-in application under live traffic, then bad versions that are taken back.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Stop at the end and print the summary, instead of staying up until Ctrl-C
    #[arg(long)]
    pub(crate) once: bool,
    /// Requests per second, sent on schedule whatever the answers do
    #[arg(long, default_value_t = 200, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub(crate) rate: u32,
}

/// Write a commented seaworthy.toml for the code found here.
#[derive(Debug, Args)]
pub(crate) struct Init {}

/// Validate file, environment and machine.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Fail on warnings too
    #[arg(long)]
    pub(crate) strict: bool,
    /// Print the file as merged for the environment, with the origin of each value
    #[arg(long)]
    pub(crate) merged: bool,
}

/// Say what `up` would do, step by step, and what cannot be guaranteed.
#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// Fail on warnings too
    #[arg(long)]
    pub(crate) strict: bool,
}

/// What to do when another release is under way.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Queueing {
    /// Give up (exit code 6) when another release is under way, instead of waiting for it
    #[arg(long, conflicts_with = "supersede")]
    pub(crate) no_wait: bool,
    /// Abort the release under way first
    #[arg(long)]
    pub(crate) supersede: bool,
}

impl Queueing {
    /// The word the daemon knows it by.
    pub(crate) fn queue(self) -> seaworthy_api::Queue {
        match (self.no_wait, self.supersede) {
            (true, _) => seaworthy_api::Queue::NoWait,
            (_, true) => seaworthy_api::Queue::Supersede,
            _ => seaworthy_api::Queue::Wait,
        }
    }
}

/// Make it so: release the application and follow it to the end.
#[derive(Debug, Args)]
pub(crate) struct Up {
    /// Come back as soon as the daemon has taken the release over
    #[arg(long)]
    pub(crate) detach: bool,
    /// What to do when another release is under way.
    #[command(flatten)]
    pub(crate) queueing: Queueing,
    /// Consent to a gap where the release cannot avoid one
    #[arg(long)]
    pub(crate) allow_downtime: bool,
}

/// One honest picture of what runs.
#[derive(Debug, Args)]
pub(crate) struct Status {}

/// What the instances wrote.
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// Go on as new lines come
    #[arg(long)]
    pub(crate) follow: bool,
    /// Only lines of the last so long: 30s, 10m, 2h, 1d
    #[arg(long, value_name = "TIME", value_parser = crate::reporter::duration::parse)]
    pub(crate) since: Option<std::time::Duration>,
    /// Only this service
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,
    /// Only lines that match this regular expression
    #[arg(long, value_name = "REGEX")]
    pub(crate) grep: Option<String>,
    /// Only the last so many lines [default: 200 without --since]
    #[arg(long, value_name = "N")]
    pub(crate) last: Option<u32>,
}

/// The history of releases.
#[derive(Debug, Args)]
pub(crate) struct Releases {
    /// At most so many, newest first
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub(crate) last: usize,
}

/// One release in full.
#[derive(Debug, Args)]
pub(crate) struct Release {
    /// What about it.
    #[command(subcommand)]
    pub(crate) what: ReleaseWhat,
}

/// What about a release.
#[derive(Debug, Subcommand)]
pub(crate) enum ReleaseWhat {
    /// Its steps and gates with their times and values, and the reason of its outcome
    Show {
        /// The release, `r12`
        id: String,
        /// Follow it to its end
        #[arg(long)]
        follow: bool,
    },
    /// Its evidence: one JSON document, signed with the key of this installation
    Export {
        /// The release, `r12`
        id: String,
    },
    /// Whether evidence is as it was signed
    Verify {
        /// A file with evidence, or a release of this state, `r12`
        #[arg(value_name = "FILE|ID")]
        what: String,
        /// The public key of the installation that it must come from
        #[arg(long)]
        key: Option<String>,
    },
}

/// Go back to the revision before, or to that of a release.
#[derive(Debug, Args)]
pub(crate) struct Rollback {
    /// The release whose revision is wanted; else the one before the stable one
    pub(crate) id: Option<String>,
    /// Come back as soon as the daemon has taken the rollback over
    #[arg(long)]
    pub(crate) detach: bool,
    /// What to do when another release is under way.
    #[command(flatten)]
    pub(crate) queueing: Queueing,
}

/// Steer the release under way.
#[derive(Debug, Args)]
pub(crate) struct Steer {
    /// The release; else the one under way
    pub(crate) id: Option<String>,
}

/// Answer the question of a held release.
#[derive(Debug, Args)]
pub(crate) struct Answer {
    /// One of the answers that the release offers
    pub(crate) answer: String,
    /// The release; else the one under way
    #[arg(long)]
    pub(crate) id: Option<String>,
}

/// Take back the release under way.
#[derive(Debug, Args)]
pub(crate) struct Abort {
    /// The release; else the one under way
    pub(crate) id: Option<String>,
    /// Come back as soon as the daemon has taken the wish over
    #[arg(long)]
    pub(crate) detach: bool,
}

/// Replace instances by new ones of the same revision.
#[derive(Debug, Args)]
pub(crate) struct Restart {
    /// The service; else all of them
    pub(crate) service: Option<String>,
    /// Come back as soon as the daemon has taken it over
    #[arg(long)]
    pub(crate) detach: bool,
}

/// Change how many instances a service has, until the next release.
#[derive(Debug, Args)]
pub(crate) struct Scale {
    /// Service and number, `web=3`
    #[arg(value_name = "SERVICE=N", value_parser = service_and_number)]
    pub(crate) to: (String, u32),
    /// Come back as soon as the daemon has taken it over
    #[arg(long)]
    pub(crate) detach: bool,
}

/// Run a one-off command in a service's artifact and environment.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The service; needed when there are several
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(crate) command: Vec<String>,
}

/// Stop the application, keeping its data.
#[derive(Debug, Args)]
pub(crate) struct Down {
    /// Stop every application of this state, with its daemon and edge
    #[arg(long)]
    pub(crate) all: bool,
}

/// Remove the application and its data.
#[derive(Debug, Args)]
pub(crate) struct Destroy {
    /// Do not ask: the application's name, typed out
    #[arg(long, value_name = "NAME")]
    pub(crate) yes_destroy: Option<String>,
}

/// What this machine gives, and what it lacks.
#[derive(Debug, Args)]
pub(crate) struct Doctor {}

/// Values that must not stand in a file.
#[derive(Debug, Args)]
pub(crate) struct Secret {
    /// What to do with them.
    #[command(subcommand)]
    pub(crate) what: SecretWhat,
}

/// What to do with secrets.
#[derive(Debug, Subcommand)]
pub(crate) enum SecretWhat {
    /// Store a value, read from standard input or from a file
    Set {
        /// Its name
        name: String,
        /// Read the value from this file, byte for byte
        #[arg(long, value_name = "FILE")]
        from_file: Option<PathBuf>,
    },
    /// Names, versions and dates; never a value
    List,
    /// Store a random value that nobody has seen
    Generate {
        /// Its name
        name: String,
        /// How many characters
        #[arg(long, default_value_t = 40, value_name = "N", value_parser = clap::value_parser!(u32).range(16..=4096))]
        length: u32,
    },
}

/// Print the JSON Schema of seaworthy.toml.
#[derive(Debug, Args)]
pub(crate) struct Schema {}

/// Print the completions of a shell.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: Shell,
}

/// Print the manual page.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Write one page per command into this directory instead
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}

/// Reads `web=3`.
fn service_and_number(text: &str) -> Result<(String, u32), String> {
    let wrong = || format!("`{text}` is not a service and a number, as in `web=3`");
    let (service, number) = text.split_once('=').ok_or_else(wrong)?;
    let number = number.parse().map_err(|_| wrong())?;
    if service.is_empty() {
        Err(wrong())
    } else {
        Ok((service.to_owned(), number))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_one_off_command_keeps_its_own_options() {
        let cli = Cli::parse_from(["seaworthy", "run", "--service", "api", "--", "ls", "--json", "-e", "x"]);
        let Command::Run(run) = cli.command else {
            panic!("not run: {cli:?}")
        };
        assert_eq!(run.command, ["ls", "--json", "-e", "x"]);
        assert!(!cli.options.json);
        assert_eq!(cli.options.environment, None);
    }

    #[test]
    fn options_stand_before_or_after_the_command() {
        for words in [["seaworthy", "--json", "status"], ["seaworthy", "status", "--json"]] {
            assert!(Cli::parse_from(words).options.json, "{words:?}");
        }
    }

    #[test]
    fn deploy_is_up() {
        assert!(matches!(Cli::parse_from(["seaworthy", "deploy", "--detach"]).command, Command::Up(up) if up.detach));
    }

    #[test]
    fn waiting_and_not_waiting_exclude_each_other() {
        let error = Cli::try_parse_from(["seaworthy", "up", "--no-wait", "--supersede"]).unwrap_err();
        assert_eq!(error.kind(), clap::error::ErrorKind::ArgumentConflict);
    }

    #[test]
    fn scale_wants_service_and_number() {
        assert_eq!(service_and_number("web=3"), Ok(("web".to_owned(), 3)));
        for wrong in ["web", "=3", "web=", "web=-1", "web=many"] {
            assert!(service_and_number(wrong).is_err(), "{wrong}");
        }
    }

    /// The page is written by hand, so it is compared with the definition: no command or option may be missing in it.
    #[test]
    fn the_page_names_every_command_and_option() {
        let page = include_str!("../../../docs/cli.md");
        let mut missing = Vec::new();
        walk(&Cli::command(), "seaworthy", &mut |path, command| {
            if command.get_subcommands().next().is_none() && !page.contains(&format!("`{path}")) {
                missing.push(path.to_owned());
            }
            for option in command.get_arguments().filter_map(|argument| argument.get_long()) {
                if !page.contains(&format!("`--{option}")) {
                    missing.push(format!("{path} --{option}"));
                }
            }
        });
        assert!(missing.is_empty(), "docs/cli.md does not name {missing:?}");
    }

    fn walk(command: &clap::Command, path: &str, each: &mut dyn FnMut(&str, &clap::Command)) {
        each(path, command);
        for sub in command.get_subcommands() {
            walk(sub, &format!("{path} {}", sub.get_name()), each);
        }
    }
}
