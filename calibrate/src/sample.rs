//! Short batches, many of them: medians and spread.

use std::hint::black_box;
use std::sync::OnceLock;

use crate::clock::seconds;

/// Least length of a batch of the quick calibration: long beside the clock's resolution, short beside a scheduler's
/// tick.
pub const BATCH_SECONDS: f64 = 25e-6;

/// What is measured: one or more operations, with what has to be done before them outside the measured time.
pub trait Work {
    /// Readies the next [`Work::run`]. `false` if there is nothing to ready, so that runs need not be timed one by one.
    fn prepare(&mut self) -> bool {
        false
    }
    /// Does the operations.
    fn run(&mut self);
    /// Operations of one run.
    fn operations(&self) -> u32 {
        1
    }
}

impl<F: FnMut()> Work for F {
    fn run(&mut self) {
        self();
    }
}

/// One operation under measurement: seconds per call of every batch so far.
pub struct Sampled<'a> {
    work: Box<dyn Work + 'a>,
    runs: u32,
    seconds: Vec<f64>,
}

impl<'a> Sampled<'a> {
    /// Warms the operation up and finds how many calls make a batch of [`BATCH_SECONDS`].
    pub fn new(work: impl Work + 'a) -> Self {
        Sampled::with_batch(work, BATCH_SECONDS)
    }

    /// The same with batches of another length in seconds.
    pub fn with_batch(work: impl Work + 'a, length: f64) -> Self {
        let mut work: Box<dyn Work + 'a> = Box::new(work);
        let mut runs = 1;
        // The shortest of three: one interruption must not leave batches of a few calls, which the clock dominates.
        while runs < 1 << 20 && (0..3).map(|_| batch(&mut *work, runs)).fold(f64::INFINITY, f64::min) < length {
            runs *= 2;
        }
        Sampled { work, runs, seconds: Vec::new() }
    }

    /// Measures one more batch.
    pub fn measure(&mut self) {
        let seconds = batch(&mut *self.work, self.runs);
        self.seconds.push(seconds / f64::from(self.runs * self.work.operations()));
    }

    /// Seconds per call, one value a batch.
    pub fn seconds(&self) -> &[f64] {
        &self.seconds
    }
}

/// Seconds of so many runs. Runs that must be readied are timed one by one, less what reading the clock takes.
fn batch(work: &mut dyn Work, runs: u32) -> f64 {
    if !work.prepare() {
        return seconds(|| (0..runs).for_each(|_| black_box(&mut *work).run()));
    }
    let mut total = 0.0;
    for run in 0..runs {
        if run > 0 {
            work.prepare();
        }
        total += timed(|| black_box(&mut *work).run());
    }
    total
}

/// Seconds that `work` takes, less what reading the clock twice takes: for work of a few microseconds.
pub fn timed(work: impl FnOnce()) -> f64 {
    static CLOCK: OnceLock<f64> = OnceLock::new();
    let clock = CLOCK.get_or_init(|| median(&(0..1001).map(|_| seconds(|| ())).collect::<Vec<_>>()));
    (seconds(work) - clock).max(0.0)
}

/// The median; NaN of nothing.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0,
    }
}

/// The 95 % interval of the median, whatever the distribution: order statistics (David and Nagaraja, "Order
/// statistics", 2003, section 7.1) with the normal approximation of the binomial. The extremes of fewer than nine.
pub fn median_interval(values: &[f64]) -> (f64, f64) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let low = ((n - 1.96 * n.sqrt()) / 2.0).max(0.0) as usize;
    let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
    (at(low), at(sorted.len().saturating_sub(1 + low)))
}

/// The value that nine tenths lie within, by magnitude; 0 of nothing.
pub fn nine_tenths(mut values: Vec<f64>) -> f64 {
    values.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    values.get((values.len() * 9).div_ceil(10).saturating_sub(1)).copied().unwrap_or(0.0)
}

/// Median absolute deviation over the median: 0 for a quiet host.
pub fn relative_spread(values: &[f64]) -> f64 {
    let centre = median(values);
    let deviations: Vec<f64> = values.iter().map(|value| (value - centre).abs()).collect();
    median(&deviations) / centre
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_series_of_many_does_not_make_a_drift_and_all_of_them_do() {
        let mut drifts = vec![0.01; 49];
        drifts.push(-0.18);
        assert_eq!(nine_tenths(drifts.clone()), 0.01);
        drifts.iter_mut().step_by(5).for_each(|drift| *drift = -0.07);
        assert_eq!(nine_tenths(drifts), -0.07);
        assert_eq!(nine_tenths(vec![0.2]), 0.2);
    }

    #[test]
    fn a_slow_first_call_does_not_shorten_batches() {
        let mut first = true;
        let sampled = Sampled::new(move || {
            if std::mem::take(&mut first) {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            black_box(0u64);
        });
        assert!(sampled.runs > 100, "{}", sampled.runs);
    }

    #[test]
    fn what_is_readied_is_not_timed() {
        struct Slow(u32);
        impl Work for Slow {
            fn prepare(&mut self) -> bool {
                std::thread::sleep(std::time::Duration::from_micros(50));
                self.0 += 1;
                true
            }
            fn run(&mut self) {
                assert!(std::mem::take(&mut self.0) == 1, "each run is readied once");
                (0..1000u64).for_each(|i| assert!(black_box(i) < 1000));
            }
        }
        let mut sampled = Sampled::with_batch(Slow(0), 2e-6);
        (0..3).for_each(|_| sampled.measure());
        assert!(sampled.runs > 1, "one preparation alone would fill a batch");
    }

    #[test]
    fn the_median_of_nine_lies_between_second_and_eighth() {
        let values = [13.0, 10.0, 11.0, 12.0, 14.0, 15.0, 16.0, 100.0, 1.0];
        assert_eq!(median_interval(&values), (10.0, 16.0));
        assert_eq!(median_interval(&[2.0, 1.0]), (1.0, 2.0));
        assert!(median_interval(&[]).0.is_nan());
    }

    #[test]
    fn one_outlier_moves_neither_median_nor_spread() {
        assert_eq!(median(&[1.0, 2.0, 3.0, 4.0]), 2.5);
        let values = [10.0, 10.0, 11.0, 9.0, 1000.0];
        assert_eq!(median(&values), 10.0);
        assert_eq!(relative_spread(&values), 0.1);
    }
}
