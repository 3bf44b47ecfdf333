//! Which values of a profile and of devices decide what a scenario carries, by its closed-form bound.

use std::collections::BTreeMap;

use crate::bound::bound;
use crate::machine::Machine;
use crate::preset::Evidence;
use crate::profile::Profile;
use crate::scenario::Scenario;
use crate::stack::Stack;
use crate::traffic::Traffic;
use crate::uncertainty::{device_estimate, device_moved, ends, estimate, moved};

/// The most values that are named.
const MOST: usize = 6;
/// The least share of the bound that a value moves, from one end of its interval to the other, to be one that decides.
const LEAST: f64 = 0.05;

/// Key paths of the values of a profile, and of the estimates of devices, that move the tightest limit of some of these scenarios
/// most, from one end of their intervals to the other, the first one most; at most six, and none that moves it by less than
/// 5 %. A value of the profile without an interval is moved by 20 % either way.
pub fn deciding(profile: &Profile, scenarios: &[Scenario]) -> Vec<String> {
    let mut most: BTreeMap<String, f64> = BTreeMap::new();
    for scenario in scenarios {
        // What is known of a device with some error is no estimate.
        let known = |key: &str| scenario.doubts.get(key).is_some_and(|doubt| doubt.evidence != Evidence::Estimate);
        for (key, swing) in swings(profile, scenario).into_iter().filter(|(key, _)| !known(key)) {
            let largest = most.entry(key).or_default();
            *largest = swing.max(*largest);
        }
    }
    let mut swings: Vec<(String, f64)> = most.into_iter().filter(|(_, swing)| *swing >= LEAST).collect();
    swings.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    swings.truncate(MOST);
    swings.into_iter().map(|(key, _)| key).collect()
}

/// By how much, of one, each value of a profile that a scenario has to do with, and each number of its devices that is not
/// exact, moves its tightest limit, from one end of its interval to the other; none for a scenario without a limit.
pub fn swings(profile: &Profile, scenario: &Scenario) -> Vec<(String, f64)> {
    let Some(now) = limit(scenario, profile) else { return Vec::new() };
    let swing = |key: String| {
        let value = estimate(profile, &key).filter(|estimate| estimate.value != 0.0)?;
        let [low, high] =
            ends(&value).0.map(|end| moved(profile, &key, end).and_then(|profile| limit(scenario, &profile)));
        Some((key, (high? - low?).abs() / now))
    };
    let of_device = |key: &String| {
        let [low, high] = ends(&device_estimate(scenario, key)?).0;
        let at = |end: f64| limit(&device_moved(scenario, key, end)?, profile);
        Some((key.clone(), (at(high)? - at(low)?).abs() / now))
    };
    let keys = profile.values().into_iter().filter(|key| can_decide(profile, scenario, key));
    keys.filter_map(swing).chain(scenario.doubts.keys().filter_map(of_device)).collect()
}

/// Whether a scenario has anything to do with a value: costs of other stacks and of ciphers that are not in use have not.
fn can_decide(profile: &Profile, scenario: &Scenario, key: &str) -> bool {
    let table = key.split_once('.').map_or(key, |(table, _)| table);
    let uses = |class: &Traffic| {
        let cost = scenario.software_cost(profile, class.direction);
        cost.is_some_and(|cost| key.strip_prefix(&cost.key()).is_some_and(|rest| rest.starts_with('.')))
    };
    match table {
        "aead" => scenario.classes().iter().any(uses),
        _ => Stack::ALL.iter().all(|stack| stack.table() != table || *stack == scenario.host.stack),
    }
}

/// Packets per second that the tightest limit lets through, whatever is offered.
fn limit(scenario: &Scenario, profile: &Profile) -> Option<f64> {
    let machine = Machine::build(scenario, profile).ok()?;
    Some(bound(&machine).tightest()?.rate.as_pps()).filter(|rate| rate.is_finite() && *rate > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset;

    #[test]
    fn what_a_packet_pays_decides_and_other_stacks_do_not() {
        let profile = preset::profile("zen4").unwrap().unwrap();
        let scenario =
            |settings: &[(&str, &str)]| Scenario::from_settings(&[&[("host.cores", "1")], settings].concat()).unwrap();
        let host = scenario(&[("placement", "host"), ("traffic.packet", "1400 B")]);
        let keys = deciding(&profile, std::slice::from_ref(&host));
        assert!(keys.contains(&"stack.send".to_owned()) && keys.len() <= MOST, "{keys:?}");
        assert!(keys.iter().all(|key| !key.starts_with("vector.")), "{keys:?}");
        // Whose cipher is the cheapest pays for it; where the NIC encrypts nobody does.
        let cipher = |keys: &[String]| keys.iter().any(|key| key.starts_with("aead."));
        let gateway = [("host.stack", "vector"), ("traffic.direction", "encrypt"), ("traffic.packet", "1400 B")];
        let keys = |placement| {
            let scenario = scenario(&[&[("placement", placement)], &gateway[..]].concat());
            deciding(&profile, std::slice::from_ref(&scenario))
        };
        assert!(cipher(&keys("host")), "{:?}", keys("host"));
        assert!(!cipher(&keys("inline-packet")), "{:?}", keys("inline-packet"));
        assert!(deciding(&profile, &[]).is_empty());
    }
}
