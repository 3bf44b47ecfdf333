//! Threads that stay on their cores.

use crate::CalibrateError;
use crate::inventory::topology;

/// Pins the calling thread to the core that single values are measured on, see
/// [`crate::inventory::Topology::representative`]; whether that was allowed.
pub fn pin_to_last_core() -> bool {
    topology().representative().is_some_and(pin_to)
}

fn pin_to(cpu: usize) -> bool {
    core_affinity::set_for_current(core_affinity::CoreId { id: cpu })
}

/// Runs `work` on a new thread, pinned to the core that single values are measured on; `work` is told whether that was
/// allowed.
pub(crate) fn on_last_core<T: Send>(work: impl FnOnce(bool) -> T + Send) -> Result<T, CalibrateError> {
    std::thread::scope(|scope| {
        // Unpinned where the system does not allow it: the spread will tell.
        let run = || work(pin_to_last_core());
        scope.spawn(run).join().map_err(|_| CalibrateError::Thread("it panicked".into()))
    })
}

/// Runs `work` on so many threads at once, each pinned to a core of its own, and gives what they return. Each is handed
/// its number. Where fewer cores are known than there are threads, the system places the rest.
pub(crate) fn on_cores<T: Send>(cores: u32, work: impl Fn(u32) -> T + Sync) -> Result<Vec<T>, CalibrateError> {
    let order = topology().order();
    let known: Vec<Option<usize>> = (0..cores as usize).map(|number| order.get(number).copied()).collect();
    on_each(&known, |number| work(number as u32))
}

/// The same on CPUs that are named; where pinning is not allowed, the system places the threads.
pub(crate) fn on_cpus<T: Send>(cpus: &[usize], work: impl Fn(usize) -> T + Sync) -> Result<Vec<T>, CalibrateError> {
    on_each(&cpus.iter().copied().map(Some).collect::<Vec<_>>(), work)
}

fn on_each<T: Send>(cpus: &[Option<usize>], work: impl Fn(usize) -> T + Sync) -> Result<Vec<T>, CalibrateError> {
    std::thread::scope(|scope| {
        let spawn = |(number, &cpu): (usize, &Option<usize>)| {
            let work = &work;
            scope.spawn(move || {
                cpu.map(pin_to);
                work(number)
            })
        };
        let threads: Vec<_> = cpus.iter().enumerate().map(spawn).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| CalibrateError::Thread("it panicked".into())))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_threads_than_known_cores_all_run() {
        let many = crate::host::usable_cpus().len() as u32 + 3;
        assert_eq!(on_cores(many, |number| number).unwrap(), (0..many).collect::<Vec<_>>());
    }
}
