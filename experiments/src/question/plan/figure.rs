//! Cores by load, one curve for each placement.

use espsim_report::plot::{Axis, Curve, Figure, Point, Scale, Style, svg};
use espsim_sweep::failure::Failure;

use super::asked::Asked;
use super::design::{Least, Plan};
use super::hardware::Hardware;
use super::question::Question;

/// Draws the growth curves.
///
/// # Errors
/// [`Failure`] if the drawing fails.
pub(super) fn growth_svg(question: &Question, plans: &[Plan], footnote: &str) -> Result<String, Failure> {
    // Of designs that differ by their device alone and take the same there is one curve.
    let mut curves: Vec<(&Plan, bool, Vec<Point>)> = Vec::new();
    for plan in plans {
        let Ok(least) = &plan.result else { continue };
        let points = points(question, least);
        let alike = |(other, _, known): &&mut (&Plan, bool, Vec<Point>)| {
            let (a, b) = (&other.asked, &plan.asked);
            (&a.placement, &a.stack) == (&b.placement, &b.stack) && *known == points
        };
        match curves.iter_mut().find(alike) {
            Some((_, is_any, _)) => *is_any = true,
            None => curves.push((plan, false, points)),
        }
    }
    let curves = curves.into_iter().map(|(plan, is_any, points)| Curve::new(&name(plan, is_any), points, Style::Curve));
    let figure = Figure {
        title: format!("Cores that each placement takes, {}", question.mix),
        subtitle: format!("{}, {}", question.asked(), question.arrivals()),
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

/// The design, or its placement where several devices do alike.
fn name(plan: &Plan, is_any: bool) -> String {
    let asked = &plan.asked;
    if is_any { Asked { nic: None, card: None, ..asked.clone() }.name() } else { asked.name() }
}
