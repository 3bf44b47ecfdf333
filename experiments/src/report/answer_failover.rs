//! The answer of a failover in one paragraph: what is lost, how long the outage is, when throughput is back.

use super::answer::{at, ends, sentence};
use super::points::{Point, Points};
use super::words::{by_series, count, duration, grouped, how_many, names, percent, quoted};

/// The answer of a failover.
pub fn answer(points: &Points) -> String {
    let ends = ends(points);
    ends.into_iter().map(|place| at_place(points, place)).collect::<Vec<_>>().join(" ")
}

fn at_place(points: &Points, place: usize) -> String {
    let at_place = points.at(place);
    let sentences = [lost(points, &at_place), outage(points, &at_place), back(points, &at_place)];
    let mut sentences = sentences.into_iter().flatten();
    let first = sentences.next().map(|first| sentence(&format!("{}{first}", at(points, place))));
    first.into_iter().chain(sentences.map(|text| sentence(&text))).collect::<Vec<_>>().join(" ")
}

/// Packets lost: the least and the most.
fn lost(points: &Points, at: &[&Point]) -> Option<String> {
    let mut known: Vec<(f64, &Point)> =
        at.iter().filter_map(|point| Some((point.value("packets_lost")?, *point))).collect();
    known.sort_by(|a, b| a.0.total_cmp(&b.0));
    let groups = grouped(known.iter().map(|(n, point)| {
        let share = point.value("loss").map_or_else(String::new, |loss| format!(" ({})", percent(loss)));
        (format!("{} packets{share}", count(*n)), point.series)
    }));
    let most_is_none = known.last()?.0 <= 0.0;
    let text = match &groups[..] {
        [(_, series)] if most_is_none && series.len() == 1 => {
            format!("{} loses no packet.", quoted(&points.series[series[0]]))
        }
        _ if most_is_none => "no series loses a packet.".to_owned(),
        [(amount, series)] if series.len() == 1 => format!("{} loses {amount}.", quoted(&points.series[series[0]])),
        [(amount, series)] => format!("{} series lose {amount} each.", how_many(series.len())),
        [(least, first), .., (most, last)] => {
            let least = if known[0].0 <= 0.0 { "nothing".to_owned() } else { format!("least, {least}") };
            let verb = if first.len() == 1 { "loses" } else { "lose" };
            format!("{} {verb} {least}; {} most, {most}.", names(points, first), names(points, last))
        }
        [] => return None,
    };
    Some(text)
}

/// The longest outage of an SA.
fn outage(points: &Points, at: &[&Point]) -> Option<String> {
    let mut known: Vec<(f64, usize)> =
        at.iter().filter_map(|point| Some((point.value("outage_max")?, point.series))).collect();
    known.sort_by(|a, b| a.0.total_cmp(&b.0));
    if known.last()?.0 <= 0.0 {
        return Some("no SA is without service.".into());
    }
    let in_words = |seconds: f64| if seconds <= 0.0 { "no time".to_owned() } else { duration(seconds) };
    let groups = grouped(known.into_iter().map(|(seconds, series)| (in_words(seconds), series)));
    Some(format!("the worst SA is without service for {}.", by_series(points, &groups)))
}

/// When throughput is back at 95 % of what it was.
fn back(points: &Points, at: &[&Point]) -> Option<String> {
    let mut known: Vec<(f64, usize)> = Vec::new();
    let mut never: Vec<usize> = Vec::new();
    for point in at {
        match point.value("time_to_95") {
            Some(seconds) => known.push((seconds, point.series)),
            None if point.value("goodput_before").is_some() => never.push(point.series),
            // The first event came before there was a rate to come back to.
            None => {}
        }
    }
    if known.is_empty() {
        let not = "throughput does not come back to 95 % of what it was within the simulated time";
        return (!never.is_empty()).then(|| {
            format!("{not}{}.", if at.len() > 1 { format!(": {}", names(points, &never)) } else { String::new() })
        });
    }
    known.sort_by(|a, b| a.0.total_cmp(&b.0));
    let in_words =
        |seconds: f64| if seconds <= 0.0 { "at once".to_owned() } else { format!("after {}", duration(seconds)) };
    let groups = grouped(known.into_iter().map(|(seconds, series)| (in_words(seconds), series)));
    let rest = if never.is_empty() {
        String::new()
    } else {
        format!(", but not within the simulated time for {}", names(points, &never))
    };
    let times = if groups.len() == 1 && !never.is_empty() {
        format!("{} ({})", groups[0].0, names(points, &groups[0].1))
    } else {
        by_series(points, &groups)
    };
    Some(format!("throughput is back at 95 % of what it was {times}{rest}."))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Points of rows `series, lost, loss, outage s, time to 95 % s`; an empty cell is not observed.
    fn points(rows: &[[&str; 5]]) -> Points {
        let mut csv = "point,series,replication,seed,metric,value,unit,basis,low,high,n,bottleneck\n".to_owned();
        for (i, [series, lost, loss, outage, back]) in rows.iter().enumerate() {
            let metrics = [
                ("packets_lost", lost),
                ("loss", loss),
                ("outage_max", outage),
                ("time_to_95", back),
                ("goodput_before", &"10"),
            ];
            for (metric, value) in metrics.into_iter().filter(|(_, value)| !value.is_empty()) {
                csv += &format!("{i},{series},0,1,{metric},{value},1,,,,,\n");
            }
        }
        Points::from_csv(csv.as_bytes(), Path::new("points.csv")).unwrap()
    }

    #[test]
    fn losses_outages_and_recovery_are_ranked() {
        let points = points(&[
            ["a", "28644", "0.108", "0.010035", "0.011"],
            ["b", "50237", "0.189", "0.02636", ""],
            ["c", "0", "0", "0", "0"],
        ]);
        assert_eq!(
            answer(&points),
            "“c” loses nothing; “b” most, 50\u{202f}237 packets (18.9 %). The worst SA is without service for no time \
             (“c”), 10.0 ms (“a”) and 26.4 ms (“b”). Throughput is back at 95 % of what it was at once (“c”) and after \
             11.0 ms (“a”), but not within the simulated time for “b”."
        );
    }

    #[test]
    fn alike_alone_or_without_loss() {
        let lossless = points(&[["a", "0", "0", "0", "0"], ["b", "0", "0", "0", "0"]]);
        assert_eq!(
            answer(&lossless),
            "No series loses a packet. No SA is without service. Throughput is back at 95 % of what it was at once (both \
             alike)."
        );
        let one = points(&[["all", "5", "0.5", "0.02", ""]]);
        assert_eq!(
            answer(&one),
            "“all” loses 5 packets (50.0 %). The worst SA is without service for 20.0 ms. Throughput does not come back to \
             95 % of what it was within the simulated time."
        );
        let alike = points(&[["a", "5", "0.5", "0.02", ""], ["b", "5", "0.5", "0.02", ""]]);
        assert!(answer(&alike).starts_with("Both series lose 5 packets (50.0 %) each."), "{}", answer(&alike));
    }
}
