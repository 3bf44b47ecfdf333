//! Whether a point carried its load: what was not carried earns a design nothing in a figure.

use espsim_model::carried::Load;
use espsim_model::traffic::Basis;
use espsim_model::units::Share;
use espsim_sweep::points::outcome::Outcome;

/// Goodput of a point in Gb/s.
pub(super) fn goodput(outcome: &Outcome) -> Option<f64> {
    outcome.summary("throughput", Some(Basis::Goodput)).map(|rate| rate.value)
}

/// Whether the offered load was carried but for so much; `None` where none is offered.
pub(super) fn is_carried(outcome: &Outcome, loss: Share) -> Option<bool> {
    let value = |name: &str| outcome.summary(name, None).map(|summary| summary.value);
    let rate = outcome.summary("throughput", Some(Basis::Goodput))?;
    let offered = value("offered")?;
    // Where queues still grew there is no loss, and the load is not carried.
    let Some(lost) = value("loss") else { return Some(false) };
    let allowed = value("bound").unwrap_or(offered);
    let load = Load { offered, carried: rate.value, half_width: rate.half_width, allowed, loss: lost };
    Some(load.is_carried(loss))
}
