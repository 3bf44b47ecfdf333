//! Of a run: throughput, cycles and busy cores. Latency and loss have no closed form, and no band.

use espsim_model::profile::Profile;
use espsim_model::traffic::Basis;

use super::{ClosedForm, Drawn, Draws};
use crate::points::Point;
use crate::points::outcome::Outcome;

/// The share of the closed-form bound that a simulation must come to, so that the bound says what limits it.
const EXPLAINED: f64 = 0.8;

/// What draws say of a point of a run. Nothing is said of a rate that no closed form explains.
pub fn of_run(point: &Point, profile: &Profile, draws: &Draws, outcome: &Outcome) -> Vec<Drawn> {
    let forms = if draws.is_empty() { None } else { draws.closed_forms(&point.scenario, profile) };
    let Some((own, drawn)) = forms else { return Vec::new() };
    let (n, mut found) = (drawn.len(), Vec::new());
    if own.offered.is_some() {
        let carried = drawn.iter().filter(|draw| draw.carries()).count();
        found.push(Drawn::Carried { share: carried as f64 / n as f64, n });
    }
    let Some(goodput) = outcome.summary("throughput", Some(Basis::Goodput)) else { return found };
    if goodput.value < EXPLAINED * own.goodput_gbps {
        return found;
    }
    let factors = |of: &dyn Fn(&ClosedForm) -> Option<f64>| -> Option<Vec<f64>> {
        let now = of(&own)?;
        drawn.iter().map(|draw| Some(of(draw)? / now)).collect()
    };
    let rates = factors(&|form| Some(form.goodput_gbps));
    for metric in ["throughput", "packet_rate"] {
        found.extend(rates.clone().and_then(|factors| Drawn::band(metric, factors)));
    }
    let cycles = factors(&|form| Some(form.cycles()?.0));
    for metric in ["cycles_per_packet", "cycles_per_byte"] {
        found.extend(cycles.clone().and_then(|factors| Drawn::band(metric, factors)));
    }
    // No more cores can be busy than there are.
    let most = outcome.summary("busy_cores", None).map(|busy| f64::from(point.scenario.host.cores) / busy.value);
    let busy = factors(&|form| form.busy_cores());
    let busy = busy.zip(most).map(|(busy, most)| busy.into_iter().map(|factor| factor.min(most.max(1.0))).collect());
    found.extend(busy.and_then(|factors| Drawn::band("busy_cores", factors)));
    found
}
