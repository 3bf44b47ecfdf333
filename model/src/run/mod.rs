//! One simulation: a resolved scenario and a seed in, a record out.

mod bottleneck;
mod engine;
mod measure;
mod steady;
mod totals;

pub use engine::{engine, traced_engine};
use measure::Measurement;
use steady::run_to_width;

use crate::bound::bound;
use crate::machine::Machine;
use crate::profile::Profile;
use crate::record::Record;
use crate::route::TooLarge;
use crate::scenario::{Invalid, Scenario};

/// Events per packet after which a run counts as going nowhere: far above any route's length.
pub(crate) const EVENTS_PER_PACKET: u64 = 256;

/// Simulates a scenario on a host.
///
/// # Errors
/// [`Invalid`] for a scenario that fails [`Scenario::check`] or is too large.
pub fn simulate(scenario: &Scenario, profile: &Profile, seed: u64) -> Result<Record, Invalid> {
    let machine = Machine::build(scenario, profile)?;
    let compiled = machine.compile().map_err(|error| too_large(scenario, error))?;
    let bound = bound(&machine);
    let mut engine = engine(&machine, &compiled, seed);
    let run = run_to_width(&mut engine, scenario, &bound, &compiled);
    let measurement = Measurement::take(scenario, &machine, &compiled, &mut engine, run);
    Ok(measurement.record(seed, bound))
}

/// What to make smaller.
pub(crate) fn too_large(scenario: &Scenario, error: TooLarge) -> Invalid {
    let queues = error.most == crate::resource::Resource::NicQueue;
    let key = if queues { "nic.queue_packet_rate" } else { "host.cores" };
    let nics: u32 = scenario.nic.iter().map(|nic| nic.count).sum();
    let value = format!("needs {error} ({} cores, {nics} NICs)", scenario.host.cores);
    let allowed =
        if queues { "fewer cores or NICs, or no limit for a queue" } else { "fewer cores, NICs or accelerators" };
    Invalid { key: key.into(), value, allowed: allowed.into() }
}
