//! What a profile may say.

use super::{Curve, Estimate, Profile, ProfileError};

impl Profile {
    pub(super) fn check(&self) -> Result<(), ProfileError> {
        let value =
            |key: &str, value: f64, allowed| ProfileError::Value { key: key.into(), value: value.to_string(), allowed };
        if self.host.frequency.get() == 0 {
            return Err(value("host.frequency", 0.0, "a frequency above zero"));
        }
        if self.host.avx_frequency.is_some_and(|frequency| frequency.get() == 0) {
            return Err(value("host.avx_frequency", 0.0, "a frequency above zero"));
        }
        if self.host.cores == 0 {
            return Err(value("host.cores", 0.0, "at least one core"));
        }
        if self.host.l3_cores == 0 || self.host.l2.get() == 0 || self.host.l3.get() == 0 {
            return Err(value("host.l3_cores", self.host.l3_cores.into(), "at least one core; caches above zero"));
        }
        if self.host.l3_ways == 0 {
            return Err(value("host.l3_ways", 0.0, "at least one way"));
        }
        if self.memory.bandwidth.as_bps() == 0 {
            return Err(value("memory.bandwidth", 0.0, "a bandwidth above zero"));
        }
        let costs = [("memory.copy", self.memory.copy.0), ("memory.checksum", self.memory.checksum.0)];
        let stack = self.stack_costs().into_iter().map(|(key, cost)| (key, cost.0));
        for (key, cost) in costs.map(|(key, cost)| (key.to_owned(), cost)).into_iter().chain(stack) {
            if !(0.0..1e9).contains(&cost) {
                return Err(value(&key, cost, "a cost of 0 cycles or more, below 1e9"));
            }
        }
        for (key, interval) in &self.intervals {
            if !crate::uncertainty::is_scalar(self, key) {
                return Err(value(
                    &format!("intervals.{key}"),
                    interval.value,
                    "the key of a single value of the profile",
                ));
            }
            if !(interval.value >= 0.0 && interval.is_usable()) {
                return Err(value(
                    &format!("intervals.{key}"),
                    interval.value,
                    "0 or more, with an interval of ascending numbers below 1e15",
                ));
            }
        }
        if let Some(sa) = &self.sa {
            sa.check()?;
        }
        for (key, rows) in self.host.scaling_tables() {
            let mut cores = 0;
            for row in rows {
                let speed = Estimate { value: row.speed, low: row.low, high: row.high, n: None };
                if row.cores <= cores || !(0.01..=2.0).contains(&row.speed) || !speed.is_usable() {
                    return Err(value(key, row.speed, "ascending numbers of cores with speeds from 0.01 to 2"));
                }
                cores = row.cores;
            }
        }
        let factors = [("host.siblings", self.host.siblings), ("host.scaling_beyond", self.host.scaling_beyond)];
        for (key, factor) in factors.into_iter().filter_map(|(key, factor)| Some((key, factor?))) {
            let allowed = |factor: f64| (0.01..=1.05).contains(&factor);
            if ![Some(factor.value), factor.low, factor.high].into_iter().flatten().all(allowed) {
                return Err(value(key, factor.value, "a share from 0.01 to 1.05, and so the ends of its interval"));
            }
        }
        for cost in &self.aead {
            let coefficients = cost.curve.coefficients();
            if let Some((name, wrong)) = coefficients.iter().find(|(_, c)| !(c.value.abs() < 1e9 && c.is_usable())) {
                return Err(value(
                    &format!("{}.{name}", cost.key()),
                    wrong.value,
                    "a coefficient below 1e9, with an interval of ascending numbers below 1e15",
                ));
            }
            let ascending = cost.residuals.windows(2).all(|pair| pair[0].0 < pair[1].0);
            if !ascending || cost.residuals.iter().any(|(_, cycles)| !cycles.is_finite()) {
                return Err(value(&format!("{}.residuals", cost.key()), f64::NAN, "finite cycles at ascending sizes"));
            }
            let Curve { stride, per_octet, .. } = &cost.curve;
            if stride.get() == 0 || per_octet.value < 0.0 {
                return Err(value(
                    &format!("{}.per_octet", cost.key()),
                    per_octet.value,
                    "a cost per octet of 0 or more and a stride above zero",
                ));
            }
        }
        Ok(())
    }
}
