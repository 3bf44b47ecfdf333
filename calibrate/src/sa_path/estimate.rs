//! Values with 95 % intervals.

use espsim_model::profile::Estimate;
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::sample::{median, median_interval};

/// The median over rounds with its 95 % interval.
pub(super) fn of_rounds(rounds: &[f64]) -> Estimate {
    let (low, high) = median_interval(rounds);
    Estimate { value: median(rounds), low: Some(low), high: Some(high), n: Some(rounds.len() as u32) }
}

/// The mean over passes, of which there are few, with its 95 % interval by Student's t; none of one pass.
pub(super) fn of_passes(passes: &[f64]) -> Estimate {
    let n = passes.len() as f64;
    let mean = passes.iter().sum::<f64>() / n;
    let variance = passes.iter().map(|pass| (pass - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let half = StudentsT::new(0.0, 1.0, n - 1.0).ok().map(|t| t.inverse_cdf(0.975) * (variance / n).sqrt());
    Estimate {
        value: mean,
        low: half.map(|half| mean - half),
        high: half.map(|half| mean + half),
        n: Some(passes.len() as u32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_passes_have_the_interval_of_students_t() {
        let estimate = of_passes(&[10.0, 12.0, 14.0]);
        // t(2) = 4.3027, standard deviation 2.
        let half = 4.302_653 * 2.0 / 3f64.sqrt();
        assert_eq!((estimate.value, estimate.n), (12.0, Some(3)));
        assert!((estimate.high.unwrap() - 12.0 - half).abs() < 1e-4, "{estimate:?}");
        assert_eq!(of_passes(&[5.0]).low, None);
    }
}
