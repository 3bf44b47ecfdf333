//! Whether wide vector instructions lower the core's clock, as they do where their power would not hold at the full one
//! (Intel's AVX frequency licences).

use espsim_model::preset::Evidence;
use espsim_model::profile::{Estimate, Profile};

use super::{ROUNDS, Work};
use crate::CalibrateError;
use crate::clock::dependent_additions;
use crate::pinned::on_cpus;
use crate::sample::{median, median_interval, timed};

/// Sealings before each look at the clock: some milliseconds, in which a licence is asked for and granted.
const SEALINGS: u32 = 8000;
/// Additions of one look, about 17 us: the core takes a licence back after some 600 us only (Intel's optimisation manual,
/// 2.5.3).
const ADDITIONS: u64 = 64_000;
/// Looks in a round, of which the fastest counts.
const LOOKS: u32 = 5;
/// Frequencies that differ by less are one.
const LOWER: f64 = 0.98;

/// The core's frequency right after sealing over that after plain instructions of the same length. `None` without a cipher.
pub(super) fn frequency(work: Work, cpu: usize) -> Result<Option<Estimate>, CalibrateError> {
    let ratios = on_cpus(&[cpu], |_| {
        let (mut sealing, mut plain) = (work.operation()?, Work::Plain.operation()?);
        let look = |before: &mut dyn FnMut()| {
            (0..SEALINGS / LOOKS).for_each(|_| before());
            timed(|| dependent_additions(ADDITIONS))
        };
        let fastest = |before: &mut dyn FnMut()| (0..LOOKS).map(|_| look(before)).fold(f64::INFINITY, f64::min);
        Some((0..ROUNDS).map(|_| fastest(&mut plain) / fastest(&mut sealing)).collect::<Vec<f64>>())
    })?;
    Ok(ratios.into_iter().flatten().next().map(|ratios| {
        let (low, high) = median_interval(&ratios);
        Estimate { value: median(&ratios), low: Some(low), high: Some(high), n: Some(ratios.len() as u32) }
    }))
}

/// Whether the clock is lower, and not only by chance.
pub(super) fn is_lower(ratio: &Estimate) -> bool {
    ratio.value < LOWER && ratio.high.is_some_and(|high| high < 1.0)
}

/// Costs that were measured, in cycles of a clock that is lower by so much.
pub(super) fn restate(profile: &mut Profile, ratio: f64) {
    let measured: Vec<bool> =
        profile.aead.iter().map(|cost| profile.evidence(&cost.key()) == Evidence::Measured).collect();
    for (cost, _) in profile.aead.iter_mut().zip(measured).filter(|(_, is_measured)| *is_measured) {
        for coefficient in cost.curve.coefficients_mut() {
            coefficient.value *= ratio;
            coefficient.low = coefficient.low.map(|low| low * ratio);
            coefficient.high = coefficient.high.map(|high| high * ratio);
        }
        cost.residuals.iter_mut().for_each(|(_, cycles)| *cycles *= ratio);
    }
}

#[cfg(test)]
mod tests {
    use espsim_model::preset;
    use espsim_model::profile::Algorithm;
    use espsim_model::units::Bytes;

    use super::*;
    use crate::aead::BACKENDS;

    fn ratio(value: f64, high: f64) -> Estimate {
        Estimate { value, low: Some(value - 0.01), high: Some(high), n: Some(9) }
    }

    #[test]
    fn chance_is_no_licence() {
        assert!(is_lower(&ratio(0.85, 0.86)));
        assert!(!is_lower(&ratio(0.995, 0.999)) && !is_lower(&ratio(0.9, 1.01)));
    }

    #[test]
    fn times_stay_what_they_were() {
        let mut profile = preset::profile("zen4").unwrap().unwrap();
        let keys: Vec<String> = profile.aead.iter().map(|cost| cost.key()).collect();
        profile.sources.extend(keys.into_iter().map(|key| (key, "measured: here".to_owned())));
        let cipher = Some(Algorithm::Aes128Gcm);
        let time =
            |profile: &Profile| (profile.aead[0].cycles(Bytes::new(1400)) / profile.host.clock(1, cipher)).as_ns();
        let before = time(&profile);
        profile.host.avx_frequency = Some(profile.host.frequency.scale(0.8));
        restate(&mut profile, 0.8);
        assert!((time(&profile) / before - 1.0).abs() < 1e-3, "{before}");
    }

    #[test]
    fn this_core_has_a_ratio() {
        let cpu = *crate::host::usable_cpus().last().unwrap();
        let work = Work::Cipher(Algorithm::Aes128Gcm, &BACKENDS[0]);
        let ratio = frequency(work, cpu).unwrap().unwrap();
        assert!(ratio.value > 0.3 && ratio.value < 3.0, "{ratio:?}");
    }
}
