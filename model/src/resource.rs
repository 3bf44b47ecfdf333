//! Everything that can limit, with its name, the noun that a sentence uses, and what it is part of.

/// What a resource is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// The host: cores, memory, locks, queues.
    Host,
    /// PCI Express: links, root complex, page walkers, tags, credits.
    Pcie,
    /// The lookaside accelerator.
    Accelerator,
    /// The NIC with its wire.
    Nic,
    /// The traffic itself.
    Traffic,
}

impl Owner {
    /// Every owner, from the CPU outwards.
    pub const ALL: [Owner; 5] = [Owner::Host, Owner::Pcie, Owner::Accelerator, Owner::Nic, Owner::Traffic];

    /// The name used in traces.
    pub const fn name(self) -> &'static str {
        match self {
            Owner::Host => "host",
            Owner::Pcie => "PCIe",
            Owner::Accelerator => "accelerator",
            Owner::Nic => "NIC",
            Owner::Traffic => "traffic",
        }
    }
}

use serde::{Deserialize, Serialize};

/// One table: variant, owner, name in results, noun in a sentence, what it is.
macro_rules! resources {
    ($($(#[$doc:meta])* $variant:ident = $owner:ident, $name:literal, $noun:literal, $meaning:literal;)+) => {
        /// A kind of station or pool, or another limit. Several of a kind (cores, rings) share its name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Resource { $($(#[$doc])* $variant,)+ }

        impl Resource {
            /// Every resource.
            pub const ALL: &'static [Resource] = &[$(Resource::$variant),+];

            /// The name used in results.
            pub const fn name(self) -> &'static str {
                match self { $(Resource::$variant => $name,)+ }
            }

            /// As it stands in a sentence, behind "limited by".
            pub const fn noun(self) -> &'static str {
                match self { $(Resource::$variant => $noun,)+ }
            }

            /// What it is, in a line.
            pub const fn meaning(self) -> &'static str {
                match self { $(Resource::$variant => $meaning,)+ }
            }

            /// What it is part of.
            pub const fn owner(self) -> Owner {
                match self { $(Resource::$variant => Owner::$owner,)+ }
            }
        }
    };
}

resources! {
    /// A core of the data path.
    Core = Host, "core", "the cores", "cycles of the cores that carry the data path";
    /// A core of the data path, where all packets of an SA come to one and there are fewer SAs than cores.
    SaCore = Host, "one core for an SA", "the one core that all packets of an SA come to", "one tunnel, one core: more cores do not help, more SAs do";
    /// The same where all SAs of a peer come to one core.
    PeerCore = Host, "one core for a peer", "the one core that all SAs of a peer come to", "the NIC hashes outer headers that a peer's SAs share: more cores or SAs do not help";
    /// The same where all ESP comes to one core.
    EspCore = Host, "one core for all ESP", "the one core that all ESP comes to", "the NIC does not spread ESP over its queues";
    /// The core that takes all completion interrupts, where one does.
    CompletionCore = Host, "completion core", "the completion core", "cycles of the core that takes the accelerator's interrupts";
    /// The cores that do the cipher for others: some of their own, or all.
    CryptoWorkers = Host, "crypto workers", "the crypto workers", "cores that do the cipher of others' packets";
    /// Packets that wait for crypto workers.
    WorkerQueue = Host, "worker queue", "the queue of crypto workers", "packets that wait for a core that does the cipher";
    /// The lock of an SA that cores share.
    SaLock = Host, "SA lock", "the SA's lock", "one packet of an SA at a time";
    /// The rate or packet rate that each SA is held to.
    SaLimit = Host, "SA limit", "the limit of a tunnel", "sa.rate or sa.packet_rate: more tunnels carry more";
    /// DRAM bandwidth.
    Memory = Host, "memory", "memory bandwidth", "reads and writes of DRAM";
    /// Packets of a core that applications have sent and that have not left.
    SocketQueue = Host, "socket queue", "the socket queue", "packets that wait to be sent";
    /// Packets that wait for a place in a transmit ring (queueing discipline).
    TransmitQueue = Host, "transmit queue", "the transmit queue", "packets that wait for a place in the send ring";
    /// Packets that one core has handed to another (`net.core.netdev_max_backlog`).
    Backlog = Host, "backlog", "the backlog between cores", "packets that one core has handed to another";
    /// Threads that wait for the accelerator.
    Threads = Host, "threads", "threads that wait", "callers that wait for the card";
    /// NIC towards the root complex.
    NicLinkUp = Pcie, "NIC link up", "the NIC's PCIe link (to the host)", "octets from the NIC to the root complex";
    /// Root complex towards the NIC.
    NicLinkDown = Pcie, "NIC link down", "the NIC's PCIe link (from the host)", "octets from the root complex to the NIC";
    /// Accelerator towards the root complex.
    AcceleratorLinkUp = Pcie, "accelerator link up", "the card's PCIe link (to the host)", "octets from the card to the root complex";
    /// Root complex towards the accelerator.
    AcceleratorLinkDown = Pcie, "accelerator link down", "the card's PCIe link (from the host)", "octets from the root complex to the card";
    /// The switch's uplink towards the root complex.
    UplinkUp = Pcie, "uplink up", "the shared uplink (to the host)", "octets from card and NIC to the root complex";
    /// The switch's uplink from the root complex.
    UplinkDown = Pcie, "uplink down", "the shared uplink (from the host)", "octets from the root complex to card and NIC";
    /// A link of a device under test.
    LinkUp = Pcie, "link up", "the PCIe link (to the host)", "octets from the device to the root complex";
    /// The same, downstream.
    LinkDown = Pcie, "link down", "the PCIe link (from the host)", "octets from the root complex to the device";
    /// Transfers that the root complex handles.
    RootComplex = Pcie, "root complex", "the root complex", "requests that the root complex serves";
    /// The IOMMU's page walkers.
    PageWalkers = Pcie, "page walkers", "the IOMMU's page walkers", "address translations that miss the IO-TLB";
    /// The IOMMU's queue of invalidations.
    Invalidation = Pcie, "IO-TLB invalidation", "the IOMMU's invalidation queue", "invalidations of the IO-TLB, which cores wait for";
    /// Read requests that a NIC may have outstanding.
    NicTags = Pcie, "NIC tags", "the NIC's read tags", "reads in flight times their latency";
    /// Read requests that an accelerator may have outstanding.
    AcceleratorTags = Pcie, "accelerator tags", "the card's read tags", "reads in flight times their latency";
    /// Read requests that a device under test may have outstanding.
    Tags = Pcie, "tags", "read tags", "reads in flight times their latency";
    /// Writes that become visible in order.
    OrderedWrites = Pcie, "ordered writes", "writes in order", "lines that the root complex makes visible one after the other: relaxed ordering helps";
    /// Translations that a device may have under way.
    Translations = Pcie, "translations", "translations under way", "translations behind a full queue of page walks";
    /// Octets of posted data on their way.
    PostedCredits = Pcie, "posted credits", "posted credits", "PCIe flow control of writes";
    /// Room of a device for the answers of its reads.
    CompletionBuffer = Pcie, "completion buffer", "the device's completion buffer", "octets asked for times the latency of reads";
    /// The accelerator's engines.
    AcceleratorEngines = Accelerator, "accelerator engines", "the card's engines", "rate and operation rate of the card";
    /// Entries of an accelerator's ring.
    AcceleratorRing = Accelerator, "accelerator ring", "the card's request ring", "requests in flight";
    /// The NIC's transmit packet engine.
    NicPacketEngine = Nic, "NIC packet engine", "the NIC's packet rate", "packets that the NIC sends in a second";
    /// The NIC's receive packet engine.
    NicReceiveEngine = Nic, "NIC receive engine", "the NIC's receive rate", "packets that the NIC takes in a second";
    /// The NIC's ESP engine.
    NicEspEngine = Nic, "NIC ESP engine", "the NIC's ESP engine", "rate and packet rate of the cipher in the NIC";
    /// A core of a DPU.
    DpuCore = Nic, "DPU core", "the DPU's cores", "cycles of the cores that a DPU has of its own";
    /// Packets that wait for a core of a DPU.
    DpuRing = Nic, "DPU ring", "the receive ring of a DPU's core", "packets that wait for a core of the DPU";
    /// DRAM of a DPU.
    DpuMemory = Nic, "DPU memory", "the DPU's memory bandwidth", "packets that a DPU's cores and NIC write and read in its DRAM";
    /// One queue of the NIC.
    NicQueue = Nic, "NIC queue", "a queue of the NIC", "packet rate of one queue pair";
    /// The DMA engine of a device under test.
    DmaEngine = Nic, "DMA engine", "the DMA engine", "transfers that the device starts";
    /// What that engine copies between link and its own memory.
    EngineCopy = Nic, "engine copy", "the DMA engine's copy", "what the device moves between link and its own memory";
    /// The wire, outwards.
    Wire = Nic, "wire", "the wire", "the NIC's line rate, preamble and gap included";
    /// The wire, inwards.
    WireIn = Nic, "wire in", "the incoming wire", "the line rate that frames arrive at";
    /// Transmit descriptors.
    NicRing = Nic, "NIC ring", "the NIC's send ring", "descriptors in flight";
    /// Receive descriptors.
    NicReceiveRing = Nic, "NIC receive ring", "the NIC's receive ring", "buffers that wait for packets";
    /// The transmit buffer on the NIC.
    NicBuffer = Nic, "NIC buffer", "the NIC's buffer", "octets within the NIC";
    /// The receive buffer on the NIC, before DMA.
    NicReceiveBuffer = Nic, "NIC receive buffer", "the NIC's receive buffer", "frames that wait for DMA";
    /// Where the NIC gathers packets that descriptors point to.
    NicGather = Nic, "NIC gather", "the NIC's gathering of packets", "packets read by a pointer, of all queues together: those within descriptors need none";
    /// SA contexts that the NIC fetches at a time.
    SaContextFetches = Nic, "SA context fetches", "SA context fetches", "reads of SA contexts that the NIC's cache lacks";
    /// The NIC's own memory, where SA contexts lie there.
    NicMemory = Nic, "NIC memory", "the NIC's own memory", "reads of SA contexts that the NIC's cache lacks";
    /// There is no more to carry.
    OfferedLoad = Traffic, "offered load", "the offered load", "no station is full: what is offered is what is carried";
    /// Too few packets are in flight to fill the path.
    Window = Traffic, "window", "the packets in flight", "too few packets in flight to fill the path";
    /// No station is full and less than the load is carried: packets wait for answers.
    Waits = Traffic, "waits", "waits while no station is full", "less than offered is carried: tags, credits, contexts or locks are waited for";
}

impl Resource {
    /// The resource of a name in results.
    pub fn from_name(name: &str) -> Option<Resource> {
        Resource::ALL.iter().copied().find(|resource| resource.name() == name)
    }

    /// Whether it is a PCIe link.
    pub const fn is_link(self) -> bool {
        matches!(
            self,
            Resource::NicLinkUp
                | Resource::NicLinkDown
                | Resource::AcceleratorLinkUp
                | Resource::AcceleratorLinkDown
                | Resource::UplinkUp
                | Resource::UplinkDown
        )
    }
}

impl std::fmt::Display for Resource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        for &resource in Resource::ALL {
            assert_eq!(Resource::from_name(resource.name()), Some(resource));
        }
    }
}
