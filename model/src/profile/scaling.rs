//! How cores slow each other: shared power, clock, execution units of hardware threads.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Algorithm, Estimate, HostCpu};
use crate::units::Hertz;

/// Speed of one core while so many are busy, relative to one alone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scaling {
    /// Busy cores.
    pub cores: u32,
    /// Speed of each, 1 for that of one core alone.
    pub speed: f64,
    /// Lower end of the 95 % interval of the speed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper end of the 95 % interval of the speed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

impl Scaling {
    /// A speed without an interval.
    pub const fn exact(cores: u32, speed: f64) -> Self {
        Scaling { cores, speed, low: None, high: None }
    }
}

/// What each doubling of the number of busy cores leaves of their speed, beyond what was measured: an estimate. From one
/// core to all, five doublings on servers, 0.7 of the clock (AVX-512 on Skylake-SP) to 0.99 (Zen 4) are left by their
/// vendors' tables of turbo frequencies.
pub const BEYOND: Estimate = Estimate { value: 0.97, low: Some(0.93), high: Some(1.0), n: None };

impl HostCpu {
    /// The clock of each of `cores` busy cores that run a cipher or, with `None`, nothing but the stack. Between two rows
    /// of the scaling table the speed is interpolated; beyond the last row it follows `scaling_beyond`.
    pub fn clock(&self, cores: u32, cipher: Option<Algorithm>) -> Hertz {
        let base = self.avx_frequency.filter(|_| cipher.is_some()).unwrap_or(self.frequency);
        let rows = self.rows(cipher);
        let mut before = (1.0, 1.0);
        let cores = f64::from(cores);
        for row in rows {
            let after = (f64::from(row.cores), row.speed);
            if cores <= after.0 {
                let share = if after.0 > before.0 { (cores - before.0) / (after.0 - before.0) } else { 1.0 };
                return base.scale(before.1 + share * (after.1 - before.1));
            }
            before = after;
        }
        let each_doubling = self.scaling_beyond.map_or(1.0, |beyond| beyond.value);
        base.scale(before.1 * each_doubling.powf((cores / before.0).log2().max(0.0)))
    }

    /// The speed of each of so many busy cores, with its range, where it was not measured but extrapolated from fewer.
    pub fn extrapolated(&self, cores: u32, cipher: Option<Algorithm>) -> Option<Estimate> {
        let beyond = self.scaling_beyond?;
        let last = self.rows(cipher).last().copied().unwrap_or(Scaling::exact(1, 1.0));
        let doublings = (f64::from(cores) / f64::from(last.cores)).log2();
        let speed = |of: f64, each: f64| of * each.powf(doublings);
        (cores > last.cores).then(|| Estimate {
            value: speed(last.speed, beyond.value),
            low: Some(speed(last.low.unwrap_or(last.speed), beyond.low.unwrap_or(beyond.value))),
            high: Some(speed(last.high.unwrap_or(last.speed), beyond.high.unwrap_or(beyond.value)).min(1.0)),
            n: None,
        })
    }

    /// Every table of speeds by its key.
    pub fn scaling_tables(&self) -> [(&'static str, &[Scaling]); 3] {
        [
            ("host.scaling", &self.scaling),
            ("host.scaling_chacha", &self.scaling_chacha),
            ("host.scaling_stack", &self.scaling_stack),
        ]
    }

    /// The table for a cipher or the stack; that of AES where there is no other.
    fn rows(&self, cipher: Option<Algorithm>) -> &[Scaling] {
        let own = match cipher {
            Some(Algorithm::ChaCha20Poly1305) => &self.scaling_chacha,
            Some(_) => &self.scaling,
            None => &self.scaling_stack,
        };
        if own.is_empty() { &self.scaling } else { own }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset;

    fn host() -> HostCpu {
        let mut host = preset::profile("zen4").unwrap().unwrap().host;
        host.frequency = Hertz::new(1_000_000_000);
        host.scaling =
            vec![Scaling::exact(1, 1.0), Scaling { low: Some(0.8), high: Some(0.95), ..Scaling::exact(4, 0.9) }];
        host
    }

    fn ghz(clock: Hertz) -> f64 {
        (clock.get() as f64 / 1e6).round() / 1e3
    }

    #[test]
    fn beyond_the_last_row_speed_falls_by_doublings_if_that_is_known() {
        let mut host = host();
        let aes = Some(Algorithm::Aes128Gcm);
        assert_eq!([1, 2, 4, 64].map(|cores| ghz(host.clock(cores, aes))), [1.0, 0.967, 0.9, 0.9]);
        assert_eq!(host.extrapolated(64, aes), None, "presets say what they know");
        host.scaling_beyond = Some(Estimate { value: 0.9, low: Some(0.8), high: Some(1.0), n: None });
        assert_eq!([4, 8, 16].map(|cores| ghz(host.clock(cores, aes))), [0.9, 0.81, 0.729]);
        assert_eq!(host.extrapolated(4, aes), None, "measured");
        let sixteen = host.extrapolated(16, aes).unwrap();
        assert!((sixteen.value - 0.729).abs() < 1e-9);
        assert!((sixteen.low.unwrap() - 0.512).abs() < 1e-9 && (sixteen.high.unwrap() - 0.95).abs() < 1e-9);
    }

    #[test]
    fn without_rows_one_core_is_what_was_measured() {
        let host = HostCpu { scaling: Vec::new(), scaling_beyond: Some(BEYOND), ..host() };
        assert_eq!(host.extrapolated(1, None), None);
        assert!((host.extrapolated(32, None).unwrap().value - 0.97f64.powi(5)).abs() < 1e-9);
        assert_eq!(ghz(host.clock(32, None)), 0.859);
    }

    #[test]
    fn ciphers_and_the_stack_slow_each_in_their_way() {
        let mut host = host();
        let speeds = |host: &HostCpu| {
            [Some(Algorithm::Aes256Gcm), Some(Algorithm::ChaCha20Poly1305), None]
                .map(|cipher| ghz(host.clock(4, cipher)))
        };
        assert_eq!(speeds(&host), [0.9, 0.9, 0.9], "one table stands for all");
        host.scaling_chacha = vec![Scaling::exact(4, 0.8)];
        host.scaling_stack = vec![Scaling::exact(4, 0.99)];
        assert_eq!(speeds(&host), [0.9, 0.8, 0.99]);
        host.avx_frequency = Some(Hertz::new(500_000_000));
        assert_eq!(speeds(&host), [0.45, 0.4, 0.99]);
    }
}
