//! The SoC of a DPU beside its NIC: packets that the NIC hands to its cores and takes back, within the card.
//!
//! The cores have the host's port and the wire's as network devices (representors, Linux
//! Documentation/networking/representors.rst), whose packets lie in memory of the card's own. Such a packet passes the NIC's
//! packet engine twice, before and after the cores. The links between NIC and cores are not modelled: the cores are taken to
//! be full first, as BlueField-2's are at half of its line rate with the kernel's pktgen, without any ESP (Liu et al.,
//! "Performance Characteristics of the BlueField-2 SmartNIC", arXiv:2105.06619). Nor is a latency of theirs, which has no public
//! source: `nic.latency` counts once for each pass.

use super::memory::Memory;
use super::nic::{Nic, octets};
use crate::route;
use crate::route::{Hop, PoolId, Route, Visit};
use crate::traffic::Packet;
use crate::units::{Bytes, Time};

/// What a core of the SoC has of the NIC.
#[derive(Debug, Clone, Copy)]
pub struct Soc {
    /// Entries of the ring that the NIC hands packets to the core by.
    pub ring: PoolId,
    /// The card's DRAM, where devices write there and not into its last-level cache.
    pub memory: Option<Memory>,
}

impl Soc {
    /// What is handed over reaches the card's memory.
    fn stores(&self, n: Bytes, label: &'static str) -> Route {
        let visit = self.memory.map(|memory| Visit { label, ..memory.access(n, Time::ZERO) });
        visit.map_or_else(Route::default, |visit| Hop::Serve(visit).into())
    }
}

impl Nic {
    /// The NIC reads a packet from the host, a frame of `clear` octets in the clear, and hands it to a core of the SoC, from
    /// whose poll on the core works on it. Without room in the core's ring it is lost if it `drops`, and else waits in the
    /// NIC's buffer, which holds the host back.
    pub fn from_host_to_soc(
        &self,
        soc: &Soc,
        (dma, clear): (Bytes, Bytes),
        p: &Packet,
        drops: bool,
        poll: Hop,
    ) -> Route {
        let held = octets(&[clear]);
        route![
            Hop::Acquire(self.buffer, held),
            self.reads(dma, &[clear], p),
            if drops { Hop::AcquireOrDrop(soc.ring, 1, 1) } else { Hop::Acquire(soc.ring, 1) },
            soc.stores(dma, "DPU writes memory"),
            Hop::Release(self.buffer, held),
            poll,
        ]
    }

    /// A core of the SoC has handed over the packet as it leaves, and the NIC sends it.
    pub fn from_soc_to_wire(&self, soc: &Soc, p: &Packet) -> Route {
        let frames = p.frames();
        let sends = frames
            .iter()
            .map(|&frame| route![self.passes(self.packet_engine, frame), Hop::Serve(self.wire.pass(frame))]);
        route![
            Hop::Acquire(self.buffer, octets(&frames)),
            soc.stores(p.dma(), "DPU reads memory"),
            Route::concat(sends),
            Hop::Release(self.buffer, octets(&frames)),
            Hop::Depart(*p),
        ]
    }

    /// A packet comes by the wire and is handed to a core of the SoC.
    pub fn from_wire_to_soc(&self, soc: &Soc, p: &Packet, poll: Hop) -> Route {
        let frames = p.frames();
        route![
            self.comes_in(&frames),
            self.take(soc.ring, frames.len() as u32),
            soc.stores(p.dma(), "DPU writes memory"),
            Hop::Release(self.receive_buffer, octets(&frames)),
            poll,
        ]
    }

    /// A core of the SoC has handed over a packet of `dma` octets, which the NIC writes to the host as one frame.
    pub fn from_soc_to_host(&self, soc: &Soc, dma: Bytes, p: &Packet, polls: [Visit; 2]) -> Route {
        let frame = p.clear_frame();
        route![
            self.passes(self.receive_engine, frame),
            self.take(self.receive_ring, 1),
            soc.stores(dma, "DPU reads memory"),
            self.writes(dma, &[frame], p),
            self.tells(1, polls),
        ]
    }
}
