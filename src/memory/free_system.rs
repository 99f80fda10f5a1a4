//! The memory that a system says is free: Linux does as text under `/proc` and `/sys`. Another has no such
//! files, and then it is not known.

use std::format;
use std::string::String;

/// Left for what is small: an allocation of a few bytes that fails ends the process.
const RESERVE: u64 = 16 << 20;

/// The number of bytes that the process may still take: the least of what the system has, what its control
/// groups may have, and what its own limits (`ulimit -v`, `ulimit -d`) leave, but for a reserve of 16 MiB.
/// `None` where nobody says.
pub fn available() -> Option<u64> {
    // What is not there says nothing.
    from_files(|path| std::fs::read_to_string(path).unwrap_or_default())
}

/// The same, of files that are empty where they are not there.
fn from_files(read: impl Fn(&str) -> String) -> Option<u64> {
    let (limits, status) = (read("/proc/self/limits"), read("/proc/self/status"));
    let left = |limit: &str, used: &str| {
        let limit = field(&limits, limit)?;
        let used = field(&status, used)?.saturating_mul(1024);
        Some(limit.saturating_sub(used))
    };
    let found = [
        of_system(&read("/proc/meminfo")),
        left("Max address space", "VmSize:"),
        left("Max data size", "VmData:"),
        of_groups(&read("/proc/self/cgroup"), &read),
    ];
    let least = found.into_iter().flatten().min()?;
    Some(least.saturating_sub(RESERVE))
}

/// The number behind a name, at the beginning of a line; `None` also for `unlimited` and `max`.
fn field(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

fn of_system(meminfo: &str) -> Option<u64> {
    let swap = field(meminfo, "SwapFree:").unwrap_or(0);
    let pages = field(meminfo, "MemAvailable:")?.saturating_add(swap);
    Some(pages.saturating_mul(1024))
}

/// Where the files of a version of control groups are, and what they are called.
struct Version {
    root: &'static str,
    limit: &'static str,
    usage: &'static str,
    /// What the kernel gives back where it must.
    cached: [&'static str; 2],
}

const FIRST: Version = Version {
    root: "/sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    usage: "memory.usage_in_bytes",
    cached: ["total_inactive_file ", "total_active_file "],
};

const SECOND: Version = Version {
    root: "/sys/fs/cgroup",
    limit: "memory.max",
    usage: "memory.current",
    cached: ["inactive_file ", "active_file "],
};

/// The least of what each control group that the process is in may still have.
fn of_groups(groups: &str, read: impl Fn(&str) -> String) -> Option<u64> {
    let of_line = |line: &str| {
        let mut parts = line.splitn(3, ':');
        let (number, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        let version = match (number, controllers) {
            ("0", "") => SECOND,
            _ if controllers.split(',').any(|name| name == "memory") => FIRST,
            _ => return None,
        };
        // A group is bound by all above it. In a container its own may have another name, or none.
        let paths = core::iter::successors(Some(path.trim_end_matches('/')), above);
        paths
            .filter_map(|path| left_in(&version, path, &read))
            .min()
    };
    groups.lines().filter_map(of_line).min()
}

/// The name of the group that a group is in.
fn above<'p>(path: &&'p str) -> Option<&'p str> {
    path.get(..path.rfind('/')?)
}

fn left_in(version: &Version, path: &str, read: impl Fn(&str) -> String) -> Option<u64> {
    let file = |name| read(&format!("{}{path}/{name}", version.root));
    let limit: u64 = file(version.limit).trim().parse().ok()?;
    let usage: u64 = file(version.usage).trim().parse().ok()?;
    let stat = file("memory.stat");
    let cached = version.cached.iter().filter_map(|name| field(&stat, name));
    let used = usage.saturating_sub(cached.fold(0, u64::saturating_add));
    Some(limit.saturating_sub(used))
}

#[cfg(test)]
mod tests {
    use std::string::ToString;
    use std::{assert, assert_eq};

    use super::{RESERVE, available, from_files};

    const MEMINFO: &str = "MemTotal:       24683656 kB\nMemFree:        23000924 kB\n\
                           MemAvailable:   20000000 kB\nSwapFree:        1000000 kB\n";
    const LIMITS: &str = "Limit                     Soft Limit           Hard Limit           Units\n\
                          Max data size             unlimited            unlimited            bytes\n\
                          Max address space         3072000000           unlimited            bytes\n";
    const STATUS: &str =
        "Name:\tsample\nVmPeak:\t 200000 kB\nVmSize:\t 100000 kB\nVmData:\t 50000 kB\n";
    const STAT: &str = "anon 5\ninactive_file 300000000\nactive_file 200000000\n\
                        total_inactive_file 30\ntotal_active_file 20\n";

    fn free(files: &[(&str, &str)]) -> Option<u64> {
        let found = from_files(|path| {
            let mut files = files.iter();
            let found = files.find(|(name, _)| *name == path);
            found.map_or("", |(_, text)| text).to_string()
        });
        found.map(|bytes| bytes + RESERVE)
    }

    #[test]
    fn the_least_of_all_that_is_said() {
        let system = ("/proc/meminfo", MEMINFO);
        let of_system = 21_000_000 * 1024;
        assert_eq!(free(&[]), None);
        assert_eq!(free(&[system]), Some(of_system));

        let own = [
            system,
            ("/proc/self/limits", LIMITS),
            ("/proc/self/status", STATUS),
        ];
        assert_eq!(free(&own), Some(3_072_000_000 - 102_400_000));
        let data = LIMITS.replace("data size             unlimited", "data size 160000000 ");
        let own = [
            system,
            ("/proc/self/limits", data.as_str()),
            ("/proc/self/status", STATUS),
        ];
        assert_eq!(free(&own), Some(160_000_000 - 51_200_000));
        // All of it taken.
        let spent = LIMITS.replace("3072000000", "1000");
        let own = [
            ("/proc/self/limits", spent.as_str()),
            ("/proc/self/status", STATUS),
        ];
        assert_eq!(free(&own), Some(RESERVE), "none, and no reserve of it");
    }

    #[test]
    fn control_groups_of_both_versions() {
        let system = ("/proc/meminfo", MEMINFO);
        let second = [
            system,
            ("/proc/self/cgroup", "0::/user.slice/run-1.scope\n"),
            ("/sys/fs/cgroup/user.slice/run-1.scope/memory.max", "max\n"),
            (
                "/sys/fs/cgroup/user.slice/run-1.scope/memory.current",
                "5\n",
            ),
            ("/sys/fs/cgroup/user.slice/memory.max", "2000000000\n"),
            ("/sys/fs/cgroup/user.slice/memory.current", "1500000000\n"),
            ("/sys/fs/cgroup/user.slice/memory.stat", STAT),
        ];
        assert_eq!(free(&second), Some(1_000_000_000));
        let contained = [
            ("/proc/self/cgroup", "0::/\n"),
            ("/sys/fs/cgroup/memory.max", "900"),
            ("/sys/fs/cgroup/memory.current", "1000"),
        ];
        assert_eq!(
            free(&contained),
            Some(RESERVE),
            "none, and no reserve of it"
        );
        // The name is the host's, the files are the container's.
        let first = [
            system,
            (
                "/proc/self/cgroup",
                "9:name=systemd:/\n4:cpu,memory:/docker/0a1b\n0::/\n",
            ),
            (
                "/sys/fs/cgroup/memory/memory.limit_in_bytes",
                "1000000000\n",
            ),
            ("/sys/fs/cgroup/memory/memory.usage_in_bytes", "400000000\n"),
            ("/sys/fs/cgroup/memory/memory.stat", STAT),
        ];
        assert_eq!(free(&first), Some(600_000_050));
        for text in ["", "4", "4:memory", "0::", ":::::\n\n", "0::no/slash"] {
            assert_eq!(
                free(&[system, ("/proc/self/cgroup", text)]),
                Some(21_000_000 * 1024)
            );
        }
    }

    #[test]
    fn this_system_says_something() {
        if std::path::Path::new("/proc/meminfo").exists() {
            assert!(available().is_some_and(|bytes| bytes > 0));
        }
    }
}
