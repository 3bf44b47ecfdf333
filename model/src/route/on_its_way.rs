//! What a job has on its way, at every place where it may be dropped.

use std::collections::BTreeMap;

use super::{Category, Charge, PoolId, Visit};

/// What a job has on its way: what it holds, and what has been spent on it.
#[derive(Debug, Clone, Default)]
pub(super) struct OnItsWay {
    pub held: Vec<(PoolId, u32)>,
    /// By whether a DPU's cores spent it, and on what.
    pub spent: BTreeMap<(bool, Category), f64>,
}

impl OnItsWay {
    /// Counts what a visit costs.
    pub fn spend(&mut self, visit: &Visit) {
        for charge in &visit.charges {
            let (key, cycles) = match charge {
                Charge::Cycles(category, cycles) => ((false, *category), cycles),
                Charge::DpuCycles(category, cycles) => ((true, *category), cycles),
                _ => continue,
            };
            *self.spent.entry(key).or_default() += cycles.0;
        }
    }
}
