//! What simulations are expected to take, so that the longest come first. Only their order counts, and it need not be
//! right: over the shipped scenarios its rank correlation with measured times is 0.7.

use espsim_model::scenario::Scenario;

/// Packets of a batch, and how many batches most runs end after: see `espsim_model::simulate`.
const BATCH: (f64, f64) = (256.0, 16_384.0);
const BATCHES: f64 = 200.0;
/// Octets of a packet: those of an IMIX.
const MEAN_PACKET: f64 = 360.0;

/// Of a run: packets until the interval is narrow, which come in batches of a quarter of what is in flight, and how often
/// each goes over PCIe. Traces come to their end, and what else comes meanwhile.
pub fn of_run(scenario: &Scenario) -> f64 {
    let crossings = f64::from(scenario.placement.crossings()).max(1.0);
    let packets = of_traces(scenario).unwrap_or_else(|| until_narrow(scenario));
    packets * crossings
}

/// Packets until the longest of its traces has come; `None` without one.
fn of_traces(scenario: &Scenario) -> Option<f64> {
    let classes = scenario.classes();
    let traces: Vec<_> = classes.iter().filter_map(|class| class.replayed()).collect();
    let span = traces.iter().map(|trace| trace.span().as_seconds()).fold(0.0, f64::max);
    let packets: f64 = traces.iter().map(|trace| trace.packets() as f64).sum();
    let others = classes.iter().filter(|class| class.replayed().is_none()).filter_map(|class| class.offered());
    let octets: f64 = others.map(|rate| rate.as_bps() as f64 / 8.0 * span).sum();
    (!traces.is_empty()).then_some(packets + octets / MEAN_PACKET)
}

/// Packets until the interval is narrow.
fn until_narrow(scenario: &Scenario) -> f64 {
    let window: f64 = scenario.classes().iter().map(|class| f64::from(class.window)).sum();
    let in_flight = if scenario.is_open() { 0.0 } else { window * f64::from(scenario.host.cores) };
    let packets = BATCHES * (in_flight / 4.0).clamp(BATCH.0, BATCH.1);
    packets.min(scenario.run.max_packets as f64)
}

/// Of a failover: the bits of its span.
pub fn of_failover(scenario: &Scenario) -> f64 {
    scenario.failover.span.as_seconds() * offered_gbps(scenario)
}

/// What all classes offer, in Gb/s.
fn offered_gbps(scenario: &Scenario) -> f64 {
    scenario.classes().iter().filter_map(|class| class.offered()).map(|rate| rate.as_gbps()).sum()
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::file::trace;

    /// Of two traces the longer one is begun first, and both before what ends when its interval is narrow.
    #[test]
    fn a_longer_trace_is_expected_to_take_longer() {
        let of = |packets: u32| {
            let rows = (0..packets).map(|i| format!("{},64,1\n", 1000 * i));
            let table = std::iter::once("time_ns,length_bytes,flow\n".to_owned()).chain(rows).collect::<String>();
            let settings = [("traffic.arrival", "trace"), ("traffic.trace", "here"), ("traffic.direction", "encrypt")];
            let mut scenario = Scenario::from_settings(&settings).unwrap();
            scenario.traffic[0].replay(Arc::new(trace::parse(Path::new("here"), table.as_bytes()).unwrap()));
            of_run(&scenario)
        };
        let poisson = [("traffic.arrival", "poisson"), ("traffic.rate", "1 Gbps")];
        let other = of_run(&Scenario::from_settings(&poisson).unwrap());
        assert!(of(200_000) > other && of(200_000) > 1.9 * of(100_000));
    }
}
