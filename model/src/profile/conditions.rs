//! What else went on while a host was measured.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What went on on a host while a part of it was measured: what decides whether the values can be trusted. Absent where
/// the system does not tell it, or where it means nothing for that part. Shares are of 1.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Conditions {
    /// CPUs that the process may use.
    pub cpus: u32,
    /// CPUs of the host that are in use, which `load` and `pressure` are about.
    pub online: u32,
    /// What emulates this CPU; absent where nothing does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emulated: Option<String>,
    /// Load average over one minute when measuring began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<f64>,
    /// Share of the usable CPUs' time that other processes had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub others: Option<f64>,
    /// Share of their time that a hypervisor gave to somebody else while they had work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steal: Option<f64>,
    /// Share of the time in which something that could run waited for a CPU (Linux' pressure stall information).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pressure: Option<f64>,
    /// Share of the time in which the control group's quota held its processes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttled: Option<f64>,
    /// How often a CPU was taken away from the measuring threads, per second of their CPU time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub involuntary: Option<f64>,
    /// The change of the core's frequency that nine tenths of the values were taken within, relative: from value to value
    /// it may change, each is in cycles of its own moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency: Option<f64>,
    /// Median absolute deviation of batches over their median.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spread: Option<f64>,
    /// Second half of the batches over the first, less 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<f64>,
    /// Share of batches that lie far from the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outliers: Option<f64>,
}
