//! The points of a scenario file: every series at every combination of swept values, resolved and checked.

pub mod cost;
pub mod doubt;
pub mod enough;
pub mod id;
pub mod outcome;
pub mod shard;
pub mod study;

use espsim_model::layers::{self, Layer, LayerError, Origin};
use espsim_model::profile::Profile;
use espsim_model::scenario::Scenario;
use toml::Value;

use crate::failure::{Failure, explain};
use crate::file::own_preset;
use crate::file::scenario_file::ScenarioFile;
use crate::file::sweep::MOST_COMBINATIONS;
use crate::file::trace;
use crate::file::value::Setting;

/// The most runs that one file may ask for: points times replications.
pub const MOST_RUNS: u64 = 10_000_000;

/// Which point: what is varied.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Name of its series.
    pub series: String,
    /// The value of each swept key, as written.
    pub coordinates: Vec<Value>,
}

/// One point: what is varied, and the complete scenario.
#[derive(Debug, Clone)]
pub struct Point {
    /// Which one.
    pub place: Place,
    /// Every value with its origin.
    pub values: Layer,
    /// The scenario.
    pub scenario: Scenario,
}

/// The points of a file, series by series, the last axis fastest. Each is made from its number when it is asked for, so
/// that very many take no memory.
#[derive(Debug, Clone, Copy)]
pub struct Points<'a> {
    /// The file.
    pub file: &'a ScenarioFile,
    /// What was set over it.
    pub settings: &'a [Setting],
    /// The host that points are checked for.
    pub profile: &'a Profile,
    kept: &'a Kept,
}

/// Which combinations of a file are points: all, or those that are not left out, by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// All of so many.
    All(usize),
    /// These.
    Some(Vec<u32>),
}

impl Kept {
    /// Finds out what is not left out.
    ///
    /// # Errors
    /// [`Failure`] if nothing is left, or for more than [`MOST_RUNS`] runs.
    pub fn new(file: &ScenarioFile) -> Result<Self, Failure> {
        let per_series = file.sweep.combinations();
        let all = per_series.saturating_mul(file.series.len() as u64);
        let too_many = |points: u64| {
            let runs = points.saturating_mul(file.replications.most().into());
            let or_more = if points > MOST_RUNS && file.sweep.has_skips() { " or more" } else { "" };
            let message = format!("the sweep has {runs} runs{or_more}: at most {MOST_RUNS}");
            if runs > MOST_RUNS { Err(file.failure("sweep", message)) } else { Ok(()) }
        };
        if !file.sweep.has_skips() {
            too_many(all)?;
            return Ok(Kept::All(all as usize));
        }
        let numbers = u32::try_from(all).ok().filter(|_| all <= MOST_COMBINATIONS).ok_or_else(|| {
            file.failure(
                "sweep",
                format!("the sweep has {all} combinations in all series: at most {MOST_COMBINATIONS}"),
            )
        })?;
        let is_kept = |n: &u32| {
            let (series, combination) = (u64::from(*n) / per_series, u64::from(*n) % per_series);
            !file.sweep.is_skipped(series as usize, &file.sweep.rows(combination))
        };
        let kept: Vec<u32> = (0..numbers).filter(is_kept).take(MOST_RUNS as usize + 1).collect();
        too_many(kept.len() as u64)?;
        if kept.is_empty() {
            return Err(file.failure("sweep.skip", "`sweep.skip` leaves no point"));
        }
        Ok(Kept::Some(kept))
    }
}

/// Whether two keys are of the same parameter.
fn are_same(a: &str, b: &str) -> bool {
    let is_packet = |key: &str| key == "traffic.packet" || key == "traffic.mix";
    a == b || (is_packet(a) && is_packet(b))
}

/// Refuses to set what is swept, or what makes a series: points would be the same under names that say otherwise.
///
/// # Errors
/// [`Failure`] at the axis or in the series.
pub fn check_settings(file: &ScenarioFile, settings: &[Setting]) -> Result<(), Failure> {
    for Setting { key, .. } in settings {
        if let Some(swept) = file.sweep.keys().find(|swept| are_same(swept, key)) {
            let message = format!("`{key}` is swept here: it cannot be set by --set as well");
            let help = "leave out --set, or take the key out of the sweep in a copy of the file".into();
            let place = file.sweep.find(swept).map_or_else(String::new, |(axis, i)| file.sweep.axes[axis].place(i, 0));
            return Err(file.failure(&place, message).with_help(Some(help)));
        }
    }
    (0..file.series.len()).try_for_each(|series| check_series(file, series, settings))
}

/// Refuses to set what makes a series, by its number: it would be another one under its name.
///
/// # Errors
/// [`Failure`] in the series.
pub fn check_series(file: &ScenarioFile, number: usize, settings: &[Setting]) -> Result<(), Failure> {
    let series = &file.series[number];
    for Setting { key, .. } in settings {
        if let Some(given) = series.values.keys().find(|given| are_same(given, key)) {
            let name = &series.name;
            let message = format!("`{given}` is set by series `{name}`: it cannot be set by --set {key} as well");
            let help = "leave out --set, or change the series in a copy of the file".into();
            return Err(file.failure(&format!("series[{number}].{given}"), message).with_help(Some(help)));
        }
    }
    Ok(())
}

impl<'a> Points<'a> {
    /// The points of a file that are kept.
    pub fn new(file: &'a ScenarioFile, settings: &'a [Setting], profile: &'a Profile, kept: &'a Kept) -> Self {
        Points { file, settings, profile, kept }
    }

    /// How many there are.
    #[allow(clippy::len_without_is_empty)] // There always is one.
    pub fn len(&self) -> usize {
        match self.kept {
            Kept::All(n) => *n,
            Kept::Some(numbers) => numbers.len(),
        }
    }

    fn combination(&self, point: usize) -> Combination {
        let number = match self.kept {
            Kept::All(_) => point as u64,
            Kept::Some(numbers) => numbers[point].into(),
        };
        let per_series = self.file.sweep.combinations();
        Combination { series: (number / per_series) as usize, rows: self.file.sweep.rows(number % per_series) }
    }

    /// What is varied at a point.
    pub fn place(&self, point: usize) -> Place {
        self.place_of(&self.combination(point))
    }

    /// A point, complete and checked.
    ///
    /// # Errors
    /// [`Failure`] at the key that is wrong, in the file or on the command line.
    pub fn resolve(&self, point: usize) -> Result<Point, Failure> {
        let at = self.combination(point);
        let mut overrides = overrides(self.file, self.settings, &at);
        let explained = |error: LayerError| {
            let (message, help) = explain(&error);
            self.failure(&at, error.key(), message).with_help(help)
        };
        let own = own_preset::read_named(&mut overrides, &self.file.source.path)?;
        let mut values = layers::resolve_with(&overrides, &own).map_err(explained)?;
        trace::name(&mut values)?;
        let mut scenario = layers::scenario(&values).map_err(explained)?;
        trace::attach(&mut scenario)?;
        scenario.check(self.profile).map_err(|error| self.failure(&at, &error.key, error.to_string()))?;
        Ok(Point { place: self.place_of(&at), values, scenario })
    }

    /// Checks that a point's load can come in at all.
    ///
    /// # Errors
    /// [`Failure`] at the rate.
    pub fn check_offered(&self, number: usize, point: &Point) -> Result<(), Failure> {
        let incoming = point.scenario.check_incoming();
        incoming.map_err(|error| self.failure(&self.combination(number), &error.key, error.to_string()))
    }

    fn place_of(&self, at: &Combination) -> Place {
        let coordinates = self.file.sweep.values(&at.rows).cloned().collect();
        Place { series: self.file.series[at.series].name.clone(), coordinates }
    }

    /// The error at the layer that spoke last of the key or of a table around it.
    fn failure(&self, at: &Combination, key: &str, message: String) -> Failure {
        let Points { file, settings, .. } = *self;
        // A packet size may have been given as a mix.
        let speaks_of = |given: &str| {
            given == key
                || given.starts_with(&format!("{key}."))
                || key.starts_with(&format!("{given}."))
                || key.starts_with(&format!("{given}["))
                || (key == "traffic.packet" && given == "traffic.mix")
        };
        if let Some(setting) = settings.iter().rev().find(|setting| speaks_of(&setting.key)) {
            return Failure::new(format!("--set {setting}: {message}"));
        }
        for (axis, &row) in file.sweep.axes.iter().zip(&at.rows) {
            if let Some(given) = axis.keys.iter().position(|given| speaks_of(given)) {
                return file.failure(&axis.place(given, row), message);
            }
        }
        let series = &file.series[at.series].values;
        if let Some(given) = series.keys().find(|given| speaks_of(given)) {
            return file.failure(&format!("series[{}].{given}", at.series), message);
        }
        match file.base.keys().find(|given| speaks_of(given)) {
            // Of a list only the element is wrong.
            Some(given) if key.starts_with(&format!("{given}[")) => file.failure(key, message),
            Some(given) => file.failure(given, message),
            None => file.failure(&format!("series[{}]", at.series), message),
        }
    }
}

/// Every point of a file, complete and checked.
///
/// # Errors
/// [`Failure`] at the key that is wrong, in the file or on the command line.
pub fn points(file: &ScenarioFile, settings: &[Setting], profile: &Profile) -> Result<Vec<Point>, Failure> {
    let kept = Kept::new(file)?;
    let points = Points::new(file, settings, profile, &kept);
    (0..points.len()).map(|point| points.resolve(point)).collect()
}

/// What a file and a command line say of a point.
fn overrides(file: &ScenarioFile, settings: &[Setting], at: &Combination) -> Layer {
    let mut overrides = file.base.clone();
    overrides.extend(file.series[at.series].values.clone());
    for (key, value) in file.sweep.keys().zip(file.sweep.values(&at.rows)) {
        overrides.insert(key.to_owned(), (value.clone(), Origin::Sweep));
    }
    for setting in settings {
        overrides.insert(setting.key.clone(), (setting.value.clone(), Origin::Set));
    }
    overrides
}

/// Why a series is not to be had at its first point: what no such hardware or stack does. `None` where it is, or where
/// something else is wrong with it.
pub fn not_to_be_had(file: &ScenarioFile, series: usize, settings: &[Setting]) -> Option<String> {
    let mut overrides = overrides(file, settings, &Combination { series, rows: file.sweep.rows(0) });
    let own = own_preset::read_named(&mut overrides, &file.source.path).ok()?;
    let scenario = layers::scenario(&layers::resolve_with(&overrides, &own).ok()?).ok()?;
    scenario.check_exists().err().map(|invalid| invalid.to_string())
}

/// Which series and which row of each axis.
struct Combination {
    series: usize,
    rows: Vec<usize>,
}
