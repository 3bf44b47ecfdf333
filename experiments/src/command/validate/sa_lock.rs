//! One SA with crypto offload on several receive queues: what its lock does to cores that share it.
//!
//! The host is not stated. Each of two queues got 17.2 Gb/s in spite of the lock. Of the presets one core of Zen 4 alone can
//! receive that much, at a clock that some of them reach; the threads that read run on other cores than those of the queues,
//! and all cores are taken to be as near to each other. That throughput
//! falls as queues are added says that whoever waits for the lock slows down who passes it on, as where all spin on one
//! line. Lines for each passing on, clock and distances were chosen with the rows in view. Fitted on 2 and 8 queues with a kernel that takes the lock twice for a packet: what a cache line takes from core to
//! core, and what each core that waits adds. The other numbers of queues are predicted, and the kernel that takes it once.

mod doubt;

use espsim_model::profile::Profile;
use espsim_model::units::{Cycles, CyclesPerByte};
use espsim_sweep::campaign::simulations::Simulations;
use espsim_sweep::failure::Failure;
use rayon::prelude::*;
use toml::Value;

use super::published::{Published, read};
use super::{Role, Row, band};
use crate::fitting::machine::{cpu_at, fit_all, goodput_gbps, run};

const TOLERANCE: f64 = 0.15;
/// AMD product specification, EPYC 9274F and 9374F: up to 4.3 GHz.
const CLOCK: &str = "4 GHz";
const TWICE: &str = "lock taken twice";

/// The machine before its lock is fitted, of a host's costs.
fn base(host: &Profile) -> Profile {
    let mut profile = host.clone();
    (profile.memory.copy, profile.stack.read) = (CyclesPerByte(0.0), Cycles(0.0));
    profile.host.l3_cores = profile.host.cores;
    profile
}

/// The same with so many times the preset's cost of a line, and of each core that waits.
fn with(base: &Profile, factors: &[f64]) -> Profile {
    let mut profile = base.clone();
    let stack = &mut profile.stack;
    stack.line_transfer = stack.line_transfer * factors[0];
    stack.lock_waiter = stack.lock_waiter * factors[1];
    profile
}

/// Goodput in Gb/s by so many queues.
fn goodput(
    simulations: &Simulations<'_>,
    profile: &Profile,
    queues: i64,
    settings: &[(&str, Value)],
) -> Result<f64, Failure> {
    let machine = [
        ("placement", "inline-crypto".into()),
        ("host.cores", Value::Integer(queues)),
        ("traffic.direction", "receive".into()),
        ("traffic.transport", "tcp".into()),
        ("traffic.packet", "1466 B".into()),
        ("traffic.flows", 64.into()),
        ("sa.count", 1.into()),
        ("sa.mode", "transport".into()),
        ("sa.lock", "ticket".into()),
        ("nic.preset", "connectx-7".into()),
        ("nic.esp.rss_inner", true.into()),
    ];
    goodput_gbps(&run(simulations, profile, &[&machine[..], settings].concat())?)
}

/// Goodput by so many queues with a kernel that takes the lock so many times for a packet.
struct Case<'a> {
    simulations: &'a Simulations<'a>,
    row: &'a Published,
}

impl Case<'_> {
    fn of(&self, profile: &Profile, settings: &[(&str, Value)]) -> Result<f64, Failure> {
        let passes = if self.row.series == TWICE { 2 } else { 1 };
        let settings = [&[("sa.lock_passes", Value::Integer(passes))], settings].concat();
        goodput(self.simulations, profile, self.row.x.unwrap_or(1.0) as i64, &settings)
    }
}

pub(super) fn rows(simulations: &Simulations<'_>) -> Result<Vec<Row>, Failure> {
    let published: Vec<Published> = read("sa_lock.csv", include_str!("../../../validation/sa_lock.csv"))?;
    let cases: Vec<Case<'_>> = published.iter().map(|row| Case { simulations, row }).collect();
    let fitted: Vec<&Case<'_>> = cases.iter().filter(|case| case.row.role == Role::Fitted).collect();
    let measured: Vec<f64> = fitted.iter().map(|case| case.row.published).collect();
    let host = cpu_at("zen4", CLOCK)?;
    let base = base(&host);
    let factors = fit_all(2, &measured, |factors| {
        let machine = with(&base, factors);
        fitted.par_iter().map(|case| case.of(&machine, &[])).collect()
    })?;
    let machine = with(&base, &factors);
    let simulated: Vec<f64> = cases.par_iter().map(|case| case.of(&machine, &[])).collect::<Result<_, Failure>>()?;
    let drawn = doubt::drawn(&cases, &host, &factors)?;
    let row = |(case, simulated): (&Case<'_>, f64)| case.row.clone().row("sa-lock", simulated, Some(TOLERANCE), true);
    let rows = cases.iter().zip(simulated).map(row).collect();
    band::banded(rows, |row| drawn[&row.id].clone())
}

#[cfg(test)]
mod tests {
    use super::super::asked;
    use super::*;

    /// A queued lock gives eight queues what was measured, and then as much to any number: it cannot fall.
    #[test]
    fn waiters_that_spin_on_lines_of_their_own_would_not_make_it_fall() {
        let base = base(&cpu_at("zen4", CLOCK).unwrap());
        let at = |factors: &[f64], queues, lock: &str| {
            let settings = [("sa.lock", lock.into())];
            asked(|simulations| goodput(simulations, &with(&base, factors), queues, &settings).unwrap())
        };
        let queued = |queues| at(&[3.1, 1.0], queues, "queued");
        assert!((queued(8) / 23.1 - 1.0).abs() < 0.1 && (queued(16) / queued(8) - 1.0).abs() < 0.02);
        assert!(queued(4) < 0.75 * 34.4 && queued(16) > 1.3 * 16.0);
        // One line for all does, with what the preset says of lock and line.
        let (eight, sixteen) = (at(&[1.0; 2], 8, "ticket"), at(&[1.0; 2], 16, "ticket"));
        assert!(sixteen < 0.75 * eight, "{eight} {sixteen}");
    }
}
