//! Progress on a terminal; nothing in a pipe.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::campaign::Campaign;
use crate::store::journal::Finished;

/// A bar on standard error, where that is a terminal.
pub fn bar(total: u64, what: &str) -> ProgressBar {
    styled(total, &format!("{{bar:40}} {{pos}}/{{len}} {what}, {{eta}} left"))
}

fn styled(total: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    // Templates are constant but for a word; a wrong one would fall back to the default bar.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// Runs of a sweep done, their rate, and the time left by what the runs that are left are expected to cost.
pub struct Progress {
    bar: ProgressBar,
    started: Instant,
    /// Cost of what was missing at the start.
    all: f64,
    done: Mutex<f64>,
}

impl Progress {
    /// Of what is missing of these points.
    pub fn new(campaign: &Campaign<'_>, points: &[u32], finished: &Finished) -> Self {
        let (mut runs, mut all) = (0, 0.0);
        for &point in points {
            let (done, of) = campaign.count(finished, &[point]);
            runs += of - done;
            all += (of - done) as f64 * campaign.cost(point as usize);
        }
        let bar = styled(runs as u64, "{bar:40} {pos}/{len} runs{msg}");
        Progress { bar, started: Instant::now(), all, done: Mutex::new(0.0) }
    }

    /// A run of this cost has ended.
    pub fn add(&self, cost: f64) {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        *done += cost;
        self.bar.inc(1);
        // Where it depends on what runs give how many there are, there may be more.
        if self.bar.length().is_some_and(|length| self.bar.position() > length) {
            self.bar.inc_length(1);
        }
        if !self.bar.is_hidden() && *done > 0.0 {
            let elapsed = self.started.elapsed();
            let rate = self.bar.position() as f64 / elapsed.as_secs_f64().max(1e-3);
            let left = elapsed.mul_f64((self.all / *done - 1.0).max(0.0));
            let digits = if rate < 10.0 { 1 } else { 0 };
            self.bar.set_message(format!(", {rate:.digits$}/s, {} left", HumanDuration(left)));
        }
    }

    /// Takes it off the terminal.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
