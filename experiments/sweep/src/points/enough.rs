//! When a point has been simulated often enough.

use crate::file::replications::{Replications, Until};
use crate::points::outcome::{Run, Summary};

/// Whether a point is done with these replications, which are its first ones in order. It depends on nothing else, so
/// that a point has the same replications whenever and wherever they were run.
///
/// # Errors
/// The names of what was observed, where the metric was not.
pub fn is_enough(replications: &Replications, runs: &[Run]) -> Result<bool, Vec<String>> {
    let n = runs.len() as u32;
    match replications {
        Replications::Fixed(fixed) => Ok(n >= *fixed),
        // More of what gives no estimate does not make the mean known.
        Replications::Until(until) if runs.iter().any(|run| run.why_no_estimate().is_some()) => Ok(n >= until.min),
        Replications::Until(until) => {
            let values: Result<Vec<f64>, Vec<String>> = runs.iter().map(|run| value(until, run)).collect();
            let values = values?;
            Ok(n >= until.max || (n >= until.min && relative_half_width(&values) <= until.half_width.fraction()))
        }
    }
}

/// The metric that must be known, or the names of what was observed instead.
fn value(until: &Until, run: &Run) -> Result<f64, Vec<String>> {
    run.metric(&until.metric, None).map(|metric| metric.value).ok_or_else(|| {
        let mut names: Vec<String> = run.metrics.iter().map(|metric| metric.name.clone()).collect();
        names.dedup();
        names
    })
}

/// Half of the 95 % Student-t interval of the mean, relative to the mean; zero for values that are all the same.
fn relative_half_width(values: &[f64]) -> f64 {
    let runs: Vec<(f64, Option<f64>)> = values.iter().map(|value| (*value, None)).collect();
    match Summary::of(&runs) {
        Some(Summary { value, half_width: Some(half_width) }) if half_width > 0.0 => half_width / value.abs(),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use espsim_model::record::Metric;

    fn runs(values: &[f64]) -> Vec<Run> {
        let run = |value: &f64| Run { metrics: vec![Metric::plain("throughput", *value, "Gb/s")], ..Run::default() };
        values.iter().map(run).collect()
    }

    fn until(half_width: &str) -> Replications {
        Replications::Until(Until {
            min: 3,
            max: 5,
            half_width: half_width.parse().unwrap(),
            metric: "throughput".into(),
        })
    }

    /// Values 9, 10 and 11 have a standard error of 1/sqrt(3), and t with two degrees of freedom is 4.303.
    #[test]
    fn replications_end_when_the_mean_is_known() {
        assert!((relative_half_width(&[9.0, 10.0, 11.0]) - 4.303 / 3f64.sqrt() / 10.0).abs() < 1e-3);
        assert_eq!(is_enough(&until("20 %"), &runs(&[9.0, 10.0, 11.0])), Ok(false));
        assert_eq!(is_enough(&until("30 %"), &runs(&[9.0, 10.0, 11.0])), Ok(true));
        // Not before the least number, and never beyond the most.
        assert_eq!(is_enough(&until("50 %"), &runs(&[10.0, 10.0])), Ok(false));
        assert_eq!(is_enough(&until("1 %"), &runs(&[1.0, 20.0, 1.0, 20.0, 5.0])), Ok(true));
        // A mean of nothing at all is known.
        assert_eq!(is_enough(&until("1 %"), &runs(&[0.0; 3])), Ok(true));
    }

    #[test]
    fn a_point_without_an_estimate_is_not_repeated_for_it() {
        let empty = Run { stop: "warm-up".into(), ..Run::default() };
        assert_eq!(is_enough(&until("1 %"), &vec![empty.clone(); 2]), Ok(false));
        assert_eq!(is_enough(&until("1 %"), &vec![empty; 3]), Ok(true));
    }

    #[test]
    fn a_metric_that_is_not_observed_is_named() {
        let Replications::Until(known) = until("1 %") else { unreachable!() };
        let other = Replications::Until(Until { metric: "latency".into(), ..known });
        assert_eq!(is_enough(&other, &runs(&[1.0])), Err(vec!["throughput".to_owned()]));
    }
}
