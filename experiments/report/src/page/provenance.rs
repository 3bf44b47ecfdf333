//! Where every number comes from: parameters of the scenario and costs of the host, each with its origin and source.

use std::collections::{BTreeMap, BTreeSet};

use super::origin::OriginKind;
use super::parts::Class::{Long, Number, Text};
use super::parts::{Cell, Table};
use super::words::{listed, significant};
use crate::profile::single_values;
use espsim_model::profile::{Estimate, Profile};
use espsim_sweep::store::manifest::{Manifest, Parameter};

/// Values of a swept or varied parameter that are listed.
const MOST_VALUES: usize = 8;

/// Heading of the column that says where a value comes from.
const ORIGIN: &str = "Origin, and method or source";

/// A preset's full name is no number that needs a source.
const TITLE: &str = ".title";

/// What there is to say.
pub struct Provenance {
    /// How many values are of which kind.
    pub summary: Table,
    /// Tables of parameters and costs, long ones among them.
    pub tables: Vec<Table>,
}

/// Values of the profile that decide the answer, the first one most; `None` where none is known to.
pub fn deciding(manifest: &Manifest, profile: &Profile) -> Option<Table> {
    let known = single_values(profile);
    let row = |key: &String| {
        let value = known.iter().find(|(name, ..)| name == key);
        let value = value.map_or_else(String::new, |(_, value, unit, _)| match *unit {
            "Hz" => format!("{} GHz", significant(value * 1e-9, 4)),
            unit => format!("{} {unit}", significant(*value, 4)),
        });
        let interval = profile.intervals.get(key);
        let ends = interval.and_then(|i| Some(format!("{} to {}", significant(i.low?, 4), significant(i.high?, 4))));
        let origin = sourced(profile.evidence(key).name(), profile.source(key).unwrap_or_default());
        vec![Cell::from(key.as_str()), Cell::from(value), Cell::from(ends.unwrap_or_default()), origin]
    };
    let columns = [("Value", Text), ("", Number), ("95 % interval", Text), (ORIGIN, Long)];
    let rows = manifest.deciding.iter().map(row);
    let table = Table::new("Values that decide the answer, the first one most", columns).with_rows(rows);
    (!table.is_empty()).then_some(table)
}

/// How many values are of which kind.
type Kinds = BTreeMap<OriginKind, usize>;

/// Everything of a folder that has an origin.
pub fn provenance(manifest: &Manifest, profile: Option<&Profile>) -> Provenance {
    let mut kinds = Kinds::new();
    let mut tables = vec![varied(manifest, &mut kinds)];
    tables.extend(parameters(manifest, &mut kinds));
    if let Some(profile) = profile {
        let mut costs = Costs { profile, kinds: &mut kinds };
        tables.extend([costs.single(), costs.aead(), costs.control(), scaling(profile)]);
    }
    tables.retain(|table| !table.is_empty());
    let columns = [("Origin", Text), ("Values", Number), ("What it means", Text)];
    let rows = kinds.into_iter().map(|(kind, n)| {
        let (name, meaning) = kind.words();
        vec![Cell::from(name), Cell::from(n.to_string()), Cell::from(meaning)]
    });
    Provenance { summary: Table::new("Values by origin", columns).with_rows(rows), tables }
}

/// An origin with its source below.
fn sourced(origin: &str, source: &str) -> Cell {
    let source = Some(source.to_owned()).filter(|source| !source.is_empty());
    Cell::with_remarks(origin.to_owned(), source.into_iter().collect())
}

fn parameter_table(caption: &str) -> Table {
    Table::new(caption, [("Key", Text), ("Value", Text), (ORIGIN, Long)])
}

/// Parameters that differ between points: their values, and the sources of those that have one.
fn varied(manifest: &Manifest, kinds: &mut Kinds) -> Table {
    let mut varied: BTreeMap<&String, Vec<&Parameter>> = BTreeMap::new();
    for (key, parameter) in manifest.points.iter().flat_map(|point| &point.parameters) {
        let seen = varied.entry(key).or_default();
        // One more than is listed tells that there are more.
        if seen.len() <= MOST_VALUES && !key.ends_with(TITLE) && !seen.contains(&parameter) {
            seen.push(parameter);
        }
    }
    varied.retain(|_, seen| !seen.is_empty());
    let mut table = parameter_table("Parameters that differ between points");
    for (key, seen) in varied {
        let shown = &seen[..seen.len().min(MOST_VALUES)];
        let mut values: Vec<String> = shown.iter().map(|parameter| parameter.shown()).collect();
        values.dedup();
        values.extend((seen.len() > shown.len()).then(|| "others".to_owned()));
        let origins: BTreeSet<OriginKind> = seen.iter().map(|parameter| OriginKind::of_parameter(parameter)).collect();
        origins.iter().for_each(|kind| *kinds.entry(*kind).or_default() += 1);
        let names: Vec<String> = origins.iter().map(|kind| kind.name().to_owned()).collect();
        let sources = shown.iter().filter(|parameter| !parameter.origin.source().is_empty());
        let sources = sources
            .map(|parameter| format!("{}, {}: {}", parameter.shown(), parameter.origin, parameter.origin.source()))
            .collect();
        table.push(vec![
            Cell::from(key.as_str()),
            Cell::from(listed(&values)),
            Cell::with_remarks(listed(&names), sources),
        ]);
    }
    table
}

/// Parameters that are the same at every point: those that somebody chose, those of presets, and defaults.
fn parameters(manifest: &Manifest, kinds: &mut Kinds) -> [Table; 3] {
    let mut chosen = parameter_table("Parameters that were chosen");
    let mut presets = parameter_table("Parameters of presets");
    let mut defaults = parameter_table("Parameters left at their defaults");
    for (key, parameter) in &manifest.parameters {
        if key.ends_with(TITLE) {
            continue;
        }
        let kind = OriginKind::of_parameter(parameter);
        *kinds.entry(kind).or_default() += 1;
        let table = match kind {
            OriginKind::Default => &mut defaults,
            OriginKind::Measured | OriginKind::Derived | OriginKind::Published | OriginKind::Estimate => &mut presets,
            _ => &mut chosen,
        };
        let origin = match kind {
            OriginKind::Scenario | OriginKind::Sweep | OriginKind::Set | OriginKind::Default => kind.name().to_owned(),
            _ => parameter.origin.to_string(),
        };
        table.push(vec![
            Cell::from(key.as_str()),
            Cell::from(parameter.shown()),
            sourced(&origin, parameter.origin.source()),
        ]);
    }
    [chosen, presets, defaults]
}

/// An estimate with its interval below, so that columns stay narrow.
fn with_ends(estimate: &Estimate, digits: usize) -> Cell {
    let ends = estimate.low.zip(estimate.high).map(|(low, high)| format!("{low:.digits$} to {high:.digits$}"));
    Cell::with_remarks(format!("{:.digits$}", estimate.value), ends.into_iter().collect())
}

/// Costs of a host, counted by the kinds of their origins.
struct Costs<'a> {
    profile: &'a Profile,
    kinds: &'a mut Kinds,
}

impl Costs<'_> {
    /// Counts a value and says where it comes from.
    fn origin(&mut self, key: &str) -> Cell {
        let evidence = self.profile.evidence(key);
        *self.kinds.entry(evidence.into()).or_default() += 1;
        sourced(evidence.name(), self.profile.source(key).unwrap_or_default())
    }

    /// Single values, with intervals.
    fn single(&mut self) -> Table {
        let columns = [("Value", Text), ("", Number), ("Unit", Text), ("95 % interval", Text), (ORIGIN, Long)];
        let profile = self.profile;
        let rows = single_values(profile).into_iter().map(|(key, value, unit, _)| {
            let interval = profile.intervals.get(&key).and_then(|interval| {
                let n = interval.n.map_or_else(String::new, |n| format!(", n = {n}"));
                Some(format!("{} to {}{n}", significant(interval.low?, 4), significant(interval.high?, 4)))
            });
            let (value, unit) = if unit == "Hz" { (value * 1e-9, "GHz") } else { (value, unit) };
            vec![
                Cell::from(key.clone()),
                Cell::from(significant(value, 4)),
                Cell::from(unit),
                Cell::from(interval.unwrap_or_default()),
                self.origin(&key),
            ]
        });
        Table::new("The host: single values", columns).with_rows(rows)
    }

    /// What sealing and opening cost, by implementation.
    fn aead(&mut self) -> Table {
        let words = ["Algorithm", "Implementation"].map(|heading| (heading, Text));
        let numbers = ["Per operation", "Octet", "Tail block", "Partial block"].map(|heading| (heading, Number));
        let columns = words.into_iter().chain(numbers).chain([(ORIGIN, Long)]);
        let profile = self.profile;
        let rows = profile.aead.iter().map(|cost| {
            let curve = &cost.curve;
            vec![
                Cell::from(format!("{} {}", cost.algorithm.name(), cost.direction.name())),
                Cell::from(cost.backend.as_str()),
                with_ends(&curve.per_operation, 0),
                with_ends(&curve.per_octet, 3),
                with_ends(&curve.per_tail_block, 1),
                with_ends(&curve.per_partial_block, 0),
                self.origin(&cost.key()),
            ]
        });
        let mut table = Table::new("The host: AEAD, cycles per operation", columns).with_rows(rows);
        table.remark("The cheapest implementation at a packet's size is the one that is used.".into());
        table
    }

    /// Times of the control path of an SA.
    fn control(&mut self) -> Table {
        let columns = [("Value", Text), ("Median", Number), ("95 % interval", Text), ("n", Number), (ORIGIN, Long)];
        let profile = self.profile;
        let delays = profile.sa.iter().flat_map(|sa| sa.delays());
        let rows = delays.map(|(key, delay)| {
            let (low, high) = delay.median_interval;
            vec![
                Cell::from(key),
                Cell::from(delay.median().to_string()),
                Cell::from(format!("{low} to {high}")),
                Cell::from(delay.n.to_string()),
                self.origin(key),
            ]
        });
        Table::new("The host: control path of an SA", columns).with_rows(rows)
    }
}

/// How cores slow each other, where that was measured.
fn scaling(profile: &Profile) -> Table {
    let rows = profile.host.scaling.iter();
    let rows = rows.map(|row| vec![Cell::from(row.cores.to_string()), Cell::from(format!("{:.3}", row.speed))]);
    let columns = [("Busy cores", Number), ("Speed of each", Number)];
    Table::new("The host: speed of each core while others are busy", columns).with_rows(rows)
}
