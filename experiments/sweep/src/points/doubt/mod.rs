//! What is not known of a point: where its numbers lie if the machine's values are others that they may be.
//!
//! Simulations give what the values as they stand come to. How that moves with them, closed forms tell: under a draw a number
//! is the simulated one times what the closed form says under the draw over what it says as values stand. So simulations
//! are done once, and chance of simulations, which has an interval of its own, is no part of the band. The draws are the same
//! for every point: what two designs share moves both.

mod closed_form;
mod control_path;
mod factors;
mod failover;
mod run;

use espsim_model::profile::Profile;
use espsim_model::scenario::Scenario;
use espsim_model::uncertainty::{Draw, draws};

pub use closed_form::ClosedForm;
pub use factors::{Factors, UnderDraw};
pub use failover::of_failover;
pub use run::of_run;

/// How many draws there are unless it is said.
pub const USUAL: u32 = 200;
/// The most points whose bands are made unless they are asked for: more take longer than a sweep's own short runs.
pub const MOST_POINTS: usize = 10_000;
/// Draws that lie outside a band, of one.
const OUTSIDE: f64 = 0.05;

/// A machine as it may be: its host, and what draws its devices.
#[derive(Debug, Clone)]
pub struct Drawing {
    /// The draw.
    pub draw: Draw,
    /// The host in it.
    pub host: Profile,
}

impl Drawing {
    /// A draw of a host.
    pub fn of(draw: Draw, profile: &Profile) -> Self {
        Drawing { draw, host: draw.profile(profile) }
    }
}

/// Machines drawn from what the values of one may be.
#[derive(Debug, Clone, Default)]
pub struct Draws {
    all: Vec<Drawing>,
    seed: u64,
}

impl Draws {
    /// So many of them; the same seed gives the same.
    pub fn new(profile: &Profile, n: u32, seed: u64) -> Self {
        let all = draws(n, seed).map(|draw| Drawing::of(draw, profile));
        Draws { all: all.collect(), seed }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// What closed forms say of a scenario on a host as its values stand, and under each draw; `None` where a machine cannot
    /// be.
    pub fn closed_forms(&self, scenario: &Scenario, profile: &Profile) -> Option<(ClosedForm, Vec<ClosedForm>)> {
        let own = ClosedForm::of(scenario, profile)?;
        let of = |drawn: &Drawing| ClosedForm::of_checked(&drawn.draw.scenario(scenario), &drawn.host);
        let drawn: Option<Vec<ClosedForm>> = self.all.iter().map(of).collect();
        Some((own, drawn?))
    }
}

/// What draws say of a point.
#[derive(Debug, Clone, PartialEq)]
pub enum Drawn {
    /// Where a metric lies for 95 % of them, in units of its value.
    Band {
        /// The metric, on any basis.
        metric: &'static str,
        /// 2.5 % quantile.
        low: f64,
        /// 97.5 % quantile.
        high: f64,
        /// Draws.
        n: usize,
    },
    /// The share of them in which closed forms allow the whole of the offered load, 0 to 1.
    Carried {
        /// The share.
        share: f64,
        /// Draws.
        n: usize,
    },
}

impl Drawn {
    /// The band of a metric that is so many times as much under each draw; `None` where one of them is no number.
    fn band(metric: &'static str, mut factors: Vec<f64>) -> Option<Drawn> {
        if factors.is_empty() || !factors.iter().all(|factor| factor.is_finite()) {
            return None;
        }
        factors.sort_by(f64::total_cmp);
        let [low, high] = [OUTSIDE / 2.0, 1.0 - OUTSIDE / 2.0].map(|p| quantile(&factors, p));
        Some(Drawn::Band { metric, low, high, n: factors.len() })
    }
}

/// A quantile of values in ascending order: linear interpolation between order statistics (Hyndman and Fan, 1996, definition
/// 7).
pub fn quantile(sorted: &[f64], p: f64) -> f64 {
    let place = p * (sorted.len() - 1) as f64;
    let (below, share) = (place.floor() as usize, place.fract());
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + share * (sorted[above] - sorted[below])
}
