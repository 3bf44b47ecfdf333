//! The table on standard output.

use std::collections::HashMap;

use espsim_model::traffic::Basis;
use espsim_sweep::file::scenario_file::ScenarioFile;
use espsim_sweep::file::value::shown;
use espsim_sweep::points::Place;
use espsim_sweep::points::outcome::{Band, Outcome, Run, Summary};

use crate::text_table::table;

/// Characters of a line of a terminal, and those between two columns.
const WIDTH: usize = 100;
const BORDER: usize = 3;
/// Columns that are left out first where there is no room for all.
const LEAST_TELLING: [&str; 8] =
    ["Next", "Cycles/B", "Bound Gb/s", "Idle cores", "Mean ms", "Messages", "Peak CPU %", "In software"];
/// Rows of a large sweep.
const FIRST_ROWS: usize = 100;

/// A column beside those that say which point a row is of.
pub struct Column {
    /// Heading.
    pub heading: &'static str,
    /// What stands in it.
    pub content: Content,
    /// Whether it is a number, aligned to the right.
    pub is_number: bool,
    /// Where it is shown.
    shown: Shown,
}

/// Where a column is shown: always, or if some point has something.
#[derive(Clone, Copy)]
enum Shown {
    Always,
    /// This metric.
    With(&'static str),
    /// A band of this metric.
    WithBand(&'static str),
    /// A share of draws that carry its load.
    WithShare,
}

impl Shown {
    fn is_by(self, outcome: &Outcome) -> bool {
        match self {
            Shown::Always => true,
            Shown::With(metric) => outcome.summary(metric, None).is_some(),
            Shown::WithBand(metric) => outcome.band(metric, None).is_some(),
            Shown::WithShare => outcome.carried_in_draws().is_some(),
        }
    }
}

/// What stands in a column.
pub enum Content {
    /// What is made of an outcome.
    Made(fn(&Outcome) -> String),
    /// A metric; a dash where it was not observed.
    Metric(Number),
    /// The same, and where it lies for 95 % of draws.
    Banded(Number),
}

/// A metric as a column shows it.
pub struct Number {
    /// The metric's name.
    pub name: &'static str,
    /// Factor from the metric's unit to the heading's.
    pub factor: f64,
    /// Digits after the point.
    pub digits: usize,
}

impl Number {
    /// A value in the heading's unit.
    pub fn shown(&self, value: f64) -> String {
        format!("{:.*}", self.digits, value * self.factor)
    }

    fn cell(&self, outcome: &Outcome) -> String {
        outcome.summary(self.name, None).map_or_else(dash, |summary| self.shown(summary.value))
    }
}

impl Content {
    fn cell(&self, outcome: &Outcome) -> String {
        match self {
            Content::Made(make) => make(outcome),
            Content::Metric(number) => number.cell(outcome),
            Content::Banded(number) => match outcome.band(number.name, None) {
                Some(Band { low, high, .. }) => {
                    let [low, high] = [low, high].map(|end| three_digits(end * number.factor));
                    format!("{} ({low} to {high})", number.cell(outcome))
                }
                None => number.cell(outcome),
            },
        }
    }
}

impl Column {
    /// A column of numbers that is always shown.
    pub const fn number(heading: &'static str, make: fn(&Outcome) -> String) -> Self {
        Column { heading, content: Content::Made(make), is_number: true, shown: Shown::Always }
    }

    /// A column of words that is always shown.
    pub const fn text(heading: &'static str, make: fn(&Outcome) -> String) -> Self {
        Column { heading, content: Content::Made(make), is_number: false, shown: Shown::Always }
    }

    /// A column of a metric that is always shown.
    pub const fn metric(heading: &'static str, name: &'static str, factor: f64, digits: usize) -> Self {
        let content = Content::Metric(Number { name, factor, digits });
        Column { heading, content, is_number: true, shown: Shown::Always }
    }

    /// The same with the range of draws.
    const fn banded(heading: &'static str, name: &'static str, factor: f64, digits: usize) -> Self {
        let content = Content::Banded(Number { name, factor, digits });
        Column { heading, content, is_number: true, shown: Shown::Always }
    }

    /// The same, shown only where some point has this metric.
    #[must_use]
    pub const fn only_with(mut self, metric: &'static str) -> Self {
        self.shown = Shown::With(metric);
        self
    }

    const fn shown(mut self, shown: Shown) -> Self {
        self.shown = shown;
        self
    }
}

/// Of a run: throughput with its interval, which is chance of the simulation, where it lies for 95 % of draws of the machine,
/// the bound, what limits, and what the CPU keeps; where packets are lost, latency and loss.
pub const THROUGHPUT: &[Column] = &[
    Column::number("Goodput Gb/s", |o| goodput(o, "throughput")),
    Column::number("± 95 %", |o| {
        let half_width = o.summary("throughput", Some(Basis::Goodput)).and_then(|goodput| goodput.half_width);
        half_width.map_or_else(dash, |width| format!("{width:.2}"))
    }),
    Column::number("Of draws", |o| {
        let band = o.band("throughput", Some(Basis::Goodput));
        band.map_or_else(dash, |Band { low, high, .. }| format!("{} to {}", three_digits(low), three_digits(high)))
    })
    .shown(Shown::WithBand("throughput")),
    Column::number("Carried in", |o| {
        o.carried_in_draws().map_or_else(dash, |(share, _)| format!("{:.0} %", share * 100.0))
    })
    .shown(Shown::WithShare),
    Column::metric("Bound Gb/s", "bound", 1.0, 2),
    Column::text("Bottleneck", |o| name(o, |run| &run.bottleneck)),
    Column::text("Next", |o| name(o, |run| &run.next_bottleneck)),
    Column::metric("Idle cores", "idle_cores", 1.0, 2),
    Column::metric("Cycles/B", "cycles_per_byte", 1.0, 2),
    Column::metric("Latency p99 us", "latency_p99", 1e-3, 1).only_with("loss"),
    Column::number("Loss", |o| o.summary("loss", None).map_or_else(dash, loss)).only_with("loss"),
    Column::number("Encrypted Gb/s", |o| goodput(o, "throughput/encrypt")).only_with("packet_rate/encrypt"),
    Column::number("Decrypted Gb/s", |o| goodput(o, "throughput/decrypt")).only_with("packet_rate/decrypt"),
    Column::metric("SAs in software", "sas_fallen_back", 1.0, 0).only_with("sas_fallen_back"),
    Column::metric("Fragmented %", "packets_fragmented", 100.0, 1).only_with("packets_fragmented"),
    Column::metric("Clamped %", "packets_clamped", 100.0, 1).only_with("packets_clamped"),
    Column::metric("Too big %", "packets_too_big", 100.0, 1).only_with("packets_too_big"),
    Column::metric("SAs refused", "sas_refused", 1.0, 0).only_with("sas_refused"),
];

/// Outage of the worst SA and of the mean one, time to 95 % of the old rate and until the daemon is done, both from the
/// first event; packets, messages, CPU; in parentheses where it lies for 95 % of draws of the machine. A dash for what did
/// not happen within the span.
pub const RECOVERY: &[Column] = &[
    Column::banded("Outage ms", "outage_max", 1e3, 3),
    Column::metric("Mean ms", "outage_mean", 1e3, 3),
    Column::metric("To 95 % ms", "time_to_95", 1e3, 1),
    Column::banded("Re-installed ms", "reinstalled", 1e3, 3),
    Column::banded("Lost", "packets_lost", 1.0, 0),
    Column::metric("In software", "packets_in_software", 1.0, 0),
    Column::metric("Messages", "messages", 1.0, 0),
    Column::metric("Peak CPU %", "cpu_peak", 1e2, 1),
];

fn goodput(outcome: &Outcome, rate: &str) -> String {
    outcome.summary(rate, Some(Basis::Goodput)).map_or_else(dash, |rate| format!("{:.2}", rate.value))
}

/// A station's name of the first replication: limits are not averaged.
fn name(outcome: &Outcome, of: fn(&Run) -> &String) -> String {
    outcome.runs.first().map(of).filter(|name| !name.is_empty()).cloned().unwrap_or_else(dash)
}

/// Loss in percent, with its interval where that is known.
fn loss(loss: Summary) -> String {
    let half_width = loss.half_width.map_or_else(String::new, |width| format!(" ± {:.3}", width * 100.0));
    format!("{:.3}{half_width} %", loss.value * 100.0)
}

/// As much of a number as a range is known to.
fn three_digits(value: f64) -> String {
    let magnitude = if value == 0.0 { 0.0 } else { value.abs().log10().floor() };
    let digits = (2.0 - magnitude).clamp(0.0, 9.0) as usize;
    format!("{value:.digits$}")
}

/// What stands where nothing was observed.
fn dash() -> String {
    "-".into()
}

/// A table in the making: one row per point.
pub struct Rows<'a> {
    columns: &'static [Column],
    /// Of every column, those first that say which point a row is of.
    headings: Vec<Heading<'a>>,
    rows: Vec<Vec<String>>,
    /// Whether only the first rows are kept.
    is_limited: bool,
    left_out: usize,
    last: Option<String>,
}

struct Heading<'a> {
    text: &'a str,
    is_number: bool,
    is_shown: bool,
}

impl<'a> Rows<'a> {
    /// An empty table; `is_limited` for a large sweep.
    pub fn new(file: &'a ScenarioFile, columns: &'static [Column], is_limited: bool) -> Self {
        let mut headings = vec![Heading { text: "Series", is_number: false, is_shown: true }];
        let axes = file.sweep.keys().map(|key| key.rsplit('.').next().unwrap_or(key));
        headings.extend(axes.map(|text| Heading { text, is_number: true, is_shown: true }));
        headings.extend(columns.iter().map(|column| {
            let is_shown = matches!(column.shown, Shown::Always);
            Heading { text: column.heading, is_number: column.is_number, is_shown }
        }));
        Rows { columns, headings, rows: Vec::new(), is_limited, left_out: 0, last: None }
    }

    /// Adds the row of a point.
    pub fn add(&mut self, outcome: &Outcome) {
        if self.is_limited && self.rows.len() == FIRST_ROWS {
            self.left_out += 1;
            return;
        }
        let mut row = place(&outcome.place, self.last.as_ref());
        for (heading, column) in self.headings[row.len()..].iter_mut().zip(self.columns) {
            heading.is_shown |= column.shown.is_by(outcome);
        }
        row.extend(self.columns.iter().map(|column| column.content.cell(outcome)));
        self.rows.push(row);
        self.last = Some(outcome.place.series.clone());
    }

    /// The table within [`WIDTH`] columns, and below it what it leaves out.
    pub fn text(&self) -> String {
        let mut shown: Vec<usize> = (0..self.headings.len()).filter(|&i| self.headings[i].is_shown).collect();
        let narrower = self.fit(&mut shown);
        let headings: Vec<&str> = shown.iter().map(|&i| self.headings[i].text).collect();
        let numbers: Vec<usize> = (0..shown.len()).filter(|&i| self.headings[shown[i]].is_number).collect();
        let mut table = table(&headings, &numbers);
        for row in &self.rows {
            table.add_row(shown.iter().map(|&i| &row[i]));
        }
        let narrower = match narrower.is_empty() {
            true => String::new(),
            false => format!("Left out for want of room: {}; points.csv has them all\n", narrower.join(", ")),
        };
        match self.left_out {
            0 => format!("{table}\n{narrower}"),
            n => format!("{table}\n{narrower}and {n} more points: points.csv has them all\n"),
        }
    }

    /// Takes columns out until the others fit: first those in which all rows have the same value of an axis, then the least
    /// telling ones. Returns the names of the latter.
    fn fit(&self, shown: &mut Vec<usize>) -> Vec<&'static str> {
        let cells = |i: usize| self.rows.iter().map(move |row| row[i].as_str());
        let width = |i: usize| {
            let cell = |text: &str| text.chars().count();
            cells(i).map(cell).max().unwrap_or(0).max(cell(self.headings[i].text)) + BORDER
        };
        let is_wide = |shown: &[usize]| shown.iter().map(|&i| width(i)).sum::<usize>() + 1 > WIDTH;
        let axes = self.headings.len() - self.columns.len();
        // An axis that changes with one before it says nothing that is not said.
        let says_nothing = |i: usize| (1..i).any(|before| self.determines(before, i));
        let mut axis = axes;
        while is_wide(shown) && axis > 1 {
            axis -= 1;
            if says_nothing(axis) {
                shown.retain(|&i| i != axis);
            }
        }
        let mut gone = Vec::new();
        for name in LEAST_TELLING {
            let place = shown.iter().position(|&i| i >= axes && self.headings[i].text == name);
            if let Some(place) = place.filter(|_| is_wide(shown)) {
                shown.remove(place);
                gone.push(name);
            }
        }
        gone
    }

    /// Whether the value of a column tells that of another.
    fn determines(&self, column: usize, other: usize) -> bool {
        let mut known: HashMap<&str, &str> = HashMap::new();
        self.rows.iter().all(|row| *known.entry(&row[column]).or_insert(&row[other]) == row[other])
    }
}

/// The cells that say which point a row is of. A series is named once: not after a row of the same, `last`.
fn place(place: &Place, last: Option<&String>) -> Vec<String> {
    let series = if last == Some(&place.series) { String::new() } else { place.series.clone() };
    std::iter::once(series).chain(place.coordinates.iter().map(shown)).collect()
}
