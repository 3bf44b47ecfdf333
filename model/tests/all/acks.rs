//! ACKs of TCP: how many there are, and what they take.

use espsim_model::bound::bound;
use espsim_model::machine::Machine;
use espsim_model::record::Record;
use espsim_model::resource::Resource;
use espsim_model::route::Category;
use espsim_model::scenario::Scenario;
use espsim_model::simulate;

use crate::common::{cycles, goodput, near, profile};

fn scenario(settings: &[(&str, &str)]) -> Scenario {
    let base = [("traffic.transport", "tcp"), ("traffic.packet", "1400 B"), ("nic.preset", "connectx-7")];
    Scenario::from_settings(&[&base[..], settings].concat()).unwrap()
}

fn run(settings: &[(&str, &str)]) -> Record {
    simulate(&scenario(settings), &profile("ice-lake-sp"), 1).unwrap()
}

/// One for two segments (RFC 5681), which goes through the driver and the cipher as any packet.
#[test]
fn two_segments_are_acknowledged_by_one_packet() {
    let stack = profile("ice-lake-sp").stack;
    let unmerged = [("offload.gro", "off"), ("traffic.train", "1")];
    let received = run(&[&unmerged[..], &[("placement", "host"), ("traffic.direction", "receive")]].concat());
    near(cycles(&received, Category::Transmit), stack.transmit.0 / 2.0, 0.01);
    near(cycles(&received, Category::Send), stack.ack.0 / 2.0, 0.01);
    near(cycles(&received, Category::CryptoRequest), stack.crypto_request.0 * 1.5, 0.01);
    let sent = run(&[("offload.gro", "off"), ("placement", "host")]);
    near(cycles(&sent, Category::Receive), stack.receive.0 / 2.0, 0.01);
    near(cycles(&sent, Category::Deliver), stack.ack.0 / 2.0, 0.01);
    near(cycles(&sent, Category::Xfrm), stack.xfrm.0 * 1.5, 0.01);
    for direction in ["encrypt", "decrypt"] {
        let forwarded = run(&[&unmerged[..], &[("placement", "host"), ("traffic.direction", direction)]].concat());
        near(cycles(&forwarded, Category::Xfrm), stack.xfrm.0 * 1.5, 0.01);
        near(cycles(&forwarded, Category::Policy), 1.5 * cycles(&with_udp(direction), Category::Policy), 0.01);
    }
}

fn with_udp(direction: &str) -> Record {
    run(&[("placement", "host"), ("traffic.direction", direction), ("traffic.transport", "udp")])
}

/// Where GRO merges there is one for what has merged: of a super-packet of the sender, or of what a poll has found.
#[test]
fn what_has_merged_is_acknowledged_once() {
    let stack = profile("ice-lake-sp").stack;
    let received = run(&[("placement", "clear"), ("traffic.direction", "receive"), ("traffic.flows", "1")]);
    // 64 KiB are read at once.
    let read = stack.read.0 * 1348.0 / 65_536.0;
    let merged = (cycles(&received, Category::Deliver) - read) / stack.deliver.0;
    near(cycles(&received, Category::Send), merged * stack.ack.0, 0.01);
    assert!(merged < 0.04, "{merged}");
    let sent = run(&[("placement", "inline-crypto"), ("offload.gso", "64 KiB")]);
    let segments = (65_536.0f64 - 52.0) / 1348.0;
    near(cycles(&sent, Category::Deliver), stack.ack.0 / segments.floor(), 0.01);
}

/// They take their part of cores, of the wire the other way, and of everything between; UDP has none.
#[test]
fn acks_take_cores_and_the_other_way() {
    let base = [("placement", "host"), ("offload.gro", "off"), ("traffic.direction", "receive")];
    let at = |acks: &'static str| run(&[&base[..], &[("traffic.acks", acks)]].concat());
    let (with, without) = (at("true"), at("false"));
    assert!(goodput(&with) < 0.95 * goodput(&without), "{} {}", goodput(&with), goodput(&without));
    let wire_out = |acks: &'static str| {
        let machine = Machine::build(&scenario(&[&base[..], &[("traffic.acks", acks)]].concat()), &profile("zen4"));
        let limits = bound(&machine.unwrap()).limits;
        limits.into_iter().find(|limit| limit.resource == Resource::Wire).map(|limit| limit.rate.as_pps())
    };
    assert_eq!(wire_out("false"), None);
    // An ACK of 20 + 32 octets in a tunnel of 58 and its padding, every second packet.
    let frame = 20.0 + 16.0 + 56.0 + 16.0 + 18.0 + 20.0;
    let line = scenario(&[]).nic[0].line_rate.as_bps() as f64;
    near(wire_out("true").unwrap(), 2.0 * line / 8.0 / frame, 1e-6);
    let udp = |acks| run(&[&base[..], &[("traffic.transport", "udp"), ("traffic.acks", acks)]].concat());
    assert_eq!(udp("true"), udp("false"));
}

/// The published cores of a receiver of 64 streams scale as they do here: 27.9, 59 and 93 Gb/s on 1, 2 and 4 (LEON22).
#[test]
fn cores_that_receive_64_streams_scale_as_published() {
    let at = |cores| {
        let settings = [("host.cores", cores), ("placement", "clear"), ("traffic.direction", "receive")];
        goodput(&run(&[&settings[..], &[("traffic.packet", "1446 B"), ("traffic.flows", "64")]].concat()))
    };
    let [one, two, four] = ["1", "2", "4"].map(at);
    near(two / one, 59.0 / 27.9, 0.15);
    // What the published wire of 100 Gb/s held back on four.
    near(four.min(94.1 * one / 27.9) / one, 93.1 / 27.9, 0.15);
}
