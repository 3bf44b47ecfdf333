//! How much cores slow each other down: shared power, clock, execution units of hardware threads.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use espsim_model::profile::{Algorithm, Direction, Profile, Scaling};
use espsim_model::stack::Stack;
use espsim_model::units::Bytes;

use crate::aead::{Backend, TAG};
use crate::packets::seal;
use crate::pinned::on_cores;
use crate::sample::median;
use crate::{CalibrateError, aead, host};

/// How long all cores seal at once: longer than a clock governor takes to answer.
const SLICE: Duration = Duration::from_millis(100);
/// Rounds over all numbers of cores, so that a slow moment does not hit one number alone.
const ROUNDS: usize = 5;
/// Plaintext octets: a full-sized packet, which stays in the first-level cache.
const OCTETS: u64 = 1440;
/// Packets between two looks at the clock.
const BATCH: u64 = 64;

/// Seals with AES-128-GCM, the fastest implementation of those that were measured, on 1, 2, 4 and so on up to all cores
/// that the process may use. Rows ascend; the speed of a core is relative to that of one alone.
///
/// # Errors
/// [`CalibrateError::Thread`] if a thread dies or there is no implementation.
pub fn scaling(profile: &Profile, progress: &mut dyn FnMut(&str)) -> Result<Vec<Scaling>, CalibrateError> {
    let backend = fastest(profile).ok_or_else(|| CalibrateError::Thread("no AES-128-GCM to run".into()))?;
    let counts = counts(host::cores());
    let mut rates: Vec<Vec<f64>> = vec![Vec::new(); counts.len()];
    for _ in 0..ROUNDS {
        for (rates, &cores) in rates.iter_mut().zip(&counts) {
            progress(&format!("{} on {cores} cores at once", backend.name));
            rates.push(rate(backend, cores)?);
        }
    }
    let rates: Vec<f64> = rates.iter().map(|rates| median(rates)).collect();
    Ok(rows(&counts, &rates))
}

/// The fastest measured backend, or the first one that works.
fn fastest(profile: &Profile) -> Option<&'static Backend> {
    let named = |name: &str| aead::BACKENDS.iter().find(|backend| backend.name == name);
    profile
        .aead(Algorithm::Aes128Gcm, Direction::Seal, Bytes::new(OCTETS), Stack::Kernel)
        .and_then(|cost| named(&cost.backend))
        .into_iter()
        .chain(aead::BACKENDS)
        .find(|backend| backend.context(Algorithm::Aes128Gcm).is_ok())
}

/// Powers of two, and all.
fn counts(cores: u32) -> Vec<u32> {
    let powers = (0..32).map(|power| 1 << power).take_while(|&count| count < cores);
    powers.chain([cores.max(1)]).collect()
}

fn rows(counts: &[u32], rates: &[f64]) -> Vec<Scaling> {
    let alone = rates.first().copied().unwrap_or(1.0);
    // Thousandths, which is more than is known; the bounds are those that a profile takes.
    let speed = |rate: f64| ((rate / alone * 1e3).round() / 1e3).clamp(0.01, 2.0);
    counts.iter().zip(rates).map(|(&cores, &rate)| Scaling { cores, speed: speed(rate) }).collect()
}

/// Packets per second of a core, the mean over cores that all work at once.
fn rate(backend: &Backend, cores: u32) -> Result<f64, CalibrateError> {
    let start = Barrier::new(cores as usize);
    let one = |_| {
        let context = backend.context(Algorithm::Aes128Gcm).ok()?;
        let mut packet = vec![0; OCTETS as usize + TAG];
        let mut sequence = 0;
        start.wait();
        let begin = Instant::now();
        while begin.elapsed() < SLICE {
            for _ in 0..BATCH {
                sequence += 1;
                seal(&*context, TAG, sequence, &mut packet);
            }
        }
        Some(sequence as f64 / begin.elapsed().as_secs_f64())
    };
    let rates: Vec<f64> = on_cores(cores, one)?.into_iter().flatten().collect();
    Ok(rates.iter().sum::<f64>() / rates.len() as f64)
}

#[cfg(test)]
mod tests {
    use espsim_model::preset;

    use super::*;

    #[test]
    fn numbers_of_cores_ascend_to_all() {
        assert_eq!(counts(1), [1]);
        assert_eq!(counts(2), [1, 2]);
        assert_eq!(counts(12), [1, 2, 4, 8, 12]);
        assert_eq!(counts(16), [1, 2, 4, 8, 16]);
    }

    #[test]
    fn rows_are_relative_to_one_core() {
        let rows = rows(&[1, 2, 4], &[4e6, 3e6, 1e6]);
        assert_eq!(rows.iter().map(|row| (row.cores, row.speed)).collect::<Vec<_>>(), [(1, 1.0), (2, 0.75), (4, 0.25)]);
    }

    #[test]
    fn a_profile_takes_what_is_measured() {
        let mut profile = preset::profile("zen4").unwrap().unwrap();
        profile.host.scaling = scaling(&profile, &mut |_| {}).unwrap();
        assert_eq!(profile.host.scaling[0], Scaling { cores: 1, speed: 1.0 });
        assert!(profile.host.scaling.windows(2).all(|pair| pair[0].cores < pair[1].cores));
        assert!(Profile::from_toml(&profile.to_toml().unwrap()).is_ok());
    }
}
