//! The figures that a scenario file asks for.

use std::collections::HashMap;

use espsim_model::traffic::Basis;
use espsim_sweep::failure::{Failure, nearest};
use espsim_sweep::file::scenario_file::{PlotSpec, ScenarioFile};
use espsim_sweep::file::value::{number, shown, variant};
use espsim_sweep::points::outcome::Outcome;

use crate::plot::{Axis, Curve, Figure, Point, Style, svg};

/// Curves of a figure of a large sweep: more can hardly be told apart.
const MOST_CURVES: usize = 64;
/// Marks of a figure of a large sweep.
const MOST_MARKS: usize = 20_000;

/// A figure in the making: a curve per series and per combination of the axes that are not drawn.
pub struct Drawing<'a> {
    file: &'a ScenarioFile,
    plot: &'a PlotSpec,
    /// Which of the swept keys is x.
    x: usize,
    /// Swept keys that are held at one value.
    only: Vec<(usize, &'a str)>,
    /// Swept keys that curves are named after.
    naming: Vec<usize>,
    curves: Vec<Curve>,
    by_name: HashMap<String, usize>,
    marks: usize,
    /// Whether curves and marks beyond what can be told apart are left out.
    is_limited: bool,
    left_out: usize,
    /// Metrics of the first point that lacks the figure's.
    observed: Vec<String>,
}

impl<'a> Drawing<'a> {
    /// An empty figure; `is_limited` for a large sweep.
    pub fn new(file: &'a ScenarioFile, plot: &'a PlotSpec, is_limited: bool) -> Self {
        let keys: Vec<&str> = file.sweep.keys().collect();
        // The file was checked: x and the keys of `only` are swept.
        let place = |key: &str| keys.iter().position(|swept| *swept == key).unwrap_or_default();
        let only: Vec<(usize, &str)> = plot.only.iter().map(|(key, value)| (place(key), value.as_str())).collect();
        let mut naming = file.sweep.naming_keys(&plot.x);
        naming.retain(|key| only.iter().all(|(held, _)| held != key));
        Drawing {
            file,
            plot,
            x: place(&plot.x),
            only,
            naming,
            curves: Vec::new(),
            by_name: HashMap::new(),
            marks: 0,
            is_limited,
            left_out: 0,
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
        let Some(x) = number(&coordinates[self.x]).map(|x| x * plot.x_factor) else { return };
        let Some(summary) = outcome.summary(&plot.y, plot.basis) else {
            if self.observed.is_empty() {
                let metrics = outcome.runs.iter().flat_map(|run| &run.metrics);
                self.observed = metrics.map(|metric| metric.name.clone()).collect();
            }
            return;
        };
        let Some(curve) = self.curve(outcome) else {
            self.left_out += 1;
            return;
        };
        let scaled = |value: f64| value * plot.y_factor;
        curve.points.push(Point { x, y: scaled(summary.value), half_width: summary.half_width.map(scaled) });
        if let Some(band) = outcome.band(&plot.y, plot.basis) {
            curve.band.push((x, scaled(band.low), scaled(band.high)));
        }
        if let Some(bound) = bound(plot, outcome) {
            curve.bound.push((x, scaled(bound)));
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
    fn curve(&mut self, outcome: &Outcome) -> Option<&mut Curve> {
        let name = self.curve_name(outcome);
        let known = self.by_name.get(&name).copied();
        if self.is_limited && (self.marks == MOST_MARKS || known.is_none() && self.curves.len() == MOST_CURVES) {
            return None;
        }
        self.marks += 1;
        let i = known.unwrap_or(self.curves.len());
        if known.is_none() {
            self.curves.push(Curve::new(&name, Vec::new(), Style::Curve));
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
    ///
    /// # Errors
    /// [`Failure`] if the drawing fails.
    pub fn svg(self, footnote: &str) -> Result<String, Failure> {
        let plot = self.plot;
        let footnote = match self.left_out {
            0 => footnote.to_owned(),
            n => format!("{footnote} · {n} points are not drawn"),
        };
        let figure = Figure {
            title: plot.title.clone(),
            subtitle: self.file.question.clone(),
            x: Axis { label: plot.x_label.clone(), scale: plot.x_scale },
            y: Axis { label: plot.y_label.clone(), scale: plot.y_scale },
            curves: self.curves,
            footnote,
        };
        svg(&figure).map_err(|error| Failure::new(format!("cannot draw {}: {error}", plot.file)))
    }
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
