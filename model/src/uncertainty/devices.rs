//! Numbers of devices by their keys, and the same scenario with one of them moved.

use super::within;
use crate::profile::Estimate;
use crate::scenario::Scenario;

/// A number of a device that may be otherwise, in its base unit (picoseconds, octets, bits or packets per second, pieces), with
/// its range; `None` for a key that is none of such a number, or whose number is exact.
pub fn device_estimate(scenario: &Scenario, key: &str) -> Option<Estimate> {
    let doubt = scenario.doubts.get(key)?;
    let value = scenario.clone().number_mut(key)?.get();
    (value == doubt.value).then_some(Estimate { value, low: Some(doubt.low), high: Some(doubt.high), n: None })
}

/// Numbers of a scenario's devices by their keys; `None` where there is no such number.
pub fn device_values(scenario: &Scenario, keys: &[String]) -> Vec<Option<f64>> {
    let mut scenario = scenario.clone();
    keys.iter().map(|key| scenario.number_mut(key).map(|number| number.get())).collect()
}

/// The same scenario with such a number moved, to the nearest that it may be.
pub fn device_moved(scenario: &Scenario, key: &str, value: f64) -> Option<Scenario> {
    let mut changed = scenario.clone();
    changed.number_mut(key)?.set(within(key, value));
    Some(changed)
}
