//! One simulation: a resolved scenario and a seed in, a record out.

mod bottleneck;
mod engine;
mod least;
mod measure;
mod steady;
mod totals;

pub use engine::{engine, traced_engine};
pub use least::least_latency;
use measure::Measurement;
use steady::run_to_width;

use crate::bound::bound;
use crate::engine::Engine;
use crate::engine::trace::Tracer;
use crate::machine::Machine;
use crate::profile::Profile;
use crate::record::Record;
use crate::route::TooLarge;
use crate::scenario::{Invalid, Scenario};

/// Events per packet after which a run counts as going nowhere: far above any route's length.
pub(crate) const EVENTS_PER_PACKET: u64 = 256;

/// Events between two looks at whether to stop: some tens of milliseconds, and so many that looking costs nothing.
pub(crate) const STRETCH: u64 = 1 << 17;

/// As [`Engine::run`], stretch by stretch; `None` where `is_stopped` says so between two.
pub(crate) fn run_unless(
    engine: &mut Engine,
    packets: u64,
    events: u64,
    until: u64,
    is_stopped: &dyn Fn() -> bool,
) -> Option<bool> {
    loop {
        let stretch = engine.events().saturating_add(STRETCH).min(events);
        let reached = engine.run(packets, stretch, until);
        if is_stopped() {
            return None;
        }
        // Something else than the stretch has ended it.
        if reached || engine.events() < stretch || stretch == events {
            return Some(reached);
        }
    }
}

/// The seed of a replication, from the base of all: the same for every point of a sweep, so that designs are compared under
/// common random numbers. Mixed by SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), so that neighbouring seeds have nothing
/// in common.
pub fn seed(base: u64, replication: u32) -> u64 {
    let mut z = base.wrapping_add(0x9e37_79b9_7f4a_7c15u64.wrapping_mul(u64::from(replication) + 1));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Simulates a scenario on a host.
///
/// # Errors
/// [`Invalid`] for a scenario that fails [`Scenario::check`] or is too large.
pub fn simulate(scenario: &Scenario, profile: &Profile, seed: u64) -> Result<Record, Invalid> {
    let record = simulate_unless(scenario, profile, seed, &|| false)?;
    record.ok_or_else(|| Invalid { key: "run".into(), value: "stopped".into(), allowed: "a run to its end".into() })
}

/// The same, unless `is_stopped` says so meanwhile: then nothing. It is asked every [`STRETCH`] events, and does not change
/// what is simulated.
///
/// # Errors
/// As [`simulate`].
pub fn simulate_unless(
    scenario: &Scenario,
    profile: &Profile,
    seed: u64,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Option<Record>, Invalid> {
    let machine = Machine::build(scenario, profile)?;
    let compiled = machine.compile().map_err(|error| too_large(scenario, error))?;
    let bound = bound(&machine);
    let mut engine = engine(&machine, &compiled, seed);
    let Some(run) = run_to_width(&mut engine, scenario, &bound, &compiled, is_stopped) else { return Ok(None) };
    all_was_had(scenario, &engine)?;
    let measurement = Measurement::take(scenario, &machine, &compiled, &mut engine, run);
    Ok(Some(measurement.record(seed, bound)))
}

/// That no trace broke off.
pub(crate) fn all_was_had<T: Tracer>(scenario: &Scenario, engine: &Engine<T>) -> Result<(), Invalid> {
    let Some(failure) = engine.failure() else { return Ok(()) };
    let names = scenario.traffic.iter().filter_map(|class| Some(class.trace.as_ref()?.name()));
    let value = names.collect::<Vec<_>>().join(", ");
    Err(Invalid { key: "traffic.trace".into(), value, allowed: failure.to_owned() })
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
