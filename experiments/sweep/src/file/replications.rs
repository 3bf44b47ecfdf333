//! How often each point is simulated.

use espsim_model::units::Share;
use serde::{Deserialize, Serialize};
use toml::Value;

use crate::failure::Failure;
use crate::file::source::Source;

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
    pub(crate) fn read(file: &Source, value: Option<Value>) -> Result<Self, Failure> {
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
}
