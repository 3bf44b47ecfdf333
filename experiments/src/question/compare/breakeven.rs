//! Where one design passes the other: packet sizes and numbers of cores, by interpolation between points of the grid.

use espsim_model::logca::LogCa;
use espsim_model::placement::Placement;
use espsim_model::profile::Profile;
use espsim_model::units::Bytes;
use espsim_sweep::points::doubt::quantile;

use super::axes::SATURATE;
use super::cell::EQUAL;
use super::grid::{At, Entry, Grid};

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
    fn of(self, entry: &Entry) -> Option<f64> {
        match self {
            Quantity::Goodput => entry.goodput().map(|(gbps, _)| gbps),
            Quantity::Cycles => entry.cycles().map(|cycles| -cycles),
        }
    }

    /// The same under a draw, in units of what it is; `None` where closed forms do not tell.
    fn under(self, entry: &Entry, draw: usize) -> Option<f64> {
        match self {
            Quantity::Goodput => Some(entry.drawn.get(draw)?.carried.into()),
            Quantity::Cycles => None,
        }
    }
}

/// What stays as it is along an axis, which is the other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Along {
    /// A number of cores, while packets grow.
    Cores(u32),
    /// A packet size, while cores become more.
    Packet(Bytes),
}

impl Along {
    /// The axis: `packet`, in octets, or `cores`.
    pub const fn axis(self) -> &'static str {
        match self {
            Along::Cores(_) => "packet",
            Along::Packet(_) => "cores",
        }
    }
}

impl std::fmt::Display for Along {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Along::Cores(1) => write!(f, "1 core"),
            Along::Cores(n) => write!(f, "{n} cores"),
            Along::Packet(size) => write!(f, "{} B", size.get()),
        }
    }
}

/// Two designs along one axis of the grid.
#[derive(Debug, Clone, PartialEq)]
pub struct BreakEven {
    /// What is compared.
    pub quantity: Quantity,
    /// What stays, and so along which axis.
    pub along: Along,
    /// The two designs.
    pub pair: (usize, usize),
    /// Where the lead changes; empty if it never does.
    pub crossings: Vec<Crossing>,
    /// The design that leads at the lower end of the axis, unless they are equal everywhere.
    pub first: Option<usize>,
    /// Between which points of the grid the lead is lost without being taken: from there on they are equal.
    pub equal_between: Option<(f64, f64)>,
    /// Where the first crossing lies for 95 % of the draws that have it, and the share of draws that do; `None` without a
    /// crossing or without draws.
    pub in_draws: Option<InDraws>,
}

/// A crossing under draws.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InDraws {
    /// The share of draws in which the lead changes in the same way, 0 to 1.
    pub share: f64,
    /// 2.5 % quantile of its place.
    pub low: f64,
    /// 97.5 % quantile.
    pub high: f64,
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
    /// Interpolated place.
    pub at: f64,
    /// The point of the grid before it.
    pub low: f64,
    /// The point of the grid after it.
    pub high: f64,
}

/// How two curves lie to each other.
#[derive(Debug, Clone, PartialEq)]
struct Course {
    /// The sign of their difference before the first crossing.
    first: f64,
    crossings: Vec<Crossing>,
    equal_between: Option<(f64, f64)>,
}

/// Where two curves cross, linear in the logarithm of `x`.
fn course(x: &[f64], a: &[f64], b: &[f64]) -> Course {
    let difference = |i: usize| {
        let scale = a[i].abs().max(b[i].abs());
        if (a[i] - b[i]).abs() <= EQUAL * scale { 0.0 } else { a[i] - b[i] }
    };
    let mut crossings = Vec::new();
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
                crossings.push(Crossing { at, low: x[before], high: x[i] });
            }
            Some(_) => {}
        }
        last = Some((i, now));
    }
    let equal_between = last.filter(|(i, _)| i + 1 < x.len()).map(|(i, _)| (x[i], x[i + 1]));
    Course { first, crossings, equal_between }
}

/// A pair of designs along an axis: places and entries of both.
struct Line<'a> {
    x: Vec<f64>,
    entries: Vec<(&'a Entry, &'a Entry)>,
}

impl Line<'_> {
    /// The course as values stand, or under a draw; `None` where closed forms do not tell.
    fn course(&self, quantity: Quantity, draw: Option<usize>) -> Option<Course> {
        let (mut x, mut a, mut b) = (Vec::new(), Vec::new(), Vec::new());
        for (&at, (first, second)) in self.x.iter().zip(&self.entries) {
            // Places where one of them has no estimate say nothing.
            let (Some(of_a), Some(of_b)) = (quantity.of(first), quantity.of(second)) else { continue };
            let factor = |entry: &Entry| draw.map_or(Some(1.0), |draw| quantity.under(entry, draw));
            x.push(at);
            a.push(of_a * factor(first)?);
            b.push(of_b * factor(second)?);
        }
        Some(course(&x, &a, &b))
    }

    fn break_even(&self, quantity: Quantity, along: Along, pair: (usize, usize), draws: usize) -> Option<BreakEven> {
        let Course { first, crossings, equal_between } = self.course(quantity, None)?;
        let in_draws = crossings.first().and_then(|_| {
            let drawn: Option<Vec<Course>> = (0..draws).map(|draw| self.course(quantity, Some(draw))).collect();
            in_draws(first, &drawn?)
        });
        let first = if first > 0.0 { Some(pair.0) } else { (first < 0.0).then_some(pair.1) };
        Some(BreakEven { quantity, along, pair, crossings, first, equal_between, in_draws })
    }
}

fn in_draws(first: f64, drawn: &[Course]) -> Option<InDraws> {
    let same = drawn.iter().filter(|course| course.first * first > 0.0);
    let mut at: Vec<f64> = same.filter_map(|course| Some(course.crossings.first()?.at)).collect();
    at.sort_by(f64::total_cmp);
    let [low, high] = if at.is_empty() { return None } else { [0.025, 0.975].map(|p| quantile(&at, p)) };
    Some(InDraws { share: at.len() as f64 / drawn.len() as f64, low, high })
}

/// Every pair of designs of a stack over packet sizes, by goodput for each number of cores and by cycles for the fewest; and
/// over cores by goodput for each packet size. Empty without a saturating rate in the grid.
pub fn break_evens(grid: &Grid) -> Vec<BreakEven> {
    let Some(rate) = grid.axes.rates.iter().position(|rate| rate == SATURATE) else { return Vec::new() };
    let octets = grid.axes.octets();
    let all_cores: Vec<f64> = grid.axes.cores.iter().map(|&n| f64::from(n)).collect();
    let mut found = Vec::new();
    for (_, designs) in grid.stacks() {
        let pairs = designs.iter().enumerate().flat_map(|(i, &a)| designs[i + 1..].iter().map(move |&b| (a, b)));
        for pair in pairs {
            let line = |x: &[f64], at: &dyn Fn(usize) -> At| Line {
                x: x.to_vec(),
                entries: (0..x.len()).map(|i| (grid.entry(pair.0, at(i)), grid.entry(pair.1, at(i)))).collect(),
            };
            for (cores, &n) in grid.axes.cores.iter().enumerate() {
                let line = line(&octets, &|packet| At { rate, packet, cores });
                found.extend(line.break_even(Quantity::Goodput, Along::Cores(n), pair, grid.draws));
                if cores == 0 {
                    found.extend(line.break_even(Quantity::Cycles, Along::Cores(n), pair, grid.draws));
                }
            }
            for (packet, size) in octets.iter().enumerate() {
                let line = line(&all_cores, &|cores| At { rate, packet, cores });
                let along = Along::Packet(Bytes::new(*size as u64));
                found.extend(line.break_even(Quantity::Goodput, along, pair, grid.draws));
            }
        }
    }
    found
}

/// LogCA's parameters of the first lookaside design, if there is one.
pub fn logca(grid: &Grid, profile: &Profile) -> Option<LogCa> {
    let first = At { rate: 0, packet: 0, cores: 0 };
    let all = (0..grid.designs.len()).map(|design| &grid.entry(design, first).point.scenario);
    let mut lookaside = all.filter(|scenario| scenario.placement == Placement::LOOKASIDE);
    LogCa::of(lookaside.next()?, profile)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_cross_where_they_are_equal() {
        let x = [64.0, 256.0, 1024.0];
        let crossing = |at, low, high| vec![Crossing { at, low, high }];
        let of = |a: &[f64], b: &[f64]| {
            let Course { first, crossings, equal_between } = course(&x, a, b);
            (first, crossings, equal_between)
        };
        let (first, found, equal) = of(&[3.0, 3.0, 3.0], &[1.0, 2.0, 4.0]);
        assert!(first > 0.0 && equal.is_none());
        // Halfway in the logarithm.
        assert_eq!(found, crossing(512.0, 256.0, 1024.0));
        assert_eq!(of(&[3.0; 3], &[1.0, 3.0, 2.0]), (2.0, vec![], None));
        // Equal in between: the crossing lies somewhere between the ends.
        assert_eq!(of(&[2.0, 2.0, 2.0], &[1.0, 2.0, 3.0]).1, crossing(256.0, 64.0, 1024.0));
        // Equal at the end: caught up, which is no crossing.
        assert_eq!(of(&[2.0, 2.0, 2.0], &[1.0, 2.0, 2.0]), (1.0, vec![], Some((64.0, 256.0))));
        assert_eq!(of(&[1.0; 3], &[1.0; 3]), (0.0, vec![], None));
    }

    #[test]
    fn a_crossing_is_in_the_draws_that_have_it() {
        let course = |at: Option<f64>, first| Course {
            first,
            crossings: at.map(|at| Crossing { at, low: 64.0, high: 1024.0 }).into_iter().collect(),
            equal_between: None,
        };
        let drawn = [course(Some(300.0), 1.0), course(Some(500.0), 1.0), course(None, 1.0), course(Some(90.0), -1.0)];
        let found = in_draws(1.0, &drawn).unwrap();
        assert_eq!(found.share, 0.5);
        assert!((300.0..310.0).contains(&found.low) && (490.0..=500.0).contains(&found.high), "{found:?}");
        assert_eq!(in_draws(1.0, &drawn[2..]), None);
    }
}
