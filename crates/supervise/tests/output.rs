//! What an instance writes, and what becomes of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod harness;

use std::time::Duration;

use harness::Instance;

#[tokio::test]
async fn a_flood_is_bounded_and_every_line_is_either_kept_or_counted() {
    const WRITTEN: u64 = 12_000_000;
    // About 100 MB, as fast as the pipe takes it.
    let mut task = Instance::task(&format!("seq 1 {WRITTEN}"));
    task.spec.log.bytes_per_second = 200_000;
    task.start().await;
    let last = task.ended().await;
    let kept = task.out().len() as u64;
    let said: u64 = task
        .lines()
        .iter()
        .filter(|line| line.starts_with("keeper ") && line.contains("lines (") && line.contains("are missing here"))
        .map(|line| line.split(' ').nth(1).unwrap().parse::<u64>().unwrap())
        .sum();
    assert!(said > 0);
    assert_eq!(kept + said, WRITTEN);
    assert_eq!(last.dropped_lines, said);
    let log: u64 = std::fs::read_dir(task.dir().join("log"))
        .unwrap()
        .map(|f| f.unwrap().metadata().unwrap().len())
        .sum();
    assert!(log <= 4 << 20, "{log}");
}

#[tokio::test]
async fn without_a_rate_the_files_are_bounded_and_hold_the_newest_lines() {
    let mut task = Instance::task("seq 1 200000");
    task.spec.log.file_bytes = 64 * 1024;
    task.spec.log.files = 3;
    task.start().await;
    task.ended().await;
    let files: Vec<_> = std::fs::read_dir(task.dir().join("log"))
        .unwrap()
        .map(|file| file.unwrap())
        .collect();
    let mut logs = files.iter().filter(|file| file.file_name() != "cursor");
    assert_eq!(logs.clone().count(), 3);
    assert!(logs.all(|file| file.metadata().unwrap().len() <= 64 * 1024));
    let out = task.out();
    assert_eq!(out.last().unwrap(), "200000");
    let first: usize = out[0].parse().unwrap();
    let expected: Vec<String> = (first..=200_000).map(|number| number.to_string()).collect();
    assert!(out == expected, "{:?}", out.iter().zip(&expected).find(|(a, b)| a != b));
}

#[tokio::test]
async fn a_line_written_in_pieces_is_one_line() {
    let task = Instance::task("printf 'one '; sleep 0.1; printf 'line '; sleep 0.1; echo 'in pieces'; echo two");
    task.start().await;
    task.ended().await;
    assert_eq!(task.out(), ["one line in pieces", "two"]);
}

#[tokio::test]
async fn a_line_without_end_is_cut_and_nothing_of_it_is_lost() {
    // More than the pipe holds, so that the writer waits in the middle of its line.
    let task = Instance::task("printf start; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo next");
    task.start().await;
    task.ended().await;
    let out = task.out();
    let (next, pieces) = out.split_last().unwrap();
    assert_eq!(next, "next");
    assert_eq!(pieces.iter().map(String::len).sum::<usize>(), 3_000_005);
    assert!(pieces.iter().all(|piece| piece.len() <= 16 * 1024));
}

#[tokio::test]
async fn each_stream_keeps_its_order() {
    let task = Instance::task("for i in $(seq 1 500); do echo o$i; echo e$i >&2; done");
    task.start().await;
    task.ended().await;
    let lines = task.lines();
    for (stream, letter) in [("out", 'o'), ("err", 'e')] {
        let found: Vec<&str> = lines
            .iter()
            .filter_map(|line| line.strip_prefix(stream))
            .map(str::trim)
            .collect();
        let expected: Vec<String> = (1..=500).map(|i| format!("{letter}{i}")).collect();
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn a_follower_sees_lines_as_they_come() {
    let instance = Instance::shell("echo first; read nothing; exec sleep 1000");
    instance.start().await;
    assert_eq!(instance.logged("first").await, "first");
    let started = instance.logged("life 1 started").await;
    assert!(started.contains("process"), "{started}");
    instance.stop().await;
}

/// A disk that is full, as a file system of 64 KiB: only root may mount one.
#[tokio::test]
async fn a_full_disk_does_not_stop_the_instance_and_is_said_when_there_is_room_again() {
    if !harness::is_root() {
        eprintln!(
            "skipped, needs root to mount a small file system: a_full_disk_does_not_stop_the_instance_and_is_said_when_there_is_room_again"
        );
        return;
    }
    let mut instance = Instance::shell(
        "seq 1 20000; echo done > \"$MARK\"; while [ -e \"$MARK\" ]; do sleep 0.02; done; echo after; exec sleep 1000",
    );
    let elsewhere = tempfile::tempdir().unwrap();
    let mark = elsewhere.path().join("mark");
    instance.spec.env.push(("MARK".into(), mark.display().to_string()));
    let disk = instance.dir().join("log");
    std::fs::create_dir(&disk).unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "none"])
        .arg(&disk)
        .status()
        .unwrap();
    if !mounted.success() {
        eprintln!(
            "skipped, mount is not permitted here: a_full_disk_does_not_stop_the_instance_and_is_said_when_there_is_room_again"
        );
        return;
    }
    let unmount = Unmount(disk.clone());
    instance.spec.log.file_bytes = 32 * 1024;
    instance.spec.log.files = 10;
    instance.start().await;
    let full = instance.until(|status| status.log_error.is_some()).await;
    assert!(full.log_error.unwrap().contains("No space left"));
    harness::eventually("the instance wrote everything", || mark.exists()).await;
    std::fs::remove_file(disk.join("00000001.log")).unwrap();
    std::fs::remove_file(&mark).unwrap();
    instance
        .logged("lines are missing here: the log could not be written")
        .await;
    instance.logged("after").await;
    let last = instance.until(|status| status.log_error.is_none()).await;
    assert!(last.dropped_lines > 0);
    tokio::time::timeout(Duration::from_secs(20), instance.stop())
        .await
        .unwrap();
    drop(unmount);
}

struct Unmount(std::path::PathBuf);

impl Drop for Unmount {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
