//! Where every number comes from: parameters of the scenario and costs of the host, each with its origin and source.

use std::collections::BTreeMap;

use espsim_model::profile::{Delay, Estimate, Profile};
use espsim_sweep::store::manifest::{Manifest, Parameter};

use super::origin::OriginKind;
use super::parts::{Cell, Column, Table};
use super::words::{listed, significant};
use crate::profile::{direction, origin, single_values};

/// Values of a swept or varied parameter that are listed.
const MOST_VALUES: usize = 8;

/// Heading of the column that says where a value comes from.
const ORIGIN: &str = "Origin, and method or source";

/// A preset's full name is no number that needs a source.
const TITLE: &str = ".title";

/// What the section says.
pub struct Provenance {
    /// How many values are of which kind.
    pub summary: Table,
    /// Remarks on the host's profile.
    pub remarks: Vec<String>,
    /// Tables of parameters and costs, long ones among them.
    pub tables: Vec<Table>,
}

/// Everything of a folder that has an origin.
pub fn provenance(manifest: &Manifest, profile: Option<&Profile>, remarks: Vec<String>) -> Provenance {
    let mut kinds: BTreeMap<OriginKind, usize> = BTreeMap::new();
    let mut tables = vec![varied(manifest, &mut kinds)];
    tables.extend(parameters(manifest, &mut kinds));
    if let Some(profile) = profile {
        tables.extend([single(profile, &mut kinds), aead(profile, &mut kinds)]);
        tables.extend(control(profile, &mut kinds));
        tables.extend(scaling(profile));
    }
    let mut summary = Table::new(
        "Values by origin",
        vec![Column::text("Origin"), Column::number("Values"), Column::text("What it means")],
    );
    for (kind, n) in kinds {
        summary.push(vec![Cell::from(kind.name()), Cell::from(n.to_string()), Cell::from(kind.meaning())]);
    }
    tables.retain(|table| !table.is_empty());
    Provenance { summary, remarks, tables }
}

/// An origin with its source below.
fn sourced(origin: &str, source: &str) -> Cell {
    let source = Some(source.to_owned()).filter(|source| !source.is_empty());
    Cell::with_remarks(origin.to_owned(), source.into_iter().collect())
}

fn parameter_table(caption: &str) -> Table {
    Table::new(caption, vec![Column::text("Key"), Column::text("Value"), Column::long(ORIGIN)])
}

/// Parameters that differ between points: their values, and the sources of those that have one.
fn varied(manifest: &Manifest, kinds: &mut BTreeMap<OriginKind, usize>) -> Table {
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
        let mut origins: Vec<OriginKind> = seen.iter().map(|parameter| OriginKind::of_parameter(parameter)).collect();
        origins.sort_unstable();
        origins.dedup();
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
fn parameters(manifest: &Manifest, kinds: &mut BTreeMap<OriginKind, usize>) -> Vec<Table> {
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
            OriginKind::Source | OriginKind::Estimate => &mut presets,
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
    vec![chosen, presets, defaults]
}

/// The source of a key, or of the nearest group around it that has one.
fn source<'a>(profile: &'a Profile, key: &str) -> &'a str {
    let mut key = key;
    loop {
        if let Some(source) = profile.sources.get(key) {
            return source;
        }
        let Some(dot) = key.rfind('.') else { return "" };
        key = &key[..dot];
    }
}

/// Single values of the host, with intervals.
fn single(profile: &Profile, kinds: &mut BTreeMap<OriginKind, usize>) -> Table {
    let mut table = Table::new(
        "The host: single values",
        vec![
            Column::text("Value"),
            Column::number(""),
            Column::text("Unit"),
            Column::text("95 % interval"),
            Column::long(ORIGIN),
        ],
    );
    for (key, value, unit, from) in single_values(profile) {
        let interval = profile.intervals.get(&key).and_then(|interval| {
            let n = interval.n.map_or_else(String::new, |n| format!(", n = {n}"));
            Some(format!("{} to {}{n}", significant(interval.low?, 4), significant(interval.high?, 4)))
        });
        let source = source(profile, &key);
        *kinds.entry(OriginKind::of_cost(from, source)).or_default() += 1;
        let (value, unit) = if unit == "Hz" { (value * 1e-9, "GHz") } else { (value, unit) };
        table.push(vec![
            Cell::from(key),
            Cell::from(significant(value, 4)),
            Cell::from(unit),
            Cell::from(interval.unwrap_or_default()),
            sourced(origin(from), source),
        ]);
    }
    table
}

/// An estimate with its interval below, so that columns stay narrow.
fn with_ends(estimate: &Estimate, digits: usize) -> Cell {
    let ends = estimate.low.zip(estimate.high).map(|(low, high)| format!("{low:.digits$} to {high:.digits$}"));
    Cell::with_remarks(format!("{:.digits$}", estimate.value), ends.into_iter().collect())
}

/// What sealing and opening cost, by implementation.
fn aead(profile: &Profile, kinds: &mut BTreeMap<OriginKind, usize>) -> Table {
    let mut columns = ["Algorithm", "Implementation"].map(Column::text).to_vec();
    columns.extend(["Fixed", "Per octet", "Tail block", "Partial block"].map(Column::number));
    columns.push(Column::long(ORIGIN));
    let mut table = Table::new("The host: AEAD, cycles per operation", columns);
    for cost in &profile.aead {
        let way = direction(cost.direction);
        let key = format!("aead.{}.{way}.{}", cost.algorithm.name(), cost.backend);
        let source = source(profile, &key);
        *kinds.entry(OriginKind::of_cost(cost.origin, source)).or_default() += 1;
        table.push(vec![
            Cell::from(format!("{} {way}", cost.algorithm.name())),
            Cell::from(cost.backend.as_str()),
            with_ends(&cost.fixed, 0),
            with_ends(&cost.per_byte, 3),
            with_ends(&cost.per_tail_block, 1),
            with_ends(&cost.partial_block, 0),
            sourced(origin(cost.origin), source),
        ]);
    }
    table.remark("The cheapest implementation at a packet's size is the one that is used.".into());
    table
}

/// Times of the control path of an SA.
fn control(profile: &Profile, kinds: &mut BTreeMap<OriginKind, usize>) -> Option<Table> {
    let sa = profile.sa.as_ref()?;
    let mut table = Table::new(
        "The host: control path of an SA",
        vec![
            Column::text("Value"),
            Column::number("Median"),
            Column::text("95 % interval"),
            Column::number("n"),
            Column::long(ORIGIN),
        ],
    );
    let interval = |delay: &Delay| format!("{} to {}", delay.median_interval.0, delay.median_interval.1);
    for (key, delay) in sa.delays() {
        let source = source(profile, key);
        *kinds.entry(OriginKind::of_cost(sa.origin, source)).or_default() += 1;
        table.push(vec![
            Cell::from(key),
            Cell::from(delay.median().to_string()),
            Cell::from(interval(delay)),
            Cell::from(delay.n.to_string()),
            sourced(origin(sa.origin), source),
        ]);
    }
    Some(table)
}

/// How cores slow each other, where that was measured.
fn scaling(profile: &Profile) -> Option<Table> {
    let rows = &profile.host.scaling;
    let mut table = Table::new(
        "The host: speed of each core while others are busy",
        vec![Column::number("Busy cores"), Column::number("Speed of each")],
    );
    for row in rows {
        table.push(vec![Cell::from(row.cores.to_string()), Cell::from(format!("{:.3}", row.speed))]);
    }
    (!rows.is_empty()).then_some(table)
}
