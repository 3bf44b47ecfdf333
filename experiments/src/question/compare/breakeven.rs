//! Where one design passes the other: packet sizes and numbers of cores, by interpolation between simulated points.

use espsim_model::logca::LogCa;
use espsim_model::placement::Placement;
use espsim_model::profile::Profile;
use espsim_model::record::Record;
use espsim_model::traffic::Basis;
use espsim_model::units::Bytes;

use super::grid::{Grid, SATURATE};

/// What a break-even is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Goodput when saturating: the one with more leads.
    Goodput,
    /// Core cycles for each packet: the one with fewer leads.
    Cycles,
}

impl Quantity {
    /// Its name with unit.
    pub const fn name(self) -> &'static str {
        match self {
            Quantity::Goodput => "goodput Gb/s",
            Quantity::Cycles => "cycles per packet",
        }
    }

    /// What leads is the greater.
    fn of(self, record: &Record) -> Option<f64> {
        match self {
            Quantity::Goodput => record.rate(Basis::Goodput).map(|rate| rate.gbps),
            Quantity::Cycles => record.cycles().map(|cycles| -cycles),
        }
    }
}

/// What stays as it is along an axis, which is the other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// A number of cores, while packets grow.
    Cores(u32),
    /// A packet size, while cores become more.
    Packet(Bytes),
}

impl At {
    /// The axis: `packet`, in octets, or `cores`.
    pub const fn axis(self) -> &'static str {
        match self {
            At::Cores(_) => "packet",
            At::Packet(_) => "cores",
        }
    }
}

impl std::fmt::Display for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            At::Cores(1) => write!(f, "1 core"),
            At::Cores(n) => write!(f, "{n} cores"),
            At::Packet(size) => write!(f, "{} B", size.get()),
        }
    }
}

/// Two designs along one axis of the grid.
#[derive(Debug, Clone, PartialEq)]
pub struct BreakEven {
    /// What is compared.
    pub quantity: Quantity,
    /// Where on the other axis, and so which one.
    pub at: At,
    /// The two designs.
    pub pair: (usize, usize),
    /// Where the lead changes, and between which points of the grid that was seen; empty if it never does.
    pub crossings: Vec<Crossing>,
    /// The design that leads at the lower end of the axis, unless they are equal there.
    pub first: Option<usize>,
    /// Where the other one has caught up: from there to the end of the axis they are equal.
    pub equal_from: Option<Crossing>,
}

impl BreakEven {
    /// The design that leads after so many crossings.
    pub fn leader(&self, after: usize) -> usize {
        let first = self.first.unwrap_or(self.pair.0);
        if after.is_multiple_of(2) { first } else { self.other(first) }
    }

    /// The other one of the two.
    pub fn other(&self, design: usize) -> usize {
        if design == self.pair.0 { self.pair.1 } else { self.pair.0 }
    }
}

/// A change of the lead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crossing {
    /// Interpolated place; where they become equal, the point of the grid where they are.
    pub at: f64,
    /// The point of the grid before it.
    pub low: f64,
    /// The point of the grid after it.
    pub high: f64,
}

/// Differences below this share are none: what is left of random numbers that both share.
const EQUAL: f64 = 0.005;

/// Where two curves cross, linear in the logarithm of `x`; the sign of their difference before the first crossing; and where
/// they become equal for good.
fn crossings(x: &[f64], a: &[f64], b: &[f64]) -> (f64, Vec<Crossing>, Option<Crossing>) {
    let difference = |i: usize| {
        let scale = a[i].abs().max(b[i].abs());
        if (a[i] - b[i]).abs() <= EQUAL * scale { 0.0 } else { a[i] - b[i] }
    };
    let mut found = Vec::new();
    let mut last: Option<(usize, f64)> = None;
    let mut first = 0.0;
    for i in 0..x.len() {
        let now = difference(i);
        if now == 0.0 {
            continue;
        }
        match last {
            None => first = now,
            Some((before, then)) if then * now < 0.0 => {
                let share = then.abs() / (then.abs() + now.abs());
                let at = x[before] * (x[i] / x[before]).powf(share);
                found.push(Crossing { at, low: x[before], high: x[i] });
            }
            Some(_) => {}
        }
        last = Some((i, now));
    }
    let equal =
        last.filter(|(i, _)| i + 1 < x.len()).map(|(i, _)| Crossing { at: x[i + 1], low: x[i], high: x[i + 1] });
    (first, found, equal)
}

/// Every pair of designs over packet sizes, by goodput for each number of cores and by cycles for the fewest; and over
/// cores by goodput for each packet size. Empty without a saturating rate in the grid.
pub fn break_evens(grid: &Grid) -> Vec<BreakEven> {
    let Some(rate) = grid.axes.rates.iter().position(|rate| rate == SATURATE) else { return Vec::new() };
    let octets = grid.axes.octets();
    let cores: Vec<f64> = grid.axes.cores.iter().map(|&n| f64::from(n)).collect();
    let pairs = (0..grid.designs.len()).flat_map(|a| (a + 1..grid.designs.len()).map(move |b| (a, b)));
    let mut found = Vec::new();
    for pair in pairs {
        let mut add = |quantity: Quantity, at: At, x: &[f64], value: &dyn Fn(usize, usize) -> Option<f64>| {
            // Places where one of them has no estimate say nothing.
            let (mut places, mut a, mut b) = (Vec::new(), Vec::new(), Vec::new());
            for (i, &x) in x.iter().enumerate() {
                let (Some(of_a), Some(of_b)) = (value(pair.0, i), value(pair.1, i)) else { continue };
                places.push(x);
                a.push(of_a);
                b.push(of_b);
            }
            let (sign, crossings, equal_from) = crossings(&places, &a, &b);
            let first = if sign > 0.0 { Some(pair.0) } else { (sign < 0.0).then_some(pair.1) };
            found.push(BreakEven { quantity, at, pair, crossings, first, equal_from });
        };
        for (i, n) in grid.axes.cores.iter().enumerate() {
            let value = |design, packet| Quantity::Goodput.of(grid.record(design, rate, packet, i));
            add(Quantity::Goodput, At::Cores(*n), &octets, &value);
        }
        let cycles = |design, packet| Quantity::Cycles.of(grid.record(design, rate, packet, 0));
        add(Quantity::Cycles, At::Cores(grid.axes.cores[0]), &octets, &cycles);
        for (i, size) in octets.iter().enumerate() {
            let value = |design, cores| Quantity::Goodput.of(grid.record(design, rate, i, cores));
            add(Quantity::Goodput, At::Packet(Bytes::new(*size as u64)), &cores, &value);
        }
    }
    found
}

/// LogCA's parameters of the first lookaside design, if there is one.
pub fn logca(grid: &Grid, profile: &Profile) -> Option<LogCa> {
    let lookaside = (0..grid.designs.len()).map(|design| &grid.at(design, 0, 0, 0).point.scenario);
    let mut lookaside = lookaside.filter(|scenario| scenario.placement == Placement::LOOKASIDE);
    LogCa::of(lookaside.next()?, profile)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_cross_where_they_are_equal() {
        let x = [64.0, 256.0, 1024.0];
        let (first, found, equal) = crossings(&x, &[3.0, 3.0, 3.0], &[1.0, 2.0, 4.0]);
        assert!(first > 0.0 && equal.is_none());
        // Halfway in the logarithm.
        assert_eq!(found, [Crossing { at: 512.0, low: 256.0, high: 1024.0 }]);
        assert_eq!(crossings(&x, &[3.0; 3], &[1.0, 3.0, 2.0]), (2.0, vec![], None));
        // Equal in between: the crossing lies somewhere between the ends.
        let (_, found, _) = crossings(&x, &[2.0, 2.0, 2.0], &[1.0, 2.0, 3.0]);
        assert_eq!(found, [Crossing { at: 256.0, low: 64.0, high: 1024.0 }]);
        // Equal at the end: caught up.
        let equal = Crossing { at: 256.0, low: 64.0, high: 256.0 };
        assert_eq!(crossings(&x, &[2.0, 2.0, 2.0], &[1.0, 2.0, 2.0]), (1.0, vec![], Some(equal)));
        assert_eq!(crossings(&x, &[1.0; 3], &[1.0; 3]), (0.0, vec![], None));
    }
}
