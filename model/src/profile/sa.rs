//! What the control path of a security association (SA) takes: netlink messages to XFRM, and the notification of a
//! changed route.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ProfileError;
use crate::units::Time;

/// Times of the control path, as a key management daemon sees them: from the request's `send` to its acknowledgement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaCost {
    /// SAs that the measured device holds; absent where no limit was met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<u32>,
    /// `XFRM_MSG_NEWSA` without offload: one direction, with its key expansion.
    pub add: Delay,
    /// `XFRM_MSG_NEWSA` with `XFRMA_OFFLOAD_DEV`, accepted by the driver.
    pub add_offload: Delay,
    /// `XFRM_MSG_NEWSA` with `XFRMA_OFFLOAD_DEV`, refused by the driver.
    pub refuse: Delay,
    /// `XFRM_MSG_DELSA` of an offloaded SA.
    pub delete: Delay,
    /// `XFRM_MSG_NEWPOLICY`.
    pub policy: Delay,
    /// `XFRM_MSG_GETSA`: counters of one SA.
    pub get: Delay,
    /// Rekeying: a new inbound and a new outbound SA, the policy, and deletion of the old pair.
    pub rekey: Delay,
    /// `XFRM_MSG_MIGRATE` of one pair of SAs; absent where the kernel lacks it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migrate: Option<Delay>,
    /// From the request that changes a route until a listener of the multicast group reads `RTM_NEWROUTE`.
    pub notification: Delay,
}

impl SaCost {
    /// Every delay by its key path.
    pub fn delays(&self) -> impl Iterator<Item = (&'static str, &Delay)> {
        [
            ("sa.add", Some(&self.add)),
            ("sa.add_offload", Some(&self.add_offload)),
            ("sa.refuse", Some(&self.refuse)),
            ("sa.delete", Some(&self.delete)),
            ("sa.policy", Some(&self.policy)),
            ("sa.get", Some(&self.get)),
            ("sa.rekey", Some(&self.rekey)),
            ("sa.migrate", self.migrate.as_ref()),
            ("sa.notification", Some(&self.notification)),
        ]
        .into_iter()
        .filter_map(|(key, delay)| Some((key, delay?)))
    }

    /// The same with an accelerator that sets up a session for each SA: one of a new SA, two of the pair of a rekeying.
    #[must_use]
    pub fn with_sessions(&self, setup: Time) -> Self {
        SaCost { add_offload: self.add_offload.later(setup), rekey: self.rekey.later(setup + setup), ..self.clone() }
    }

    /// Every delay so many times as long.
    pub(super) fn scale(&mut self, factor: f64) {
        let always = [
            &mut self.add,
            &mut self.add_offload,
            &mut self.refuse,
            &mut self.delete,
            &mut self.policy,
            &mut self.get,
            &mut self.rekey,
            &mut self.notification,
        ];
        for delay in always.into_iter().chain(&mut self.migrate) {
            let (low, high) = delay.median_interval;
            delay.mean = delay.mean.scale(factor);
            delay.median_interval = (low.scale(factor), high.scale(factor));
            delay.quantiles.iter_mut().for_each(|(_, time)| *time = time.scale(factor));
        }
    }

    pub(super) fn check(&self) -> Result<(), ProfileError> {
        for (key, delay) in self.delays() {
            if !delay.is_distribution() {
                return Err(ProfileError::Value {
                    key: format!("{key}.quantiles"),
                    value: format!("{:?}", delay.quantiles),
                    allowed: "pairs of a probability, ascending from 0 to 1, and a time that does not fall",
                });
            }
        }
        Ok(())
    }
}

/// A measured distribution of times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Delay {
    /// Observations behind it.
    pub n: u32,
    /// Arithmetic mean.
    pub mean: Time,
    /// Lower and upper end of the 95 % interval of the median.
    pub median_interval: (Time, Time),
    /// Probability and time: the least, quantiles, and the greatest.
    pub quantiles: Vec<(f64, Time)>,
}

impl Delay {
    /// Always the same time.
    pub fn constant(time: Time) -> Self {
        Delay { n: 1, mean: time, median_interval: (time, time), quantiles: vec![(0.0, time), (1.0, time)] }
    }

    /// The time that a share `probability` of all stays below; between two known quantiles by linear interpolation.
    pub fn quantile(&self, probability: f64) -> Time {
        let mut before = (0.0, self.quantiles.first().map_or(Time::ZERO, |&(_, time)| time));
        for &(share, time) in &self.quantiles {
            if probability <= share {
                let width = share - before.0;
                let part = if width > 0.0 { (probability - before.0) / width } else { 1.0 };
                return before.1 + time.saturating_sub(before.1).scale(part.clamp(0.0, 1.0));
            }
            before = (share, time);
        }
        before.1
    }

    /// All of it later by so much.
    #[must_use]
    pub fn later(&self, by: Time) -> Self {
        let (low, high) = self.median_interval;
        let quantiles = self.quantiles.iter().map(|&(share, time)| (share, time + by)).collect();
        Delay { n: self.n, mean: self.mean + by, median_interval: (low + by, high + by), quantiles }
    }

    /// The median.
    pub fn median(&self) -> Time {
        self.quantile(0.5)
    }

    fn is_distribution(&self) -> bool {
        let ascending = self.quantiles.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1);
        let first = self.quantiles.first().map(|&(probability, _)| probability);
        let last = self.quantiles.last().map(|&(probability, _)| probability);
        ascending && first == Some(0.0) && last == Some(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_interpolated() {
        let us = Time::from_us;
        let delay = Delay {
            quantiles: vec![(0.0, us(10)), (0.5, us(20)), (1.0, us(100))],
            ..Delay::constant(Time::from_us(1))
        };
        assert!(delay.is_distribution());
        let at = [-1.0, 0.0, 0.25, 0.5, 0.75, 1.0, 2.0].map(|p| delay.quantile(p));
        assert_eq!(at, [us(10), us(10), us(15), us(20), us(60), us(100), us(100)]);
        assert_eq!(Delay::constant(us(3)).median(), us(3));
        let falling = Delay { quantiles: vec![(0.0, us(2)), (1.0, us(1))], ..delay };
        assert!(!falling.is_distribution());
    }
}
