//! Of a failover: until SAs are installed again, outages and packets that these lose, where a closed form says how long it
//! takes. Which form applies, the simulation tells: the one that gives what it gave.

use espsim_model::control::{Message, Prediction, predict, predict_negotiation, predict_switch, predict_update};
use espsim_model::profile::Profile;
use espsim_model::scenario::Scenario;
use espsim_model::units::Time;

use super::control_path::ControlPath;
use super::{Drawn, Draws};
use crate::points::Point;
use crate::points::outcome::Outcome;

/// A closed form that is further off than this share of the simulated time is not the one that applies.
const APPLIES: f64 = 0.02;
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
        let form = FORMS.iter().find(|form| {
            let says = (form)(scenario, &own).as_seconds();
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
    !scenario.traffic.is_empty() && all > 0.0 && out >= (1.0 - APPLIES) * all
}

/// What a closed form says that something takes.
type Form = fn(&Scenario, &ControlPath) -> Time;

/// Closed forms, those first that say more.
const FORMS: [Form; 14] = [
    |s, path| moved(s, path, true).last,
    |s, path| moved(s, path, false).last,
    |s, path| s.failover.detection + moved(s, path, true).last,
    |s, path| s.failover.detection + moved(s, path, false).last,
    |s, path| moved(s, path, true).mean,
    |s, path| moved(s, path, false).mean,
    |s, path| s.failover.detection + moved(s, path, true).mean,
    |s, path| s.failover.detection + moved(s, path, false).mean,
    |s, path| predict_switch(s.failover.detection, path.firmware, s.sas()).changed,
    |s, path| predict_switch(s.failover.detection, path.firmware, s.sas()).last,
    |s, path| update(s, path, Message::AddOffload),
    |s, path| update(s, path, Message::Migrate),
    |s, path| negotiation(s, path),
    |s, path| path.times.of(Message::Rekey).scale(f64::from(s.sas())),
];

/// SAs that a daemon moves, or only installs again, one after the other; the standby takes as many as it has room for.
fn moved(s: &Scenario, path: &ControlPath, are_moved: bool) -> Prediction {
    let standby = s.nic.iter().find(|nic| nic.standby).or(s.nic.first());
    let room = standby.and_then(|nic| nic.esp.as_ref()).map_or(u32::MAX, |esp| esp.sa_capacity);
    predict(path.notification, &path.times, s.sas(), s.sas().min(room), s.failover.api, are_moved)
}

/// A daemon's update of its addresses.
fn update(s: &Scenario, path: &ControlPath, of_each: Message) -> Time {
    let f = &s.failover;
    let per_ike_sa = f64::from(f.sas_per_ike_sa.min(s.sas()));
    let outbound = path.times.of(Message::Get) + path.times.of(Message::Delete) + path.times.of(Message::AddOffload);
    let cost = match of_each {
        Message::Migrate => path.times.of(Message::Migrate),
        _ => (path.times.of(Message::Inbound) + outbound).scale(per_ike_sa),
    };
    let ike_sas = s.sas().div_ceil(f.sas_per_ike_sa.max(1));
    predict_update(path.notification + f.roam_delay(), path.exchange, f.round_trip, ike_sas, cost)
}

/// New SAs in the place of those that a NIC took along.
fn negotiation(s: &Scenario, path: &ControlPath) -> Time {
    let f = &s.failover;
    let told = f.detection + path.notification;
    predict_negotiation(told, path.exchange, f.round_trip, path.times.of(Message::Rekey), f.sas_per_ike_sa.min(s.sas()))
}
