//! A metric over a swept key, a curve for each series and each combination of the axes that are not drawn.

use std::collections::HashMap;

use espsim_model::traffic::Basis;
use espsim_model::units::Share;
use espsim_sweep::failure::nearest;
use espsim_sweep::file::scenario_file::{PlotSpec, ScenarioFile};
use espsim_sweep::file::value::{number, shown, variant};
use espsim_sweep::points::outcome::Outcome;
use toml::Value;

use super::carried::{goodput, is_carried};
use super::finding::{Line, Shown, Spot, finding};
use crate::designs::design_at;
use crate::plot::{Axis, Curve, Figure, Point, Reference, Style, Words, svg};

/// Curves of a figure of a large sweep: more can hardly be told apart.
const MOST_CURVES: usize = 64;
/// Marks of a figure of a large sweep.
const MOST_MARKS: usize = 20_000;
/// The most that may be lost where latency is drawn, in percent: beyond, it is that of full queues.
const MOST_LOST: f64 = 0.1;
/// Cores left over are compared where as much is carried as by the design that carries most, but for this share.
const AS_MUCH: f64 = 0.01;
/// A wire's rate is read from how busy it is where that is not next to nothing, and drawn if designs agree on it.
const BUSY: f64 = 0.02;
const AGREED: f64 = 0.03;
/// A line rate this far above all curves is not drawn.
const FAR: f64 = 1.3;

/// A figure in the making.
pub struct Curves<'a> {
    file: &'a ScenarioFile,
    plot: &'a PlotSpec,
    /// Which of the swept keys is x.
    x: usize,
    /// Swept keys that are held at one value.
    only: Vec<(usize, &'a str)>,
    /// Swept keys that curves are named after.
    naming: Vec<usize>,
    curves: Vec<Traced>,
    by_name: HashMap<String, usize>,
    /// Values of x, as they are drawn and as written.
    places: Vec<(f64, Value)>,
    marks: usize,
    /// Whether curves and marks beyond what can be told apart are left out.
    is_limited: bool,
    left_out: usize,
    /// Points that are not drawn since their load was not carried.
    uncarried: usize,
    /// Whether all of them are lossy, and drawn all the same.
    is_all_lossy: bool,
    /// Metrics of the first point that lacks the figure's.
    observed: Vec<String>,
}

/// A curve in the making.
struct Traced {
    curve: Curve,
    spots: Vec<Spot>,
    /// Goodput at each spot, and what the wire would carry on the figure's basis, where that is known.
    carried: Vec<Option<f64>>,
    wire: Vec<Option<f64>>,
    /// Whether more than a little was lost there.
    lossy: Vec<bool>,
}

impl Traced {
    /// Keeps the spots, and their points, of which this is so; says how many others there were.
    fn retain(&mut self, keeps: impl Fn(&Traced, usize) -> bool) -> usize {
        let kept: Vec<bool> = (0..self.spots.len()).map(|i| keeps(self, i)).collect();
        let of = kept.iter().zip(&self.spots);
        let gone: Vec<f64> = of.filter(|(kept, _)| !**kept).map(|(_, spot)| spot.x).collect();
        self.curve.points.retain(|point| !gone.contains(&point.x));
        fn keep<T>(of: &mut Vec<T>, kept: &[bool]) {
            let mut kept = kept.iter();
            of.retain(|_| kept.next().copied().unwrap_or(true));
        }
        keep(&mut self.spots, &kept);
        keep(&mut self.carried, &kept);
        keep(&mut self.wire, &kept);
        keep(&mut self.lossy, &kept);
        gone.len()
    }
}

impl<'a> Curves<'a> {
    /// An empty figure; `is_limited` for a large sweep.
    pub fn new(file: &'a ScenarioFile, plot: &'a PlotSpec, is_limited: bool) -> Self {
        let keys: Vec<&str> = file.sweep.keys().collect();
        // The file was checked: x and the keys of `only` are swept.
        let place = |key: &str| keys.iter().position(|swept| *swept == key).unwrap_or_default();
        let only: Vec<(usize, &str)> = plot.only.iter().map(|(key, value)| (place(key), value.as_str())).collect();
        let mut naming = file.sweep.naming_keys(&plot.x);
        naming.retain(|key| only.iter().all(|(held, _)| held != key));
        Curves {
            file,
            plot,
            x: place(&plot.x),
            only,
            naming,
            curves: Vec::new(),
            by_name: HashMap::new(),
            places: Vec::new(),
            marks: 0,
            is_limited,
            left_out: 0,
            uncarried: 0,
            is_all_lossy: false,
            observed: Vec::new(),
        }
    }

    /// Takes up a point, if it belongs to the figure.
    pub fn add(&mut self, outcome: &Outcome) {
        let plot = self.plot;
        let coordinates = &outcome.place.coordinates;
        if self.only.iter().any(|(key, value)| shown(&coordinates[*key]) != *value) {
            return;
        }
        // The file was checked: every value is a number.
        let value = &coordinates[self.x];
        let Some(x) = number(value).map(|x| x * plot.x_factor) else { return };
        let Some(summary) = outcome.summary(&plot.y, plot.basis) else {
            if self.observed.is_empty() {
                let metrics = outcome.runs.iter().flat_map(|run| &run.metrics);
                self.observed = metrics.map(|metric| metric.name.clone()).collect();
            }
            return;
        };
        let is_lossy = is_carried(outcome, Share::from_fraction(MOST_LOST / 100.0)) == Some(false);
        let value = value.clone();
        let Some(traced) = self.traced(outcome) else {
            self.left_out += 1;
            return;
        };
        let scaled = |value: f64| value * plot.y_factor;
        let (y, half_width) = (scaled(summary.value), summary.half_width.map(scaled));
        let curve = &mut traced.curve;
        curve.points.push(Point { x, y, half_width });
        if let Some(band) = outcome.band(&plot.y, plot.basis) {
            curve.band.push((x, scaled(band.low), scaled(band.high)));
        }
        if let Some(bound) = bound(plot, outcome) {
            curve.bound.push((x, scaled(bound)));
        }
        let limit = outcome.runs.first().map(|run| run.bottleneck.clone()).unwrap_or_default();
        traced.spots.push(Spot { x, y, half_width, limit });
        traced.carried.push(goodput(outcome));
        traced.lossy.push(is_lossy);
        traced.wire.push(wire(plot, outcome).map(scaled));
        if self.places.iter().all(|(known, _)| *known != x) {
            self.places.push((x, value));
        }
    }

    /// What to warn of when the figure has no mark at all.
    pub fn warning(&self) -> Option<String> {
        let PlotSpec { file, y, basis, .. } = self.plot;
        if !self.curves.is_empty() || self.observed.is_empty() {
            return None;
        }
        let mut names: Vec<&str> = self.observed.iter().map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        let what = match basis {
            Some(basis) if names.contains(&y.as_str()) => format!("`{y}` is not counted as {}", variant(basis)),
            _ => format!("`{y}` was not observed; {}", nearest(y, &names).unwrap_or_else(|| names.join(", "))),
        };
        Some(format!("{file}.svg is empty: {what}"))
    }

    /// The curve of a point; `None` if there is no room for it.
    fn traced(&mut self, outcome: &Outcome) -> Option<&mut Traced> {
        let name = self.curve_name(outcome);
        let known = self.by_name.get(&name).copied();
        if self.is_limited && (self.marks == MOST_MARKS || known.is_none() && self.curves.len() == MOST_CURVES) {
            return None;
        }
        self.marks += 1;
        let i = known.unwrap_or(self.curves.len());
        if known.is_none() {
            let mut curve = Curve::new(&name, Vec::new(), Style::Curve);
            curve.design = design_at(self.file, &outcome.place.series, &outcome.place.coordinates);
            self.curves.push(Traced {
                curve,
                spots: Vec::new(),
                carried: Vec::new(),
                wire: Vec::new(),
                lossy: Vec::new(),
            });
            self.by_name.insert(name, i);
        }
        self.curves.get_mut(i)
    }

    fn curve_name(&self, outcome: &Outcome) -> String {
        let keys: Vec<&str> = self.file.sweep.keys().collect();
        let others = self.naming.iter().map(|&i| {
            let key = keys[i].rsplit('.').next().unwrap_or(keys[i]);
            format!("{key} {}", shown(&outcome.place.coordinates[i]))
        });
        std::iter::once(outcome.place.series.clone()).chain(others).collect::<Vec<_>>().join(", ")
    }

    /// The figure as SVG.
    pub fn svg(mut self, footnote: &str) -> String {
        let plot = self.plot;
        self.places.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.leave_out_the_uncarried();
        let left_out = (self.left_out > 0).then(|| format!("{} points are not drawn.", self.left_out));
        let finding = self.finding().unwrap_or_else(|| self.file.question.clone());
        let words = Words {
            notes: left_out.into_iter().chain(self.note()).collect(),
            data: data(plot),
            ..Words::new(&plot.title, &finding, footnote)
        };
        let goal = plot.goal.map(|goal| Reference { name: format!("goal: {goal}"), points: vec![(0.0, goal)] });
        let references = self.line_rate().into_iter().chain(goal).collect();
        svg(&Figure {
            words,
            x: Axis { label: plot.x_label.clone(), scale: plot.x_scale },
            y: Axis { label: plot.y_label.clone(), scale: plot.y_scale },
            curves: self.curves.into_iter().map(|traced| traced.curve).collect(),
            references,
        })
    }

    /// Latency beyond saturation is that of full queues. A core that is idle since its packets were lost is none left over, and
    /// cores are compared where as much is carried: else whoever carries less would seem to leave more.
    fn leave_out_the_uncarried(&mut self) {
        let is_idle = self.plot.y == IDLE;
        if !is_idle && !self.plot.y.starts_with("latency") {
            return;
        }
        let is_all_lossy = self.curves.iter().all(|traced| traced.lossy.iter().all(|lossy| *lossy));
        if is_all_lossy && !is_idle {
            self.is_all_lossy = true;
            return;
        }
        let mut most: HashMap<u64, f64> = HashMap::new();
        for (spot, carried) in self.curves.iter().flat_map(|traced| traced.spots.iter().zip(&traced.carried)) {
            let most = most.entry(spot.x.to_bits()).or_default();
            *most = most.max(carried.unwrap_or(0.0));
        }
        for traced in &mut self.curves {
            self.uncarried += traced.retain(|traced, i| {
                let least = most.get(&traced.spots[i].x.to_bits()).map_or(0.0, |most| most * (1.0 - AS_MUCH));
                !traced.lossy[i] && (!is_idle || traced.carried[i].is_none_or(|carried| carried >= least))
            });
        }
    }

    /// What is left out and why.
    fn note(&self) -> Option<String> {
        let what = match self.plot.y.as_str() {
            _ if self.is_all_lossy => {
                format!("Everywhere more than {MOST_LOST} % is lost: this is the latency of full queues.")
            }
            _ if self.uncarried == 0 => return None,
            IDLE => "Drawn where a design carries as much as any other.".to_owned(),
            _ => format!("Drawn up to saturation, where more than {MOST_LOST} % is lost."),
        };
        Some(what)
    }

    fn finding(&self) -> Option<String> {
        let lines: Vec<Line> = self
            .curves
            .iter()
            .filter(|traced| !traced.spots.is_empty())
            .map(|traced| {
                let mut spots = traced.spots.clone();
                spots.sort_by(|a, b| a.x.total_cmp(&b.x));
                Line { name: traced.curve.name.clone(), spots }
            })
            .collect();
        let label = &self.plot.y_label;
        let unit = label.rsplit_once('(').map_or("", |(_, unit)| unit.trim_end_matches(')'));
        let unit = unit.split(',').next().unwrap_or_default();
        finding(&Shown { metric: &self.plot.y, unit, key: &self.plot.x, places: &self.places, lines: &lines })
    }

    /// What the wire carries, if designs agree on it and it is near the curves.
    fn line_rate(&self) -> Option<Reference> {
        let mut points = Vec::new();
        for &(x, _) in &self.places {
            let at = |traced: &Traced| {
                let i = traced.spots.iter().position(|spot| spot.x == x)?;
                traced.wire[i]
            };
            let rates: Vec<f64> = self.curves.iter().filter_map(at).collect();
            let (low, high) = (rates.iter().copied().reduce(f64::min)?, rates.iter().copied().reduce(f64::max)?);
            if high > low * (1.0 + AGREED) {
                return None;
            }
            points.push((x, f64::midpoint(low, high)));
        }
        let most = self.curves.iter().flat_map(|traced| &traced.spots).map(|spot| spot.y).fold(0.0, f64::max);
        let least = points.iter().map(|(_, rate)| *rate).reduce(f64::min)?;
        (least <= most * FAR).then(|| Reference { name: "line rate".into(), points })
    }
}

/// Cores that are left over.
const IDLE: &str = "idle_cores";

/// Which rows of `points.csv` a figure shows.
fn data(plot: &PlotSpec) -> String {
    let basis = plot.basis.as_ref().map_or_else(String::new, |basis| format!(", basis `{}`", variant(basis)));
    format!("points.csv, metric `{}`{basis}, over `{}`", plot.y, plot.x)
}

/// What the wire would carry if it were always busy, on the figure's basis; only of what leaves by it.
fn wire(plot: &PlotSpec, outcome: &Outcome) -> Option<f64> {
    if plot.y != "throughput" {
        return None;
    }
    let busy = |wire: &str| outcome.summary(wire, None).map(|busy| busy.value);
    let out = busy("utilisation/wire").filter(|out| *out >= BUSY)?;
    if busy("utilisation/wire in").is_some_and(|inwards| inwards > out * (1.0 + AGREED)) {
        return None;
    }
    Some(outcome.summary("throughput", Some(plot.basis.unwrap_or(Basis::Goodput)))?.value / out)
}

/// The closed-form bound of a throughput, on the figure's basis.
fn bound(plot: &PlotSpec, outcome: &Outcome) -> Option<f64> {
    if plot.y != "throughput" {
        return None;
    }
    let goodput = outcome.summary("bound", None)?.value;
    let basis = plot.basis.unwrap_or(Basis::Goodput);
    let scale =
        outcome.summary("throughput", Some(basis))?.value / outcome.summary("throughput", Some(Basis::Goodput))?.value;
    scale.is_finite().then_some(goodput * scale)
}

#[cfg(test)]
mod tests;
