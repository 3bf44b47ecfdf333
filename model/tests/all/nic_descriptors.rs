//! Packets within descriptors, and how many a NIC can gather by pointers: each against its closed form.

use espsim_model::machine::Machine;
use espsim_model::record::Record;
use espsim_model::resource::Resource;
use espsim_model::route::Category;
use espsim_model::scenario::Scenario;
use espsim_model::{bound, simulate};

use crate::common::{cycles, near, pps, profile};

fn scenario(base: &[(&str, &str)], settings: &[(&str, &str)]) -> Scenario {
    let settings: Vec<(&str, &str)> = [base, settings].concat();
    Scenario::from_settings(&settings).unwrap()
}

/// Frames of 64 B that cores forward in the clear, without interrupts.
const FORWARDS: [(&str, &str); 7] = [
    ("placement", "clear"),
    ("host.stack", "vector"),
    ("host.cores", "40"),
    ("traffic.direction", "encrypt"),
    ("traffic.packet", "64 B"),
    ("traffic.size_basis", "clear-l2"),
    ("nic.descriptor", "16 B"),
];

fn forwards(settings: &[(&str, &str)]) -> Record {
    let more = [("nic.completion_batch", "64"), ("nic.receive_completion_batch", "8"), ("traffic.flows", "4096")];
    let base: Vec<(&str, &str)> = FORWARDS.iter().chain(&more).copied().collect();
    simulate(&scenario(&base, settings), &profile("ice-lake-sp"), 1).unwrap()
}

#[test]
fn a_nic_gathers_so_many_packets_whatever_their_queues() {
    let pointers = forwards(&[]);
    assert_eq!(pointers.bottleneck, Some(Resource::NicGather));
    near(pps(&pointers), 72e6, 0.01);
    // As published, those within descriptors pass beside it.
    let inlined = forwards(&[("nic.inline", "268 B")]);
    assert_ne!(inlined.bottleneck, Some(Resource::NicGather));
    assert!(pps(&inlined) > 1.5 * pps(&pointers), "{}", pps(&inlined));
    // Larger packets never come so close together on the wire, and do not visit it.
    let stations = |packet: &str| {
        let s = scenario(&FORWARDS, &[("traffic.packet", packet)]);
        Machine::build(&s, &profile("ice-lake-sp")).unwrap().platform.stations
    };
    let gathers = |packet: &str| stations(packet).iter().any(|station| station.resource == Resource::NicGather);
    assert!(gathers("64 B") && !gathers("256 B"));
}

#[test]
fn the_rate_grows_with_queues_up_to_that_of_the_chip() {
    let at = |cores: &str| {
        let limits = [("nic.queue_packet_rate", "6 Mpps"), ("nic.packet_rate", "20 Mpps"), ("host.cores", cores)];
        // By turns, so that each queue has as many.
        pps(&forwards(&[&limits[..], &[("traffic.flows", "64"), ("traffic.window", "512")]].concat()))
    };
    // In and out take turns at a queue pair.
    near(at("1"), 3e6, 0.01);
    near(at("4"), 12e6, 0.02);
    near(at("16"), 20e6, 0.01);
}

/// Octets of a packet on the link, one way.
fn on_link(base: &[(&str, &str)], settings: &[(&str, &str)], link: Resource) -> f64 {
    let scenario = scenario(base, settings);
    let machine = Machine::build(&scenario, &profile("ice-lake-sp")).unwrap();
    let limit = bound::bound(&machine).limits.into_iter().find(|limit| limit.resource == link).unwrap();
    scenario.nic[0].pcie.tlp_rate().as_bps() as f64 / 8.0 / limit.rate.as_pps()
}

#[test]
fn a_packet_in_its_descriptor_needs_no_read_of_its_own() {
    let octets = |inline: &str, link| {
        let settings = [("nic.descriptor_batch", "1"), ("nic.inline", inline)];
        on_link(&FORWARDS, &settings, link)
    };
    // Of 60 B without FCS: a descriptor of 16 B and a packet in a TLP each, or 64 B in one.
    let down = octets("59 B", Resource::NicLinkDown) - octets("60 B", Resource::NicLinkDown);
    near(down, (16.0 + 20.0 + 60.0 + 20.0) - (64.0 + 20.0), 0.01);
    let up = octets("59 B", Resource::NicLinkUp) - octets("60 B", Resource::NicLinkUp);
    near(up, 24.0, 0.01);
}

#[test]
fn copying_into_a_descriptor_costs_the_core_and_saves_a_round_trip() {
    let base = [
        ("placement", "clear"),
        ("traffic.packet", "200 B"),
        ("traffic.arrival", "constant"),
        ("traffic.rate", "10 Mbps"),
        ("run.max_packets", "50000"),
        ("nic.descriptor_batch", "1"),
    ];
    let host = profile("ice-lake-sp");
    let [pointer, inlined] = ["off", "256 B"].map(|inline| {
        let more = [("nic.inline", inline)];
        let settings = if inline == "off" { &more[..0] } else { &more[..] };
        simulate(&scenario(&base, settings), &host, 1).unwrap()
    });
    // Ethernet header and 200 B.
    let copied = host.memory.copy.0 * 214.0;
    near(cycles(&inlined, Category::Copy) - cycles(&pointer, Category::Copy), copied, 0.01);
    let mean = |record: &Record| record.latency.unwrap().mean_ns;
    // Latency of the root complex, request and completion on the link at 29 GB/s, but for what the descriptor takes more:
    // 208 B and a second TLP.
    let clock = host.host.clock(1, None).get() as f64;
    let saved = 400.0 + (24.0 + 214.0 + 20.0 - 208.0 - 20.0) / 29.0 - copied / clock * 1e9;
    near(mean(&pointer) - mean(&inlined), saved, 0.01);
    assert_eq!(inlined.pcie_crossings, Some(1.0));
}

/// A super-packet has one request less where its headers lie in the descriptor.
#[test]
fn headers_within_the_descriptor_are_not_read() {
    let base =
        [("placement", "clear"), ("offload.gso", "32 KiB"), ("traffic.acks", "false"), ("nic.descriptor_batch", "1")];
    let octets = |inline: &str, link| on_link(&base, &[("nic.inline_headers", inline)], link);
    // Per packet, of which a send has as many as the sizes say.
    let segments = {
        let scenario = scenario(&base, &[]);
        let machine = Machine::build(&scenario, &profile("ice-lake-sp")).unwrap();
        machine.classes[0].packets_per_send()
    };
    let up = octets("false", Resource::NicLinkUp) - octets("true", Resource::NicLinkUp);
    near(up * segments, 24.0, 0.01);
    // 42 B of headers in a TLP of their own, or in three segments in place of a pointer.
    let down = octets("false", Resource::NicLinkDown) - octets("true", Resource::NicLinkDown);
    near(down * segments, (42.0 + 20.0) - 2.0 * 16.0, 0.02);
}
