//! Families whose rows are scenarios. What they simulate is data: beside the table of a family stands a file of its machines,
//! what of these is fitted to which row, and what each row simulates.

mod doubt;

use std::collections::BTreeMap;

use espsim_model::layers::{Layer, Origin, flatten};
use espsim_model::profile::Profile;
use espsim_model::resource::Resource;
use espsim_sweep::campaign::simulations::Simulations;
use espsim_sweep::failure::Failure;
use rayon::prelude::*;
use serde::Deserialize;
use toml::{Table, Value};

use super::published::{Published, find, read};
use super::{Row, band};
use crate::fitting::keys::{keys, scale};
use crate::fitting::machine::{cpu, cpu_at, fit, goodput_gbps, packets_per_s, run};

/// A family's table and its setup, from `experiments/validation`.
macro_rules! files {
    ($($family:literal: $name:literal),+ $(,)?) => {
        &[$((
            $family,
            include_str!(concat!("../../../validation/", $name, ".csv")),
            include_str!(concat!("../../../validation/", $name, ".toml")),
        )),+]
    };
}

const FILES: &[(&str, &str, &str)] = files!(
    "stack": "stack",
    "forwarding": "forwarding",
    "vector": "vector",
    "lookaside": "lookaside",
    "sa-cache": "sa_cache",
    "limits": "limits",
);

/// What the rows of a family were measured on, and how they are simulated.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Setup {
    machine: BTreeMap<String, Machine>,
    /// Keys of a scenario that all rows have.
    #[serde(default)]
    scenario: Table,
    case: Vec<Case>,
}

/// A machine, and what of it its rows say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Machine {
    /// A shipped host.
    preset: String,
    /// Another clock than the preset's.
    clock: Option<String>,
    /// Implementations of ciphers that the preset has and the machine had not.
    #[serde(default)]
    without: Vec<String>,
    /// What is fitted, one after the other.
    #[serde(default)]
    fit: Vec<Fit>,
    /// The largest relative error that counts as agreement; absent where only what limits is compared.
    tolerance: Option<f64>,
    counts: Counts,
    /// Draws of what is not known of it, where thousands of flows make each one long.
    draws: Option<u32>,
    /// From packets a second or Gb/s to the unit of the table.
    #[serde(default = "one")]
    factor: f64,
    /// Keys that are so many times `x`.
    #[serde(default)]
    x: BTreeMap<String, i64>,
    /// Keys of a scenario that rows on this machine have.
    #[serde(default)]
    scenario: Table,
}

/// What a row says of its machine.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fit {
    row: String,
    /// Keys of the profile that go up and down together,
    #[serde(default)]
    keys: Vec<String>,
    /// or a time of the scenario.
    latency: Option<String>,
}

/// What some rows simulate.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// Their series, or the rows themselves.
    of: Vec<String>,
    machine: String,
    #[serde(default)]
    scenario: Table,
    /// Rows of which the first over the second is what is compared.
    ratio: Option<[String; 2]>,
    /// A row that has less.
    exceeds: Option<String>,
}

/// What a rate counts.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Counts {
    Packets,
    Goodput,
}

const fn one() -> f64 {
    1.0
}

/// A machine as far as its rows have said what it is.
#[derive(Clone)]
struct Fitted {
    profile: Profile,
    settings: Layer,
    /// What each step of the fit came to.
    factors: Vec<f64>,
}

/// What a simulation gave: a value in the unit of the table, and what limited.
type Given = (f64, Option<Resource>);

/// The rows of a family.
///
/// # Errors
/// [`Failure`] for a family that is not known, files that are wrong, and where the process is told to end.
pub fn rows(family: &'static str, simulations: &Simulations<'_>) -> Result<Vec<Row>, Failure> {
    let (published, setup) = files(family)?;
    let fitted = |(name, of): (&String, &Machine)| Ok((name.clone(), setup.fitted(of, &published, simulations)?));
    let machines: BTreeMap<String, Fitted> = setup.machine.iter().map(fitted).collect::<Result<_, Failure>>()?;
    let cases: Vec<&Case> = published.iter().map(|row| setup.case(row)).collect::<Result<_, Failure>>()?;
    let alone = published.par_iter().zip(&cases).filter(|(_, case)| case.ratio.is_none());
    let given = |(row, case): (&Published, &&Case)| {
        Ok((row.id.clone(), setup.given(case, row.x, &machines[&case.machine], simulations)?))
    };
    let given: BTreeMap<String, Given> = alone.map(given).collect::<Result<_, Failure>>()?;
    let value = |id: &String| {
        let (value, _) = given.get(id).ok_or_else(|| Failure::new(format!("{family}: no row `{id}` is simulated")))?;
        Ok::<f64, Failure>(*value)
    };
    let drawn = doubt::drawn(&setup, &published, &machines)?;
    let compared = published.iter().zip(cases).map(|(row, case)| {
        let (simulated, limit) = match &case.ratio {
            Some([first, second]) => (value(first)? / value(second)?, None),
            None => given[&row.id],
        };
        let exceeds = case.exceeds.as_ref().map_or(Ok(true), |other| Ok::<_, Failure>(simulated > value(other)?))?;
        let tolerance = setup.machine[&case.machine].tolerance;
        Ok(row.clone().row(family, simulated, tolerance, exceeds && is_limit(&row.limit, limit)))
    });
    let rows = compared.collect::<Result<Vec<Row>, Failure>>()?;
    band::banded(rows, |row| drawn.of(row, &setup))
}

/// The table of a family, and its setup.
fn files(family: &str) -> Result<(Vec<Published>, Setup), Failure> {
    let found = FILES.iter().find(|(name, ..)| *name == family);
    let (_, csv, setup) = found.ok_or_else(|| Failure::new(format!("nothing simulates the family `{family}`")))?;
    let setup: Setup = toml::from_str(setup).map_err(|error| Failure::new(format!("{family}: {error}")))?;
    let unknown = setup.case.iter().find(|case| !setup.machine.contains_key(&case.machine));
    match unknown {
        Some(case) => Err(Failure::new(format!("{family}: there is no machine `{}`", case.machine))),
        None => Ok((read(family, csv)?, setup)),
    }
}

/// Whether it is what was said to limit, or begins so; `not` turns that round. Inwards the wire is `wire in`.
fn is_limit(said: &str, limit: Option<Resource>) -> bool {
    let name = limit.map_or("", Resource::name);
    said.strip_prefix("not ").map_or_else(|| name.starts_with(said), |other| name != other)
}

impl Setup {
    fn case(&self, row: &Published) -> Result<&Case, Failure> {
        let case = self.case.iter().find(|case| case.of.contains(&row.series) || case.of.contains(&row.id));
        case.ok_or_else(|| Failure::new(format!("nothing says what `{}` simulates", row.id)))
    }

    /// A machine of which no row has said anything yet.
    fn unfitted(of: &Machine) -> Result<Fitted, Failure> {
        let mut profile = match &of.clock {
            Some(clock) => cpu_at(&of.preset, clock)?,
            None => cpu(&of.preset)?,
        };
        profile.aead.retain(|cost| !of.without.contains(&cost.backend));
        Ok(Fitted { profile, settings: Layer::new(), factors: Vec::new() })
    }

    /// A machine with its values set one after the other, each by its row.
    fn fitted(&self, of: &Machine, rows: &[Published], simulations: &Simulations<'_>) -> Result<Fitted, Failure> {
        let mut machine = Setup::unfitted(of)?;
        for step in &of.fit {
            let row = find(rows, |row| row.id == step.row)?;
            let case = self.case(row)?;
            let keys = keys(&machine.profile, &step.row, &step.keys)?;
            let factor = fit(row.published, |factor| {
                Ok(self.given(case, row.x, &machine.clone().with(step, &keys, factor), simulations)?.0)
            })?;
            machine = machine.with(step, &keys, factor);
        }
        Ok(machine)
    }

    /// What a case comes to at a place of its curve.
    fn given(&self, case: &Case, x: Option<f64>, on: &Fitted, simulations: &Simulations<'_>) -> Result<Given, Failure> {
        let of = &self.machine[&case.machine];
        let settings = self.settings(case, x, on);
        let settings: Vec<(&str, Value)> = settings.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
        let record = run(simulations, &on.profile, &settings)?;
        let rate = match of.counts {
            Counts::Packets => packets_per_s(&record)?,
            Counts::Goodput => goodput_gbps(&record)?,
        };
        Ok((rate * of.factor, record.bottleneck))
    }

    /// What a case sets at a place of its curve.
    fn settings(&self, case: &Case, x: Option<f64>, on: &Fitted) -> Vec<(String, Value)> {
        let of = &self.machine[&case.machine];
        let tables = [&self.scenario, &of.scenario, &case.scenario];
        let mut settings: Layer = tables.into_iter().flat_map(|table| flatten(table, &Origin::Scenario)).collect();
        let times = |n: i64| Value::Integer(n * x.unwrap_or(1.0) as i64);
        settings.extend(of.x.iter().map(|(key, n)| (key.clone(), (times(*n), Origin::Sweep))));
        settings.extend(on.settings.clone());
        settings.into_iter().map(|(key, (value, _))| (key, value)).collect()
    }
}

impl Fitted {
    /// The same with what one step of the fit sets.
    fn with(mut self, step: &Fit, keys: &[String], factor: f64) -> Fitted {
        scale(&mut self.profile, keys, factor);
        let latency = Value::String(format!("{factor:.3} us"));
        self.settings.extend(step.latency.clone().map(|key| (key, (latency, Origin::Set))));
        self.factors.push(factor);
        self
    }
}

#[cfg(test)]
mod tests;
