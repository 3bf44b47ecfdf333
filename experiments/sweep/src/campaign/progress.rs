//! Progress on a terminal; elsewhere a line a minute.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::campaign::Campaign;
use crate::store::journal::Finished;

/// How often a line is written where there is no terminal: a log is not to be filled.
const LINE: Duration = Duration::from_secs(60);

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
    /// When the last line was written where there is no terminal; the start, if none was.
    said: Mutex<Instant>,
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
        let started = Instant::now();
        Progress { bar, started, all, done: Mutex::new(0.0), said: Mutex::new(started) }
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
        if !self.bar.is_hidden() {
            self.bar.set_message(self.rate(*done));
        }
    }

    /// How fast runs end, and when the last of them will have.
    fn rate(&self, done: f64) -> String {
        if done <= 0.0 {
            return String::new();
        }
        let elapsed = self.started.elapsed();
        let rate = self.bar.position() as f64 / elapsed.as_secs_f64().max(1e-3);
        let left = elapsed.mul_f64((self.all / done - 1.0).max(0.0));
        let digits = if rate < 10.0 { 1 } else { 0 };
        format!(", {rate:.digits$}/s, {} left", HumanDuration(left))
    }

    /// The line of this minute, where there is no terminal and none has been written for a minute at `now`.
    pub fn line(&self, now: Instant) -> Option<String> {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.bar.is_hidden() || now.saturating_duration_since(*said) < LINE {
            return None;
        }
        *said = now;
        let done = *self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let (runs, of) = (self.bar.position(), self.bar.length().unwrap_or_default());
        Some(format!("espsim: {runs}/{of} runs{}", self.rate(done)))
    }

    /// Takes it off the terminal.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_terminal_there_is_a_line_a_minute() {
        let started = Instant::now();
        let bar = ProgressBar::hidden();
        bar.set_length(10);
        let progress = Progress { bar, started, all: 10.0, done: Mutex::new(0.0), said: Mutex::new(started) };
        let at = |seconds: u64| progress.line(started + Duration::from_secs(seconds));
        assert_eq!(at(59), None);
        assert_eq!(at(60).as_deref(), Some("espsim: 0/10 runs"));
        progress.add(1.0);
        let lines: Vec<String> = (61..=240).filter_map(at).collect();
        assert!(lines.len() == 3 && lines[0].starts_with("espsim: 1/10 runs, "), "{lines:?}");
    }
}
