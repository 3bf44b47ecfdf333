//! Where closed forms lie under draws of the machine.

use espsim_model::profile::Profile;
use espsim_model::scenario::Scenario;
use espsim_model::uncertainty::{Draw, draws};
use serde_json::{Value, json};

use crate::cores::least;
use crate::limits;
use crate::request::{Asked, Wrong};

/// Draws that lie outside a band, of one.
const OUTSIDE: f64 = 0.05;

/// `{goodput: [low, high], cores: [low, high], sizes: [[low, high] or null]}`: 95 % of draws, as factors of what limits say, but
/// for cores, which are counted; `null` for more than can be.
///
/// # Errors
/// [`Wrong`] for what cannot be.
pub fn doubt(asked: &Asked, sizes: &[u64], n: u32, seed: u64) -> Result<Value, Wrong> {
    let host = asked.host()?;
    let hosts: Vec<(Draw, Profile)> = draws(n, seed).map(|draw| (draw, draw.profile(&host))).collect();
    let own = asked.scenario(None)?;
    let offered = limits::of(&own, &host)?.offered;
    let goodput = |scenario: &Scenario| {
        let now = limits::of(scenario, &host).ok()?.goodput_gbps()?;
        let of = |(draw, host): &(Draw, Profile)| limits::of(&draw.scenario(scenario), host).ok()?.goodput_gbps();
        band(hosts.iter().map(|drawn| Some(of(drawn)? / now)).collect::<Option<Vec<f64>>>()?)
    };
    let of_size = |size: &u64| goodput(&asked.scenario(Some(*size)).ok()?);
    let cores = offered.and_then(|_| {
        let of = |(draw, host): &(Draw, Profile)| least(&draw.scenario(&own), host).map_or(f64::INFINITY, f64::from);
        band(hosts.iter().map(of).collect())
    });
    Ok(json!({
        "goodput": goodput(&own),
        "cores": cores.map(|ends| ends.map(|cores| cores.is_finite().then_some(cores))),
        "sizes": sizes.iter().map(of_size).collect::<Vec<_>>(),
    }))
}

/// The values that 95 % of draws lie between.
fn band(mut of: Vec<f64>) -> Option<[f64; 2]> {
    of.sort_by(f64::total_cmp);
    let last = of.len().checked_sub(1)? as f64;
    let at = |share: f64| of[(share * last).round() as usize];
    Some([at(OUTSIDE / 2.0), at(1.0 - OUTSIDE / 2.0)])
}
