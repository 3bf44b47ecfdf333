//! Tunnels inside ESP: their headers, and what they hide from the NIC.

use espsim_model::record::Record;
use espsim_model::route::Category;
use espsim_model::scenario::Scenario;
use espsim_model::simulate;
use espsim_model::traffic::Basis;

use crate::common::{cycles, goodput, near, pps, profile};

fn scenario(settings: &[(&str, &str)]) -> Scenario {
    let base = [("traffic.transport", "tcp"), ("sa.mode", "transport"), ("traffic.packet", "1376 B")];
    Scenario::from_settings(&[&base[..], settings].concat()).unwrap()
}

fn run(settings: &[(&str, &str)]) -> Record {
    simulate(&scenario(settings), &profile("haswell"), 1).unwrap()
}

/// Headers of the tunnel are on the wire, and its device costs a core.
#[test]
fn a_tunnel_inside_is_on_the_wire_and_on_the_core() {
    let at = |inside| run(&[("sa.inside", inside), ("placement", "host"), ("traffic.acks", "false")]);
    let wire = |record: &Record| record.rate(Basis::Wire).unwrap().gbps * 1e9 / 8.0 / pps(record);
    let plain = at("nothing");
    // Transport mode spares the inner header, a tunnel does not; ESP pads to four octets.
    for (inside, header) in [("gre", 4.0), ("vxlan", 30.0), ("l2tp", 18.0)] {
        let record = at(inside);
        let more = wire(&record) - wire(&plain) - 20.0 - header;
        assert!((0.0..4.0).contains(&more.abs()), "{inside}: {more}");
        near(cycles(&record, Category::Tunnel), profile("haswell").stack.tunnel.0, 1e-6);
        assert!(goodput(&record) < goodput(&plain));
    }
    assert_eq!(cycles(&plain, Category::Tunnel), 0.0);
}

/// Behind GRE or L2TP the NIC finds no TCP: the CPU segments and sums. A VXLAN in transport mode it knows.
#[test]
fn what_the_nic_does_not_find_the_cpu_does() {
    let at = |inside, mode| {
        run(&[
            ("sa.inside", inside),
            ("sa.mode", mode),
            ("placement", "inline-crypto"),
            ("offload.gso", "64 KiB"),
            ("traffic.flows", "1"),
            ("sa.count", "1"),
        ])
    };
    for (inside, mode, seen) in [
        ("nothing", "transport", true),
        ("vxlan", "transport", true),
        ("vxlan", "tunnel", false),
        ("gre", "transport", false),
        ("l2tp", "transport", false),
    ] {
        let record = at(inside, mode);
        assert_eq!(cycles(&record, Category::Segment) == 0.0, seen, "{inside} {mode}");
        assert_eq!(cycles(&record, Category::Checksum) == 0.0, seen, "{inside} {mode}");
    }
    assert!(goodput(&at("gre", "transport")) < 0.6 * goodput(&at("nothing", "transport")));
}

/// PPP has no queue in which what it carries would be merged.
#[test]
fn what_comes_out_of_ppp_is_not_merged() {
    let merged = |inside| {
        let settings = [("sa.inside", inside), ("placement", "inline-crypto"), ("traffic.direction", "receive")];
        cycles(&run(&settings), Category::Gro) > 0.0
    };
    assert!(merged("gre") && merged("vxlan") && !merged("l2tp"));
    let xdp = [("host.stack", "xdp"), ("placement", "inline-packet"), ("traffic.direction", "encrypt")];
    let checked = scenario(&[&xdp[..], &[("sa.inside", "gre")]].concat()).check(&profile("zen4"));
    assert_eq!(checked.unwrap_err().key, "sa.inside");
}
