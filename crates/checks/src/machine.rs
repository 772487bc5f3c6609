//! Listening addresses, disk, state directory and kernel.

use seaworthy_spec::Spec;

use crate::catalogue::{
    DISK_FULL, DISK_LOW, FACT_UNKNOWN, KERNEL_FEATURE, LISTEN_DENIED, LISTEN_FALLBACK, LISTEN_INVALID, LISTEN_TAKEN,
    STATE_NOT_WRITABLE, STATE_UNREACHABLE,
};
use crate::facts::{Access, Disk, Fact, Facts, Kernel, KernelFeature, ListenState, Listening, StateDir};
use crate::finding::Report;
use crate::fit::bytes;
use crate::listen::wanted;

/// Below this a release may fail half-way: an ordinary Node artifact with its modules is a few hundred MiB, twice during a build.
const DISK_LEAST: u64 = 512 << 20;
/// Below this the next few releases fill the disk.
const DISK_COMFORTABLE: u64 = 2 << 30;
/// An artifact of `node_modules` has tens of thousands of files.
const FILES_LEAST: u64 = 50_000;

pub(crate) fn check(spec: &Spec, facts: &Facts, report: &mut Report<'_>) {
    for wanted in wanted(&spec.edge) {
        match &wanted.address {
            Err(why) => report.add(
                &LISTEN_INVALID,
                wanted.key,
                why.clone(),
                "write an IP address and a port, or only `:port`.",
            ),
            Ok(_) => match facts.listeners.get(wanted.key).unwrap_or(&Fact::default()) {
                Fact::Unknown(why) => unknown(wanted.key, "whether the address is free", why, report),
                Fact::Known(listening) => check_listening(listening, wanted.key, report),
            },
        }
    }
    match &facts.disk {
        Fact::Unknown(why) => unknown("machine.disk", "how much room the disk has", why, report),
        Fact::Known(disk) => check_disk(disk, report),
    }
    match &facts.state {
        Fact::Unknown(why) => unknown("machine.state", "whether the state directory can be used", why, report),
        Fact::Known(state) => check_state(state, report),
    }
    match &facts.kernel {
        Fact::Unknown(why) => unknown("machine.kernel", "what the kernel can do", why, report),
        Fact::Known(kernel) => check_kernel(kernel, report),
    }
}

pub(crate) fn unknown(key: &str, what: &str, why: &str, report: &mut Report<'_>) {
    report.add(
        &FACT_UNKNOWN,
        key,
        format!("it is not known {what}: {why}"),
        "remove the cause and check again; nothing is assumed until then.",
    );
}

fn check_listening(listening: &Listening, key: &str, report: &mut Report<'_>) {
    let address = &listening.address;
    match &listening.state {
        ListenState::Free | ListenState::Ours => {}
        ListenState::Taken { holder } => {
            let who = match holder {
                Some(holder) => format!("`{}` (pid {})", holder.command, holder.pid),
                None => "another program, of another user,".to_owned(),
            };
            report.add(
                &LISTEN_TAKEN,
                key,
                format!("{who} listens on {address}"),
                "stop that program, or give the edge another address (`edge.http = \":8080\"`).",
            );
        }
        ListenState::NotPermitted => match &listening.fallback {
            Some(fallback) => {
                report.add(
                    &LISTEN_FALLBACK,
                    key,
                    format!("this user may not bind {address}, so {} is used", fallback.address),
                    "nothing, or run the daemon as root to have the usual port.",
                );
                check_listening(fallback, key, report);
            }
            None => report.add(
                &LISTEN_DENIED,
                key,
                format!("this user may not bind {address}"),
                "run the daemon as root, or choose a port above 1023.",
            ),
        },
        ListenState::NotHere => report.add(
            &LISTEN_INVALID,
            key,
            format!("{address} is not an address of this machine"),
            "name one of its addresses, or only `:port` for all of them.",
        ),
        ListenState::Failed(why) => report.add(
            &LISTEN_INVALID,
            key,
            format!("{address} cannot be bound: {why}"),
            "choose another address.",
        ),
    }
}

fn check_disk(disk: &Disk, report: &mut Report<'_>) {
    const KEY: &str = "machine.disk";
    let remedy = "free some room, or move the state directory with `--state` to a larger file system.";
    let seen = format!(
        "{} has {} free of {}",
        disk.path,
        bytes(disk.free_bytes),
        bytes(disk.total_bytes)
    );
    if disk.free_bytes < DISK_LEAST {
        report.add(
            &DISK_FULL,
            KEY,
            format!("{seen}; a release needs {}", bytes(DISK_LEAST)),
            remedy,
        );
    } else if disk.free_bytes < DISK_COMFORTABLE {
        let reason = format!("{seen}; under {} a few releases fill it", bytes(DISK_COMFORTABLE));
        report.add(&DISK_LOW, KEY, reason, remedy);
    }
    if let Some(files) = disk.free_files.filter(|files| *files < FILES_LEAST) {
        let reason = format!("only {files} more files can be created at {}", disk.path);
        report.add(&DISK_LOW, KEY, reason, remedy);
    }
}

fn check_state(state: &StateDir, report: &mut Report<'_>) {
    const KEY: &str = "machine.state";
    if let Access::Denied { at, why } = &state.writable {
        report.add(
            &STATE_NOT_WRITABLE,
            KEY,
            format!("{} cannot be used: {at}: {why}", state.path),
            "choose another directory with `--state`, or change its owner.",
        );
    }
    if let Access::Denied { at, why } = &state.reachable {
        report.add(
            &STATE_UNREACHABLE,
            KEY,
            format!("instances cannot reach {}: {at}: {why}", state.path),
            format!(
                "let them pass (`chmod o+x {at}`), or choose a directory such as /var/lib/seaworthy with `--state`."
            ),
        );
    }
}

fn check_kernel(kernel: &Kernel, report: &mut Report<'_>) {
    for feature in &kernel.missing {
        let (what, remedy) = match feature {
            KernelFeature::PidFd => (
                "pidfd_open",
                "Linux 5.3 or later is needed, and a container must not filter the call.",
            ),
            KernelFeature::ReusePort => ("SO_REUSEPORT", "Linux 3.9 or later is needed."),
            KernelFeature::MemFd => (
                "memfd_create",
                "Linux 3.17 or later is needed, and a container must not filter the call.",
            ),
            KernelFeature::Proc => ("a mounted /proc", "mount it: `mount -t proc proc /proc`."),
        };
        report.add(
            &KERNEL_FEATURE,
            "machine.kernel",
            format!("Linux {} lacks {what}", kernel.release),
            remedy,
        );
    }
}
