//! The search: what it finds, and how few trials it takes.

use clap::Parser;
use espsim_model::preset;
use espsim_sweep::campaign::stop::Stop;
use espsim_sweep::file::profile::stand_in;
use espsim_sweep::points::study::ResultKind;
use espsim_sweep::store::folder::Folder;
use espsim_sweep::store::journal::Header;
use tempfile::TempDir;

use super::*;
use crate::args::{Cli, Command};
use crate::question::plan::goals::Goals;
use crate::question::plan::question::Question;

/// Asks about the one placement that the words name.
fn asked<T>(words: &str, about: impl Fn(&Design<'_>) -> T) -> T {
    let words = ["espsim", "plan"].into_iter().chain(words.split(' '));
    let Command::Plan(args) = Cli::try_parse_from(words).unwrap().command else { unreachable!() };
    let question = Question::new(&args).unwrap();
    let profile = preset::profile("zen4").unwrap().unwrap();
    let base = question.scenario(&question.designs[0], &profile).unwrap();
    let (folder, stop, host) = (TempDir::new().unwrap(), Stop::default(), stand_in().unwrap());
    let mut folder = Folder::create(&folder.path().join("plan")).unwrap();
    let header = Header::of_question(ResultKind::Plan, "plan.toml", "", 1, &host);
    let simulations = Simulations::take_up(&mut folder, &header, Some(&host.text), &stop).unwrap();
    let (room, known) = (Room { cores: 256, slots: 8 }, Known::default());
    about(&Design { base, profile: &profile, simulations: &simulations, goals: question.goals, room, known, seed: 1 })
}

#[test]
fn latency_may_take_far_more_cores_than_throughput() {
    let words = "--rate 1Gbps --mix 64B --loss 1% --placement inline-packet --train 1 --latency-p99 21us";
    let (floor, least) = asked(words, |design| {
        let goals = Goals { latency_p99: None, ..design.goals };
        let throughput = ClosedForms { goals, known: &Known::default(), ..design.closed() };
        (throughput.floor(1.0).unwrap(), design.least(1.0).unwrap())
    });
    let cores = least.ok().unwrap().hardware.cores;
    assert!(cores > 2 * floor.cores + 8, "{cores} cores, {} for throughput", floor.cores);
}

/// A train of packets comes to one core, and the last of them waits for the others.
#[test]
fn no_core_helps_against_what_a_train_does_to_itself() {
    let words = "--rate 1Gbps --mix 64B --placement inline-packet --train 128 --latency-p99 60us";
    let missed = asked(words, |design| design.least(1.0).unwrap().err().unwrap().missed);
    assert!(matches!(missed, Some(Missed::Latency(_))), "{missed:?}");
}

/// A load of 2 % more than closed forms allow some hardware, of which 5 % may be lost, takes no more hardware.
#[test]
fn loss_that_is_allowed_is_used() {
    // Without a lock that cores share, which closed forms count as if nobody waited for it.
    let lossy = "--rate 10.75Gbps --loss 5% --placement inline-packet";
    let (load, carries, broken) = asked(lossy, |design| {
        let hardware = design.least(1.0).unwrap().ok().unwrap().hardware;
        let load = design.closed().limits(hardware)[0].1 * 1.02;
        assert_eq!(design.least(load).unwrap().ok().unwrap().hardware.cores, hardware.cores);
        let (carries, broken) = design.headroom(hardware, load).unwrap();
        (load, carries, broken)
    });
    assert!(carries >= load && broken.is_some(), "{carries}");
}

#[test]
fn the_least_is_found() {
    for least in 1..=9 {
        assert_eq!(least_of(1, 9, |n| Ok::<_, ()>(n >= least)), Ok(least));
    }
    assert_eq!(least_of(1, 9, |_| Err(7)), Err(7));
}
