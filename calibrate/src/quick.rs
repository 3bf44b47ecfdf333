//! The quick calibration: AES-GCM, core frequency, copy and checksum, in a few seconds.

use espsim_model::profile::{AeadCost, Algorithm, Direction, Origin, Profile};
use espsim_model::units::{Bytes, CyclesPerByte, Hertz};

use crate::aead::{AAD, ALGORITHMS, BACKENDS, NONCE, Sealer, self_check};
use crate::clock::{self, core_frequency};
use crate::fit::{Size, fit};
use crate::sample::{Sampled, median, relative_spread};
use crate::{CalibrateError, host, memory};

/// Plaintext octets: what ESP encrypts of small, IMIX, full-sized and jumbo packets, aligned and not.
const SIZES: [u64; 28] = [
    16, 40, 64, 90, 128, 170, 256, 300, 429, 512, 576, 640, 777, 1000, 1024, 1280, 1378, 1400, 1420, 1440, 1500, 2048,
    3000, 4096, 6000, 8192, 8960, 9000,
];
/// Rounds over all sizes: each size is sampled all along, so that a slow moment does not hit one size alone.
const ROUNDS: usize = 40;

/// What a calibration gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// The profile.
    pub profile: Profile,
    /// What lies behind it.
    pub report: Report,
}

/// Measured values and how well the fits describe them.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// One row per algorithm, backend and size.
    pub rows: Vec<ReportRow>,
    /// One row per algorithm and backend.
    pub fits: Vec<FitQuality>,
    /// Largest relative residual of any fit.
    pub worst_residual: f64,
    /// Median over rows of the relative spread between batches.
    pub noise: f64,
}

/// One measured cost.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportRow {
    /// Algorithm and key size.
    pub algorithm: Algorithm,
    /// Implementation.
    pub backend: &'static str,
    /// Plaintext octets.
    pub octets: u64,
    /// Median nanoseconds per operation.
    pub ns: f64,
    /// The same in core cycles.
    pub cycles: f64,
    /// Median absolute deviation over median.
    pub spread: f64,
}

impl ReportRow {
    /// Plaintext gigabytes (10^9 octets) per second.
    pub fn gigabytes_per_second(&self) -> f64 {
        self.octets as f64 / self.ns
    }
}

/// How well the cost model describes one algorithm of one implementation.
#[derive(Debug, Clone, PartialEq)]
pub struct FitQuality {
    /// Algorithm and key size.
    pub algorithm: Algorithm,
    /// Implementation.
    pub backend: &'static str,
    /// Largest residual over the sizes, relative to the measured value.
    pub worst_residual: f64,
}

/// Measures this host on a thread of its own, pinned to one core. What is not measured keeps the value and the origin
/// that it has in `base`. `progress` is told what is going on.
///
/// # Errors
/// [`CalibrateError`] if implementations disagree, the clock is unusable or the thread dies.
pub fn quick(base: &Profile, progress: &mut dyn FnMut(&str)) -> Result<Calibration, CalibrateError> {
    progress("checking AEAD implementations against each other");
    self_check()?;
    progress("measuring");
    // Before the thread is pinned, after which it would see one core.
    let mut base = base.clone();
    let stand_in = std::mem::replace(&mut base.host.model, host::cpu_model());
    base.host.cores = host::cores();
    let measured = std::thread::spawn(move || {
        // Unpinned where the system does not allow it: the spread will tell.
        let last = core_affinity::get_core_ids().and_then(|cores| cores.last().copied());
        let pinned = last.is_some_and(core_affinity::set_for_current);
        measure(base, &stand_in, pinned)
    });
    measured.join().map_err(|_| CalibrateError::Thread("it panicked".into()))?
}

fn measure(base: Profile, stand_in: &str, pinned: bool) -> Result<Calibration, CalibrateError> {
    let frequency = core_frequency()?;
    let mut report = Report { rows: Vec::new(), fits: Vec::new(), worst_residual: 0.0, noise: 0.0 };
    let mut aead = Vec::new();
    for algorithm in ALGORITHMS {
        for backend in &BACKENDS {
            let Some(sealer) = backend.sealer(algorithm) else { continue };
            let sizes = seal_cycles(sealer.as_ref(), frequency);
            for size in &sizes {
                let cycles = median(&size.cycles);
                report.rows.push(ReportRow {
                    algorithm,
                    backend: backend.name,
                    octets: size.octets,
                    ns: cycles * 1e9 / frequency.get() as f64,
                    cycles,
                    spread: relative_spread(&size.cycles),
                });
            }
            // There are more sizes than coefficients.
            let Some(fit) = fit(&sizes) else { continue };
            report.worst_residual = report.worst_residual.max(fit.worst_residual);
            report.fits.push(FitQuality { algorithm, backend: backend.name, worst_residual: fit.worst_residual });
            let [fixed, per_byte, per_tail_block, partial_block] = fit.coefficients;
            aead.push(AeadCost {
                algorithm,
                direction: Direction::Seal,
                backend: backend.name.to_owned(),
                origin: Origin::Measured,
                stride: Bytes::new(fit.stride),
                fixed,
                per_byte,
                per_tail_block,
                partial_block,
            });
        }
    }
    report.noise = median(&report.rows.iter().map(|row| row.spread).collect::<Vec<_>>());
    Ok(Calibration { profile: profile(base, stand_in, pinned, frequency, aead), report })
}

/// Cycles to seal each size, warm: in place, a new IV each time, the key schedule done.
fn seal_cycles(sealer: &dyn Sealer, frequency: Hertz) -> Vec<Size> {
    let mut sampled: Vec<(u64, Sampled<'_>)> = SIZES
        .iter()
        .map(|&octets| {
            let mut text = vec![0u8; octets as usize];
            let mut iv = 0u64;
            let work = move || {
                iv += 1;
                let mut nonce = [1; NONCE];
                nonce[NONCE - 8..].copy_from_slice(&iv.to_be_bytes());
                let mut aad = [2; AAD];
                aad[AAD - 4..].copy_from_slice(&(iv as u32).to_be_bytes());
                std::hint::black_box(sealer.seal(&nonce, &aad, std::hint::black_box(&mut text)));
            };
            (octets, Sampled::new(work))
        })
        .collect();
    for _ in 0..ROUNDS {
        sampled.iter_mut().for_each(|(_, sampled)| sampled.measure());
    }
    let cycles = |seconds: &f64| seconds * frequency.get() as f64;
    sampled
        .iter()
        .map(|(octets, s)| Size { octets: *octets, cycles: s.seconds().iter().map(cycles).collect() })
        .collect()
}

fn profile(base: Profile, stand_in: &str, pinned: bool, frequency: Hertz, measured: Vec<AeadCost>) -> Profile {
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
    profile.sources.retain(|key, _| !key.starts_with("aead.") || key.contains("cbc") || key.contains("open"));
    let thread = if pinned { "pinned thread" } else { "thread not pinned" };
    let batches = format!("measured: median of {ROUNDS} batches of at least 25 us, {thread}, warm buffers");
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
