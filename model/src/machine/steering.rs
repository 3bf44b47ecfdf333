//! Which SA each flow uses and which core takes it: by hashing with a seed, so that no two numbers of a scenario ever
//! keep step with each other.

use crate::traffic::{Steering, Traffic};

/// What is being spread: another one, another order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spreading {
    FlowsOverSas = 1,
    FlowsOverCores = 2,
    SasOverCores = 3,
    SasOverNics = 4,
    SasOverPeers = 5,
    PeersOverCores = 6,
    FlowsOverDpuCores = 7,
}

/// Deals `items` out to `bins` evenly, in an order drawn by hash: the bin of each item.
pub(super) fn deal(items: u32, bins: u32, seed: u64, what: Spreading) -> Vec<u32> {
    let mut order: Vec<(u64, u32)> = (0..items).map(|item| (hash(seed, what, item), item)).collect();
    order.sort_unstable();
    let mut bin_of = vec![0; items as usize];
    for (place, &(_, item)) in order.iter().enumerate() {
        bin_of[item as usize] = match bins > items {
            // The bins that are used stand for all of them.
            true => (place as u64 * u64::from(bins) / u64::from(items)) as u32,
            false => place as u32 % bins,
        };
    }
    bin_of
}

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014): every bit of what
/// goes in moves every bit that comes out.
fn hash(seed: u64, what: Spreading, item: u32) -> u64 {
    let mix = |mut z: u64| {
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
    mix(mix(seed.wrapping_add(GAMMA.wrapping_mul(what as u64))).wrapping_add(GAMMA.wrapping_mul(u64::from(item) + 1)))
}

/// The core of each of so many flows or SAs.
pub(super) fn cores(class: &Traffic, steered: u32, cores: u32, what: Spreading) -> Vec<u32> {
    match class.steering {
        Steering::Spread => deal(steered, cores, class.hash_seed, what),
        Steering::Rss | Steering::Rps => {
            // The seed moves the peer's port, so that other seeds are other flows.
            let port = 5201u16.wrapping_add((class.hash_seed - 1) as u16);
            let tuple = |number| match what {
                Spreading::PeersOverCores => addresses(number),
                _ => tuple(number, port),
            };
            (0..steered).map(|number| toeplitz(tuple(number)) % 128 % cores).collect()
        }
    }
}

/// Addresses of a peer without ports: neighbours of one network. Zeros add nothing to a Toeplitz hash.
fn addresses(peer: u32) -> [u8; 12] {
    let mut tuple = [0; 12];
    tuple[..4].copy_from_slice(&(u32::from_be_bytes([192, 0, 2, 1]).wrapping_add(peer)).to_be_bytes());
    tuple[4..8].copy_from_slice(&[198, 51, 100, 1]);
    tuple
}

/// Addresses and ports of a flow: neighbouring ports of one pair of hosts, as a benchmark with parallel streams has. Where
/// the NIC hashes an SPI, that stands in the ports' place.
fn tuple(flow: u32, peer_port: u16) -> [u8; 12] {
    let mut tuple = [0; 12];
    tuple[..4].copy_from_slice(&[192, 0, 2, 1]);
    tuple[4..8].copy_from_slice(&[198, 51, 100, 1]);
    // More flows than ports move on to the next source address.
    let (host, port) = (flow / 28_000, 32_768 + flow % 28_000);
    tuple[2..4].copy_from_slice(&(0x0201 + host as u16).to_be_bytes());
    tuple[8..10].copy_from_slice(&(port as u16).to_be_bytes());
    tuple[10..12].copy_from_slice(&peer_port.to_be_bytes());
    tuple
}

/// The Toeplitz hash with the key of the verification suite in Microsoft, "Introduction to Receive Side Scaling", which
/// drivers use as their default. The low 7 bits index a table of 128 entries that is filled with the cores in turn.
fn toeplitz(input: [u8; 12]) -> u32 {
    input.iter().zip(&HASH_OF_OCTET).fold(0, |hash, (octet, of_octet)| hash ^ of_octet[usize::from(*octet)])
}

/// What each value of each octet of an input contributes to its Toeplitz hash: the hash is linear.
static HASH_OF_OCTET: [[u32; 256]; 12] = {
    const KEY: [u8; 16] =
        [0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0];
    let key = u128::from_be_bytes(KEY);
    let mut table = [[0; 256]; 12];
    let mut at = 0;
    while at < 12 * 256 * 8 {
        let (octet, value, bit) = (at / 2048, at / 8 % 256, at % 8);
        if value & (0x80 >> bit) != 0 {
            table[octet][value] ^= (key << (8 * octet + bit) >> 96) as u32;
        }
        at += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toeplitz_agrees_with_the_published_verification_suite() {
        // 66.9.149.187:2794 to 161.142.100.80:1766 hashes to 0x51ccc178 over addresses and ports (source first).
        let input = [66, 9, 149, 187, 161, 142, 100, 80, 0x0a, 0xea, 0x06, 0xe6];
        assert_eq!(toeplitz(input), 0x51cc_c178);
    }

    #[test]
    fn what_is_dealt_is_even_and_keeps_no_step() {
        let bins = deal(64, 4, 1, Spreading::FlowsOverCores);
        assert!((0..4).all(|bin| bins.iter().filter(|&&b| b == bin).count() == 16));
        assert_ne!(bins, deal(64, 4, 2, Spreading::FlowsOverCores));
        // Flows of one core use SAs of every residue: by remainder they would use a quarter of them.
        let sas = deal(4096, 64, 1, Spreading::FlowsOverSas);
        let cores = deal(4096, 4, 1, Spreading::FlowsOverCores);
        let used: std::collections::BTreeSet<u32> =
            sas.iter().zip(&cores).filter(|(_, core)| **core == 0).map(|(sa, _)| *sa).collect();
        assert_eq!(used.len(), 64);
    }

    #[test]
    fn few_flows_stand_for_many_sas() {
        let sas = deal(4, 1000, 1, Spreading::FlowsOverSas);
        let mut sorted = sas.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 250, 500, 750]);
    }
}
