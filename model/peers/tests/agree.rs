//! The simulators find the same, and what they find is what queueing theory says.

use espsim_peers::{ESPSIM, Outcome, PEERS, SERVICE, STATIONS, Tandem};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// espsim's two first.
fn outcomes(tandem: &Tandem) -> Vec<Outcome> {
    ESPSIM.iter().chain(&PEERS).map(|simulator| (simulator.build)(tandem)()).collect()
}

#[test]
fn all_agree_to_the_tick() {
    for exponential in [false, true] {
        for customers in [1, 3, 64, 1000] {
            for seed in [1, 2] {
                let tandem = Tandem { customers, departures: 5000, exponential, seed };
                let outcomes = outcomes(&tandem);
                let [ours, unfused, peers @ ..] = &outcomes[..] else { unreachable!() };
                assert_eq!((ours.visits, ours.departures), (tandem.visits(), tandem.all_departures()), "{tandem:?}");
                assert_eq!(unfused, ours, "{tandem:?}");
                for peer in peers {
                    let same = (peer.visits, peer.departures, peer.end);
                    assert_eq!(same, (ours.visits, ours.departures, ours.end), "{tandem:?}");
                    // The sum of rounds is a sum of departure times; ours comes out of a histogram with three digits.
                    assert_eq!(peer.mean_sojourn as f32, peers[0].mean_sojourn as f32, "{tandem:?}");
                    assert!((peer.mean_sojourn / ours.mean_sojourn - 1.0).abs() < 1e-3, "{tandem:?} {ours:?} {peer:?}");
                }
            }
        }
    }
}

#[test]
fn constant_services_end_when_the_slowest_station_has_done_all() {
    // The slowest station, the third, never waits once the first customer has come: with four customers the others are
    // back in time.
    let slowest = SERVICE[2];
    for customers in [4, 100] {
        let tandem = Tandem { customers, departures: 2000, exponential: false, seed: 1 };
        let end = SERVICE[0] + SERVICE[1] + slowest * tandem.all_departures() + SERVICE[3];
        for outcome in outcomes(&tandem) {
            assert_eq!(outcome.end, end, "{outcome:?}");
        }
    }
}

/// Mean time of a round in a closed network of exponential stations, by mean value analysis (Reiser and Lavenberg,
/// "Mean-Value Analysis of Closed Multichain Queuing Networks", Journal of the ACM 27(2), 1980): a customer finds what
/// a network with one customer less has on average.
fn mean_value_analysis(customers: u32) -> f64 {
    let mut queues = [0.0; STATIONS];
    let mut round = 0.0;
    for n in 1..=customers {
        let times: [f64; STATIONS] = std::array::from_fn(|i| SERVICE[i] as f64 * (1.0 + queues[i]));
        round = times.iter().sum();
        queues = times.map(|time| f64::from(n) / round * time);
    }
    round
}

#[test]
fn exponential_services_give_the_mean_round_of_theory() {
    for customers in [1, 4, 16] {
        let theory = mean_value_analysis(customers);
        let samples: Vec<_> =
            (1..=20).map(|seed| outcomes(&Tandem { customers, departures: 20_000, exponential: true, seed })).collect();
        for (index, simulator) in ESPSIM.iter().chain(&PEERS).enumerate() {
            // Theory must lie within the 99.9 % interval of the mean over replications, which must be narrow.
            let rounds: Vec<f64> = samples.iter().map(|outcomes| outcomes[index].mean_sojourn).collect();
            let n = rounds.len() as f64;
            let mean = rounds.iter().sum::<f64>() / n;
            let deviation = (rounds.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
            let half_width = StudentsT::new(0.0, 1.0, n - 1.0).unwrap().inverse_cdf(0.9995) * deviation / n.sqrt();
            assert!((mean - theory).abs() < half_width, "{}: {mean} +- {half_width}, {theory}", simulator.name);
            assert!(half_width < 0.01 * theory, "{}: {half_width} of {theory}", simulator.name);
        }
    }
}
