//! Cores that each design takes, with their ranges, and by load.

use espsim_report::plot::{Axis, Bar, BarGroup, Bars, Curve, Figure, Point, Scale, Style, Words, bars_svg, svg};

use super::answer::range;
use super::asked::Asked;
use super::design::{Least, Plan, ranked, stacks};
use super::hardware::Hardware;
use super::question::Question;

/// Draws the cores of each design, a group for each stack, fewest first.
pub(super) fn cores_svg(question: &Question, plans: &[Plan], footnote: &str) -> String {
    let group = |stack: &str| BarGroup { name: title_of(stack), bars: bars(plans, stack) };
    let groups: Vec<BarGroup> = stacks(plans).into_iter().map(group).filter(|group| !group.bars.is_empty()).collect();
    let none = plans.iter().filter(|plan| plan.result.is_err()).map(|plan| plan.asked.name());
    let none: Vec<String> = none.collect();
    let absent = (!none.is_empty()).then(|| format!("Not to be had: {}.", none.join(", ")));
    let ranges = "Lines: 95 % of draws of what costs, NICs and cards may be.".to_owned();
    let words = Words {
        notes: std::iter::once(ranges).chain(absent).collect(),
        data: "table.csv and doubt.csv".into(),
        ..Words::new(&format!("Cores that each design takes: {}", question.asked()), &fewest(plans), footnote)
    };
    bars_svg(&Bars { words, label: "Cores of the data path, all hosts".into(), end: None, groups, parts: Vec::new() })
}

fn title_of(stack: &str) -> String {
    match stack {
        "kernel" => "Kernel".into(),
        "vector" => "Userspace".into(),
        other => other.to_uppercase(),
    }
}

/// Designs of a stack, one bar for those that differ by their device alone and take the same.
fn bars(plans: &[Plan], stack: &str) -> Vec<Bar> {
    let mut bars: Vec<(Bar, &str)> = Vec::new();
    for (plan, least) in ranked(plans, stack) {
        let cores = f64::from(least.trial.hardware.all_cores());
        let band = least.doubt.as_ref().map(|doubt| doubt.band());
        let text = match band {
            Some(band) => format!("{cores} ({})", range(band)),
            None => cores.to_string(),
        };
        let placement = plan.asked.placement.as_str();
        let known = bars.iter_mut().find(|(bar, of)| *of == placement && bar.text == text);
        match known {
            Some((bar, _)) => bar.name = placement.to_owned(),
            None => {
                let ends = band.and_then(|[low, high]| Some((f64::from(low?), f64::from(high?))));
                let bar = Bar::new(&plan.asked.design(), Some(placement), vec![cores], text);
                bars.push((Bar { range: ends, ..bar }, placement));
            }
        }
    }
    bars.into_iter().map(|(bar, _)| bar).collect()
}

/// Who takes fewest cores in each stack.
fn fewest(plans: &[Plan]) -> String {
    let of = |stack: &str| {
        let (plan, least) = *ranked(plans, stack).first()?;
        let band = least.doubt.as_ref().map(|doubt| format!(" ({})", range(doubt.band())));
        let cores = least.trial.hardware.all_cores();
        let takes = format!("{} takes fewest cores, {cores}{}", plan.asked.placement, band.unwrap_or_default());
        Some(format!("{}: {takes}", title_of(stack)))
    };
    let all: Vec<String> = stacks(plans).into_iter().filter_map(of).collect();
    if all.is_empty() { "No design carries it.".into() } else { format!("{}.", all.join("; ")) }
}

/// Draws the growth curves.
pub(super) fn growth_svg(question: &Question, plans: &[Plan], footnote: &str) -> String {
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
    let curves = curves.into_iter().map(|(plan, is_any, points)| {
        let curve = Curve::new(&name(plan, is_any), points, Style::Curve);
        Curve { design: Some(plan.asked.placement.clone()), ..curve }
    });
    let title = format!("Cores that each design takes by load, {}", question.mix);
    let asked = format!("{}, {}", question.asked(), question.arrivals());
    svg(&Figure {
        words: Words { data: "growth.csv".into(), ..Words::new(&title, &asked, footnote) },
        x: Axis { label: format!("Load (Gb/s, {})", question.basis), scale: Scale::Log2 },
        y: Axis { label: "Cores of the data path".into(), scale: Scale::Log2 },
        curves: curves.collect(),
        references: Vec::new(),
    })
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
