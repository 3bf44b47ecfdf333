//! What a sweep gave: runs by point and replication, and their summary.

use espsim_model::control::Timeline;
use espsim_model::engine::steady::t_95;
use espsim_model::record::{Metric, Record, Stop};
use espsim_model::resource::Resource;
pub use espsim_model::run::seed;
use espsim_model::traffic::Basis;
use serde::{Deserialize, Serialize};

use crate::points::Place;
use crate::points::doubt::Drawn;

/// What is kept of one simulation, whatever was simulated.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Seed.
    pub seed: u64,
    /// Why it ended.
    pub stop: String,
    /// What limited throughput; empty where that is not asked, or not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub bottleneck: String,
    /// What would limit it next.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub next_bottleneck: String,
    /// Every number, in a fixed order.
    pub metrics: Vec<Metric>,
    /// Of a failover.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeline: Option<Timeline>,
}

impl From<Record> for Run {
    fn from(record: Record) -> Self {
        Run {
            seed: record.seed,
            stop: record.stop.name().into(),
            bottleneck: record.bottleneck.map_or("", Resource::name).into(),
            next_bottleneck: record.next_bottleneck.map_or("", Resource::name).into(),
            metrics: record.metrics(),
            timeline: None,
        }
    }
}

impl From<Timeline> for Run {
    fn from(timeline: Timeline) -> Self {
        let metrics = timeline.metrics();
        Run { seed: timeline.seed, stop: "span".into(), metrics, timeline: Some(timeline), ..Run::default() }
    }
}

impl Run {
    /// Why nothing could be estimated; `None` if something was.
    pub fn why_no_estimate(&self) -> Option<&'static str> {
        Stop::why_no_estimate(&self.stop)
    }

    /// A metric on a basis, or the first of its name.
    pub fn metric(&self, name: &str, basis: Option<Basis>) -> Option<&Metric> {
        self.metrics.iter().find(|m| m.name == name && (basis.is_none() || m.basis == basis))
    }
}

/// A point's runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The point.
    pub place: Place,
    /// Its replications, in order.
    pub runs: Vec<Run>,
    /// What machines that it may be instead say of it; empty where none were drawn.
    pub drawn: Vec<Drawn>,
}

/// Where a value lies for most draws.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// 2.5 % quantile.
    pub low: f64,
    /// 97.5 % quantile.
    pub high: f64,
    /// Draws.
    pub n: usize,
}

/// A value with the half-width of its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Mean over replications.
    pub value: f64,
    /// Half-width: over replications if there are several, else that of the one run.
    pub half_width: Option<f64>,
}

impl Summary {
    /// Of values and half-widths, one for each replication; `None` for none.
    pub fn of(runs: &[(f64, Option<f64>)]) -> Option<Self> {
        let n = runs.len() as f64;
        let value = runs.iter().map(|(value, _)| value).sum::<f64>() / n;
        let half_width = match runs {
            [] => return None,
            [(_, half_width)] => *half_width,
            several => {
                let squares: f64 = several.iter().map(|(run, _)| (run - value).powi(2)).sum();
                Some(t_95(several.len() - 1) * (squares / (n - 1.0) / n).sqrt())
            }
        };
        Some(Summary { value, half_width })
    }
}

impl Outcome {
    /// Why its runs ended.
    pub fn stops(&self) -> Vec<String> {
        self.runs.iter().map(|run| run.stop.clone()).collect()
    }

    /// Why there is no estimate, of the first replication that has none.
    pub fn why_no_estimate(&self) -> Option<&'static str> {
        self.runs.iter().find_map(Run::why_no_estimate)
    }

    /// Where a value of a metric lies for 95 % of draws; `None` where there are none, or closed forms say nothing of it.
    pub fn band_of(&self, name: &str, value: f64) -> Option<Band> {
        self.drawn.iter().find_map(|drawn| match *drawn {
            Drawn::Band { metric, low, high, n } if metric == name => {
                Some(Band { low: low * value, high: high * value, n })
            }
            _ => None,
        })
    }

    /// Where a metric lies for 95 % of draws.
    pub fn band(&self, name: &str, basis: Option<Basis>) -> Option<Band> {
        self.band_of(name, self.summary(name, basis)?.value)
    }

    /// The share of draws in which closed forms allow the whole of the offered load, 0 to 1, and how many there are; `None`
    /// where none were drawn or nothing is offered.
    pub fn carried_in_draws(&self) -> Option<(f64, usize)> {
        self.drawn.iter().find_map(|drawn| match *drawn {
            Drawn::Carried { share, n } => Some((share, n)),
            Drawn::Band { .. } => None,
        })
    }

    /// A metric's summary; `None` where it was not observed in every replication.
    pub fn summary(&self, name: &str, basis: Option<Basis>) -> Option<Summary> {
        let runs: Option<Vec<_>> =
            self.runs.iter().map(|run| run.metric(name, basis).map(|m| (m.value, m.half_width))).collect();
        Summary::of(&runs?)
    }
}
