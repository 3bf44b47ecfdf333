//! Steady-state estimation: warm-up cut by MSER-5, rate from batches with a 95 % interval.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Observations averaged before the MSER statistic is taken.
const MSER_GROUP: usize = 5;

/// An estimate of a rate over batches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateEstimate {
    /// Amount per second.
    pub per_second: f64,
    /// Half-width of the 95 % confidence interval; `None` from fewer than two batches.
    pub half_width: Option<f64>,
    /// Batches behind the estimate.
    pub batches: usize,
}

/// The number of leading observations to drop by MSER-5 (White, Cobb and Spratt, "A comparison of five steady-state
/// truncation heuristics for simulation", WSC 2000): of the means of groups of five, the cut `d` that minimises
/// `sum (z_i - mean)^2 / (n - d)^2` over the rest. `None` if the best cut lies in the second half, which says that the
/// series is too short to tell.
pub fn mser5(observations: &[f64]) -> Option<usize> {
    let groups: Vec<f64> =
        observations.chunks_exact(MSER_GROUP).map(|g| g.iter().sum::<f64>() / MSER_GROUP as f64).collect();
    if groups.len() < 4 {
        return None;
    }
    // From the end, so that sums over the rest grow by one term a step.
    let (mut sum, mut squares) = (0.0, 0.0);
    let mut best = (f64::INFINITY, 0);
    let offset = groups[groups.len() - 1];
    for (d, z) in groups.iter().enumerate().rev() {
        // Shifted by one observation: plain squares would cancel.
        let z = z - offset;
        sum += z;
        squares += z * z;
        let n = (groups.len() - d) as f64;
        // The last groups alone always look steady.
        if n < 4.0 {
            continue;
        }
        let statistic = (squares - sum * sum / n).max(0.0) / (n * n);
        if statistic <= best.0 {
            best = (statistic, d);
        }
    }
    (best.1 <= groups.len() / 2).then_some(best.1 * MSER_GROUP)
}

/// The ratio estimate of a rate from batches of (amount, seconds): total amount over total time, with the interval of
/// the ratio estimator (delta method) at Student's t with `batches - 1` degrees of freedom. `None` without time.
pub fn rate(batches: &[(f64, f64)]) -> Option<RateEstimate> {
    let amount: f64 = batches.iter().map(|b| b.0).sum();
    let seconds: f64 = batches.iter().map(|b| b.1).sum();
    if seconds <= 0.0 {
        return None;
    }
    let ratio = amount / seconds;
    let n = batches.len();
    let half_width = (n >= 2).then(|| {
        let squares: f64 = batches.iter().map(|(amount, seconds)| (amount - ratio * seconds).powi(2)).sum();
        let standard_error = (squares / (n - 1) as f64 / n as f64).sqrt() / (seconds / n as f64);
        standard_error * t_95(n - 1)
    });
    Some(RateEstimate { per_second: ratio, half_width, batches: n })
}

/// Joins neighbouring batches until at most `most` are left, so that what one batch leaves to the next (correlation)
/// becomes small beside its length.
pub fn coarsen(batches: &[(f64, f64)], most: usize) -> Vec<(f64, f64)> {
    let group = batches.len().div_ceil(most.max(1)).max(1);
    batches.chunks_exact(group).map(|g| g.iter().fold((0.0, 0.0), |sum, b| (sum.0 + b.0, sum.1 + b.1))).collect()
}

/// Quantile 0.975 of Student's t.
pub fn t_95(degrees_of_freedom: usize) -> f64 {
    StudentsT::new(0.0, 1.0, degrees_of_freedom.max(1) as f64).map_or(f64::INFINITY, |t| t.inverse_cdf(0.975))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mser5_cuts_a_transient_and_nothing_else() {
        let noise = |i: usize| ((i * 7919) % 101) as f64 / 101.0 - 0.5;
        let steady: Vec<f64> = (0..400).map(|i| 10.0 + noise(i)).collect();
        let cut = mser5(&steady).unwrap();
        assert!(cut <= 100, "{cut}");
        let warming: Vec<f64> = (0..400).map(|i| if i < 50 { i as f64 / 5.0 } else { 10.0 } + noise(i)).collect();
        let cut = mser5(&warming).unwrap();
        assert!((45..=100).contains(&cut), "{cut}");
        let rising: Vec<f64> = (0..400).map(|i| i as f64).collect();
        assert_eq!(mser5(&rising), None);
    }

    #[test]
    fn a_constant_rate_has_no_width() {
        let estimate = rate(&[(10.0, 2.0); 5]).unwrap();
        assert_eq!(estimate.per_second, 5.0);
        assert_eq!(estimate.half_width, Some(0.0));
        assert_eq!(rate(&[(10.0, 2.0)]).unwrap().half_width, None);
    }

    #[test]
    fn the_interval_is_students() {
        // Unit times: the ratio is the mean; s = 1, n = 4, t(3) = 3.182.
        let estimate = rate(&[(9.0, 1.0), (11.0, 1.0), (9.0, 1.0), (11.0, 1.0)]).unwrap();
        assert_eq!(estimate.per_second, 10.0);
        assert!((estimate.half_width.unwrap() - 3.182 * (4.0f64 / 3.0).sqrt() / 2.0).abs() < 1e-3);
    }
}
