//! The kernel's texts into numbers. Text that does not look as it should is `None`.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::tally::{MachineTime, Quota};

/// A thread's name and the time it ran, from its `stat`: the 2nd, 14th and 15th field.
pub(super) fn thread_stat(text: &str, ticks_per_second: u64) -> Option<(String, Duration)> {
    // The name may have spaces and brackets of its own; no later field has any.
    let (head, fields) = text.rsplit_once(')')?;
    let (_, name) = head.split_once('(')?;
    let mut times = fields.split_ascii_whitespace().skip(11).map(str::parse::<u64>);
    let ticks = times.next()?.ok()?.checked_add(times.next()?.ok()?)?;
    let nanos = u128::from(ticks) * 1_000_000_000 / u128::from(ticks_per_second.max(1));
    Some((name.to_owned(), Duration::from_nanos(u64::try_from(nanos).ok()?)))
}

/// How long a thread ran, and how long it was ready to run but had no core, from its `schedstat`.
pub(super) fn schedstat(text: &str) -> Option<(Duration, Duration)> {
    let mut nanos = text.split_ascii_whitespace().map(str::parse::<u64>);
    let mut next = || Some(Duration::from_nanos(nanos.next()?.ok()?));
    Some((next()?, next()?))
}

/// How often a thread was taken off its core, from its `status`.
pub(super) fn involuntary_switches(status: &str) -> Option<u64> {
    field(status, "nonvoluntary_ctxt_switches:")
}

/// The most memory that was resident, from the process's `status`.
pub(super) fn memory_peak(status: &str) -> Option<u64> {
    field(status, "VmHWM:")?.checked_mul(1024)
}

/// Sockets in TIME_WAIT, whose ports are not free yet, from `/proc/net/sockstat`.
pub(super) fn time_wait(sockstat: &str) -> Option<u64> {
    let tcp = sockstat.lines().find_map(|line| line.strip_prefix("TCP:"))?;
    let mut words = tcp.split_ascii_whitespace().skip_while(|&word| word != "tw");
    words.nth(1)?.parse().ok()
}

/// The ports that the system hands out, from `ip_local_port_range`.
pub(super) fn port_range(text: &str) -> Option<RangeInclusive<u16>> {
    let mut ports = text.split_ascii_whitespace().map(str::parse::<u16>);
    let (first, last) = (ports.next()?.ok()?, ports.next()?.ok()?);
    (first <= last).then_some(first..=last)
}

/// The time of all cores together, from the first line of `/proc/stat`.
pub(super) fn machine(stat: &str) -> Option<MachineTime> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    // user, nice, system, idle, iowait, irq, softirq and steal. What guests ran comes after them
    // and is in them already.
    let ticks: Vec<u64> = line
        .split_ascii_whitespace()
        .take(8)
        .map(|word| word.parse().ok())
        .collect::<Option<_>>()?;
    let &[_, _, _, idle, iowait, _, _, steal] = ticks.as_slice() else { return None };
    let total = ticks.iter().try_fold(0_u64, |sum, &part| sum.checked_add(part))?;
    Some(MachineTime { total, idle: idle + iowait, steal })
}

/// What a quota did, from a control group's `cpu.stat`. The first version counts nanoseconds, the
/// second one microseconds; a group without a quota may have none of the lines.
pub(super) fn quota(cpu_stat: &str) -> Option<Quota> {
    let micros = field(cpu_stat, "throttled_usec").map(Duration::from_micros);
    let nanos = || field(cpu_stat, "throttled_time").map(Duration::from_nanos);
    Some(Quota {
        periods: field(cpu_stat, "nr_periods")?,
        throttled: field(cpu_stat, "nr_throttled")?,
        time: micros.or_else(nanos)?,
    })
}

/// Where the quotas that apply to this process may be counted, the nearest group first, from
/// `/proc/self/cgroup`.
pub(super) fn cpu_stat_paths(cgroup: &str) -> Vec<PathBuf> {
    cgroup.lines().filter_map(group).flat_map(|(mounts, path)| stat_paths(mounts, path)).collect()
}

/// The directories where a line's hierarchy is mounted, and the group in it.
fn group(line: &str) -> Option<(&'static [&'static str], &str)> {
    let (number, rest) = line.split_once(':')?;
    let (controllers, path) = rest.split_once(':')?;
    if number == "0" && controllers.is_empty() {
        return Some((&["/sys/fs/cgroup"], path));
    }
    let is_cpu = controllers.split(',').any(|name| name == "cpu");
    is_cpu.then_some((&["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"], path))
}

fn stat_paths(mounts: &'static [&'static str], group: &str) -> impl Iterator<Item = PathBuf> {
    // A path that leads upwards is outside of what this process may see.
    let group = if group.split('/').any(|part| part == "..") { "" } else { group };
    let group = PathBuf::from(group.trim_start_matches('/'));
    let ancestors: Vec<_> = group.ancestors().map(Path::to_owned).collect();
    mounts.iter().flat_map(move |mount| {
        let path = |group: &PathBuf| Path::new(mount).join(group).join("cpu.stat");
        ancestors.iter().map(path).collect::<Vec<_>>()
    })
}

/// The number after `name` at the beginning of a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.strip_prefix([' ', '\t'])?.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STAT: &str = "42 (load-0) S 1 42 42 0 -1 4194368 512 0 3 0 1234 66 0 0 20 0 4 0 99 0 0";
    const STATUS: &str = "Name:\tloadtest\nVmPeak:\t  912340 kB\nVmHWM:\t    1624 kB\nThreads:\t4\n\
                          voluntary_ctxt_switches:\t900\nnonvoluntary_ctxt_switches:\t17\n";
    const SOCKSTAT: &str = "sockets: used 27\nTCP: inuse 7 orphan 0 tw 31 alloc 9 mem 2\n\
                            UDP: inuse 0 mem 0\n";

    #[test]
    fn a_thread_is_read_whatever_its_name() {
        let millis = Duration::from_millis;
        for (text, ticks, expected) in [
            (STAT.to_owned(), 100, Some(("load-0", millis(13_000)))),
            (STAT.to_owned(), 1000, Some(("load-0", millis(1300)))),
            (STAT.replace("load-0", "a) R 9 (b "), 100, Some(("a) R 9 (b ", millis(13_000)))),
            (STAT.replace("load-0", ""), 100, Some(("", millis(13_000)))),
            (STAT.replace("1234", "-1"), 100, None),
            (STAT.replace("1234", "18446744073709551615"), 100, None),
            (STAT.replace(['(', ')'], ""), 100, None),
            (STAT[..40].to_owned(), 100, None),
            (String::new(), 100, None),
        ] {
            let found = thread_stat(&text, ticks);
            assert_eq!(found, expected.map(|(name, cpu)| (name.to_owned(), cpu)), "{text}");
        }
    }

    #[test]
    fn scheduler_times_are_nanoseconds() {
        let times = |a, b| Some((Duration::from_nanos(a), Duration::from_nanos(b)));
        for (text, expected) in [
            ("261999 393975 2\n", times(261_999, 393_975)),
            ("0 0 0", times(0, 0)),
            ("261999\n", None),
            ("261999 x 2", None),
            ("", None),
        ] {
            assert_eq!(schedstat(text), expected, "{text}");
        }
    }

    #[test]
    fn fields_are_found_by_their_whole_name() {
        assert_eq!(involuntary_switches(STATUS), Some(17));
        assert_eq!(memory_peak(STATUS), Some(1624 * 1024));
        assert_eq!(memory_peak("VmHWM:\t18446744073709551615 kB\n"), None);
        assert_eq!(memory_peak("VmHWM:\t kB\n"), None);
        assert_eq!(memory_peak("VmHWM:1624 kB\n"), None);
        assert_eq!(involuntary_switches("voluntary_ctxt_switches:\t900\n"), None);
        assert_eq!(time_wait(SOCKSTAT), Some(31));
        assert_eq!(time_wait("TCP: inuse 7 orphan 0 tw"), None);
        assert_eq!(time_wait("TCP6: inuse 7\nUDP: tw 3\n"), None);
    }

    #[test]
    fn a_port_range_goes_upwards() {
        for (text, expected) in [
            ("32768\t60999\n", Some(32_768..=60_999)),
            ("1024 1024", Some(1024..=1024)),
            ("60999 32768", None),
            ("32768", None),
            ("32768 99999", None),
        ] {
            assert_eq!(port_range(text), expected, "{text}");
        }
    }

    #[test]
    fn the_machines_time_has_the_guests_once() {
        let time = |total, idle, steal| Some(MachineTime { total, idle, steal });
        for (text, expected) in [
            ("cpu  100 1 20 300 40 5 6 28 90 9\ncpu0 1 1 1 1 1 1 1 1 1 1\n", time(500, 340, 28)),
            ("cpu  1 2 3 4 5 6 7 8", time(36, 9, 8)),
            ("cpu  1 2 3 4 5 6 7\n", None),
            ("cpu  1 2 3 4 5 6 7 18446744073709551615\n", None),
            ("cpu0 1 2 3 4 5 6 7 8\n", None),
            ("cpu  a 2 3 4 5 6 7 8\n", None),
            ("", None),
        ] {
            assert_eq!(machine(text), expected, "{text}");
        }
    }

    #[test]
    fn both_versions_of_control_groups_tell_what_their_quota_did() {
        let quota_of = |periods, throttled, micros| {
            Some(Quota { periods, throttled, time: Duration::from_micros(micros) })
        };
        let second = "usage_usec 9\nuser_usec 8\nnr_periods 10\nnr_throttled 3\nthrottled_usec 1234\n\
                      nr_bursts 0\n";
        let first = "nr_periods 10\nnr_throttled 3\nthrottled_time 1234000\n";
        for (text, expected) in [
            (second, quota_of(10, 3, 1234)),
            (first, quota_of(10, 3, 1234)),
            ("usage_usec 9\nuser_usec 8\nsystem_usec 1\n", None),
            ("nr_periods 10\nnr_throttled 3\n", None),
            ("nr_periods ten\nnr_throttled 3\nthrottled_usec 1\n", None),
        ] {
            assert_eq!(quota(text), expected, "{text}");
        }
    }

    #[test]
    fn quotas_of_outer_groups_are_looked_for_too() {
        let paths = |text: &str| {
            let paths = cpu_stat_paths(text).into_iter();
            paths.map(|path| path.to_str().unwrap().replace('\\', "/")).collect::<Vec<_>>()
        };
        assert_eq!(
            paths("0::/user.slice/run.scope\n"),
            [
                "/sys/fs/cgroup/user.slice/run.scope/cpu.stat",
                "/sys/fs/cgroup/user.slice/cpu.stat",
                "/sys/fs/cgroup/cpu.stat",
            ]
        );
        assert_eq!(
            paths("4:memory:/x\n2:cpu,cpuacct:/docker/1\n"),
            [
                "/sys/fs/cgroup/cpu/docker/1/cpu.stat",
                "/sys/fs/cgroup/cpu/docker/cpu.stat",
                "/sys/fs/cgroup/cpu/cpu.stat",
                "/sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.stat",
                "/sys/fs/cgroup/cpu,cpuacct/docker/cpu.stat",
                "/sys/fs/cgroup/cpu,cpuacct/cpu.stat",
            ]
        );
        assert_eq!(paths("0::/../../etc\n"), ["/sys/fs/cgroup/cpu.stat"]);
        assert_eq!(paths("2:cpuacct:/\nodd\n0\n"), [""; 0]);
    }

    proptest! {
        #[test]
        fn odd_text_is_no_panic(text in "[a-zA-Z0-9_:() \t\n./-]{0,200}", ticks: u64) {
            let _ = (thread_stat(&text, ticks), schedstat(&text), machine(&text), quota(&text));
            let _ = (memory_peak(&text), time_wait(&text), port_range(&text));
            let _ = cpu_stat_paths(&text);
        }
    }
}
