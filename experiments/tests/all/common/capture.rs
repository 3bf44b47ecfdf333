//! Captures to test with: pcap files of many flows with the lengths of the simple IMIX, the same for the same seed.

use std::io::{Result, Write};

/// A capture that is to be made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Capture {
    pub packets: u64,
    pub flows: u32,
    /// Packets a second on average.
    pub rate: f64,
    /// Packets come as a Poisson process, while it is on, and none while it is off: for so many nanoseconds on average.
    pub on_off: Option<(f64, f64)>,
    pub seed: u64,
}

/// Lengths of IP packets, and how many of twelve have each (RFC 6985: 64, 594 and 1518 octets of frame).
const IMIX: [(u16, u64); 3] = [(46, 7), (576, 4), (1500, 1)];
/// Octets that are captured: the headers of Ethernet, IP and UDP.
const HEADERS: u32 = 14 + 20 + 8;

impl Capture {
    /// The capture, of nanoseconds and in the order of this machine.
    ///
    /// # Errors
    /// Those of `into`.
    pub fn write(&self, mut into: impl Write) -> Result<()> {
        let mut random = SplitMix(self.seed);
        for word in [0xa1b2_3c4d, 4 << 16 | 2, 0, 0, HEADERS, 1] {
            into.write_all(&u32::to_ne_bytes(word))?;
        }
        let (mut at, mut on_left) = (0.0, 0.0);
        for _ in 0..self.packets {
            at += self.gap(&mut random, &mut on_left);
            let (l3, flow) = (imix(random.below(12)), random.below(self.flows.into()) as u32);
            let ns = at as u64;
            let record = [(ns / 1_000_000_000) as u32, (ns % 1_000_000_000) as u32, HEADERS, 14 + u32::from(l3)];
            let mut octets = [0; 16 + HEADERS as usize];
            for (place, word) in octets.chunks_exact_mut(4).zip(record) {
                place.copy_from_slice(&word.to_ne_bytes());
            }
            frame(&mut octets[16..], l3, flow);
            into.write_all(&octets)?;
        }
        into.flush()
    }

    /// Nanoseconds to the next packet.
    fn gap(&self, random: &mut SplitMix, on_left: &mut f64) -> f64 {
        let mean = 1e9 / self.rate;
        let Some((on, off)) = self.on_off else { return random.exponential(mean) };
        let mut gap = random.exponential(mean * on / (on + off));
        *on_left -= gap;
        while *on_left < 0.0 {
            gap += random.exponential(off);
            *on_left += random.exponential(on);
        }
        gap
    }
}

fn imix(mut draw: u64) -> u16 {
    for (l3, of_twelve) in IMIX {
        match draw.checked_sub(of_twelve) {
            Some(rest) => draw = rest,
            None => return l3,
        }
    }
    IMIX[0].0
}

/// A frame with headers of Ethernet, IPv4 and UDP; its flow is one of source address and port.
fn frame(into: &mut [u8], l3: u16, flow: u32) {
    into[12..14].copy_from_slice(&[0x08, 0x00]);
    let ip = &mut into[14..];
    ip[0] = 0x45;
    ip[2..4].copy_from_slice(&l3.to_be_bytes());
    (ip[8], ip[9]) = (64, 17);
    ip[12..16].copy_from_slice(&[10, (flow >> 16) as u8, (flow >> 8) as u8, flow as u8]);
    ip[16..20].copy_from_slice(&[198, 51, 100, 1]);
    ip[20..22].copy_from_slice(&(1024 + (flow % 50_000) as u16).to_be_bytes());
    ip[22..24].copy_from_slice(&5201u16.to_be_bytes());
    ip[24..26].copy_from_slice(&(l3 - 20).to_be_bytes());
}

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        let unit = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        -mean * (-unit).ln_1p()
    }
}
