//! Traces: what they are read into, and that what was recorded is what comes.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use espsim_model::engine::recorded::{RecordedJob, Recording};
use espsim_model::preset;
use espsim_model::record::Record;
use espsim_model::scenario::Scenario;
use espsim_model::simulate;
use espsim_model::traffic::{CapturedPacket, PacketReader, PacketSource, PacketTrace, TraceError};
use espsim_model::units::BitRate;

use crate::common::near;

const PACKETS: u64 = 40_000;
const FLOWS: u64 = 16;
/// Picoseconds between two packets: those of 1000 octets come at 4 Gb/s.
const INTERVAL: u64 = 2_000_000;

/// Packets in memory, handed on so many at a time; some are missing from the second time on.
#[derive(Debug)]
struct Kept {
    packets: Arc<[CapturedPacket]>,
    at_a_time: usize,
    opened: AtomicUsize,
    missing_later: usize,
}

struct Reading(Arc<[CapturedPacket]>, Range<usize>, usize);

impl PacketSource for Kept {
    fn open(&self) -> Result<Box<dyn PacketReader>, String> {
        let missing = if self.opened.fetch_add(1, Ordering::Relaxed) > 0 { self.missing_later } else { 0 };
        Ok(Box::new(Reading(self.packets.clone(), 0..self.packets.len() - missing, self.at_a_time)))
    }
}

impl PacketReader for Reading {
    fn next(&mut self, block: &mut Vec<CapturedPacket>) -> Result<(), String> {
        let Reading(packets, left, at_a_time) = self;
        let end = left.end.min(left.start + *at_a_time);
        block.clear();
        block.extend_from_slice(&packets[left.start..end]);
        left.start = end;
        Ok(())
    }
}

fn survey(packets: impl Iterator<Item = (u64, u16, u32)>, missing_later: usize) -> Result<PacketTrace, TraceError> {
    let packets = packets.map(|(at, l3, flow)| CapturedPacket { at, flow, l3 }).collect();
    PacketTrace::survey(Arc::new(Kept { packets, at_a_time: 1000, opened: AtomicUsize::new(0), missing_later }))
}

/// Everything that a trace replays.
fn jobs(trace: &PacketTrace) -> Result<Vec<RecordedJob>, String> {
    let (mut playback, mut block, mut jobs) = (trace.play(), Vec::new(), Vec::new());
    loop {
        playback.next(&mut block)?;
        if block.is_empty() {
            return Ok(jobs);
        }
        jobs.extend_from_slice(&block);
    }
}

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
    let mut scenario = gateway("trace");
    scenario.traffic[0].rate = rate;
    scenario.traffic[0].replay(Arc::new(survey(packets, 0).unwrap()));
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
    let length = |i: u32| 40 + (i * 7919 % 1461) as u16;
    let trace = survey((0..10_000).map(|i| (u64::from(10_000 - i) * 1000, length(i), i % 3)), 0).unwrap();
    let jobs = jobs(&trace).unwrap();
    assert!(trace.mix().len() <= 64 && jobs.is_sorted_by_key(|job| job.at));
    assert_eq!((jobs[0].at, jobs.len(), trace.interval().as_ps()), (0, 10_000, 1000));
    let sizes = jobs.iter().map(|job| trace.mix()[usize::from(job.size)].size.get());
    near(sizes.sum::<u64>() as f64, (0..10_000).map(|i| f64::from(length(i))).sum(), 1e-3);
    let flows: std::collections::BTreeSet<u32> = jobs.iter().map(|job| job.flow).collect();
    assert_eq!(flows.into_iter().collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(survey(std::iter::empty(), 0).unwrap_err(), TraceError::TooFew(0));
}

/// Packets that swap places over some thousands come in order, of equal times as they stand; one that comes later than what
/// is held is refused, wherever it stands.
#[test]
fn order_is_kept_as_far_as_packets_are_held() {
    let swapped = |i: u64| (i / 8000 * 8000 + 7999 - i % 8000) / 2 * 1000;
    let trace = survey((0..100_000).map(|i| (swapped(i), 100, i as u32 % 7)), 0).unwrap();
    let mut expected: Vec<(u64, u32)> = (0..100_000).map(|i| (swapped(i), i as u32 % 7)).collect();
    expected.sort_by_key(|(at, _)| *at);
    let numbers: Vec<u32> = expected.iter().map(|(_, flow)| *flow).collect();
    let replayed = jobs(&trace).unwrap();
    assert!(replayed.iter().map(|job| job.at).eq(expected.iter().map(|(at, _)| *at)));
    // Flows have their numbers in the order in which they come first.
    let mut flows: Vec<u32> = Vec::new();
    for flow in &numbers {
        if !flows.contains(flow) {
            flows.push(*flow);
        }
    }
    assert!(replayed.iter().zip(&numbers).all(|(job, flow)| flows[job.flow as usize] == *flow));
    let late = |at: u64| (0..100_000).map(move |i| if i == at { (0, 100, 0) } else { (1000 * i + 1, 100, 0) });
    assert!(matches!(survey(late(60_000), 0), Err(TraceError::Read(why)) if why.contains("sort the trace")));
    assert!(survey(late(10_000), 0).is_ok());
}

/// A simulation whose packets are not those of the first pass gives no record.
#[test]
fn a_trace_that_changes_is_refused() {
    let even = (0..PACKETS).map(|i| (i * INTERVAL, 1000, 0));
    let mut scenario = gateway("trace");
    scenario.traffic[0].rate = None;
    scenario.traffic[0].replay(Arc::new(survey(even, 10).unwrap()));
    let refused = simulate(&scenario, &preset::profile("zen4").unwrap().unwrap(), 1).unwrap_err();
    assert!(refused.key == "traffic.trace" && refused.allowed.contains("has changed"), "{refused}");
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
