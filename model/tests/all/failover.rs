//! Failover: closed forms where everything is deterministic, and laws that hold in any scenario.

use espsim_model::control::{Loss, MessageTimes, Timeline, predict, simulate_failover};
use espsim_model::layers::{self, Layer, Origin};
use espsim_model::machine::Machine;
use espsim_model::preset;
use espsim_model::profile::Profile;
use espsim_model::run::engine;
use espsim_model::scenario::{Api, Device, Event, Scenario, What};
use espsim_model::simulate;
use espsim_model::traffic::Transport;
use espsim_model::units::Time;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use toml::Table;

fn scenario(text: &str) -> Scenario {
    // A card does AES-GCM, whoever drives it.
    let table: Table = format!("lookaside.driver = \"complete\"\n{text}").parse().unwrap();
    let layer: Layer = layers::flatten(&table, &Origin::Scenario);
    layers::scenario(&layers::resolve(&layer).unwrap()).unwrap()
}

fn profile() -> Profile {
    preset::profile("zen4").unwrap().unwrap()
}

fn times(s: &Scenario) -> MessageTimes {
    MessageTimes::medians(profile().sa.as_ref().unwrap(), s.failover.batch, s.failover.call)
}

const NOTIFICATION: Time = Time::from_us(500);

/// One route change at 100 ms, from a ConnectX-6 Dx to another one; 1 Gb/s of 1400 B in constant intervals.
fn route_change(placement: &str, sas: u32, rest: &str) -> Scenario {
    scenario(&format!(
        "placement = \"{placement}\"\n\
         traffic = {{ arrival = \"constant\", rate = \"1 Gbps\", flows = {sas} }}\n\
         sa.count = {sas}\n\
         {}\n\
         [failover]\nspan = \"200 ms\"\nnotification = \"500 us\"\n\
         [[failover.event]]\nwhat = \"route-change\"\ndevice = \"standby\"\nat = \"100 ms\"\n",
        if rest.is_empty() { "[[nic]]\n[[nic]]\nstandby = true" } else { rest }
    ))
}

fn run(s: &Scenario) -> Timeline {
    simulate_failover(s, &profile(), 1).unwrap()
}

fn lost(timeline: &Timeline, loss: Loss) -> u64 {
    timeline.bins.iter().map(|bin| bin.lost[loss as usize]).sum()
}

/// Packet offload: time to recover = notification + SAs x cost, to the picosecond; lost = outage x rate, to one packet
/// for each SA.
#[test]
fn packet_offload_is_out_until_it_is_installed_again() {
    for sas in [1, 7, 64] {
        let s = route_change("inline-packet", sas, "");
        let (timeline, predicted) = (run(&s), predict(NOTIFICATION, &times(&s), sas, sas, Api::FailThenRetry, true));
        assert_eq!(timeline.outage_max, predicted.last, "{sas}");
        assert_eq!(timeline.reinstalled, Some(predicted.last));
        assert!((timeline.outage_mean_s - predicted.mean.as_seconds()).abs() < 1e-9);
        assert_eq!(timeline.messages.iter().sum::<u64>(), predicted.messages);
        let rate = 1e9 / 8.0 / 1400.0;
        let expected = rate * predicted.mean.as_seconds();
        let lost = lost(&timeline, Loss::NoSa) as f64;
        assert!((lost - expected).abs() <= f64::from(sas), "{sas}: {lost} lost, {expected} expected");
        assert_eq!(timeline.bins.iter().map(|bin| bin.software).sum::<u64>(), 0);
        assert_eq!(timeline.bins.last().unwrap().states[0], sas);
    }
}

/// Crypto offload: the kernel encrypts until the SA is deleted, so that only the gap between delete and add is lost.
#[test]
fn crypto_offload_falls_back() {
    let s = route_change("inline-crypto", 16, "");
    let (timeline, predicted) = (run(&s), predict(NOTIFICATION, &times(&s), 16, 16, Api::FailThenRetry, true));
    let gap = profile().sa.unwrap().add_offload.median();
    assert_eq!(timeline.outage_max, gap);
    assert_eq!(timeline.reinstalled, Some(predicted.last));
    // In software: what came on each SA until it was deleted, one add before it was back.
    let rate = 1e9 / 8.0 / 1400.0;
    let expected = rate * (predicted.mean.as_seconds() - gap.as_seconds());
    let software = timeline.bins.iter().map(|bin| bin.software).sum::<u64>() as f64;
    assert!((software - expected).abs() <= 16.0, "{software} in software, {expected} expected");
    assert!(lost(&timeline, Loss::NoSa) as f64 <= rate * gap.as_seconds() + 16.0);
}

/// A standby that takes only some of the SAs: both API policies cost what the closed form says.
#[test]
fn refused_sas_are_installed_in_software() {
    for (api, name) in [(Api::FailThenRetry, "fail-then-retry"), (Api::FallbackFlag, "fallback-flag")] {
        let mut s = route_change("inline-packet", 32, "[[nic]]\n[[nic]]\nstandby = true\nesp.sa_capacity = 12");
        s.failover.api = api;
        let (timeline, predicted) = (run(&s), predict(NOTIFICATION, &times(&s), 32, 12, api, true));
        assert_eq!(timeline.reinstalled, Some(predicted.last), "{name}");
        assert_eq!(timeline.messages.iter().sum::<u64>(), predicted.messages, "{name}");
        assert_eq!(timeline.bins.last().unwrap().states[..2], [12, 20]);
        assert_eq!(timeline.outage_max, predicted.last);
    }
}

/// A reset takes the SAs out of the kernel as well: nothing is read or deleted, and what the standby refuses is added in
/// software.
#[test]
fn a_reset_costs_no_deletion() {
    for (api, name) in [(Api::FailThenRetry, "fail-then-retry"), (Api::FallbackFlag, "fallback-flag")] {
        let mut s = route_change("inline-crypto", 32, "[[nic]]\n[[nic]]\nstandby = true\nesp.sa_capacity = 12");
        s.failover.event[0].what = What::NicReset;
        s.failover.event[0].device = Device::Nic;
        s.failover.detection = Time::from_us(2000);
        s.failover.api = api;
        let (timeline, predicted) = (run(&s), predict(NOTIFICATION, &times(&s), 32, 12, api, false));
        assert_eq!(timeline.outage_max, s.failover.detection + predicted.last, "{name}");
        assert_eq!(timeline.messages.iter().sum::<u64>(), predicted.messages, "{name}");
        assert_eq!(timeline.bins.last().unwrap().states[..2], [12, 20]);
    }
}

/// Without an accelerator its SAs are of no use until they are installed in software; once it is back they return.
#[test]
fn a_lost_accelerator_is_replaced_by_software() {
    let mut s = route_change("lookaside", 8, "");
    s.failover.event[0].what = What::AcceleratorLoss;
    let add = profile().sa.unwrap().add.median();
    assert_eq!(run(&s).outage_max, NOTIFICATION + add.scale(8.0));
    assert_eq!(run(&s).bins.last().unwrap().states[1], 8);
    s.failover.event[0].lasts = Some(Time::from_us(20_000));
    assert_eq!(run(&s).bins.last().unwrap().states[0], 8);
}

/// A NIC that is plugged in while the only other one is down is taken as soon as it is detected.
#[test]
fn a_hot_plugged_nic_takes_over() {
    let mut s = route_change("inline-packet", 8, "");
    s.failover.event[0].what = What::HotPlug;
    s.failover.detection = Time::from_us(2000);
    let down = Event { what: What::LinkDown, device: Device::Nic, at: Time::from_us(50_000), ..s.failover.event[0] };
    s.failover.event.push(down);
    let timeline = run(&s);
    let predicted = predict(NOTIFICATION, &times(&s), 8, 8, Api::FailThenRetry, true);
    assert_eq!(timeline.outage_max, Time::from_us(52_000) + predicted.last);
    assert_eq!(timeline.bins.last().unwrap().states[0], 8);
}

/// Rekeying moves nothing and loses nothing.
#[test]
fn rekeying_costs_messages_alone() {
    let mut s = route_change("inline-packet", 8, "");
    s.failover.event[0].what = What::Rekey;
    let timeline = run(&s);
    assert_eq!(timeline.messages.iter().sum::<u64>(), 8);
    assert_eq!(timeline.reinstalled, Some(profile().sa.unwrap().rekey.median().scale(8.0)));
    assert_eq!((timeline.outage_max, timeline.numbers_skipped), (Time::ZERO, 0));
}

/// Without software what is refused stays out.
#[test]
fn refused_sas_without_fallback_are_dropped() {
    let mut s = route_change("inline-packet", 8, "[[nic]]\n[[nic]]\nstandby = true\npreset = \"nic-40g\"");
    s.failover.software = false;
    let timeline = run(&s);
    assert_eq!(timeline.outage_max, Time::from_us(100_000));
    assert_eq!(timeline.bins.last().unwrap().goodput.get(), 0);
    s.failover.software = true;
    assert_eq!(run(&s).bins.last().unwrap().states[1], 8);
}

/// A bond whose standby holds every SA already loses what comes until the link's loss is detected, and nothing else.
#[test]
fn a_bond_is_out_until_the_loss_is_detected() {
    let mut s = route_change("inline-crypto", 16, "");
    s.failover.event[0].what = What::LinkDown;
    s.failover.event[0].device = Device::Nic;
    s.failover.bonding = espsim_model::scenario::Bonding::PreInstalled;
    s.failover.detection = Time::from_us(20_000);
    let timeline = run(&s);
    assert_eq!(timeline.outage_max, Time::from_us(20_000));
    assert_eq!(timeline.messages.iter().sum::<u64>(), 0);
    let expected = 1e9 / 8.0 / 1400.0 * 0.02;
    assert!((lost(&timeline, Loss::NoCarrier) as f64 - expected).abs() <= 1.0);
    assert!(lost(&timeline, Loss::InFlight) < 100);
}

/// One exchange for each IKE SA, all under way together: time = notification + exchanges x cost, or one round trip if
/// that is later, + SAs x cost.
#[test]
fn an_address_update_waits_for_its_round_trip() {
    let mut s = route_change("inline-packet", 16, "");
    s.failover.address_update = espsim_model::scenario::AddressUpdate::PerIkeSa;
    s.failover.sas_per_ike_sa = 4;
    let timeline = run(&s);
    assert_eq!(timeline.exchanges, 4);
    let cost = predict(Time::ZERO, &times(&s), 4, 4, Api::FailThenRetry, true).last;
    let (exchange, round_trip) = (s.failover.exchange, s.failover.round_trip);
    // Requests leave one exchange's CPU time apart, so that responses come at the same distance.
    let mut at = Time::ZERO;
    for group in 1..=4 {
        at = at.max(exchange.scale(f64::from(group)) + round_trip) + cost;
    }
    assert_eq!(timeline.reinstalled, Some(NOTIFICATION + at));
}

/// A CPU that cannot carry the traffic in software loses the rest in its queue.
#[test]
fn software_that_is_too_slow_loses_packets() {
    let mut s = route_change("inline-crypto", 16, "[[nic]]\n[[nic]]\nstandby = true\npreset = \"nic-40g\"");
    s.traffic[0].rate = Some("20 Gbps".parse().unwrap());
    s.traffic[0].transport = Transport::Tcp;
    s.offload.gso = espsim_model::scenario::Gso(Some("16 KiB".parse().unwrap()));
    let timeline = run(&s);
    assert!(lost(&timeline, Loss::QueueFull) > 1000);
    let last = timeline.bins.last().unwrap();
    assert!(timeline.cpu(last) > 0.97 && timeline.cpu(last) < 1.02, "{}", timeline.cpu(last));
    assert!(timeline.goodput_gbps(last) < 0.6 * timeline.goodput_before_gbps().unwrap());
}

#[test]
fn times_need_a_profile_that_has_them() {
    let s = route_change("inline-packet", 1, "");
    let without = Profile { sa: None, ..profile() };
    assert!(simulate_failover(&s, &without, 1).unwrap_err().to_string().contains("`profile.sa` is missing"));
}

/// Behind one uplink, whichever NIC packets leave by: no failover makes it wider.
#[test]
fn a_shared_uplink_is_one_before_and_after() {
    let s = scenario(
        "placement = \"lookaside\"\nhost.cores = 48\nsa.count = 256\n\
         traffic = { arrival = \"constant\", rate = \"60 Gbps\", flows = 256, queue = 64, packet = \"1400 B\" }\n\
         pcie = { attachment = \"shared-uplink\", uplink.preset = \"gen3-x8\" }\n\
         [[nic]]\n[[nic]]\nstandby = true\n\
         [failover]\nspan = \"60 ms\"\nbins = 20\n\
         [[failover.event]]\nwhat = \"route-change\"\ndevice = \"standby\"\nat = \"30 ms\"\n",
    );
    let timeline = simulate_failover(&s, &profile(), 1).unwrap();
    let gbps: Vec<f64> =
        timeline.bins.iter().map(|bin| bin.goodput.get() as f64 * 8e-9 / timeline.bin.as_seconds()).collect();
    let (before, after) = (gbps[7], gbps[17]);
    assert!((before / after - 1.0).abs() < 0.05 && gbps.iter().all(|gbps| *gbps < 24.0), "{gbps:?}");
}

/// One core for all completions is the bottleneck in a failover as in a run.
#[test]
fn completions_on_one_core_are_so_in_a_failover_too() {
    let at = |interrupts: &str| {
        let s = scenario(&format!(
            "placement = \"lookaside\"\nhost.cores = 16\nsa.count = 16\n\
             traffic = {{ arrival = \"constant\", rate = \"60 Gbps\", flows = 64 }}\n\
             lookaside.interrupts = \"{interrupts}\"\n\
             [failover]\nspan = \"40 ms\"\nbins = 20\n\
             [[failover.event]]\nwhat = \"rekey\"\nat = \"36 ms\"\n"
        ));
        let timeline = simulate_failover(&s, &profile(), 1).unwrap();
        let failed_over = timeline.bins[16].packets as f64 / timeline.bin.as_seconds();
        (failed_over, simulate(&s, &profile(), 1).unwrap().packets_per_s.unwrap())
    };
    let (one, own) = (at("one-core"), at("own-core"));
    assert!(one.0 < 0.7 * own.0, "{one:?} {own:?}");
    assert!((one.0 / one.1 - 1.0).abs() < 0.03 && (own.0 / own.1 - 1.0).abs() < 0.03, "{one:?} {own:?}");
}

/// Without anything that happens, a failover is the same simulation as a run: packet by packet.
#[test]
fn a_failover_in_which_nothing_happens_is_a_run() {
    for placement in ["host", "lookaside", "inline-crypto", "inline-packet"] {
        for direction in ["transmit", "encrypt"] {
            let s = scenario(&format!(
                "placement = \"{placement}\"\nhost.cores = 3\nsa.count = 12\n\
                 traffic = {{ arrival = \"poisson\", rate = \"3 Gbps\", flows = 24, direction = \"{direction}\", packet = \"700 B\" }}\n\
                 [[nic]]\n[[nic]]\nstandby = true\n\
                 [failover]\nspan = \"20 ms\"\nbins = 20\n\
                 [[failover.event]]\nwhat = \"route-change\"\ndevice = \"nic\"\nat = \"10 ms\"\n"
            ));
            let timeline = simulate_failover(&s, &profile(), 5).unwrap();
            let machine = Machine::build(&s, &profile()).unwrap();
            let mut engine = engine(&machine, &machine.compile().unwrap(), 5);
            for bin in &timeline.bins {
                let before = engine.observer.classes()[0];
                engine.run(u64::MAX, u64::MAX, bin.end.as_ps());
                let counts = engine.observer.classes()[0].since(before);
                let seen = (counts.packets, counts.octets, counts.lost);
                assert_eq!(seen, (bin.packets, bin.goodput.get(), bin.lost()), "{placement} {direction}");
            }
            assert_eq!(engine.counts().started, timeline.offered);
        }
    }
}

fn event() -> impl Strategy<Value = String> {
    let what = ["link-down", "link-up", "route-change", "nic-reset", "rekey", "hot-plug"];
    (0..what.len(), any::<bool>(), 1..40u32, 0..3u8, 1..10u32).prop_map(move |(i, standby, at, when, lasts)| {
        let device = if standby || what[i] == "hot-plug" { "standby" } else { "nic" };
        let mut text = format!("{{ what = \"{}\", device = \"{device}\", at = \"{at} ms\"", what[i]);
        match when {
            0 => text += ", every = \"7 ms\"",
            1 => text += ", mtbf = \"5 ms\"",
            _ => {}
        }
        if i == 0 || i == 3 {
            text += &format!(", for = \"{lasts} ms\"");
        }
        text + " }"
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    /// Whatever happens: no sequence number is used twice on an SA, packets are neither made nor forgotten, states add
    /// up, and the same seed gives the same timeline.
    #[test]
    fn numbers_never_repeat_and_packets_are_conserved(
        events in prop::collection::vec(event(), 1..5),
        placement in prop::sample::select(vec!["host", "lookaside", "inline-crypto", "inline-packet"]),
        sas in 1..40u32,
        (direction, arrival, delays, daemon) in (
            prop::sample::select(vec!["transmit", "encrypt"]),
            prop::sample::select(vec!["constant", "poisson"]),
            prop::sample::select(vec!["median", "drawn"]),
            prop::sample::select(vec!["own-core", "shared"]),
        ),
        (api, address, standby, software, failback) in (
            prop::sample::select(vec!["fail-then-retry", "fallback-flag"]),
            prop::sample::select(vec!["none", "per-sa", "per-ike-sa"]),
            prop::sample::select(vec!["connectx-7", "nic-40g", "connectx-6-dx\"\nesp.sa_capacity = 5 #"]),
            any::<bool>(),
            any::<bool>(),
        ),
        (cores, bonded) in (1..4u32, any::<bool>()),
        seed in any::<u64>(),
    ) {
        let bonding = if bonded && placement == "inline-crypto" && address == "none" { "pre-installed" } else { "none" };
        let s = scenario(&format!(
            "placement = \"{placement}\"\n\
             traffic = {{ arrival = \"{arrival}\", rate = \"2 Gbps\", flows = 24, direction = \"{direction}\", packet = \"700 B\" }}\n\
             sa.count = {sas}\nhost.cores = {cores}\n\
             [[nic]]\n[[nic]]\nstandby = true\npreset = \"{standby}\"\n\
             [failover]\nspan = \"50 ms\"\nbins = 20\ndetection = \"1 ms\"\nround_trip = \"1 ms\"\n\
             bonding = \"{bonding}\"\napi = \"{api}\"\nsoftware = {software}\ndelays = \"{delays}\"\ndaemon_cpu = \"{daemon}\"\n\
             address_update = \"{address}\"\nsas_per_ike_sa = 4\nfailback = {failback}\n\
             event = [{}]\n", events.join(", ")
        ));
        let timeline = simulate_failover(&s, &profile(), seed).unwrap();
        prop_assert_eq!(timeline.numbers_repeated, 0);
        let (sent, lost) = timeline.bins.iter().fold((0, 0), |(s, l), bin| (s + bin.packets, l + bin.lost()));
        prop_assert!(sent + lost <= timeline.offered);
        let in_flight = timeline.offered - sent - lost;
        prop_assert!(in_flight <= 2 * (1024 + 1000) * u64::from(cores), "{} in flight", in_flight);
        for bin in &timeline.bins {
            prop_assert_eq!(bin.states.iter().sum::<u32>(), sas);
            // Work is counted when it comes to a core, a visit at the most too early.
            prop_assert!(timeline.cpu(bin) < 1.05, "{}", timeline.cpu(bin));
        }
        prop_assert_eq!(&timeline, &simulate_failover(&s, &profile(), seed).unwrap());
    }
}
