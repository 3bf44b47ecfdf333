//! Machines of published measurements: a preset with what the publication says laid over it.

use espsim_model::bound::bound;
use espsim_model::layers::{self, Layer, Origin};
use espsim_model::machine::Machine;
use espsim_model::preset;
use espsim_model::profile::Profile;
use espsim_model::record::Record;
use espsim_model::scenario::Scenario;
use espsim_model::traffic::Basis;
use espsim_sweep::campaign::simulations::{NoRecord, Simulations};
use espsim_sweep::failure::Failure;
use toml::Value;

use super::solve::{Measured, NoFit, solve};

/// Packets of one simulation: enough for the deterministic closed loops that these cases are.
const PACKETS: i64 = 150_000;
/// How well published values are known, half of a 95 % interval: of one value and one parameter it decides nothing but the
/// interval of the parameter. An estimate.
pub const ERROR: f64 = 0.05;

/// A shipped CPU preset.
///
/// # Errors
/// [`Failure`] for a preset that does not exist.
pub fn cpu(name: &str) -> Result<Profile, Failure> {
    preset::profile(name)
        .map_err(|error| Failure::new(error.to_string()))?
        .map_err(|error| Failure::new(format!("preset {name}: {error}")))
}

/// The same at another clock.
///
/// # Errors
/// As [`cpu`], or [`Failure`] for a clock that is none.
pub fn cpu_at(name: &str, clock: &str) -> Result<Profile, Failure> {
    let mut profile = cpu(name)?;
    profile.host.frequency = clock.parse().map_err(|error| Failure::new(format!("{clock}: {error}")))?;
    Ok(profile)
}

/// Simulates a point on a host.
///
/// # Errors
/// [`Failure`] for settings that make no scenario, and where the process is told to end.
pub fn run(simulations: &Simulations<'_>, profile: &Profile, settings: &[(&str, Value)]) -> Result<Record, Failure> {
    simulations.record(&scenario(settings)?, profile, 1).map_err(NoRecord::into_failure)
}

/// The point that settings make.
///
/// # Errors
/// [`Failure`] for settings that make no scenario.
pub fn scenario(settings: &[(&str, Value)]) -> Result<Scenario, Failure> {
    let mut layer: Layer =
        settings.iter().map(|(key, value)| ((*key).to_owned(), (value.clone(), Origin::Scenario))).collect();
    layer.entry("run.max_packets".into()).or_insert((PACKETS.into(), Origin::Scenario));
    let scenario = layers::resolve(&layer).and_then(|values| layers::scenario(&values));
    scenario.map_err(|error| Failure::new(error.to_string()))
}

/// What closed forms say that a point carries, as goodput in Gb/s; `None` where they say nothing.
pub fn closed_form_gbps(scenario: &Scenario, profile: &Profile) -> Option<f64> {
    let bound = bound(&Machine::build(scenario, profile).ok()?);
    let offered = bound.offered_gbps().unwrap_or(f64::INFINITY);
    bound.goodput_gbps().map(|most| most.min(offered)).filter(|gbps| *gbps > 0.0)
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

/// The factor of one parameter at which `model` gives what was published.
///
/// # Errors
/// Those of `model`, or [`Failure`] if no factor does.
pub fn fit(published: f64, mut model: impl FnMut(f64) -> Result<f64, Failure>) -> Result<f64, Failure> {
    Ok(fit_all(1, &[published], |factors| Ok(vec![model(factors[0])?]))?[0])
}

/// The factors of so many parameters at which `model` gives what was published.
///
/// # Errors
/// As [`fit`].
pub fn fit_all(
    parameters: usize,
    published: &[f64],
    model: impl FnMut(&[f64]) -> Result<Vec<f64>, Failure>,
) -> Result<Vec<f64>, Failure> {
    let measured: Vec<Measured> = published.iter().map(|&value| Measured { value, error: ERROR }).collect();
    match solve(parameters, &measured, model) {
        Ok(fitted) => Ok(fitted.iter().map(|fitted| fitted.factor).collect()),
        // As it is: a signal has an exit code of its own.
        Err(NoFit::Model(failure)) => Err(failure),
        Err(error) => {
            let names: Vec<String> = (1..=parameters).map(|n| format!("parameter {n}")).collect();
            Err(Failure::new(error.explain(&names, &vec!["published"; published.len()])))
        }
    }
}
