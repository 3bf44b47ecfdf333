//! Packets within descriptors: what a descriptor takes that holds data in place of a pointer.
//!
//! As mlx5 has it (Linux include/linux/mlx5/qp.h, struct mlx5_wqe_inline_seg; DPDK drivers/net/mlx5): data segments of 16
//! octets, the first of which begins with a word that says how long the data is.

use crate::units::Bytes;

/// A segment, and so a pointer with its length and key.
const SEGMENT: Bytes = Bytes::new(16);
/// The word before data.
const LENGTH: Bytes = Bytes::new(4);

/// A descriptor of `plain` octets with one pointer, with `n` octets of data in its place.
pub(super) fn descriptor(plain: Bytes, n: Bytes) -> Bytes {
    plain.saturating_sub(SEGMENT) + SEGMENT * (LENGTH + n).pieces(SEGMENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_fills_segments() {
        let of = |plain, n| descriptor(Bytes::new(plain), Bytes::new(n)).get();
        // The published step: four segments up to 60 octets of a frame, five from 61 on.
        assert_eq!([of(16, 60), of(16, 61)], [64, 80]);
        assert_eq!(of(64, 60), 112);
    }
}
