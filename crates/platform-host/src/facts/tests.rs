//! With real directories, sockets and programs.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use seaworthy_checks::facts::{Access, ListenState, Program, SecretFact, Secrets, SourceKind};
use seaworthy_checks::strength::Flaw;
use seaworthy_platform::{Scope, Secret, Timestamp};
use seaworthy_spec::Merged;
use seaworthy_store::secrets::{Recipe, SecretStore};
use tempfile::TempDir;

use super::*;

/// A directory with a file, sources, a state directory and a search path of its own.
struct Place {
    dir: TempDir,
    merged: Merged,
}

impl Place {
    fn new(text: &str) -> Self {
        // Everybody may pass /tmp, wherever TMPDIR points; the directory itself is closed to others at first.
        let dir = tempfile::tempdir_in("/tmp").unwrap();
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        for name in ["state", "bin"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        let file = seaworthy_spec::parse(text, "seaworthy.toml").unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        let merged = file.merge(None).unwrap();
        Self { dir, merged }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    fn gather(&self) -> Facts {
        self.gather_with(false)
    }

    fn gather_with(&self, versions: bool) -> Facts {
        gather(&Request {
            spec: &self.merged.spec,
            root: self.dir.path(),
            state: &self.path("state"),
            search: &[self.path("bin")],
            versions,
        })
    }

    fn findings(&self) -> BTreeMap<&'static str, String> {
        let findings = seaworthy_checks::run(&self.merged.spec, &self.gather(), &self.merged);
        findings
            .into_iter()
            .map(|finding| (finding.id, finding.reason))
            .collect()
    }
}

fn file(service: &str) -> String {
    format!("app = \"shop\"\n[edge]\nhttp = \"127.0.0.1:1\"\n[services.api]\nsource = \"api\"\n{service}\n")
}

fn known<T>(fact: &Fact<T>) -> &T {
    match fact {
        Fact::Known(value) => value,
        Fact::Unknown(why) => panic!("{why}"),
    }
}

#[test]
fn sources_are_told_apart() {
    let place = Place::new(&file("command = [\"x\"]\nbuild = \"\""));
    let kind = || known(&place.gather().sources["api"]).kind;
    assert_eq!(kind(), SourceKind::Missing);
    place.write("api", "", 0o644);
    assert_eq!(kind(), SourceKind::NotADirectory);
    fs::remove_file(place.path("api")).unwrap();
    fs::create_dir(place.path("api")).unwrap();
    assert_eq!(kind(), SourceKind::Directory);
}

#[test]
fn what_a_source_says_decides_which_programs_are_looked_for() {
    let place = Place::new(&file(""));
    place.write(
        "api/package.json",
        r#"{"scripts":{"start":"node server.js"},"dependencies":{"x":"1"}}"#,
        0o644,
    );
    place.write("api/package-lock.json", "{}", 0o644);
    place.write("api/server.js", "", 0o644);
    let facts = place.gather();
    assert_eq!(known(&facts.build_programs["npm"]), &None);
    assert!(place.findings().contains_key("program.missing"));

    let npm = place.write("bin/npm", "#!/bin/sh\n", 0o755);
    let facts = place.gather();
    let found = known(&facts.build_programs["npm"]).as_ref().unwrap();
    let expected = Program {
        path: npm.display().to_string(),
        version: None,
        access: Access::Granted,
    };
    assert_eq!(found, &expected);
}

#[test]
fn a_source_that_does_not_say_how_it_starts_is_found() {
    let place = Place::new(&file(""));
    place.write("api/notes.txt", "", 0o644);
    assert!(
        place.findings().contains_key("source.unclear"),
        "{:?}",
        place.findings()
    );

    // What can be built and not started says so with the reason of the detection.
    place.write("api/requirements.txt", "requests\n", 0o644);
    let found = &place.findings()["source.unclear"];
    assert!(found.contains("requirements.txt"), "{found}");
}

#[test]
fn programs_that_only_the_daemon_finds_are_out_of_the_instances_reach() {
    let place = Place::new(&file("build = \"tool x\"\ncommand = [\"tool\"]"));
    fs::create_dir(place.path("api")).unwrap();
    place.write("bin/tool", "#!/bin/sh\n", 0o755);
    let facts = place.gather();
    assert!(known(&facts.build_programs["tool"]).is_some());
    let found = known(&facts.run_programs["api"]["tool"]).clone().unwrap();
    let Access::Denied { at, why } = found.access else {
        panic!("{found:?}")
    };
    assert_eq!(at, place.path("bin").display().to_string());
    assert!(why.contains("search path of instances"), "{why}");
}

#[test]
fn a_search_path_in_the_file_counts_for_its_service() {
    let place = Place::new(&file(
        "build = \"\"\ncommand = [\"tool\"]\n[services.api.env]\nPATH = \"/nowhere:BIN\"",
    ));
    fs::create_dir(place.path("api")).unwrap();
    let mut spec = place.merged.spec.clone();
    let path = spec.services.get_mut("api").unwrap().env.get_mut("PATH").unwrap();
    let bin = place.path("bin").display().to_string();
    path.source = seaworthy_spec::EnvSource::Value(format!("/nowhere:{bin}"));
    place.write("bin/tool", "#!/bin/sh\n", 0o755);
    let state = place.path("state");
    let request = Request {
        spec: &spec,
        root: place.dir.path(),
        state: &state,
        search: &[],
        versions: false,
    };
    let found = known(&gather(&request).run_programs["api"]["tool"]).clone().unwrap();
    assert_eq!(found.path, format!("{bin}/tool"));
    assert_eq!(found.access, Access::Granted);
}

#[test]
fn files_that_nobody_may_execute_are_no_programs() {
    let place = Place::new(&file("build = \"tool\"\ncommand = [\"./x\"]"));
    fs::create_dir(place.path("api")).unwrap();
    place.write("bin/tool", "", 0o644);
    fs::create_dir(place.path("bin/sub")).unwrap();
    let facts = place.gather();
    assert_eq!(known(&facts.build_programs["tool"]), &None);
    assert!(facts.run_programs.is_empty(), "a relative path lies in the artifact");
}

/// The way to a program leads through each directory above it, and behind links through those of what is linked to.
#[test]
fn each_directory_on_the_way_must_let_others_pass() {
    let place = Place::new(&file("build = \"\"\ncommand = [\"x\"]"));
    let program = place.write("closed/deep/tool", "#!/bin/sh\n", 0o755);
    let link = place.path("bin/tool");
    std::os::unix::fs::symlink(&program, &link).unwrap();
    let other = User::Other(40000);
    assert_eq!(other.may_execute(&link), Access::Granted);

    fs::set_permissions(place.path("closed"), Permissions::from_mode(0o750)).unwrap();
    for path in [&program, &link] {
        let Access::Denied { at, why } = other.may_execute(path) else {
            panic!("{}", path.display())
        };
        assert_eq!(
            at,
            fs::canonicalize(place.path("closed")).unwrap().display().to_string()
        );
        assert!(why.contains("uid 40000") && why.contains("0750"), "{why}");
    }
    fs::set_permissions(place.path("closed"), Permissions::from_mode(0o751)).unwrap();
    assert_eq!(other.may_execute(&link), Access::Granted);
    fs::set_permissions(&program, Permissions::from_mode(0o750)).unwrap();
    assert!(matches!(other.may_execute(&link), Access::Denied { at, .. } if at.ends_with("tool")));
}

#[test]
fn a_state_directory_behind_a_closed_one_cannot_be_reached() {
    let place = Place::new(&file("build = \"\"\ncommand = [\"x\"]"));
    let state = place.path("closed/state/not/there");
    fs::create_dir(place.path("closed")).unwrap();
    let other = User::Other(40000);
    assert_eq!(known(&state::directory(&state, &other)).reachable, Access::Granted);
    fs::set_permissions(place.path("closed"), Permissions::from_mode(0o700)).unwrap();
    let Access::Denied { at, .. } = known(&state::directory(&state, &other)).reachable.clone() else {
        panic!()
    };
    assert_eq!(at, place.path("closed").display().to_string());
}

#[test]
fn a_state_directory_that_is_a_file_or_may_not_be_written_is_told() {
    let place = Place::new(&file("build = \"\"\ncommand = [\"x\"]"));
    let path = place.write("occupied", "", 0o644);
    let Access::Denied { why, .. } = access::may_write(&path) else {
        panic!()
    };
    assert_eq!(why, "it is not a directory");
    // Nobody may write here, root included.
    assert!(matches!(
        access::may_write(Path::new("/proc/self")),
        Access::Denied { .. }
    ));
    assert_eq!(access::may_write(&place.path("state")), Access::Granted);
}

#[test]
fn an_address_is_free_or_has_a_holder() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let text = format!("app = \"shop\"\n[edge]\nhttp = \"{address}\"\n[services.api]\nsource = \"api\"\n");
    let place = Place::new(&text);
    let listening = || known(&place.gather().listeners["edge.http"]).clone();
    let ListenState::Taken { holder: Some(holder) } = listening().state else {
        panic!("{:?}", listening())
    };
    assert_eq!(holder.pid, std::process::id());
    assert!(
        !holder.command.is_empty() && !holder.command.contains('/'),
        "{holder:?}"
    );
    let finding = &place.findings()["listen.taken"];
    assert!(finding.contains(&format!("pid {}", std::process::id())), "{finding}");

    drop(listener);
    assert_eq!(listening().state, ListenState::Free);
    assert!(TcpListener::bind(address).is_ok(), "the look itself keeps nothing");
}

#[test]
fn an_address_of_another_machine_is_told() {
    // A documentation address (RFC 5737) is nobody's own.
    let place = Place::new("app = \"shop\"\n[edge]\nhttp = \"192.0.2.1:8080\"\n[services.api]\nsource = \"api\"\n");
    assert_eq!(
        known(&place.gather().listeners["edge.http"]).state,
        ListenState::NotHere
    );
}

/// Daemon and edge of the same state directory are known by their arguments; a listener is handed to a process that has them.
#[test]
fn our_own_edge_is_no_stranger() {
    use std::os::fd::AsFd as _;
    use std::os::unix::process::CommandExt as _;
    use std::process::{Command, Stdio};

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let text = format!("app = \"shop\"\n[edge]\nhttp = \"{address}\"\n[services.api]\nsource = \"api\"\n");
    let place = Place::new(&text);
    let (state, other) = (place.path("state"), place.path("other"));
    for (role, option, value, ours) in [
        ("daemon", "--state", state.clone(), true),
        ("edge", "--dir", state.join("edge"), true),
        ("daemon", "--state", other.clone(), false),
        ("edge", "--dir", other.join("edge"), false),
        ("serve", "--state", state.clone(), false),
    ] {
        // A shell that runs a script named after the role until its standard input ends, with the socket as its output.
        let script = place.write(role, "read line\n", 0o644);
        let mut command = Command::new("/bin/sh");
        command
            .arg0("seaworthy")
            .current_dir(script.parent().unwrap())
            .args([role, option])
            .arg(&value);
        let socket = listener.as_fd().try_clone_to_owned().unwrap();
        let mut child = command.stdin(Stdio::piped()).stdout(socket).spawn().unwrap();
        let seen = known(&place.gather().listeners["edge.http"]).state.clone();
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!(seen == ListenState::Ours, ours, "{role} {}: {seen:?}", value.display());
    }
}

#[test]
fn disk_machine_and_kernel_are_looked_at() {
    let place = Place::new(&file("build = \"\"\ncommand = [\"x\"]"));
    let facts = place.gather();
    let disk = known(&facts.disk);
    assert!(disk.free_bytes > 0 && disk.free_bytes <= disk.total_bytes, "{disk:?}");
    assert_eq!(disk.path, place.path("state").display().to_string());
    let kernel = known(&facts.kernel);
    assert!(kernel.release.starts_with(|c: char| c.is_ascii_digit()), "{kernel:?}");
    assert_eq!(kernel.missing, []);
    let ports = known(&facts.ports);
    assert!(ports.low < ports.high);
    known(&facts.machine);
}

const SECRETS: &str = "build = \"\"\ncommand = [\"./x\"]\n[services.api.env]\n\
    JWT_SECRET = { secret = \"jwt\", min_length = 32, matches = \"[a-z]+\" }\nOTHER = { secret = \"other\" }";

#[test]
fn secrets_are_told_without_their_values() {
    let place = Place::new(&file(SECRETS));
    let store = SecretStore::open(&place.path("state")).unwrap();
    let scope = |environment| Scope::new("shop", environment);
    let at = Timestamp(1);
    let set = |environment, name, value: &str| {
        store
            .set(&scope(environment), name, &Secret::new(value.to_owned()), at)
            .unwrap()
    };
    set("production", "jwt", "Hunter2-hunter2");
    store
        .generate(&scope("production"), "other", &Recipe::default(), at)
        .unwrap();
    set("staging", "token", "Hunter2-hunter2");
    let facts = place.gather();
    assert!(!format!("{facts:?}").to_lowercase().contains("hunter"), "{facts:?}");

    let Secrets {
        broken,
        here,
        elsewhere,
    } = known(&facts.secrets);
    assert_eq!(broken, &None);
    let SecretFact {
        version,
        digest,
        assessment,
        violations,
    } = &here["jwt"];
    assert_eq!((*version, assessment.length), (1, 15));
    assert_eq!(violations["services.api.env.JWT_SECRET"].len(), 2);
    assert_eq!(here["other"].assessment.flaw, None::<Flaw>);
    assert_eq!(elsewhere.len(), 1);
    assert_eq!(
        (elsewhere[0].environment.as_str(), &elsewhere[0].digest),
        ("staging", digest)
    );

    let findings = place.findings();
    for id in ["env.too_short", "env.matches", "secret.reused"] {
        assert!(findings.contains_key(id), "{id}: {findings:?}");
    }
    assert!(
        !format!("{findings:?}").to_lowercase().contains("hunter"),
        "{findings:?}"
    );
}

#[test]
fn a_store_that_is_not_there_has_no_secrets_and_is_not_made() {
    let place = Place::new(&file(SECRETS));
    assert_eq!(known(&place.gather().secrets), &Secrets::default());
    assert_eq!(fs::read_dir(place.path("state")).unwrap().count(), 0);
    assert!(place.findings().contains_key("secret.missing"));
}

#[test]
fn a_damaged_store_is_a_finding_of_its_own() {
    let place = Place::new(&file(SECRETS));
    let store = SecretStore::open(&place.path("state")).unwrap();
    store
        .generate(
            &Scope::new("shop", "production"),
            "jwt",
            &Recipe::default(),
            Timestamp(1),
        )
        .unwrap();
    place.write("state/secrets/default/shop/production.age", "nonsense", 0o600);
    let findings = place.findings();
    assert!(findings["secret.store"].contains("production.age"), "{findings:?}");
    assert!(
        !findings.contains_key("secret.missing"),
        "what is not known is not said to be missing"
    );
}

#[test]
fn versions_are_asked_only_when_wanted_and_of_programs_that_answer() {
    let place = Place::new(&file("build = \"good && bad && mute\"\ncommand = [\"./x\"]"));
    fs::create_dir(place.path("api")).unwrap();
    let trace = place.path("started");
    let script = |body: &str| format!("#!/bin/sh\necho >> {}\n{body}\n", trace.display());
    place.write("bin/good", &script("echo; echo \"good 1.2 ($1)\"; echo more"), 0o755);
    place.write("bin/bad", &script("echo bad 1.0; exit 3"), 0o755);
    place.write("bin/mute", &script("exit 0"), 0o755);
    let version = |facts: &Facts, name: &str| known(&facts.build_programs[name]).clone().unwrap().version;
    assert_eq!(version(&place.gather(), "good"), None);
    assert!(!trace.exists(), "nothing was started");
    let facts = place.gather_with(true);
    assert_eq!(version(&facts, "good").as_deref(), Some("good 1.2 (--version)"));
    assert_eq!(version(&facts, "bad"), None);
    assert_eq!(version(&facts, "mute"), None);
}

/// `check` on ten services has 30 ms in all. The bound here is wide, because a debug build on a busy machine is slow.
#[test]
fn ten_services_are_looked_at_quickly() {
    let services: Vec<String> = (0..10)
        .map(|n| {
            format!("[services.s{n}]\nsource = \"s{n}\"\nbuild = \"npm ci\"\ncommand = [\"node\", \"server.js\"]\n")
        })
        .collect();
    let place = Place::new(&format!(
        "app = \"shop\"\n[edge]\nhttp = \"127.0.0.1:1\"\n{}",
        services.concat()
    ));
    for n in 0..10 {
        fs::create_dir(place.path(&format!("s{n}"))).unwrap();
    }
    let began = Instant::now();
    place.gather();
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
}
