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

/// The share of the variance of estimates that one cause explains: of the kernel's costs its version and what it does against
/// speculation, of a library's ciphers how it is written. An estimate: with none, sums of many costs would be far better
/// known than any of them; with all, designs could not be told apart where they share nothing but the kernel.
const COMMON: f64 = 0.5;

/// `n` profiles drawn from the intervals of one; each value that has none as it is. The same seed gives the same profiles,
/// so that what two designs differ by is better known than either.
///
/// Below and above a value, chance is log-normal: half of all draws are below it, 2.5 % below its interval and 2.5 % above.
/// An interval that reaches zero is a normal distribution's. What was measured errs on its own; estimates of one stack or
/// one library err together, by half of their variance. Coefficients of one fit are correlated, mostly against each other,
/// so that independent draws are on the wide side.
pub fn draw(profile: &Profile, n: u32, seed: u64) -> Vec<Profile> {
    (0..n).map(|i| Chance::new(seed, i).profile(profile)).collect()
}

/// What one draw is drawn with.
struct Chance {
    seed: u64,
    draw: u32,
    own: ChaCha8Rng,
}

impl Chance {
    fn new(seed: u64, draw: u32) -> Self {
        Chance { seed, draw, own: generator(seed, u64::from(draw)) }
    }

    fn profile(&mut self, profile: &Profile) -> Profile {
        let mut drawn = profile.clone();
        for cost in &mut drawn.aead {
            let cause = format!("aead.{}", cost.backend);
            for coefficient in cost.curve.coefficients_mut() {
                coefficient.value = self.value(coefficient, Some(&cause));
            }
        }
        for (key, interval) in &profile.intervals {
            let cause = key.split_once('.').map(|(table, _)| table).filter(|table| !["host", "memory"].contains(table));
            // A frequency, or a cost that is no difference: none is below zero, though its interval may begin there.
            let value = self.value(interval, cause).max(0.0);
            if let Some(place) = Scalar::of(&mut drawn, key) {
                place.set(value);
            }
        }
        // Last, so that profiles from before they had intervals give the draws that they gave.
        let host = &mut drawn.host;
        for row in host.scaling.iter_mut().chain(&mut host.scaling_chacha).chain(&mut host.scaling_stack) {
            let speed = Estimate { value: row.speed, low: row.low, high: row.high, n: None };
            row.speed = self.value(&speed, None).clamp(LEAST, FASTEST);
        }
        if let Some(beyond) = &mut host.scaling_beyond {
            beyond.value = self.value(beyond, None).clamp(LEAST, 1.0);
        }
        drawn
    }

    /// A value that an estimate may stand for; a cost stays on its side of zero.
    fn value(&mut self, estimate: &Estimate, cause: Option<&str>) -> f64 {
        // Drawn in any case, so that one value's interval does not move the draws of the others.
        let own: f64 = StandardNormal.sample(&mut self.own);
        let Estimate { value, low: Some(low), high: Some(high), n } = *estimate else { return estimate.value };
        let deviation = match cause.filter(|_| n.is_none()) {
            Some(cause) => COMMON.sqrt() * self.cause(cause) + (1.0 - COMMON).sqrt() * own,
            None => own,
        };
        if 0.0 < low && low <= value && value <= high {
            let end = if deviation < 0.0 { low } else { high };
            return value * (end / value).powf(deviation.abs() / HALF_95);
        }
        let drawn = value + deviation * (high - low) / (2.0 * HALF_95);
        if value > 0.0 { drawn.max(LEAST * value) } else { drawn }
    }

    /// What a cause came out as, in standard deviations: of its name alone, whatever else the profile has.
    fn cause(&self, name: &str) -> f64 {
        // FNV-1a (Fowler, Noll, Vo).
        let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        StandardNormal.sample(&mut generator(self.seed, u64::from(self.draw) | u64::from(hash) << 32))
    }
}

fn generator(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(stream);
    generator
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
            cost.curve.coefficients_mut().into_iter().for_each(|known| *known = Estimate::exact(known.value));
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
    fn estimates_of_one_stack_err_together_and_keep_their_ends() {
        let profile = preset::profile("zen4").unwrap().unwrap();
        let drawn = draw(&profile, 2000, 7);
        let of = |get: fn(&Profile) -> f64| drawn.iter().map(|p| get(p).ln()).collect::<Vec<f64>>();
        let [send, xfrm, vector] =
            [of(|p| p.stack.send.0), of(|p| p.stack.xfrm.0), of(|p| p.vector.as_ref().unwrap().xfrm.0)];
        let correlation = |a: &[f64], b: &[f64]| {
            let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
            let (x, y) = (mean(a), mean(b));
            let sum = |f: &dyn Fn(usize) -> f64| (0..a.len()).map(f).sum::<f64>();
            sum(&|i| (a[i] - x) * (b[i] - y)) / (sum(&|i| (a[i] - x).powi(2)) * sum(&|i| (b[i] - y).powi(2))).sqrt()
        };
        assert!((correlation(&send, &xfrm) - COMMON).abs() < 0.06);
        assert!(correlation(&send, &vector).abs() < 0.06);
        // Lop-sided, as the interval is.
        let interval = profile.intervals["stack.send"];
        let outside = |beyond: &dyn Fn(f64) -> bool| send.iter().filter(|ln| beyond(ln.exp())).count();
        assert!((35..=65).contains(&outside(&|v| v < interval.low.unwrap())));
        assert!((35..=65).contains(&outside(&|v| v > interval.high.unwrap())));
        assert!((950..=1050).contains(&outside(&|v| v < interval.value)));
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
