//! What simulations are expected to take, so that the longest come first. Only their order counts, and it need not be
//! right: over the shipped scenarios its rank correlation with measured times is 0.7.

use espsim_model::scenario::Scenario;

/// Packets of a batch, and how many batches most runs end after: see `espsim_model::simulate`.
const BATCH: (f64, f64) = (256.0, 16_384.0);
const BATCHES: f64 = 200.0;

/// Of a run: packets until the interval is narrow, which come in batches of a quarter of what is in flight, and how often
/// each goes over PCIe.
pub fn of_run(scenario: &Scenario) -> f64 {
    let window: f64 = scenario.classes().iter().map(|class| f64::from(class.window)).sum();
    let in_flight = if scenario.is_open() { 0.0 } else { window * f64::from(scenario.host.cores) };
    let packets = BATCHES * (in_flight / 4.0).clamp(BATCH.0, BATCH.1);
    packets.min(scenario.run.max_packets as f64) * f64::from(scenario.placement.crossings()).max(1.0)
}

/// Of a failover: the bits of its span.
pub fn of_failover(scenario: &Scenario) -> f64 {
    scenario.failover.span.as_seconds() * offered_gbps(scenario)
}

/// What all classes offer, in Gb/s.
fn offered_gbps(scenario: &Scenario) -> f64 {
    scenario.classes().iter().filter_map(|class| class.offered()).map(|rate| rate.as_gbps()).sum()
}
