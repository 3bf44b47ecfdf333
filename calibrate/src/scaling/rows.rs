//! From what rounds gave to rows with intervals, or the reason why there is none.

use espsim_model::profile::{Estimate, Scaling};

use crate::sample::{median, median_interval};

/// The most that a core may seem faster while others are busy. It is not: what is beyond measured the core alone wrongly.
pub(super) const FASTEST: f64 = 1.05;
/// Rounds that must be left of nine.
const LEAST: usize = 5;
/// The widest interval, relative to the speed: a wider one tells winners apart no more.
const WIDEST: f64 = 0.15;

/// An interval, relative to the speed, that further rounds would not make worth more: a few per cent less of every core
/// are a core or two of a plan.
const NARROW: f64 = 0.03;

/// Whether the speed of a row is known to a few per cent.
pub(super) fn is_known(rounds: &[f64]) -> bool {
    let (value, (low, high)) = (median(rounds), median_interval(rounds));
    rounds.len() >= LEAST && high - low <= NARROW * value
}

/// Rows up to the first number of cores that has none, and why it has none. `speeds` gives the undisturbed rounds of a row.
pub(super) fn table(counts: &[usize], speeds: impl Fn(usize) -> Vec<f64>) -> (Vec<Scaling>, Option<String>) {
    let mut rows = Vec::new();
    for (row, &cores) in counts.iter().enumerate() {
        match speed(&speeds(row)) {
            Ok(Estimate { value, low, high, .. }) => {
                rows.push(Scaling { cores: cores as u32, speed: value, low, high })
            }
            Err(why) => return (rows, Some(format!("{cores} busy cores: {why}"))),
        }
    }
    (rows, None)
}

/// The upper quartile over rounds, with the 95 % interval of their median, in thousandths, at most [`FASTEST`]. What is not
/// this host's own, a neighbour or a hypervisor that lets two cores share one for a while, can only make it slower.
pub(super) fn speed(rounds: &[f64]) -> Result<Estimate, String> {
    if rounds.len() < LEAST {
        return Err(format!("too many rounds were disturbed, {} are left", rounds.len()));
    }
    let (value, (low, high)) = (upper_quartile(rounds), median_interval(rounds));
    let high = high.max(value);
    if value > FASTEST {
        return Err(format!("each seemed {value:.2} times as fast as one alone, which was disturbed then"));
    }
    if high - low > WIDEST * value {
        return Err(format!("its speed lay between {low:.2} and {high:.2}, which says too little"));
    }
    let thousandths = |speed: f64| (speed.min(FASTEST) * 1e3).round() / 1e3;
    let [value, low, high] = [value, low, high].map(thousandths);
    Ok(Estimate { value, low: Some(low), high: Some(high), n: Some(rounds.len() as u32) })
}

/// Three quarters of the values are no more.
pub(super) fn upper_quartile(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get((sorted.len() * 3 / 4).min(sorted.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disturbed_rounds_move_nothing() {
        let speed = speed(&[0.95, 0.94, 0.96, 0.95, 0.40, 0.95, 0.96, 0.94, 0.95]).unwrap();
        assert_eq!((speed.value, speed.low, speed.high, speed.n), (0.95, Some(0.94), Some(0.96), Some(9)));
    }

    #[test]
    fn a_hypervisor_that_puts_two_cores_on_one_for_half_the_time_is_not_the_host() {
        let rounds: Vec<f64> = (0..45).map(|round| if round % 2 == 0 { 0.88 } else { 0.99 }).collect();
        let speed = speed(&rounds).unwrap();
        assert_eq!((speed.value, speed.low, speed.high), (0.99, Some(0.88), Some(0.99)));
    }

    #[test]
    fn rounds_go_on_while_they_say_too_little() {
        assert!(is_known(&[0.95; 9]) && !is_known(&[0.95; 4]));
        // A neighbour that comes and goes: nine rounds meet it at both ends, and many more do not.
        let nine = [0.86, 1.0, 1.0, 1.0, 0.999, 1.0, 1.0, 0.87, 1.0];
        assert!(!is_known(&nine));
        assert!(is_known(&[nine, [1.0; 9], [1.0; 9]].concat()));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let why = speed(&[1.48; 9]).unwrap_err();
        assert!(why.contains("1.48 times"), "{why}");
        let why = speed(&[0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 0.55, 0.65, 0.95]).unwrap_err();
        assert!(why.starts_with("its speed lay between"), "{why}");
        let why = speed(&[0.9; 4]).unwrap_err();
        assert!(why.contains("4 are left"), "{why}");
        let little = speed(&[1.04, 1.04, 1.04, 1.04, 1.04, 1.04, 1.04, 1.07, 1.08]).unwrap();
        assert_eq!((little.value, little.high), (1.04, Some(1.05)), "no end beyond what can be");
    }

    #[test]
    fn rows_end_before_the_first_that_is_not_known() {
        let speeds = [vec![1.0; 9], vec![0.9; 9], vec![0.8; 3], vec![0.7; 9]];
        let (rows, why) = table(&[1, 2, 4, 8], |row| speeds[row].clone());
        assert_eq!(rows.iter().map(|row| (row.cores, row.speed)).collect::<Vec<_>>(), [(1, 1.0), (2, 0.9)]);
        assert_eq!(why.unwrap(), "4 busy cores: too many rounds were disturbed, 3 are left");
    }
}
