//! What copying and summing octets costs.

use std::hint::black_box;

use std::sync::Barrier;
use std::time::Instant;

use crate::pinned::on_cores;
use crate::sample::{Sampled, median};
use crate::{CalibrateError, host};

/// Larger than second-level caches, so that the source is as fresh as an application's data.
const SOURCE: usize = 8 << 20;
/// One copy, as large as a super-packet.
const CHUNK: usize = 64 << 10;
/// A packet's octets, for the checksum.
const PACKET: usize = 1448;
const BATCHES: usize = 400;
/// Sizes of the table, 64 B to 64 KiB.
const SIZES: [usize; 11] = [64, 128, 256, 512, 1 << 10, 2 << 10, 4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10];
/// Batches of a size of the table.
const TABLE_BATCHES: usize = 100;
/// What a driver takes for a packet of up to 1500 octets with its headroom.
const BUFFER: usize = 2 << 10;
/// Passes over the arrays of the stream; the fastest counts (STREAM, <https://www.cs.virginia.edu/stream/ref.html>). So many
/// that the noise gate sees what others do meanwhile.
const STREAM_PASSES: usize = 30;
/// The most octets of one array of the stream, over all cores.
const LARGEST_ARRAY: u64 = 256 << 20;

/// Copy and checksum of one size, warm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MemoryRow {
    /// Octets.
    pub octets: u64,
    /// Nanoseconds of a copy between two buffers in cache.
    pub copy_ns: f64,
    /// Nanoseconds of the Internet checksum over a buffer in cache.
    pub checksum_ns: f64,
}

/// Copy and checksum by size.
pub fn by_size() -> Vec<MemoryRow> {
    let row = |octets: usize| {
        let source = vec![1u8; octets];
        let mut target = vec![0u8; octets];
        let mut copy = Sampled::new(|| black_box(&mut target).copy_from_slice(black_box(&source)));
        let mut checksum = Sampled::new(|| {
            black_box(internet_checksum(black_box(&source)));
        });
        for _ in 0..TABLE_BATCHES {
            copy.measure();
            checksum.measure();
        }
        let ns = |sampled: &Sampled<'_>| median(sampled.seconds()) * 1e9;
        MemoryRow { octets: octets as u64, copy_ns: ns(&copy), checksum_ns: ns(&checksum) }
    };
    SIZES.map(row).to_vec()
}

/// Seconds to take a buffer of 2 KiB from the global allocator and give it back, without touching it.
pub fn allocation_seconds() -> f64 {
    let mut sampled = Sampled::new(|| drop(black_box(Vec::<u8>::with_capacity(black_box(BUFFER)))));
    (0..TABLE_BATCHES).for_each(|_| sampled.measure());
    median(sampled.seconds())
}

/// Octets per second that all cores of the process together move between memory and cores: the triad of STREAM,
/// `a = b + s c` over arrays twice as large as the last-level cache, two reads and one write counted. Reading `a`
/// before it is written is not counted, as in STREAM.
///
/// # Errors
/// [`CalibrateError::Thread`] if a thread dies.
pub fn stream_bytes_per_second() -> Result<f64, CalibrateError> {
    let cores = host::cores();
    let array = (host::last_level_cache() * 2).clamp(64 << 20, LARGEST_ARRAY);
    let length = (array / u64::from(cores)) as usize / size_of::<f64>();
    let barrier = Barrier::new(cores as usize);
    let passes = on_cores(cores, |_| {
        let (b, c, mut a) = (vec![1.0f64; length], vec![2.0f64; length], vec![0.5f64; length]);
        let pass = |_| {
            barrier.wait();
            let start = Instant::now();
            let scale = black_box(3.0);
            for ((a, b), c) in black_box(&mut a).iter_mut().zip(black_box(&b)).zip(&c) {
                *a = b + scale * c;
            }
            black_box(&mut a);
            // All have to be through: the slowest counts.
            barrier.wait();
            start.elapsed().as_secs_f64()
        };
        (0..STREAM_PASSES).map(pass).fold(f64::INFINITY, f64::min)
    })?;
    let best = passes.into_iter().fold(f64::INFINITY, f64::min);
    Ok((length * size_of::<f64>() * 3) as f64 * f64::from(cores) / best)
}

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
    fn the_table_covers_its_sizes() {
        let rows = by_size();
        assert_eq!((rows[0].octets, rows[rows.len() - 1].octets), (64, 64 << 10));
        assert!(rows.iter().all(|row| row.copy_ns > 0.0 && row.checksum_ns > 0.0));
        assert!(allocation_seconds() > 0.0);
    }

    #[test]
    fn checksum_of_the_rfc_example() {
        // RFC 1071 section 3: 00 01 f2 03 f4 f5 f6 f7 sums to ddf2.
        assert_eq!(internet_checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
        assert_eq!(internet_checksum(&[0xff; 24]), 0);
        assert_eq!(internet_checksum(&[0x12]), !0x1200);
    }
}
