//! Machines as uncertain as the ranges of their numbers say: hosts, NICs, cards and slots.

mod devices;
mod discrepancy;
mod values;

use std::sync::Arc;

pub use devices::{device_estimate, device_moved, device_values};
pub use discrepancy::Discrepancy;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use values::Scalar;
pub use values::{ASSUMED, ends, estimate, is_scalar, moved, values};

use crate::layers::Doubt;
use crate::preset::Evidence;
use crate::profile::{Estimate, Profile};
use crate::scenario::parameters::find;
use crate::scenario::{Scenario, Sense};

/// Half of a 95 % interval of a normal distribution, in standard deviations.
const HALF_95: f64 = 1.959_964;
/// The share of a value that a draw leaves at least: a cost cannot vanish, whatever its interval.
const LEAST: f64 = 0.05;

/// The most that a core is faster while others are busy: what a measurement of its speed may be off.
const FASTEST: f64 = 1.05;

/// The share of the variance of estimates that one cause explains: of the kernel's costs its version and what it does against
/// speculation, of a library's ciphers how it is written, of a device's numbers how it is built. An estimate: with none, sums of
/// many costs would be far better known than any of them; with all, designs could not be told apart where they share nothing
/// but the kernel.
const COMMON: f64 = 0.5;

/// The cause of what moving a cache line takes: the processor, whatever the stack.
const LINE: &str = "line";

/// What each of a number of draws takes all values of a machine to be, within their ranges. The same seed gives the same draws,
/// and a draw gives a value the same error wherever it stands, so that what two designs differ by is better known than either:
/// the same host, NIC, card or slot errs alike in both.
///
/// Below and above a value, chance is log-normal: half of all draws are below it, 2.5 % below its range and 2.5 % above. A
/// range that reaches zero is a normal distribution's. What was measured errs on its own; estimates of one stack, one library
/// or one device and those derived from it err together, by half of their variance, all for the worse or all for the better.
/// Coefficients of one fit are correlated, mostly against each other, so that independent draws are on the wide side. What has
/// no range is exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    seed: u64,
    number: u32,
}

/// So many draws.
pub fn draws(n: u32, seed: u64) -> impl ExactSizeIterator<Item = Draw> {
    (0..n).map(move |number| Draw { seed, number })
}

/// `n` profiles drawn from the intervals of one; each value that has none as it is.
pub fn draw(profile: &Profile, n: u32, seed: u64) -> Vec<Profile> {
    draws(n, seed).map(|draw| draw.profile(profile)).collect()
}

impl Draw {
    /// A host as this draw has it.
    pub fn profile(&self, profile: &Profile) -> Profile {
        Chance { draw: *self, own: generator(self.seed, u64::from(self.number)) }.profile(profile)
    }

    /// The cores of a DPU: of the same kernel, with errors of their own besides.
    fn soc(&self, profile: &Profile) -> Profile {
        Chance { draw: *self, own: generator(self.seed, self.stream("dpu")) }.profile(profile)
    }

    /// A scenario with devices, slots and IOMMU as this draw has them, and the cores of a DPU. A number that is no more what its
    /// preset says is exact.
    pub fn scenario(&self, scenario: &Scenario) -> Scenario {
        let mut drawn = scenario.clone();
        for (key, doubt) in &scenario.doubts {
            let Some(number) = drawn.number_mut(key).filter(|number| number.get() == doubt.value) else { continue };
            number.set(within(key, self.number(doubt)));
        }
        drawn.dpu.drawn = scenario.soc().map(|soc| Arc::new(self.soc(soc.profile)));
        drawn
    }

    /// A measured value over the true one in this draw, of what is named, where its 95 % interval is so wide to each side, relative
    /// to it.
    pub fn measured(&self, name: &str, half_width: f64) -> f64 {
        (half_width.ln_1p() / HALF_95 * self.error(name)).exp()
    }

    /// What a number of a device is in this draw.
    fn number(&self, doubt: &Doubt) -> f64 {
        let worse = match doubt.sense {
            Sense::Cost => self.error(&doubt.cause),
            Sense::Capacity => -self.error(&doubt.cause),
        };
        // What others measured errs on its own.
        let common = if doubt.evidence == Evidence::Estimate { COMMON } else { 0.0 };
        let deviation = common.sqrt() * worse + (1.0 - common).sqrt() * self.error(&doubt.error);
        at(doubt.value, [doubt.low, doubt.high], deviation)
    }

    /// What an error of a name came out as, in standard deviations: of its name alone, whatever else there is.
    fn error(&self, name: &str) -> f64 {
        StandardNormal.sample(&mut generator(self.seed, self.stream(name)))
    }

    fn stream(&self, name: &str) -> u64 {
        // FNV-1a (Fowler, Noll, Vo).
        let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        u64::from(self.number) | u64::from(hash) << 32
    }
}

/// A number within what a scenario may have at a key.
fn within(key: &str, value: f64) -> f64 {
    find(key).map_or(value, |parameter| parameter.takes.range().nearest(value))
}

/// The value so many standard deviations from its middle, whose 95 % range has these ends; one above zero stays there.
fn at(value: f64, [low, high]: [f64; 2], deviation: f64) -> f64 {
    if 0.0 < low && low <= value && value <= high {
        let end = if deviation < 0.0 { low } else { high };
        return value * (end / value).powf(deviation.abs() / HALF_95);
    }
    let drawn = value + deviation * (high - low) / (2.0 * HALF_95);
    if value > 0.0 { drawn.max(LEAST * value) } else { drawn }
}

/// What values of a profile are drawn with.
struct Chance {
    draw: Draw,
    /// Errors that a value has on its own, one after the other.
    own: ChaCha8Rng,
}

impl Chance {
    fn profile(&mut self, profile: &Profile) -> Profile {
        let mut drawn = profile.clone();
        for cost in &mut drawn.aead {
            let cause = format!("aead.{}", cost.backend);
            for coefficient in cost.curve.coefficients_mut() {
                coefficient.value = self.value(coefficient, Some(&cause));
            }
        }
        for (key, interval) in &profile.intervals {
            // A frequency, or a cost that is no difference: none is below zero, though its interval may begin there.
            let value = self.value(interval, cause(key)).max(0.0);
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
        values::follow_clock(profile, &mut drawn);
        drawn
    }

    /// A value that an estimate may stand for; a cost stays on its side of zero.
    fn value(&mut self, estimate: &Estimate, cause: Option<&str>) -> f64 {
        // Drawn in any case, so that one value's interval does not move the draws of the others.
        let own: f64 = StandardNormal.sample(&mut self.own);
        let Estimate { value, low: Some(low), high: Some(high), n } = *estimate else { return estimate.value };
        let deviation = match cause.filter(|_| n.is_none()) {
            Some(cause) => COMMON.sqrt() * self.draw.error(cause) + (1.0 - COMMON).sqrt() * own,
            None => own,
        };
        at(value, [low, high], deviation)
    }
}

/// What the value at a key of a profile has a part of its error in common with.
fn cause(key: &str) -> Option<&str> {
    let (table, name) = key.split_once('.')?;
    match table {
        "host" | "memory" => None,
        _ if name.starts_with("line_transfer") => Some(LINE),
        _ => Some(table),
    }
}

fn generator(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(stream);
    generator
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
