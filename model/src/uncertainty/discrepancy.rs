//! How far the model itself is off where all parameters are known: what doubt of parameters does not cover.

use super::Draw;
use crate::resource::{Owner, Resource};

/// Kinds of quantities whose errors are alike, by what limits them.
///
/// Each has a deviation of the logarithm of model over truth, taken to be normal. It is the error that 68.27 % of predicted
/// rows of published measurements keep within, all families of the kind alike, whatever is known of their parameters: on the
/// wide side beside doubt of those. `espsim validate` draws bands with the deviation that the *other* families of the kind
/// have, and says how many rows lie in them; a test there holds these numbers to the rows. Errors have longer tails than a
/// normal's: 95 % bands hold fewer rows than 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Discrepancy {
    /// What links and what waits on them carry: PCIe, wires, memory.
    Links,
    /// What cores and engines carry.
    Cores,
    /// What locks that cores share and caches of SA contexts carry.
    Contention,
}

impl Discrepancy {
    /// Every kind.
    pub const ALL: [Discrepancy; 3] = [Discrepancy::Links, Discrepancy::Cores, Discrepancy::Contention];

    /// The name used in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Discrepancy::Links => "links",
            Discrepancy::Cores => "cores",
            Discrepancy::Contention => "contention",
        }
    }

    /// Standard deviation of the logarithm of model over truth.
    pub const fn deviation(self) -> f64 {
        match self {
            Discrepancy::Links => 0.035,
            Discrepancy::Cores => 0.070,
            Discrepancy::Contention => 0.241,
        }
    }

    /// The kind of what a resource lets through.
    pub const fn of(resource: Resource) -> Self {
        match resource {
            Resource::SaLock | Resource::SaContextFetches | Resource::NicMemory => Discrepancy::Contention,
            Resource::Wire | Resource::WireIn | Resource::Memory | Resource::DpuMemory => Discrepancy::Links,
            _ => match resource.owner() {
                Owner::Pcie | Owner::Traffic => Discrepancy::Links,
                Owner::Host | Owner::Accelerator | Owner::Nic => Discrepancy::Cores,
            },
        }
    }
}

impl Draw {
    /// Model over truth in this draw of what is named: the same name, the same error.
    pub fn discrepancy(&self, kind: Discrepancy, name: &str) -> f64 {
        (kind.deviation() * self.error(&format!("model {} {name}", kind.name()))).exp()
    }
}
