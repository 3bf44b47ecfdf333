//! What cores take of DRAM and wait for it, against its closed form.

use espsim_model::profile::Profile;
use espsim_model::record::Record;
use espsim_model::resource::Resource;
use espsim_model::route::Category;
use espsim_model::scenario::Scenario;
use espsim_model::simulate;
use espsim_model::units::{BitRate, Cycles};

use crate::common::{cycles, near, pps, profile};

/// A host of little memory bandwidth.
fn slow_memory() -> Profile {
    let mut host = profile("ice-lake-sp");
    host.memory.bandwidth = BitRate::from_gbps(20.0);
    host
}

fn run(host: &Profile, base: &[(&str, &str)], settings: &[(&str, &str)]) -> Record {
    let settings: Vec<(&str, &str)> = [base, settings].concat();
    simulate(&Scenario::from_settings(&settings).unwrap(), host, 1).unwrap()
}

const COPIES: [(&str, &str); 4] =
    [("placement", "clear"), ("traffic.packet", "1028 B"), ("offload.gro", "off"), ("host.cores", "16")];

/// Payload of these packets, UDP over IPv4.
const PAYLOAD: f64 = 1000.0;

/// Ten times the L3 of 60 MiB: nine of ten octets are not there. To send, they are read; to receive, lines are read and
/// written.
#[test]
fn copies_of_what_the_cache_does_not_hold_take_memory_bandwidth() {
    let at = |direction, working_set| {
        run(&slow_memory(), &COPIES, &[("traffic.direction", direction), ("host.working_set", working_set)])
    };
    for (direction, times) in [("transmit", 1.0), ("receive", 2.0)] {
        let record = at(direction, "600 MiB");
        assert_eq!(record.bottleneck, Some(Resource::Memory), "{direction}");
        near(pps(&record), 20e9 / 8.0 / (0.9 * times * PAYLOAD), 0.01);
        // What fits takes nothing, and neither does what nobody says.
        let fits = at(direction, "60 MiB");
        assert_ne!(fits.bottleneck, Some(Resource::Memory));
        let silent = run(&slow_memory(), &COPIES, &[("traffic.direction", direction)]);
        assert_eq!(pps(&fits), pps(&silent));
    }
}

/// The CPU's cipher touches all of a packet, forwarding its headers: where devices write to memory, that is read from there.
#[test]
fn without_direct_cache_access_cores_read_what_was_received() {
    let base =
        [("traffic.direction", "encrypt"), ("traffic.packet", "1010 B"), ("host.cores", "40"), ("host.ddio_ways", "0")];
    let at = |placement| run(&slow_memory(), &base, &[("placement", placement)]);
    // 1024 B with the Ethernet header are written by the NIC, its descriptors of 16 and 64 B read, and the packet that leaves.
    let octets = |record: &Record| 20e9 / 8.0 / pps(record);
    near(octets(&at("clear")), 1024.0 + 64.0 + 1024.0 + 64.0 + 16.0, 0.02);
    let sealed = at("host");
    assert_eq!(sealed.bottleneck, Some(Resource::Memory));
    // Outer header, ESP header, IV, padding, trailer, ICV: 1066 to 1070 B with Ethernet header.
    near(octets(&sealed), 1024.0 + 1024.0 + 1068.0 + 64.0 + 16.0, 0.02);
}

/// Cycles of waiting per packet with rings of so many descriptors and two ways of DDIO.
fn waits(ring: &str, settings: &[(&str, &str)]) -> f64 {
    let base = [&COPIES[..], &[("traffic.direction", "receive"), ("nic.ring", ring), ("host.ddio_ways", "2")]].concat();
    cycles(&run(&profile("ice-lake-sp"), &base, settings), Category::Memory)
}

#[test]
fn a_core_waits_for_lines_that_leaked() {
    let host = profile("ice-lake-sp");
    let line = Cycles(70e-9 * host.host.clock(16, None).get() as f64).0;
    // 2 of 12 ways of 60 MiB, and 16 rings of 4096 buffers of 17 lines and a completion.
    let share = |lines: f64| 1.0 - 10.0 * f64::from(1 << 20) / (16.0 * 4096.0 * (lines + 1.0) * 64.0);
    // Completion and headers one after the other, the rest of what is copied ten at a time.
    near(waits("4096", &[]), share(17.0) * line * (2.0 + 16.0 / 10.0), 0.01);
    // In small rings nothing leaks.
    assert_eq!(waits("256", &[]), 0.0);
    // A slower memory costs in proportion.
    near(waits("4096", &[("host.line_wait", "140 ns")]), 2.0 * waits("4096", &[]), 0.01);
}

#[test]
fn who_forwards_waits_for_headers_alone_and_prefetches() {
    let forwards = [("traffic.direction", "encrypt"), ("nic.ring", "8192"), ("host.ddio_ways", "2")];
    let at = |more: &[(&str, &str)]| {
        let base = [&COPIES[..], &forwards, more].concat();
        cycles(&run(&profile("ice-lake-sp"), &base, &[]), Category::Memory)
    };
    let (kernel, vector) = (at(&[]), at(&[("host.stack", "vector")]));
    assert!(kernel > 0.0);
    near(kernel / vector, 10.0, 0.01);
    // The CPU's cipher goes through all of it.
    assert!(at(&[("placement", "host")]) > 1.5 * kernel);
}
