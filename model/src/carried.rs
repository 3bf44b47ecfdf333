//! Whether an offered load counts as carried: one definition for simulations, plans, comparisons and reports.
//!
//! It is carried where no more than is allowed is lost, where throughput falls short of it by no more than chance, and
//! where no closed form says that it cannot be. Throughput has to be looked at beside loss, since what waits in a long
//! queue at the end of a run is neither carried nor lost; and the closed form beside throughput, since a queue that fills
//! slowly shows in neither.

use crate::record::Record;
use crate::traffic::Basis;
use crate::units::Share;

/// Share of the offered load from which on it counts as carried, but for chance.
pub const LEAST_SHARE: f64 = 0.995;
/// Half-widths of a 95 % interval that count as chance: of very many points hardly one falls short by more.
const CHANCE: f64 = 2.0;

/// An offered load and what came of it; rates are all in one unit and on one basis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// What was offered.
    pub offered: f64,
    /// What was carried.
    pub carried: f64,
    /// Half-width of its 95 % interval.
    pub half_width: Option<f64>,
    /// What closed forms allow of it, at most what is offered.
    pub allowed: f64,
    /// Share of packets that were lost, 0 to 1.
    pub loss: f64,
}

impl Load {
    /// The load of a simulation; `None` when saturating, and where nothing could be estimated.
    pub fn of(record: &Record) -> Option<Self> {
        let rate = record.rate(Basis::Goodput)?;
        let offered = record.bound.offered_gbps()?;
        Some(Load {
            offered,
            carried: rate.gbps,
            half_width: rate.half_width_gbps,
            allowed: offered * record.bound.share_delivered(),
            loss: record.loss.map_or(0.0, |loss| loss.share),
        })
    }

    /// Whether it counts as carried, where so much may be lost.
    pub fn is_carried(&self, loss: Share) -> bool {
        self.loss <= loss.fraction() && !self.falls_short(loss) && !self.exceeds_bound(loss)
    }

    /// Whether throughput is below what is offered, less what may be lost, by more than chance.
    pub fn falls_short(&self, loss: Share) -> bool {
        falls_short(self.offered * (1.0 - loss.fraction()), self.carried, self.half_width)
    }

    /// Whether closed forms allow less than what is offered, less what may be lost: queues grow until they are full.
    pub fn exceeds_bound(&self, loss: Share) -> bool {
        self.allowed < self.offered * (1.0 - loss.fraction())
    }
}

/// Whether a rate with its 95 % interval is below an expected one by more than chance.
pub fn falls_short(expected: f64, rate: f64, half_width: Option<f64>) -> bool {
    rate + CHANCE * half_width.unwrap_or(0.0) < expected * LEAST_SHARE
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOAD: Load = Load { offered: 10.0, carried: 10.0, half_width: None, allowed: 10.0, loss: 0.0 };

    fn share(percent: f64) -> Share {
        Share::from_fraction(percent / 100.0)
    }

    #[test]
    fn what_is_neither_carried_nor_lost_is_not_carried() {
        assert!(LOAD.is_carried(share(0.0)));
        assert!(!Load { carried: 8.2, ..LOAD }.is_carried(share(0.1)));
        assert!(Load { carried: 9.96, ..LOAD }.is_carried(share(0.0)));
        assert!(!Load { carried: 9.94, ..LOAD }.is_carried(share(0.0)));
        assert!(Load { carried: 9.9, half_width: Some(0.03), ..LOAD }.is_carried(share(0.0)), "within chance");
    }

    #[test]
    fn loss_counts_only_beyond_what_is_allowed() {
        let lossy = Load { carried: 9.9, loss: 0.01, ..LOAD };
        assert!(lossy.is_carried(share(1.0)) && !lossy.is_carried(share(0.5)));
    }

    #[test]
    fn a_queue_that_will_be_full_counts_before_it_is() {
        let slow = Load { allowed: 9.97, ..LOAD };
        assert!(!slow.is_carried(share(0.0)) && slow.is_carried(share(0.5)));
    }
}
