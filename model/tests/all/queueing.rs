//! The engine against queueing theory: waiting times of M/M/1, M/D/1 and M/M/c, and Lindley's recursion to the
//! picosecond.

use espsim_model::engine::Engine;
use espsim_model::engine::program::{Arrivals, Gate, Op, Pool, Program, Source, Train, Workload};
use espsim_model::engine::random::{Purpose, Stream};
use statrs::distribution::{ContinuousCDF, StudentsT};

pub const SERVICE: u64 = 1_000_000;

fn workload(arrivals: Arrivals) -> Workload {
    Workload::single(1, arrivals)
}

/// Mean time in the system, in service times, of one replication.
fn mean_sojourn(op: Op, units: u16, work: Workload, seed: u64) -> f64 {
    let program = Program {
        ops: vec![op, Op::Depart { class: 0, bytes: 1 }, Op::End],
        servers: vec![units],
        lanes: vec![0],
        ..Program::default()
    };
    let mut engine = Engine::new(program, work, seed, 1000);
    engine.run(20_000, u64::MAX, u64::MAX);
    engine.observer.forget_latency();
    engine.run(220_000, u64::MAX, u64::MAX);
    engine.observer.latency(0).mean() / (SERVICE as f64 * 1e-3)
}

/// Poisson arrivals, of trains, under a load.
fn holds(op: Op, (units, train): (u16, u32), load: f64, theory: f64) {
    let mean = (SERVICE as f64 / f64::from(units) / load) as u64;
    let mut work = workload(Arrivals::Poisson { mean });
    work.sources[0].train = Train { jobs: train, spacing: 0 };
    holds_for(op, units, &work, theory);
}

/// The mean time in the system over replications must lie within its 99.9 % interval of theory, in service times.
pub fn holds_for(op: Op, units: u16, work: &Workload, theory: f64) {
    let samples: Vec<f64> = (1..=20).map(|seed| mean_sojourn(op, units, work.clone(), seed)).collect();
    let n = samples.len() as f64;
    let mean = samples.iter().sum::<f64>() / n;
    let deviation = (samples.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let half_width = StudentsT::new(0.0, 1.0, n - 1.0).unwrap().inverse_cdf(0.9995) * deviation / n.sqrt();
    assert!((mean - theory).abs() < half_width, "{mean} +- {half_width}, theory {theory}");
    // The interval itself must be narrow, or the test would prove nothing.
    assert!(half_width < 0.06 * theory, "{half_width} of {theory}");
}

#[test]
fn mm1() {
    for load in [0.5, 0.8] {
        // Kleinrock, "Queueing Systems", volume 1, section 3.2.
        holds(Op::ServeRandom { server: 0, lane: 0, mean: SERVICE }, (1, 1), load, 1.0 / (1.0 - load));
    }
}

#[test]
fn md1() {
    for load in [0.5, 0.8] {
        // Pollaczek and Khinchine: W = rho / (2 (1 - rho)) service times.
        holds(Op::Serve { server: 0, lane: 0, time: SERVICE }, (1, 1), load, 1.0 + load / (2.0 * (1.0 - load)));
    }
}

/// Trains as groups that come at once: each waits for what is there, and its last packet for the others.
#[test]
fn md1_of_trains() {
    for (load, train) in [(0.5, 8), (0.8, 3)] {
        // Cohen, "The Single Server Queue", section III.2: batches of a fixed size.
        let theory = 1.0 + (load + f64::from(train) - 1.0) / (2.0 * (1.0 - load));
        holds(Op::Serve { server: 0, lane: 0, time: SERVICE }, (1, train), load, theory);
    }
}

#[test]
fn mmc() {
    for (units, load) in [(2u16, 0.8), (4, 0.7), (8, 0.9)] {
        let c = f64::from(units);
        let offered = c * load;
        // Erlang's C formula.
        let term = |k: u16| (1..=k).map(|i| offered / f64::from(i)).product::<f64>();
        let last = term(units) / (1.0 - load);
        let waits = last / ((0..units).map(term).sum::<f64>() + last);
        let theory = 1.0 + waits / (c * (1.0 - load));
        holds(Op::ServeAnyRandom { server: 0, lane: 0, mean: SERVICE }, (units, 1), load, theory);
    }
}

/// Departure times of a closed tandem by Lindley's recursion alone: no events, one pass per packet.
fn lindley(times: &mut dyn FnMut(usize) -> u64, servers: usize, packets: usize, departures: usize) -> Vec<u64> {
    let mut free_at = vec![0; servers];
    let mut ready = vec![0u64; packets];
    (0..departures)
        .map(|i| {
            // First come, first served throughout: packets keep their order round after round.
            let mut now = ready[i % packets];
            for (server, free_at) in free_at.iter_mut().enumerate() {
                now = now.max(*free_at) + times(server);
                *free_at = now;
            }
            ready[i % packets] = now;
            now
        })
        .collect()
}

#[test]
fn closed_tandem_is_lindley_to_the_picosecond() {
    const SERVERS: u16 = 4;
    const MEANS: [u64; 4] = [70_001, 90_007, 100_003, 80_021];
    const DEPARTURES: usize = 20_000;
    // An event for each visit; random times; visits fused behind the first, so that a round is one event.
    for (random, fused) in [(false, false), (true, false), (false, true)] {
        for packets in [1, 3, 64, 1000] {
            let op = |server: u16| {
                let (lane, time) = (server, MEANS[usize::from(server)]);
                match server {
                    _ if random => Op::ServeRandom { server, lane, mean: time },
                    1.. if fused => Op::Chain { server, lane, time },
                    _ => Op::Serve { server, lane, time },
                }
            };
            let ops = (0..SERVERS).map(op).chain([Op::Depart { class: 0, bytes: 1 }, Op::End]).collect();
            let program = Program { ops, servers: vec![1; 4], lanes: vec![0; 4], ..Program::default() };
            let arrivals = Arrivals::Closed { jobs_per_flow: packets };
            let mut engine = Engine::new(program, workload(arrivals), 5, 1);
            engine.run(DEPARTURES as u64, u64::MAX, u64::MAX);
            let rounds = engine.events() / if fused { 1 } else { u64::from(SERVERS) };
            assert!((DEPARTURES as u64..=DEPARTURES as u64 + u64::from(packets)).contains(&rounds), "{rounds} rounds");
            let ours: Vec<u64> = (0..engine.observer.batches())
                .map(|batch| engine.observer.batch(batch, 0))
                .scan(0, |now, (ps, _)| {
                    *now += ps;
                    Some(*now)
                })
                .collect();
            let mut streams: Vec<Stream> = (0..SERVERS).map(|s| Stream::new(5, Purpose::Service(s))).collect();
            let mut times = |server: usize| {
                if random { streams[server].exponential(MEANS[server]) } else { MEANS[server] }
            };
            assert_eq!(ours, lindley(&mut times, 4, packets as usize, DEPARTURES), "{packets} {random} {fused}");
        }
    }
}

#[test]
fn gates_close_by_number_and_by_time() {
    // One job every 100 ns; a gate of 4 jobs, or 250 ns after the first.
    let ops = vec![
        Op::Gather { gate: 0 },
        Op::Serve { server: 0, lane: 0, time: 10 },
        Op::Serve { server: 1, lane: 1, time: 0 },
        Op::Depart { class: 0, bytes: 1 },
        Op::End,
    ];
    let run = |(jobs, timeout)| {
        let gate = Gate { jobs, timeout, budget: 0, merging: None };
        let program = Program {
            ops: ops.clone(),
            servers: vec![1; 2],
            lanes: vec![0; 2],
            gates: vec![gate],
            ..Program::default()
        };
        let mut engine = Engine::new(program, workload(Arrivals::Constant { interval: 100_000 }), 1, 1);
        engine.run(1200, u64::MAX, u64::MAX);
        engine.drain();
        assert_eq!(engine.in_flight(), 0);
        // Only the first of each batch makes the visit after the gate.
        engine.visits()[2] as f64 / engine.visits()[1] as f64
    };
    assert_eq!(run((4, 1_000_000)), 4.0);
    // Jobs at 0, 100 and 200 ns; the gate opens at 250.
    assert_eq!(run((4, 250_000)), 3.0);
}

#[test]
fn pools_wait_in_order_and_drop_when_told() {
    // A pool of 2 held for 300 ns, arrivals every 100 ns: one in three is dropped.
    let ops = vec![
        Op::TryAcquire { pool: 0, n: 1, otherwise: 5 },
        Op::Wait { lane: 0 },
        Op::Release { pool: 0, n: 1 },
        Op::Depart { class: 0, bytes: 1 },
        Op::End,
        Op::Drop { class: 0, n: 1 },
        Op::End,
    ];
    let program = Program { ops, lanes: vec![299_000], pools: vec![Pool::of(2)], ..Program::default() };
    let mut engine = Engine::new(program, workload(Arrivals::Constant { interval: 100_000 }), 1, 1);
    engine.run(2000, u64::MAX, u64::MAX);
    let (sent, dropped) = (engine.visits()[3], engine.visits()[5]);
    assert_eq!(sent, 2 * dropped);
    engine.drain();
    assert_eq!(engine.counts().started, engine.counts().ended);
}

#[test]
fn one_poll_follows_the_other_while_packets_wait() {
    // A packet every 100 ns, each 90 ns of work; an interrupt (1 us) at the first, then polls of 100 ns with a budget of 8.
    let ops = vec![
        Op::Poll { gate: 0 },
        Op::Serve { server: 0, lane: 0, time: 1_000_000 },
        Op::Serve { server: 0, lane: 0, time: 100_000 },
        Op::Serve { server: 0, lane: 0, time: 90_000 },
        Op::Polled { gate: 0 },
        Op::Depart { class: 0, bytes: 1 },
        Op::End,
    ];
    let run = |interval: u64, packets: u64| {
        let program = Program {
            ops: ops.clone(),
            servers: vec![1],
            lanes: vec![0],
            gates: vec![Gate { jobs: 1, timeout: 0, budget: 8, merging: None }],
            ..Program::default()
        };
        let mut engine = Engine::new(program, workload(Arrivals::Constant { interval }), 1, 1);
        engine.run(packets, u64::MAX, u64::MAX);
        engine.drain();
        assert_eq!(engine.in_flight(), 0);
        let visits = engine.visits();
        (visits[1] as f64 / visits[0] as f64, visits[2] as f64 / visits[0] as f64)
    };
    // Overload: after the first interrupt none, and every poll finds its budget.
    let (interrupts, polls) = run(50_000, 10_000);
    assert!(interrupts < 0.001 && (polls - 0.125).abs() < 0.001, "{interrupts} {polls}");
    // Far apart: an interrupt and a poll for each.
    assert_eq!(run(10_000_000, 100), (1.0, 1.0));
}

#[test]
fn packets_merge_up_to_the_end_of_their_poll() {
    let ops = vec![
        Op::Poll { gate: 0 },
        Op::Jump { to: 2 },
        Op::Jump { to: 3 },
        Op::Serve { server: 0, lane: 0, time: 10_000 },
        Op::Merge { gate: 1, poll: 0 },
        Op::Serve { server: 0, lane: 0, time: 1000 },
        Op::Depart { class: 0, bytes: 1 },
        Op::End,
    ];
    let merged = |jobs: u32, budget: u32, window: u32| {
        let program = Program {
            ops: ops.clone(),
            servers: vec![1],
            lanes: vec![0],
            gates: vec![
                Gate { jobs: window, timeout: 1000, budget, merging: Some(1) },
                Gate { jobs, timeout: u64::MAX, budget: 0, merging: None },
            ],
            ..Program::default()
        };
        let closed = Arrivals::Closed { jobs_per_flow: window };
        let mut engine = Engine::new(program, workload(closed), 1, 1);
        engine.run(10_000, u64::MAX, u64::MAX);
        engine.drain();
        let visits = engine.visits();
        visits[3] as f64 / visits[5] as f64
    };
    // Whichever is less: what merges at most, or what a poll finds.
    // The last of a poll merge with fewer.
    let four = merged(4, 64, 64);
    assert!((3.5..=4.0).contains(&four), "{four}");
    let sixteen = merged(64, 16, 64);
    assert!((15.5..=16.0).contains(&sixteen), "{sixteen}");
    assert_eq!(merged(1, 16, 64), 1.0);
}

#[test]
fn a_lock_is_a_bottleneck_and_spinning_holds_the_core() {
    // Three cores, each 100 ns of work and then 60 ns with the lock: 1 / max(60, 160 / 3) per ns.
    let core = |core: u16| {
        vec![
            Op::Hold { pool: core },
            Op::Serve { server: core, lane: core, time: 100_000 },
            Op::Serve { server: 3, lane: 3, time: 60_000 },
            Op::Free { pool: core },
            Op::Depart { class: 0, bytes: 1 },
            Op::End,
        ]
    };
    let program = Program {
        ops: (0..3).flat_map(core).collect(),
        servers: vec![1; 4],
        lanes: vec![0; 4],
        pools: vec![Pool::of(1); 3],
        ..Program::default()
    };
    let workload = Workload {
        flows: vec![0, 1, 2],
        keys: vec![0; 3],
        starts: vec![vec![0], vec![6], vec![12]],
        sources: vec![Source { ..Source::of(3, Arrivals::Closed { jobs_per_flow: 4 }) }],
    };
    let mut engine = Engine::new(program, workload, 1, 1);
    engine.run(30_000, u64::MAX, u64::MAX);
    let per_packet = engine.now_ps() as f64 / 30_000.0;
    assert!((per_packet / 60_000.0 - 1.0).abs() < 0.001, "{per_packet}");
    // The cores are never idle: what they do not work they spin.
    let held: u64 = (0..3).map(|pool| engine.held_ps(pool)).sum();
    assert!(held as f64 / (3.0 * engine.now_ps() as f64) > 0.999);
}

#[test]
fn behind_a_server_too_slow_for_any_time_nothing_comes_and_nothing_breaks() {
    let ops = vec![Op::Serve { server: 0, lane: 0, time: 1 << 62 }, Op::Depart { class: 0, bytes: 1 }, Op::End];
    let program = Program { ops, servers: vec![1], lanes: vec![1 << 62], ..Program::default() };
    // The times of sixty-four such jobs add up to more than the clock can say.
    let mut engine = Engine::new(program, workload(Arrivals::Closed { jobs_per_flow: 64 }), 1, 1);
    assert!(!engine.run(1, u64::MAX, u64::MAX));
    assert_eq!((engine.observer.packets(), engine.in_flight()), (0, 64));
}
