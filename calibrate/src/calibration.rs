//! The calibrations, quick and full: one way of measuring, two plans of what to measure.

use std::cell::Cell;

use espsim_model::profile::{AeadCost, Algorithm, Direction, Origin, Profile};
use espsim_model::units::{Bytes, CyclesPerByte, Hertz};

use crate::aead::{
    BACKENDS, Backend, Context, QUICK_BACKENDS, Unavailable, icv_length, openssl_version, self_check_of, whole,
};
use crate::clock::{self, core_frequency, time_stamp_counter};
use crate::cold::{Pool, added};
use crate::fit::{Size, fit};
use crate::packets::Packets;
use crate::pinned::on_last_core;
use crate::report::{ColdRow, FitQuality, Report, ReportRow, Skipped};
use crate::sample::{BATCH_SECONDS, Sampled, median};
use crate::scaling::scaling;
use crate::verdict::Noise;
use crate::{CalibrateError, host, memory};

/// Plaintext octets: what ESP encrypts of small, IMIX, full-sized and jumbo packets, aligned and not.
const SIZES: [u64; 28] = [
    16, 40, 64, 90, 128, 170, 256, 300, 429, 512, 576, 640, 777, 1000, 1024, 1280, 1378, 1400, 1420, 1440, 1500, 2048,
    3000, 4096, 6000, 8192, 8960, 9000,
];
/// Plaintext octets of cold packets: a minimal one, one of IMIX, a full-sized and a jumbo one.
const COLD_SIZES: [u64; 4] = [64, 576, FULL_SIZED, 9000];
/// Plaintext octets of a full-sized packet, by which `cold` is stated.
const FULL_SIZED: u64 = 1440;

/// What a calibration measures.
struct Plan {
    sizes: &'static [u64],
    /// Rounds over all sizes: each size is sampled all along, so that a slow moment does not hit one size alone.
    rounds: usize,
    batch_seconds: f64,
    algorithms: &'static [Algorithm],
    directions: &'static [Direction],
    backends: Vec<&'static Backend>,
    /// Sizes that are measured outside all caches too.
    cold_sizes: &'static [u64],
    /// Whether memory is measured by size and with all cores, and how cores slow each other.
    whole_host: bool,
}

impl Plan {
    fn quick() -> Plan {
        Plan {
            sizes: &SIZES,
            rounds: 40,
            batch_seconds: BATCH_SECONDS,
            algorithms: &[Algorithm::Aes128Gcm, Algorithm::Aes256Gcm],
            directions: &[Direction::Seal],
            backends: BACKENDS.iter().filter(|backend| QUICK_BACKENDS.contains(&backend.name)).collect(),
            cold_sizes: &[],
            whole_host: false,
        }
    }

    /// Longer batches in more rounds, to bear a neighbour's bursts.
    fn full() -> Plan {
        Plan {
            rounds: 80,
            batch_seconds: 2.0 * BATCH_SECONDS,
            algorithms: &Algorithm::ALL,
            directions: &[Direction::Seal, Direction::Open],
            backends: BACKENDS.iter().collect(),
            cold_sizes: &COLD_SIZES,
            whole_host: true,
            ..Plan::quick()
        }
    }
}

/// What a calibration gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// The profile.
    pub profile: Profile,
    /// What lies behind it.
    pub report: Report,
}

/// Measures sealing with AES-GCM, copy, checksum and the core's frequency in less than a second, on a thread of its own,
/// pinned to one core. What is not measured keeps the value and the origin that it has in `base`. `progress` is told
/// what is going on.
///
/// # Errors
/// [`CalibrateError`] if implementations disagree, the clock is unusable or the thread dies.
pub fn quick(base: &Profile, progress: &mut dyn FnMut(&str)) -> Result<Calibration, CalibrateError> {
    run(&Plan::quick(), base, progress)
}

/// Measures every algorithm with every implementation that this host has, seal and open, in cache and out of it; copy,
/// checksum, allocation and stream bandwidth; how much cores slow each other. Takes less than a minute. What the process
/// cannot measure, the network stack and the socket's memory bandwidth, keeps the value and the origin that it has in
/// `base`.
///
/// # Errors
/// As [`quick`].
pub fn full(base: &Profile, progress: &mut dyn FnMut(&str)) -> Result<Calibration, CalibrateError> {
    run(&Plan::full(), base, progress)
}

fn run(plan: &Plan, base: &Profile, progress: &mut dyn FnMut(&str)) -> Result<Calibration, CalibrateError> {
    progress("checking AEAD implementations against each other");
    self_check_of(&plan.backends, plan.algorithms)?;
    // Before the thread is pinned, after which it would see one core.
    let mut base = base.clone();
    let stand_in = std::mem::replace(&mut base.host.model, host::cpu_model());
    base.host.cores = host::cores();
    // Progress is told from here, since it need not be able to move to another thread.
    let (say, said) = std::sync::mpsc::channel::<String>();
    let mut calibration = std::thread::scope(|scope| {
        let measuring = scope.spawn(|| on_last_core(|pinned| measure(plan, base, &stand_in, pinned, say)));
        said.iter().for_each(|message| progress(&message));
        measuring.join().map_err(|_| CalibrateError::Thread("it panicked".into()))??
    })?;
    if plan.whole_host {
        progress("streaming memory with all cores");
        calibration.report.stream = Some(memory::stream_bytes_per_second()? / 1e9);
        calibration.profile.host.scaling = scaling(&calibration.profile, progress)?;
        let method = "measured: AES-128-GCM with the fastest implementation on pinned threads at once".to_owned();
        calibration.profile.sources.insert("host.scaling".to_owned(), method);
    }
    Ok(calibration)
}

fn measure(
    plan: &Plan,
    base: Profile,
    stand_in: &str,
    pinned: bool,
    say: std::sync::mpsc::Sender<String>,
) -> Result<Calibration, CalibrateError> {
    // Nobody listening is no reason to stop.
    let say = |message: String| drop(say.send(message));
    say("measuring the core's frequency".to_owned());
    let frequency = core_frequency()?;
    let mut report = Report {
        rows: Vec::new(),
        fits: Vec::new(),
        cold: Vec::new(),
        worst_residual: 0.0,
        noise: 0.0,
        drift: 0.0,
        outliers: 0.0,
        skipped: Vec::new(),
        memory: Vec::new(),
        allocation_ns: None,
        stream: None,
        caches: host::caches(),
        time_stamp_counter: time_stamp_counter(),
        counters: host::counters(),
        openssl: openssl_version().ok(),
    };
    let mut aead = Vec::new();
    let mut pool = (!plan.cold_sizes.is_empty()).then(Pool::new);
    for &algorithm in plan.algorithms {
        for backend in &plan.backends {
            let context = match backend.context(algorithm) {
                Ok(context) => context,
                Err(Unavailable::Lacks) => continue,
                Err(Unavailable::Because(reason)) => {
                    report.skipped.push(Skipped { backend: backend.name, algorithm, reason });
                    continue;
                }
            };
            say(format!("measuring {} with {}", algorithm.name(), backend.name));
            for &direction in plan.directions {
                let series = Series { algorithm, backend: backend.name, direction, context: &*context, frequency };
                aead.extend(series.measure(plan, pool.as_mut(), &mut report)?);
            }
        }
    }
    report.noise = median(&report.rows.iter().map(|row| row.spread).collect::<Vec<_>>());
    report.outliers = report.rows.iter().map(|row| row.outliers).sum::<f64>() / report.rows.len() as f64;
    if plan.whole_host {
        say("measuring copies and checksums".to_owned());
        report.memory = memory::by_size();
        report.allocation_ns = Some(memory::allocation_seconds() * 1e9);
    }
    Ok(Calibration { profile: profile(plan, base, stand_in, pinned, frequency, aead), report })
}

/// One algorithm of one implementation in one direction.
struct Series<'a> {
    algorithm: Algorithm,
    backend: &'static str,
    direction: Direction,
    context: &'a dyn Context,
    frequency: Hertz,
}

impl Series<'_> {
    /// Measures all sizes, puts rows into the report and gives the fitted cost.
    fn measure(
        &self,
        plan: &Plan,
        pool: Option<&mut Pool>,
        report: &mut Report,
    ) -> Result<Option<AeadCost>, CalibrateError> {
        let &Series { algorithm, backend, direction, .. } = self;
        let sizes = warm_cycles(self, plan.sizes, plan.rounds, plan.batch_seconds)?;
        let mut drifts = Vec::new();
        for size in &sizes {
            let cycles = median(&size.cycles);
            let noise = Noise::of(&size.cycles);
            drifts.push(noise.drift);
            report.rows.push(ReportRow {
                algorithm,
                backend,
                direction,
                octets: size.octets,
                ns: cycles * 1e9 / self.frequency.get() as f64,
                cycles,
                spread: noise.spread,
                drift: noise.drift,
                outliers: noise.outliers,
            });
        }
        let drift = median(&drifts);
        if drift.abs() > report.drift.abs() {
            report.drift = drift;
        }
        let cold = pool.map(|pool| self.cold(plan, pool, &sizes)).transpose()?.unwrap_or_default();
        // There are more sizes than coefficients.
        let Some(fit) = fit(&sizes) else { return Ok(None) };
        report.worst_residual = report.worst_residual.max(fit.worst_residual);
        report.fits.push(FitQuality {
            algorithm,
            backend,
            direction,
            stride: fit.stride,
            coefficients: fit.coefficients,
            worst_residual: fit.worst_residual,
            worst_at: fit.worst_at,
            cold: cold.iter().find(|row| row.octets == whole(algorithm, FULL_SIZED)).map(|row| row.added),
        });
        report.cold.extend(cold);
        let [fixed, per_byte, per_tail_block, partial_block] = fit.coefficients;
        Ok(Some(AeadCost {
            algorithm,
            direction,
            backend: backend.to_owned(),
            origin: Origin::Measured,
            stride: Bytes::new(fit.stride),
            fixed,
            per_byte,
            per_tail_block,
            partial_block,
        }))
    }

    fn cold(&self, plan: &Plan, pool: &mut Pool, warm: &[Size]) -> Result<Vec<ColdRow>, CalibrateError> {
        let refused = Cell::new(false);
        let mut rows = Vec::new();
        for &octets in plan.cold_sizes {
            let octets = whole(self.algorithm, octets);
            let Some(warm) = warm.iter().find(|size| size.octets == octets) else { continue };
            let seconds = pool.measure(self.context, self.direction, icv_length(self.algorithm), octets, &refused);
            let cycles: Vec<f64> = seconds.iter().map(|seconds| seconds * self.frequency.get() as f64).collect();
            rows.push(ColdRow {
                algorithm: self.algorithm,
                backend: self.backend,
                direction: self.direction,
                octets,
                added: added(&cycles, &warm.cycles, octets),
            });
        }
        self.all_opened(&refused)?;
        Ok(rows)
    }

    fn all_opened(&self, refused: &Cell<bool>) -> Result<(), CalibrateError> {
        if refused.get() {
            return Err(CalibrateError::Refused { backend: self.backend, algorithm: self.algorithm.name() });
        }
        Ok(())
    }
}

/// Cycles of each size with packets in cache: in place, another IV each time, the key schedule done.
fn warm_cycles(series: &Series<'_>, sizes: &[u64], rounds: usize, batch: f64) -> Result<Vec<Size>, CalibrateError> {
    let &Series { algorithm, direction, context, frequency, .. } = series;
    let refused = Cell::new(false);
    let mut sizes: Vec<u64> = sizes.iter().map(|&octets| whole(algorithm, octets)).collect();
    // Sizes that CBC pads to the same one.
    sizes.dedup();
    let mut sampled: Vec<(u64, Sampled<'_>)> = sizes
        .into_iter()
        .map(|octets| {
            let packets = Packets::warm(context, algorithm, direction, octets, &refused);
            (octets, Sampled::with_batch(packets, batch))
        })
        .collect();
    for _ in 0..rounds {
        sampled.iter_mut().for_each(|(_, sampled)| sampled.measure());
    }
    series.all_opened(&refused)?;
    let cycles = |seconds: &f64| seconds * frequency.get() as f64;
    Ok(sampled
        .iter()
        .map(|(octets, s)| Size { octets: *octets, cycles: s.seconds().iter().map(cycles).collect() })
        .collect())
}

/// Measures sizes that a calibration has not seen, with one of its backends: median cycles by size.
pub(crate) fn unseen(cost: &AeadCost, sizes: &[u64], frequency: Hertz) -> Result<Vec<(u64, f64)>, CalibrateError> {
    let Some(backend) = BACKENDS.iter().find(|backend| backend.name == cost.backend) else { return Ok(Vec::new()) };
    let Ok(context) = backend.context(cost.algorithm) else { return Ok(Vec::new()) };
    let (algorithm, direction) = (cost.algorithm, cost.direction);
    let series = Series { algorithm, backend: backend.name, direction, context: &*context, frequency };
    let plan = Plan::full();
    let measured = warm_cycles(&series, sizes, plan.rounds, plan.batch_seconds)?;
    Ok(measured.into_iter().map(|size| (size.octets, median(&size.cycles))).collect())
}

fn profile(
    plan: &Plan,
    base: Profile,
    stand_in: &str,
    pinned: bool,
    frequency: Hertz,
    measured: Vec<AeadCost>,
) -> Profile {
    let mut profile = base;
    for (key, source) in &mut profile.sources {
        if key.starts_with("stack") || key == "memory.bandwidth" {
            *source = format!("not measured here: {stand_in}; {source}");
        }
    }
    let hertz = frequency.get() as f64;
    profile.host.frequency = frequency;
    profile.host.ddio = host::has_ddio();
    profile.memory.origin = Origin::Measured;
    profile.memory.copy = CyclesPerByte(memory::copy_seconds_per_byte() * hertz);
    profile.memory.checksum = CyclesPerByte(memory::checksum_seconds_per_byte() * hertz);
    // What was measured replaces all costs of that algorithm and direction; others stay what they were.
    profile
        .aead
        .retain(|old| !measured.iter().any(|new| (new.algorithm, new.direction) == (old.algorithm, old.direction)));
    profile.aead.splice(0..0, measured);
    let kept: Vec<String> =
        profile.aead.iter().filter(|cost| cost.origin != Origin::Measured).map(source_key).collect();
    profile.sources.retain(|key, _| !key.starts_with("aead.") || kept.contains(key));
    let thread = if pinned { "pinned thread" } else { "thread not pinned" };
    let batches = format!(
        "measured: median of {} batches of at least {:.0} us, {thread}, warm buffers",
        plan.rounds,
        plan.batch_seconds * 1e6
    );
    for (key, source) in [
        ("host.model", "measured: the CPU's brand string".to_owned()),
        ("host.cores", "measured: cores that the process may use".to_owned()),
        ("host.frequency", format!("measured: chain of dependent additions, fastest of {} passes", clock::PASSES)),
        ("host.ddio", "from the CPU's vendor: Intel Xeon has DDIO".to_owned()),
        ("memory.copy", "measured: copies of 64 KiB from 8 MiB of data into a warm buffer".to_owned()),
        ("memory.checksum", "measured: RFC 1071 over 1448 octets in cache".to_owned()),
        ("aead", batches),
    ] {
        profile.sources.insert(key.to_owned(), source);
    }
    profile
}

/// The key of a cost's source, as presets write it.
fn source_key(cost: &AeadCost) -> String {
    let direction = match cost.direction {
        Direction::Seal => "seal",
        Direction::Open => "open",
    };
    format!("aead.{}.{direction}.{}", cost.algorithm.name(), cost.backend)
}
