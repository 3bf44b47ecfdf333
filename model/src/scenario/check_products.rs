//! Products of values that are each allowed: what a simulation has to hold of them, checked before anything is built, and
//! what the wire cannot bring.

use super::check::invalid;
use super::{Invalid, Scenario, Stack, Submission};
use crate::hardware::wire;
use crate::placement::Placement;
use crate::traffic::{Arrival, Packet, Path, Steering};
use crate::units::{BitRate, Time};

/// Routes of an assembly, one for each row and size: of some 15 to 25 kB each, with the program made of them.
const MOST_ROUTES: u64 = 30_000;
/// Ways of a packet in a failover that have routes of their own: by either NIC, offloaded or in software.
const FAILOVER_WAYS: u64 = 4;
/// Jobs that may be in flight.
const MOST_JOBS: u64 = 4_000_000;
/// Happenings of all events together.
const MOST_HAPPENINGS: u64 = 100_000;
/// Happenings times SAs: each may change every SA.
const MOST_CHANGES: u64 = 1_000_000_000;

impl Scenario {
    /// Checks products of values, each of which is allowed by itself.
    pub(super) fn check_products(&self) -> Result<(), Invalid> {
        self.check_routes()?;
        self.check_jobs()?;
        self.check_happenings()?;
        self.check_wire_in()
    }

    /// Rows of resources that have routes of their own: each core with each NIC, or with each SA where cores share them.
    fn check_routes(&self) -> Result<(), Invalid> {
        let (t, cores, sas) = (&self.traffic, u64::from(self.host.cores), u64::from(self.sa.count));
        let shared =
            self.cores_per_sa() > 1 && self.placement != Placement::InlinePacket && self.host.stack == Stack::Kernel;
        let nics = u64::from(self.host.nics);
        let (all, others) = match shared {
            true => (cores * sas, format!("{sas} SAs")),
            false => (cores * nics, format!("{nics} NICs")),
        };
        let pairs = match t.steering {
            // Flows take cores and SAs in turn.
            Steering::Spread => all.min(least_common_multiple(cores, sas)),
            Steering::Rss => all,
        };
        let (rows, sizes) = (pairs.min(t.flows.into()), t.mix.len() as u64);
        let ways = if self.failover.event.is_empty() { 1 } else { FAILOVER_WAYS };
        let routes = rows.saturating_mul(sizes) * ways;
        if routes <= MOST_ROUTES {
            return Ok(());
        }
        let by_ways = if ways > 1 { format!(" and {ways} ways of a failover") } else { String::new() };
        let allowed = format!(
            "times {rows} rows ({cores} cores with {others}, {} flows){by_ways} these are {routes} routes: at most {MOST_ROUTES}",
            t.flows
        );
        invalid("traffic.mix", format!("{sizes} sizes"), allowed)
    }

    /// Jobs in flight: the window of every core or one for each flow, or what may wait at an offered rate.
    fn check_jobs(&self) -> Result<(), Invalid> {
        let (t, cores) = (&self.traffic, u64::from(self.host.cores));
        let (key, each) = match t.arrival {
            Arrival::Saturate => ("traffic.window", t.window),
            Arrival::Constant | Arrival::Poisson => ("traffic.queue", t.queue),
        };
        at_most_jobs(key, each, cores)?;
        match self.lookaside.submission {
            Submission::Sync => at_most_jobs("lookaside.threads", self.lookaside.threads, cores),
            Submission::Interrupt | Submission::Poll => Ok(()),
        }
    }

    /// Happenings of all events, and what they may change.
    fn check_happenings(&self) -> Result<(), Invalid> {
        let f = &self.failover;
        let of = |time: Option<Time>| time.map_or(1, |time| 1 + f.span.as_ps() / time.as_ps().max(1));
        let happenings = f.event.iter().map(|event| of(event.every.or(event.mtbf))).fold(0u64, u64::saturating_add);
        let events = format!("{} events", f.event.len());
        if happenings > MOST_HAPPENINGS {
            let allowed =
                format!("within the span of {} they happen {happenings} times: at most {MOST_HAPPENINGS}", f.span);
            return invalid("failover.event", events, allowed);
        }
        let (sas, changes) = (self.sa.count, happenings.saturating_mul(self.sa.count.into()));
        if changes > MOST_CHANGES {
            let allowed = format!(
                "they happen {happenings} times to {sas} SAs (sa.count), which is {changes} changes: at most {MOST_CHANGES}"
            );
            return invalid("failover.event", events, allowed);
        }
        Ok(())
    }

    /// No more frames come in than the wires bring: what is offered beyond would wait before the first NIC, which no host
    /// sees.
    fn check_wire_in(&self) -> Result<(), Invalid> {
        let t = &self.traffic;
        let Some(rate) = t.rate.filter(|_| t.arrival != Arrival::Saturate && t.direction != Path::Transmit) else {
            return Ok(());
        };
        let (mut counted, mut incoming) = (0.0, 0.0);
        for entry in &t.mix {
            let packet = Packet::new(t.l3(entry), t.transport, self.encapsulation().as_ref());
            let frame = if t.direction == Path::Forward { wire::frame(packet.l3) } else { packet.frame };
            counted += f64::from(entry.weight) * packet.on(t.rate_basis).get() as f64;
            incoming += f64::from(entry.weight) * wire::on_wire(frame).get() as f64;
        }
        // An SA belongs to one NIC.
        let wires = self.host.nics.min(self.sa.count).min(t.flows);
        let highest = self.nic.line_rate.as_bps() as f64 * f64::from(wires) * counted / incoming;
        if rate.as_bps() as f64 <= highest {
            return Ok(());
        }
        let highest = BitRate::from_bps(highest as u64);
        let allowed = format!("at most {highest}: no more comes in by {wires} x {} of wire", self.nic.line_rate);
        invalid("traffic.rate", rate, allowed)
    }
}

fn at_most_jobs(key: &str, each: u32, cores: u64) -> Result<(), Invalid> {
    let jobs = u64::from(each) * cores;
    if jobs <= MOST_JOBS {
        return Ok(());
    }
    invalid(key, each, format!("times host.cores, {cores}, these are {jobs} packets in flight: at most {MOST_JOBS}"))
}

fn least_common_multiple(a: u64, b: u64) -> u64 {
    let (mut divisor, mut rest) = (a, b);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    a / divisor.max(1) * b
}
