//! The points of a scenario file: every series at every combination of swept values, resolved and checked.

use espsim_model::layers::{self, Layer, LayerError, Origin};
use espsim_model::profile::Profile;
use espsim_model::scenario::{Invalid, Scenario};
use espsim_model::units::{BitRate, Bytes, Hertz, Share, Time};
use toml::Value;

use crate::input::{Failure, explain};
use crate::scenario_file::ScenarioFile;

/// The most points that one file may make.
pub const MOST_POINTS: u64 = 1_000_000;

/// One point: what is varied, and the complete scenario.
#[derive(Debug, Clone)]
pub struct Point {
    /// Name of its series.
    pub series: String,
    /// Its value on each swept axis, as written.
    pub coordinates: Vec<Value>,
    /// Every value with its origin.
    pub values: Layer,
    /// The scenario.
    pub scenario: Scenario,
}

/// A `--set key=value`.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Key path.
    pub key: String,
    /// Value: TOML if it is, else a string.
    pub value: Value,
}

impl std::str::FromStr for Setting {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').ok_or_else(|| format!("`{text}` is not key=value"))?;
        let key = key.trim();
        if key.is_empty() || key.split('.').any(str::is_empty) {
            return Err(format!("`{key}` is not a key, such as nic.line_rate"));
        }
        let value = value.trim();
        let parsed =
            toml::from_str::<toml::Table>(&format!("v = {value}")).ok().and_then(|mut table| table.remove("v"));
        Ok(Setting { key: key.to_owned(), value: parsed.unwrap_or_else(|| Value::String(value.to_owned())) })
    }
}

/// Makes and checks the points of a file, series by series, the last axis fastest.
///
/// # Errors
/// [`Failure`] at the key that is wrong, in the file or on the command line; for more than [`MOST_POINTS`] points
/// before the first is made.
pub fn points(file: &ScenarioFile, settings: &[Setting], profile: &Profile) -> Result<Vec<Point>, Failure> {
    let per_series = file.sweep.iter().fold(1u64, |n, axis| n.saturating_mul(axis.values.len() as u64));
    let total = per_series.saturating_mul(file.series.len() as u64).saturating_mul(file.replications.into());
    if total > MOST_POINTS {
        return Err(file.failure("sweep", format!("the sweep has {total} points: at most {MOST_POINTS}")));
    }
    let mut points = Vec::with_capacity((per_series * file.series.len() as u64) as usize);
    for series in 0..file.series.len() {
        for at in 0..per_series {
            points.push(Combination::new(file, series, at).resolve(file, settings, profile)?);
        }
    }
    Ok(points)
}

/// Which series and which value of each axis.
struct Combination {
    series: usize,
    indices: Vec<usize>,
}

impl Combination {
    fn new(file: &ScenarioFile, series: usize, mut at: u64) -> Self {
        let mut indices: Vec<usize> = (file.sweep.iter().rev())
            .map(|axis| {
                let index = at % axis.values.len() as u64;
                at /= axis.values.len() as u64;
                index as usize
            })
            .collect();
        indices.reverse();
        Combination { series, indices }
    }

    fn resolve(&self, file: &ScenarioFile, settings: &[Setting], profile: &Profile) -> Result<Point, Failure> {
        let series = &file.series[self.series];
        let mut overrides = file.base.clone();
        overrides.extend(series.values.clone());
        let coordinates: Vec<Value> =
            file.sweep.iter().zip(&self.indices).map(|(axis, &i)| axis.values[i].clone()).collect();
        for (axis, value) in file.sweep.iter().zip(&coordinates) {
            overrides.insert(axis.key.clone(), (value.clone(), Origin::Sweep));
        }
        for setting in settings {
            overrides.insert(setting.key.clone(), (setting.value.clone(), Origin::Set));
        }
        let resolved = layers::resolve(&overrides).and_then(|values| Ok((layers::scenario(&values)?, values)));
        let (scenario, values) = resolved.map_err(|error| self.layer_failure(file, settings, &error))?;
        scenario.check(profile).map_err(|error| self.invalid_failure(file, settings, &error))?;
        Ok(Point { series: series.name.clone(), coordinates, values, scenario })
    }

    fn layer_failure(&self, file: &ScenarioFile, settings: &[Setting], error: &LayerError) -> Failure {
        let (message, help) = explain(error);
        self.failure(file, settings, error.key(), message).with_help(help)
    }

    fn invalid_failure(&self, file: &ScenarioFile, settings: &[Setting], error: &Invalid) -> Failure {
        self.failure(file, settings, &error.key, error.to_string())
    }

    /// The error at the layer that spoke last of the key or of a table around it.
    fn failure(&self, file: &ScenarioFile, settings: &[Setting], key: &str, message: String) -> Failure {
        // A packet size may have been given as a mix.
        let speaks_of = |given: &str| {
            given == key
                || given.starts_with(&format!("{key}."))
                || key.starts_with(&format!("{given}."))
                || key.starts_with(&format!("{given}["))
                || (key == "traffic.packet" && given == "traffic.mix")
        };
        if let Some(setting) = settings.iter().rev().find(|setting| speaks_of(&setting.key)) {
            return Failure::new(format!("--set {}={}: {message}", setting.key, setting.value));
        }
        if let Some((axis, &i)) = file.sweep.iter().zip(&self.indices).find(|(axis, _)| speaks_of(&axis.key)) {
            return file.failure(&format!("sweep.{}[{i}]", axis.key), message);
        }
        let series = &file.series[self.series].values;
        if let Some(given) = series.keys().find(|given| speaks_of(given)) {
            return file.failure(&format!("series[{}].{given}", self.series), message);
        }
        match file.base.keys().find(|given| speaks_of(given)) {
            // Of a list only the element is wrong.
            Some(given) if key.starts_with(&format!("{given}[")) => file.failure(key, message),
            Some(given) => file.failure(given, message),
            None => file.failure(&format!("series[{}]", self.series), message),
        }
    }
}

/// A swept value as a number for an axis: sizes in B, rates in Gb/s, times in us, frequencies in GHz, shares in %.
pub fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(n) => Some(*n as f64),
        Value::Float(n) => Some(*n),
        Value::String(text) => None
            .or_else(|| text.parse::<Bytes>().ok().map(|n| n.get() as f64))
            .or_else(|| text.parse::<BitRate>().ok().map(|n| n.as_gbps()))
            .or_else(|| text.parse::<Time>().ok().map(|n| n.as_ns() * 1e-3))
            .or_else(|| text.parse::<Hertz>().ok().map(|n| n.get() as f64 * 1e-9))
            .or_else(|| text.parse::<Share>().ok().map(|n| n.fraction() * 100.0)),
        _ => None,
    }
}

/// A value as it is shown: strings without quotes.
pub fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
