//! The answer of a failover in one paragraph: what is lost, how long the outage is, when throughput is back.

use super::answer::{at, extremes_of, sentence};
use super::points::{Point, Points};
use super::words::{
    by_series, count, duration, grouped, how_many, in_words, listed, names, one_or_more, percent, ranked, significant,
};

/// Rates before the first event that differ by less are the same load, at random arrivals.
const ALIKE: f64 = 0.95;

/// The answer of a failover.
pub fn answer(points: &Points) -> String {
    let at_ends = points.ends("packets_lost").into_iter().map(|place| at_place(points, place));
    extremes(points).into_iter().chain(at_ends).collect::<Vec<_>>().join(" ")
}

/// Where the fewest and the most packets are lost in a sweep that has no ends.
fn extremes(points: &Points) -> Option<String> {
    let lost = |point: &Point| point.value("packets_lost").map_or_else(String::new, count);
    let [all, least, most] = extremes_of(points, "packets_lost", lost)?;
    Some(format!("Of {all}, fewest packets are lost {least}; most are lost {most}."))
}

fn at_place(points: &Points, place: usize) -> String {
    let at_place = points.of_place(place);
    let sentences =
        [lost(points, &at_place), before(points, &at_place), outage(points, &at_place), back(points, &at_place)];
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
        let packets = if *n == 1.0 { "packet" } else { "packets" };
        (format!("{} {packets}{share}", count(*n)), point.series)
    }));
    let most_is_none = known.last()?.0 <= 0.0;
    let text = match &groups[..] {
        [(_, series)] if most_is_none && series.len() == 1 => {
            format!("{} loses no packet.", names(points, series))
        }
        _ if most_is_none => "no series loses a packet.".to_owned(),
        [(amount, series)] if series.len() == 1 => format!("{} loses {amount}.", names(points, series)),
        [(amount, series)] => format!("{} series lose {amount} each.", how_many(series.len())),
        [(least, first), .., (most, last)] => {
            let least = if known[0].0 <= 0.0 { "nothing".to_owned() } else { format!("least, {least}") };
            let verb = one_or_more(first, "loses", "lose");
            format!("{} {verb} {least}; {} most, {most}.", names(points, first), names(points, last))
        }
        [] => return None,
    };
    Some(text)
}

/// What was wrong before anything happened: loss by overload is no loss by the failover.
fn before(points: &Points, at: &[&Point]) -> Option<String> {
    let mut known = ranked(at, |point| point.lost_before);
    known.retain(|(share, _)| *share > 0.0);
    if !known.is_empty() {
        let groups = in_words(known.into_iter().rev(), percent);
        let lose = |series: &[usize]| one_or_more(series, "loses", "lose");
        let each = groups
            .iter()
            .map(|(share, series)| format!("{} {} {share} of packets", names(points, series), lose(series)));
        return Some(format!(
            "before the first event already {}: that is overload, which losses and outages here contain.",
            listed(&each.collect::<Vec<_>>())
        ));
    }
    if at.iter().all(|point| point.lost_before.is_some()) {
        return None;
    }
    // Without a timeline the rates must do: where they differ, not all carry what is offered.
    let rates = ranked(at, |point| point.value("goodput_before"));
    if rates.first()?.0 >= rates.last()?.0 * ALIKE {
        return None;
    }
    let groups = in_words(rates.into_iter().rev(), |rate| format!("{} Gb/s", significant(rate, 3)));
    Some(format!("before the first event goodput is {}.", by_series(points, &groups)))
}

/// The time without service of the SA that is worst off.
fn outage(points: &Points, at: &[&Point]) -> Option<String> {
    let known = ranked(at, |point| point.value("outage_max"));
    if known.last()?.0 <= 0.0 {
        return Some("no SA is without service.".into());
    }
    let groups = in_words(known, |seconds| if seconds <= 0.0 { "no time".to_owned() } else { duration(seconds) });
    Some(format!("the worst SA is without service for {} in all.", by_series(points, &groups)))
}

/// When throughput is back at 95 % of what it was.
fn back(points: &Points, at: &[&Point]) -> Option<String> {
    let known = ranked(at, |point| point.value("time_to_95"));
    // Where the first event came before there was a rate, there is none to come back to.
    let is_never = |point: &&&Point| point.value("time_to_95").is_none() && point.value("goodput_before").is_some();
    let never: Vec<usize> = at.iter().filter(is_never).map(|point| point.series).collect();
    if known.is_empty() {
        let not = "throughput does not come back to 95 % of what it was within the simulated time";
        return (!never.is_empty()).then(|| {
            format!("{not}{}.", if at.len() > 1 { format!(": {}", names(points, &never)) } else { String::new() })
        });
    }
    let words =
        |seconds: f64| if seconds <= 0.0 { "at once".to_owned() } else { format!("after {}", duration(seconds)) };
    let groups = in_words(known, words);
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
             (“c”), 10.0 ms (“a”) and 26.4 ms (“b”) in all. Throughput is back at 95 % of what it was at once (“c”) and after \
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
            "“all” loses 5 packets (50.0 %). The worst SA is without service for 20.0 ms in all. Throughput does not come back to \
             95 % of what it was within the simulated time."
        );
        let alike = points(&[["a", "5", "0.5", "0.02", ""], ["b", "5", "0.5", "0.02", ""]]);
        assert!(answer(&alike).starts_with("Both series lose 5 packets (50.0 %) each."), "{}", answer(&alike));
    }

    #[test]
    fn overload_before_the_first_event_is_told_from_what_the_event_does() {
        let mut overloaded = points(&[["a", "5", "0.5", "0.02", "0"], ["b", "9", "0.9", "0.02", "0"]]);
        assert!(!answer(&overloaded).contains("before the first event"), "rates are alike");
        overloaded.points[0].lost_before = Some(0.0);
        overloaded.points[1].lost_before = Some(0.214);
        let text = answer(&overloaded);
        assert!(
            text.contains("packets (90.0 %). Before the first event already “b” loses 21.4 % of packets: that is"),
            "{text}"
        );
        let csv = "point,series,replication,seed,metric,value,unit,basis,low,high,n,bottleneck\n\
                   0,a,0,1,packets_lost,1,1,,,,,\n0,a,0,1,goodput_before,10,1,,,,,\n\
                   1,b,0,1,packets_lost,2,1,,,,,\n1,b,0,1,goodput_before,8,1,,,,,\n";
        let text = answer(&Points::from_csv(csv.as_bytes(), Path::new("points.csv")).unwrap());
        let expected = "“a” loses least, 1 packet; “b” most, 2 packets. Before the first event goodput is 10.0 Gb/s (“a”) and 8.00 Gb/s (“b”).";
        assert!(text.starts_with(expected), "{text}");
    }
}
