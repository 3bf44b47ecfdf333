//! Whether the numbers can be trusted: three kinds of noise, a threshold for each.

use crate::sample::{median, relative_spread};

/// Largest trusted median spread (median absolute deviation over median). A quiet core stays below 1 %; at 5 % the
/// median of 40 batches is still known to about 1.5 %, beyond it the fits follow the noise.
pub const TRUSTED_SPREAD: f64 = 0.05;
/// Largest trusted drift between the first and the second half of the batches. Goals for predictions are 10 %: a clock
/// or a neighbour that moves results by half of that while they are measured leaves no room for the model's own error.
pub const TRUSTED_DRIFT: f64 = 0.05;
/// Largest trusted share of outliers. Medians bear far more, but timer ticks and interrupts alone leave a few per cent:
/// at 15 % something else runs on the core.
pub const TRUSTED_OUTLIERS: f64 = 0.15;
/// Modified z-score beyond which a batch is an outlier (Iglewicz and Hoaglin, "How to detect and handle outliers",
/// 1993).
const OUTLIER_SCORE: f64 = 3.5;
/// Least standard deviation, relative, that the score is taken with: batches that all agree to a thousandth would make
/// outliers of those a hundredth off.
const LEAST_DEVIATION: f64 = 0.01;

/// How noisy a series of batches is; all three are shares, not per cent.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Noise {
    /// Median absolute deviation over median.
    pub spread: f64,
    /// Median of the second half over that of the first, less 1: positive if it became slower.
    pub drift: f64,
    /// Share of batches with a modified z-score above 3.5.
    pub outliers: f64,
}

impl Noise {
    /// The noise of batches in the order in which they were measured.
    pub fn of(batches: &[f64]) -> Noise {
        let centre = median(batches);
        let spread = relative_spread(batches);
        let (first, second) = batches.split_at(batches.len() / 2);
        // 0.6745: the median absolute deviation of a standard normal.
        let deviation = (spread / 0.6745).max(LEAST_DEVIATION);
        let outlying = batches.iter().filter(|&value| (value / centre - 1.0).abs() > OUTLIER_SCORE * deviation).count();
        Noise {
            spread,
            drift: if first.is_empty() { 0.0 } else { median(second) / median(first) - 1.0 },
            outliers: outlying as f64 / batches.len().max(1) as f64,
        }
    }

    /// What the thresholds say.
    pub fn verdict(&self) -> Verdict {
        let mut reasons = Vec::new();
        let mut advice = Vec::new();
        // Written so that a value that is no number is not trusted.
        let trusted = |value: f64, limit: f64| value.abs() <= limit;
        let percent = |value: f64| format!("{:.1} %", value * 100.0);
        if !trusted(self.spread, TRUSTED_SPREAD) {
            reasons.push(format!("batches spread by {} (limit {})", percent(self.spread), percent(TRUSTED_SPREAD)));
            advice.push("stop other programs, or pin them to other cores".to_owned());
        }
        if !trusted(self.drift, TRUSTED_DRIFT) {
            let way = if self.drift > 0.0 { "slower" } else { "faster" };
            reasons.push(format!(
                "the second half was {} {way} than the first (limit {})",
                percent(self.drift.abs()),
                percent(TRUSTED_DRIFT)
            ));
            advice
                .push("fix the clock (governor `performance`, no turbo), let the host cool, measure again".to_owned());
        }
        if !trusted(self.outliers, TRUSTED_OUTLIERS) {
            reasons.push(format!(
                "{} of the batches are outliers (limit {})",
                percent(self.outliers),
                percent(TRUSTED_OUTLIERS)
            ));
            advice.push(
                "move interrupts away from the core; in a virtual machine, use one with cores of its own".to_owned(),
            );
        }
        if reasons.is_empty() { Verdict::Trusted } else { Verdict::Noisy { reasons, advice } }
    }
}

/// Whether measured values can be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All three kinds of noise are within their thresholds.
    Trusted,
    /// At least one is not.
    Noisy {
        /// What is beyond which threshold, a sentence each.
        reasons: Vec<String>,
        /// What helps, in the same order.
        advice: Vec<String>,
    },
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Uniform around 100, so much to either side.
    fn batches(noise: f64) -> Vec<f64> {
        let mut generator = ChaCha8Rng::seed_from_u64(3);
        let mut draw = || f64::from(generator.next_u32()) / f64::from(u32::MAX) * 2.0 - 1.0;
        (0..200).map(|_| 100.0 * (1.0 + noise * draw())).collect()
    }

    fn reasons(batches: &[f64]) -> Vec<String> {
        match Noise::of(batches).verdict() {
            Verdict::Trusted => Vec::new(),
            Verdict::Noisy { reasons, advice } => {
                assert_eq!(reasons.len(), advice.len());
                reasons
            }
        }
    }

    #[test]
    fn clean_batches_are_trusted() {
        assert_eq!(Noise::of(&batches(0.02)).verdict(), Verdict::Trusted);
        assert_eq!(Noise::of(&[100.0; 40]).verdict(), Verdict::Trusted);
    }

    #[test]
    fn each_kind_of_noise_is_named() {
        let wide = reasons(&batches(0.4));
        assert!(wide[0].contains("spread"), "{wide:?}");
        let mut drifting = batches(0.02);
        drifting[100..].iter_mut().for_each(|value| *value *= 1.08);
        assert!(reasons(&drifting).iter().any(|reason| reason.contains("slower")));
        drifting[100..].iter_mut().for_each(|value| *value *= 0.8);
        assert!(reasons(&drifting).iter().any(|reason| reason.contains("faster")));
        let mut disturbed = batches(0.01);
        disturbed.iter_mut().step_by(5).for_each(|value| *value *= 1.5);
        let disturbed = reasons(&disturbed);
        assert!(disturbed.len() == 1 && disturbed[0].starts_with("20.0 % of the batches"), "{disturbed:?}");
    }

    #[test]
    fn nothing_measured_is_not_trusted() {
        assert!(!reasons(&[]).is_empty());
    }
}
