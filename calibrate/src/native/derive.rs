//! From measured rows to parameters of the model.
//!
//! | parameter | what it is computed from |
//! |---|---|
//! | `stack.send` | send calls of one datagram into a device that drops: cycles at size 0 |
//! | `stack.segment` | TCP super-packets that the kernel cuts before such a device, less those dropped at the route lookup: slope by segments |
//! | `stack.forward` | super-packets of up to five segments forwarded whole into such a device, less those dropped at the route lookup |
//! | `stack.poll` | trains through a veth pair, whose far end polls, to a socket, less the same into a device: cycles at no packet |
//! | `stack.deliver` | trains to a socket less those dropped where IP begins: slope by packets |
//! | `stack.read` | `recv` of a datagram that waits: cycles at size 0 |
//! | `stack.xfrm` | send calls in an ESP tunnel without cipher less such in the clear beside IPsec policies: cycles at size 0 |
//! | `memory.copy` | UDP super-packets sent whole into a device that drops: slope by octets |
//! | `stack.switch` | a round trip to another thread of the same core by pipes, less the same calls by one thread |
//!
//! Each is computed in every pass by itself; values are medians over passes with 95 % intervals. What a device costs that
//! drops is in the place of a driver's: it frees the packet at once.

use espsim_model::profile::Estimate;

use super::rounds::{Row, What};
use super::site::End;
use crate::sa_path::stack::line;
use crate::sample::{median, median_interval};
use crate::term::Term;

/// Rows of what was measured, looked up.
pub(super) struct Rows<'a>(pub(super) &'a [Row]);

impl Rows<'_> {
    pub(super) fn passes(&self) -> usize {
        self.0.first().map_or(0, |row| row.passes.len())
    }

    fn of(&self, what: What) -> impl Iterator<Item = &Row> {
        self.0.iter().filter(move |row| row.what == what)
    }

    /// The one row of its kind, in a pass.
    pub(super) fn single(&self, what: What, pass: usize) -> f64 {
        self.of(what).next().and_then(|row| row.passes.get(pass).copied()).unwrap_or(f64::NAN)
    }

    /// Rows of one kind less those of another of the same packets and octets; `x` of each row beside it.
    fn less(&self, what: What, base: What, pass: usize, x: fn(&Row) -> f64, octets: u32) -> Vec<(f64, f64)> {
        let matching = |row: &Row| {
            let same = |other: &&Row| (other.packets, other.octets) == (row.packets, row.octets);
            Some((x(row), row.passes.get(pass)? - self.of(base).find(same)?.passes.get(pass)?))
        };
        self.of(what).filter(|row| row.octets == octets).filter_map(matching).collect()
    }

    /// Cycles at size 0, and per octet, of single packets.
    pub(super) fn by_octets(&self, what: What, packets: u32, pass: usize) -> (f64, f64) {
        let rows = self.of(what).filter(|row| row.packets == packets);
        let points: Vec<(f64, f64)> =
            rows.filter_map(|row| Some((f64::from(row.octets), *row.passes.get(pass)?))).collect();
        line_of(&points)
    }

    /// Cycles at no packet, and per packet, of trains of one kind beyond those of another.
    pub(super) fn by_packets(&self, what: What, base: What, octets: u32, pass: usize) -> (f64, f64) {
        line_of(&self.less(what, base, pass, |row| f64::from(row.packets), octets))
    }

    /// A value of each pass, as its median with an interval.
    pub(super) fn over_passes(&self, value: impl Fn(usize) -> f64) -> Estimate {
        let values: Vec<f64> = (0..self.passes()).map(value).collect();
        let (low, high) = median_interval(&values);
        Estimate { value: median(&values), low: Some(low), high: Some(high), n: Some(values.len() as u32) }
    }
}

/// Least squares; no number without two points.
fn line_of(points: &[(f64, f64)]) -> (f64, f64) {
    if points.len() < 2 { (f64::NAN, f64::NAN) } else { line(points) }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0.0), |(sum, n), value| (sum + value, n + 1.0));
    sum / n
}

/// Payload octets of trains.
pub(super) const TRAIN_OCTETS: u32 = 512;
/// Payload octets of injected segments.
pub(super) const SEGMENT_OCTETS: [u32; 2] = [536, 1400];
/// Datagrams of the trains whose reading is measured at several sizes.
pub(super) const READ_TRAIN: u32 = 16;
/// Segments of super-packets beyond which what forwarding takes is lost in what carries them.
const FEW: f64 = 5.0;

/// Every parameter that the rows give.
pub fn terms(rows: &[Row]) -> Vec<Term> {
    let rows = Rows(rows);
    let term = |key, method, value: &dyn Fn(usize) -> f64| Term { key, method, cycles: rows.over_passes(value) };
    let injected = |end, pass, octets| {
        rows.less(What::Injected(end), What::Injected(End::NoRoute), pass, |row| f64::from(row.packets), octets)
    };
    let mut terms = vec![
        term("stack.send", "send calls of one UDP datagram into a device that drops, cycles at size 0", &|pass| {
            rows.by_octets(What::Call, 1, pass).0
        }),
        term(
            "stack.segment",
            "TCP super-packets forwarded to a device that drops, cut before it, less those dropped at the route lookup: slope \
             by segments",
            &|pass| {
                mean(SEGMENT_OCTETS.iter().map(|&octets| line_of(&injected(End::ForwardedSegmented, pass, octets)).1))
            },
        ),
        term(
            "stack.forward",
            "TCP super-packets of up to five segments forwarded whole to a device that drops, less those dropped at the route \
             lookup",
            &|pass| {
                let few = |octets| injected(End::Forwarded, pass, octets).into_iter().filter(|point| point.0 <= FEW);
                mean(SEGMENT_OCTETS.iter().flat_map(|&octets| few(octets)).map(|point| point.1))
            },
        ),
        term(
            "stack.poll",
            "trains of datagrams polled at the end of a veth pair and taken to a UDP socket, less the same into a device that \
             drops: cycles at no packet, with the soft interrupt that polls and without a device's interrupt",
            &|pass| rows.by_packets(What::Send(End::Delivered), What::Send(End::Segmented), TRAIN_OCTETS, pass).0,
        ),
        term(
            "stack.deliver",
            "trains of datagrams from a veth pair to a UDP socket less those dropped where IP begins: slope by packets",
            &|pass| rows.by_packets(What::Send(End::Delivered), What::Send(End::Ignored), TRAIN_OCTETS, pass).1,
        ),
        term(
            "stack.read",
            "recv calls of UDP datagrams that wait, cycles at size 0; a receiver with work does not sleep, so that no wake-up \
             is in it",
            &|pass| rows.by_octets(What::Read, READ_TRAIN, pass).0,
        ),
        term(
            "memory.copy",
            "UDP super-packets sent whole into a device that drops, slope by octets: with allocating and freeing the pages",
            &|pass| {
                let whole = rows.of(What::Send(End::Dropped)).filter(|row| row.octets == SEGMENT_OCTETS[1]);
                let octets = |row: &Row| Some((f64::from(row.packets * row.octets), *row.passes.get(pass)?));
                line_of(&whole.filter_map(octets).collect::<Vec<_>>()).1
            },
        ),
        term(
            "stack.switch",
            "round trips to another thread of the same core by pipes less the same calls by one thread: two switches, two \
             wake-ups",
            &|pass| rows.single(What::RoundTrip, pass) - rows.single(What::PipeCalls, pass),
        ),
    ];
    // Where the kernel lacks ESP there is nothing to say of it but that.
    if rows.of(What::Protected).next().is_some() {
        terms.push(term(
            "stack.xfrm",
            "send calls of UDP datagrams in an ESP tunnel with ecb(cipher_null) and digest_null less such in the clear beside \
             IPsec policies, cycles at size 0: with the request to the cipher",
            &|pass| rows.by_octets(What::Protected, 1, pass).0 - rows.by_octets(What::Unprotected, 1, pass).0,
        ));
    }
    terms
}

/// What the veth pair takes of a core in the place of a NIC's driver, cycles a packet: of datagrams, and of TCP segments
/// that merge, merging included.
pub(super) fn veth(rows: &[Row]) -> [Estimate; 2] {
    let rows = Rows(rows);
    let by_packets = |what: fn(End) -> What, octets: u32| {
        rows.over_passes(|pass| rows.by_packets(what(End::Ignored), what(End::Segmented), octets, pass).1)
    };
    [by_packets(What::Send, TRAIN_OCTETS), by_packets(What::Merged, SEGMENT_OCTETS[1])]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_rows_give_no_parameters() {
        assert!(terms(&[]).iter().all(|term| term.fault().is_some()));
    }

    /// Rows of a kernel whose costs are known give those costs back.
    #[test]
    fn terms_are_what_the_rows_were_made_of() {
        let mut rows = Vec::new();
        let mut row = |what, packets, octets, cycles: f64| {
            rows.push(Row { what, packets, octets, passes: (0..9).map(|pass| cycles + f64::from(pass)).collect() });
        };
        for octets in [64, 1400] {
            row(What::Call, 1, octets, 6000.0 + 0.2 * f64::from(octets));
            row(What::Read, READ_TRAIN, octets, 2000.0 + 0.1 * f64::from(octets));
        }
        for packets in [1, 2, 5, 10, 40] {
            let n = f64::from(packets);
            row(What::Send(End::Segmented), packets, TRAIN_OCTETS, 6000.0 + 1000.0 * n);
            row(What::Send(End::Ignored), packets, TRAIN_OCTETS, 8000.0 + 1900.0 * n);
            row(What::Send(End::Delivered), packets, TRAIN_OCTETS, 8000.0 + 2800.0 * n);
            row(What::Send(End::Dropped), packets, SEGMENT_OCTETS[1], 6000.0 + 140.0 * n);
            for octets in SEGMENT_OCTETS {
                row(What::Injected(End::NoRoute), packets, octets, 7000.0 + 300.0 * n);
                row(What::Injected(End::Forwarded), packets, octets, 7950.0 + 300.0 * n);
                row(What::Injected(End::ForwardedSegmented), packets, octets, 7950.0 + 1150.0 * n);
            }
        }
        row(What::RoundTrip, 0, 0, 9000.0);
        row(What::PipeCalls, 0, 0, 5000.0);
        let expected = [
            ("stack.send", 6004.0),
            ("stack.segment", 850.0),
            ("stack.forward", 950.0),
            ("stack.poll", 2000.0),
            ("stack.deliver", 900.0),
            ("stack.read", 2004.0),
            ("memory.copy", 0.1),
            ("stack.switch", 4000.0),
        ];
        let terms = terms(&rows);
        let found: Vec<_> = terms.iter().map(|term| (term.key, (term.cycles.value * 1e6).round() / 1e6)).collect();
        assert_eq!(found, expected);
        assert!(terms.iter().all(|term| term.fault().is_none()));
    }
}
