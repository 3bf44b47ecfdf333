//! The answer of a run in one paragraph: which design carries most at the ends of the sweep and by how much, what limits
//! each, what is lost, and what is left of the CPU.

use super::limits::noun;
use super::points::{Point, Points};
use super::words::{by_series, factor, grouped, how_many, listed, names, percent, quoted, significant, whereabouts};
use super::words::{duration, with_interval};
use crate::outcome::Summary;

/// Values closer than this share are called the same even where intervals are narrower: seeds, not designs.
const SAME: f64 = 1e-3;
/// Fewer idle cores than this are none.
const NO_CORE: f64 = 0.01;

/// The answer of a run.
pub fn answer(points: &Points) -> String {
    let ends = ends(points);
    let mut sentences: Vec<String> = match points.series.len() {
        1 => vec![one_series(points, &ends)],
        _ => ends.iter().filter_map(|&place| leaders(points, place)).collect(),
    };
    let is_offered = points.points.iter().any(|point| point.get("loss").is_some());
    sentences.push(limits(points));
    if is_offered {
        sentences.push(losses(points));
        sentences.extend(latency(points));
    }
    sentences.extend(ends.iter().filter_map(|&place| idle(points, place)));
    sentences.join(" ")
}

/// First and last place of the sweep; one place where nothing is varied.
pub fn ends(points: &Points) -> Vec<usize> {
    let last = points.places.len() - 1;
    if last == 0 { vec![0] } else { vec![0, last] }
}

/// `At packet = 64 B, ` or nothing.
pub fn at(points: &Points, place: usize) -> String {
    let label = points.label(place);
    if label.is_empty() { label } else { format!("At {label}, ") }
}

/// A sentence's first letter in upper case.
pub fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Throughput, and loss where load was offered.
fn amount(point: &Point) -> String {
    let rate = match point.get("throughput") {
        Some(summary) if summary.value > 0.0 => format!("{} Gb/s", with_interval(summary)),
        Some(_) => "nothing".into(),
        None => "nothing that was observed".into(),
    };
    match point.value("loss") {
        Some(loss) if loss > 0.0 => format!("{rate}, {} lost", percent(loss)),
        _ => rate,
    }
}

/// Whether two throughputs cannot be told apart: their 95 % intervals overlap, or they differ by next to nothing.
pub fn same(a: Summary, b: Summary) -> bool {
    let apart = (a.value - b.value).abs();
    apart <= a.half_width.unwrap_or(0.0) + b.half_width.unwrap_or(0.0) || apart <= SAME * a.value.max(b.value)
}

fn one_series(points: &Points, ends: &[usize]) -> String {
    let amounts: Vec<String> = (ends.iter())
        .flat_map(|&place| points.at(place))
        .map(|point| {
            let label = points.label(point.place);
            let place = if label.is_empty() { label } else { format!(" at {label}") };
            format!("{}{place}", amount(point))
        })
        .collect();
    format!("{} carries {} (goodput).", quoted(&points.series[0]), listed(&amounts))
}

/// Which series carry most at a place, and how much more than the next and the least.
fn leaders(points: &Points, place: usize) -> Option<String> {
    let mut rates: Vec<(&Point, Summary)> =
        points.at(place).into_iter().filter_map(|point| Some((point, point.get("throughput")?))).collect();
    rates.sort_by(|a, b| b.1.value.total_cmp(&a.1.value));
    let (best, most) = *rates.first()?;
    let tied = rates.iter().take_while(|(_, rate)| same(most, *rate)).count();
    let (leading, others) = rates.split_at(tied);
    let at = at(points, place);
    let text = if most.value <= 0.0 {
        format!("{at}no series carries anything.")
    } else if others.is_empty() && rates.len() > 1 {
        format!("{at}{} series carry the same, {} of goodput.", how_many(rates.len()), amount(best))
    } else if others.is_empty() {
        format!("{at}only {} was simulated: {} of goodput.", quoted(&points.series[best.series]), amount(best))
    } else {
        let mut leading: Vec<usize> = leading.iter().map(|(point, _)| point.series).collect();
        leading.sort_unstable();
        let (verb, each) = if leading.len() == 1 { ("carries", "") } else { ("carry", " each") };
        format!(
            "{at}{} {verb} most, {} of goodput{each}: {}.",
            names(points, &leading),
            amount(best),
            listed(&compared(points, most, others))
        )
    };
    Some(sentence(&text))
}

/// The leaders against the next and the least.
fn compared(points: &Points, most: Summary, others: &[(&Point, Summary)]) -> Vec<String> {
    let (next, least) = (others[0], others[others.len() - 1]);
    let against = |(point, rate): (&Point, Summary), remark: &str| {
        let name = quoted(&points.series[point.series]);
        if rate.value > 0.0 {
            format!("{} {name}{remark} ({})", factor(most.value, rate.value), amount(point))
        } else {
            format!("{name} carries {}", amount(point))
        }
    };
    if others.len() == 1 {
        vec![against(next, "")]
    } else {
        vec![against(next, ", the next"), against(least, ", the least")]
    }
}

/// What limits each series, and where.
fn limits(points: &Points) -> String {
    let of_series = |series: usize| {
        let of = points.of(series);
        let kinds = grouped(of.iter().map(|point| (point.bottleneck.clone(), point.place)));
        let limits: Vec<String> = (kinds.iter())
            .map(|(bottleneck, _)| {
                let which: Vec<(usize, bool)> =
                    of.iter().map(|point| (point.place, point.bottleneck == *bottleneck)).collect();
                format!("{} {}", noun(bottleneck), whereabouts(points, &which)).trim().to_owned()
            })
            .collect();
        (listed(&limits), series)
    };
    let groups = grouped((0..points.series.len()).map(of_series));
    let each: Vec<String> = match &groups[..] {
        [(limit, series)] if series.len() > 1 => {
            vec![format!("{} series are limited by {limit}", how_many(series.len()))]
        }
        several => (several.iter())
            .map(|(limit, series)| {
                let verb = if series.len() == 1 { "is" } else { "are" };
                format!("{} {verb} limited by {limit}", names(points, series))
            })
            .collect(),
    };
    format!("{}.", sentence(&each.join("; ")))
}

/// Where each series loses nothing of what is offered.
fn losses(points: &Points) -> String {
    let lossless = |point: &Point| point.value("loss").is_some_and(|loss| loss <= 0.0);
    let of_series = |series: usize| {
        let which: Vec<(usize, bool)> = points.of(series).iter().map(|point| (point.place, lossless(point))).collect();
        let all = which.iter().all(|(_, lossless)| *lossless);
        let none = which.iter().all(|(_, lossless)| !lossless);
        let text = match (all, none) {
            (true, _) => "nothing at all".to_owned(),
            (_, true) => "packets wherever it was simulated".to_owned(),
            _ => format!("nothing {} and packets elsewhere", whereabouts(points, &which)),
        };
        (text, series)
    };
    let groups = grouped((0..points.series.len()).map(of_series));
    let each = groups.iter().map(|(text, series)| {
        let verb = if series.len() == 1 { "loses" } else { "lose" };
        format!("{} {verb} {text}", names(points, series))
    });
    format!("Of the offered load, {}.", each.collect::<Vec<_>>().join("; "))
}

/// Latency at the last place along the sweep where no series loses anything.
fn latency(points: &Points) -> Option<String> {
    let lossless = |place: &usize| {
        let at = points.at(*place);
        at.len() == points.series.len() && at.iter().all(|point| point.value("loss").is_some_and(|loss| loss <= 0.0))
    };
    let place = (0..points.places.len()).rev().find(lossless)?;
    let known = points
        .at(place)
        .into_iter()
        .filter_map(|point| Some((duration(point.value("latency_p99")? * 1e-9), point.series)));
    let groups = grouped(known);
    let label = points.label(place);
    let where_ = if label.is_empty() { String::new() } else { format!(" at {label}") };
    (!groups.is_empty()).then(|| format!("99 % of packets{where_} take at most {}.", by_series(points, &groups)))
}

/// What is left of the CPU at a place.
fn idle(points: &Points, place: usize) -> Option<String> {
    let cores = |idle: f64| if idle < NO_CORE { "none".to_owned() } else { significant(idle, 3) };
    let mut known: Vec<(f64, usize)> =
        (points.at(place).into_iter()).filter_map(|point| Some((point.value("idle_cores")?, point.series))).collect();
    known.sort_by(|a, b| b.0.total_cmp(&a.0));
    let groups = grouped(known.into_iter().map(|(idle, series)| (cores(idle), series)));
    let text = match &groups[..] {
        [] => return None,
        [(none, _)] if none == "none" => "no core is left idle.".to_owned(),
        several => format!("cores left idle: {}.", by_series(points, several)),
    };
    Some(sentence(&format!("{}{text}", at(points, place))))
}
