//! The calibration profile: what one host's CPU costs are, measured or taken from published figures.
//!
//! A profile is a TOML file. `espsim run` writes one by measuring; the presets in `presets/cpu` have the same form, so
//! that a host that is not at hand can stand in. `sources` says of every value where it comes from.

mod aead;
mod base;
mod beside;
mod check;
mod conditions;
mod error;
mod evidence;
mod migrate;
mod read;
mod relative;
mod sa;
mod scaling;
pub mod schema;
mod set;
mod stacks;

use std::collections::BTreeMap;

pub use aead::{AeadCost, Curve};
pub use conditions::Conditions;
pub use error::{ProfileError, UnknownKey};
pub use evidence::SET;
pub(crate) use evidence::nearest_source;
pub use migrate::OLDEST;
pub use sa::{Delay, SaCost};
pub use scaling::{BEYOND, Scaling};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stack::StackCost;
use crate::units::{BitRate, Bytes, CyclesPerByte, Hertz};

/// The version of the file format that this program writes; it reads older ones from [`OLDEST`] on.
pub const FORMAT: u32 = 4;

/// Costs of one host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// File format version, [`FORMAT`].
    pub format: u32,
    /// The CPU preset that the values are of which are not this host's own; absent where all of them are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filled_from: Option<String>,
    /// The CPU that the costs belong to.
    pub host: HostCpu,
    /// AEAD cost per algorithm, direction and backend.
    pub aead: Vec<AeadCost>,
    /// Copy and checksum costs, memory bandwidth.
    pub memory: MemoryCost,
    /// What the kernel's network stack costs.
    pub stack: StackCost,
    /// What XDP costs, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xdp: Option<StackCost>,
    /// What userspace vector processing costs (VPP, DPDK), where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector: Option<StackCost>,
    /// What the control path of an SA takes, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sa: Option<SaCost>,
    /// 95 % intervals of single values, by key path (`memory.copy`, `host.frequency`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub intervals: BTreeMap<String, Estimate>,
    /// When and by what the host was measured, and how far the numbers are to be trusted; absent in presets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<CalibrationRecord>,
    /// PCIe devices and network interfaces of the host, for people and for choosing slots; the model does not read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<BTreeMap<String, serde_json::Value>>")]
    pub inventory: Option<toml::Table>,
    /// Where values come from: key path (`stack.send`, `aead`, `host.frequency`) to citation or method.
    pub sources: BTreeMap<String, String>,
}

/// The CPU of a host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostCpu {
    /// CPU model, as the CPU names itself.
    pub model: String,
    /// Core clock while under this load: what [`Cycles`] are converted to time with.
    pub frequency: Hertz,
    /// Cores of the host.
    pub cores: u32,
    /// Whether device writes land in the last-level cache and device reads hit it (Intel DDIO or alike).
    pub ddio: bool,
    /// Whether each slot has an IOMMU unit of its own, or all share one.
    pub iommu_per_slot: bool,
    /// Second-level cache of a core.
    pub l2: Bytes,
    /// Last-level cache that a core reaches, and how many cores share it.
    pub l3: Bytes,
    /// Cores that share it.
    pub l3_cores: u32,
    /// Ways of that cache.
    pub l3_ways: u32,
    /// Cores of each socket, where the host has several sockets; absent where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket_cores: Option<u32>,
    /// Core clock while wide vector instructions (AVX-512) run, where it is lower.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avx_frequency: Option<Hertz>,
    /// What two hardware threads of a core leave each of its speed alone, doing AES; absent where that was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub siblings: Option<Estimate>,
    /// What each doubling of the number of busy cores leaves of their speed beyond the last row of a table; absent where it
    /// stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaling_beyond: Option<Estimate>,
    /// Speed of a core while others are busy, in ascending order of cores, with AES in wide vectors; empty if they do not
    /// slow each other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scaling: Vec<Scaling>,
    /// The same with ChaCha20-Poly1305; as with AES where it is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scaling_chacha: Vec<Scaling>,
    /// The same without a cipher, in plain instructions; as with AES where it is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scaling_stack: Vec<Scaling>,
}

/// A value with its 95 % confidence interval, where one is known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// Lower end of the 95 % confidence interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper end of the 95 % confidence interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Number of observations behind the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
}

impl Estimate {
    /// A value without an interval.
    pub const fn exact(value: f64) -> Self {
        Estimate { value, low: None, high: None, n: None }
    }

    /// Whether value and ends are numbers that can be calculated with, and the ends in order. The value may lie outside:
    /// it and the interval need not come from the same estimator.
    fn is_usable(&self) -> bool {
        let known = [Some(self.value), self.low, self.high];
        known.iter().flatten().all(|number| number.abs() < 1e15)
            && self.low.zip(self.high).is_none_or(|(low, high)| low <= high)
    }
}

/// An AEAD algorithm with its key size, as ESP names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// AES-GCM with a 128-bit key (RFC 4106).
    #[serde(rename = "aes-128-gcm")]
    Aes128Gcm,
    /// AES-GCM with a 256-bit key (RFC 4106).
    #[serde(rename = "aes-256-gcm")]
    Aes256Gcm,
    /// ChaCha20-Poly1305 (RFC 7634).
    #[serde(rename = "chacha20-poly1305")]
    ChaCha20Poly1305,
    /// AES-CBC with a 128-bit key (RFC 3602) and HMAC-SHA1-96 (RFC 2404).
    #[serde(rename = "aes-128-cbc-hmac-sha1-96")]
    Aes128CbcHmacSha1,
    /// AES-CBC with a 256-bit key (RFC 3602) and HMAC-SHA2-256-128 (RFC 4868).
    #[serde(rename = "aes-256-cbc-hmac-sha2-256-128")]
    Aes256CbcHmacSha256,
    /// Neither cipher nor integrity (RFC 2410 without authentication, Linux's `cipher_null` with `digest_null`): all of
    /// ESP but the cipher, for comparison.
    Null,
}

impl Algorithm {
    /// Every algorithm that does something to octets, in the order of this declaration.
    pub const ALL: [Algorithm; 5] = [
        Algorithm::Aes128Gcm,
        Algorithm::Aes256Gcm,
        Algorithm::ChaCha20Poly1305,
        Algorithm::Aes128CbcHmacSha1,
        Algorithm::Aes256CbcHmacSha256,
    ];

    /// Whether an HMAC authenticates.
    pub const fn has_hmac(self) -> bool {
        matches!(self, Algorithm::Aes128CbcHmacSha1 | Algorithm::Aes256CbcHmacSha256)
    }

    /// The name used in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Algorithm::Aes128Gcm => "aes-128-gcm",
            Algorithm::Aes256Gcm => "aes-256-gcm",
            Algorithm::ChaCha20Poly1305 => "chacha20-poly1305",
            Algorithm::Aes128CbcHmacSha1 => "aes-128-cbc-hmac-sha1-96",
            Algorithm::Aes256CbcHmacSha256 => "aes-256-cbc-hmac-sha2-256-128",
            Algorithm::Null => "null",
        }
    }
}

/// Encryption or decryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Encrypt and append the tag.
    Seal,
    /// Check the tag and decrypt.
    Open,
}

impl Direction {
    /// The name used in files.
    pub const fn name(self) -> &'static str {
        match self {
            Direction::Seal => "seal",
            Direction::Open => "open",
        }
    }
}

/// What moving and summing octets costs a core.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemoryCost {
    /// Copy from user to kernel memory.
    pub copy: CyclesPerByte,
    /// Internet checksum (RFC 1071) over data in cache.
    pub checksum: CyclesPerByte,
    /// DRAM bandwidth of the socket, reads and writes together.
    pub bandwidth: BitRate,
}

/// Real traffic of one core, end to end, beside what the model made of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Anchored {
    /// What was sent and received, and how.
    pub what: String,
    /// Cycles per packet, measured.
    pub measured: Estimate,
    /// Cycles per packet, simulated with the profile's costs.
    pub simulated: f64,
}

impl Anchored {
    /// How much more cycles the model says than were measured, as a share.
    pub fn error(&self) -> f64 {
        self.simulated / self.measured.value - 1.0
    }
}

/// How a profile was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CalibrationRecord {
    /// Version of the program.
    pub program: String,
    /// When, RFC 3339.
    pub time: String,
    /// `quick` or `full`.
    pub kind: String,
    /// `trusted`, or why not.
    pub verdict: String,
    /// The CPU that single values were measured on, with its place and kind; tables of cores name theirs among the sources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured_on: Option<String>,
    /// What disturbed the measurement, a phrase each with the part that it hit (`scaling: ...`); empty where nothing did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disturbed: Vec<String>,
    /// What was not measured, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<String>,
    /// Real traffic of one core beside what the model made of it with this profile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anchors: Vec<Anchored>,
    /// What went on while each part was measured: `ciphers` (with the memory of one core), `repeated`, `stream`, `scaling`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conditions: BTreeMap<String, Conditions>,
}
