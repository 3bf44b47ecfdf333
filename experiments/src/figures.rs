//! The figures that a scenario file asks for.

use espsim_model::traffic::Basis;

use crate::input::Failure;
use crate::outcome::{Observation, Outcome};
use crate::plot::{Axis, Curve, Figure, Point, Scale, Style, svg};
use crate::points::{number, shown};
use crate::scenario_file::{PlotSpec, ScaleSpec, ScenarioFile};

/// Draws a figure: a curve per series and per combination of the axes that are not drawn.
///
/// # Errors
/// [`Failure`] if a swept value is no number or the drawing fails.
pub fn draw<R: Observation>(
    file: &ScenarioFile,
    plot: &PlotSpec,
    outcomes: &[Outcome<R>],
    footnote: &str,
) -> Result<String, Failure> {
    let mut curves: Vec<Curve> = Vec::new();
    for outcome in outcomes.iter().filter(|outcome| is_drawn(file, plot, outcome)) {
        let x = coordinate(file, plot, outcome)?;
        let name = curve_name(file, plot, outcome);
        let Some(summary) = outcome.summary(&plot.y, plot.basis) else { continue };
        let i = curves.iter().position(|curve| curve.name == name).unwrap_or_else(|| {
            curves.push(Curve { name, points: Vec::new(), bound: Vec::new(), band: Vec::new(), style: Style::Curve });
            curves.len() - 1
        });
        let scaled = |value: f64| value * plot.y_factor;
        curves[i].points.push(Point { x, y: scaled(summary.value), half_width: summary.half_width.map(scaled) });
        if let Some(band) = outcome.band(&plot.y, plot.basis) {
            curves[i].band.push((x, scaled(band.low), scaled(band.high)));
        }
        if let Some(bound) = bound(plot, outcome) {
            curves[i].bound.push((x, scaled(bound)));
        }
    }
    let figure = Figure {
        title: plot.title.clone(),
        subtitle: file.question.clone(),
        x: Axis { label: plot.x_label.clone(), scale: scale(plot.x_scale) },
        y: Axis { label: plot.y_label.clone(), scale: scale(plot.y_scale) },
        curves,
        footnote: footnote.to_owned(),
    };
    svg(&figure).map_err(|error| Failure::new(format!("cannot draw {}: {error}", plot.file)))
}

fn scale(spec: ScaleSpec) -> Scale {
    match spec {
        ScaleSpec::Linear => Scale::Linear,
        ScaleSpec::Log2 => Scale::Log2,
        ScaleSpec::Log10 => Scale::Log10,
    }
}

fn is_drawn<R: Observation>(file: &ScenarioFile, plot: &PlotSpec, outcome: &Outcome<R>) -> bool {
    (file.sweep.iter().zip(&outcome.point.coordinates))
        .all(|(axis, value)| plot.only.get(&axis.key).is_none_or(|only| *only == shown(value)))
}

fn coordinate<R: Observation>(file: &ScenarioFile, plot: &PlotSpec, outcome: &Outcome<R>) -> Result<f64, Failure> {
    let axis = file.sweep.iter().zip(&outcome.point.coordinates).find(|(axis, _)| axis.key == plot.x);
    axis.and_then(|(_, value)| Some(number(value)? * plot.x_factor)).ok_or_else(|| {
        Failure::new(format!("`{}` has values that are no numbers: it cannot be the x axis of {}", plot.x, plot.file))
    })
}

fn curve_name<R: Observation>(file: &ScenarioFile, plot: &PlotSpec, outcome: &Outcome<R>) -> String {
    let others = (file.sweep.iter().zip(&outcome.point.coordinates))
        .filter(|(axis, _)| axis.key != plot.x && !plot.only.contains_key(&axis.key) && axis.values.len() > 1)
        .map(|(axis, value)| {
            let key = axis.key.rsplit('.').next().unwrap_or(&axis.key);
            format!("{key} {}", shown(value))
        });
    std::iter::once(outcome.point.series.clone()).chain(others).collect::<Vec<_>>().join(", ")
}

/// The closed-form bound of a throughput, on the figure's basis.
fn bound<R: Observation>(plot: &PlotSpec, outcome: &Outcome<R>) -> Option<f64> {
    if plot.y != "throughput" {
        return None;
    }
    let goodput = outcome.summary("bound", None)?.value;
    let basis = plot.basis.unwrap_or(Basis::Goodput);
    let scale =
        outcome.summary("throughput", Some(basis))?.value / outcome.summary("throughput", Some(Basis::Goodput))?.value;
    scale.is_finite().then_some(goodput * scale)
}
