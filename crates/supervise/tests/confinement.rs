//! What an instance is given and what it is not; what others can see of its secrets; what a keeper costs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod harness;

use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use harness::{Instance, eventually, is_root};
use seaworthy_supervise::protocol::User;

const SECRET: &str = "correct-horse-battery-staple";

/// A user and a group that own nothing here.
const NOBODY: User = User {
    uid: 65_534,
    gid: 65_534,
};

fn proc(process: u32, file: &str) -> String {
    String::from_utf8_lossy(&std::fs::read(format!("/proc/{process}/{file}")).unwrap()).into_owned()
}

#[tokio::test]
async fn a_secret_is_seen_by_the_instance_and_nowhere_in_its_keeper() {
    let mut instance = Instance::shell("echo \"length ${#TOKEN}\"; exec sleep 1000");
    instance.spec.env.push(("TOKEN".into(), SECRET.into()));
    let keeper = instance.start().await;
    instance.logged(&format!("length {}", SECRET.len())).await;
    for file in ["cmdline", "environ"] {
        assert!(!proc(keeper, file).contains(SECRET), "{file}");
    }
    let process = instance.running().await.process.unwrap().pid;
    assert!(!proc(process, "cmdline").contains(SECRET));
    for entry in std::fs::read_dir(instance.dir()).unwrap().map(|entry| entry.unwrap()) {
        if entry.file_type().unwrap().is_file() {
            assert!(
                !std::fs::read_to_string(entry.path()).unwrap().contains(SECRET),
                "{:?}",
                entry.path()
            );
        }
    }
    instance.stop().await;
}

#[tokio::test]
async fn a_launcher_that_has_been_told_everything_shows_nothing_of_it() {
    let mut spec = serde_json::to_value(&Instance::shell("echo \"$TOKEN\"").spec).unwrap();
    spec["env"]
        .as_array_mut()
        .unwrap()
        .push(serde_json::json!(["TOKEN", SECRET]));
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let mut launcher = Command::new(harness::binary())
        .arg("launch")
        .env_clear()
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    ours.write_all(&serde_json::to_vec(&spec).unwrap()).unwrap();
    // It has taken everything once nothing waits in the socket, and goes on only when the socket is shut.
    eventually("the launcher has read it", || {
        let waiting = std::fs::read_to_string(format!("/proc/{}/wchan", launcher.id())).unwrap_or_default();
        waiting.contains("unix_stream") || proc(launcher.id(), "stat").contains(") S ")
    })
    .await;
    for file in ["cmdline", "environ"] {
        assert!(!proc(launcher.id(), file).contains(SECRET), "{file}");
    }
    ours.shutdown(std::net::Shutdown::Write).unwrap();
    let mut said = String::new();
    ours.read_to_string(&mut said).unwrap();
    assert_eq!(said, "");
    let output = launcher.stdout.take().map(std::io::read_to_string).unwrap().unwrap();
    assert_eq!(output.trim(), SECRET);
    launcher.wait().unwrap();
}

#[tokio::test]
async fn a_launcher_whose_keeper_was_killed_executes_nothing() {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let launcher = Command::new(harness::binary())
        .arg("launch")
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let spec = serde_json::to_vec(&Instance::shell("echo executed").spec).unwrap();
    ours.write_all(&spec[..spec.len() / 2]).unwrap();
    drop(ours);
    let output = launcher.wait_with_output().unwrap();
    assert!(!output.status.success());
    assert_eq!(output.stdout, b"");
}

#[tokio::test]
async fn an_instance_starts_with_limits_without_new_privileges_and_with_nothing_inherited() {
    let task = Instance::task(
        "ulimit -n; ulimit -c; umask; grep -E '^(NoNewPrivs|SigIgn|SigBlk)' /proc/self/status; cat; env; ls -l /proc/self/fd | grep -c ' -> '; ps -o sid= -p $$ | tr -d ' '; echo $$",
    );
    task.start().await;
    task.ended().await;
    let out = task.out();
    assert_eq!(&out[..3], ["256", "0", "0022"]);
    assert!(out.contains(&"NoNewPrivs:\t1".to_owned()), "{out:?}");
    // The C library keeps signals 32 and 33 for itself and lets nobody set them.
    let ignored = out.iter().find_map(|line| line.strip_prefix("SigIgn:\t")).unwrap();
    assert_eq!(u64::from_str_radix(ignored, 16).unwrap() & !(0b11 << 31), 0, "{out:?}");
    assert!(out.contains(&"SigBlk:\t0000000000000000".to_owned()), "{out:?}");
    assert!(
        !out.iter()
            .any(|line| line.starts_with("HOME=") || line.starts_with("CARGO")),
        "{out:?}"
    );
    // ls itself has one open for the directory.
    let [.., descriptors, session, own] = &out[..] else {
        panic!("{out:?}")
    };
    assert_eq!(descriptors, "4", "{out:?}");
    assert_eq!(session, own, "a session of its own");
}

#[tokio::test]
async fn as_root_an_instance_is_given_its_user_and_loses_every_group() {
    if !is_root() {
        eprintln!("skipped, needs root: as_root_an_instance_is_given_its_user_and_loses_every_group");
        return;
    }
    let mut task = Instance::task(
        "id -u; id -g; id -G; grep -c 'Max processes  *64  *64' /proc/self/limits; grep CapEff /proc/self/status; echo again > /dev/stdout",
    );
    task.spec.user = Some(NOBODY);
    task.start().await;
    task.ended().await;
    let expected = ["65534", "65534", "65534", "1", "CapEff:\t0000000000000000", "again"];
    assert_eq!(task.out(), expected, "{:?}", task.lines());
}

#[tokio::test]
async fn a_directory_the_user_may_not_enter_is_said() {
    if !is_root() {
        eprintln!("skipped, needs root: a_directory_the_user_may_not_enter_is_said");
        return;
    }
    let closed = tempfile::tempdir().unwrap();
    std::fs::set_permissions(closed.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let mut task = Instance::task("true");
    task.spec.cwd = closed.path().to_owned();
    task.spec.user = Some(NOBODY);
    task.start().await;
    task.ended().await;
    let reason = format!("cannot enter {}: Permission denied", closed.path().display());
    task.logged(&reason).await;
}

#[tokio::test]
async fn a_keeper_holds_nothing_of_whoever_started_it() {
    let instance = Instance::shell("exec sleep 1000");
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    // A descriptor that is not closed on execution, as a careless parent has it.
    rustix::io::fcntl_setfd(&writer, rustix::io::FdFlags::empty()).unwrap();
    instance.start().await;
    instance.running().await;
    drop(writer);
    let mut reader = std::fs::File::from(reader);
    let ended = tokio::task::spawn_blocking(move || reader.read(&mut [0; 1]).unwrap());
    assert_eq!(
        tokio::time::timeout(harness::PATIENCE, ended)
            .await
            .expect("the pipe has ended")
            .unwrap(),
        0
    );
    instance.stop().await;
}

#[tokio::test]
async fn a_keeper_is_small() {
    let instance = Instance::shell("seq 1 100000; echo written; exec sleep 1000");
    let keeper = instance.start().await;
    instance.logged("written").await;
    let rollup = proc(keeper, "smaps_rollup");
    let kib = |name: &str| -> u64 {
        let line = rollup.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let private = kib("Private_Dirty:") + kib("Private_Clean:");
    eprintln!(
        "keeper: PSS {} KiB, of it anonymous {} KiB; private {private} KiB",
        kib("Pss:"),
        kib("Pss_Anon:")
    );
    assert!(kib("Pss_Anon:") < 1024, "{rollup}");
    instance.stop().await;
}
