//! What the system has counted up to a moment.

use std::path::Path;

/// Ticks per second in `/proc/stat`, whatever the kernel's own clock (Linux `include/asm-generic/param.h`, `USER_HZ`).
const TICKS: f64 = 100.0;

/// Counters of the system at one moment, each absent where the system does not tell it. Times are in seconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Reading {
    /// User and kernel work of all processes on the usable CPUs; without interrupts, which one's own packets cause too.
    pub(super) busy: Option<f64>,
    /// Time that a hypervisor gave to somebody else.
    pub(super) stolen: Option<f64>,
    /// Work of this process.
    pub(super) own: Option<f64>,
    /// How often this process lost a CPU without having given it up.
    pub(super) involuntary: Option<f64>,
    /// Time in which something waited for a CPU.
    pub(super) pressure: Option<f64>,
    /// Time in which the control group's quota held its processes back.
    pub(super) throttled: Option<f64>,
    /// Load average over one minute.
    pub(super) load: Option<f64>,
}

impl Reading {
    /// Of this moment, on these CPUs; `root` is where `proc` and `sys` lie.
    pub(super) fn now(root: &Path, cpus: &[usize]) -> Reading {
        let read = |name: &str| std::fs::read_to_string(root.join(name)).ok();
        let times = read("proc/stat").and_then(|text| cpu_times(&text, cpus));
        let (own, involuntary) = usage().unzip();
        Reading {
            busy: times.map(|times| times.busy),
            stolen: times.map(|times| times.stolen),
            own,
            involuntary,
            pressure: read("proc/pressure/cpu").and_then(|text| stalled(&text)),
            throttled: read("proc/self/cgroup").and_then(|groups| {
                let group = groups.lines().find_map(|line| line.strip_prefix("0::/"))?.to_owned();
                throttled(&read(&format!("sys/fs/cgroup/{group}/cpu.stat"))?)
            }),
            load: read("proc/loadavg").and_then(|text| text.split(' ').next()?.parse().ok()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct CpuTimes {
    busy: f64,
    stolen: f64,
}

/// Sums over CPUs: `cpuN user nice system idle iowait irq softirq steal ...` (proc(5)). `None` where one is missing.
fn cpu_times(stat: &str, cpus: &[usize]) -> Option<CpuTimes> {
    let mut sum = CpuTimes { busy: 0.0, stolen: 0.0 };
    for cpu in cpus {
        let name = format!("cpu{cpu} ");
        let line = stat.lines().find_map(|line| line.strip_prefix(&name))?;
        let ticks: Vec<f64> = line.split_whitespace().map_while(|field| field.parse().ok()).collect();
        sum.busy += ticks.get(..3)?.iter().sum::<f64>() / TICKS;
        sum.stolen += ticks.get(7)? / TICKS;
    }
    Some(sum)
}

/// `some avg10=... total=MICROSECONDS` (Linux `Documentation/accounting/psi.rst`).
fn stalled(pressure: &str) -> Option<f64> {
    let line = pressure.lines().find(|line| line.starts_with("some "))?;
    Some(line.rsplit_once("total=")?.1.trim().parse::<f64>().ok()? / 1e6)
}

/// `throttled_usec N`; absent where the group has no quota to be held to.
fn throttled(stat: &str) -> Option<f64> {
    let line = stat.lines().find_map(|line| line.strip_prefix("throttled_usec "))?;
    Some(line.trim().parse::<f64>().ok()? / 1e6)
}

/// CPU seconds and involuntary switches of this process, all its threads.
#[cfg(target_os = "linux")]
fn usage() -> Option<(f64, f64)> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;
    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let microseconds = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Some((microseconds as f64 / 1e6, usage.involuntary_context_switches() as f64))
}

#[cfg(not(target_os = "linux"))]
fn usage() -> Option<(f64, f64)> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "cpu  30 0 0 0 0 0 0 0 0 0\ncpu0 100 20 30 900 5 7 9 11 0 0\ncpu1 200 0 0 900 0 0 0 0 0 0\n\
                        cpu10 5 5 5 0 0 0 0 40 0 0\n";

    #[test]
    fn only_usable_cpus_count() {
        let of = |cpus: &[usize]| cpu_times(STAT, cpus).map(|times| (times.busy, times.stolen));
        assert_eq!(of(&[0]), Some((1.5, 0.11)));
        assert_eq!(of(&[0, 1]), Some((3.5, 0.11)));
        assert_eq!(of(&[10]), Some((0.15, 0.4)));
        assert_eq!(of(&[2]), None, "a CPU that the file does not show leaves it unknown");
    }

    #[test]
    fn stalls_and_throttling_are_seconds() {
        assert_eq!(
            stalled("some avg10=0.21 avg60=2.46 avg300=1.42 total=6350573\nfull avg10=0 total=1\n"),
            Some(6.350573)
        );
        assert_eq!(stalled("full total=1\n"), None);
        assert_eq!(throttled("usage_usec 5\nnr_throttled 3\nthrottled_usec 250000\n"), Some(0.25));
        assert_eq!(throttled("usage_usec 5\n"), None);
    }

    #[test]
    fn a_system_that_tells_nothing_is_no_error() {
        let reading = Reading::now(Path::new("/nonexistent"), &[0]);
        let Reading { busy, stolen, pressure, throttled, load, .. } = reading;
        assert_eq!([busy, stolen, pressure, throttled, load], [None; 5]);
    }
}
