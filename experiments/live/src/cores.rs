//! How many cores carry a load, by closed forms.

use espsim_model::bound::Queues;
use espsim_model::machine::Machine;
use espsim_model::profile::Profile;
use espsim_model::scenario::Scenario;
use serde_json::{Value, json};

use crate::limits;
use crate::request::{Asked, Wrong};

/// What may be lost before cores, of one: what `espsim plan` allows by default.
const LOSS: f64 = 1e-5;
/// How busy a station may be: as `espsim plan` has it.
const MOST_BUSY: f64 = 0.975;
/// The most cores that are tried.
const MOST: u32 = 256;

/// `{cores, of_host}`: the least number that carries the load on as many NICs and cards, `null` where none does or nothing is
/// offered; and how many the host has.
///
/// # Errors
/// [`Wrong`] for what cannot be.
pub fn cores(asked: &Asked) -> Result<Value, Wrong> {
    let host = asked.host()?;
    let scenario = asked.scenario(None)?;
    let offered = limits::of(&scenario, &host)?.offered;
    let cores = offered.and_then(|_| least(&scenario, &host));
    Ok(json!({ "cores": cores, "of_host": host.host.cores }))
}

/// The least number of cores with which no station is too busy and queues lose little.
pub fn least(scenario: &Scenario, host: &Profile) -> Option<u32> {
    let does = |cores: u32| {
        let mut scenario = scenario.clone();
        scenario.host.cores = cores;
        Machine::build(&scenario, host).is_ok_and(|machine| carries(&machine))
    };
    let mut high = 1;
    while !does(high) {
        high = if high < MOST { (2 * high).min(MOST) } else { return None };
    }
    let mut low = high / 2 + 1;
    while low < high {
        let middle = low + (high - low) / 2;
        if does(middle) { high = middle } else { low = middle + 1 }
    }
    Some(high)
}

fn carries(machine: &Machine) -> bool {
    let bound = espsim_model::bound::bound(machine);
    let offered = bound.offered.map_or(0.0, |rate| rate.as_pps());
    let busy = bound.tightest().map_or(0.0, |limit| offered / limit.rate.as_pps());
    busy <= MOST_BUSY && Queues::of(machine).is_none_or(|queues| queues.loss().fraction() <= LOSS)
}
