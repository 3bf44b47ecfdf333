//! Passes: the data path measured several times, each in a kernel just started or in namespaces just made.
//!
//! Where memory lies differs from one to the next and moves costs by more than rounds within one show. Intervals are
//! therefore those over passes.

use super::estimate::of_passes;
use super::{Measurement, Plan};
use crate::sample::median;

/// Passes over the data path.
const PASSES: usize = 5;

/// Measures everything once and the data path in further passes. `one` measures by a plan; it is told which pass it is.
///
/// # Errors
/// The first error of `one`.
pub fn passes<E>(mut one: impl FnMut(&Plan, &str) -> Result<Measurement, E>) -> Result<Measurement, E> {
    let mut all = Vec::new();
    for pass in 0..PASSES {
        let plan = if pass == 0 { Plan::FULL } else { Plan::DATA_PATH };
        all.push(one(&plan, &format!("pass {} of {PASSES}", pass + 1))?);
    }
    Ok(merge(&all))
}

/// The first measurement with the data path's rows over all: one value a pass, the median of its rounds.
fn merge(all: &[Measurement]) -> Measurement {
    let mut merged = all[0].clone();
    merged.system_call = median(&all.iter().map(|pass| pass.system_call).collect::<Vec<_>>());
    for (i, row) in merged.datagrams.iter_mut().enumerate() {
        row.rounds = all.iter().filter_map(|pass| Some(median(&pass.datagrams.get(i)?.rounds))).collect();
        row.cycles = of_passes(&row.rounds);
    }
    for (i, row) in merged.super_packets.iter_mut().enumerate() {
        row.rounds = all.iter().filter_map(|pass| Some(median(&pass.super_packets.get(i)?.rounds))).collect();
        row.cycles = of_passes(&row.rounds);
    }
    for (i, row) in merged.kernel_aead.iter_mut().enumerate() {
        row.rounds = all.iter().filter_map(|pass| Some(median(&pass.kernel_aead.get(i)?.rounds))).collect();
        row.cycles = of_passes(&row.rounds);
    }
    for row in &mut merged.tcp {
        let same = |pass: &Measurement| pass.tcp.iter().find(|other| other.way == row.way).map(|row| row.cycles.value);
        row.cycles = of_passes(&all.iter().filter_map(same).collect::<Vec<_>>());
    }
    merged
}
