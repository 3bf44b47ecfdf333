//! What every point came to, read back from `points.csv`.

mod read;

use espsim_model::carried::Load;
use espsim_model::units::Share;
use espsim_sweep::file::value::number;
use espsim_sweep::points::outcome::{Band, Summary};

/// Metrics that a report shows; a throughput is that on the goodput basis.
const METRICS: [&str; 20] = [
    "throughput",
    "bound",
    "offered",
    "idle_cores",
    "cycles_per_byte",
    "latency_p99",
    "loss",
    "outage_max",
    "outage_mean",
    "time_to_95",
    "reinstalled",
    "packets_lost",
    "packets_lost/no_carrier",
    "packets_lost/no_sa",
    "packets_lost/queue_full",
    "packets_lost/in_flight",
    "packets_in_software",
    "messages",
    "cpu_peak",
    "goodput_before",
];

/// Metrics whose bands are shown.
const BANDED: [&str; 5] = ["throughput", "cycles_per_byte", "outage_max", "reinstalled", "packets_lost"];

/// What limits where less than the offered load is carried and no station is full: the file names the load there.
pub const WAITS: &str = espsim_model::resource::Resource::Waits.name();

/// The points of a folder: every series at every place of the sweep, or those that were simulated.
#[derive(Debug, Clone, PartialEq)]
pub struct Points {
    /// Swept keys.
    pub axes: Vec<String>,
    /// Names, in order of their first point.
    pub series: Vec<String>,
    /// Combinations of swept values, as written, in order of their first point; one without values if nothing is swept.
    pub places: Vec<Vec<String>>,
    /// Points, in the order of the file.
    pub points: Vec<Point>,
}

/// One point.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// What the file calls it.
    pub id: String,
    /// Its series, a place in [`Points::series`].
    pub series: usize,
    /// Its place in [`Points::places`].
    pub place: usize,
    /// Why it has no estimate, where it has none.
    pub no_estimate: Option<&'static str>,
    /// What limited it, a station's name or [`WAITS`]; empty where that is not asked or not known.
    pub bottleneck: String,
    /// The busiest kind of station that did not limit it, and its busy share, 0 to 1.
    pub next: Option<(String, f64)>,
    /// The share of draws in which closed forms allow the whole of the offered load, 0 to 1.
    pub carried_in_draws: Option<f64>,
    /// The share of packets that a failover lost before its first event, where that is known.
    pub lost_before: Option<f64>,
    summaries: [Option<Summary>; METRICS.len()],
    bands: [Option<Band>; BANDED.len()],
}

impl Point {
    /// A metric over all replications; `None` where one of them did not observe it.
    pub fn get(&self, metric: &str) -> Option<Summary> {
        self.summaries[METRICS.iter().position(|name| *name == metric)?]
    }

    /// Where a metric lies for most draws; `None` where none were drawn, or no closed form tells.
    pub fn band(&self, metric: &str) -> Option<Band> {
        self.bands[BANDED.iter().position(|name| *name == metric)?]
    }

    /// Gives a metric a band.
    #[cfg(test)]
    pub fn set_band(&mut self, metric: &str, band: Band) {
        let at = BANDED.iter().position(|name| *name == metric).unwrap();
        self.bands[at] = Some(band);
    }

    /// The value of a metric.
    pub fn value(&self, metric: &str) -> Option<f64> {
        self.get(metric).map(|summary| summary.value)
    }

    /// Whether load was offered and all of it was carried: nothing was lost, and no queue was left growing.
    pub fn carries_all(&self) -> bool {
        self.value("loss").is_some() && self.load().is_some_and(|load| load.is_carried(Share::from_fraction(0.0)))
    }

    /// What was offered and carried; where a file does not name the load, it is what closed forms allow.
    fn load(&self) -> Option<Load> {
        let rate = self.get("throughput")?;
        let allowed = self.value("bound").or(self.value("offered")).unwrap_or(rate.value);
        let offered = self.value("offered").unwrap_or(allowed);
        let loss = self.value("loss").unwrap_or(0.0);
        Some(Load { offered, carried: rate.value, half_width: rate.half_width, allowed, loss })
    }

    /// Whether throughput is below what was offered by more than chance.
    fn falls_short(&self) -> bool {
        self.load().is_some_and(|load| load.falls_short(Share::from_fraction(0.0)))
    }
}

impl Points {
    /// Axes that have more than one value.
    fn varied(&self) -> Vec<usize> {
        (0..self.axes.len())
            .filter(|&axis| self.places.iter().any(|place| place[axis] != self.places[0][axis]))
            .collect()
    }

    /// Names of the axes: the last part of each key, or the whole key where that is not unique.
    pub fn axis_names(&self) -> Vec<&str> {
        let last = |key: &'_ str| key.rfind('.').map_or(0, |dot| dot + 1);
        let short: Vec<&str> = self.axes.iter().map(|key| &key[last(key)..]).collect();
        let is_unique = |name: &str| short.iter().filter(|other| **other == name).count() == 1;
        short.iter().zip(&self.axes).map(|(name, key)| if is_unique(name) { name } else { key.as_str() }).collect()
    }

    /// Names of the axes that have more than one value.
    pub fn varied_names(&self) -> Vec<&str> {
        let names = self.axis_names();
        self.varied().into_iter().map(|axis| names[axis]).collect()
    }

    /// The values of these at a place, such as `64 B, tcp`.
    pub fn values_at(&self, place: usize) -> String {
        self.varied().into_iter().map(|axis| self.places[place][axis].as_str()).collect::<Vec<_>>().join(", ")
    }

    /// A place in words, such as `packet 64 B`; empty if nothing is varied.
    pub fn label(&self, place: usize) -> String {
        let names = self.axis_names();
        let value = |axis: usize| format!("{} {}", names[axis], self.places[place][axis]);
        self.varied().into_iter().map(value).collect::<Vec<_>>().join(", ")
    }

    /// A place after what is so there, such as ` at packet 64 B`; empty if nothing is varied.
    pub fn at(&self, place: usize) -> String {
        Some(self.label(place))
            .filter(|label| !label.is_empty())
            .map_or_else(String::new, |label| format!(" at {label}"))
    }

    /// Whether places lie along one axis of ascending numbers, so that "up to" and "from" mean something.
    pub fn is_ascending(&self) -> bool {
        let [axis] = self.varied()[..] else { return false };
        let value = |place: &Vec<String>| {
            let text = &place[axis];
            text.parse().ok().or_else(|| number(&toml::Value::String(text.clone())))
        };
        let values: Option<Vec<f64>> = self.places.iter().map(value).collect();
        values.is_some_and(|values| values.windows(2).all(|pair| pair[0] < pair[1]))
    }

    /// Where an answer looks: the ends of the sweep; where it has none, the place of the point with the least of a metric
    /// and that of the point with the most.
    pub fn ends(&self, metric: &str) -> Vec<usize> {
        let ends = match self.extremes(metric) {
            Some((least, most)) => [least.place, most.place],
            None => [0, self.places.len() - 1],
        };
        if ends[0] == ends[1] { vec![ends[0]] } else { ends.to_vec() }
    }

    /// The points with the least and the most of a metric, in a sweep that has no ends: of several axes, or one without
    /// numbers.
    pub fn extremes(&self, metric: &str) -> Option<(&Point, &Point)> {
        if self.places.len() == 1 || self.is_ascending() {
            return None;
        }
        let known = || self.points.iter().filter_map(|point| Some((point.value(metric)?, point)));
        let least = known().min_by(|a, b| a.0.total_cmp(&b.0))?;
        // Of equals the first.
        let most = known().rev().max_by(|a, b| a.0.total_cmp(&b.0))?;
        Some((least.1, most.1))
    }

    /// Points at a place, in the order of their series.
    pub fn of_place(&self, place: usize) -> Vec<&Point> {
        self.points.iter().filter(|point| point.place == place).collect()
    }

    /// Points of a series, in the order of their places.
    pub fn of_series(&self, series: usize) -> Vec<&Point> {
        self.points.iter().filter(|point| point.series == series).collect()
    }
}
