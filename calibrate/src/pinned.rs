//! Threads that stay on their cores.

use crate::CalibrateError;

/// Pins the calling thread to the last core that the process may use; whether that was allowed.
pub fn pin_to_last_core() -> bool {
    let last = core_affinity::get_core_ids().and_then(|cores| cores.last().copied());
    last.is_some_and(core_affinity::set_for_current)
}

/// Runs `work` on a new thread, pinned to the last core that the process may use: the first ones serve most interrupts.
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
    let ids = core_affinity::get_core_ids().unwrap_or_default();
    std::thread::scope(|scope| {
        let spawn = |number: u32| {
            let (work, id) = (&work, ids.get(number as usize).copied());
            scope.spawn(move || {
                id.map(core_affinity::set_for_current);
                work(number)
            })
        };
        let threads: Vec<_> = (0..cores).map(spawn).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| CalibrateError::Thread("it panicked".into())))
            .collect()
    })
}
