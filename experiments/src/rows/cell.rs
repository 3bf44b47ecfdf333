//! What a row simulates: the cell under `scenario`, such as `gateway.toml; host.cores=4` or `placement=host; sa.count=1`.
//!
//! A name that ends in `.toml` comes first, if there is one: a scenario file of one point, from the folder of the rows. What
//! follows are settings as after `--set`, parted by semicolons.

use std::path::Path;

use espsim_model::profile::Profile;
use espsim_model::record::Record;
use espsim_model::scenario::Scenario;
use espsim_model::traffic::Basis;
use espsim_sweep::failure::Failure;
use espsim_sweep::file::scenario_file::ScenarioFile;
use espsim_sweep::file::value::Setting;
use espsim_sweep::points::points;
use serde::Deserialize;

use super::{OCTETS, OwnRow};

/// How names end that are paths.
const ENDING: &str = ".toml";
/// What parts settings.
const PARTED: char = ';';
/// Packets of a simulation of which nothing else is said: enough for closed loops.
const PACKETS: &str = "run.max_packets=150000";

/// A value that a simulation gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Quantity {
    /// Gb/s on a basis, times a factor.
    Rate(Basis, f64),
    /// Packets a second, times a factor.
    Packets(f64),
}

impl Quantity {
    /// What a unit stands for.
    ///
    /// # Errors
    /// What units there are.
    pub fn of(unit: &str) -> Result<Self, String> {
        let known = "Gb/s with its basis (goodput, l3, clear-l2, l2, wire), MB/s of goodput, Mpps, kpps";
        let (unit_of_rate, basis) = unit.split_once(' ').unwrap_or((unit, ""));
        match (unit_of_rate, basis) {
            ("Mpps", "") => Ok(Quantity::Packets(1e-6)),
            ("kpps", "") => Ok(Quantity::Packets(1e-3)),
            (OCTETS, "" | "goodput") => Ok(Quantity::Rate(Basis::Goodput, 125.0)),
            ("Gb/s", basis) => Basis::deserialize(toml::Value::String(basis.to_owned()))
                .map(|basis| Quantity::Rate(basis, 1.0))
                .map_err(|_| format!("`unit` is `{unit}`: {known}")),
            _ => Err(format!("`unit` is `{unit}`: {known}")),
        }
    }

    /// What a record has of it.
    pub fn given(self, record: &Record) -> Option<f64> {
        match self {
            Quantity::Rate(basis, factor) => record.rate(basis).map(|rate| rate.gbps * factor),
            Quantity::Packets(factor) => record.packets_per_s.map(|rate| rate * factor),
        }
    }
}

/// What a row simulates and what of it is compared, over settings that all rows have; `path` is that of the rows.
///
/// # Errors
/// [`Failure`] for a cell, a file or settings that make no scenario of one point, and a unit that nothing is given in.
pub fn scenario(
    path: &Path,
    row: &OwnRow,
    common: &[Setting],
    profile: &Profile,
) -> Result<(Scenario, Quantity), Failure> {
    let wrong = |what: String| row.failure(path, &what);
    let quantity = Quantity::of(&row.unit).map_err(wrong)?;
    let mut parts = row.scenario.split(PARTED).map(str::trim).filter(|part| !part.is_empty()).peekable();
    let named = parts.next_if(|part| part.ends_with(ENDING) && !part.contains('='));
    let own = parts.map(str::parse).collect::<Result<Vec<Setting>, String>>();
    let own = own.map_err(|error| wrong(format!("`scenario`: {error}")))?;
    let (file, least) = match named {
        Some(name) => {
            let file = ScenarioFile::read(&path.parent().unwrap_or(Path::new("")).join(name));
            (file.map_err(|error| wrong(format!("`scenario`: {error}")))?, None)
        }
        None => (ScenarioFile::parse(path, String::new())?, PACKETS.parse::<Setting>().ok()),
    };
    if file.sweep.combinations().saturating_mul(file.series.len().max(1) as u64) > 1 {
        let name = file.source.path.display();
        return Err(wrong(format!("`scenario`: {name} has several points: a file of one series and without a sweep")));
    }
    let settings: Vec<Setting> = least.into_iter().chain(common.iter().cloned()).chain(own).collect();
    let point = points(&file, &settings, profile).map_err(|error| wrong(format!("`scenario`: {error}")))?;
    let [point] = <[_; 1]>::try_from(point).map_err(|_| wrong("`scenario`: one point".to_owned()))?;
    Ok((point.scenario, quantity))
}

#[cfg(test)]
mod tests {
    use espsim_model::preset;

    use super::super::parse;
    use super::*;

    fn resolved(cell: &str, unit: &str) -> Result<(Scenario, Quantity), Failure> {
        let path = Path::new("rows.csv");
        let rows = parse(path, &format!("id,series,published,unit,role,scenario\na,s,1,{unit},predicted,{cell}\n"))?;
        scenario(path, &rows[0], &[], &preset::profile("zen4").unwrap().unwrap())
    }

    #[test]
    fn settings_make_a_scenario_and_the_unit_says_what_is_compared() {
        let (scenario, quantity) = resolved("placement=host; host.cores=3", "Gb/s l3").unwrap();
        assert_eq!((scenario.host.cores, scenario.run.max_packets), (3, 150_000));
        assert_eq!(quantity, Quantity::Rate(Basis::L3, 1.0));
        assert_eq!(Quantity::of("MB/s").unwrap(), Quantity::Rate(Basis::Goodput, 125.0));
        assert_eq!(Quantity::of("Mpps").unwrap(), Quantity::Packets(1e-6));
    }

    #[test]
    fn what_is_wrong_is_said_with_the_line() {
        for (cell, unit, parts) in [
            ("placement=hots", "Mpps", &["rows.csv:2", "hots"][..]),
            ("host.cores", "Mpps", &["rows.csv:2", "is not key=value"]),
            ("host.coers=1", "Mpps", &["rows.csv:2", "host.coers"]),
            ("host.cores=1", "Gb/s", &["rows.csv:2", "with its basis"]),
            ("host.cores=1", "furlongs", &["rows.csv:2", "`furlongs`", "Mpps"]),
            ("nowhere.toml", "Mpps", &["rows.csv:2", "nowhere.toml"]),
        ] {
            let said = resolved(cell, unit).unwrap_err().to_string();
            assert!(parts.iter().all(|part| said.contains(part)), "{said}");
        }
    }
}
