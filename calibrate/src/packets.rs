//! Packets under a cipher: the operation that is measured.

use std::cell::Cell;

use espsim_model::profile::{Algorithm, Direction};

use crate::aead::{AAD, Context, IV, NONCE, TAG, icv_length};
use crate::sample::Work;

/// Octets of packets that are opened between two preparations: they stay in a first-level cache of 32 KiB.
const WARM_SET: u64 = 24 << 10;
/// The most packets of a set, whose IVs and tags need room too.
const WARM_PACKETS: u64 = 64;

/// Packets of one size that are sealed or opened in place, each time with another IV and sequence number.
///
/// Sealing takes one buffer over and over. Opening needs valid packets: a set is sealed outside the measured time, then
/// each of its packets is opened once, so that every measured call checks a right ICV and decrypts, and no copy is
/// measured with it.
pub struct Packets<'a> {
    context: &'a dyn Context,
    direction: Direction,
    icv: usize,
    /// Text with room for the ICV behind it.
    buffers: Vec<Vec<u8>>,
    /// Sequence number of the first packet of the set.
    sequence: u64,
    /// Set where a packet that should open did not.
    refused: &'a Cell<bool>,
}

impl<'a> Packets<'a> {
    /// Packets in cache, with so many octets of plaintext each.
    pub fn warm(
        context: &'a dyn Context,
        algorithm: Algorithm,
        direction: Direction,
        octets: u64,
        refused: &'a Cell<bool>,
    ) -> Self {
        let icv = icv_length(algorithm);
        let packets = match direction {
            Direction::Seal => 1,
            Direction::Open => (WARM_SET / (octets + TAG as u64)).clamp(1, WARM_PACKETS),
        };
        let buffers = (0..packets).map(|_| vec![0; octets as usize + icv]).collect();
        Packets { context, direction, icv, buffers, sequence: 0, refused }
    }
}

impl Work for Packets<'_> {
    fn prepare(&mut self) -> bool {
        if self.direction == Direction::Seal {
            return false;
        }
        for (sequence, packet) in (self.sequence..).zip(&mut self.buffers) {
            seal(self.context, self.icv, sequence, packet);
        }
        true
    }

    fn run(&mut self) {
        for (sequence, packet) in (self.sequence..).zip(&mut self.buffers) {
            run(self.context, self.direction, self.icv, sequence, packet, self.refused);
        }
        self.sequence += self.buffers.len() as u64;
    }

    fn operations(&self) -> u32 {
        self.buffers.len() as u32
    }
}

/// One measured call.
#[inline]
pub(crate) fn run(
    context: &dyn Context,
    direction: Direction,
    icv: usize,
    sequence: u64,
    packet: &mut [u8],
    refused: &Cell<bool>,
) {
    match direction {
        Direction::Seal => seal(context, icv, sequence, packet),
        Direction::Open => {
            let (iv, aad) = header(sequence);
            if !context.open(&iv, &aad, std::hint::black_box(packet)) {
                refused.set(true);
            }
        }
    }
}

/// Seals the text and puts the ICV behind it.
#[inline]
pub(crate) fn seal(context: &dyn Context, icv: usize, sequence: u64, packet: &mut [u8]) {
    let (iv, aad) = header(sequence);
    let length = packet.len() - icv;
    let (text, end) = std::hint::black_box(packet).split_at_mut(length);
    end.copy_from_slice(&context.seal(&iv, &aad, text)[..icv]);
}

/// IV and AAD of a packet: the explicit IV counts, as RFC 4106 section 3.1 allows, and so does the sequence number.
fn header(sequence: u64) -> ([u8; IV], [u8; AAD]) {
    let mut iv = [1; IV];
    iv[NONCE - 8..NONCE].copy_from_slice(&sequence.to_be_bytes());
    let mut aad = [2; AAD];
    aad[AAD - 4..].copy_from_slice(&(sequence as u32).to_be_bytes());
    (iv, aad)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aead::BACKENDS;

    #[test]
    fn every_measured_open_is_of_a_valid_packet() {
        for backend in BACKENDS {
            for algorithm in Algorithm::ALL {
                let Ok(context) = backend.context(algorithm) else { continue };
                let refused = Cell::new(false);
                let mut packets = Packets::warm(&*context, algorithm, Direction::Open, 1440, &refused);
                assert!(packets.operations() > 1);
                for _ in 0..3 {
                    assert!(packets.prepare());
                    packets.run();
                }
                assert!(!refused.get(), "{} {}", backend.name, algorithm.name());
                // Opened once more, what is plaintext now is no packet.
                packets.run();
                assert!(refused.get());
            }
        }
    }
}
