//! Closed forms of a failover as Linux and the daemons that people run have it.

use super::switch::step;
use crate::units::Time;

/// What a bond's change of its active NIC is predicted to take, from the loss of the link on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Switched {
    /// Until packets leave by the other NIC: detection + SAs x step.
    pub changed: Time,
    /// Until the other NIC has the last SA: as much again as deleting took.
    pub last: Time,
    /// For how long each SA's packets are encrypted on the CPU where the old link has carrier: (SAs + 1) x step, the same
    /// for all, as what is deleted first is added first.
    pub in_software: Time,
}

/// Predicts a bond's change of its active NIC under `sas` pairs of SAs, `firmware` being what the commands for an SA of one
/// direction take.
pub fn predict_switch(detection: Time, firmware: Time, sas: u32) -> Switched {
    let all = step(firmware).scale(f64::from(sas));
    Switched { changed: detection + all, last: detection + all + all, in_software: all + step(firmware) }
}

/// When the last SA has the new address, of a daemon that acts at `told`: it sends a request for each of `ike_sas` IKE SAs,
/// each of which takes the CPU time `exchange`; answers come a round trip later, and then the SAs of one IKE SA take `cost`.
/// What comes last is the CPU's work, the first answer with all SAs after it, or the last answer with those of its own.
pub fn predict_update(told: Time, exchange: Time, round_trip: Time, ike_sas: u32, cost: Time) -> Time {
    let n = f64::from(ike_sas);
    let cpu = exchange.scale(n) + cost.scale(n);
    let first = exchange + round_trip + cost.scale(n);
    let last = exchange.scale(n) + round_trip + cost;
    told + cpu.max(first).max(last)
}

/// When the last of `sas` new SAs is there that one IKE SA negotiates one after the other, its window being 1.
pub fn predict_negotiation(told: Time, exchange: Time, round_trip: Time, install: Time, sas: u32) -> Time {
    told + (exchange + round_trip + install).scale(f64::from(sas))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Time = |ms| Time::from_us(1000 * ms);

    #[test]
    fn a_switch_takes_twice_the_sas() {
        let switched = predict_switch(MS(100), MS(1), 10);
        assert_eq!((switched.changed, switched.last, switched.in_software), (MS(120), MS(140), MS(22)));
    }

    #[test]
    fn an_update_ends_with_what_takes_longest() {
        assert_eq!(predict_update(MS(100), MS(1), MS(20), 4, MS(2)), MS(129), "the first answer, all SAs");
        assert_eq!(predict_update(MS(100), MS(3), MS(20), 4, MS(2)), MS(134), "the last answer, its SAs");
        assert_eq!(predict_update(MS(100), MS(3), MS(0), 4, MS(2)), MS(120), "the CPU");
        assert_eq!(predict_negotiation(MS(1), MS(1), MS(20), MS(2), 3), MS(70));
    }
}
