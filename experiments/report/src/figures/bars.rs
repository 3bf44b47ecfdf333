//! Bars at one combination of swept values: what cores spend cycles on, how busy stations are, what crosses PCIe.

use espsim_model::resource::Resource;
use espsim_model::route::Category;
use espsim_sweep::file::scenario_file::{PlotKind, PlotSpec, ScenarioFile};
use espsim_sweep::file::value::shown;
use espsim_sweep::points::outcome::{Outcome, Run};

use super::finding::{name, noun};
use crate::designs::design_at;
use crate::plot::{Bar, BarGroup, Bars, Words, bars_svg};
use crate::words::{listed, one_or_more, percent, significant};

/// Parts that are told apart; the smallest of more are one.
const MOST_PARTS: usize = 11;
/// Stations that are shown of each design.
const MOST_STATIONS: usize = 5;
/// Below this share of its time a station is not worth a bar.
const IDLE: f64 = 0.005;
/// Metrics before the names of their parts.
const CYCLES: &str = "cycles_per_packet/";
const STATIONS: &str = "utilisation/";
const OCTETS: &str = "pcie_bytes_per_payload_byte/";

/// Links in the order in which an encrypted packet meets them, and what crosses each. Where a card and a NIC share an uplink,
/// what crosses it counts there too.
const PASSES: [(Resource, &str); 6] = [
    (Resource::AcceleratorLinkDown, "into the card"),
    (Resource::AcceleratorLinkUp, "out of the card"),
    (Resource::NicLinkDown, "into the NIC"),
    (Resource::NicLinkUp, "out of the NIC"),
    (Resource::UplinkDown, "shared uplink, down"),
    (Resource::UplinkUp, "shared uplink, up"),
];

/// What a bar is of.
struct Bearer {
    name: String,
    design: Option<String>,
    run: Run,
}

impl Bearer {
    /// Values of a metric's parts, by their names.
    fn parts(&self, prefix: &str) -> Vec<(&str, f64)> {
        let metrics = self.run.metrics.iter();
        metrics.filter_map(|metric| Some((metric.name.strip_prefix(prefix)?, metric.value))).collect()
    }

    fn sum(&self, prefix: &str) -> f64 {
        self.parts(prefix).iter().map(|(_, value)| value).sum()
    }
}

/// A figure in the making.
pub struct BarsOf<'a> {
    file: &'a ScenarioFile,
    plot: &'a PlotSpec,
    bearers: Vec<Bearer>,
}

impl<'a> BarsOf<'a> {
    /// An empty figure.
    pub fn new(file: &'a ScenarioFile, plot: &'a PlotSpec) -> Self {
        BarsOf { file, plot, bearers: Vec::new() }
    }

    /// Takes up a point, if it is the one of its series: its first replication.
    pub fn add(&mut self, outcome: &Outcome) {
        let coordinates = &outcome.place.coordinates;
        let mut keys = self.file.sweep.keys().zip(coordinates);
        if keys.any(|(key, value)| self.plot.only.get(key).is_some_and(|only| *only != shown(value))) {
            return;
        }
        let Some(run) = outcome.runs.first() else { return };
        let run = Run { timeline: None, ..run.clone() };
        let series = &outcome.place.series;
        self.bearers.push(Bearer { name: series.clone(), design: design_at(self.file, series, coordinates), run });
    }

    /// What to warn of when there is nothing to draw.
    pub fn warning(&self) -> Option<String> {
        let prefix = match self.plot.kind {
            PlotKind::Stations => STATIONS,
            PlotKind::Passes => OCTETS,
            PlotKind::Cycles | PlotKind::Curves => CYCLES,
        };
        let is_empty = self.bearers.iter().all(|bearer| bearer.parts(prefix).is_empty());
        is_empty.then(|| format!("{}.svg is empty: `{prefix}...` was not observed", self.plot.file))
    }

    /// The figure as SVG.
    pub fn svg(self, footnote: &str) -> String {
        let held: Vec<String> = self.plot.only.iter().map(|(key, value)| format!("`{key}` {value}")).collect();
        let at = if held.is_empty() { String::new() } else { format!(", at {}", held.join(", ")) };
        let words = Words::new(&self.plot.title, &self.file.question, footnote);
        let data = |prefix: &str| format!("points.csv, metrics `{prefix}...`{at}");
        let bars = match self.plot.kind {
            PlotKind::Stations => stations(&self.bearers, Words { data: data(STATIONS), ..words }),
            PlotKind::Passes => passes(&self.bearers, Words { data: data(OCTETS), ..words }),
            PlotKind::Cycles | PlotKind::Curves => cycles(&self.bearers, Words { data: data(CYCLES), ..words }),
        };
        bars_svg(&bars)
    }
}

/// Words with a finding, where there is one.
fn found(words: Words, finding: Option<String>) -> Words {
    Words { finding: finding.unwrap_or_else(|| words.finding.clone()), ..words }
}

/// Core cycles per packet by category.
fn cycles(bearers: &[Bearer], words: Words) -> Bars {
    let known: Vec<&str> = Category::ALL.iter().map(|category| category.name()).collect();
    let total = |part: &str| -> f64 {
        let of = |bearer: &Bearer| {
            bearer.parts(CYCLES).iter().filter(|(name, _)| *name == part).map(|(_, n)| n).sum::<f64>()
        };
        bearers.iter().map(of).sum()
    };
    let mut spent: Vec<(&str, f64)> = known.into_iter().map(|part| (part, total(part))).collect();
    spent.retain(|(_, cycles)| *cycles > 0.0);
    let mut largest = spent.clone();
    largest.sort_by(|a, b| b.1.total_cmp(&a.1));
    let is_many = largest.len() > MOST_PARTS;
    let small: Vec<&str> =
        largest.iter().skip(if is_many { MOST_PARTS - 1 } else { usize::MAX }).map(|(part, _)| *part).collect();
    let parts: Vec<&str> = spent.iter().map(|(part, _)| *part).filter(|part| !small.contains(part)).collect();
    let bar = |bearer: &Bearer| {
        let of = bearer.parts(CYCLES);
        let value = |part: &&str| of.iter().find(|(name, _)| name == part).map_or(0.0, |(_, cycles)| *cycles);
        let others: f64 = of.iter().filter(|(name, _)| small.contains(name)).map(|(_, cycles)| cycles).sum();
        let values: Vec<f64> = parts.iter().map(value).chain(is_many.then_some(others)).collect();
        let all: f64 = values.iter().sum();
        Bar::new(&bearer.name, bearer.design.as_deref(), values, format!("{all:.0}"))
    };
    let bars = bearers.iter().filter(|bearer| bearer.sum(CYCLES) > 0.0).map(bar).collect();
    let words = found(words, most_cycles(bearers));
    let others = is_many.then(|| "others".to_owned());
    Bars {
        words,
        label: "Core cycles per packet".into(),
        end: None,
        groups: vec![BarGroup { name: String::new(), bars }],
        parts: parts.iter().map(|part| part.replace('_', " ")).chain(others).collect(),
    }
}

/// Who takes fewest and most, and most of it on what.
fn most_cycles(bearers: &[Bearer]) -> Option<String> {
    let known: Vec<(&Bearer, f64)> =
        bearers.iter().map(|bearer| (bearer, bearer.sum(CYCLES))).filter(|(_, all)| *all > 0.0).collect();
    let (least, fewest) = known.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let (most, all) = known.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let parts = most.parts(CYCLES);
    let (part, cycles) = parts.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let part = format!("{} of which {}", percent(cycles / all), part.replace('_', " "));
    Some(match known.len() {
        1 => format!("{} takes {all:.0} cycles a packet, {part}.", name(&most.name)),
        _ => format!(
            "{} takes fewest, {fewest:.0} cycles a packet; {} most, {all:.0}, {part}.",
            name(&least.name),
            name(&most.name)
        ),
    })
}

/// How busy the busiest stations of each are; the one that limits in its full colour.
fn stations(bearers: &[Bearer], words: Words) -> Bars {
    let group = |bearer: &Bearer| {
        let mut busy = bearer.parts(STATIONS);
        busy.retain(|(_, share)| *share >= IDLE);
        // Of those that are as busy the one that limits comes first.
        busy.sort_by(|a, b| {
            b.1.total_cmp(&a.1).then((b.0 == bearer.run.bottleneck).cmp(&(a.0 == bearer.run.bottleneck)))
        });
        let bars = busy.iter().take(MOST_STATIONS).map(|(station, share)| {
            let limits = *station == bearer.run.bottleneck;
            let text = format!("{} %{}", significant(share * 100.0, 2), if limits { ", limits" } else { "" });
            Bar { faint: !limits, ..Bar::new(station, bearer.design.as_deref(), vec![share * 100.0], text) }
        });
        BarGroup { name: bearer.name.clone(), bars: bars.collect() }
    };
    let mut words = found(words, limits(bearers));
    words.notes.push(format!("The {MOST_STATIONS} busiest kinds of station of each; in full colour what limits."));
    let groups = bearers.iter().map(group).filter(|group| !group.bars.is_empty()).collect();
    Bars { words, label: "Busy share of its time (%)".into(), end: Some(100.0), groups, parts: Vec::new() }
}

/// What limits whom.
fn limits(bearers: &[Bearer]) -> Option<String> {
    let mut groups: Vec<(&str, Vec<usize>)> = Vec::new();
    for (i, bearer) in bearers.iter().enumerate().filter(|(_, bearer)| !bearer.run.bottleneck.is_empty()) {
        match groups.iter_mut().find(|(limit, _)| *limit == bearer.run.bottleneck) {
            Some((_, all)) => all.push(i),
            None => groups.push((&bearer.run.bottleneck, vec![i])),
        }
    }
    let said = |(limit, of): &(&str, Vec<usize>)| {
        let who = match of.len() {
            n if n == bearers.len() && n > 1 => "All".to_owned(),
            _ => listed(&of.iter().map(|&i| name(&bearers[i].name)).collect::<Vec<_>>()),
        };
        Some(format!("{who} {} limited by {}", one_or_more(of, "is", "are"), noun(limit)?))
    };
    let all: Option<Vec<String>> = groups.iter().map(said).collect();
    all.filter(|all| !all.is_empty()).map(|all| format!("{}.", all.join("; ")))
}

/// PCIe octets for each octet of payload, by pass.
fn passes(bearers: &[Bearer], words: Words) -> Bars {
    let bar = |bearer: &Bearer| {
        let of = bearer.parts(OCTETS);
        let value =
            |link: &Resource| of.iter().find(|(name, _)| *name == link.name()).map_or(0.0, |(_, octets)| *octets);
        let values: Vec<f64> = PASSES.iter().map(|(link, _)| value(link)).collect();
        let all = bearer.sum(OCTETS);
        Bar::new(&bearer.name, bearer.design.as_deref(), values, significant(all, 3))
    };
    let bars = bearers.iter().filter(|bearer| bearer.sum(OCTETS) > 0.0).map(bar).collect();
    Bars {
        words: found(words, most_octets(bearers)),
        label: "PCIe octets, headers included, for each octet of payload".into(),
        end: None,
        groups: vec![BarGroup { name: String::new(), bars }],
        parts: PASSES.iter().map(|(_, words)| (*words).to_owned()).collect(),
    }
}

/// Who moves least and most.
fn most_octets(bearers: &[Bearer]) -> Option<String> {
    let known: Vec<(&Bearer, f64)> =
        bearers.iter().map(|bearer| (bearer, bearer.sum(OCTETS))).filter(|(_, all)| *all > 0.0).collect();
    let (least, few) = known.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let (most, many) = known.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let few = format!("{} moves {} octets over PCIe for each of payload", name(&least.name), significant(*few, 2));
    (known.len() > 1).then(|| format!("{few}, {} {}.", name(&most.name), significant(*many, 2)))
}

#[cfg(test)]
mod tests {
    use espsim_model::record::Metric;

    use super::*;

    fn bearer(name: &str, design: &str, limit: &str, metrics: &[(&str, f64)]) -> Bearer {
        let metrics = metrics.iter().map(|(name, value)| Metric::plain(name, *value, "1")).collect();
        let run = Run { bottleneck: limit.into(), metrics, ..Run::default() };
        Bearer { name: name.into(), design: Some(design.into()), run }
    }

    #[test]
    fn cycles_are_stacked_in_the_order_of_a_packets_way() {
        let bearers = [
            bearer("cpu", "host", "core", &[("cycles_per_packet/aead", 3000.0), ("cycles_per_packet/send", 1000.0)]),
            bearer("nic", "inline-packet", "wire", &[("cycles_per_packet/send", 900.0)]),
        ];
        let bars = cycles(&bearers, Words::default());
        assert_eq!(bars.parts, ["send", "aead"]);
        assert_eq!(bars.groups[0].bars[0].values, [1000.0, 3000.0]);
        assert_eq!(bars.groups[0].bars[1].values, [900.0, 0.0]);
        let finding = "nic takes fewest, 900 cycles a packet; cpu most, 4000, 75.0 % of which aead.";
        assert_eq!(bars.words.finding, finding);
    }

    #[test]
    fn small_categories_are_one_and_nothing_is_lost() {
        let metrics: Vec<(String, f64)> = Category::ALL
            .iter()
            .enumerate()
            .map(|(i, category)| (format!("{CYCLES}{}", category.name()), 1.0 + i as f64))
            .collect();
        let metrics: Vec<(&str, f64)> = metrics.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let bars = cycles(&[bearer("a", "host", "core", &metrics)], Words::default());
        assert_eq!((bars.parts.len(), bars.parts.last().unwrap().as_str()), (MOST_PARTS, "others"));
        let all: f64 = metrics.iter().map(|(_, value)| value).sum();
        assert!((bars.groups[0].bars[0].values.iter().sum::<f64>() - all).abs() < 1e-9);
    }

    #[test]
    fn what_limits_is_told_and_in_full_colour() {
        let bearers = [
            bearer("cpu", "host", "core", &[("utilisation/wire", 0.4), ("utilisation/core", 1.0)]),
            bearer("nic", "inline-packet", "wire", &[("utilisation/wire", 0.99), ("utilisation/memory", 0.001)]),
        ];
        let bars = stations(&bearers, Words::default());
        let first = &bars.groups[0].bars;
        assert!(first[0].name == "core" && !first[0].faint && first[1].faint && first[1].values == [40.0]);
        assert_eq!(bars.groups[1].bars.len(), 1, "what is idle is left out");
        assert_eq!(bars.words.finding, "cpu is limited by the cores; nic is limited by the wire.");
    }

    #[test]
    fn passes_are_those_of_the_links() {
        let of = |link: Resource| format!("{OCTETS}{link}");
        let (card, nic) = (of(Resource::AcceleratorLinkDown), of(Resource::NicLinkDown));
        let bearers = [
            bearer("card", "lookaside", "core", &[(&card, 1.2), (&nic, 1.3)]),
            bearer("cpu", "host", "core", &[(&nic, 1.3)]),
        ];
        let bars = passes(&bearers, Words::default());
        assert_eq!(bars.groups[0].bars[0].values, [1.2, 0.0, 1.3, 0.0, 0.0, 0.0]);
        assert_eq!(bars.words.finding, "cpu moves 1.3 octets over PCIe for each of payload, card 2.5.");
        let all: Vec<Resource> = Resource::ALL.iter().copied().filter(|r| r.is_link()).collect();
        assert!(all.iter().all(|link| PASSES.iter().any(|(known, _)| known == link)), "{all:?}");
    }
}
