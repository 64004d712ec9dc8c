//! Linux tells in `/proc` and in the control groups. What cannot be read is unknown, never an error.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Resource, getrlimit};

use super::Limits;
use super::parse;
use super::tally::{Quota, Snapshot, Thread};

#[derive(Debug)]
pub(super) struct System {
    /// The `cpu.stat` of the control group whose quota applies.
    quota: Option<PathBuf>,
    ticks_per_second: u64,
}

impl System {
    pub(super) fn begin() -> Self {
        let groups = read("/proc/self/cgroup").unwrap_or_default();
        let paths = parse::cpu_stat_paths(&groups);
        let quota = nearest_quota(paths.into_iter().filter_map(|path| {
            let quota = parse::quota(&read(&path)?)?;
            Some((path, quota))
        }));
        System { quota, ticks_per_second: rustix::param::clock_ticks_per_second() }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot {
            threads: self.threads(),
            machine: read("/proc/stat").and_then(|text| parse::machine(&text)),
            quota: self.quota.as_deref().and_then(read).and_then(|text| parse::quota(&text)),
            descriptors: open_descriptors(),
            time_wait: read("/proc/net/sockstat").and_then(|text| parse::time_wait(&text)),
            memory_peak_bytes: read("/proc/self/status").and_then(|text| parse::memory_peak(&text)),
        }
    }

    fn threads(&self) -> BTreeMap<u32, Thread> {
        let entries = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        entries
            .filter_map(|entry| {
                let number = entry.file_name().to_str()?.parse().ok()?;
                Some((number, self.thread(&entry.path())?))
            })
            .collect()
    }

    /// `None` where the thread is gone by now.
    fn thread(&self, path: &Path) -> Option<Thread> {
        let (name, cpu) = parse::thread_stat(&read(path.join("stat"))?, self.ticks_per_second)?;
        let scheduled = read(path.join("schedstat")).and_then(|text| parse::schedstat(&text));
        let status = read(path.join("status"));
        Some(Thread {
            name,
            // To the nanosecond where the kernel counts so, and not in hundredths of a second.
            cpu: scheduled.map_or(cpu, |(running, _)| running),
            waited: scheduled.map(|(_, waited)| waited),
            preempted: status.and_then(|text| parse::involuntary_switches(&text)),
        })
    }
}

pub(super) fn limits() -> Limits {
    let ports = read("/proc/sys/net/ipv4/ip_local_port_range");
    Limits {
        descriptors_open: open_descriptors(),
        // No limit in the kernel's words is a number that nobody reaches.
        descriptors: Some(getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)),
        local_ports: ports.and_then(|text| parse::port_range(&text)),
    }
}

/// The nearest group that has a quota; where none has, the nearest that counts.
fn nearest_quota(groups: impl Iterator<Item = (PathBuf, Quota)>) -> Option<PathBuf> {
    let groups: Vec<_> = groups.collect();
    let limited = groups.iter().find(|(_, quota)| quota.periods > 0);
    limited.or(groups.first()).map(|(path, _)| path.clone())
}

/// Since Linux 6.2 the directory's length is the number of its entries; before, they are counted,
/// which takes milliseconds for ten thousand of them.
fn open_descriptors() -> Option<u64> {
    const DESCRIPTORS: &str = "/proc/self/fd";
    let length = fs::metadata(DESCRIPTORS).ok()?.len();
    if length > 0 {
        return Some(length);
    }
    // The directory's own descriptor is open while its entries are counted.
    let counted = fs::read_dir(DESCRIPTORS).ok()?.count().saturating_sub(1);
    u64::try_from(counted).ok()
}

/// A thread's name may be any bytes; the numbers around it are still good.
fn read(path: impl AsRef<Path>) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_quota_counts_even_below_a_wider_one() {
        let group =
            |path: &str, periods| (PathBuf::from(path), Quota { periods, ..Quota::default() });
        let nearest = |groups: &[(PathBuf, Quota)]| nearest_quota(groups.iter().cloned());
        assert_eq!(nearest(&[]), None);
        let idle = [group("/a/b", 0), group("/a", 0)];
        assert_eq!(nearest(&idle), Some("/a/b".into()));
        let above = [group("/a/b/c", 0), group("/a/b", 7), group("/a", 9)];
        assert_eq!(nearest(&above), Some("/a/b".into()));
    }

    #[test]
    fn a_descriptor_that_is_opened_is_counted() {
        // Other tests of this process open files too, so only many can be told.
        let before = open_descriptors().unwrap();
        let files: Vec<_> = (0..200).map(|_| fs::File::open("/proc/self/stat").unwrap()).collect();
        let after = open_descriptors().unwrap();
        assert!((before + 150..before + 250).contains(&after), "{before} → {after}");
        drop(files);
        let limits = limits();
        assert!(limits.descriptors.unwrap() >= after, "{limits:?}");
        assert!(limits.local_ports.is_some_and(|ports| ports.start() < ports.end()));
    }
}
