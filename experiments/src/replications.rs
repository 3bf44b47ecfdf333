//! How often each point is simulated.

use espsim_model::units::Share;
use serde::{Deserialize, Serialize};
use toml::Value;

use crate::input::Failure;
use crate::outcome::{Run, Summary};
use crate::scenario_file::ScenarioFile;

/// The most replications of a point.
const MOST: u32 = 1000;

/// Independent runs of each point, each under a seed of its own.
///
/// `replications = 5`, or until the mean is known well enough:
/// `replications = { min = 3, max = 20, half_width = "1 %", metric = "latency_p99" }`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Replications {
    /// So many.
    Fixed(u32),
    /// As many as it takes.
    Until(Until),
}

/// Replications of a point end with the first one, of `min` or more, after which the half-width of the 95 % interval of
/// the mean over replications is small enough, or with the last.
///
/// To look after every replication makes the interval somewhat too narrow on average, the less so the smaller the target
/// (Chow and Robbins, Annals of Mathematical Statistics 36, 1965); `min` guards against stopping by chance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Until {
    /// Fewest runs.
    pub min: u32,
    /// Most runs.
    pub max: u32,
    /// Target for the half-width, relative to the mean.
    pub half_width: Share,
    /// The metric that must be known; of several bases, the first.
    #[serde(default = "throughput")]
    pub metric: String,
}

fn throughput() -> String {
    "throughput".into()
}

impl Default for Replications {
    fn default() -> Self {
        Replications::Fixed(1)
    }
}

impl Replications {
    /// Reads the key `replications` of a file.
    ///
    /// # Errors
    /// [`Failure`] at the key.
    pub(crate) fn read(file: &ScenarioFile, value: Option<Value>) -> Result<Self, Failure> {
        let wrong = |message: String| Err(file.failure("replications", message));
        match value {
            None => Ok(Replications::default()),
            Some(Value::Integer(n)) => match u32::try_from(n) {
                Ok(n @ 1..=MOST) => Ok(Replications::Fixed(n)),
                _ => wrong(format!("`replications` is {n}: 1 to {MOST}")),
            },
            Some(value @ Value::Table(_)) => {
                let until: Until = match value.try_into() {
                    Ok(until) => until,
                    Err(error) => return wrong(format!("`replications`: {}", error.message())),
                };
                let share = until.half_width.fraction();
                if !(2..=MOST).contains(&until.min) || !(until.min..=MOST).contains(&until.max) {
                    let Until { min, max, .. } = until;
                    return wrong(format!("`replications` are {min} to {max}: 2 to {MOST}, `min` up to `max`"));
                }
                if !(share > 0.0 && share <= 0.5) {
                    let message =
                        format!("`replications.half_width` is {}: above 0 % and at most 50 %", until.half_width);
                    return Err(file.failure("replications.half_width", message));
                }
                Ok(Replications::Until(until))
            }
            Some(_) => wrong(format!("`replications` is a number, 1 to {MOST}, or {{ min, max, half_width }}")),
        }
    }

    /// Runs that every point has at least.
    pub fn least(&self) -> u32 {
        match self {
            Replications::Fixed(n) => *n,
            Replications::Until(until) => until.min,
        }
    }

    /// Runs that a point may have.
    pub fn most(&self) -> u32 {
        match self {
            Replications::Fixed(n) => *n,
            Replications::Until(until) => until.max,
        }
    }

    /// Whether a point is done with these replications, which are its first ones in order. It depends on nothing else, so
    /// that a point has the same replications whenever and wherever they were run.
    ///
    /// # Errors
    /// The names of what was observed, where the metric was not.
    pub fn is_enough(&self, runs: &[Run]) -> Result<bool, Vec<String>> {
        let n = runs.len() as u32;
        match self {
            Replications::Fixed(fixed) => Ok(n >= *fixed),
            // More of what gives no estimate does not make the mean known.
            Replications::Until(until) if runs.iter().any(|run| run.why_no_estimate().is_some()) => Ok(n >= until.min),
            Replications::Until(until) => {
                let values: Result<Vec<f64>, Vec<String>> = runs.iter().map(|run| until.value(run)).collect();
                let values = values?;
                Ok(n >= until.max || (n >= until.min && relative_half_width(&values) <= until.half_width.fraction()))
            }
        }
    }
}

impl Until {
    fn value(&self, run: &Run) -> Result<f64, Vec<String>> {
        run.metric(&self.metric, None).map(|metric| metric.value).ok_or_else(|| {
            let mut names: Vec<String> = run.metrics.iter().map(|metric| metric.name.clone()).collect();
            names.dedup();
            names
        })
    }
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
        Replications::Until(Until { min: 3, max: 5, half_width: half_width.parse().unwrap(), metric: throughput() })
    }

    /// Values 9, 10 and 11 have a standard error of 1/sqrt(3), and t with two degrees of freedom is 4.303.
    #[test]
    fn replications_end_when_the_mean_is_known() {
        assert!((relative_half_width(&[9.0, 10.0, 11.0]) - 4.303 / 3f64.sqrt() / 10.0).abs() < 1e-3);
        assert_eq!(until("20 %").is_enough(&runs(&[9.0, 10.0, 11.0])), Ok(false));
        assert_eq!(until("30 %").is_enough(&runs(&[9.0, 10.0, 11.0])), Ok(true));
        // Not before the least number, and never beyond the most.
        assert_eq!(until("50 %").is_enough(&runs(&[10.0, 10.0])), Ok(false));
        assert_eq!(until("1 %").is_enough(&runs(&[1.0, 20.0, 1.0, 20.0, 5.0])), Ok(true));
        // A mean of nothing at all is known.
        assert_eq!(until("1 %").is_enough(&runs(&[0.0; 3])), Ok(true));
    }

    #[test]
    fn a_point_without_an_estimate_is_not_repeated_for_it() {
        let empty = Run { stop: "warm-up".into(), ..Run::default() };
        assert_eq!(until("1 %").is_enough(&vec![empty.clone(); 2]), Ok(false));
        assert_eq!(until("1 %").is_enough(&vec![empty; 3]), Ok(true));
    }

    #[test]
    fn a_metric_that_is_not_observed_is_named() {
        let Replications::Until(known) = until("1 %") else { unreachable!() };
        let other = Replications::Until(Until { metric: "latency".into(), ..known });
        assert_eq!(other.is_enough(&runs(&[1.0])), Err(vec!["throughput".to_owned()]));
    }
}
