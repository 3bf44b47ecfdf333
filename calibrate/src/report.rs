//! What a calibration measured, beside the profile.

use std::collections::BTreeMap;

use espsim_model::profile::{Algorithm, Direction, Estimate};

use crate::clock::TimeStampCounter;
use crate::gate::{self, Conditions};
use crate::host::Cache;
use crate::memory::MemoryRow;
use crate::scaling::CoreScaling;
use crate::verdict::Verdict;

/// Measured values and how well the fits describe them.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// One row per algorithm, backend, direction and size, with packets in cache.
    pub rows: Vec<ReportRow>,
    /// One row per algorithm, backend and direction.
    pub fits: Vec<FitQuality>,
    /// What packets outside all caches add; empty after a quick calibration.
    pub cold: Vec<ColdRow>,
    /// Largest relative residual of any fit.
    pub worst_residual: f64,
    /// Median over rows of the relative spread between batches.
    pub noise: f64,
    /// The change of the core's frequency that nine tenths of the values were taken within, relative.
    pub frequency_change: f64,
    /// Drift that nine tenths of the fits stay within. A clock or a neighbour that does not stay moves all of them; one
    /// alone of some fifty, by a burst at the wrong time, is held by its own interval.
    pub drift: f64,
    /// Mean share of outlying batches.
    pub outliers: f64,
    /// What went on while each part was measured.
    pub conditions: BTreeMap<String, Conditions>,
    /// The CPU that everything but `stream` and `scaling` was measured on, in words.
    pub measured_on: String,
    /// What this host's CPUs, or those that the process may use, keep from being measured; a sentence each.
    pub limits: Vec<String>,
    /// What was not measured, and why.
    pub skipped: Vec<Skipped>,
    /// Copy and checksum by size; empty after a quick calibration.
    pub memory: Vec<MemoryRow>,
    /// Nanoseconds to take a buffer of 2 KiB from the global allocator and give it back; `None` after a quick
    /// calibration.
    pub allocation_ns: Option<f64>,
    /// Gigabytes (10^9 octets) per second that all cores together stream, reads and writes; `None` after a quick
    /// calibration.
    pub stream: Option<f64>,
    /// How cores slow each other; `None` after a quick calibration.
    pub scaling: Option<CoreScaling>,
    /// Data caches, nearest first.
    pub caches: Vec<Cache>,
    /// The time stamp counter, where it is invariant.
    pub time_stamp_counter: Option<TimeStampCounter>,
    /// Whether performance counters back the numbers.
    pub counters: String,
    /// Version of the OpenSSL library, where one was opened; `None` after a quick calibration.
    pub openssl: Option<String>,
}

impl Report {
    /// Whether the numbers can be trusted: what the gate says of all parts.
    pub fn verdict(&self) -> Verdict {
        Verdict::of(self.conditions.iter().map(|(part, conditions)| (part.as_str(), gate::reasons(conditions))))
    }
}

/// One measured cost.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportRow {
    /// Algorithm and key size.
    pub algorithm: Algorithm,
    /// Implementation.
    pub backend: &'static str,
    /// Seal or open.
    pub direction: Direction,
    /// Plaintext octets.
    pub octets: u64,
    /// Median nanoseconds per operation.
    pub ns: f64,
    /// The same in core cycles.
    pub cycles: f64,
    /// Median absolute deviation over median.
    pub spread: f64,
    /// Median of the second half of the batches over that of the first, less 1.
    pub drift: f64,
    /// Share of outlying batches.
    pub outliers: f64,
}

impl ReportRow {
    /// Plaintext gigabytes (10^9 octets) per second.
    pub fn gigabytes_per_second(&self) -> f64 {
        self.octets as f64 / self.ns
    }
}

/// How well the cost model describes one algorithm of one implementation in one direction.
#[derive(Debug, Clone, PartialEq)]
pub struct FitQuality {
    /// Algorithm and key size.
    pub algorithm: Algorithm,
    /// Implementation.
    pub backend: &'static str,
    /// Seal or open.
    pub direction: Direction,
    /// Median over sizes of the second half of the batches over the first, less 1. Positive if it became slower.
    pub drift: f64,
    /// Octets that the bulk loop takes at a time, as fitted.
    pub stride: u64,
    /// Fixed, per byte, per tail block, partial block, in cycles with 95 % intervals: see
    /// [`espsim_model::profile::AeadCost`].
    pub coefficients: [Estimate; 4],
    /// Largest residual over the sizes, relative to the measured value.
    pub worst_residual: f64,
    /// The size with that residual, in octets.
    pub worst_at: u64,
    /// Cycles per octet that a full-sized packet outside all caches adds; `None` after a quick calibration.
    pub cold: Option<Estimate>,
}

/// What cold packets add to one cost.
#[derive(Debug, Clone, PartialEq)]
pub struct ColdRow {
    /// Algorithm and key size.
    pub algorithm: Algorithm,
    /// Implementation.
    pub backend: &'static str,
    /// Seal or open.
    pub direction: Direction,
    /// Plaintext octets.
    pub octets: u64,
    /// Cycles per octet beyond those of a packet in cache: difference of medians, with a 95 % bootstrap interval.
    pub added: Estimate,
}

/// Something that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Implementation.
    pub backend: &'static str,
    /// The algorithm that is lacking.
    pub algorithm: Algorithm,
    /// Why.
    pub reason: String,
}
