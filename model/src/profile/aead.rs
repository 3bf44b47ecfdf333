//! What ciphers cost a core.

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Algorithm, Direction, Estimate, Profile};
use crate::stack::Stack;
use crate::units::{Bytes, Cycles};

/// What AEAD operations of one implementation cost on one core.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AeadCost {
    /// Algorithm and key size.
    pub algorithm: Algorithm,
    /// Seal or open.
    pub direction: Direction,
    /// The implementation: a crate name, or what the source measured.
    pub backend: String,
    /// The only stack that uses this implementation; absent where any can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Stack>,
    /// Operations that are done together, of which the cost is that of one: implementations with several buffers at a time
    /// (intel-ipsec-mb). Absent where each is done by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<u32>,
    /// Cycles by size.
    pub curve: Curve,
    /// Cycles that sizes, ascending, took more than the curve says: implementations change their ways at sizes of their
    /// own. Interpolated between sizes of whole blocks for such, between the others for others; empty where only the curve
    /// is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub residuals: Vec<(Bytes, f64)>,
}

/// What one AEAD operation costs on one core, for `n` octets of plaintext:
///
/// `per_operation + per_octet n + per_tail_block ceil((n mod stride) / 16) + per_partial_block [n mod 16 != 0]`
///
/// Vectorised AES-GCM works through strides of many blocks; blocks of an incomplete stride cost more each, and an
/// incomplete last block is masked or copied. All four coefficients are in core cycles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Curve {
    /// Octets that the bulk loop takes at a time.
    pub stride: Bytes,
    /// Cycles per operation.
    pub per_operation: Estimate,
    /// Cycles per octet.
    pub per_octet: Estimate,
    /// Cycles per block of 16 octets beyond the last whole stride.
    pub per_tail_block: Estimate,
    /// Cycles for an incomplete last block.
    pub per_partial_block: Estimate,
}

/// Octets of a block of AES.
const BLOCK: Bytes = Bytes::new(16);

impl Curve {
    /// The coefficients by their names.
    pub fn coefficients(&self) -> [(&'static str, &Estimate); 4] {
        [
            ("per_operation", &self.per_operation),
            ("per_octet", &self.per_octet),
            ("per_tail_block", &self.per_tail_block),
            ("per_partial_block", &self.per_partial_block),
        ]
    }

    /// The same in the same order, to be changed.
    pub fn coefficients_mut(&mut self) -> [&mut Estimate; 4] {
        [&mut self.per_operation, &mut self.per_octet, &mut self.per_tail_block, &mut self.per_partial_block]
    }

    /// Cycles for `n` octets.
    fn cycles(&self, n: Bytes) -> f64 {
        let tail = Bytes::new(n.get() % self.stride.get().max(1));
        let partial = f64::from(u8::from(!n.get().is_multiple_of(BLOCK.get())));
        self.per_operation.value
            + self.per_octet.value * n.get() as f64
            + self.per_tail_block.value * tail.pieces(BLOCK) as f64
            + self.per_partial_block.value * partial
    }
}

impl AeadCost {
    /// Its key path in a profile: `aead.aes-128-gcm.seal.ring`.
    pub fn key(&self) -> String {
        format!("aead.{}.{}.{}", self.algorithm.name(), self.direction.name(), self.backend)
    }

    /// Cycles to seal or open `n` octets; never below zero, which an extrapolated fit could give.
    pub fn cycles(&self, n: Bytes) -> Cycles {
        Cycles((self.curve.cycles(n) + self.residual(n)).max(0.0))
    }

    /// The residual at a size, by linear interpolation; beyond the ends that of the end. Whole blocks and others go
    /// different ways in most implementations.
    fn residual(&self, n: Bytes) -> f64 {
        let is_whole = |n: Bytes| n.get().is_multiple_of(BLOCK.get());
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
        self.aead_of_mix(algorithm, direction, &[(1.0, at)], stack)
    }

    /// The same for sizes with weights. What the kernel and XDP encrypt with is the kernel's own, where that is known.
    pub fn aead_of_mix(
        &self,
        algorithm: Algorithm,
        direction: Direction,
        sizes: &[(f64, Bytes)],
        stack: Stack,
    ) -> Option<&AeadCost> {
        if algorithm == Algorithm::Null {
            return Some(&NULL);
        }
        let all = || self.aead.iter().filter(|cost| cost.algorithm == algorithm && cost.direction == direction);
        let of_kernel = |cost: &&AeadCost| cost.only == Some(Stack::Kernel);
        let its_own = stack != Stack::Vector && all().any(|cost| of_kernel(&cost));
        let can = |cost: &&AeadCost| match its_own {
            true => of_kernel(cost),
            false => cost.only.is_none_or(|only| only == stack),
        };
        let cycles = |cost: &AeadCost| sizes.iter().map(|(weight, at)| weight * cost.cycles(*at).0).sum::<f64>();
        all().filter(can).min_by(|a, b| cycles(a).total_cmp(&cycles(b)))
    }
}

/// What no cipher costs.
static NULL: LazyLock<AeadCost> = LazyLock::new(|| AeadCost {
    algorithm: Algorithm::Null,
    direction: Direction::Seal,
    backend: "none".into(),
    only: None,
    batch: None,
    curve: Curve {
        stride: BLOCK,
        per_operation: Estimate::exact(0.0),
        per_octet: Estimate::exact(0.0),
        per_tail_block: Estimate::exact(0.0),
        per_partial_block: Estimate::exact(0.0),
    },
    residuals: Vec::new(),
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset;

    /// A cost of so many cycles an operation and an octet.
    fn cost(backend: &str, only: Option<Stack>, per_operation: f64, per_octet: f64) -> AeadCost {
        let mut cost = AeadCost { backend: backend.into(), only, algorithm: Algorithm::Aes128Gcm, ..NULL.clone() };
        cost.curve.per_operation = Estimate::exact(per_operation);
        cost.curve.per_octet = Estimate::exact(per_octet);
        cost
    }

    fn profile(costs: Vec<AeadCost>) -> Profile {
        Profile { aead: costs, ..preset::profile("zen4").unwrap().unwrap() }
    }

    fn chosen(profile: &Profile, sizes: &[(f64, u64)], stack: Stack) -> String {
        let sizes: Vec<(f64, Bytes)> = sizes.iter().map(|&(weight, octets)| (weight, Bytes::new(octets))).collect();
        profile.aead_of_mix(Algorithm::Aes128Gcm, Direction::Seal, &sizes, stack).unwrap().backend.clone()
    }

    #[test]
    fn the_backend_is_that_of_the_sizes_and_the_stack() {
        let any = [cost("small", None, 100.0, 1.0), cost("large", None, 500.0, 0.5)];
        let library = cost("of userspace", Some(Stack::Vector), 50.0, 0.7);
        let kernel = cost("of the kernel", Some(Stack::Kernel), 900.0, 2.0);
        let known = profile([&any[..], std::slice::from_ref(&library)].concat());
        for (size, kernels, vectors) in [(64, "small", "of userspace"), (9000, "large", "large")] {
            assert_eq!(chosen(&known, &[(1.0, size)], Stack::Kernel), kernels);
            assert_eq!(chosen(&known, &[(1.0, size)], Stack::Vector), vectors);
        }
        // Of two sizes the heavier one decides.
        assert_eq!(chosen(&known, &[(0.99, 64), (0.01, 9000)], Stack::Vector), "of userspace");
        assert_eq!(chosen(&known, &[(0.01, 64), (0.99, 9000)], Stack::Vector), "large");
        // The kernel's own, however slow it is, where it was measured; userspace never has it.
        let measured = profile([&any[..], &[library, kernel]].concat());
        for stack in [Stack::Kernel, Stack::Xdp] {
            assert_eq!(chosen(&measured, &[(1.0, 64)], stack), "of the kernel");
        }
        assert_eq!(chosen(&measured, &[(1.0, 64)], Stack::Vector), "of userspace");
        // Ties go to the first in the file.
        let alike = profile(vec![cost("first", None, 1.0, 1.0), cost("second", None, 1.0, 1.0)]);
        assert_eq!(chosen(&alike, &[(1.0, 64)], Stack::Vector), "first");
    }
}
