//! Of a failover: until SAs are installed again, outages and packets that these lose, where a closed form says how long it
//! takes. Which form applies, the simulation tells: the one that gives what it gave.

use espsim_model::control::{Message, Prediction, predict, predict_negotiation, predict_switch, predict_update};
use espsim_model::profile::Profile;
use espsim_model::scenario::{AddressUpdate, Scenario, What};
use espsim_model::units::Time;

use super::control_path::ControlPath;
use super::{Drawn, Draws};
use crate::points::Point;
use crate::points::outcome::Outcome;

/// A closed form that is further off than this share of the simulated time is not the one that applies: where messages take
/// their medians, it is the simulated time but for what rounding leaves.
const APPLIES: f64 = 1e-3;
/// The share of losses that outages must make up, so that their number goes by outages.
const MOSTLY: f64 = 0.99;
/// Less time than this is none.
const NO_TIME: f64 = 1e-9;

/// What draws say of a point of a failover. Nothing is said of a time that no closed form gives.
pub fn of_failover(point: &Point, profile: &Profile, draws: &Draws, outcome: &Outcome) -> Vec<Drawn> {
    let scenario = &point.scenario;
    let Some(own) = ControlPath::of(scenario, profile) else { return Vec::new() };
    let drawn: Option<Vec<ControlPath>> =
        (0..draws.len() as u32).map(|draw| ControlPath::drawn(point, profile, draws.seed, draw)).collect();
    let Some(drawn) = drawn.filter(|drawn| !drawn.is_empty()) else { return Vec::new() };
    let factors = |metric: &str| -> Option<Vec<f64>> {
        let simulated = outcome.summary(metric, None)?.value;
        let (_, form) = FORMS.iter().filter(|(may_be, _)| may_be(scenario)).find(|(_, form)| {
            let says = form(scenario, &own).as_seconds();
            simulated > NO_TIME && (says / simulated - 1.0).abs() <= APPLIES
        })?;
        let now = form(scenario, &own).as_seconds();
        Some(drawn.iter().map(|path| form(scenario, path).as_seconds() / now).collect())
    };
    let mut found = Vec::new();
    for metric in ["reinstalled", "outage_max"] {
        found.extend(factors(metric).and_then(|factors| Drawn::band(metric, factors)));
    }
    // Packets come evenly: as many are lost as come within the mean outage.
    if let Some(factors) = factors("outage_mean") {
        found.extend(Drawn::band("outage_mean", factors.clone()));
        if loses_by_outages(scenario, outcome) {
            found.extend(Drawn::band("packets_lost", factors));
        }
    }
    found
}

/// Whether what is lost is what came for SAs or links that were out, and nothing was lost for want of room.
fn loses_by_outages(scenario: &Scenario, outcome: &Outcome) -> bool {
    let lost = |cause: &str| outcome.summary(&format!("packets_lost/{cause}"), None).map_or(0.0, |lost| lost.value);
    let out = lost("no_sa") + lost("no_carrier");
    let all = outcome.summary("packets_lost", None).map_or(0.0, |lost| lost.value);
    !scenario.traffic.is_empty() && all > 0.0 && out >= MOSTLY * all
}

/// What a closed form says that something takes.
type Form = fn(&Scenario, &ControlPath) -> Time;
/// Whether a form may apply to a scenario at all.
type MayBe = fn(&Scenario) -> bool;

/// Closed forms and what they are of. A link's loss is detected first, or was not what happened.
const FORMS: [(MayBe, Form); 19] = [
    (is_moved, |s, path| moved(s, path, true).last),
    (is_moved, |s, path| moved(s, path, false).last),
    (is_moved, |s, path| s.failover.detection + moved(s, path, true).last),
    (is_moved, |s, path| s.failover.detection + moved(s, path, false).last),
    (is_moved, |s, path| moved(s, path, true).mean),
    (is_moved, |s, path| moved(s, path, false).mean),
    (is_moved, |s, path| s.failover.detection + moved(s, path, true).mean),
    (is_moved, |s, path| s.failover.detection + moved(s, path, false).mean),
    (is_bond, |s, path| predict_switch(s.failover.detection, path.firmware, s.sas()).changed),
    (is_bond, |s, path| predict_switch(s.failover.detection, path.firmware, s.sas()).last),
    (is_updated, |s, path| update(s, path, &SAS_OF_BOTH_WAYS)),
    (is_updated, |s, path| s.failover.detection + update(s, path, &SAS_OF_BOTH_WAYS)),
    (is_updated, |s, path| update(s, path, &OUTBOUND)),
    (is_updated, |s, path| s.failover.detection + update(s, path, &OUTBOUND)),
    (is_updated, |s, path| update(s, path, &[Message::Migrate])),
    (is_updated, |s, path| s.failover.detection + update(s, path, &[Message::Migrate])),
    (is_negotiated, negotiation),
    (is_rekeyed, |s, path| path.times.of(Message::Rekey).scale(f64::from(s.sas()))),
    // The gap between an SA's deletion and its addition.
    (is_moved, |s, path| s.failover.detection + path.times.of(Message::AddOffload)),
];

/// Messages that move the outbound SA of a pair, and those of both.
const OUTBOUND: [Message; 3] = [Message::Get, Message::Delete, Message::AddOffload];
const SAS_OF_BOTH_WAYS: [Message; 4] = [Message::Inbound, Message::Get, Message::Delete, Message::AddOffload];

fn happens(s: &Scenario, what: &[What]) -> bool {
    s.failover.event.iter().any(|event| what.contains(&event.what))
}

fn is_moved(s: &Scenario) -> bool {
    s.failover.daemon.is_ideal() && s.failover.address_update == AddressUpdate::None && !is_rekeyed(s)
}

fn is_bond(s: &Scenario) -> bool {
    s.failover.kernel_moves()
}

fn is_updated(s: &Scenario) -> bool {
    s.failover.address_update != AddressUpdate::None
}

fn is_negotiated(s: &Scenario) -> bool {
    !s.failover.daemon.is_ideal() && happens(s, &[What::NicReset, What::AdminDown])
}

fn is_rekeyed(s: &Scenario) -> bool {
    s.failover.event.iter().all(|event| event.what == What::Rekey)
}

/// SAs that a daemon moves, or only installs again, one after the other; the standby takes as many as it has room for.
fn moved(s: &Scenario, path: &ControlPath, are_moved: bool) -> Prediction {
    let standby = s.nic.iter().find(|nic| nic.standby).or(s.nic.first());
    let room = standby.and_then(|nic| nic.esp.as_ref()).map_or(u32::MAX, |esp| esp.sa_capacity);
    predict(path.notification, &path.times, s.sas(), s.sas().min(room), s.failover.api, are_moved)
}

/// A daemon's update of its addresses, with these messages for each pair of SAs, or for each IKE SA.
fn update(s: &Scenario, path: &ControlPath, messages: &[Message]) -> Time {
    let f = &s.failover;
    let per_ike_sa = if messages == [Message::Migrate] { 1 } else { f.sas_per_ike_sa.min(s.sas()) };
    let times = messages.iter().map(|message| path.times.of(*message));
    let cost = times.fold(Time::ZERO, |sum, time| sum + time).scale(f64::from(per_ike_sa));
    let ike_sas = s.sas().div_ceil(f.sas_per_ike_sa.max(1));
    predict_update(path.notification + f.roam_delay(), path.exchange, f.round_trip, ike_sas, cost)
}

/// New SAs in the place of those that a NIC took along.
fn negotiation(s: &Scenario, path: &ControlPath) -> Time {
    let f = &s.failover;
    let told = f.detection + path.notification;
    predict_negotiation(told, path.exchange, f.round_trip, path.times.of(Message::Rekey), f.sas_per_ike_sa.min(s.sas()))
}

#[cfg(test)]
mod tests {
    use espsim_model::control::simulate_failover;
    use espsim_model::layers::{self, Origin};
    use espsim_model::preset;

    use super::*;
    use crate::points::Place;

    const ROUTE: &str = r#"
placement = "PLACEMENT"
sa.count = 64
[traffic]
arrival = "constant"
rate = "1 Gbps"
packet = "1400 B"
flows = 64
[[nic]]
[[nic]]
standby = true
[failover]
span = "300 ms"
detection = "10 ms"
[[failover.event]]
what = "WHAT"
DEVICE
at = "100 ms"
"#;

    fn point(placement: &str, what: &str) -> Point {
        let device = if what == "route-change" { "device = \"standby\"" } else { "device = \"nic\"" };
        let text = ROUTE.replace("PLACEMENT", placement).replace("WHAT", what).replace("DEVICE", device);
        let values = layers::resolve(&layers::flatten(&text.parse().unwrap(), &Origin::Scenario)).unwrap();
        let scenario = layers::scenario(&values).unwrap();
        Point { place: Place { series: String::new(), coordinates: Vec::new() }, values, scenario }
    }

    fn outcome(point: &Point, profile: &Profile) -> Outcome {
        let timeline = simulate_failover(&point.scenario, profile, 1).unwrap();
        Outcome { place: point.place.clone(), runs: vec![timeline.into()], drawn: Vec::new() }
    }

    fn profile() -> Profile {
        preset::profile("zen4").unwrap().unwrap()
    }

    /// Where a form applies, its factor is what a simulation with other times gives.
    #[test]
    fn what_forms_say_of_other_times_simulations_give() {
        let (profile, mut slow) = (profile(), profile());
        let sa = slow.sa.as_mut().unwrap();
        for delay in [&mut sa.add_offload, &mut sa.get, &mut sa.delete, &mut sa.add, &mut sa.refuse] {
            delay.quantiles.iter_mut().for_each(|(_, time)| *time = time.scale(3.0));
        }
        for (placement, what) in [("inline-packet", "route-change"), ("inline-packet", "link-down")] {
            let point = point(placement, what);
            let (before, after) = (outcome(&point, &profile), outcome(&point, &slow));
            let forms = [&profile, &slow].map(|of| ControlPath::of(&point.scenario, of).unwrap());
            for metric in ["reinstalled", "outage_max"] {
                let [now, then] = [&before, &after].map(|of| of.summary(metric, None).unwrap().value);
                let applies = |(may_be, form): &&(MayBe, Form)| {
                    may_be(&point.scenario)
                        && (form(&point.scenario, &forms[0]).as_seconds() / now - 1.0).abs() <= APPLIES
                };
                let (_, form) = FORMS.iter().find(applies).unwrap_or_else(|| panic!("{placement} {what} {metric}"));
                let [own, other] = [&forms[0], &forms[1]].map(|path| form(&point.scenario, path).as_seconds());
                assert!((other / own / (then / now) - 1.0).abs() < 0.01, "{placement} {what} {metric}");
                assert!(then > 1.2 * now, "{what} {metric}: it hangs on these times");
            }
        }
    }

    #[test]
    fn times_and_losses_have_bands_around_them_and_what_nobody_predicts_has_none() {
        let (profile, draws) = (profile(), Draws::new(&profile(), 200, 7));
        let point = point("inline-packet", "route-change");
        let mut outcome = outcome(&point, &profile);
        outcome.drawn = of_failover(&point, &profile, &draws, &outcome);
        for metric in ["reinstalled", "outage_max", "packets_lost"] {
            let (value, band) = (outcome.summary(metric, None).unwrap().value, outcome.band(metric, None).unwrap());
            assert!(
                band.low < 0.9 * value && value < 0.95 * band.high && band.high < 3.0 * value,
                "{metric}: {band:?}"
            );
            assert_eq!(band.n, 200);
        }
        assert_eq!(outcome.band("cpu_peak", None), None);
        // The same draws again.
        assert_eq!(of_failover(&point, &profile, &draws, &outcome), outcome.drawn);
        assert!(of_failover(&point, &profile, &Draws::default(), &outcome).is_empty());
    }
}
