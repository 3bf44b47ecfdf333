//! Costs belong to the stack in use, and what no real system does is refused: each mechanism against its closed form.

use espsim_model::preset;
use espsim_model::profile::Profile;
use espsim_model::record::Record;
use espsim_model::resource::Resource;
use espsim_model::route::Category;
use espsim_model::scenario::Scenario;
use espsim_model::simulate;
use espsim_model::stack::Stack;
use espsim_model::traffic::Basis;

use crate::common::{cycles, near, pps};

fn profile() -> Profile {
    crate::common::profile("haswell")
}

fn run_on(profile: &Profile, settings: &[(&str, &str)]) -> Record {
    simulate(&Scenario::from_settings(settings).unwrap(), profile, 1).unwrap()
}

fn run(settings: &[(&str, &str)]) -> Record {
    run_on(&profile(), settings)
}

fn refused(settings: &[(&str, &str)]) -> String {
    Scenario::from_settings(settings).unwrap().check(&profile()).unwrap_err().to_string()
}

const GATEWAY: [(&str, &str); 2] = [("traffic.direction", "encrypt"), ("traffic.packet", "256 B")];

fn gateway(more: &[(&str, &str)]) -> Record {
    run(&[&GATEWAY[..], more].concat())
}

/// Costs of another stack change nothing to the last bit.
#[test]
fn no_placement_pays_for_a_stack_that_is_not_in_use() {
    let double = |of: Stack| {
        let mut profile = profile();
        let costs = profile.costs_mut(of).unwrap();
        for cost in espsim_model::stack::COSTS {
            *cost.of(costs) = *cost.of(costs) * 2.0;
        }
        profile
    };
    for (stack, placements) in [
        ("kernel", &["clear", "host", "lookaside", "inline-crypto", "inline-packet"][..]),
        ("vector", &["clear", "host", "lookaside", "inline-crypto", "inline-packet"]),
        ("xdp", &["clear", "inline-packet"]),
    ] {
        for placement in placements {
            let at =
                [&GATEWAY[..], &[("host.stack", stack), ("placement", placement), ("lookaside.driver", "complete")]];
            let at = at.concat();
            let base = run(&at);
            for other in Stack::ALL {
                let same = run_on(&double(other), &at) == base;
                assert_eq!(same, other.name() != stack, "{stack} {placement}: costs of {other:?}");
            }
        }
    }
}

#[test]
fn a_polling_stack_has_no_interrupts_and_frees_in_bulk() {
    let costs = profile().vector.unwrap();
    for placement in ["clear", "host", "lookaside", "inline-packet"] {
        let record = gateway(&[("placement", placement), ("host.stack", "vector"), ("traffic.window", "4096")]);
        assert_eq!(cycles(&record, Category::Interrupt), 0.0, "{placement}");
        near(cycles(&record, Category::Complete), costs.complete.0, 0.01);
        // One doorbell for all packets of a poll.
        assert!(cycles(&record, Category::Doorbell) < costs.doorbell.0 / 50.0, "{placement}");
    }
    let kernel = gateway(&[("placement", "clear")]);
    near(cycles(&kernel, Category::Doorbell), profile().stack.doorbell.0, 0.01);
}

#[test]
fn xdp_forwards_in_the_clear_or_by_packet_offload() {
    let xdp = [("host.stack", "xdp"), ("traffic.packet", "64 B"), ("traffic.direction", "encrypt")];
    let at = |placement: &'static str| [&xdp[..], &[("placement", placement)]].concat();
    for placement in ["clear", "inline-packet"] {
        let kernel = run(&[&at(placement)[..], &[("host.stack", "kernel")]].concat());
        assert!(pps(&run(&at(placement))) > 3.0 * pps(&kernel), "{placement}");
    }
    for placement in ["host", "lookaside", "inline-crypto"] {
        assert!(refused(&at(placement)).contains("no ESP in XDP"), "{placement}");
    }
    let transmit = [("host.stack", "xdp"), ("placement", "clear")];
    assert!(refused(&transmit).contains("`host.stack` is xdp"));
}

/// QAT's drivers in the kernel have CBC with HMAC and no GCM; Linux then takes the CPU's.
#[test]
fn the_kernel_has_the_ciphers_that_its_driver_registers() {
    let gcm = [("placement", "lookaside"), ("host.cores", "4")];
    let kernel = run(&gcm);
    assert_eq!((kernel.spread.sas_as_asked, kernel.spread.sas_fallen_back), (0, 64));
    assert_eq!(pps(&kernel), pps(&run(&[("placement", "host"), ("host.cores", "4")])));
    let cbc = run(&[&gcm[..], &[("sa.algorithm", "aes-128-cbc-hmac-sha1-96")]].concat());
    assert_eq!((cbc.spread.sas_as_asked, cycles(&cbc, Category::Aead)), (64, 0.0));
    for more in [[("lookaside.driver", "complete")], [("host.stack", "vector")]] {
        let card = gateway(&[&gcm[..], &more].concat());
        assert_eq!((card.spread.sas_as_asked, cycles(&card, Category::Aead)), (64, 0.0));
    }
}

/// Whoever encrypts: a forwarded packet's policy is looked up, in a tree that grows where policies are for prefixes.
#[test]
fn every_forwarded_packet_pays_for_the_policy_lookup() {
    let stack = profile().stack;
    for placement in ["host", "inline-crypto", "inline-packet"] {
        for direction in ["encrypt", "decrypt"] {
            let policy = |more: &[(&str, &str)]| {
                let base = [("placement", placement), ("traffic.direction", direction), ("traffic.flows", "2000")];
                cycles(&run(&[&base[..], more].concat()), Category::Policy)
            };
            near(policy(&[("sa.count", "1")]), stack.policy.0 + stack.policy_level.0, 1e-9);
            near(policy(&[("sa.count", "1023")]), stack.policy.0 + 10.0 * stack.policy_level.0, 1e-9);
            near(policy(&[("sa.count", "1023"), ("sa.selectors", "exact")]), stack.policy.0, 1e-9);
        }
    }
    assert_eq!(cycles(&gateway(&[("placement", "clear")]), Category::Policy), 0.0);
    assert_eq!(cycles(&gateway(&[("placement", "host"), ("host.stack", "vector")]), Category::Policy), 0.0);
    // What an application sends has its bundle already.
    assert_eq!(cycles(&run(&[("placement", "host")]), Category::Policy), 0.0);
}

#[test]
fn hooks_are_passed_where_they_are_on() {
    let stack = profile().stack;
    let on = [("host.netfilter", "true"), ("host.conntrack", "true")];
    for base in [("traffic.direction", "transmit"), ("traffic.direction", "encrypt")] {
        let at =
            |more: &[(&str, &str)]| cycles(&run(&[&[base, ("placement", "host")], more].concat()), Category::Netfilter);
        assert_eq!(at(&[]), 0.0);
        near(at(&on), stack.netfilter.0 + stack.conntrack.0, 1e-9);
    }
}

/// The kernel's crypto API costs the CPU's own cipher a request, whatever the size; a card and a NIC have their own.
#[test]
fn the_cpus_own_cipher_takes_a_request() {
    let of = |placement: &str, size: &str| {
        let record = run(&[("placement", placement), ("traffic.packet", size), ("lookaside.driver", "complete")]);
        cycles(&record, Category::CryptoRequest)
    };
    for size in ["64 B", "1400 B"] {
        near(of("host", size), profile().stack.crypto_request.0, 1e-9);
        assert_eq!((of("lookaside", size), of("inline-crypto", size)), (0.0, 0.0));
    }
}

/// The state of few SAs is in L2; of many it is in L3 and in memory.
#[test]
fn many_sas_cost_more_than_few() {
    for stack in ["kernel", "vector"] {
        let at = |sas: &str| {
            let more = [("placement", "host"), ("host.stack", stack), ("host.cores", "4"), ("traffic.flows", "100000")];
            let record = gateway(&[&more[..], &[("sa.count", sas)]].concat());
            (cycles(&record, Category::SaState), pps(&record))
        };
        let all: Vec<(f64, f64)> = ["4", "1000", "10000", "100000"].into_iter().map(at).collect();
        assert_eq!(all[0].0, 0.0, "{stack}");
        assert!(all.windows(2).all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 >= pair[1].1), "{stack}: {all:?}");
        assert!(all[3].0 > 2.0 * all[2].0 && all[2].0 > 20.0, "{stack}: {all:?}");
        assert!(all[3].1 < 0.9 * all[0].1, "{stack}: {all:?}");
    }
}

/// TCP that is forwarded is merged first: route and policy are paid once for many segments, whoever cuts them again.
#[test]
fn forwarded_tcp_is_routed_once_for_many_segments() {
    let stack = profile().stack;
    let base =
        [("traffic.direction", "encrypt"), ("traffic.packet", "1400 B"), ("traffic.flows", "1"), ("sa.count", "1")];
    for placement in ["clear", "host", "inline-crypto", "inline-packet"] {
        // ACKs are forwarded too, and do not merge.
        let more = |transport| [("placement", placement), ("traffic.transport", transport), ("traffic.acks", "false")];
        let at = |transport| run(&[&base[..], &more(transport)].concat());
        let (udp, tcp) = (at("udp"), at("tcp"));
        near(cycles(&udp, Category::Forward), stack.forward.0, 1e-9);
        // 64 KiB are 46 packets of 1400 B: of a poll of 64 two are made.
        near(cycles(&tcp, Category::Forward), stack.forward.0 / 32.0, 0.02);
        near(cycles(&tcp, Category::Gro), stack.gro.0, 1e-6);
        let in_nic = placement != "host";
        near(cycles(&tcp, Category::Transmit), stack.transmit.0 / if in_nic { 32.0 } else { 1.0 }, 0.02);
        assert_eq!(cycles(&tcp, Category::Segment) == 0.0, in_nic, "{placement}");
        assert!(pps(&tcp) > pps(&udp), "{placement}");
        assert!(tcp.bound.limits[0].rate.as_pps() * 1.0005 > pps(&tcp), "{placement}");
    }
}

/// In transport mode only `esp4_offload` merges what was decrypted; in tunnel mode `gro_cells` do.
#[test]
fn decrypted_packets_merge_where_something_merges_them() {
    let gro = |mode, esp_gro| {
        let base = [("placement", "host"), ("traffic.direction", "receive"), ("traffic.transport", "tcp")];
        let one = [("traffic.flows", "1"), ("sa.count", "1"), ("sa.mode", mode), ("offload.esp_gro", esp_gro)];
        cycles(&run(&[&base[..], &one].concat()), Category::Gro)
    };
    assert!(gro("tunnel", "false") > 0.0 && gro("transport", "true") > 0.0);
    assert_eq!(gro("transport", "false"), 0.0);
}

/// Below a size the CPU does it: a mix is split.
#[test]
fn small_packets_stay_on_the_cpu() {
    let base = [("placement", "lookaside"), ("lookaside.driver", "complete")];
    let at =
        |size, smallest| gateway(&[&base[..], &[("traffic.packet", size), ("lookaside.smallest", smallest)]].concat());
    let (below, above) = (at("400 B", "512 B"), at("600 B", "512 B"));
    assert_eq!(cycles(&below, Category::CryptoSubmit), 0.0);
    assert_eq!(cycles(&above, Category::Aead), 0.0);
    assert_eq!(pps(&below), pps(&gateway(&[("placement", "host"), ("traffic.packet", "400 B")])));
    assert_eq!(pps(&above), pps(&at("600 B", "0 B")));
}

/// Super-packets of at most 64 KiB with headers go through IPsec, and no larger ones.
#[test]
fn super_packets_fit_in_64_kib_with_their_headers() {
    let at = |gso| [("placement", "inline-crypto"), ("traffic.transport", "tcp"), ("offload.gso", gso)];
    let scenario = Scenario::from_settings(&at("64 KiB")).unwrap();
    let send = &scenario.sends(&scenario.classes()[0])[0];
    let octets = send.total(|p| p.goodput).get() + 52;
    assert!(octets <= 65_536 && octets > 65_536 - 1400, "{octets}");
    assert!(refused(&at("128 KiB")).contains("no BIG TCP through IPsec"));
    let clear = [("placement", "clear"), ("traffic.transport", "tcp"), ("offload.gso", "128 KiB")];
    assert!(Scenario::from_settings(&clear).unwrap().check(&profile()).is_ok());
}

#[test]
fn a_null_cipher_costs_nothing_but_its_esp() {
    let record = run(&[("placement", "host"), ("sa.algorithm", "null")]);
    assert_eq!(cycles(&record, Category::Aead), 0.0);
    near(cycles(&record, Category::Xfrm), profile().stack.xfrm.0, 1e-9);
}

/// What benchmarks of ciphers and cards report: the cipher's own rate on the CPU, and on a card what limits it.
#[test]
fn ciphers_and_cards_can_be_tried_without_a_network() {
    let base =
        [("placement", "crypto"), ("host.stack", "vector"), ("traffic.packet", "16384 B"), ("traffic.flows", "1")];
    let profile = profile();
    let cpu = run(&[&base[..], &[("lookaside.smallest", "20000 B")]].concat());
    let costs = profile.vector.as_ref().unwrap();
    let scenario = Scenario::from_settings(&base).unwrap();
    let cipher = scenario.software_cost(&profile, scenario.traffic[0].direction).unwrap();
    let each = cipher.cycles("16384 B".parse().unwrap()) + costs.crypto_request;
    near(pps(&cpu), profile.host.frequency.get() as f64 / each.0, 1e-3);
    assert_eq!(cpu.bottleneck, Some(Resource::Core));
    // With reads in plenty the engines limit, with few the latency of a read does.
    let card =
        |tags: &str| run(&[&base[..], &[("accelerator.read_tags", tags), ("accelerator.rate", "50 Gbps")]].concat());
    let (many, few) = (card("512"), card("4"));
    assert_eq!(many.bottleneck, Some(Resource::AcceleratorEngines));
    near(many.rate(Basis::Goodput).unwrap().gbps, 50.0, 0.01);
    assert_eq!(few.bottleneck, Some(Resource::AcceleratorTags));
    assert!(few.rate(Basis::Goodput).unwrap().gbps < 45.0);
    near(many.pcie_crossings.unwrap(), 2.0, 1e-9);
    // A library that copies buffers to memory that the card reaches, and back, is limited by that.
    let copied = run(&[&base[..], &[("lookaside.copies", "2"), ("accelerator.rate", "50 Gbps")]].concat());
    assert_eq!(copied.bottleneck, Some(Resource::Core));
    near(cycles(&copied, Category::Copy), 2.0 * 16_384.0 * profile.memory.copy.0, 1e-9);
    // What is not limited by the engines is as fast without a cipher.
    let null = [("lookaside.copies", "2"), ("accelerator.rate", "50 Gbps"), ("sa.algorithm", "null")];
    assert_eq!(pps(&run(&[&base[..], &null].concat())), pps(&copied));
    assert!(refused(&[("placement", "crypto"), ("traffic.direction", "receive")]).contains("one with a network"));
}

/// Userspace has ciphers that work on many packets at a time, the kernel has not.
#[test]
fn a_library_of_userspace_is_not_the_kernels() {
    let zen4 = preset::profile("zen4").unwrap().unwrap();
    for algorithm in ["aes-128-gcm", "aes-128-cbc-hmac-sha1-96"] {
        let backend = |stack: &str| {
            let s = Scenario::from_settings(&[("sa.algorithm", algorithm), ("host.stack", stack)]).unwrap();
            s.software_cost(&zen4, s.traffic[0].direction).unwrap().clone()
        };
        let (kernel, vector) = (backend("kernel"), backend("vector"));
        assert_eq!((vector.backend.as_str(), vector.only), ("intel-ipsec-mb", Some(Stack::Vector)));
        assert!(kernel.only.is_none() && kernel.backend != vector.backend, "{}", kernel.backend);
        assert_eq!(vector.batch.is_some(), algorithm.contains("cbc"));
        let size = "576 B".parse().unwrap();
        assert!(vector.cycles(size).0 < kernel.cycles(size).0);
    }
}

/// Per request a card reads content descriptor and, of the kernel's, scatter lists.
#[test]
fn a_card_reads_what_its_requests_point_to() {
    let octets = |more: &[(&str, &str)]| {
        let base = [("placement", "lookaside"), ("lookaside.driver", "complete"), ("traffic.packet", "1400 B")];
        run(&[&base[..], more].concat()).pcie_bytes_per_payload_byte.unwrap()
    };
    let none = octets(&[("accelerator.content_descriptor", "0 B"), ("accelerator.scatter_lists", "0 B")]);
    let both = octets(&[]);
    // 192 and 80 octets with a completion header of 20 and a request of 24 each, for 1372 of payload.
    near((both - none) * 1372.0, 192.0 + 80.0 + 2.0 * (20.0 + 24.0), 1e-6);
}

/// What is too small for the card merges in the polls of its own core, though one core is told of all that the card does.
#[test]
fn small_packets_merge_by_the_polls_of_their_core() {
    let base = [
        ("placement", "lookaside"),
        ("lookaside.driver", "complete"),
        ("lookaside.interrupts", "one-core"),
        ("traffic.direction", "receive"),
        ("traffic.transport", "tcp"),
        ("traffic.packet", "400 B"),
        ("host.cores", "2"),
    ];
    let at = |smallest| pps(&run(&[&base[..], &[("lookaside.smallest", smallest)]].concat()));
    near(at("500 B"), pps(&run(&[&base[..], &[("placement", "host")]].concat())), 0.02);
}
