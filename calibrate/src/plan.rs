//! What a calibration measures: the quick one and the full one.

use espsim_model::profile::{Algorithm, Direction};

use crate::aead::{BACKENDS, Backend, QUICK_BACKENDS};
use crate::sample::BATCH_SECONDS;

/// Plaintext octets: what ESP encrypts of small, IMIX, full-sized and jumbo packets, aligned and not.
const SIZES: [u64; 28] = [
    16, 40, 64, 90, 128, 170, 256, 300, 429, 512, 576, 640, 777, 1000, 1024, 1280, 1378, 1400, 1420, 1440, 1500, 2048,
    3000, 4096, 6000, 8192, 8960, 9000,
];
/// Plaintext octets of the full calibration: twice as dense, since implementations change their ways at sizes of their
/// own, whole blocks and others.
const DENSE_SIZES: [u64; 79] = [
    16, 21, 40, 52, 64, 71, 90, 108, 128, 141, 160, 170, 189, 192, 241, 256, 300, 320, 340, 384, 429, 470, 512, 541,
    576, 605, 620, 640, 700, 768, 777, 830, 900, 1000, 1024, 1100, 1201, 1280, 1330, 1378, 1400, 1420, 1440, 1500,
    1536, 1602, 1801, 2048, 2301, 2602, 2901, 3000, 3072, 3201, 3500, 3801, 4096, 4201, 4501, 4801, 5201, 5601, 6000,
    6144, 6301, 6601, 7001, 7301, 7601, 7901, 8000, 8192, 8301, 8450, 8605, 8750, 8960, 8989, 9000,
];
/// Plaintext octets of cold packets: a minimal one, one of IMIX, a full-sized and a jumbo one.
const COLD_SIZES: [u64; 4] = [64, 576, FULL_SIZED, 9000];
/// Plaintext octets of a full-sized packet, by which `cold` is stated.
pub(crate) const FULL_SIZED: u64 = 1440;

/// What a calibration measures.
pub(crate) struct Plan {
    pub(crate) sizes: &'static [u64],
    /// Whether sizes between others that lie far from the fit are looked into, and residuals kept.
    pub(crate) refine: bool,
    /// Passes over everything, one after the other.
    pub(crate) passes: usize,
    /// Rounds over all sizes in a pass: each size is sampled all along, so that a slow moment does not hit one size alone.
    pub(crate) rounds: usize,
    /// Least length of a batch, in seconds.
    pub(crate) batch_seconds: f64,
    pub(crate) algorithms: &'static [Algorithm],
    pub(crate) directions: &'static [Direction],
    pub(crate) backends: Vec<&'static Backend>,
    /// Sizes that are measured outside all caches too.
    pub(crate) cold_sizes: &'static [u64],
    /// Whether memory is measured by size and with all cores, and how cores slow each other.
    pub(crate) whole_host: bool,
}

impl Plan {
    pub(crate) fn quick() -> Plan {
        Plan {
            sizes: &SIZES,
            refine: false,
            passes: 1,
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
    pub(crate) fn full() -> Plan {
        Plan {
            sizes: &DENSE_SIZES,
            refine: true,
            passes: 4,
            rounds: 24,
            batch_seconds: 2.0 * BATCH_SECONDS,
            algorithms: &Algorithm::ALL,
            directions: &[Direction::Seal, Direction::Open],
            backends: BACKENDS.iter().collect(),
            cold_sizes: &COLD_SIZES,
            whole_host: true,
        }
    }
}
