//! Threads that stay on their cores.

use crate::CalibrateError;
use crate::inventory::topology;

/// Pins the calling thread to the core that single values are measured on, see [`crate::inventory::Topology::representative`]; whether that
/// was allowed.
pub fn pin_to_last_core() -> bool {
    topology().representative().is_some_and(pin_to)
}

fn pin_to(cpu: usize) -> bool {
    core_affinity::set_for_current(core_affinity::CoreId { id: cpu })
}

/// Runs `work` on a new thread, pinned to the core that single values are measured on.
/// `work` is told whether that was allowed.
pub(crate) fn on_last_core<T: Send>(work: impl FnOnce(bool) -> T + Send) -> Result<T, CalibrateError> {
    std::thread::scope(|scope| {
        // Unpinned where the system does not allow it: the spread will tell.
        let run = || work(pin_to_last_core());
        scope.spawn(run).join().map_err(|_| CalibrateError::Thread("it panicked".into()))
    })
}

/// Runs `work` on so many threads at once, each pinned to a core of its own, and gives what they return. Each is handed
/// its number.
pub(crate) fn on_cores<T: Send>(cores: u32, work: impl Fn(u32) -> T + Sync) -> Result<Vec<T>, CalibrateError> {
    let order = topology().order();
    let cpus: Vec<usize> = order.into_iter().cycle().take(cores as usize).collect();
    on_cpus(&cpus, |number| work(number as u32))
}

/// The same on CPUs that are named; where pinning is not allowed, threads go where the system puts them.
pub(crate) fn on_cpus<T: Send>(cpus: &[usize], work: impl Fn(usize) -> T + Sync) -> Result<Vec<T>, CalibrateError> {
    std::thread::scope(|scope| {
        let spawn = |(number, &cpu): (usize, &usize)| {
            let work = &work;
            scope.spawn(move || {
                pin_to(cpu);
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
