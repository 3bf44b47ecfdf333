//! Passes: data path and failovers measured several times, each in a kernel just started or in namespaces just made.
//!
//! Where memory lies differs from one to the next and moves costs by more than rounds within one show. Intervals are
//! therefore those over passes.

use espsim_model::profile::Estimate;

use super::estimate::of_passes;
use super::{Measurement, Plan};
use crate::sample::median;

/// Passes over data path and failovers.
const PASSES: usize = 5;

/// Measures everything once, data path and failovers in further passes. `one` measures by a plan; it is told which pass it is.
///
/// # Errors
/// The first error of `one`.
pub fn passes<E>(mut one: impl FnMut(&Plan, &str) -> Result<Measurement, E>) -> Result<Measurement, E> {
    let name = |pass: usize| format!("pass {pass} of {PASSES}");
    let first = one(&Plan::FULL, &name(1))?;
    let others = (2..=PASSES).map(|pass| one(&Plan::REPEATED, &name(pass))).collect::<Result<Vec<_>, E>>()?;
    Ok(merge(first, &others))
}

/// The first measurement with rows over all: one value a pass, of the data path the median of its rounds.
fn merge(first: Measurement, others: &[Measurement]) -> Measurement {
    let mut merged = first;
    let calls = std::iter::once(merged.system_call).chain(others.iter().map(|pass| pass.system_call));
    merged.system_call = median(&calls.collect::<Vec<_>>());
    // Of the same passes, since it turns those cycles into time.
    let hertz = |of: &dyn Fn(&Measurement) -> Option<u64>| {
        let passes: Option<Vec<f64>> =
            std::iter::once(&merged).chain(others).map(|pass| Some(of(pass)? as f64)).collect();
        passes.map(|passes| median(&passes).round() as u64)
    };
    let (guest, host) = (hertz(&|pass| Some(pass.frequency)), hertz(&|pass| pass.host_frequency));
    merged.frequency = guest.unwrap_or(merged.frequency);
    merged.host_frequency = host;
    for (i, row) in merged.datagrams.iter_mut().enumerate() {
        let same = |pass: &Measurement| pass.datagrams.get(i).map(|row| median(&row.rounds));
        (row.rounds, row.cycles) = over(median(&row.rounds), others, same);
    }
    for (i, row) in merged.super_packets.iter_mut().enumerate() {
        let same = |pass: &Measurement| pass.super_packets.get(i).map(|row| median(&row.rounds));
        (row.rounds, row.cycles) = over(median(&row.rounds), others, same);
    }
    for (i, row) in merged.kernel_aead.iter_mut().enumerate() {
        let same = |pass: &Measurement| pass.kernel_aead.get(i).map(|row| median(&row.rounds));
        (row.rounds, row.cycles) = over(median(&row.rounds), others, same);
    }
    for row in &mut merged.tcp {
        let same = |pass: &Measurement| pass.tcp.iter().find(|other| other.way == row.way).map(|row| row.cycles.value);
        (_, row.cycles) = over(row.cycles.value, others, same);
    }
    for (i, failover) in merged.failovers.iter_mut().enumerate() {
        let same = others.iter().filter_map(|pass| pass.failovers.get(i));
        failover.daemon_us.extend(same.flat_map(|other| &other.daemon_us));
    }
    merged
}

/// A row's value in each pass, and their mean.
fn over(first: f64, others: &[Measurement], value: impl Fn(&Measurement) -> Option<f64>) -> (Vec<f64>, Estimate) {
    let values: Vec<f64> = std::iter::once(first).chain(others.iter().filter_map(value)).collect();
    let mean = of_passes(&values);
    (values, mean)
}
