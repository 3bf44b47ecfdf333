//! What is known of a design before anything is simulated: one constant at the head of each placement's file.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Host, clear, crypto, dpu, hairpin, host, inline_crypto, inline_packet, lookaside};
use crate::route::Route;
use crate::traffic::{Packet, SendCall};

/// Who does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agent {
    /// Nobody.
    Nobody,
    /// The CPU.
    Cpu,
    /// The lookaside accelerator.
    Accelerator,
    /// The NIC.
    Nic,
    /// A DPU: its cores or its NIC's engine, out of the host's sight.
    Dpu,
}

/// What becomes of the packets of an SA whose holder cannot be used, such as a NIC that the route has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orphan {
    /// The kernel encrypts them.
    Software,
    /// They are dropped.
    Dropped,
}

/// The facts of a design and its routes.
#[derive(Debug)]
pub struct Design {
    /// The name used in files.
    pub name: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// Who encrypts: that is whose ciphers count, whose table SAs are in, and which devices are counted.
    pub encrypts: Agent,
    /// Who encapsulates, and so takes sequence numbers.
    pub encapsulates: Agent,
    /// Whether packets go by a network at all.
    pub has_network: bool,
    /// Whether it forwards between ports and does nothing for applications of the host.
    pub only_forwards: bool,
    /// What becomes of packets whose SA is held elsewhere.
    pub orphan: Orphan,
    /// What an SA runs as that is refused, as far as the daemon allows software.
    pub fallback: Option<Placement>,
    /// How often the payload crosses PCIe on transmit; what the host forwards has come in by one more.
    pub crossings: u32,
    /// A send call of an application.
    pub transmit: fn(&SendCall, &Host<'_>) -> Route,
    /// A packet that comes in for an application.
    pub receive: fn(&Packet, &Host<'_>) -> Route,
    /// A packet of a gateway: clear in, ESP out.
    pub encrypt: fn(&Packet, &Host<'_>) -> Route,
    /// A packet of a gateway: ESP in, clear out.
    pub decrypt: fn(&Packet, &Host<'_>) -> Route,
}

/// A design by reference: all that refer to a design of one name are equal.
#[derive(Clone, Copy)]
pub struct Placement(pub &'static Design);

impl Placement {
    /// No IPsec: what the data path carries in the clear.
    pub const CLEAR: Placement = Placement(&clear::DESIGN);
    /// The CPU encrypts.
    pub const HOST: Placement = Placement(&host::DESIGN);
    /// A lookaside accelerator encrypts.
    pub const LOOKASIDE: Placement = Placement(&lookaside::DESIGN);
    /// The NIC encrypts what the host has encapsulated (crypto offload).
    pub const INLINE_CRYPTO: Placement = Placement(&inline_crypto::DESIGN);
    /// The NIC encapsulates and encrypts (packet offload).
    pub const INLINE_PACKET: Placement = Placement(&inline_packet::DESIGN);
    /// The NIC forwards between its ports too, without the host.
    pub const HAIRPIN: Placement = Placement(&hairpin::DESIGN);
    /// A DPU encapsulates and encrypts; the host sends and receives in the clear.
    pub const DPU: Placement = Placement(&dpu::DESIGN);
    /// The cores of a DPU, for what its engine leaves to them; what SAs fall back to, and no placement to choose.
    pub const DPU_CORES: Placement = Placement(&dpu::CORES);
    /// Ciphers and cards by themselves, without a network.
    pub const CRYPTO: Placement = Placement(&crypto::DESIGN);

    /// Every placement.
    pub const ALL: [Placement; 8] = [
        Placement::CLEAR,
        Placement::HOST,
        Placement::LOOKASIDE,
        Placement::INLINE_CRYPTO,
        Placement::INLINE_PACKET,
        Placement::HAIRPIN,
        Placement::DPU,
        Placement::CRYPTO,
    ];

    /// Their names.
    pub(crate) const NAMES: [&'static str; Placement::ALL.len()] = {
        let mut names = [""; Placement::ALL.len()];
        let mut i = 0;
        while i < names.len() {
            names[i] = Placement::ALL[i].0.name;
            i += 1;
        }
        names
    };

    /// The name used in files.
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// What it does, in a line.
    pub const fn summary(self) -> &'static str {
        self.0.summary
    }

    /// How often the payload crosses PCIe on transmit.
    pub const fn crossings(self) -> u32 {
        self.0.crossings
    }

    /// Whether there is IPsec at all.
    pub const fn has_sas(self) -> bool {
        self.0.has_network && !matches!(self.0.encrypts, Agent::Nobody)
    }

    /// Whether packets go by a network; ciphers and cards are tried without one.
    pub const fn has_network(self) -> bool {
        self.0.has_network
    }

    /// Whether it forwards between ports and does nothing for applications of the host.
    pub const fn only_forwards(self) -> bool {
        self.0.only_forwards
    }

    /// Whether the CPU does the cipher, whose wide vectors may slow its clock.
    pub const fn encrypts_on_cpu(self) -> bool {
        matches!(self.0.encrypts, Agent::Cpu)
    }

    /// Whether accelerators are part of it.
    pub const fn uses_accelerator(self) -> bool {
        matches!(self.0.encrypts, Agent::Accelerator)
    }

    /// Whether the NIC encrypts.
    pub const fn encrypts_in_nic(self) -> bool {
        matches!(self.0.encrypts, Agent::Nic)
    }

    /// Whether a DPU encrypts, and the host knows nothing of it.
    pub const fn encrypts_in_dpu(self) -> bool {
        matches!(self.0.encrypts, Agent::Dpu)
    }

    /// Whether packets pass the SA's lock in the kernel, which whoever takes sequence numbers on the CPU does.
    pub const fn passes_sa_lock(self) -> bool {
        matches!(self.0.encapsulates, Agent::Cpu)
    }

    /// Whether the NIC encapsulates too (packet offload).
    pub const fn encapsulates_in_nic(self) -> bool {
        matches!(self.0.encapsulates, Agent::Nic)
    }
}

impl fmt::Debug for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

impl PartialEq for Placement {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Placement {}

impl PartialOrd for Placement {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Placement {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.name.cmp(other.0.name)
    }
}

impl Hash for Placement {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.name.hash(state);
    }
}

impl Serialize for Placement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name)
    }
}

impl<'de> Deserialize<'de> for Placement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let found = Placement::ALL.into_iter().find(|placement| placement.name() == name);
        found.ok_or_else(|| serde::de::Error::unknown_variant(&name, &Placement::NAMES))
    }
}
