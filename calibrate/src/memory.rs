//! What copying and summing octets costs.

use std::hint::black_box;

use crate::sample::{Sampled, median};

/// Larger than second-level caches, so that the source is as fresh as an application's data.
const SOURCE: usize = 8 << 20;
/// One copy, as large as a super-packet.
const CHUNK: usize = 64 << 10;
/// A packet's octets, for the checksum.
const PACKET: usize = 1448;
const BATCHES: usize = 400;

/// Seconds per octet of a copy from fresh data into a warm buffer.
pub fn copy_seconds_per_byte() -> f64 {
    let source = vec![1u8; SOURCE];
    let mut target = vec![0u8; CHUNK];
    let mut chunks = source.chunks_exact(CHUNK).cycle();
    let mut sampled = Sampled::new(|| {
        if let Some(chunk) = chunks.next() {
            black_box(&mut target).copy_from_slice(black_box(chunk));
        }
    });
    (0..BATCHES).for_each(|_| sampled.measure());
    median(sampled.seconds()) / CHUNK as f64
}

/// Seconds per octet of the Internet checksum over a packet in cache.
pub fn checksum_seconds_per_byte() -> f64 {
    let packet = vec![0x5au8; PACKET];
    let mut sampled = Sampled::new(|| {
        black_box(internet_checksum(black_box(&packet)));
    });
    (0..BATCHES).for_each(|_| sampled.measure());
    median(sampled.seconds()) / PACKET as f64
}

/// The Internet checksum (RFC 1071): four sums of 64 bits with end-around carry side by side, as fast as kernels do it,
/// folded at the end. Octets are summed in the host's order and swapped once (RFC 1071 section 2 (B)).
pub fn internet_checksum(octets: &[u8]) -> u16 {
    let (blocks, rest) = octets.as_chunks::<32>();
    let mut last = [0; 32];
    last[..rest.len()].copy_from_slice(rest);
    let mut sums = [0u64; 4];
    for block in blocks.iter().chain(std::iter::once(&last)) {
        for (sum, word) in sums.iter_mut().zip(block.as_chunks::<8>().0) {
            *sum = add_with_carry(*sum, u64::from_ne_bytes(*word));
        }
    }
    let mut sum = sums.into_iter().fold(0, add_with_carry);
    for bits in [32, 32, 16, 16, 16] {
        sum = (sum >> bits) + (sum & ((1 << bits) - 1));
    }
    !u16::from_be(sum as u16)
}

fn add_with_carry(a: u64, b: u64) -> u64 {
    let (sum, carry) = a.overflowing_add(b);
    // A sum that has just wrapped cannot wrap again.
    sum + u64::from(carry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_of_the_rfc_example() {
        // RFC 1071 section 3: 00 01 f2 03 f4 f5 f6 f7 sums to ddf2.
        assert_eq!(internet_checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
        assert_eq!(internet_checksum(&[0xff; 24]), 0);
        assert_eq!(internet_checksum(&[0x12]), !0x1200);
    }
}
