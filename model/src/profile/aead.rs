//! What ciphers cost a core.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::{Algorithm, Direction, Estimate, Origin, Profile};
use crate::stack::Stack;
use crate::units::{Bytes, Cycles};

/// What one AEAD operation costs on one core, for `n` octets of plaintext:
///
/// `fixed + per_byte n + per_tail_block ceil((n mod stride) / 16) + partial_block [n mod 16 != 0]`
///
/// Vectorised AES-GCM works through strides of many blocks; blocks of an incomplete stride cost more each, and an
/// incomplete last block is masked or copied. All four coefficients are in core cycles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AeadCost {
    /// Algorithm and key size.
    pub algorithm: Algorithm,
    /// Seal or open.
    pub direction: Direction,
    /// The implementation: a crate name, or what the source measured.
    pub backend: String,
    /// Where the values come from.
    pub origin: Origin,
    /// The only stack that uses this implementation; absent where any can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Stack>,
    /// Operations that are done together, of which the cost is that of one: implementations with several buffers at a time
    /// (intel-ipsec-mb). Absent where each is done by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<u32>,
    /// Octets that the bulk loop takes at a time.
    pub stride: Bytes,
    /// Cycles per operation.
    pub fixed: Estimate,
    /// Cycles per octet.
    pub per_byte: Estimate,
    /// Cycles per block of 16 octets beyond the last whole stride.
    pub per_tail_block: Estimate,
    /// Cycles for an incomplete last block.
    pub partial_block: Estimate,
    /// Cycles that sizes, ascending, took more than the four coefficients say: implementations change their ways at sizes
    /// of their own. Interpolated between sizes of whole blocks for such, between the others for others; empty where only
    /// coefficients are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub residuals: Vec<(Bytes, f64)>,
}

impl AeadCost {
    /// Cycles to seal or open `n` octets; never below zero, which an extrapolated fit could give.
    pub fn cycles(&self, n: Bytes) -> Cycles {
        let block = Bytes::new(16);
        let tail = Bytes::new(n.get() % self.stride.get().max(1));
        let partial = f64::from(u8::from(!n.get().is_multiple_of(block.get())));
        let cycles = self.fixed.value
            + self.per_byte.value * n.get() as f64
            + self.per_tail_block.value * tail.pieces(block) as f64
            + self.partial_block.value * partial;
        Cycles((cycles + self.residual(n)).max(0.0))
    }

    /// The residual at a size, by linear interpolation; beyond the ends that of the end. Whole blocks and others go
    /// different ways in most implementations.
    fn residual(&self, n: Bytes) -> f64 {
        let is_whole = |n: Bytes| n.get().is_multiple_of(16);
        let alike = || self.residuals.iter().filter(|(size, _)| is_whole(*size) == is_whole(n));
        let before = alike().rfind(|(size, _)| *size <= n);
        let after = alike().find(|(size, _)| *size >= n);
        match (before, after) {
            (Some(&(a, low)), Some(&(b, high))) if a < b => {
                low + (high - low) * (n - a).get() as f64 / (b - a).get() as f64
            }
            (Some(&(_, residual)), _) | (None, Some(&(_, residual))) => residual,
            (None, None) => 0.0,
        }
    }
}

impl Profile {
    /// The cheapest backend's cost for an algorithm and direction at a size, of those that a stack can use: what a host
    /// would use. Ties go to the first in the file.
    pub fn aead(&self, algorithm: Algorithm, direction: Direction, at: Bytes, stack: Stack) -> Option<&AeadCost> {
        if algorithm == Algorithm::Null {
            return Some(&NULL);
        }
        self.aead
            .iter()
            .filter(|cost| cost.algorithm == algorithm && cost.direction == direction)
            .filter(|cost| cost.only.is_none_or(|only| only == stack))
            .min_by(|a, b| a.cycles(at).0.total_cmp(&b.cycles(at).0))
    }
}

/// What no cipher costs.
static NULL: LazyLock<AeadCost> = LazyLock::new(|| AeadCost {
    algorithm: Algorithm::Null,
    direction: Direction::Seal,
    backend: "none".into(),
    origin: Origin::Preset,
    only: None,
    batch: None,
    stride: Bytes::new(16),
    fixed: Estimate::exact(0.0),
    per_byte: Estimate::exact(0.0),
    per_tail_block: Estimate::exact(0.0),
    partial_block: Estimate::exact(0.0),
    residuals: Vec::new(),
});
