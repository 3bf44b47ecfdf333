//! Random questions, answered by closed forms with simulation, and by simulation of every number of cores.

use clap::Parser;
use espsim_model::preset;
use espsim_model::profile::Profile;
use espsim_model::units::Share;
use espsim_sweep::campaign::simulations::{NoRecord, Simulations};
use espsim_sweep::campaign::stop::Stop;
use espsim_sweep::file::profile::stand_in;
use espsim_sweep::points::outcome::seed;
use espsim_sweep::points::study::ResultKind;
use espsim_sweep::store::folder::Folder;
use espsim_sweep::store::journal::Header;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;

use super::closed_forms::{Known, least_of};
use super::doubt::Doubt;
use super::drawn::Drawn;
use super::hardware::Hardware;
use super::question::Question;
use super::search::Design;
use crate::args::{Cli, Command};

/// Of how many questions; `.ci/run` asks 20, and 200 are asked by hand.
const QUESTIONS: &str = "ESPSIM_TEST_QUESTIONS";
/// The seed of the questions.
const SEED: u64 = 23;
/// Packets that tell whether a design loses too much.
const PACKETS: u64 = 150_000;
/// Of every so many questions one is close: the two best take about as many cores.
const CLOSE_EVERY: usize = 2;
/// What is close.
const CLOSE: f64 = 0.1;
/// Draws that say what is not known.
const DRAWS: u32 = 40;

/// What both ways found of one design.
struct Found {
    name: String,
    planned: Option<Hardware>,
    brute: Option<Hardware>,
    doubt: Option<Doubt>,
}

/// The words of a random question: small enough that some ten cores answer it.
fn question(chance: &mut ChaCha8Rng) -> String {
    let mut one_of = |choices: &[&str]| choices[chance.random_range(0..choices.len())].to_owned();
    let stack = one_of(&["kernel", "kernel", "vector"]);
    let direction = one_of(&["encrypt", "decrypt", "both"]);
    let mix = one_of(&["imix", "64B", "256B", "512B", "900B", "1400B", "64:7,576:4,1400:1", "128:1,1400:1"]);
    let nic = one_of(&["connectx-6-dx", "connectx-7", "bluefield-3"]);
    let train = one_of(&["1", "4", "16", "32"]);
    let loss = one_of(&["0.1%", "0.3%", "1%"]);
    let tunnels = one_of(&["16", "256", "2000"]);
    let most: f64 = if stack == "kernel" { 6.0 } else { 40.0 };
    let rate = most * chance.random_range(0.1..1.0);
    format!(
        "--rate {rate:.2}Gbps --mix {mix} --direction {direction} --stack {stack} --nic {nic} --train {train} --loss {loss} \
         --tunnels {tunnels} --host-cores 32"
    )
}

/// How many cores and parts of one each design needs by closed forms.
fn close(words: &str, profile: &Profile) -> bool {
    let mut needed: Vec<f64> = asked(words, profile, |design| {
        let closed = design.closed();
        let hardware = closed.floor(1.0)?;
        Some(closed.needed_by(hardware, &closed.state(hardware, 1.0)?).cores)
    })
    .into_iter()
    .filter_map(|(_, cores)| cores)
    .collect();
    needed.sort_by(f64::total_cmp);
    matches!(needed[..], [first, second, ..] if second <= first * (1.0 + CLOSE))
}

/// Asks about every design of a question that exists.
fn asked<T>(words: &str, profile: &Profile, about: impl Fn(&Design<'_>) -> T) -> Vec<(String, T)> {
    let words = ["espsim", "plan"].into_iter().chain(words.split_whitespace());
    let Command::Plan(args) = Cli::try_parse_from(words).unwrap().command else { unreachable!() };
    let question = Question::new(&args).unwrap();
    let (folder, stop, host) = (TempDir::new().unwrap(), Stop::default(), stand_in().unwrap());
    let mut folder = Folder::create(&folder.path().join("plan")).unwrap();
    let header = Header::of_question(ResultKind::Plan, "plan.toml", "", 1, &host);
    let simulations = Simulations::take_up(&mut folder, &header, Some(&host.text), &stop).unwrap();
    let mut all = Vec::new();
    for design in &question.designs {
        let Ok(base) = question.scenario(design, profile) else { continue };
        if base.check_exists().is_err() {
            continue;
        }
        let (goals, room) = (question.goals, question.room(profile));
        let simulated =
            Design { base, profile, simulations: &simulations, goals, room, known: Known::default(), seed: SEED };
        all.push((design.name(), about(&simulated)));
    }
    all
}

/// Whether simulation alone says that hardware does.
fn does(design: &Design<'_>, hardware: Hardware) -> Result<bool, NoRecord> {
    let mut scenario = design.closed().loaded(hardware, 1.0);
    scenario.run.max_packets = PACKETS;
    scenario.run.half_width = Share::from_fraction(1e-6);
    let record = design.simulations.record(&scenario, design.profile, seed(SEED + 1, 0))?;
    Ok(design.goals.missed(&record, 0.0).is_none())
}

/// The least hardware by simulation alone: the fewest NICs and cards with which some number of cores does, then cores.
fn brute(design: &Design<'_>) -> Option<Hardware> {
    let cards: &[u32] = if design.base.placement.uses_accelerator() { &[1, 2, 3] } else { &[0] };
    let devices = (1..=3).flat_map(|nics| cards.iter().map(move |cards| (nics, *cards)));
    for (nics, accelerators) in devices {
        let with = |cores| Hardware { hosts: 1, cores, nics, accelerators };
        let holds = |cores| does(design, with(cores)).ok();
        let most = [4, 8, 16, 32].into_iter().find(|cores| holds(*cores) == Some(true));
        if let Some(most) = most {
            let least =
                least_of(if most == 4 { 1 } else { most / 2 }, most, |cores| Ok::<_, ()>(holds(cores) == Some(true)));
            return least.ok().map(with);
        }
    }
    None
}

/// The design that takes least of those that serve.
fn winner(found: &[Found], of: impl Fn(&Found) -> Option<Hardware>) -> Option<&str> {
    let serving = found.iter().filter_map(|design| Some((design, of(design)?)));
    let order = |hardware: &Hardware| (hardware.all_cores(), hardware.hosts * hardware.slots());
    serving.min_by_key(|(_, hardware)| order(hardware)).map(|(design, _)| design.name.as_str())
}

/// Whether two designs take as many cores within what is not known of either.
fn within_doubt(found: &[Found], one: &str, other: &str) -> bool {
    let of = |name: &str| found.iter().find(|design| design.name == name).and_then(|design| design.doubt.as_ref());
    let (Some(one), Some(other)) = (of(one), of(other)) else { return false };
    let fewer = one.fewer_than(other).max(other.fewer_than(one));
    fewer < 0.975
}

#[test]
fn plans_choose_as_simulation_of_every_number_of_cores_does() {
    let n: usize = std::env::var(QUESTIONS).ok().and_then(|n| n.parse().ok()).unwrap_or(4);
    let profile = preset::profile("zen4").unwrap().unwrap();
    let drawn = Drawn::new(&profile, DRAWS, SEED).hosts;
    let mut chance = ChaCha8Rng::seed_from_u64(SEED);
    let (mut same, mut excused, mut wrong, mut near) = (0, 0, Vec::new(), 0);
    for number in 0..n {
        let words = loop {
            let words = question(&mut chance);
            if number % CLOSE_EVERY > 0 || close(&words, &profile) {
                break words;
            }
        };
        near += usize::from(close(&words, &profile));
        let found: Vec<Found> = asked(&words, &profile, |design| {
            let planned = design.least(1.0).unwrap().ok().map(|trial| trial.hardware);
            let doubt = planned.and_then(|hardware| Doubt::of(&design.closed(), hardware, 1.0, &drawn));
            (planned, brute(design), doubt)
        })
        .into_iter()
        .map(|(name, (planned, brute, doubt))| Found { name, planned, brute, doubt })
        .collect();
        let [plan, truth] = [winner(&found, |f| f.planned), winner(&found, |f| f.brute)];
        match (plan, truth) {
            (plan, truth) if plan == truth => same += 1,
            (Some(plan), Some(truth)) if within_doubt(&found, plan, truth) => excused += 1,
            _ => {
                let all: Vec<_> = found.iter().map(|f| (&f.name, f.planned, f.brute)).collect();
                wrong.push(format!("{words}: {plan:?} and {truth:?}: {all:?}"));
            }
        }
    }
    println!("{n} questions, {near} of them close: {same} chosen alike, {excused} within doubt, {} not", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(3 * near >= n, "{near} of {n} are close");
    // Of few questions none but those within doubt may differ; of many, one in a hundred.
    assert!(n < 100 || excused * 100 <= n, "{excused} of {n}");
}

/// All values at the ends of their ranges at once, and one by one: what is planned lies between.
#[test]
fn a_plan_lies_between_those_of_the_ends_of_every_value() {
    let profile = preset::profile("zen4").unwrap().unwrap();
    for words in ["--rate 4Gbps --stack kernel --nic connectx-7", "--rate 150Gbps --stack vector --nic connectx-7"] {
        let cores = |profile: &Profile| -> Vec<u32> {
            let of = |design: &Design<'_>| design.closed().floor(1.0).map_or(u32::MAX, |hardware| hardware.all_cores());
            asked(words, profile, of).into_iter().map(|(_, cores)| cores).collect()
        };
        let own = cores(&profile);
        let moved = |keys: &[String], end: usize| {
            keys.iter().fold(profile.clone(), |moved, key| {
                let ends = espsim_model::uncertainty::estimate(&profile, key)
                    .map(|value| espsim_model::uncertainty::ends(&value).0[end]);
                ends.and_then(|value| espsim_model::uncertainty::moved(&moved, key, value)).unwrap_or(moved)
            })
        };
        let keys = profile.values();
        let costs: Vec<String> = keys.iter().filter(|key| !is_rate(key)).cloned().collect();
        let rates: Vec<String> = keys.iter().filter(|key| is_rate(key)).cloned().collect();
        let both = |end: usize| {
            let costs = moved(&costs, end);
            // What is dear when it is low, at its other end.
            rates.iter().fold(costs, |moved, key| {
                let value = espsim_model::uncertainty::estimate(&profile, key).unwrap();
                let end = espsim_model::uncertainty::ends(&value).0[1 - end];
                espsim_model::uncertainty::moved(&moved, key, end).unwrap_or(moved)
            })
        };
        let [cheap, dear] = [cores(&both(0)), cores(&both(1))];
        for ((own, cheap), dear) in own.iter().zip(&cheap).zip(&dear) {
            assert!(cheap <= own && own <= dear && cheap < dear, "{words}: {cheap} {own} {dear}");
        }
        let table = if words.contains("vector") { "vector." } else { "stack." };
        for key in keys.iter().filter(|key| key.starts_with(table)) {
            let [low, high] = [0, 1].map(|end| cores(&moved(std::slice::from_ref(key), end)));
            for ((own, low), high) in own.iter().zip(&low).zip(&high) {
                assert!(low.min(high) <= own && own <= low.max(high), "{words}, {key}: {low} {own} {high}");
            }
        }
    }
}

/// Whether more of a value is better.
fn is_rate(key: &str) -> bool {
    ["host.frequency", "memory.bandwidth"].contains(&key)
}
