//! Progress on a terminal; elsewhere a line a minute.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::campaign::Campaign;
use crate::notice::say;
use crate::store::journal::Finished;

/// How often a line is written where there is no terminal: a log is not to be filled.
const LINE: Duration = Duration::from_secs(60);

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
    lines: Lines,
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
        Progress { bar, started: Instant::now(), all, done: Mutex::new(0.0), lines: Lines::default() }
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
        if !self.lines.is_due(&self.bar, now) {
            return None;
        }
        let done = *self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let (runs, of) = (self.bar.position(), self.bar.length().unwrap_or_default());
        Some(format!("espsim: {runs}/{of} runs{}", self.rate(done)))
    }

    /// Takes it off the terminal.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// When the last line was written where there is no terminal; the start, if none was.
struct Lines(Mutex<Instant>);

impl Default for Lines {
    fn default() -> Self {
        Lines(Mutex::new(Instant::now()))
    }
}

impl Lines {
    /// Whether a line is to be written at `now`; then it counts as written.
    fn is_due(&self, bar: &ProgressBar, now: Instant) -> bool {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = bar.is_hidden() && now.saturating_duration_since(*said) >= LINE;
        if is_due {
            *said = now;
        }
        is_due
    }
}

/// What a question has done that nobody knows the simulations of beforehand: steps of which it knows, each of some.
pub struct Steps {
    bar: ProgressBar,
    simulated: AtomicU64,
    lines: Lines,
}

impl Default for Steps {
    fn default() -> Self {
        let bar = styled(0, "{bar:40} {pos}/{len} {prefix}, {eta} left");
        Steps { bar, simulated: AtomicU64::new(0), lines: Lines::default() }
    }
}

impl Steps {
    /// So many steps, of which there were none yet.
    pub fn begin(&self, number: u64, what: &'static str) -> Under<'_> {
        self.bar.reset();
        self.bar.set_length(number);
        self.bar.set_prefix(what);
        Under(self)
    }

    /// A simulation has ended.
    pub fn simulated(&self) {
        self.simulated.fetch_add(1, Ordering::Relaxed);
        if let Some(line) = self.line(Instant::now()) {
            say(&line);
        }
    }

    fn line(&self, now: Instant) -> Option<String> {
        self.lines.is_due(&self.bar, now).then(|| {
            let (done, of) = (self.bar.position(), self.bar.length().unwrap_or_default());
            let simulated = self.simulated.load(Ordering::Relaxed);
            format!("espsim: {done}/{of} {}, {simulated} simulations", self.bar.prefix())
        })
    }
}

/// Steps under way, which are on the terminal until this is dropped.
pub struct Under<'a>(&'a Steps);

impl Under<'_> {
    /// A step has been done.
    pub fn step(&self) {
        self.0.bar.inc(1);
    }
}

impl Drop for Under<'_> {
    fn drop(&mut self) {
        self.0.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_a_question_have_a_line_a_minute_too() {
        let steps = Steps { bar: ProgressBar::hidden(), ..Steps::default() };
        let started = *steps.lines.0.lock().unwrap();
        let under = steps.begin(11, "families");
        under.step();
        (0..3).for_each(|_| steps.simulated());
        let at = |seconds: u64| steps.line(started + Duration::from_secs(seconds));
        assert_eq!((at(59), at(61)), (None, Some("espsim: 1/11 families, 3 simulations".into())));
        assert_eq!((0..120).filter_map(at).count(), 0);
        assert!(at(121).is_some());
    }

    #[test]
    fn without_a_terminal_there_is_a_line_a_minute() {
        let started = Instant::now();
        let bar = ProgressBar::hidden();
        bar.set_length(10);
        let lines = Lines(Mutex::new(started));
        let progress = Progress { bar, started, all: 10.0, done: Mutex::new(0.0), lines };
        let at = |seconds: u64| progress.line(started + Duration::from_secs(seconds));
        assert_eq!(at(59), None);
        assert_eq!(at(60).as_deref(), Some("espsim: 0/10 runs"));
        progress.add(1.0);
        let lines: Vec<String> = (61..=240).filter_map(at).collect();
        assert!(lines.len() == 3 && lines[0].starts_with("espsim: 1/10 runs, "), "{lines:?}");
    }
}
