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
        sentences.push(carried(points));
        sentences.extend(latency(points));
    }
    sentences.extend(ends.last().and_then(|&place| idle(points, place)));
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
    let most_in_words = |each: &str| amount_of(best, &format!(" of goodput{each}"));
    let text = if most.value <= 0.0 {
        format!("{at}no series carries anything.")
    } else if others.is_empty() && rates.len() > 1 {
        format!("{at}{} series carry the same, {}.", how_many(rates.len()), most_in_words(""))
    } else if others.is_empty() {
        format!("{at}only {} was simulated: {}.", quoted(&points.series[best.series]), most_in_words(""))
    } else {
        let mut leading: Vec<usize> = leading.iter().map(|(point, _)| point.series).collect();
        leading.sort_unstable();
        let (verb, each) = if leading.len() == 1 { ("carries", "") } else { ("carry", " each") };
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
    let next = others.iter().take_while(|(_, rate)| same(others[0].1, *rate)).count();
    let (next, rest) = others.split_at(next);
    let least = rest.iter().position(|(_, rate)| same(rest[rest.len() - 1].1, *rate));
    match least {
        None => vec![against(points, most, next, "")],
        Some(least) => {
            vec![against(points, most, next, ", the next"), against(points, most, &rest[least..], ", the least")]
        }
    }
}

/// The leaders against some that carry the same.
fn against(points: &Points, most: Summary, group: &[(&Point, Summary)], remark: &str) -> String {
    let (point, rate) = group[0];
    let mut series: Vec<usize> = group.iter().map(|(point, _)| point.series).collect();
    series.sort_unstable();
    let (name, amount) = (names(points, &series), amount(point));
    match rate.value > 0.0 {
        true => format!("{} {name}{remark} ({amount})", factor(most.value, rate.value)),
        false if series.len() == 1 => format!("{name} carries {amount}"),
        false => format!("{name} carry {amount}"),
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
                format!("by {} {}", noun(bottleneck), whereabouts(points, &which)).trim().to_owned()
            })
            .collect();
        (listed(&limits), series)
    };
    let groups = grouped((0..points.series.len()).map(of_series));
    let each: Vec<String> = match &groups[..] {
        [(limit, series)] if series.len() > 1 => {
            vec![format!("{} series are limited {limit}", how_many(series.len()))]
        }
        several => (several.iter())
            .map(|(limit, series)| {
                let verb = if series.len() == 1 { "is" } else { "are" };
                format!("{} {verb} limited {limit}", names(points, series))
            })
            .collect(),
    };
    format!("{}.", sentence(&each.join("; ")))
}

/// Where each series carries all that is offered.
fn carried(points: &Points) -> String {
    let of_series = |series: usize| {
        let of = points.of(series);
        let which: Vec<(usize, bool)> = of.iter().map(|point| (point.place, point.carries_all())).collect();
        let share = match which.iter().filter(|(_, all)| *all).count() {
            0 => String::new(),
            n if n == which.len() => "all at every point".to_owned(),
            _ => format!("all {}", whereabouts(points, &which)),
        };
        (share, series)
    };
    let groups = grouped((0..points.series.len()).map(of_series));
    let each = groups.iter().map(|(share, series)| {
        let carry = if series.len() == 1 { "carries" } else { "carry" };
        match share.as_str() {
            "" => format!("{} never {carry} all", names(points, series)),
            share => format!("{} {carry} {share}", names(points, series)),
        }
    });
    format!("Of the offered load, {}.", each.collect::<Vec<_>>().join("; "))
}

/// Latency at the last place along the sweep where every series carries all that is offered.
fn latency(points: &Points) -> Option<String> {
    let is_carried = |place: &usize| {
        let at = points.at(*place);
        at.len() == points.series.len() && at.iter().all(|point| point.carries_all())
    };
    let place = (0..points.places.len()).rev().find(is_carried)?;
    let known = points.at(place).into_iter().filter_map(|point| Some((point.value("latency_p99")?, point.series)));
    let mut known: Vec<(f64, usize)> = known.collect();
    known.sort_by(|a, b| a.0.total_cmp(&b.0));
    let groups = grouped(known.into_iter().map(|(ns, series)| (duration(ns * 1e-9), series)));
    let label = points.label(place);
    let at = if label.is_empty() { label } else { format!(" at {label}") };
    (!groups.is_empty()).then(|| format!("99 % of packets{at} take at most {}.", by_series(points, &groups)))
}

/// What is left of the CPU at a place.
fn idle(points: &Points, place: usize) -> Option<String> {
    let cores = |idle: f64| if idle < NO_CORE { "none".to_owned() } else { significant(idle, 3) };
    let mut known: Vec<(f64, usize)> =
        (points.at(place).into_iter()).filter_map(|point| Some((point.value("idle_cores")?, point.series))).collect();
    known.sort_by(|a, b| b.0.total_cmp(&a.0));
    let groups = grouped(known.into_iter().map(|(idle, series)| (cores(idle), series)));
    let label = points.label(place);
    let at = if label.is_empty() { label } else { format!(" at {label}") };
    (!groups.is_empty()).then(|| format!("Cores left idle{at}: {}.", by_series(points, &groups)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Points of rows `series, x, throughput, half-width, loss, bottleneck, idle cores`; an empty cell is not observed.
    fn points(axis: Option<&str>, rows: &[&str]) -> Points {
        let mut csv = format!(
            "point,series,{}replication,seed,metric,value,unit,basis,low,high,n,bottleneck\n",
            axis.map_or_else(String::new, |axis| format!("{axis},"))
        );
        for (i, row) in rows.iter().enumerate() {
            let cells: Vec<&str> = row.split(',').map(str::trim).collect();
            let [series, x, rate, half_width, loss, bottleneck, idle] = cells[..] else { panic!("{row}") };
            let head = if axis.is_some() { format!("{i},{series},{x},0,1") } else { format!("{i},{series},0,1") };
            let high = rate.parse::<f64>().unwrap() + half_width.parse::<f64>().unwrap_or(0.0);
            let high = if half_width.is_empty() { String::new() } else { high.to_string() };
            csv += &format!("{head},throughput,{rate},Gb/s,goodput,,{high},9,{bottleneck}\n");
            for (metric, value) in [("loss", loss), ("idle_cores", idle), ("latency_p99", "2000")] {
                if !value.is_empty() {
                    csv += &format!("{head},{metric},{value},1,,,,,{bottleneck}\n");
                }
            }
        }
        Points::from_csv(csv.as_bytes(), Path::new("points.csv")).unwrap()
    }

    #[test]
    fn ends_of_a_sweep_are_compared_and_limits_located() {
        let points = points(
            Some("host.cores"),
            &[
                "a, 1, 10, 0.1, , core, 0",
                "a, 2, 20, 0.1, , core, 0",
                "a, 4, 30, 0.1, , wire, 0.5",
                "b, 1, 30, 0.1, , wire, 0.7",
                "b, 2, 30, 0.1, , wire, 1.7",
                "b, 4, 30, 0.1, , wire, 3.7",
                "c, 1, 2, 0.1, , core, 0",
                "c, 2, 4, 0.1, , core, 0",
                "c, 4, 15, , , core, 0",
            ],
        );
        assert_eq!(
            answer(&points),
            "At cores = 1, “b” carries most, 30.0 ± 0.1 Gb/s of goodput: 3.0 times as much as “a”, the next (10.0 ± 0.1 \
             Gb/s) and 15 times as much as “c”, the least (2.00 ± 0.10 Gb/s). At cores = 4, “a” and “b” carry most, \
             30.0 ± 0.1 Gb/s of goodput each: 2.0 times as much as “c” (15.0 Gb/s). “a” is limited by the cores up to \
             cores = 2 and by the wire at cores = 4; “b” is limited by the wire; “c” is limited by the cores. Cores left \
             idle at cores = 4: 3.70 (“b”), 0.500 (“a”) and none (“c”)."
        );
    }

    #[test]
    fn overlapping_intervals_are_a_tie_and_others_are_not() {
        let text = |half_width: &str| {
            answer(&points(None, &[&format!("a,,10,{half_width},,core,1"), &format!("b,,10.4,{half_width},,core,1")]))
        };
        assert!(text("0.3").starts_with("Both series carry the same, 10.4 ± 0.3 Gb/s of goodput. "), "{}", text("0.3"));
        assert!(text("0.1").starts_with("“b” carries most, 10.4 ± 0.1 Gb/s of goodput: 4.0 % more than “a” (10.0"));
        assert!(text("").starts_with("“b” carries most, 10.4 Gb/s"), "without intervals only equals are the same");
        assert!(text("0.1").ends_with("Both series are limited by the cores. Cores left idle: 1.00 (both alike)."));
    }

    #[test]
    fn one_series_has_nothing_to_be_compared_with() {
        let one = points(None, &["all,,9.87,0.04,,wire,2"]);
        assert_eq!(
            answer(&one),
            "“all” carries 9.87 ± 0.04 Gb/s (goodput). “all” is limited by the wire. Cores left idle: 2.00."
        );
        let swept = points(Some("traffic.packet"), &["all,64 B,1,,,core,0", "all,1024 B,9,,,wire,0"]);
        assert!(
            answer(&swept)
                .starts_with("“all” carries 1.00 Gb/s at packet = 64 B and 9.00 Gb/s at packet = 1024 B (goodput). "),
            "{}",
            answer(&swept)
        );
    }

    #[test]
    fn of_offered_load_it_is_said_where_all_is_carried() {
        let points = points(
            Some("traffic.rate"),
            &[
                "a, 1 Gbps, 1, 0.01, 0, offered load, 3",
                "a, 10 Gbps, 10, 0.01, 0, offered load, 2",
                "a, 20 Gbps, 12, 0.01, 0.4, core, 0",
                "b, 1 Gbps, 1, 0.01, 0, offered load, 3",
                "b, 10 Gbps, 0, 0, 1, core, 0",
                "b, 20 Gbps, 0, 0, 1, core, 0",
            ],
        );
        assert_eq!(
            answer(&points),
            "At rate = 1 Gbps, both series carry the same, 1.00 ± 0.01 Gb/s of goodput. At rate = 20 Gbps, “a” carries \
             most, 12.0 Gb/s of goodput, 40.0 % lost: “b” carries nothing, 100 % lost. “a” is limited by the offered load \
             alone up to rate = 10 Gbps and by the cores at rate = 20 Gbps; “b” is limited by the offered load alone at \
             rate = 1 Gbps and by the cores from rate = 10 Gbps on. Of the offered load, “a” carries all up to rate = \
             10 Gbps; “b” carries all at rate = 1 Gbps. 99 % of packets at \
             rate = 1 Gbps take at most 2.00 µs (both alike). Cores left idle at rate = 20 Gbps: none (both alike)."
        );
    }

    #[test]
    fn several_axes_words_and_gaps_are_not_put_in_an_order_they_do_not_have() {
        let words =
            points(Some("traffic.arrival"), &["a,poisson,1,,,core,", "a,constant,2,,,core,", "a,on-off,3,,,wire,"]);
        assert!(answer(&words).contains("limited by the cores at 2 of 3 points and by the wire at arrival = on-off"));
        let missing = points(Some("host.cores"), &["a,1,1,,,core,", "a,2,2,,,core,", "b,2,1,,,core,"]);
        assert!(
            answer(&missing)
                .starts_with("At cores = 1, only “a” was simulated: 1.00 Gb/s of goodput. At cores = 2, “a”")
        );
        let dead = points(None, &["a,,0,,,none,", "b,,0,,,none,"]);
        assert_eq!(answer(&dead), "No series carries anything. Both series are limited by nothing.");
    }
}
