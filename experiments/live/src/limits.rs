//! Closed-form limits.

use espsim_model::bound::{Bound, Limit, bound};
use espsim_model::machine::Machine;
use espsim_model::profile::Profile;
use espsim_model::resource::Resource;
use espsim_model::scenario::Scenario;
use serde_json::{Value, json};

use crate::request::{Asked, Wrong};

/// Limits that are told, the tightest first.
const TOLD: usize = 6;

/// `{goodput_gbps, offered_gbps, share_without_loss, limits: [{resource, gbps}], sizes: [gbps or null]}`: goodput in Gb/s.
///
/// # Errors
/// [`Wrong`] for what cannot be.
pub fn limits(asked: &Asked, sizes: &[u64]) -> Result<Value, Wrong> {
    let host = asked.host()?;
    let own = of(&asked.scenario(None)?, &host)?;
    // A size that cannot be is a gap.
    let goodput = |size: &u64| of(&asked.scenario(Some(*size)).ok()?, &host).ok()?.goodput_gbps();
    Ok(json!({
        "goodput_gbps": own.goodput_gbps(),
        "offered_gbps": own.offered_gbps(),
        "share_without_loss": own.share_without_loss(),
        "limits": named(&own),
        "sizes": sizes.iter().map(goodput).collect::<Vec<Option<f64>>>(),
    }))
}

/// Limits of a scenario on a host.
///
/// # Errors
/// [`Wrong`] for what cannot be.
pub fn of(scenario: &Scenario, host: &Profile) -> Result<Bound, Wrong> {
    Ok(bound(&Machine::build(scenario, host)?))
}

/// The tightest limits, each kind of resource once, as goodput.
fn named(bound: &Bound) -> Vec<Value> {
    let mut seen: Vec<&str> = Vec::new();
    let first = |limit: &&Limit| {
        let is_new = limit.resource != Resource::OfferedLoad && !seen.contains(&limit.resource.name());
        seen.extend(is_new.then(|| limit.resource.name()));
        is_new
    };
    let told = bound.limits.iter().filter(first).take(TOLD);
    told.map(
        |limit| json!({ "resource": limit.resource.name(), "gbps": limit.rate.as_pps() * bound.mean_goodput * 8e-9 }),
    )
    .collect()
}
