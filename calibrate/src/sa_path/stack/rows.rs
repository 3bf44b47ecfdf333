//! Measured rows, pass by pass, and lines through them.

use crate::sa_path::data_path::{PAYLOADS, Protection};
use crate::sa_path::super_packets::{SEGMENT_SIZES, SEGMENTS, Way};
use crate::sa_path::{DatagramRow, Measurement, Mode, SuperPacketRow};

/// Measured rows, pass by pass: what moves one value of a pass moves others with it, so that intervals are those of
/// differences and not of sums.
pub(super) struct Rows<'a>(pub(super) &'a Measurement);

impl Rows<'_> {
    pub(super) fn passes(&self) -> usize {
        self.0.datagrams.first().map_or(0, |row| row.rounds.len())
    }

    pub(super) fn datagram(
        &self,
        protection: Protection,
        mode: Option<Mode>,
        payload: u64,
        pass: usize,
    ) -> Option<f64> {
        let of = |row: &&DatagramRow| (row.protection, row.mode, row.payload) == (protection, mode, payload);
        self.0.datagrams.iter().find(of)?.rounds.get(pass).copied()
    }

    /// The line through `cycles` by payload in each pass: cycles at size 0 and cycles per octet. `cycles` is told the
    /// line of the kernel's AEAD in that pass, if it is known.
    pub(super) fn datagrams(&self, cycles: impl Fn(Option<(f64, f64)>, u64, usize) -> Option<f64>) -> Vec<(f64, f64)> {
        let one = |pass: usize| {
            let aead = self.aead(pass);
            let points: Option<Vec<(f64, f64)>> =
                PAYLOADS.iter().map(|&payload| Some((payload as f64, cycles(aead, payload as u64, pass)?))).collect();
            points.map(|points| line(&points))
        };
        (0..self.passes()).filter_map(one).collect()
    }

    /// Cycles of the kernel's AEAD at size 0, and per octet.
    pub(super) fn aead(&self, pass: usize) -> Option<(f64, f64)> {
        let points: Option<Vec<(f64, f64)>> =
            self.0.kernel_aead.iter().map(|row| Some((row.octets as f64, *row.rounds.get(pass)?))).collect();
        points.filter(|points| points.len() > 1).map(|points| line(&points))
    }

    pub(super) fn super_packet(&self, way: Way, segments: u64, size: u64, pass: usize) -> Option<f64> {
        let of = |row: &&SuperPacketRow| (row.way, row.segments, row.segment_size) == (way, segments, size);
        self.0.super_packets.iter().find(of)?.rounds.get(pass).copied()
    }

    /// Segments, and how many cycles super-packets take one way beyond those of another.
    pub(super) fn above(&self, way: Way, base: Way, size: u64, pass: usize) -> impl Iterator<Item = (f64, f64)> {
        SEGMENTS.iter().filter_map(move |&segments| {
            let segments = segments as u64;
            let cycles =
                self.super_packet(way, segments, size, pass)? - self.super_packet(base, segments, size, pass)?;
            Some((segments as f64, cycles))
        })
    }

    /// The mean over segment sizes, in each pass.
    pub(super) fn super_packets(&self, value: impl Fn(u64, usize) -> f64) -> Vec<f64> {
        let mean =
            |pass| SEGMENT_SIZES.iter().map(|&size| value(size as u64, pass)).sum::<f64>() / SEGMENT_SIZES.len() as f64;
        (0..self.passes()).map(mean).collect()
    }
}

/// Least squares: value at 0, slope.
pub(crate) fn line(points: &[(f64, f64)]) -> (f64, f64) {
    let n = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let covariance: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let variance: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let slope = if variance > 0.0 { covariance / variance } else { 0.0 };
    (y - slope * x, slope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_through_points() {
        let (at_zero, slope) = line(&[(64.0, 164.0), (128.0, 228.0), (1400.0, 1500.0)]);
        assert!((at_zero - 100.0).abs() < 1e-9 && (slope - 1.0).abs() < 1e-12, "{at_zero} {slope}");
        assert_eq!(line(&[(1.0, 5.0)]), (5.0, 0.0));
    }
}
