//! What the calling thread has had of a CPU, and how often it lost it.

/// CPU seconds of the calling thread and its involuntary context switches so far. Where the system does not tell them apart
/// from the rest, wall time and no switches.
#[cfg(target_os = "linux")]
pub(crate) fn usage() -> (f64, i64) {
    use nix::sys::resource::{UsageWho, getrusage};
    use rustix::time::{ClockId, clock_gettime};
    // Nanoseconds, which `getrusage` does not have.
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let switches = getrusage(UsageWho::RUSAGE_THREAD).map_or(0, |usage| usage.involuntary_context_switches());
    (time.tv_sec as f64 + time.tv_nsec as f64 / 1e9, switches as i64)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn usage() -> (f64, i64) {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    (START.get_or_init(Instant::now).elapsed().as_secs_f64(), 0)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn sleep_is_no_cpu_time() {
        let (before, _) = usage();
        std::thread::sleep(Duration::from_millis(30));
        let (slept, _) = usage();
        assert!(slept - before < 0.01, "{}", slept - before);
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(20) {}
        let (spun, _) = usage();
        assert!(spun - slept > 0.0 && spun - slept < 0.03, "{}", spun - slept);
    }
}
