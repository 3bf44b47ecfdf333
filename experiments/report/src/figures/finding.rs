//! What a figure shows, in a sentence or two: who does best where, and what limits.

use espsim_model::resource::Resource;
use espsim_sweep::file::value::quantity;
use toml::Value;

use crate::words::{factor, listed, quoted, significant};

/// Values closer than this share are alike.
const ALIKE: f64 = 0.01;
/// Runs of leaders that a sentence tells one by one.
const MOST_RUNS: usize = 3;
/// Characters of a finding: two lines.
const LONGEST: usize = 168;
/// What limits a point that carries what is offered.
const OFFERED_LOAD: &str = Resource::OfferedLoad.name();

/// A curve as it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// Its name.
    pub name: String,
    /// Its points, in order of x.
    pub spots: Vec<Spot>,
}

/// A point of a curve.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spot {
    /// Where it is.
    pub x: f64,
    /// The value there, as the axis shows it.
    pub y: f64,
    /// Half-width of its 95 % interval.
    pub half_width: Option<f64>,
    /// What limits it; empty where that is not known.
    pub limit: String,
}

/// What is drawn.
pub(super) struct Shown<'a> {
    /// The metric.
    pub metric: &'a str,
    /// The unit of its axis, such as `Gb/s`.
    pub unit: &'a str,
    /// The swept key.
    pub key: &'a str,
    /// Its values, ascending: as a number on the axis, and as written.
    pub places: &'a [(f64, Value)],
    /// The curves.
    pub lines: &'a [Line],
}

/// A metric's best end, and how one design, and several, are said to be there.
struct Best {
    is_most: bool,
    one: String,
    several: String,
}

/// `None` for metrics of which neither end is better.
fn best(metric: &str) -> Option<Best> {
    let base = metric.split('/').next().unwrap_or(metric);
    let of =
        |is_most, one: &str, several: &str| Some(Best { is_most, one: one.to_owned(), several: several.to_owned() });
    match base {
        "throughput" | "packet_rate" => of(true, "carries most", "carry most"),
        "idle_cores" => of(true, "leaves most cores", "leave most cores"),
        "loss" | "packets_lost" => of(false, "loses least", "lose least"),
        "cycles_per_packet" | "cycles_per_byte" | "dpu_cycles_per_packet" => {
            of(false, "takes fewest cycles", "take fewest cycles")
        }
        "pcie_bytes_per_payload_byte" | "pcie_crossings" => of(false, "moves least over PCIe", "move least over PCIe"),
        "pcie_utilisation" => of(true, "loads PCIe most", "load PCIe most"),
        "utilisation" => {
            let station = metric.rsplit('/').next().unwrap_or_default();
            of(true, &format!("loads the {station} most"), &format!("load the {station} most"))
        }
        "outage_max" | "outage_mean" => of(false, "has the shortest outage", "have the shortest outage"),
        "reinstalled" => of(false, "is installed first", "are installed first"),
        "time_to_95" => of(false, "is back first", "are back first"),
        "messages" => of(false, "needs fewest messages", "need fewest messages"),
        "cpu_peak" => of(false, "loads the CPU least", "load the CPU least"),
        _ if base.starts_with("latency") => of(false, "has the lowest latency", "have the lowest latency"),
        _ => None,
    }
}

/// Places next to each other at which the same curves lead.
#[derive(Debug, Clone, PartialEq)]
struct Run {
    leaders: Vec<usize>,
    first: usize,
    last: usize,
}

/// The finding; `None` where there is nothing to say.
pub(super) fn finding(shown: &Shown<'_>) -> Option<String> {
    let best = best(shown.metric)?;
    let first = match shown.lines {
        [] => return None,
        [one] => shown.alone(one)?,
        _ => shown.leading(&best)?,
    };
    let carries = matches!(shown.metric.split('/').next(), Some("throughput" | "packet_rate"));
    let limits = if carries { shown.limits(&best) } else { None };
    let both = limits.map(|limits| format!("{first} {limits}")).filter(|both| both.chars().count() <= LONGEST);
    Some(both.unwrap_or(first))
}

impl Shown<'_> {
    fn at(&self, line: &Line, place: usize) -> Option<Spot> {
        line.spots.iter().find(|spot| spot.x == self.places[place].0).cloned()
    }

    /// A place in words: `4 cores`, `512 B`.
    fn place(&self, place: usize) -> String {
        let text = match &self.places[place].1 {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let plural = if text == "1" { "" } else { "s" };
        match self.key {
            "host.cores" => format!("{text} core{plural}"),
            "sa.count" => format!("{text} SA{plural}"),
            _ if text.chars().any(char::is_alphabetic) => text,
            key => format!("{} {text}", key.rsplit('.').next().unwrap_or(key).replace('_', " ")),
        }
    }

    /// What places are called together: `at every size`.
    fn every(&self) -> &'static str {
        match self.key {
            "traffic.packet" => "at every size",
            "traffic.rate" => "at every load",
            "host.cores" => "with every number of cores",
            "sa.count" => "with every number of SAs",
            _ => "throughout",
        }
    }

    /// How the value of the only curve changes.
    fn alone(&self, line: &Line) -> Option<String> {
        let (first, last) = (line.spots.first()?, line.spots.last()?);
        let place = |spot: &Spot| self.places.iter().position(|(x, _)| *x == spot.x).map(|place| self.place(place));
        let value = |spot: &Spot| format!("{} {}", significant(spot.y, 3), self.unit).trim_end().to_owned();
        if line.spots.len() == 1 {
            return Some(format!("{} at {}.", value(first), place(first)?));
        }
        Some(format!("{} at {}, {} at {}.", value(first), place(first)?, value(last), place(last)?))
    }

    /// Curves that do best at a place, the best first; `None` where fewer than two have a point.
    fn leaders(&self, place: usize, best: &Best) -> Option<Vec<usize>> {
        let known = self.lines.iter().enumerate().filter_map(|(i, line)| Some((i, self.at(line, place)?)));
        let known: Vec<(usize, Spot)> = known.collect();
        let order = |a: &&(usize, Spot), b: &&(usize, Spot)| a.1.y.total_cmp(&b.1.y);
        let top = if best.is_most { known.iter().max_by(order)? } else { known.iter().min_by(order)? };
        let alike = known.iter().filter(|(_, spot)| is_alike(spot, &top.1));
        let leaders: Vec<usize> = alike.map(|(i, _)| *i).collect();
        (known.len() > 1).then_some(leaders)
    }

    fn runs(&self, best: &Best) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for place in 0..self.places.len() {
            let Some(leaders) = self.leaders(place, best) else { continue };
            match runs.last_mut().filter(|run| run.leaders == leaders) {
                Some(run) => run.last = place,
                None => runs.push(Run { leaders, first: place, last: place }),
            }
        }
        runs
    }

    fn names(&self, leaders: &[usize]) -> String {
        if leaders.len() == self.lines.len() {
            return if leaders.len() == 2 { "both".into() } else { "all".into() };
        }
        listed(&leaders.iter().map(|&i| name(&self.lines[i].name)).collect::<Vec<_>>())
    }

    /// `host carries most`, or that some do alike.
    fn said(&self, leaders: &[usize], best: &Best) -> String {
        let verb = match leaders.len() {
            n if n == self.lines.len() => "do alike",
            1 => &best.one,
            _ => &best.several,
        };
        format!("{} {verb}", self.names(leaders))
    }

    fn leading(&self, best: &Best) -> Option<String> {
        let runs = self.runs(best);
        let text = match &runs[..] {
            [] => return None,
            [one] => {
                let ahead = self.ahead(one, best).map_or_else(String::new, |ahead| format!(": {ahead}"));
                format!("{} {}{ahead}", self.said(&one.leaders, best), self.every())
            }
            several => {
                let short = |text: &String| text.chars().count() < LONGEST;
                let few = || (several.len() <= MOST_RUNS).then_some(several);
                let all = few().map(|runs| self.one_by_one(runs, best)).filter(short);
                let ends = || few().map(|runs| [runs[0].clone(), runs[runs.len() - 1].clone()]);
                let ends = || ends().map(|runs| self.one_by_one(&runs, best)).filter(short);
                all.or_else(ends).or_else(|| self.mostly(several, best))?
            }
        };
        Some(format!("{}.", sentence(&text)))
    }

    fn one_by_one(&self, runs: &[Run], best: &Best) -> String {
        let part = |(i, run): (usize, &Run)| {
            let said = if i == 0 { self.said(&run.leaders, best) } else { self.later(run, runs, best) };
            format!("{said} {}", self.whereabouts(run, i, runs.len()))
        };
        let parts: Vec<String> = runs.iter().enumerate().map(part).collect();
        let meet = self.meeting(runs).map_or_else(String::new, |at| format!("; they meet at {at}"));
        format!("{}{meet}", parts.join(", "))
    }

    /// The verb again only where a tie is told from a lead.
    fn later(&self, run: &Run, all: &[Run], best: &Best) -> String {
        let (ties, first_ties) = (run.leaders.len() == self.lines.len(), all[0].leaders.len() == self.lines.len());
        if ties || first_ties { self.said(&run.leaders, best) } else { self.names(&run.leaders) }
    }

    fn whereabouts(&self, run: &Run, i: usize, n: usize) -> String {
        match i {
            _ if run.first == run.last => format!("at {}", self.place(run.first)),
            0 => format!("up to {}", self.place(run.last)),
            i if i + 1 == n => format!("from {} on", self.place(run.first)),
            _ => format!("from {} to {}", self.place(run.first), self.place(run.last)),
        }
    }

    /// How far the leader is ahead of the next at the last place, where more is better.
    fn ahead(&self, run: &Run, best: &Best) -> Option<String> {
        let [leader] = run.leaders[..] else { return None };
        let value = |i: usize| self.at(&self.lines[i], run.last).map(|spot| (spot.y, i));
        let (most, _) = value(leader)?;
        let others = (0..self.lines.len()).filter(|i| *i != leader).filter_map(value);
        let (next, i) = others.max_by(|a, b| a.0.total_cmp(&b.0))?;
        let factor = factor(most, next);
        let factor = if self.metric.ends_with("cores") { factor.replace(" much ", " many ") } else { factor };
        let said = format!("{factor} {} at {}", name(&self.lines[i].name), self.place(run.last));
        (best.is_most && next > 0.0).then_some(said)
    }

    /// Where two single leaders meet, between the places at which one and the other leads.
    fn meeting(&self, runs: &[Run]) -> Option<String> {
        let [Run { leaders: before, last, .. }, Run { leaders: after, first, .. }] = runs else { return None };
        let ([a], [b]) = (&before[..], &after[..]) else { return None };
        let spot = |i: usize, place: usize| self.at(&self.lines[i], place);
        let apart = |place: usize| Some(spot(*a, place)?.y - spot(*b, place)?.y);
        let (left, right) = (apart(*last)?, apart(*first)?);
        let share = left / (left - right);
        let (from, to) = (&self.places[*last].1, &self.places[*first].1);
        let ((unit, low), (other, high)) = (quantity(from)?, quantity(to)?);
        // Between whole numbers there is nothing.
        (!unit.is_empty() && unit == other && (0.0..=1.0).contains(&share))
            .then(|| format!("about {} {unit}", significant(rounded(low + share * (high - low)), 2)))
    }

    /// Who leads at most places, where leads change often.
    fn mostly(&self, runs: &[Run], best: &Best) -> Option<String> {
        let places = |run: &Run| run.last + 1 - run.first;
        let count = |i: usize| runs.iter().filter(|run| run.leaders.contains(&i)).map(places).sum::<usize>();
        let all: usize = runs.iter().map(places).sum();
        let most = (0..self.lines.len()).map(count).max()?;
        let leaders: Vec<usize> = (0..self.lines.len()).filter(|&i| count(i) == most).collect();
        let each = if leaders.len() > 1 { " each" } else { "" };
        Some(format!("{} at {most} of {all} places{each}", self.said(&leaders, best)))
    }

    /// What limits all, or the one that does best at the last place, and where.
    fn limits(&self, best: &Best) -> Option<String> {
        let known: Vec<&Line> =
            self.lines.iter().filter(|line| line.spots.iter().any(|s| !s.limit.is_empty())).collect();
        let mut limits: Vec<&str> = known.iter().flat_map(|line| &line.spots).map(|spot| spot.limit.as_str()).collect();
        limits.sort_unstable();
        limits.dedup();
        if let [one] = limits[..] {
            return match one {
                OFFERED_LOAD => Some("All that is offered is carried.".into()),
                limit => Some(format!("{} limit{} throughout.", sentence(&noun(limit)?), verb_end(limit))),
            };
        }
        let last = self.runs(best).last().and_then(|run| run.leaders.first().copied()).unwrap_or_default();
        let line = self.lines.get(last)?;
        let mut runs: Vec<(String, f64, f64)> = Vec::new();
        for spot in line.spots.iter().filter(|spot| !spot.limit.is_empty()) {
            match runs.last_mut().filter(|(limit, ..)| *limit == spot.limit) {
                Some((_, _, last)) => *last = spot.x,
                None => runs.push((spot.limit.clone(), spot.x, spot.x)),
            }
        }
        let at = |x: f64| self.places.iter().position(|(known, _)| *known == x).map(|place| self.place(place));
        let n = runs.len();
        if !(1..=MOST_RUNS).contains(&n) {
            return None;
        }
        let part = |(i, (limit, first, last)): (usize, &(String, f64, f64))| {
            let place = match i {
                _ if n == 1 => String::new(),
                0 => format!(" up to {}", at(*last)?),
                i if i + 1 == n => format!(" from {} on", at(*first)?),
                _ => format!(" from {} to {}", at(*first)?, at(*last)?),
            };
            Some(match limit.as_str() {
                OFFERED_LOAD => format!("not at all{place}"),
                limit => format!("by {}{place}", noun(limit)?),
            })
        };
        let parts: Option<Vec<String>> = runs.iter().enumerate().map(part).collect();
        let text = format!("{} is limited {}.", name(&line.name), parts?.join(", "));
        Some(sentence(&text))
    }
}

/// Two digits of a positive number.
fn rounded(value: f64) -> f64 {
    let step = 10f64.powf(value.log10().floor() - 1.0);
    if step.is_normal() { (value / step).round() * step } else { value }
}

/// How a sentence names a limit.
pub(super) fn noun(limit: &str) -> Option<String> {
    Resource::from_name(limit).map(|resource| resource.noun().to_owned())
}

/// `the cores limit`, `the wire limits`.
pub(super) fn verb_end(limit: &str) -> &'static str {
    let plural = noun(limit).is_some_and(|noun| {
        let head = noun.split(" that ").next().unwrap_or_default().split(" of ").next().unwrap_or_default();
        let head = head.split(" (").next().unwrap_or_default();
        head.ends_with('s') && !head.ends_with("ss")
    });
    if plural { "" } else { "s" }
}

/// A name, in quotes where it would be read as words of the sentence.
pub(super) fn name(name: &str) -> String {
    if name.contains([' ', ',']) { quoted(name) } else { name.to_owned() }
}

fn is_alike(a: &Spot, b: &Spot) -> bool {
    let apart = (a.y - b.y).abs();
    apart <= a.half_width.unwrap_or(0.0) + b.half_width.unwrap_or(0.0) || apart <= ALIKE * a.y.abs().max(b.y.abs())
}

/// A sentence's first letter in upper case; a design's name keeps its own.
fn sentence(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    if ["both", "all", "the"].contains(&first) {
        let mut chars = text.chars();
        return chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect());
    }
    text.to_owned()
}

#[cfg(test)]
mod tests;
