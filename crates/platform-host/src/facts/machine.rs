//! Memory and processors that may be used here.

use std::fs;
use std::path::Path;

use seaworthy_checks::Fact;
use seaworthy_checks::facts::Machine;

/// What there is, or what a control group leaves of it: in a container that is the bound that counts.
pub(super) fn bounds() -> Fact<Machine> {
    let total = match fs::read_to_string("/proc/meminfo") {
        Ok(text) => total_memory(&text),
        Err(error) => return Fact::Unknown(format!("/proc/meminfo: {error}")),
    };
    let Some(total) = total else {
        return Fact::Unknown("/proc/meminfo does not say MemTotal".to_owned());
    };
    // This counts processors of the affinity mask and quotas of control groups.
    let processors = match std::thread::available_parallelism() {
        Ok(number) => number.get() as u64,
        Err(error) => return Fact::Unknown(format!("the number of processors: {error}")),
    };
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let limits = groups
        .lines()
        .flat_map(|line| memory_limits(line, Path::new("/sys/fs/cgroup")));
    Fact::Known(Machine {
        memory_bytes: limits.fold(total, u64::min),
        cpu_millis: processors * 1000,
    })
}

fn total_memory(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// The limits along one line of `/proc/self/cgroup` (`0::/a/b`, or `5:memory:/a/b` in version 1), the group's own and those
/// of every group around it. Inside a container the outer names are not there, and the root of the mount is its own group.
fn memory_limits(line: &str, mount: &Path) -> Vec<u64> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (Some(controllers), Some(group)) = (parts.next(), parts.next()) else {
        return Vec::new();
    };
    let (root, file) = match controllers {
        "" => (mount.to_owned(), "memory.max"),
        _ if controllers.split(',').any(|name| name == "memory") => (mount.join("memory"), "memory.limit_in_bytes"),
        _ => return Vec::new(),
    };
    let group = Path::new(group.trim_start_matches('/'));
    let texts = group
        .ancestors()
        .filter_map(|at| fs::read_to_string(root.join(at).join(file)).ok());
    // `max` is no number, and so no limit.
    texts.filter_map(|text| text.trim().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn this_machine_has_memory_and_processors() {
        let Fact::Known(machine) = bounds() else {
            panic!("{:?}", bounds())
        };
        assert!(machine.memory_bytes > 64 << 20);
        assert!(machine.cpu_millis >= 1000);
    }

    #[test]
    fn the_total_is_read_in_bytes() {
        assert_eq!(total_memory("MemFree: 1 kB\nMemTotal:       2048 kB\n"), Some(2 << 20));
        assert_eq!(total_memory("MemFree: 1 kB\n"), None);
    }

    #[test]
    fn limits_of_all_groups_around_count() {
        let mount = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = mount.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("a/memory.max", "1000\n");
        write("a/b/memory.max", "max\n");
        write("memory/c/memory.limit_in_bytes", "500\n");
        let limits = |line| memory_limits(line, mount.path());
        assert_eq!(limits("0::/a/b"), [1000]);
        assert!(limits("0::/elsewhere").is_empty());
        assert_eq!(limits("5:cpu,memory:/c"), [500]);
        assert!(limits("6:pids:/c").is_empty());
    }
}
