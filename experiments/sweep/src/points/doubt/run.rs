//! Of a run: throughput, cycles and busy cores. Latency and loss have no closed form, and no band.

use espsim_model::profile::Profile;
use espsim_model::traffic::Basis;

use super::{ClosedForm, Drawn, Draws, UnderDraw};
use crate::points::Point;
use crate::points::outcome::Outcome;

/// The share of the closed-form bound that a simulation must come to, so that the bound says what limits it.
const EXPLAINED: f64 = 0.8;

/// What rounding leaves of a limit that is just what is offered.
const ROUNDING: f64 = 1e-6;

/// What draws say of a point of a run. Nothing is said of a rate that no closed form explains.
pub fn of_run(point: &Point, profile: &Profile, draws: &Draws, outcome: &Outcome) -> Vec<Drawn> {
    let own = if draws.is_empty() { None } else { ClosedForm::of(&point.scenario, profile) };
    let drawn = own.as_ref().and_then(|own| draws.of(&point.scenario, profile, own));
    let (Some(own), Some(drawn)) = (own, drawn) else { return Vec::new() };
    let (n, mut found) = (drawn.len(), Vec::new());
    if own.offered.is_some() {
        let carried = drawn.iter().filter(|draw| f64::from(draw.room) >= 1.0 - ROUNDING).count();
        found.push(Drawn::Carried { share: carried as f64 / n as f64, n });
    }
    let Some(goodput) = outcome.summary("throughput", Some(Basis::Goodput)) else { return found };
    if goodput.value < EXPLAINED * own.expected_gbps() {
        return found;
    }
    let factors = |of: fn(&UnderDraw) -> f32| -> Vec<f64> { drawn.iter().map(|draw| of(draw).into()).collect() };
    for metric in ["throughput", "packet_rate"] {
        found.extend(Drawn::band(metric, factors(|draw| draw.carried)));
    }
    for metric in ["cycles_per_packet", "cycles_per_byte"] {
        found.extend(Drawn::band(metric, factors(|draw| draw.busy / draw.carried * draw.clock)));
    }
    // No more cores can be busy than there are.
    let most = outcome.summary("busy_cores", None).map(|busy| f64::from(point.scenario.host.cores) / busy.value);
    let of_busy = |most: f64| factors(|draw| draw.busy).into_iter().map(|factor| factor.min(most.max(1.0))).collect();
    found.extend(most.and_then(|most| Drawn::band("busy_cores", of_busy(most))));
    found
}

#[cfg(test)]
mod tests {
    use espsim_model::layers::{self, Origin};
    use espsim_model::scenario::Scenario;
    use espsim_model::{preset, simulate};

    use super::*;
    use crate::points::Place;

    fn point(text: &str) -> Point {
        let values = layers::resolve(&layers::flatten(&text.parse().unwrap(), &Origin::Scenario)).unwrap();
        let scenario = layers::scenario(&values).unwrap();
        Point { place: Place { series: String::new(), coordinates: Vec::new() }, values, scenario }
    }

    fn outcome(point: &Point, profile: &Profile) -> Outcome {
        let record = simulate(&point.scenario, profile, 1).unwrap();
        Outcome { place: point.place.clone(), runs: vec![record.into()], drawn: Vec::new() }
    }

    fn profile() -> Profile {
        preset::profile("zen4").unwrap().unwrap()
    }

    /// Where cores limit, what closed forms say of a draw is what its simulation gives, within 3 %.
    #[test]
    fn what_closed_forms_say_of_draws_simulations_give() {
        let (profile, draws) = (profile(), Draws::new(&profile(), 4, 5));
        for placement in ["host", "inline-crypto", "inline-packet"] {
            let point = point(&format!("placement = \"{placement}\"\nhost.cores = 2\nrun.max_packets = 60000"));
            let (own, drawn) = draws.closed_forms(&point.scenario, &profile).unwrap();
            let goodput = |scenario: &Scenario, profile: &Profile| {
                let point = Point { scenario: scenario.clone(), ..point.clone() };
                outcome(&point, profile).summary("throughput", Some(Basis::Goodput)).unwrap().value
            };
            let now = goodput(&point.scenario, &profile);
            for (draw, form) in draws.all.iter().zip(&drawn) {
                let (says, gives) = (
                    now * form.expected_gbps() / own.expected_gbps(),
                    goodput(&draw.draw.scenario(&point.scenario), &draw.host),
                );
                assert!((says / gives - 1.0).abs() < 0.03, "{placement}: {says} and {gives}");
                assert!((gives / now - 1.0).abs() > 0.005, "{placement}: it hangs on the draw");
            }
        }
    }

    #[test]
    fn a_carried_load_has_a_share_and_an_overload_a_band() {
        let (profile, draws) = (profile(), Draws::new(&profile(), 200, 5));
        let text = "host.cores = 2\ntraffic.arrival = \"poisson\"\nrun.max_packets = 60000\ntraffic.rate = ";
        let of = |rate: &str| {
            let point = point(&format!("{text}\"{rate}\""));
            let mut outcome = outcome(&point, &profile);
            outcome.drawn = of_run(&point, &profile, &draws, &outcome);
            outcome
        };
        let (easy, tight, over) = (of("1 Gbps"), of("10 Gbps"), of("30 Gbps"));
        let share = |of: &Outcome| of.carried_in_draws().unwrap();
        assert_eq!(share(&easy), (1.0, 200));
        assert!(share(&tight).0 > 0.1 && share(&tight).0 < 0.99, "{:?}", share(&tight));
        assert!(share(&over).0 < 0.05, "{:?}", share(&over));
        let band = |of: &Outcome| of.band("throughput", Some(Basis::Goodput)).unwrap();
        let rate = over.summary("throughput", Some(Basis::Goodput)).unwrap().value;
        assert!(band(&over).low < 0.8 * rate && band(&over).high > 1.2 * rate, "{:?} of {rate}", band(&over));
        let rate = easy.summary("throughput", Some(Basis::Goodput)).unwrap().value;
        assert!((band(&easy).low / rate - 1.0).abs() < 1e-6 && (band(&easy).high / rate - 1.0).abs() < 1e-6);
        // No closed form has latency or loss.
        assert_eq!((easy.band("latency_p99", None), over.band("loss", None)), (None, None));
        // Cores are busy in proportion, and no more than there are.
        let busy = easy.band("busy_cores", None).unwrap();
        assert!(busy.low < busy.high && over.band("busy_cores", None).unwrap().high <= 2.0 + 1e-9);
    }

    #[test]
    fn what_no_closed_form_explains_has_no_band() {
        let (profile, draws) = (profile(), Draws::new(&profile(), 10, 5));
        let point = point("host.cores = 2\nrun.max_packets = 60000");
        let mut outcome = outcome(&point, &profile);
        outcome.runs[0].metrics.iter_mut().filter(|m| m.name == "throughput").for_each(|m| m.value *= 0.5);
        assert!(of_run(&point, &profile, &draws, &outcome).is_empty());
        assert!(of_run(&point, &profile, &Draws::default(), &outcome).is_empty());
    }
}
