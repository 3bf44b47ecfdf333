//! Names of series and places along a sweep, as a report's sentences have them.

pub use crate::words::{
    count, duration, factor, how_many, listed, one_or_more, percent, plural, quoted, significant, with_interval,
};

use super::points::{Point, Points};

/// The names of series, quoted and listed.
pub fn names(points: &Points, series: &[usize]) -> String {
    listed(&series.iter().map(|&series| quoted(&points.series[series])).collect::<Vec<_>>())
}

/// Series under what is the same for them.
pub type Groups = Vec<(String, Vec<usize>)>;

/// A value of some points with their series, the least first; those are left out that have none.
pub fn ranked(points: &[&Point], value: impl Fn(&Point) -> Option<f64>) -> Vec<(f64, usize)> {
    let mut known: Vec<_> = points.iter().filter_map(|point| Some((value(point)?, point.series))).collect();
    known.sort_by(|a, b| a.0.total_cmp(&b.0));
    known
}

/// Series under the words for their values.
pub fn in_words(known: impl IntoIterator<Item = (f64, usize)>, words: impl Fn(f64) -> String) -> Groups {
    grouped(known.into_iter().map(|(value, series)| (words(value), series)))
}

/// Series under what is the same for them, in order of first appearance.
pub fn grouped(entries: impl Iterator<Item = (String, usize)>) -> Groups {
    let mut groups = Groups::new();
    for (key, series) in entries {
        match groups.iter_mut().find(|(other, _)| *other == key) {
            Some((_, group)) => group.push(series),
            None => groups.push((key, vec![series])),
        }
    }
    groups.iter_mut().for_each(|(_, group)| group.sort_unstable());
    groups
}

/// `10.0 ms (“a” and “b”), 26.4 ms (“c”)`: groups with their series; one group of all series without.
pub fn by_series(points: &Points, groups: &[(String, Vec<usize>)]) -> String {
    match groups {
        [(all, series)] if series.len() > 1 => format!("{all} ({} alike)", how_many(series.len())),
        [(one, _)] => one.clone(),
        several => {
            let group = |(value, series): &(String, Vec<usize>)| format!("{value} ({})", names(points, series));
            listed(&several.iter().map(group).collect::<Vec<_>>())
        }
    }
}

/// Where along the sweep something is so of the points of a series: nothing if everywhere, `up to`, `from .. on`, or how
/// often.
pub fn whereabouts(points: &Points, of: &[&Point], is_so: impl Fn(&Point) -> bool) -> String {
    let yes: Vec<usize> = (0..of.len()).filter(|&i| is_so(of[i])).collect();
    let label = |i: usize| points.label(of[i].place);
    let (Some(&first), Some(&last)) = (yes.first(), yes.last()) else { return "nowhere".into() };
    if yes.len() == of.len() {
        return String::new();
    }
    let is_run = last - first + 1 == yes.len();
    match (first, last) {
        _ if yes.len() == 1 => format!("at {}", label(first)),
        (0, _) if is_run && points.is_ascending() => format!("up to {}", label(last)),
        (_, last) if is_run && points.is_ascending() && last + 1 == of.len() => format!("from {} on", label(first)),
        _ if is_run && points.is_ascending() => format!("from {} to {}", label(first), label(last)),
        _ => format!("at {} of {}", yes.len(), plural(of.len(), "point")),
    }
}
