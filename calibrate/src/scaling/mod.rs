//! How much cores slow each other down: shared power, clock, execution units of hardware threads.
//!
//! Rounds over all numbers of busy cores; within a round each speed is relative to that of a core alone, by CPU time, so
//! that neither a preemption nor a slow moment counts. What is disturbed is dropped, and where too little is left, or the
//! host was busy, there is no value but a reason.

mod round;
mod rows;
mod vectors;

use espsim_model::profile::{Algorithm, BEYOND, Direction, Estimate, Profile, Scaling};
use espsim_model::stack::Stack;
use espsim_model::units::Bytes;

use crate::aead::{self, Backend};
use crate::clock::dependent_additions;
use crate::gate::{Conditions, Watch, refusing};
use crate::inventory::{Topology, topology};
use crate::packets::seal;
use crate::{CalibrateError, aead::TAG};
use round::{Operation, Round};

/// Rounds over all numbers of cores: of nine, the second and the eighth bound the median with 96 % confidence.
const ROUNDS: usize = 9;
/// Most rounds, where a neighbour comes and goes.
const MOST_ROUNDS: usize = 45;
/// Plaintext octets: a full-sized packet, which stays in the first-level cache.
const OCTETS: u64 = 1440;
/// Dependent additions of one operation of plain instructions.
const ADDITIONS: u64 = 3200;

/// Where [`BEYOND`] is from.
pub(crate) const SCALING_BEYOND: &str = "estimate: turbo frequencies of servers, from one core to all";

/// What cores do while they are compared.
#[derive(Clone, Copy)]
enum Work {
    Cipher(Algorithm, &'static Backend),
    /// Plain instructions that wait for each other: the clock alone.
    Plain,
}

/// How cores slow each other, as far as that could be measured.
#[derive(Debug, Clone, PartialEq)]
pub struct CoreScaling {
    /// With AES-128-GCM, on all usable CPUs, hardware threads last.
    pub aes: Vec<Scaling>,
    /// With ChaCha20-Poly1305.
    pub chacha: Vec<Scaling>,
    /// With plain instructions, on cores of their own.
    pub stack: Vec<Scaling>,
    /// What two hardware threads of a core leave each of its speed alone, with AES-128-GCM.
    pub siblings: Option<Estimate>,
    /// The core's frequency amid AES-128-GCM over that amid plain instructions.
    pub vectors: Option<Estimate>,
    /// What is absent, and why.
    pub missing: Vec<String>,
    /// What went on meanwhile.
    pub conditions: Conditions,
    /// Implementations that ran, and the CPUs that they ran on, in the order in which these became busy.
    pub method: String,
}

/// Measures how the cores that the process may use slow each other, with the fastest implementations of a profile.
///
/// # Errors
/// [`CalibrateError::Thread`] if a thread dies or there is no implementation.
pub fn scaling(profile: &Profile, progress: &mut dyn FnMut(&str)) -> Result<CoreScaling, CalibrateError> {
    let topology = topology();
    let none = || CalibrateError::Thread("no AES-128-GCM to run".into());
    let aes = Work::Cipher(Algorithm::Aes128Gcm, fastest(profile, Algorithm::Aes128Gcm).ok_or_else(none)?);
    let chacha =
        fastest(profile, Algorithm::ChaCha20Poly1305).map(|backend| Work::Cipher(Algorithm::ChaCha20Poly1305, backend));
    let works: Vec<Work> = [Some(aes), chacha, Some(Work::Plain)].into_iter().flatten().collect();
    let watch = Watch::start();
    let mut rounds: Vec<Round> = Vec::new();
    while rounds.len() < ROUNDS || (rounds.len() < MOST_ROUNDS && !are_known(&works, &topology, &rounds)) {
        let planned = if rounds.len() < ROUNDS { ROUNDS } else { MOST_ROUNDS };
        progress(&format!("how cores slow each other, round {} of {planned}", rounds.len() + 1));
        rounds.push(Round::measure(&works, &topology)?);
    }
    let vectors = topology.representative().map(|cpu| vectors::frequency(aes, cpu)).transpose()?.flatten();
    Ok(conclude(&works, &topology, &rounds, vectors, watch.end()))
}

/// Whether every row is known well enough that further rounds would tell little.
fn are_known(works: &[Work], topology: &Topology, rounds: &[Round]) -> bool {
    works.iter().enumerate().all(|(number, work)| {
        (0..round::counts(topology, *work).len()).all(|row| rows::is_known(&speeds(rounds, number, row)))
    })
}

/// The speeds of a row in the rounds that were not disturbed, relative to a core alone in most of them: what slows it in one
/// round must not make others look fast.
fn speeds(rounds: &[Round], work: usize, row: usize) -> Vec<f64> {
    let alone = |round: &Round| round.alone[work];
    let usual = rows::upper_quartile(&rounds.iter().filter_map(alone).collect::<Vec<_>>());
    rounds.iter().filter_map(|round| Some(round.speeds[work][row]? * alone(round)? / usual)).collect()
}

/// Rows of what the rounds gave, or nothing but reasons where the host was disturbed.
fn conclude(
    works: &[Work],
    topology: &Topology,
    rounds: &[Round],
    vectors: Option<Estimate>,
    conditions: Conditions,
) -> CoreScaling {
    let mut missing: Vec<String> = refusing(&conditions).into_iter().map(|reason| reason.text).collect();
    let usable = missing.is_empty();
    let mut tables = [Vec::new(), Vec::new(), Vec::new()];
    for (number, work) in works.iter().enumerate().filter(|_| usable) {
        let (rows, why) = rows::table(&round::counts(topology, *work), |row| speeds(rounds, number, row));
        let table = match work {
            Work::Cipher(Algorithm::ChaCha20Poly1305, _) => 1,
            Work::Cipher(..) => 0,
            Work::Plain => 2,
        };
        tables[table] = rows;
        missing.extend(why.map(|why| format!("{}: {why}", work.name())));
    }
    let speeds: Vec<f64> = rounds.iter().filter_map(|round| round.siblings).collect();
    let siblings = topology.siblings().filter(|_| usable).and_then(|_| match rows::speed(&speeds) {
        Ok(speed) => Some(speed),
        Err(why) => {
            missing.push(format!("two hardware threads of a core: {why}"));
            None
        }
    });
    let [aes, chacha, stack] = tables;
    let names: Vec<&str> = works.iter().map(|work| work.name()).collect();
    let order: Vec<String> = topology.order().iter().map(usize::to_string).collect();
    let method = format!(
        "{} on CPUs {}, thread CPU time, upper quartile of {} rounds",
        names.join(", "),
        order.join(","),
        rounds.len()
    );
    CoreScaling { aes, chacha, stack, siblings, vectors: vectors.filter(|_| usable), missing, conditions, method }
}

impl Work {
    fn name(self) -> &'static str {
        match self {
            Work::Cipher(_, backend) => backend.name,
            Work::Plain => "plain additions",
        }
    }

    /// The operation that a thread repeats; `None` if the implementation is gone.
    fn operation(self) -> Option<Operation> {
        match self {
            Work::Plain => Some(Box::new(|| dependent_additions(ADDITIONS))),
            Work::Cipher(algorithm, backend) => {
                let context = backend.context(algorithm).ok()?;
                let mut packet = vec![0; OCTETS as usize + TAG];
                let mut sequence = 0;
                Some(Box::new(move || {
                    sequence += 1;
                    seal(&*context, TAG, sequence, &mut packet);
                }))
            }
        }
    }
}

/// The fastest measured backend, or the first one that works.
fn fastest(profile: &Profile, algorithm: Algorithm) -> Option<&'static Backend> {
    let named = |name: &str| aead::BACKENDS.iter().find(|backend| backend.name == name);
    profile
        .aead(algorithm, Direction::Seal, Bytes::new(OCTETS), Stack::Vector)
        .and_then(|cost| named(&cost.backend))
        .into_iter()
        .chain(aead::BACKENDS)
        .find(|backend| backend.context(algorithm).is_ok())
}

impl CoreScaling {
    /// Puts it into a profile, with its source. Where vectors lower the clock, ciphers' cycles become those of that clock:
    /// the time that was measured stays what it was.
    pub fn write(&self, profile: &mut Profile) {
        let host = &mut profile.host;
        (host.scaling, host.scaling_chacha) = (self.aes.clone(), self.chacha.clone());
        (host.scaling_stack, host.siblings) = (self.stack.clone(), self.siblings);
        host.scaling_beyond = Some(BEYOND);
        let measured = format!("measured: {}", self.method);
        let known = [
            ("host.scaling", !self.aes.is_empty()),
            ("host.scaling_chacha", !self.chacha.is_empty()),
            ("host.scaling_stack", !self.stack.is_empty()),
            ("host.siblings", self.siblings.is_some()),
        ];
        for (key, is_known) in known {
            profile.sources.remove(key);
            if is_known {
                profile.sources.insert(key.to_owned(), measured.clone());
            }
        }
        let mut source_of = |key: &str, source: String| _ = profile.sources.insert(key.to_owned(), source);
        if self.aes.is_empty() {
            source_of("host.scaling", format!("not measured: {}", self.missing.join("; ")));
        }
        source_of("host.scaling_beyond", SCALING_BEYOND.into());
        let lower = self.vectors.filter(vectors::is_lower);
        host.avx_frequency = lower.map(|ratio| host.frequency.scale(ratio.value));
        if let Some(ratio) = lower {
            source_of("host.avx_frequency", format!("measured: {:.3} of host.frequency amid AES-128-GCM", ratio.value));
            vectors::restate(profile, ratio.value);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use espsim_model::preset;

    use super::*;
    use crate::inventory::topology_of;

    fn works() -> Vec<Work> {
        let backend = &aead::BACKENDS[0];
        vec![
            Work::Cipher(Algorithm::Aes128Gcm, backend),
            Work::Cipher(Algorithm::ChaCha20Poly1305, backend),
            Work::Plain,
        ]
    }

    /// Nine rounds on four cores, alone, two and all of them: what each work leaves of the speed.
    fn rounds(speeds: [[f64; 3]; 3]) -> Vec<Round> {
        let noise = |round: usize| 1.0 - 0.001 * round as f64;
        let round = |number| Round {
            speeds: speeds.map(|speeds| speeds.map(Some).to_vec()).to_vec(),
            alone: vec![Some(5e6 * noise(number)); speeds.len()],
            siblings: None,
        };
        (0..ROUNDS).map(round).collect()
    }

    fn quiet() -> Conditions {
        Conditions { cpus: 4, online: 4, load: Some(0.1), others: Some(0.01), ..Conditions::default() }
    }

    const SPEEDS: [[f64; 3]; 3] = [[1.0, 0.95, 0.8], [1.0, 0.97, 0.9], [1.0, 1.0, 0.98]];

    fn four() -> Topology {
        topology_of(Path::new("/nonexistent"), &[0, 1, 2, 3])
    }

    /// A neighbour that is there in every third round, while the core is alone: nobody gets faster by company.
    #[test]
    fn a_slow_core_alone_makes_no_fast_company() {
        let mut rounds = rounds([[1.0, 1.0, 1.0]; 3]);
        for round in rounds.iter_mut().step_by(3) {
            for (alone, speeds) in round.alone.iter_mut().zip(&mut round.speeds) {
                *alone = alone.map(|alone| alone * 0.9);
                speeds[1..].iter_mut().for_each(|speed| *speed = Some(1.0 / 0.9));
            }
        }
        let measured = conclude(&works(), &four(), &rounds, None, quiet());
        assert!(measured.aes.iter().all(|row| (row.speed - 1.0).abs() < 0.005), "{:?}", measured.aes);
    }

    #[test]
    fn each_work_has_its_own_speeds_with_intervals() {
        let measured = conclude(&works(), &four(), &rounds(SPEEDS), None, quiet());
        let last = |rows: &[Scaling]| (rows[2].cores, (rows[2].speed * 100.0).round());
        assert_eq!(
            [&measured.aes, &measured.chacha, &measured.stack].map(|rows| last(rows)),
            [(4, 80.0), (4, 90.0), (4, 98.0)]
        );
        assert_eq!((measured.aes[0].cores, measured.aes[0].speed), (1, 1.0));
        assert!(measured.aes[2].low.unwrap() < 0.8 && measured.aes[2].high.unwrap() > 0.8);
        assert!(measured.missing.is_empty(), "{:?}", measured.missing);
        let mut profile = preset::profile("zen4").unwrap().unwrap();
        measured.write(&mut profile);
        assert!(Profile::from_toml(&profile.to_toml().unwrap()).is_ok());
        assert!(profile.sources["host.scaling"].contains("CPUs 0,1,2,3"));
        assert!(profile.host.extrapolated(8, None).is_some(), "beyond four cores it is extrapolated");
    }

    #[test]
    fn a_disturbed_host_gives_no_speeds_but_the_reason() {
        for (conditions, says) in [
            (Conditions { load: Some(24.0), ..quiet() }, "load 24.0 on 4 CPUs"),
            (Conditions { steal: Some(0.1), ..quiet() }, "hypervisor"),
            (Conditions { emulated: Some("qemu-aarch64".into()), ..quiet() }, "emulated"),
            (Conditions { pressure: Some(0.5), ..quiet() }, "waited for a CPU"),
        ] {
            let measured = conclude(&works(), &four(), &rounds(SPEEDS), None, conditions);
            assert!(measured.aes.is_empty() && measured.chacha.is_empty() && measured.stack.is_empty());
            let mut profile = preset::profile("zen4").unwrap().unwrap();
            profile.host.scaling = vec![Scaling::exact(2, 0.5)];
            measured.write(&mut profile);
            assert!(profile.host.scaling.is_empty(), "an older value is not left standing as if it were this host's");
            let source = &profile.sources["host.scaling"];
            assert!(source.starts_with("not measured: ") && source.contains(says), "{source}");
        }
    }

    #[test]
    fn this_host_gives_speeds_or_reasons() {
        let profile = preset::profile("zen4").unwrap().unwrap();
        let measured = scaling(&profile, &mut |_| {}).unwrap();
        assert!(!measured.aes.is_empty() || !measured.missing.is_empty());
        assert!(measured.aes.iter().all(|row| row.speed <= rows::FASTEST), "{:?}", measured.aes);
    }
}
