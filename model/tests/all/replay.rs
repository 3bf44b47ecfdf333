//! Traces: what they are read into, and that what was recorded is what comes.

use std::sync::Arc;

use espsim_model::preset;
use espsim_model::record::Record;
use espsim_model::scenario::Scenario;
use espsim_model::simulate;
use espsim_model::traffic::TraceBuilder;
use espsim_model::units::BitRate;

use crate::common::near;

const PACKETS: u64 = 40_000;
const FLOWS: u64 = 16;
/// Picoseconds between two packets: those of 1000 octets come at 4 Gb/s.
const INTERVAL: u64 = 2_000_000;

fn gateway(arrival: &str) -> Scenario {
    let flows = FLOWS.to_string();
    let settings = [
        ("placement", "host"),
        ("host.cores", "4"),
        ("traffic.direction", "encrypt"),
        ("traffic.transport", "udp"),
        ("traffic.packet", "1000 B"),
        ("traffic.flows", flows.as_str()),
        ("traffic.rate", "4 Gbps"),
        ("traffic.rate_basis", "l3"),
        ("traffic.arrival", arrival),
        ("traffic.trace", "made here"),
    ];
    Scenario::from_settings(&settings).unwrap()
}

fn replayed(rate: Option<BitRate>, packets: impl Iterator<Item = (u64, u16, u32)>) -> Scenario {
    let mut trace = TraceBuilder::default();
    packets.for_each(|(at, l3, flow)| trace.push(at, l3, flow));
    let mut scenario = gateway("trace");
    scenario.traffic[0].rate = rate;
    scenario.traffic[0].replay(Arc::new(trace.finish().unwrap()));
    scenario
}

fn simulated(scenario: &Scenario) -> Record {
    simulate(scenario, &preset::profile("zen4").unwrap().unwrap(), 1).unwrap()
}

/// Packets at even times on flows in turn are what arrivals at a constant rate are; all of them come, and no more.
#[test]
fn even_packets_are_arrivals_at_a_constant_rate() {
    let even = |interval: u64| (0..PACKETS).map(move |i| (7 + i * interval, 1000, 90 + (i % FLOWS) as u32));
    let constant = simulated(&gateway("constant"));
    let (as_recorded, faster) =
        (replayed(None, even(INTERVAL)), replayed(Some(BitRate::from_bps(4_000_000_000)), even(9 * INTERVAL)));
    for scenario in [as_recorded, faster] {
        let record = simulated(&scenario);
        assert_eq!(record.packets, PACKETS);
        near(record.bound.offered.unwrap().as_pps(), constant.bound.offered.unwrap().as_pps(), 1e-4);
        near(record.packets_per_s.unwrap(), constant.packets_per_s.unwrap(), 1e-3);
        let mean = |record: &Record| record.latency.unwrap().mean_ns;
        near(mean(&record), mean(&constant), 0.01);
    }
}

/// The same packets in bursts of 64 wait for each other.
#[test]
fn bursts_of_a_trace_are_kept() {
    let burst = |i: u64| (i / 64 * 64 * INTERVAL, 1000, (i % FLOWS) as u32);
    let p50 = |scenario| simulated(&scenario).latency.unwrap().p50_ns;
    let (constant, bursts) = (p50(gateway("constant")), p50(replayed(None, (0..PACKETS).map(burst))));
    assert!(bursts > 2.0 * constant, "{bursts} and {constant}");
}

/// Lengths beyond 64 different ones come together with others', but octets stay; times are put in order.
#[test]
fn lengths_are_grouped_and_times_put_in_order() {
    let mut trace = TraceBuilder::default();
    let length = |i: u32| 40 + (i * 7919 % 1461) as u16;
    (0..10_000).for_each(|i| trace.push(u64::from(10_000 - i) * 1000, length(i), i % 3));
    let trace = trace.finish().unwrap();
    assert!(trace.mix().len() <= 64 && trace.jobs().is_sorted_by_key(|job| job.at));
    assert_eq!((trace.jobs()[0].at, trace.jobs().len(), trace.interval().as_ps()), (0, 10_000, 1000));
    let sizes = trace.jobs().iter().map(|job| trace.mix()[usize::from(job.size)].size.get());
    near(sizes.sum::<u64>() as f64, (0..10_000).map(|i| f64::from(length(i))).sum(), 1e-3);
    let flows: std::collections::BTreeSet<u32> = trace.jobs().iter().map(|job| job.flow).collect();
    assert_eq!(flows.into_iter().collect::<Vec<_>>(), [0, 1, 2]);
    assert!(TraceBuilder::default().finish().is_err());
}

/// What cannot be replayed is refused by the key that says so.
#[test]
fn what_cannot_be_replayed_is_refused() {
    let profile = preset::profile("zen4").unwrap().unwrap();
    let refused = |scenario: Scenario| simulate(&scenario, &profile, 1).unwrap_err().key;
    assert_eq!(refused(gateway("trace")), "traffic.trace");
    let packets = || (0..100).map(|i| (i * INTERVAL, 1000, 0));
    let slow = replayed(Some(BitRate::from_bps(1)), packets());
    assert_eq!(refused(slow), "traffic.trace");
    let mut sent = replayed(None, packets());
    sent.offload.gso.0 = Some(espsim_model::units::Bytes::new(64_000));
    sent.traffic[0].direction = espsim_model::traffic::Direction::Transmit;
    sent.traffic[0].transport = espsim_model::traffic::Transport::Tcp;
    assert_eq!(refused(sent), "traffic.arrival");
}
