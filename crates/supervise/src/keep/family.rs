//! Which processes belong to an instance: all that its process has started, wherever they have put themselves.

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt as _;

use rustix::process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::seen::as_pid;
use super::table::{self, Stat};
use crate::protocol::Process;

/// Whose family.
#[derive(Debug, Clone)]
pub(crate) struct Root {
    /// The keeper. It is a subreaper: what its instance starts has it as an ancestor for good.
    pub(crate) keeper: u32,
    /// The instance's process.
    pub(crate) main: Process,
    /// The FIFOs it was given to write to, by device and inode, when an earlier keeper started it. Orphans then have
    /// another ancestor. Those that left the session too are found by what they write to.
    pub(crate) outputs: Vec<(u64, u64)>,
}

/// The members that still run, the main process included. `writers` are members by what they write to.
fn members(all: Vec<Stat>, root: &Root, writers: &[u32]) -> Vec<Stat> {
    // A process that has the main one's id and is not it: the id was given away, which the kernel does only when no
    // session and no group has it any more.
    let is_taken = all
        .iter()
        .any(|process| process.pid == root.main.pid && process.start_ticks != root.main.start_ticks);
    let mut family: HashSet<u32> = HashSet::from([root.keeper]);
    let mut grown = true;
    while grown {
        grown = false;
        for process in &all {
            let is_member = family.contains(&process.parent)
                || writers.contains(&process.pid)
                || (!is_taken
                    && (process.session == root.main.pid
                        || process.group == root.main.pid
                        || process.pid == root.main.pid));
            if is_member && process.start_ticks >= root.main.start_ticks {
                grown |= family.insert(process.pid);
            }
        }
    }
    family.remove(&root.keeper);
    all.into_iter()
        .filter(|process| process.alive && family.contains(&process.pid))
        .collect()
}

/// The members that run now.
pub(crate) fn look(root: &Root) -> Vec<Stat> {
    let all = table::all();
    let writes_to = |process: &Stat| {
        [1, 2].into_iter().any(|stream| {
            let output = std::fs::metadata(format!("/proc/{}/fd/{stream}", process.pid));
            output.is_ok_and(|output| root.outputs.contains(&(output.dev(), output.ino())))
        })
    };
    let writers: Vec<u32> = match root.outputs[..] {
        [] => Vec::new(),
        _ => all
            .iter()
            .filter(|process| writes_to(process))
            .map(|process| process.pid)
            .collect(),
    };
    members(all, root, &writers)
}

/// Sends a signal to every member. A process that ended meanwhile and whose id has been given away is not hit.
pub(crate) fn signal(members: &[Stat], signal: Signal) {
    for member in members {
        let Some(pid) = as_pid(member.pid) else {
            continue;
        };
        // Opened first and compared then: from here on the descriptor stands for that one process.
        if let Ok(process) = pidfd_open(pid, PidfdFlags::empty())
            && Stat::of(member.pid).is_some_and(|now| now.start_ticks == member.start_ticks)
        {
            // What cannot be signalled is gone, or is seen at the next look.
            let _ = pidfd_send_signal(process, signal);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> Root {
        let main = Process {
            pid: 20,
            start_ticks: 500,
            since_ms: 0,
        };
        Root {
            keeper: 10,
            main,
            outputs: vec![],
        }
    }

    fn process(pid: u32, parent: u32, group: u32, session: u32) -> Stat {
        let start_ticks = 480 + u64::from(pid);
        Stat {
            pid,
            name: "x".into(),
            alive: true,
            parent,
            group,
            session,
            start_ticks,
            exit_code: 0,
        }
    }

    fn found(all: Vec<Stat>) -> Vec<u32> {
        members(all, &root(), &[]).iter().map(|process| process.pid).collect()
    }

    #[test]
    fn children_and_grandchildren_in_whatever_session_are_members() {
        let all = vec![
            process(25, 21, 25, 25),
            process(10, 1, 10, 10),
            process(20, 10, 20, 20),
            process(21, 20, 21, 21),
            process(30, 1, 30, 30),
        ];
        assert_eq!(found(all), [25, 20, 21]);
    }

    #[test]
    fn an_orphan_is_found_as_the_keepers_child_or_by_its_session_or_group() {
        let all = vec![
            process(40, 10, 40, 40),
            process(41, 1, 41, 20),
            process(42, 1, 20, 42),
            process(43, 41, 43, 43),
        ];
        assert_eq!(found(all), [40, 41, 42, 43]);
    }

    #[test]
    fn who_writes_to_the_same_output_is_a_member_and_so_are_its_children() {
        let all = vec![process(60, 1, 60, 60), process(61, 60, 61, 61), process(62, 1, 62, 62)];
        let found: Vec<u32> = members(all, &root(), &[60]).iter().map(|process| process.pid).collect();
        assert_eq!(found, [60, 61]);
    }

    #[test]
    fn a_zombie_is_no_member_and_its_children_are() {
        let zombie = Stat {
            alive: false,
            ..process(20, 10, 20, 20)
        };
        assert_eq!(found(vec![zombie, process(21, 20, 21, 21)]), [21]);
    }

    #[test]
    fn a_stranger_with_the_same_id_has_no_family_here() {
        let stranger = Stat {
            start_ticks: 9000,
            ..process(20, 1, 20, 20)
        };
        assert_eq!(found(vec![stranger, process(50, 20, 20, 20)]), [0u32; 0]);
    }
}
