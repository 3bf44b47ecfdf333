//! Values of a profile by their keys, and the same profile with one of them moved.

use crate::profile::{Estimate, Profile};
use crate::units::{BitRate, Cycles, CyclesPerByte, Hertz};

/// A value of a profile that `intervals` may name.
pub(super) enum Scalar<'a> {
    Hertz(&'a mut Hertz),
    Cycles(&'a mut Cycles),
    PerByte(&'a mut CyclesPerByte),
    BitRate(&'a mut BitRate),
}

impl<'a> Scalar<'a> {
    pub(super) fn of(profile: &'a mut Profile, key: &str) -> Option<Self> {
        Some(match key {
            "host.frequency" => Scalar::Hertz(&mut profile.host.frequency),
            "memory.copy" => Scalar::PerByte(&mut profile.memory.copy),
            "memory.checksum" => Scalar::PerByte(&mut profile.memory.checksum),
            "memory.bandwidth" => Scalar::BitRate(&mut profile.memory.bandwidth),
            _ => return profile.stack_cost_mut(key).map(Scalar::Cycles),
        })
    }

    pub(super) fn get(&self) -> f64 {
        match self {
            Scalar::Hertz(place) => place.get() as f64,
            Scalar::Cycles(place) => place.0,
            Scalar::PerByte(place) => place.0,
            Scalar::BitRate(place) => place.as_bps() as f64,
        }
    }

    pub(super) fn set(self, value: f64) {
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

/// Values of a profile by their keys, as [`estimate`] gives them one by one.
pub fn values(profile: &Profile, keys: &[String]) -> Vec<Option<f64>> {
    let mut profile = profile.clone();
    let mut value = |key: &String| match coefficient(&mut profile, key) {
        Some(estimate) => Some(estimate.value),
        None => Scalar::of(&mut profile, key).map(|scalar| scalar.get()),
    };
    keys.iter().map(&mut value).collect()
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
    follow_clock(profile, &mut changed);
    Some(changed)
}

/// Where wide vector instructions have a clock of their own, it moves with the other.
pub(super) fn follow_clock(from: &Profile, changed: &mut Profile) {
    let factor = changed.host.frequency.get() as f64 / from.host.frequency.get() as f64;
    if factor != 1.0 {
        changed.host.avx_frequency = changed.host.avx_frequency.map(|clock| clock.scale(factor));
    }
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
