//! What a sweep gave: runs by point and replication, and their summary.

use espsim_model::control::Timeline;
use espsim_model::engine::steady::t_95;
use espsim_model::record::{Metric, Record, Stop};
use espsim_model::resource::Resource;
use espsim_model::traffic::Basis;
use serde::{Deserialize, Serialize};

use crate::points::Place;

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
    /// The same point on profiles that are drawn from the profile's intervals; empty unless asked for.
    pub drawn: Vec<Run>,
}

/// Where a metric lies for most of the drawn profiles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// 2.5 % quantile.
    pub low: f64,
    /// 97.5 % quantile.
    pub high: f64,
    /// Profiles.
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

/// The seed of a replication: the same for every point, so that designs are compared under common random numbers.
/// Mixed by SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), so that neighbouring seeds have nothing in common.
pub fn seed(base: u64, replication: u32) -> u64 {
    let mut z = base.wrapping_add(0x9e37_79b9_7f4a_7c15u64.wrapping_mul(u64::from(replication) + 1));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
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

    /// Where a metric lies for 95 % of the drawn profiles; `None` where none were drawn or it was not always observed.
    pub fn band(&self, name: &str, basis: Option<Basis>) -> Option<Band> {
        let values: Option<Vec<f64>> = self.drawn.iter().map(|run| Some(run.metric(name, basis)?.value)).collect();
        let mut values = values.filter(|values| !values.is_empty())?;
        values.sort_by(f64::total_cmp);
        // Linear interpolation between order statistics (Hyndman and Fan, 1996, definition 7).
        let quantile = |p: f64| {
            let place = p * (values.len() - 1) as f64;
            let (below, share) = (place.floor() as usize, place.fract());
            let above = (below + 1).min(values.len() - 1);
            values[below] + share * (values[above] - values[below])
        };
        Some(Band { low: quantile(0.025), high: quantile(0.975), n: values.len() })
    }

    /// A metric's summary; `None` where it was not observed in every replication.
    pub fn summary(&self, name: &str, basis: Option<Basis>) -> Option<Summary> {
        let runs: Option<Vec<_>> =
            self.runs.iter().map(|run| run.metric(name, basis).map(|m| (m.value, m.half_width))).collect();
        Summary::of(&runs?)
    }
}
