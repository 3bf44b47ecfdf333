//! What a folder of results came to: the main numbers of each point, over its replications.

use std::collections::BTreeMap;
use std::path::Path;

use espsim_sweep::failure::Failure;
use espsim_sweep::points::outcome::Summary;
use espsim_sweep::store::csv_text::Rows;
use espsim_sweep::store::manifest::{Manifest, ResultKind};
use espsim_sweep::store::names::{MANIFEST, TABLE};

/// Metrics that are compared; a throughput is that on the goodput basis.
const METRICS: [&str; 12] = [
    "throughput",
    "loss",
    "latency_mean",
    "latency_p99",
    "busy_cores",
    "cycles_per_packet",
    "outage_max",
    "time_to_95",
    "reinstalled",
    "packets_lost",
    "packets_in_software",
    "messages",
];
/// Columns of a plan's table that are compared.
const OF_A_PLAN: [&str; 3] = ["Cores", "NICs", "Cards"];

/// Which number: where it is, and what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Series and swept values.
    pub place: String,
    /// The metric.
    pub metric: String,
}

/// A number with its unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// Over replications.
    pub summary: Summary,
    /// Its unit.
    pub unit: String,
}

/// A folder.
pub struct Results {
    /// What it says about itself.
    pub manifest: Manifest,
    /// Its numbers.
    pub numbers: BTreeMap<Key, Number>,
}

/// Reads a folder.
///
/// # Errors
/// [`Failure`] for a file that is missing, damaged or of another format.
pub fn read(folder: &Path) -> Result<Results, Failure> {
    let path = folder.join(MANIFEST);
    let text = std::fs::read_to_string(&path).map_err(|error| Failure::io("read", &path, &error))?;
    let manifest = Manifest::parse(&path, &text)?;
    let mut numbers = BTreeMap::new();
    match manifest.kind {
        ResultKind::Plan => of_a_plan(&folder.join(TABLE), &mut numbers)?,
        ResultKind::Run | ResultKind::Failover | ResultKind::Compare => {
            of_points(&folder.join("points.csv"), &mut numbers)?;
        }
        ResultKind::Validate | ResultKind::PcieBench => {
            let help = "folders of run, failover, plan or compare".to_owned();
            let message = format!("{} is of espsim {}", folder.display(), manifest.kind.name());
            return Err(Failure::new(message).with_help(Some(help)));
        }
    }
    Ok(Results { manifest, numbers })
}

/// Values and half-widths of the replications of a number.
type Runs = (Vec<(f64, Option<f64>)>, String);

fn of_points(path: &Path, numbers: &mut BTreeMap<Key, Number>) -> Result<(), Failure> {
    let mut rows = Rows::open(path)?;
    let Some(after_axes) = rows.headings.iter().position(|name| name == "replication").filter(|at| *at >= 2) else {
        return Err(rows.other_columns("point, series, swept keys, replication, metric, value"));
    };
    let axes: Vec<String> = rows.headings[2..after_axes].iter().map(|key| short(key).to_owned()).collect();
    let mut all: BTreeMap<Key, Runs> = BTreeMap::new();
    while let Some(row) = rows.next_row()? {
        let (metric, basis) = (row.text("metric"), row.text("basis"));
        if !METRICS.contains(&metric) || !(basis.is_empty() || basis == "goodput") {
            continue;
        }
        let values = row.cells().take(after_axes).skip(2);
        let swept = axes.iter().zip(values).filter(|(_, value)| !value.is_empty());
        let swept = swept.map(|(axis, value)| format!("{axis} {value}"));
        let place: Vec<String> = std::iter::once(row.text("series").to_owned()).chain(swept).collect();
        let value = row.number("value")?;
        let half_width = row.optional("high")?.map(|high| high - value);
        let key = Key { place: place.join(", "), metric: metric.to_owned() };
        let (runs, unit) = all.entry(key).or_default();
        runs.push((value, half_width));
        row.text("unit").clone_into(unit);
    }
    let summed = |(key, (runs, unit)): (Key, Runs)| Some((key, Number { summary: Summary::of(&runs)?, unit }));
    numbers.extend(all.into_iter().filter_map(summed));
    Ok(())
}

fn of_a_plan(path: &Path, numbers: &mut BTreeMap<Key, Number>) -> Result<(), Failure> {
    let mut rows = Rows::open(path)?;
    while let Some(row) = rows.next_row()? {
        for metric in OF_A_PLAN {
            // A dash where no amount is enough.
            let Ok(value) = row.text(metric).parse() else { continue };
            let place = format!("{}, {}", row.text("Placement"), row.text("Stack"));
            let summary = Summary { value, half_width: None };
            numbers.insert(Key { place, metric: metric.to_owned() }, Number { summary, unit: "1".into() });
        }
    }
    Ok(())
}

/// The last part of a key.
fn short(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}
