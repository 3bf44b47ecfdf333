//! What a class of traffic needs for the way in which it comes.

use super::check::{invalid, within_if_given};
use super::{Invalid, Scenario};
use crate::engine::tournament::HORIZON_PS;
use crate::esp::{Inside, Mode};
use crate::machine::Class;
use crate::stack::Stack;
use crate::traffic::{Arrival, Direction, Fit, MixEntry, TooBig, Traffic, Transport};
use crate::units::{Bytes, Time};

/// The largest IP packet: its length has 16 bits.
const LARGEST_PACKET: Bytes = Bytes::new(65_535);

impl Scenario {
    pub(super) fn check_bursts(&self, at: &str, t: &Traffic) -> Result<(), Invalid> {
        let key = |name: &str| format!("{at}.{name}");
        within_if_given(&key("on"), t.on)?;
        within_if_given(&key("off"), t.off)?;
        within_if_given(&key("burst"), t.burst)?;
        let missing = |name, allowed: &str| invalid(&key(name), "missing", allowed);
        match t.arrival {
            Arrival::OnOff if t.on.is_none() => missing("on", "a mean time, such as \"100 us\", for arrivals on-off"),
            Arrival::OnOff if t.off.is_none() => missing("off", "a mean time, such as \"100 us\", for arrivals on-off"),
            Arrival::Trace if t.replayed().is_none() => {
                missing("trace", "a file of packets, such as \"capture.pcapng\", which `run` and `trace` read")
            }
            Arrival::Bursts if t.burst.is_none() => {
                missing("burst", "a mean number, such as 32, for arrivals in bursts")
            }
            _ => Ok(()),
        }
    }

    /// What a trace is replayed as: each of its packets by itself, and within the time that a simulation has.
    pub(super) fn check_trace(&self, at: &str, t: &Traffic) -> Result<(), Invalid> {
        let Some(trace) = t.replayed() else { return Ok(()) };
        if self.sends(t).iter().any(|send| send.count() > 1) {
            let allowed = "offload.gso off, or a direction other than transmit: a trace has packets, not super-packets";
            return invalid(&format!("{at}.arrival"), "trace", allowed);
        }
        let last = Class::new(self, t, 0).arrivals.replayed_at(trace.span().as_ps());
        if last > HORIZON_PS {
            let allowed = "a trace that lasts 5 hours at the most, at the rate that it comes at";
            return invalid(&format!("{at}.trace"), Time::from_ps(last), allowed);
        }
        Ok(())
    }

    /// What headers there are, and links for them.
    pub(super) fn check_family(&self, at: &str, t: &Traffic) -> Result<(), Invalid> {
        if let (Some(outer), Mode::Transport) = (self.sa.outer, self.sa.mode)
            && self.placement.has_sas()
            && self.sa.inside == Inside::Nothing
            && outer != t.family
        {
            let allowed = "that of traffic.family, or absent: transport mode adds no IP header";
            return invalid("sa.outer", format!("{outer:?}").to_lowercase(), allowed);
        }
        if self.sa.inside != Inside::Nothing && self.host.stack == Stack::Xdp {
            let allowed = "nothing: XDP has no tunnel devices";
            return invalid("sa.inside", self.sa.inside.name(), allowed);
        }
        let on_wire = self.encapsulation(t).map_or(t.family, |esp| esp.family());
        if t.mtu < on_wire.least_mtu() {
            let allowed = format!("at least {}, which this IP version asks of every link", on_wire.least_mtu());
            return invalid(&format!("{at}.mtu"), t.mtu, allowed);
        }
        if t.too_big == Some(TooBig::ClampMss) && t.transport == Transport::Udp {
            let allowed = "fragment or drop: UDP has no largest segment that a router could change";
            return invalid(&format!("{at}.too_big"), "clamp-mss", allowed);
        }
        Ok(())
    }

    /// A packet that does not fit under ESP: in the clear nothing makes it fit, nor what comes in by the same link.
    pub(super) fn check_too_big(&self, key: &str, t: &Traffic, entry: &MixEntry) -> Result<(), Invalid> {
        let (l3, esp) = (t.l3(entry), self.encapsulation(t));
        let Some(esp) = esp.filter(|_| l3 <= t.mtu || t.direction == Direction::Transmit) else {
            let more = if t.direction == Direction::Transmit { "; larger sends need offload.gso" } else { "" };
            let allowed = format!("at most {} of l3, the MTU of the wire{more}", t.mtu);
            return invalid(key, entry.size, allowed);
        };
        if esp.outer(l3) > LARGEST_PACKET {
            let allowed = format!("at most what makes an IP packet of {LARGEST_PACKET} under ESP");
            return invalid(key, entry.size, allowed);
        }
        let fragments = match t.too_big() {
            TooBig::Fragment => crate::traffic::Fragments::of(esp.outer(l3), esp.family(), t.mtu).count,
            TooBig::ClampMss | TooBig::Drop => 1,
        };
        match self.nic.iter().find(|nic| nic.ring < fragments) {
            Some(nic) => invalid("nic.ring", nic.ring, format!("at least {fragments}, for the fragments of a packet")),
            None => Ok(()),
        }
    }

    /// A sender that saturates would send again for ever what is dropped at once.
    pub(super) fn check_some_fit(&self, at: &str, t: &Traffic) -> Result<(), Invalid> {
        let lost = |fit| match fit {
            Fit::TooBig => true,
            Fit::Fragments(_) => self.placement.encapsulates_in_nic(),
            Fit::Whole | Fit::Clamped => false,
        };
        let fits = self.sends(t).iter().any(|send| send.weight > 0 && !lost(send.segments[0].0.fit));
        if fits || t.arrival != Arrival::Saturate {
            return Ok(());
        }
        let allowed =
            "a size that fits, or arrivals at a rate: all packets are dropped as too big for the MTU under ESP";
        invalid(&format!("{at}.packet"), t.mix[0].size, allowed)
    }
}
