//! Machines of published measurements: a preset with what the publication says laid over it.

use espsim_model::layers::{self, Layer, Origin};
use espsim_model::profile::Profile;
use espsim_model::record::Record;
use espsim_model::stack::{COSTS, Stack};
use espsim_model::traffic::Basis;
use espsim_model::{preset, simulate};
use espsim_sweep::failure::Failure;
use toml::Value;

/// Packets of one simulation: enough for the deterministic closed loops that these cases are.
const PACKETS: i64 = 150_000;

/// A shipped CPU preset.
///
/// # Errors
/// [`Failure`] for a preset that does not exist.
pub fn cpu(name: &str) -> Result<Profile, Failure> {
    preset::profile(name)
        .map_err(|error| Failure::new(error.to_string()))?
        .map_err(|error| Failure::new(format!("preset {name}: {error}")))
}

/// Simulates a point on a host.
///
/// # Errors
/// [`Failure`] for settings that make no scenario.
pub fn run(profile: &Profile, settings: &[(&str, Value)]) -> Result<Record, Failure> {
    let mut layer: Layer =
        settings.iter().map(|(key, value)| ((*key).to_owned(), (value.clone(), Origin::Scenario))).collect();
    layer.insert("run.max_packets".into(), (PACKETS.into(), Origin::Scenario));
    let scenario = layers::resolve(&layer)
        .and_then(|values| layers::scenario(&values))
        .map_err(|error| Failure::new(error.to_string()))?;
    simulate(&scenario, profile, 1).map_err(|error| Failure::new(error.to_string()))
}

/// Packets per second of a point.
///
/// # Errors
/// [`Failure`] if the simulation has no estimate.
pub fn packets_per_s(record: &Record) -> Result<f64, Failure> {
    record.packets_per_s.ok_or_else(no_estimate)
}

/// Goodput of a point in Gb/s.
///
/// # Errors
/// [`Failure`] if the simulation has no estimate.
pub fn goodput_gbps(record: &Record) -> Result<f64, Failure> {
    record.rate(Basis::Goodput).map(|rate| rate.gbps).ok_or_else(no_estimate)
}

fn no_estimate() -> Failure {
    Failure::new("a simulation has no estimate")
}

/// The factor at which `model` gives `target`, by bisection between a hundredth and a hundred; `model` falls as the
/// factor grows.
///
/// # Errors
/// Those of `model`.
pub fn fit(target: f64, mut model: impl FnMut(f64) -> Result<f64, Failure>) -> Result<f64, Failure> {
    let (mut low, mut high) = (0.01f64.ln(), 100f64.ln());
    for _ in 0..24 {
        let middle = (low + high) / 2.0;
        if model(middle.exp())? > target {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(((low + high) / 2.0).exp())
}

/// Multiplies what a stack costs.
pub fn scale_stack(profile: &mut Profile, stack: Stack, factor: f64) {
    let Some(costs) = profile.costs_mut(stack) else { return };
    for cost in COSTS {
        *cost.of(costs) = *cost.of(costs) * factor;
    }
}
