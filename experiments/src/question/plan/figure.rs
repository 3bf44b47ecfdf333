//! Cores by load, one curve for each placement.

use espsim_report::plot::{Axis, Curve, Figure, Point, Scale, Style, svg};
use espsim_sweep::failure::Failure;

use super::design::{Least, Plan};
use super::hardware::Hardware;
use super::question::Question;

/// Draws the growth curves.
///
/// # Errors
/// [`Failure`] if the drawing fails.
pub(super) fn growth_svg(question: &Question, plans: &[Plan], footnote: &str) -> Result<String, Failure> {
    let curves = plans.iter().filter_map(|plan| {
        let least = plan.result.as_ref().ok()?;
        Some(Curve::new(&name(plan, least), points(question, least), Style::Curve))
    });
    let figure = Figure {
        title: format!("Cores that each placement takes, {}", question.mix),
        subtitle: question.sentence(),
        x: Axis { label: format!("Load (Gb/s, {})", question.basis), scale: Scale::Log2 },
        y: Axis { label: "Cores of the data path".into(), scale: Scale::Log2 },
        curves: curves.collect(),
        footnote: footnote.to_owned(),
    };
    svg(&figure).map_err(|error| Failure::new(format!("cannot draw the plan: {error}")))
}

fn points(question: &Question, least: &Least) -> Vec<Point> {
    let all = loads(least).into_iter();
    let point = |(load, hardware): (f64, Hardware)| Point {
        x: load * question.rate.as_gbps(),
        y: f64::from(hardware.all_cores()),
        half_width: None,
    };
    all.map(point).collect()
}

/// Every load that some hardware carries, in ascending order.
fn loads(least: &Least) -> Vec<(f64, Hardware)> {
    let others = least.growth.iter().filter_map(|(load, hardware)| Some((*load, (*hardware)?)));
    let mut all: Vec<(f64, Hardware)> = others.chain([(1.0, least.trial.hardware)]).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all
}

/// The placement, and how many devices it takes where that is more than one.
fn name(plan: &Plan, least: &Least) -> String {
    let all = loads(least);
    let most = |of: fn(&Hardware) -> u32| all.iter().map(|(_, hardware)| of(hardware)).max().unwrap_or(0);
    let upto = |n: u32, what: &str| (n > 1).then(|| format!("up to {n} {what}"));
    let devices = [
        upto(most(|h| h.hosts), "hosts"),
        upto(most(|h| h.hosts * h.nics), "NICs"),
        upto(most(|h| h.hosts * h.accelerators), "cards"),
    ];
    let devices: Vec<String> = devices.into_iter().flatten().collect();
    if devices.is_empty() { plan.asked.name() } else { format!("{} ({})", plan.asked.name(), devices.join(", ")) }
}
