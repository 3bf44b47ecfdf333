//! How many threads work.

use rayon::ThreadPool;

use crate::failure::Failure;

/// How many threads: of all cores by default.
pub fn jobs(asked: Option<u16>) -> usize {
    asked.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
}

/// A pool of so many threads; of all cores by default.
///
/// # Errors
/// [`Failure`] if they cannot be started.
pub fn threads(jobs: Option<u16>) -> Result<ThreadPool, Failure> {
    let jobs = self::jobs(jobs);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
    pool.map_err(|error| Failure::new(format!("cannot start {jobs} threads: {error}")))
}
