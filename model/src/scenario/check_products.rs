//! Products of values that are each allowed: what a simulation has to hold of them, checked before anything is built.

use super::check::{invalid, listed};
use super::{Invalid, Scenario, Submission};
use crate::traffic::Arrival;
use crate::units::Time;

/// Routes of a machine, one for each path and size: of some 15 to 25 kB each, with the program made of them.
const MOST_ROUTES: u64 = 30_000;
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
        self.check_happenings()
    }

    /// Paths that have routes of their own: each core with each NIC that a flow of a class comes to.
    fn check_routes(&self) -> Result<(), Invalid> {
        let (cores, nics) = (u64::from(self.host.cores), self.nics().len() as u64);
        let ways = if self.failover.event.is_empty() { 1 } else { self.failover.ways(self.placement) };
        // Each with each core of a DPU too, where there is one.
        let of_dpu = self.soc().map_or(1, |soc| u64::from(soc.cores));
        let paths = |flows: u32| (cores * nics * of_dpu).min(flows.into());
        let classes = self.classes();
        let routes: u64 = classes.iter().map(|t| paths(t.flows) * t.mix.len() as u64 * ways).sum();
        if routes <= MOST_ROUTES {
            return Ok(());
        }
        let sizes: usize = classes.iter().map(|t| t.mix.len()).sum();
        let by_ways = if ways > 1 { format!(" and {ways} ways of a failover") } else { String::new() };
        let paths = classes.iter().map(|t| paths(t.flows)).max().unwrap_or(0);
        let allowed = format!(
            "times {paths} paths ({cores} cores with {nics} NICs){by_ways} these are {routes} routes: at most {MOST_ROUTES}"
        );
        invalid("traffic.mix", format!("{sizes} sizes"), allowed)
    }

    /// Jobs in flight: the window of every core or one for each flow, or what may wait at an offered rate.
    fn check_jobs(&self) -> Result<(), Invalid> {
        let cores = u64::from(self.host.cores);
        for (at, t) in listed("traffic", &self.traffic) {
            let (key, each) = match t.arrival {
                Arrival::Saturate => ("window", t.window),
                Arrival::Constant | Arrival::Poisson | Arrival::OnOff | Arrival::Bursts | Arrival::Trace => {
                    ("queue", t.queue)
                }
            };
            at_most_jobs(&format!("{at}.{key}"), each, cores)?;
        }
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
}

fn at_most_jobs(key: &str, each: u32, cores: u64) -> Result<(), Invalid> {
    let jobs = u64::from(each) * cores;
    if jobs <= MOST_JOBS {
        return Ok(());
    }
    invalid(key, each, format!("times host.cores, {cores}, these are {jobs} packets in flight: at most {MOST_JOBS}"))
}
