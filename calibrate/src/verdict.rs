//! How batches lie, and what is said of a whole calibration.

use crate::gate::Reason;
use crate::sample::{median, relative_spread};

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
}

/// Whether measured values can be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Everything that the gate looks at is within its limits.
    Trusted,
    /// Something is not.
    Noisy {
        /// What is beyond which limit, a phrase for each part that was disturbed.
        reasons: Vec<String>,
        /// What helps, each advice once.
        advice: Vec<&'static str>,
    },
}

impl Verdict {
    /// What the reasons of each part say, if there are any.
    pub fn of<'a>(parts: impl IntoIterator<Item = (&'a str, Vec<Reason>)>) -> Verdict {
        let (mut said, mut advice) = (Vec::new(), Vec::new());
        for (part, reasons) in parts.into_iter().filter(|(_, reasons)| !reasons.is_empty()) {
            let texts: Vec<&str> = reasons.iter().map(|reason| reason.text.as_str()).collect();
            said.push(format!("{part}: {}", texts.join("; ")));
            for reason in &reasons {
                if !advice.contains(&reason.advice) {
                    advice.push(reason.advice);
                }
            }
        }
        if said.is_empty() { Verdict::Trusted } else { Verdict::Noisy { reasons: said, advice } }
    }
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::gate::{self, Conditions};

    /// Uniform around 100, so much to either side.
    fn batches(noise: f64) -> Vec<f64> {
        let mut generator = ChaCha8Rng::seed_from_u64(3);
        let mut draw = || f64::from(generator.next_u32()) / f64::from(u32::MAX) * 2.0 - 1.0;
        (0..200).map(|_| 100.0 * (1.0 + noise * draw())).collect()
    }

    fn verdict(batches: &[f64]) -> Verdict {
        let Noise { spread, drift, outliers } = Noise::of(batches);
        let conditions =
            Conditions { spread: Some(spread), drift: Some(drift), outliers: Some(outliers), ..Conditions::default() };
        Verdict::of([("ciphers", gate::reasons(&conditions))])
    }

    fn reasons(batches: &[f64]) -> Vec<String> {
        match verdict(batches) {
            Verdict::Trusted => Vec::new(),
            Verdict::Noisy { reasons, advice } => {
                assert!(!advice.is_empty());
                reasons
            }
        }
    }

    #[test]
    fn clean_batches_are_trusted() {
        assert_eq!(verdict(&batches(0.02)), Verdict::Trusted);
        assert_eq!(verdict(&[100.0; 40]), Verdict::Trusted);
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
        assert!(disturbed.len() == 1 && disturbed[0].starts_with("ciphers: outliers are 20.0 %"), "{disturbed:?}");
    }

    #[test]
    fn each_part_is_said_once_and_each_advice_once() {
        let busy = Conditions { cpus: 2, online: 2, load: Some(12.0), others: Some(0.9), ..Conditions::default() };
        let verdict = Verdict::of(["ciphers", "scaling"].map(|part| (part, gate::reasons(&busy))));
        let Verdict::Noisy { reasons, advice } = verdict else { panic!("load 12 on 2 CPUs is trusted") };
        let said = "load 12.0 on 2 CPUs; other processes had 90.0 % (limit 10.0 %) of 2 CPUs";
        assert_eq!(reasons, [format!("ciphers: {said}"), format!("scaling: {said}")]);
        assert_eq!(advice.len(), 2);
    }

    #[test]
    fn nothing_measured_is_not_trusted() {
        assert!(!reasons(&[]).is_empty());
    }
}
