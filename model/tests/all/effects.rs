//! Each effect that decides a design, against what it is in closed form: without the effect, its test fails.

use espsim_model::preset;
use espsim_model::profile::{HostCpu, Profile, Scaling};
use espsim_model::record::Record;
use espsim_model::resource::Resource;
use espsim_model::route::Category;
use espsim_model::scenario::Scenario;
use espsim_model::simulate;
use espsim_model::units::Bytes;

use crate::common::{cycles, goodput, near};

fn profile() -> Profile {
    crate::common::profile("haswell")
}

fn run_on(profile: &Profile, settings: &[(&str, &str)]) -> Record {
    // A card does AES-GCM, whoever drives it.
    let scenario = Scenario::from_settings(&[&[("lookaside.driver", "complete")], settings].concat()).unwrap();
    simulate(&scenario, profile, 1).unwrap()
}

fn run(settings: &[(&str, &str)]) -> Record {
    run_on(&profile(), settings)
}

fn with<'a>(base: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [base, more].concat()
}

#[test]
fn one_sa_is_received_by_one_core() {
    let base = [("placement", "host"), ("traffic.direction", "receive"), ("traffic.steering", "rss")];
    let one_core = run(&with(&base, &[("host.cores", "1"), ("sa.count", "1")]));
    let eight_cores = run(&with(&base, &[("host.cores", "8"), ("sa.count", "1")]));
    near(eight_cores.packets_per_s.unwrap(), one_core.packets_per_s.unwrap(), 0.02);
    assert!(eight_cores.idle_cores.unwrap() > 6.9);
    // In the clear the ports spread the flows.
    let clear = with(&base, &[("placement", "clear"), ("sa.count", "1")]);
    let (one, eight) = (run(&with(&clear, &[("host.cores", "1")])), run(&with(&clear, &[("host.cores", "8")])));
    assert!(eight.packets_per_s.unwrap() > 4.0 * one.packets_per_s.unwrap());
}

#[test]
fn polls_replace_interrupts_under_load() {
    let base = [("placement", "clear"), ("traffic.direction", "receive"), ("offload.gro", "off")];
    let loaded = run(&base);
    assert!(cycles(&loaded, Category::Interrupt) < 1.0);
    near(cycles(&loaded, Category::Poll), profile().stack.poll.0 / 64.0, 0.05);
    // At a packet every 112 us each has its own interrupt and poll.
    let light = [("traffic.arrival", "constant"), ("traffic.rate", "100 Mbps"), ("run.max_packets", "30000")];
    let light = run(&with(&base, &light));
    near(cycles(&light, Category::Interrupt), profile().stack.interrupt.0, 0.01);
    near(cycles(&light, Category::Poll), profile().stack.poll.0, 0.01);
    // Moderation: the packet waits for the interrupt.
    assert!(light.latency.unwrap().p50_ns > 16_000.0);
}

#[test]
fn gro_delivers_once_for_all_that_merged() {
    let base = [
        ("placement", "inline-packet"),
        ("traffic.direction", "receive"),
        ("traffic.transport", "tcp"),
        ("traffic.train", "1"),
        ("traffic.flows", "1"),
        ("sa.count", "1"),
    ];
    let off = run(&with(&base, &[("offload.gro", "off")]));
    let on = run(&with(&base, &[("offload.gro", "16 KiB")]));
    let (deliver, read) = (profile().stack.deliver.0, profile().stack.read.0);
    // A receive call takes what has come of a stream, 64 KiB at a time; 1400 B are 1348 of them.
    let part = read * 1348.0 / 65_536.0;
    near(cycles(&off, Category::Deliver), deliver + part, 1e-6);
    // 11 packets of 1400 B; the last of a poll of 64 are fewer.
    near(cycles(&on, Category::Deliver), deliver / 11.0 + part, 0.1);
    assert!(on.packets_per_s.unwrap() > 2.0 * off.packets_per_s.unwrap());
    // Many flows share a poll: fewer merge.
    let flows = [("offload.gro", "64 KiB"), ("traffic.flows", "16"), ("sa.count", "16")];
    near(cycles(&run(&with(&base, &flows)), Category::Deliver), deliver / 4.0 + part, 0.05);
    // Of UDP nothing merges unless a socket asks for it, and each datagram takes a call.
    near(cycles(&run(&with(&base, &[("traffic.transport", "udp")])), Category::Deliver), deliver + read, 1e-6);
}

#[test]
fn packets_that_find_no_receive_descriptor_are_lost() {
    let base = [("placement", "host"), ("traffic.direction", "receive"), ("traffic.arrival", "poisson")];
    let record = run(&with(&base, &[("traffic.rate", "20 Gbps")]));
    let carried = record.bound.limits.iter().find(|limit| limit.resource == Resource::Core).unwrap().rate.as_pps();
    let offered = 20e9 / (1400.0 * 8.0);
    near(record.loss.unwrap().share, 1.0 - carried / offered, 0.03);
}

#[test]
fn the_lock_of_one_sa_limits_many_cores() {
    let profile = profile();
    let base = [("placement", "host"), ("traffic.packet", "128 B"), ("traffic.flows", "96")];
    let rate = |cores: &str, more: &[(&str, &str)]| {
        run_on(&profile, &with(&with(&base, more), &[("host.cores", cores)])).packets_per_s.unwrap()
    };
    let (queued, ticket) = ([("sa.count", "1")], [("sa.count", "1"), ("sa.lock", "ticket")]);
    // It waits for two lines with each passing on.
    let held = profile.stack.sa_lock.0 + 2.0 * profile.stack.line_transfer.0;
    near(rate("32", &queued), profile.host.frequency.get() as f64 / held, 0.01);
    near(rate("24", &queued), rate("32", &queued), 0.01);
    // All waiters fetch the ticket's line: more cores carry less.
    assert!(rate("32", &ticket) < 0.7 * rate("12", &ticket));
    assert!(rate("32", &[("sa.count", "96")]) > 2.0 * rate("32", &queued));
    // Waiting is spinning: no core is idle.
    let record = run(&with(&with(&base, &queued), &[("host.cores", "32")]));
    assert!(record.idle_cores.unwrap() < 0.5 && cycles(&record, Category::Lock) > 5_000.0);
    assert_eq!(record.bottleneck.map(Resource::name), Some("SA lock"));
}

#[test]
fn more_tunnels_than_the_context_cache_holds_are_slower() {
    let base = [
        ("placement", "inline-packet"),
        ("host.cores", "32"),
        ("traffic.arrival", "poisson"),
        ("traffic.rate", "80 Gbps"),
        ("traffic.packet", "256 B"),
        ("traffic.flows", "32768"),
        ("run.max_packets", "600000"),
        ("traffic.queue", "4096"),
    ];
    // Cores that are not the limit.
    let profile = preset::profile("zen4").unwrap().unwrap();
    let rate = |sas: &str| run_on(&profile, &with(&base, &[("sa.count", sas)]));
    let (few, fits, many) = (rate("64"), rate("1024"), rate("8192"));
    near(fits.packets_per_s.unwrap(), few.packets_per_s.unwrap(), 0.01);
    assert!(many.packets_per_s.unwrap() < 0.7 * few.packets_per_s.unwrap());
    // Misses, 7 of 8 packets, share eight fetches at a time, each for four round trips to DRAM, one after the other.
    let slot = &Scenario::from_settings(&[]).unwrap().nic[0].pcie;
    let n: Bytes = "64 B".parse().unwrap();
    let load = slot.read(n);
    let round_trip = slot.read_latency
        + slot.dram_latency
        + load.up / slot.tlp_rate()
        + load.down / slot.tlp_rate_down()
        + n / profile.memory.bandwidth;
    near(many.packets_per_s.unwrap(), 8.0 / (4.0 * round_trip.as_seconds()) / (7.0 / 8.0), 0.05);
}

#[test]
fn a_caller_that_waits_has_one_request_in_flight() {
    let base = [("placement", "lookaside"), ("host.cores", "2")];
    let sync = run(&with(&base, &[("lookaside.submission", "sync"), ("lookaside.threads", "1")]));
    let more = run(&with(&base, &[("lookaside.submission", "sync"), ("lookaside.threads", "2")]));
    let async_ = run(&with(&base, &[("lookaside.submission", "interrupt")]));
    assert_eq!(sync.bottleneck.map(Resource::name), Some("threads"));
    // The second thread shares the core with the first.
    assert!((1.7..2.0).contains(&(more.packets_per_s.unwrap() / sync.packets_per_s.unwrap())));
    assert!(async_.packets_per_s.unwrap() > 3.0 * sync.packets_per_s.unwrap());
    // Threads that wait leave the cores idle, but for two switches.
    assert!(sync.idle_cores.unwrap() > 0.5);
    near(cycles(&sync, Category::Switch), profile().stack.switch.0, 1e-6);
    // Polling saves the interrupts.
    let poll = run(&with(&base, &[("lookaside.submission", "poll")]));
    assert!(cycles(&poll, Category::Interrupt) < cycles(&async_, Category::Interrupt));
}

#[test]
fn one_core_for_all_completions_is_the_bottleneck() {
    let base = [("placement", "lookaside"), ("traffic.direction", "encrypt"), ("host.cores", "8")];
    let one = run(&with(&base, &[("lookaside.interrupts", "one-core")]));
    let own = run(&base);
    assert_eq!(one.bottleneck.map(Resource::name), Some("completion core"));
    assert!(own.packets_per_s.unwrap() > 2.0 * one.packets_per_s.unwrap());
    let stack = profile().stack;
    let completion = stack.crypto_complete.0 + stack.transmit.0 + stack.doorbell.0;
    assert!(one.packets_per_s.unwrap() < profile().host.frequency.get() as f64 / completion);
}

#[test]
fn a_full_ring_holds_back_or_falls_back() {
    // A card that does next to nothing.
    let base =
        [("placement", "lookaside"), ("accelerator.rate", "1 Gbps"), ("host.cores", "4"), ("traffic.packet", "1400 B")];
    let wait = run(&base);
    let software = run(&with(&base, &[("lookaside.when_full", "software")]));
    assert_eq!(wait.bottleneck.map(Resource::name), Some("accelerator engines"));
    assert!(cycles(&wait, Category::Aead) == 0.0 && cycles(&software, Category::Aead) > 500.0);
    assert!(software.packets_per_s.unwrap() > 5.0 * wait.packets_per_s.unwrap());
    // Two such cards do twice as much.
    near(
        run(&with(&base, &[("lookaside.devices", "2")])).packets_per_s.unwrap(),
        2.0 * wait.packets_per_s.unwrap(),
        0.02,
    );
}

#[test]
fn vectors_save_the_kernels_cycles_but_leave_no_core_idle() {
    let base = [("placement", "host"), ("traffic.direction", "encrypt"), ("traffic.packet", "64 B")];
    let kernel = run(&base);
    let full = [("host.stack", "vector"), ("traffic.window", "2048")];
    let vector = run(&with(&base, &full));
    let costs = profile().vector.unwrap();
    near(cycles(&vector, Category::Poll), costs.poll.0 / 256.0, 0.02);
    assert!(vector.packets_per_s.unwrap() > 3.0 * kernel.packets_per_s.unwrap());
    let light = [("traffic.arrival", "constant"), ("traffic.rate", "10 Mbps"), ("run.max_packets", "20000")];
    assert!(run(&with(&base, &light)).idle_cores.unwrap() > 0.9);
    assert_eq!(run(&with(&with(&base, &light), &[("host.stack", "vector")])).idle_cores.unwrap(), 0.0);
}

#[test]
fn a_queue_has_its_own_packet_rate() {
    let base = [
        ("placement", "clear"),
        ("traffic.direction", "encrypt"),
        ("host.stack", "vector"),
        ("traffic.packet", "64 B"),
    ];
    let record = run(&with(&base, &[("nic.queue_packet_rate", "2 Mpps")]));
    // In and out take turns at the one queue pair.
    assert_eq!(record.bottleneck.map(Resource::name), Some("NIC queue"));
    near(record.packets_per_s.unwrap(), 1e6, 0.01);
    assert!(run(&base).packets_per_s.unwrap() > 3e6);
}

#[test]
fn cores_slow_each_other_as_the_profile_says() {
    let mut profile = profile();
    // Interrupts come by the clock, whatever the core's speed.
    profile.stack.interrupt.0 = 0.0;
    profile.host.scaling = vec![Scaling::exact(2, 1.0), Scaling::exact(8, 0.7)];
    let base = [("placement", "host"), ("traffic.packet", "256 B")];
    let rate =
        |profile: &Profile, cores: &str| run_on(profile, &with(&base, &[("host.cores", cores)])).packets_per_s.unwrap();
    let one = rate(&profile, "1");
    near(rate(&profile, "2"), 2.0 * one, 0.02);
    near(rate(&profile, "5"), 5.0 * 0.85 * one, 0.02);
    near(rate(&profile, "8"), 8.0 * 0.7 * one, 0.02);
    // Wide vectors slow the clock of the core that encrypts, not of one that does not.
    profile.host.scaling.clear();
    profile.host.avx_frequency = Some("2 GHz".parse().unwrap());
    near(rate(&profile, "1"), one * 2.0e9 / profile.host.frequency.get() as f64, 0.01);
    let inline = [("placement", "inline-packet"), ("traffic.packet", "256 B")];
    let fast = Profile { host: HostCpu { avx_frequency: None, ..profile.host.clone() }, ..profile.clone() };
    assert_eq!(run_on(&profile, &inline).packets_per_s.unwrap(), run_on(&fast, &inline).packets_per_s.unwrap());
}

#[test]
fn payload_crosses_pcie_as_often_coming_in() {
    for (placement, crossings) in
        [("clear", 1.0), ("host", 1.0), ("lookaside", 3.0), ("inline-crypto", 1.0), ("inline-packet", 1.0)]
    {
        let received = run(&[("placement", placement), ("traffic.direction", "receive")]);
        near(received.pcie_crossings.unwrap(), crossings, 1e-9);
        // A gateway's packets come in too.
        let forwarded = run(&[("placement", placement), ("traffic.direction", "encrypt")]);
        near(forwarded.pcie_crossings.unwrap(), crossings + 1.0, 1e-9);
    }
}

#[test]
fn saturated_receive_and_forward_are_their_bounds() {
    let mut profile = profile();
    profile.stack.interrupt.0 = 0.0;
    for direction in ["receive", "forward"] {
        for placement in ["clear", "host", "lookaside", "inline-crypto", "inline-packet"] {
            let base = [("placement", placement), ("traffic.direction", direction), ("offload.gro", "off")];
            let record = run_on(&profile, &base);
            let ratio = record.packets_per_s.unwrap() / record.bound.limits[0].rate.as_pps();
            assert!((0.97..=1.0005).contains(&ratio), "{placement}, {direction}: {ratio}");
            assert_eq!(record.bottleneck.map(Resource::name), Some("core"), "{placement}, {direction}");
        }
    }
}

#[test]
fn tags_over_latency_bound_reads() {
    let base = [
        ("placement", "inline-packet"),
        ("host.cores", "8"),
        ("offload.gso", "64 KiB"),
        ("traffic.transport", "tcp"),
        ("nic.read_tags", "8"),
        ("pcie.nic.max_read_request_size", "512 B"),
    ];
    let profile = preset::profile("zen4").unwrap().unwrap();
    let at = |latency: &str, tags: &str| {
        let settings = [("pcie.nic.read_latency", latency), ("nic.read_tags", tags)];
        run_on(&profile, &with(&base, &settings))
    };
    let (close, far) = (at("500 ns", "8"), at("2 us", "8"));
    assert_eq!((close.bottleneck, far.bottleneck), (Some(Resource::NicTags), Some(Resource::NicTags)));
    // A packet of 1400 B takes three requests, each a tag for the latency, with DRAM's, and its own time on the link.
    let round_trip = 8.0 / 3.0 * 1372.0 * 8.0 / goodput(&far);
    assert!((2060.0..2150.0).contains(&round_trip), "{round_trip} ns");
    assert!(goodput(&close) > 3.0 * goodput(&far));
    near(goodput(&at("2 us", "16")), 2.0 * goodput(&far), 0.02);
}

#[test]
fn small_read_requests_take_more_tags_and_request_tlps() {
    let base = [
        ("placement", "inline-packet"),
        ("host.cores", "8"),
        ("offload.gso", "64 KiB"),
        ("traffic.transport", "tcp"),
        ("nic.read_tags", "16"),
    ];
    let at = |mrrs: &str| run(&with(&base, &[("pcie.nic.max_read_request_size", mrrs)]));
    let (small, large) = (at("128 B"), at("4096 B"));
    assert!(goodput(&large) > 2.0 * goodput(&small));
    // 1400 octets and headers are 11 requests of 24 octets with as many completions of 20, or one with 6.
    let per_packet = |record: &Record| record.pcie_bytes_per_payload_byte.unwrap() * 1348.0;
    near(per_packet(&small) - per_packet(&large), 10.0 * 24.0 + 5.0 * 20.0, 0.01);
}

#[test]
fn past_the_io_tlb_page_walks_limit() {
    let base = [
        ("placement", "inline-packet"),
        ("host.cores", "32"),
        ("traffic.packet", "256 B"),
        ("offload.gso", "8 KiB"),
        ("traffic.transport", "tcp"),
        // ACKs have walks of their own.
        ("traffic.acks", "false"),
        ("run.max_packets", "400000"),
    ];
    let profile = preset::profile("zen4").unwrap().unwrap();
    let at = |more: &[(&str, &str)]| {
        let mut layer: Vec<(&str, &str)> = base.to_vec();
        layer.extend_from_slice(more);
        run_on(&profile, &layer)
    };
    let off = at(&[]);
    let on = |more: &[(&str, &str)]| at(&[&[("pcie.iommu.enabled", "true")], more].concat());
    let covered = on(&[("pcie.iommu.working_set", "256 KiB")]);
    let past = on(&[("pcie.iommu.working_set", "64 MiB")]);
    near(goodput(&covered), goodput(&off), 0.01);
    assert_eq!(past.bottleneck.map(Resource::name), Some("page walkers"));
    // Six walks of 320 ns; 96 of 16384 pages hit.
    near(past.packets_per_s.unwrap(), 6.0 / 320e-9 / (1.0 - 96.0 / 16384.0), 0.03);
    // Pages of 2 MiB cover it again.
    near(goodput(&on(&[("pcie.iommu.working_set", "64 MiB"), ("pcie.iommu.page", "2 MiB")])), goodput(&off), 0.01);
}

#[test]
fn the_other_node_credits_and_the_root_complex_limit() {
    let sends = [
        ("placement", "inline-packet"),
        ("host.cores", "8"),
        ("offload.gso", "64 KiB"),
        ("traffic.transport", "tcp"),
        ("nic.read_tags", "4"),
    ];
    let (local, remote) = (run(&sends), run(&with(&sends, &[("pcie.nic.numa", "remote")])));
    assert_eq!(remote.bottleneck.map(Resource::name), Some("NIC tags"));
    assert!(goodput(&remote) < 0.95 * goodput(&local));
    // Received payload is written: 1 KiB on its way at a time.
    let receives = [
        ("placement", "clear"),
        ("traffic.direction", "receive"),
        ("traffic.transport", "tcp"),
        ("traffic.packet", "1412 B"),
        ("host.cores", "16"),
    ];
    let free = run(&receives);
    let credits = run(&with(&receives, &[("pcie.nic.posted_data_credits", "1504 B")]));
    assert_eq!(credits.bottleneck.map(Resource::name), Some("posted credits"));
    assert!(goodput(&credits) < 0.8 * goodput(&free));
    let root = run(&with(&receives, &[("pcie.root_complex_rate", "2 Mpps"), ("traffic.acks", "false")]));
    assert_eq!(root.bottleneck.map(Resource::name), Some("root complex"));
    // Payload and completion: two transfers, and an eighth of a descriptor read.
    assert!((0.8e6..1e6).contains(&root.packets_per_s.unwrap()), "{}", root.packets_per_s.unwrap());
}

#[test]
fn several_nics_carry_several_times_the_line_rate() {
    let base = [
        ("placement", "inline-packet"),
        ("host.cores", "3"),
        ("offload.gso", "64 KiB"),
        ("traffic.transport", "tcp"),
        ("traffic.packet", "1400 B"),
        ("sa.count", "60"),
        ("traffic.flows", "60"),
    ];
    let wire = |nics| run(&with(&base, &[("host.nics", nics), ("nic.line_rate", "10 Gbps")])).rates[4].gbps;
    for (nics, n) in [("1", 1.0), ("2", 2.0), ("4", 4.0)] {
        near(wire(nics), 10.0 * n, 0.02);
    }
    // One SA has its context and its sequence number in one NIC.
    let one_sa = with(&base, &[("host.nics", "2"), ("nic.line_rate", "10 Gbps"), ("sa.count", "1")]);
    near(run(&one_sa).rates[4].gbps, 10.0, 0.02);
    // More NICs than a core has work for change nothing.
    let host = with(&base, &[("placement", "host")]);
    let (one, two) = (run(&host), run(&with(&host, &[("host.nics", "2")])));
    near(two.packets_per_s.unwrap(), one.packets_per_s.unwrap(), 0.02);
}
