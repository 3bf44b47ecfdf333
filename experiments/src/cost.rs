//! What simulations are expected to take, so that the longest come first. Only their order counts.

use espsim_model::scenario::Scenario;

/// Of a run: its packets.
pub fn of_run(scenario: &Scenario) -> f64 {
    scenario.run.max_packets as f64
}

/// Of a failover: the packets of its span.
pub fn of_failover(scenario: &Scenario) -> f64 {
    scenario.failover.span.as_seconds() * scenario.traffic.rate.map_or(0.0, |rate| rate.as_gbps())
}
