//! Arrivals that are not even: on-off and in bursts, against theory, and what they do to loss.

use espsim_model::engine::program::{Arrivals, Op, Workload};
use espsim_model::engine::random::{Purpose, Stream};
use espsim_model::preset;
use espsim_model::record::Record;
use espsim_model::scenario::Scenario;
use espsim_model::simulate;

use crate::common::{goodput, near};
use crate::queueing::{SERVICE, holds_for};

/// An interrupted Poisson process is a renewal process, so that its queue is GI/M/1: of a time in the system of
/// 1 / (1 - sigma) service times, where sigma = A(1 - sigma) and A is the Laplace transform of the time between two
/// arrivals (Kuczura, Bell System Technical Journal 52, 1973; Kleinrock, "Queueing Systems", volume 1, section 6.4).
#[test]
fn interrupted_poisson_arrivals_wait_as_gi_m_1() {
    for (load, on, off) in [(0.5, 4.0, 4.0), (0.6, 3.0, 9.0)] {
        let rate = load * (on + off) / on;
        let (leaves, returns) = (1.0 / on, 1.0 / off);
        let transform = |s: f64| rate * (s + returns) / (s * s + (rate + leaves + returns) * s + rate * returns);
        let sigma = (0..10_000).fold(0.5, |sigma: f64, _| transform(1.0 - sigma));
        let ps = |services: f64| (services * SERVICE as f64) as u64;
        let arrivals = Arrivals::OnOff { mean: ps(1.0 / load), on: ps(on), off: ps(off) };
        let op = Op::ServeRandom { server: 0, lane: 0, mean: SERVICE };
        // It waits far longer than under Poisson arrivals of the same rate.
        assert!(1.0 / (1.0 - sigma) > 1.5 / (1.0 - load));
        holds_for(op, 1, &Workload::single(1, arrivals), 1.0 / (1.0 - sigma));
    }
}

/// M[X]/D/1 with geometric batches of mean b: E[X (X - 1)] / (2 E[X]) = b - 1 (Cohen, "The Single Server Queue", III.2).
#[test]
fn bursts_wait_as_geometric_batches() {
    for (load, burst) in [(0.5, 8), (0.8, 3)] {
        let theory = 1.0 + (load / 2.0 + f64::from(burst) - 1.0) / (1.0 - load);
        let mean = (SERVICE as f64 / load) as u64;
        let arrivals = Arrivals::Bursts { mean, trains: burst };
        holds_for(Op::Serve { server: 0, lane: 0, time: SERVICE }, 1, &Workload::single(1, arrivals), theory);
    }
}

#[test]
fn geometric_draws_have_their_mean_and_variance() {
    let mut stream = Stream::new(1, Purpose::Bursts(0));
    assert!((0..1000).all(|_| stream.geometric(1) == 1));
    let draws: Vec<f64> = (0..200_000).map(|_| f64::from(stream.geometric(10))).collect();
    let mean = draws.iter().sum::<f64>() / draws.len() as f64;
    let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / draws.len() as f64;
    near(mean, 10.0, 0.01);
    near(variance, 90.0, 0.03);
}

fn run(settings: &[(&str, &str)]) -> Record {
    let profile = preset::profile("ice-lake-sp").unwrap().unwrap();
    let base = [("placement", "inline-packet"), ("traffic.direction", "encrypt"), ("traffic.rate", "4 Gbps")];
    simulate(&Scenario::from_settings(&[&base[..], settings].concat()).unwrap(), &profile, 1).unwrap()
}

/// Whatever the burst, the rate is what was asked for; what a ring cannot hold of one is lost.
#[test]
fn bursts_keep_the_rate_and_overflow_rings() {
    let ways: [&[(&str, &str)]; 4] = [
        &[("traffic.arrival", "bursts"), ("traffic.burst", "16")],
        &[("traffic.arrival", "on-off"), ("traffic.on", "20 us"), ("traffic.off", "60 us")],
        &[("traffic.arrival", "on-off"), ("traffic.on", "20 us"), ("traffic.off", "60 us"), ("traffic.train", "8")],
        &[("traffic.arrival", "poisson")],
    ];
    for way in ways {
        let record = run(&[way, &[("nic.ring", "8192"), ("traffic.packet", "1428 B")]].concat());
        near(goodput(&record), 4.0 * 1400.0 / 1428.0, 0.02);
        assert_eq!(record.loss.unwrap().share, 0.0, "{way:?}");
    }
    let small = |more: &[(&str, &str)]| {
        let base = [("nic.ring", "512"), ("traffic.packet", "256 B"), ("traffic.rate", "500 Mbps")];
        run(&[more, &base].concat()).loss.unwrap().share
    };
    assert_eq!(small(&[("traffic.arrival", "poisson")]), 0.0);
    assert!(small(&[("traffic.arrival", "bursts"), ("traffic.burst", "1024")]) > 0.05);
}

/// Arrivals that need a time or a number say so by name.
#[test]
fn what_uneven_arrivals_need_is_asked_for() {
    let profile = preset::profile("zen4").unwrap().unwrap();
    let refused = |settings: &[(&str, &str)]| {
        let settings = [&[("traffic.rate", "4 Gbps")], settings].concat();
        Scenario::from_settings(&settings).unwrap().check(&profile).unwrap_err().key
    };
    assert_eq!(refused(&[("traffic.arrival", "bursts")]), "traffic.burst");
    assert_eq!(refused(&[("traffic.arrival", "on-off"), ("traffic.off", "1 us")]), "traffic.on");
    assert_eq!(refused(&[("traffic.arrival", "on-off"), ("traffic.on", "1 us")]), "traffic.off");
}
