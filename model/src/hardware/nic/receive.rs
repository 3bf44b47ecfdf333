//! What comes in: by the wire into the NIC, from there to host memory and to a core.

use super::{DOORBELL, Nic, RECEIVE_DESCRIPTOR, octets, transfers};
use crate::route;
use crate::route::{Hop, Route, Visit};
use crate::traffic::Packet;
use crate::units::Bytes;

impl Nic {
    /// A packet comes in by these frames, is decrypted if it is to, and is written to host memory as `dma` octets. `polls`
    /// are the interrupt and the poll by which a core hears of it.
    pub fn receive(&self, frames: &[Bytes], dma: Bytes, packet: &Packet, decrypt: bool, polls: [Visit; 2]) -> Route {
        let esp = if decrypt { self.cipher(packet.encrypted, "NIC decrypts") } else { Route::default() };
        route![
            self.comes_in(frames),
            esp,
            self.take(self.receive_ring, frames.len() as u32),
            self.writes(dma, frames, packet),
            Hop::Release(self.receive_buffer, octets(frames)),
            self.tells(frames.len(), polls),
        ]
    }

    /// Frames come in by the wire into the receive buffer. Room is taken for a frame before it is on the wire: what a switch
    /// before it holds back counts too.
    pub(in crate::hardware) fn comes_in(&self, frames: &[Bytes]) -> Route {
        let arrives = frames
            .iter()
            .map(|&frame| route![Hop::Serve(self.wire_in.pass(frame)), self.passes(self.receive_engine, frame)]);
        route![self.take(self.receive_buffer, octets(frames)), Route::concat(arrives)]
    }

    /// The NIC writes a packet of these frames to host memory as `dma` octets.
    pub(in crate::hardware) fn writes(&self, dma: Bytes, frames: &[Bytes], packet: &Packet) -> Route {
        Route::concat(transfers(dma, frames, packet).into_iter().map(|(_, dma, payload)| {
            route![
                self.queue_limit(),
                self.slot.write_payload(self.padded(dma), payload, Bytes::ZERO, "payload, NIC to RAM")
            ]
        }))
    }

    /// The NIC completes so many received frames, and a core hears of them by an interrupt or a poll.
    pub(in crate::hardware) fn tells(&self, frames: usize, [interrupt, poll]: [Visit; 2]) -> Route {
        let received_at_once = self.params.receive_completion_batch.unwrap_or(self.params.completion_batch);
        route![
            Route::concat((0..frames).map(|_| self.completes(received_at_once))),
            Hop::Poll(self.polling, interrupt, poll),
        ]
    }

    /// What a packet of `dma` octets takes in host memory.
    fn padded(&self, dma: Bytes) -> Bytes {
        self.params.receive_padding.map_or(dma, |line| line * dma.pieces(line))
    }

    /// The core has given the NIC new buffers, whose descriptors it reads ahead of need: load without latency.
    pub fn refill(&self, frames: u32) -> Route {
        let p = &self.params;
        let (n, batch) = (p.receive_descriptor, p.descriptor_batch);
        let reads = (0..frames).map(|_| self.slot.prefetch_descriptor(n, batch, DOORBELL, RECEIVE_DESCRIPTOR));
        route![Hop::Release(self.receive_ring, frames), Route::concat(reads)]
    }
}
