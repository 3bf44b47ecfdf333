//! Single values with intervals, from repetition.

use espsim_model::profile::{Estimate, Profile};
use espsim_model::units::{CyclesPerByte, Hertz};

use crate::clock::core_frequency;
use crate::gate::{Conditions, Watch};
use crate::memory::{checksum_seconds_per_byte, copy_seconds_per_byte};
use crate::pinned::on_last_core;
use crate::steady::{Steady, steadily};
use crate::{CalibrateError, sample};

/// Repetitions of each value: of nine, the second and the eighth bound the median with 96 % confidence.
const REPETITIONS: usize = 9;

/// Measures core frequency, copy and checksum several times on a pinned core, some tenths of a second in all, and puts
/// medians and intervals into the profile. What went on meanwhile is returned.
///
/// # Errors
/// [`CalibrateError`] if the clock is unusable or the thread dies.
pub fn repeat(profile: &mut Profile) -> Result<Conditions, CalibrateError> {
    let watch = Watch::start();
    let rounds = on_last_core(|_| {
        // Its first look lets the clock rise.
        let round = |_| {
            let frequency = core_frequency()?.get() as f64;
            steadily(|hertz| Ok([frequency, copy_seconds_per_byte() * hertz, checksum_seconds_per_byte() * hertz]))
        };
        (0..REPETITIONS).map(round).collect::<Result<Vec<Steady<[f64; 3]>>, CalibrateError>>()
    })??;
    let of = |i: usize| estimate(rounds.iter().map(|round| round.value[i]).collect());
    let (frequency, copy, checksum) = (of(0), of(1), of(2));
    let lower = profile.host.avx_frequency.map(|avx| avx.get() as f64 / profile.host.frequency.get() as f64);
    profile.host.frequency = Hertz::new((frequency.value / 1e3).round() as u64 * 1000);
    profile.host.avx_frequency = lower.map(|ratio| profile.host.frequency.scale(ratio));
    profile.memory.copy = CyclesPerByte(copy.value);
    profile.memory.checksum = CyclesPerByte(checksum.value);
    profile.intervals = [("host.frequency", frequency), ("memory.copy", copy), ("memory.checksum", checksum)]
        .map(|(key, estimate)| (key.to_owned(), estimate))
        .into();
    let change = rounds.iter().map(|round| round.change).fold(0.0, f64::max);
    Ok(Conditions { frequency: Some(change), ..watch.end() })
}

fn estimate(values: Vec<f64>) -> Estimate {
    let (low, high) = sample::median_interval(&values);
    Estimate { value: sample::median(&values), low: Some(low), high: Some(high), n: Some(values.len() as u32) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_outlier_on_either_side_leaves_the_interval() {
        let estimate = estimate(vec![10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 100.0, 1.0]);
        assert_eq!((estimate.value, estimate.low, estimate.high), (13.0, Some(10.0), Some(16.0)));
    }
}
