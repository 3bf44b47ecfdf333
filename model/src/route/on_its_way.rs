//! What a job has on its way, at every place where it may be dropped.

use std::collections::BTreeMap;

use super::{Category, Charge, PoolId, Visit};

/// What a job has on its way: what it holds, and what has been spent on it.
#[derive(Debug, Clone, Default)]
pub(super) struct OnItsWay {
    pub held: Vec<(PoolId, u32)>,
    pub spent: BTreeMap<Category, f64>,
}

impl OnItsWay {
    /// Counts what a visit costs.
    pub fn spend(&mut self, visit: &Visit) {
        for charge in &visit.charges {
            if let Charge::Cycles(category, cycles) = charge {
                *self.spent.entry(*category).or_default() += cycles.0;
            }
        }
    }
}
