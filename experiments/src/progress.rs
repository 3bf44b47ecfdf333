//! Threads, and a bar that shows how far they are.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::input::Failure;

/// How many threads: of all cores by default.
pub fn jobs(asked: Option<u16>) -> usize {
    asked.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
}

/// A pool of so many threads; of all cores by default.
///
/// # Errors
/// [`Failure`] if they cannot be started.
pub fn threads(jobs: Option<u16>) -> Result<rayon::ThreadPool, Failure> {
    let jobs = self::jobs(jobs);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
    pool.map_err(|error| Failure::new(format!("cannot start {jobs} threads: {error}")))
}

/// A bar on standard error, where that is a terminal.
pub fn bar(total: u64, what: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    // The template is constant but for a word; a wrong one would fall back to the default bar.
    if let Ok(style) = ProgressStyle::with_template(&format!("{{bar:40}} {{pos}}/{{len}} {what}, {{eta}} left")) {
        bar.set_style(style);
    }
    bar
}
