//! LogCA: when is it worth handing work to an accelerator? A closed form beside the simulation, after Altaf and Wood,
//! "LogCA: A High-Level Performance Model for Hardware Accelerators", ISCA 2017.
//!
//! The host needs `fixed + C g` cycles for `g` octets, the accelerator `o + L + C g / A`: overhead on the core, latency,
//! and acceleration. The paper's host has no fixed part; a cipher has one for each packet. A caller that waits pays all of
//! it in time. A caller that does not wait pays only the overhead, in cycles; the rest goes on beside it.

use crate::profile::Profile;
use crate::scenario::{Scenario, Submission};
use crate::units::{Bytes, Cycles, CyclesPerByte, Hertz, Time};

/// Sizes between which the cipher's cost is taken as linear: the smallest and largest that a usual MTU has.
const SIZES: (u64, u64) = (64, 1408);

/// The parameters of LogCA for a cipher on a core and in an accelerator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogCa {
    /// `C`: cycles for each octet on the core.
    pub computation: CyclesPerByte,
    /// Cycles for each packet on the core, whatever its size.
    pub fixed: Cycles,
    /// `o`: cycles on the core for submission and completion of one packet, with as many responses in each interrupt as
    /// coalescing allows; at low rates there are fewer.
    pub overhead: Cycles,
    /// `L`: time in the card and until the core hears of it, without the work itself. PCIe transfers are not in it.
    pub latency: Time,
    /// `A`: how much faster one engine is than a core.
    pub acceleration: f64,
    /// The core's clock.
    pub clock: Hertz,
}

impl LogCa {
    /// The parameters of a scenario's core, cipher and accelerator; `None` where the profile has no cost for the cipher.
    pub fn of(s: &Scenario, profile: &Profile) -> Option<Self> {
        let cost = s.software_cost(profile, s.traffic.first()?.direction)?;
        let (small, large) = (Bytes::new(SIZES.0), Bytes::new(SIZES.1));
        let slope = (cost.cycles(large).0 - cost.cycles(small).0) / (large - small).get() as f64;
        let clock = profile.host.clock(s.host.cores, Some(s.sa.algorithm));
        let (stack, card) = (profile.costs(s.host.stack)?, s.accelerator.first()?);
        let waits = s.submission() == Submission::Sync;
        // A request that is waited for has an interrupt of its own, after the longest that coalescing lets it wait.
        let per_interrupt = if waits { 1.0 } else { f64::from(card.coalesce_responses) };
        let told = match s.submission() {
            Submission::Sync => stack.switch + stack.interrupt,
            Submission::Interrupt => stack.interrupt * (1.0 / per_interrupt),
            Submission::Poll => Cycles(0.0),
        };
        // Where doorbells are rung once per poll, polls are full.
        let burst = if s.host.stack.rings_once_per_poll() { 1.0 / f64::from(s.host.stack.budget()) } else { 1.0 };
        let octet = Bytes::new(1 << 20) / card.rate;
        let engine_per_octet = octet.as_seconds() / f64::from(1 << 20) * f64::from(card.engines);
        Some(LogCa {
            computation: CyclesPerByte(slope),
            fixed: Cycles((cost.cycles(small).0 - slope * SIZES.0 as f64).max(0.0)) + stack.crypto_request,
            overhead: stack.crypto_submit + stack.crypto_complete + stack.crypto_submit_burst * burst + told,
            latency: card.latency + if waits { card.coalesce_time } else { Time::ZERO },
            acceleration: slope / clock.get() as f64 / engine_per_octet,
            clock,
        })
    }

    /// Octets from which on the core spends fewer cycles if it hands them over and does not wait; zero if always, `None`
    /// if never.
    pub fn break_even_cycles(&self) -> Option<f64> {
        let octets = (self.overhead.0 - self.fixed.0).max(0.0) / self.computation.0;
        octets.is_finite().then_some(octets)
    }

    /// `g1`: octets from which on a caller that waits has the result sooner: `A / (A - 1) (o + L - fixed) / C`. `None`
    /// where an engine is no faster than the core.
    pub fn break_even_time(&self) -> Option<f64> {
        let waited = self.overhead.0 + self.latency.as_seconds() * self.clock.get() as f64 - self.fixed.0;
        let octets = self.acceleration / (self.acceleration - 1.0) * waited.max(0.0) / self.computation.0;
        (self.acceleration > 1.0 && octets.is_finite()).then_some(octets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: LogCa = LogCa {
        computation: CyclesPerByte(2.0),
        fixed: Cycles(100.0),
        overhead: Cycles(900.0),
        latency: Time::from_us(10),
        acceleration: 5.0,
        clock: Hertz::new(2_000_000_000),
    };

    /// Time of both ways, in cycles.
    fn both(g: f64) -> (f64, f64) {
        (100.0 + 2.0 * g, 900.0 + 20_000.0 + 2.0 * g / 5.0)
    }

    #[test]
    fn break_even_is_where_both_take_the_same() {
        let g = MODEL.break_even_time().unwrap();
        let (host, card) = both(g);
        assert!((host / card - 1.0).abs() < 1e-9);
        assert_eq!(MODEL.break_even_cycles(), Some(400.0));
        assert_eq!(LogCa { acceleration: 0.9, ..MODEL }.break_even_time(), None);
        assert_eq!(LogCa { fixed: Cycles(1000.0), ..MODEL }.break_even_cycles(), Some(0.0));
    }
}
