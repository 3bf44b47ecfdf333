//! The answer of a run in one paragraph: which design carries most at the ends of the sweep and by how much, what limits
//! each, what is lost, and what is left of the CPU.

use espsim_model::resource::Resource;
use espsim_sweep::points::outcome::Summary;

use super::limits::noun;
use super::points::{Point, Points};
use super::words::{
    by_series, duration, factor, grouped, how_many, in_words, listed, names, one_or_more, percent, plural, quoted,
    ranked, significant, whereabouts, with_interval,
};

/// Limits of a point that carries what is offered.
const OFFERED_LOAD: &str = Resource::OfferedLoad.name();

/// Values closer than this share are called the same even where intervals are narrower: seeds, not designs.
const SAME: f64 = 1e-3;
/// Figures whose findings an answer in short has.
const FOUND: usize = 2;
/// Fewer idle cores than this are none.
const NO_CORE: f64 = 0.01;

/// The answer of a run.
pub fn answer(points: &Points) -> String {
    let ends = points.ends("throughput");
    let mut sentences: Vec<String> = extremes(points).into_iter().collect();
    match points.series.len() {
        1 if sentences.is_empty() => sentences.extend(one_series(points, &ends)),
        1 => {}
        _ => sentences.extend(ends.iter().filter_map(|&place| leaders(points, place))),
    }
    let is_offered = points.points.iter().any(|point| point.get("loss").is_some());
    sentences.extend(limits(points));
    if is_offered {
        sentences.push(carried(points));
        sentences.extend(latency(points));
    }
    sentences.extend(ends.last().and_then(|&place| idle(points, place)));
    sentences.extend(no_estimate(points));
    sentences.join(" ")
}

/// The same in three sentences: who carries most, what is carried or what limits, and how far that is known. What figures
/// have `found` is said in their place of a sweep that has no ends.
pub fn in_short(points: &Points, found: &[String]) -> Vec<String> {
    let ends = points.ends("throughput");
    let last = ends.last().copied().unwrap_or_default();
    let is_offered = points.points.iter().any(|point| point.get("loss").is_some());
    if points.places.len() > 1 && !points.is_ascending() && !found.is_empty() {
        let found = found.iter().take(FOUND).cloned();
        return found.chain([doubt(points, last)]).collect();
    }
    let first = match points.series.len() {
        1 => extremes(points).or_else(|| one_series(points, &ends)),
        _ => leaders(points, last),
    };
    let second = if is_offered { Some(carried(points)) } else { limits(points) };
    first.into_iter().chain(second).chain([doubt(points, last)]).collect()
}

/// Where the value of the design that carries most lies, by what is not known of the machine.
fn doubt(points: &Points, place: usize) -> String {
    let known = points.of_place(place).into_iter();
    let known = known.filter_map(|point| Some((point, point.get("throughput")?, point.band("throughput")?)));
    match known.max_by(|a, b| a.1.value.total_cmp(&b.1.value)) {
        Some((point, _, band)) => format!(
            "In 95 % of {} draws of what the machine may be, {} carries {} to {} Gb/s{}.",
            band.n,
            names(points, &[point.series]),
            significant(band.low, 3),
            significant(band.high, 3),
            points.at(place)
        ),
        None => {
            "How far values of the machine move this was not drawn: ± is chance of the simulation alone.".to_owned()
        }
    }
}

/// Where the least and the most goodput is in a sweep that has no ends.
fn extremes(points: &Points) -> Option<String> {
    let [all, least, most] = extremes_of(points, "throughput", amount)?;
    Some(format!("Of {all}, goodput is least {least}; it is greatest {most}."))
}

/// How many points there are, and where the least and the most of a metric is in a sweep that has no ends.
pub fn extremes_of(points: &Points, metric: &str, amount: impl Fn(&Point) -> String) -> Option<[String; 3]> {
    let (least, most) = points.extremes(metric)?;
    let at = |point: &Point| {
        let by =
            if points.series.len() > 1 { format!(" by {}", names(points, &[point.series])) } else { String::new() };
        format!("at {}: {}{by}", points.label(point.place), amount(point))
    };
    Some([plural(points.points.len(), "point"), at(least), at(most)])
}

/// `At packet 64 B, ` or nothing.
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
    amount_of(point, "")
}

/// The same with a remark after the rate.
fn amount_of(point: &Point, remark: &str) -> String {
    let rate = match point.get("throughput") {
        Some(summary) if summary.value > 0.0 => format!("{} Gb/s{remark}", with_interval(summary)),
        _ => "nothing".into(),
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

fn one_series(points: &Points, ends: &[usize]) -> Option<String> {
    let amounts: Vec<String> = (ends.iter())
        .flat_map(|&place| points.of_place(place))
        .filter(|point| point.get("throughput").is_some())
        .map(|point| format!("{}{}", amount(point), points.at(point.place)))
        .collect();
    (!amounts.is_empty()).then(|| format!("{} carries {} (goodput).", quoted(&points.series[0]), listed(&amounts)))
}

/// Which series carry most at a place, and how much more than the next and the least.
fn leaders(points: &Points, place: usize) -> Option<String> {
    let mut rates: Vec<(&Point, Summary)> =
        points.of_place(place).into_iter().filter_map(|point| Some((point, point.get("throughput")?))).collect();
    rates.sort_by(|a, b| b.1.value.total_cmp(&a.1.value));
    let (best, most) = *rates.first()?;
    // A value is the same as itself, even where sums of huge ones are none.
    let tied = rates.iter().take_while(|(_, rate)| same(most, *rate)).count().max(1);
    let (leading, others) = rates.split_at(tied);
    let at = at(points, place);
    let most_in_words = |each: &str| amount_of(best, &format!(" of goodput{each}"));
    let text = if most.value <= 0.0 {
        format!("{at}no series carries anything.")
    } else if others.is_empty() && rates.len() > 1 {
        format!("{at}{} series carry the same, {}.", how_many(rates.len()), most_in_words(""))
    } else if others.is_empty() {
        let was = if points.of_place(place).len() > 1 { "has an estimate" } else { "was simulated" };
        format!("{at}only {} {was}: {}.", names(points, &[best.series]), most_in_words(""))
    } else {
        let leading = series_of(leading);
        let (verb, each) = (one_or_more(&leading, "carries", "carry"), one_or_more(&leading, "", " each"));
        format!(
            "{at}{} {verb} most, {}: {}.",
            names(points, &leading),
            most_in_words(each),
            listed(&compared(points, most, others))
        )
    };
    Some(sentence(&text))
}

/// The leaders against the next and the least, each with those that cannot be told apart from it.
fn compared(points: &Points, most: Summary, others: &[(&Point, Summary)]) -> Vec<String> {
    let next = others.iter().take_while(|(_, rate)| same(others[0].1, *rate)).count().max(1);
    let (next, rest) = others.split_at(next);
    let least = rest.iter().position(|(_, rate)| same(rest[rest.len() - 1].1, *rate));
    match least {
        None => vec![against(points, most, next, "")],
        Some(least) => {
            vec![against(points, most, next, ", the next"), against(points, most, &rest[least..], ", the least")]
        }
    }
}

fn series_of(group: &[(&Point, Summary)]) -> Vec<usize> {
    let mut series: Vec<usize> = group.iter().map(|(point, _)| point.series).collect();
    series.sort_unstable();
    series
}

/// The leaders against some that carry the same.
fn against(points: &Points, most: Summary, group: &[(&Point, Summary)], remark: &str) -> String {
    let (point, rate) = group[0];
    let series = series_of(group);
    let (name, amount) = (names(points, &series), amount(point));
    match rate.value > 0.0 {
        true => format!("{} {name}{remark} ({amount})", factor(most.value, rate.value)),
        false => format!("{name} {} {amount}", one_or_more(&series, "carries", "carry")),
    }
}

/// What limits each series, and where; nothing where no series has an estimate.
fn limits(points: &Points) -> Option<String> {
    let limits = (0..points.series.len()).map(|series| (limits_of(points, series), series));
    let groups = grouped(limits.filter(|(limits, _)| !limits.is_empty()));
    let each: Vec<String> = match &groups[..] {
        [(limits, series)] if series.len() > 1 => vec![format!("{} series are {limits}", how_many(series.len()))],
        several => (several.iter())
            .map(|(limits, series)| format!("{} {} {limits}", names(points, series), one_or_more(series, "is", "are")))
            .collect(),
    };
    (!each.is_empty()).then(|| format!("{}.", sentence(&each.join("; "))))
}

/// What limits one series: `limited by the cores up to packet 64 B and not limited from packet 512 B on`.
fn limits_of(points: &Points, series: usize) -> String {
    let mut of = points.of_series(series);
    of.retain(|point| !point.bottleneck.is_empty());
    let kinds = grouped(of.iter().map(|point| (point.bottleneck.clone(), point.place)));
    let (mut by, mut free) = (Vec::new(), None);
    for (bottleneck, _) in &kinds {
        let whereabouts = whereabouts(points, &of, |point| point.bottleneck == *bottleneck);
        match bottleneck.as_str() {
            name if name == OFFERED_LOAD => free = Some(format!("not limited {whereabouts}").trim().to_owned()),
            limit => by.push(format!("by {} {whereabouts}", noun(limit)).trim().to_owned()),
        }
    }
    let by = (!by.is_empty()).then(|| format!("limited {}", listed(&by)));
    let starts_free = kinds.first().is_some_and(|(bottleneck, _)| bottleneck == OFFERED_LOAD);
    let both = if starts_free { [free, by] } else { [by, free] };
    both.into_iter().flatten().collect::<Vec<_>>().join(" and ")
}

/// Where each series carries all that is offered.
fn carried(points: &Points) -> String {
    let of_series = |series: usize| {
        let mut of = points.of_series(series);
        of.retain(|point| point.no_estimate.is_none());
        let share = match of.iter().filter(|point| point.carries_all()).count() {
            0 => String::new(),
            n if n == of.len() => "all at every point".to_owned(),
            _ => format!("all {}", whereabouts(points, &of, Point::carries_all)),
        };
        (share, series)
    };
    let groups = grouped((0..points.series.len()).map(of_series));
    let each = groups.iter().map(|(share, series)| {
        let carry = one_or_more(series, "carries", "carry");
        match share.as_str() {
            "" => format!("{} never {carry} all", names(points, series)),
            share => format!("{} {carry} {share}", names(points, series)),
        }
    });
    format!("Of the offered load, {}.", each.collect::<Vec<_>>().join("; "))
}

/// Latency at the last place along the sweep where every series carries all that is offered.
fn latency(points: &Points) -> Option<String> {
    let mut carried = vec![0; points.places.len()];
    points.points.iter().filter(|point| point.carries_all()).for_each(|point| carried[point.place] += 1);
    let place = carried.iter().rposition(|series| *series == points.series.len())?;
    let known = ranked(&points.of_place(place), |point| point.value("latency_p99"));
    let groups = in_words(known, |ns| duration(ns * 1e-9));
    (!groups.is_empty())
        .then(|| format!("99 % of packets{} take at most {}.", points.at(place), by_series(points, &groups)))
}

/// What is left of the CPU at a place.
fn idle(points: &Points, place: usize) -> Option<String> {
    let cores = |idle: f64| if idle < NO_CORE { "none".to_owned() } else { significant(idle, 3) };
    let known = ranked(&points.of_place(place), |point| point.value("idle_cores"));
    let groups = in_words(known.into_iter().rev(), cores);
    (!groups.is_empty()).then(|| format!("Cores left idle{}: {}.", points.at(place), by_series(points, &groups)))
}

/// Which points have no estimate, and why.
fn no_estimate(points: &Points) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    for point in &points.points {
        let Some(why) = point.no_estimate else { continue };
        let at = format!("{}{}", names(points, &[point.series]), points.at(point.place));
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, all)) => all.push(at),
            None => reasons.push((why, vec![at])),
        }
    }
    let have = |n: usize| if n == 1 { "has" } else { "have" };
    let sentences = reasons.into_iter();
    sentences.map(|(why, all)| format!("{} {} no estimate: {why}.", sentence(&listed(&all)), have(all.len()))).collect()
}

#[cfg(test)]
mod tests;
