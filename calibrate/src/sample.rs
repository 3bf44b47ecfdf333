//! Short batches, many of them: medians and spread.

use std::hint::black_box;

use crate::clock::seconds;

/// Least length of a batch: long beside the clock's resolution, short beside a scheduler's tick.
const BATCH_SECONDS: f64 = 25e-6;

/// One operation under measurement: seconds per call of every batch so far.
pub struct Sampled<'a> {
    work: Box<dyn FnMut() + 'a>,
    calls: u32,
    seconds: Vec<f64>,
}

impl<'a> Sampled<'a> {
    /// Warms the operation up and finds how many calls make a batch.
    pub fn new(work: impl FnMut() + 'a) -> Self {
        let mut work: Box<dyn FnMut() + 'a> = Box::new(work);
        let mut calls = 1;
        // The shortest of three: one interruption must not leave batches of a few calls, which the clock dominates.
        while calls < 1 << 20 && (0..3).map(|_| batch(&mut work, calls)).fold(f64::INFINITY, f64::min) < BATCH_SECONDS {
            calls *= 2;
        }
        Sampled { work, calls, seconds: Vec::new() }
    }

    /// Measures one more batch.
    pub fn measure(&mut self) {
        let seconds = batch(&mut self.work, self.calls);
        self.seconds.push(seconds / f64::from(self.calls));
    }

    /// Seconds per call, one value a batch.
    pub fn seconds(&self) -> &[f64] {
        &self.seconds
    }
}

fn batch(work: &mut dyn FnMut(), calls: u32) -> f64 {
    seconds(|| {
        for _ in 0..calls {
            black_box(&mut *work)();
        }
    })
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
    fn a_slow_first_call_does_not_shorten_batches() {
        let mut first = true;
        let sampled = Sampled::new(move || {
            if std::mem::take(&mut first) {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            black_box(0u64);
        });
        assert!(sampled.calls > 100, "{}", sampled.calls);
    }

    #[test]
    fn one_outlier_moves_neither_median_nor_spread() {
        assert_eq!(median(&[1.0, 2.0, 3.0, 4.0]), 2.5);
        let values = [10.0, 10.0, 11.0, 9.0, 1000.0];
        assert_eq!(median(&values), 10.0);
        assert_eq!(relative_spread(&values), 0.1);
    }
}
