//! Profiles as uncertain as their intervals say.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::profile::{Estimate, Profile};
use crate::units::{BitRate, Cycles, CyclesPerByte, Hertz};

/// Half of a 95 % interval of a normal distribution, in standard deviations.
const HALF_95: f64 = 1.959_964;
/// The share of a value that a draw leaves at least: a cost cannot vanish, whatever its interval.
const LEAST: f64 = 0.05;

/// The most that a core is faster while others are busy: what a measurement of its speed may be off.
const FASTEST: f64 = 1.05;

/// `n` profiles drawn from the intervals of one: each value that has an interval from a normal distribution of that
/// interval, independently of the others; each that has none as it is. The same seed gives the same profiles.
///
/// Coefficients of one fit are correlated, mostly against each other, so that independent draws are on the wide side.
pub fn draw(profile: &Profile, n: u32, seed: u64) -> Vec<Profile> {
    (0..n)
        .map(|i| {
            let mut generator = ChaCha8Rng::seed_from_u64(seed);
            generator.set_stream(u64::from(i));
            one(profile, &mut generator)
        })
        .collect()
}

fn one(profile: &Profile, generator: &mut ChaCha8Rng) -> Profile {
    let mut drawn = profile.clone();
    for cost in &mut drawn.aead {
        for coefficient in cost.curve.coefficients_mut() {
            coefficient.value = vary(coefficient, generator);
        }
    }
    for (key, interval) in &profile.intervals {
        // A frequency, or a cost that is no difference: none is below zero, though its interval may begin there.
        let value = vary(interval, generator).max(0.0);
        if let Some(place) = Scalar::of(&mut drawn, key) {
            place.set(value);
        }
    }
    // Last, so that profiles from before they had intervals give the draws that they gave.
    for row in
        (drawn.host.scaling.iter_mut()).chain(&mut drawn.host.scaling_chacha).chain(&mut drawn.host.scaling_stack)
    {
        let speed = Estimate { value: row.speed, low: row.low, high: row.high, n: None };
        row.speed = vary(&speed, generator).clamp(LEAST, FASTEST);
    }
    if let Some(beyond) = &mut drawn.host.scaling_beyond {
        beyond.value = vary(beyond, generator).clamp(LEAST, 1.0);
    }
    drawn
}

/// A draw from an estimate; a cost stays on its side of zero.
fn vary(estimate: &Estimate, generator: &mut ChaCha8Rng) -> f64 {
    // Drawn in any case, so that one value's interval does not move the draws of the others.
    let normal: f64 = StandardNormal.sample(generator);
    let (Some(low), Some(high)) = (estimate.low, estimate.high) else { return estimate.value };
    let drawn = estimate.value + normal * (high - low) / (2.0 * HALF_95);
    if estimate.value > 0.0 { drawn.max(LEAST * estimate.value) } else { drawn }
}

/// A value of a profile that `intervals` may name.
enum Scalar<'a> {
    Hertz(&'a mut Hertz),
    Cycles(&'a mut Cycles),
    PerByte(&'a mut CyclesPerByte),
    BitRate(&'a mut BitRate),
}

impl<'a> Scalar<'a> {
    fn of(profile: &'a mut Profile, key: &str) -> Option<Self> {
        Some(match key {
            "host.frequency" => Scalar::Hertz(&mut profile.host.frequency),
            "memory.copy" => Scalar::PerByte(&mut profile.memory.copy),
            "memory.checksum" => Scalar::PerByte(&mut profile.memory.checksum),
            "memory.bandwidth" => Scalar::BitRate(&mut profile.memory.bandwidth),
            _ => return profile.stack_cost_mut(key).map(Scalar::Cycles),
        })
    }

    fn get(&self) -> f64 {
        match self {
            Scalar::Hertz(place) => place.get() as f64,
            Scalar::Cycles(place) => place.0,
            Scalar::PerByte(place) => place.0,
            Scalar::BitRate(place) => place.as_bps() as f64,
        }
    }

    fn set(self, value: f64) {
        match self {
            Scalar::Hertz(place) => *place = Hertz::new(value as u64),
            Scalar::Cycles(place) => *place = Cycles(value),
            Scalar::PerByte(place) => *place = CyclesPerByte(value),
            Scalar::BitRate(place) => *place = BitRate::from_bps(value as u64),
        }
    }
}

/// Where nothing is known of a value's uncertainty, it is moved by this share.
pub const ASSUMED: f64 = 0.2;

/// A value of a profile that is one number, in the unit of the profile (Hz, cycles, cycles per octet), with its interval
/// where it has one; `None` for a key that is none of such a value.
pub fn estimate(profile: &Profile, key: &str) -> Option<Estimate> {
    if let Some(estimate) = coefficient(&mut profile.clone(), key) {
        return Some(*estimate);
    }
    let value = Scalar::of(&mut profile.clone(), key)?.get();
    let interval = profile.intervals.get(key).copied();
    Some(Estimate { value, ..interval.unwrap_or(Estimate::exact(value)) })
}

/// The same profile with such a value moved. Where wide vector instructions have a clock of their own, it moves with the
/// other.
pub fn moved(profile: &Profile, key: &str, value: f64) -> Option<Profile> {
    let mut changed = profile.clone();
    if let Some(estimate) = coefficient(&mut changed, key) {
        estimate.value = value;
        return Some(changed);
    }
    Scalar::of(&mut changed, key)?.set(value);
    let factor = changed.host.frequency.get() as f64 / profile.host.frequency.get() as f64;
    if factor != 1.0 {
        changed.host.avx_frequency = changed.host.avx_frequency.map(|clock| clock.scale(factor));
    }
    Some(changed)
}

/// Ends of an estimate: its interval if it has one, else what is assumed; and whether that is so.
pub fn ends(estimate: &Estimate) -> ([f64; 2], bool) {
    let value = estimate.value;
    match (estimate.low, estimate.high) {
        (Some(low), Some(high)) => ([low, high], false),
        _ => ([value * (1.0 - ASSUMED), value * (1.0 + ASSUMED)], true),
    }
}

/// A coefficient of a cipher's curve: `aead.aes-128-gcm.seal.ring.per_octet`.
fn coefficient<'a>(profile: &'a mut Profile, key: &str) -> Option<&'a mut Estimate> {
    let (row, name) = key.strip_prefix("aead.").and_then(|_| key.rsplit_once('.'))?;
    let curve = &mut profile.aead.iter_mut().find(|cost| cost.key() == row)?.curve;
    let at = curve.coefficients().iter().position(|(known, _)| *known == name)?;
    Some(curve.coefficients_mut()[at])
}

/// Whether `intervals` may name a value.
pub fn is_scalar(profile: &Profile, key: &str) -> bool {
    Scalar::of(&mut profile.clone(), key).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset;

    fn profile() -> Profile {
        let mut profile = preset::profile("haswell").unwrap().unwrap();
        profile.intervals.clear();
        let estimate = |value: f64| Estimate { value, low: Some(0.9 * value), high: Some(1.1 * value), n: Some(40) };
        for cost in &mut profile.aead {
            cost.curve.per_octet = estimate(cost.curve.per_octet.value);
        }
        profile.intervals.insert("memory.copy".into(), estimate(profile.memory.copy.0));
        profile
    }

    #[test]
    fn draws_have_the_intervals_that_they_come_from() {
        let profile = profile();
        let drawn = draw(&profile, 2000, 7);
        for (mean, of) in [
            (profile.memory.copy.0, (|p: &Profile| p.memory.copy.0) as fn(&Profile) -> f64),
            (profile.aead[0].curve.per_octet.value, |p: &Profile| p.aead[0].curve.per_octet.value),
        ] {
            let mut values: Vec<f64> = drawn.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            assert!((values[1000] / mean - 1.0).abs() < 0.01);
            assert!((values[50] / mean - 0.9).abs() < 0.01 && (values[1950] / mean - 1.1).abs() < 0.01);
        }
        // What has no interval stays.
        assert!(
            drawn
                .iter()
                .all(|p| p.stack == profile.stack
                    && p.aead[0].curve.per_operation == profile.aead[0].curve.per_operation)
        );
    }

    #[test]
    fn speeds_of_busy_cores_are_drawn_too() {
        let mut profile = profile();
        let mut row = crate::profile::Scaling::exact(8, 0.8);
        profile.host.scaling = vec![row];
        assert!(draw(&profile, 9, 7).iter().all(|p| p.host.scaling == profile.host.scaling), "no interval, no draw");
        (row.low, row.high) = (Some(0.7), Some(0.9));
        profile.host.scaling = vec![row];
        profile.host.scaling_beyond = Some(crate::profile::BEYOND);
        let drawn = draw(&profile, 2000, 7);
        let inside = drawn.iter().filter(|p| (0.7..=0.9).contains(&p.host.scaling[0].speed)).count();
        assert!((1850..=1950).contains(&inside), "{inside}");
        let clock = |p: &Profile| p.host.clock(64, None).get();
        assert!(drawn.iter().map(clock).min() < drawn.iter().map(clock).max());
        assert!(drawn.iter().all(|p| p.host.scaling_beyond.unwrap().value <= 1.0));
    }

    #[test]
    fn the_same_seed_draws_the_same_and_more_draws_keep_the_first() {
        let profile = profile();
        assert_eq!(draw(&profile, 3, 1), draw(&profile, 5, 1)[..3]);
        assert_ne!(draw(&profile, 1, 1), draw(&profile, 1, 2));
    }
}
