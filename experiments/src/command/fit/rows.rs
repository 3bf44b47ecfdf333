//! The file of a fit: what is known of a machine, what is to be found, and what was measured on it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use espsim_model::layers::{self, Layer, Origin};
use espsim_model::profile::Profile;
use espsim_model::record::Record;
use espsim_model::scenario::Scenario;
use espsim_model::simulate;
use espsim_model::traffic::Basis;
use espsim_model::units::{BitRate, PacketRate, Share};
use espsim_sweep::failure::{Failure, explain, read_text};
use espsim_sweep::file::plain;
use espsim_sweep::file::value::Setting;
use espsim_sweep::store::validation::Role;
use serde::Deserialize;
use toml::Table;

use crate::fitting::keys::keys;
use crate::fitting::solve::Measured;
use crate::rows::cell::{self, Quantity};
use crate::rows::{self, OwnRow};

/// How well a value was measured, if nothing is said.
const ERROR: f64 = 0.05;
/// Packets of one simulation, unless the file says more.
const PACKETS: i64 = 150_000;

/// A file of rows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitFile {
    /// What was measured, and where that is written.
    pub title: String,
    /// A host: a file or `preset:NAME`.
    #[serde(default)]
    pub profile: Option<String>,
    /// What is to be found: a name, and the keys of the profile that go up and down together.
    pub parameters: BTreeMap<String, Vec<String>>,
    /// Keys of a scenario that all rows have.
    #[serde(default)]
    scenario: Table,
    /// A CSV file of further rows, such as `espsim import` writes, from the folder of this one. Each has a `scenario`.
    #[serde(default)]
    rows: Option<PathBuf>,
    /// What was measured.
    #[serde(default)]
    pub row: Vec<Row>,
}

/// One measurement.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// A name of its own.
    pub name: String,
    /// A measured rate in Gb/s.
    #[serde(default)]
    throughput: Option<BitRate>,
    /// What it counts.
    #[serde(default = "goodput")]
    basis: Basis,
    /// A measured rate in packets.
    #[serde(default)]
    packet_rate: Option<PacketRate>,
    /// Half of the 95 % interval, relative to the value.
    #[serde(default)]
    error: Option<Share>,
    /// Whether the row is held against what the others say.
    #[serde(default)]
    pub predict: bool,
    /// Keys of a scenario.
    #[serde(default)]
    scenario: Table,
    /// What a CSV file says of it instead, and the path of that.
    #[serde(skip)]
    own: Option<(PathBuf, OwnRow)>,
}

const fn goodput() -> Basis {
    Basis::Goodput
}

impl Row {
    /// The value in Gb/s or Mpps, and how well it is known.
    pub fn measured(&self) -> Measured {
        if let Some((_, own)) = &self.own {
            return Measured { value: own.published, error: ERROR };
        }
        let value = self.throughput.map(|rate| rate.as_gbps()).or(self.packet_rate.map(|rate| rate.as_pps() * 1e-6));
        Measured { value: value.unwrap_or(0.0), error: self.error.map_or(ERROR, |error| error.fraction()) }
    }

    /// A row of a CSV file.
    fn of(path: &Path, own: OwnRow) -> Self {
        Row {
            name: own.id.clone(),
            throughput: None,
            basis: Basis::Goodput,
            packet_rate: None,
            error: None,
            predict: own.role == Role::Predicted,
            scenario: Table::new(),
            own: Some((path.to_owned(), own)),
        }
    }

    /// Its unit.
    pub fn unit(&self) -> &str {
        if let Some((_, own)) = &self.own {
            return &own.unit;
        }
        if self.throughput.is_some() { "Gb/s" } else { "Mpps" }
    }

    /// What a record has of it.
    fn given(&self, record: &Record) -> Option<f64> {
        if let Some((_, own)) = &self.own {
            return Quantity::of(&own.unit).ok()?.given(record);
        }
        match self.throughput {
            Some(_) => record.rate(self.basis).map(|rate| rate.gbps),
            None => record.packets_per_s.map(|rate| rate * 1e-6),
        }
    }
}

impl FitFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Failure`] at what is no such file.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let mut file = Self::parsed(path, &read_text("read rows", path)?)?;
        if let Some(name) = &file.rows {
            let table = path.parent().unwrap_or(Path::new("")).join(name);
            for own in rows::read(&table)? {
                if own.scenario.is_empty() && file.scenario.is_empty() {
                    return Err(own.failure(&table, "`scenario` says what the row simulates: it is empty"));
                }
                file.row.push(Row::of(&table, own));
            }
        }
        file.checked(path)
    }

    /// Parses the text of a file; `path` is for messages.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, Failure> {
        Self::parsed(path, text)?.checked(path)
    }

    fn parsed(path: &Path, text: &str) -> Result<Self, Failure> {
        plain::check(path, text)?;
        toml::from_str(text)
            .map_err(|error| Failure::at(path, text, error.span().unwrap_or(0..0), error.message().to_owned()))
    }

    /// The same if there are rows enough, each with a value.
    fn checked(self, path: &Path) -> Result<Self, Failure> {
        let file = self;
        let wrong = |message: String| Err(Failure::new(format!("{}: {message}", path.display())));
        let fitted = file.row.iter().filter(|row| !row.predict).count();
        if file.parameters.is_empty() || fitted < file.parameters.len() {
            return wrong(format!(
                "{} parameters and {fitted} rows that are not `predict`: at least one parameter, and as many rows",
                file.parameters.len()
            ));
        }
        for row in &file.row {
            let Measured { value, error } = row.measured();
            if row.own.is_none() && (row.throughput.is_some() == row.packet_rate.is_some() || value <= 0.0) {
                return wrong(format!("row `{}`: `throughput` or `packet_rate`, one of them, above zero", row.name));
            }
            if !(0.0001..=1.0).contains(&error) {
                return wrong(format!(
                    "row `{}`: `error` is {}: 0.01 % to 100 %",
                    row.name,
                    Share::from_fraction(error)
                ));
            }
        }
        Ok(file)
    }

    /// The keys of each parameter, each of which the profile has: `stack.*` is all of a table.
    ///
    /// # Errors
    /// [`Failure`] for a key that the profile lacks, with the nearest that it has.
    pub fn keys(&self, profile: &Profile) -> Result<Vec<(String, Vec<String>)>, Failure> {
        let of = |(name, patterns): (&String, &Vec<String>)| Ok((name.clone(), keys(profile, name, patterns)?));
        self.parameters.iter().map(of).collect()
    }

    /// The scenario of a row.
    ///
    /// # Errors
    /// [`Failure`] for keys and values that make none.
    pub fn scenario(&self, row: &Row, profile: &Profile) -> Result<Scenario, Failure> {
        if let Some((path, own)) = &row.own {
            let common = layers::flatten(&self.scenario, &Origin::Scenario).into_iter();
            let packets = Setting { key: "run.max_packets".into(), value: PACKETS.into() };
            let common = common.map(|(key, (value, _))| Setting { key, value });
            let common: Vec<Setting> = std::iter::once(packets).chain(common).collect();
            return cell::scenario(path, own, &common, profile).map(|(scenario, _)| scenario);
        }
        let failure = |message: String, help| Failure::new(format!("row `{}`: {message}", row.name)).with_help(help);
        let mut layer = Layer::new();
        layer.insert("run.max_packets".into(), (PACKETS.into(), Origin::Default));
        layer.extend(layers::flatten(&self.scenario, &Origin::Scenario));
        layer.extend(layers::flatten(&row.scenario, &Origin::Scenario));
        let scenario = layers::resolve(&layer).and_then(|values| layers::scenario(&values)).map_err(|error| {
            let (message, help) = explain(&error);
            failure(message, help)
        })?;
        scenario.check(profile).map_err(|error| failure(error.to_string(), None))?;
        Ok(scenario)
    }
}

/// What the model says of a row.
///
/// # Errors
/// [`Failure`] where the simulation has no estimate.
pub fn simulated(row: &Row, scenario: &Scenario, profile: &Profile) -> Result<f64, Failure> {
    let record =
        simulate(scenario, profile, 1).map_err(|error| Failure::new(format!("row `{}`: {error}", row.name)))?;
    row.given(&record).ok_or_else(|| Failure::new(format!("row `{}`: its simulation has no estimate", row.name)))
}
