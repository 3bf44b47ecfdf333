//! Which design of a stack does best at a place, by how much, and in how many draws.

use espsim_sweep::points::doubt::UnderDraw;

use super::grid::{At, Entry, Grid};

/// Differences below this share are none: what is left of random numbers that both share.
pub const EQUAL: f64 = 0.005;
/// A design that is best in fewer draws than this share is not clearly best.
pub const CLEAR: f64 = 0.95;

/// One cell of the map of a stack.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Designs that do best, or where none carries the offered rate those that carry most of it: several where their
    /// intervals overlap, none where nothing could be estimated.
    pub best: Vec<usize>,
    /// The best of the others that carry the load.
    pub next: Option<usize>,
    /// Whether they carry the offered rate, and so win; always when saturating.
    pub carried: bool,
    /// What they were compared by.
    pub measure: Measure,
    /// The best value, and that of the next.
    pub value: Option<f64>,
    /// See `value`.
    pub next_value: Option<f64>,
    /// The share of draws in which one of the best is best, 0 to 1; `None` without draws.
    pub wins: Option<f64>,
    /// The share of draws in which one of the best carries the load, 0 to 1; `None` without draws or when saturating.
    pub carried_in_draws: Option<f64>,
    /// Whether the best and the next were simulated.
    pub is_simulated: bool,
}

/// What designs are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Goodput in Gb/s: more is better.
    Goodput,
    /// Cores' worth of time spent: less is better.
    BusyCores,
}

impl Measure {
    /// Name with unit.
    pub const fn name(self) -> &'static str {
        match self {
            Measure::Goodput => "goodput Gb/s",
            Measure::BusyCores => "busy cores",
        }
    }
}

impl Cell {
    /// By how much the best is ahead of the next, of one: how much more it carries, or how many more cores the next takes;
    /// `None` where it is alone.
    pub fn margin(&self) -> Option<f64> {
        let (best, next) = (self.value?, self.next_value?);
        let ratio = if self.measure == Measure::Goodput { best / next } else { next / best };
        Some((ratio - 1.0).max(0.0)).filter(|margin| margin.is_finite())
    }

    /// Whether what is not known of the machine leaves it open who is best.
    pub fn is_open(&self) -> bool {
        self.carried && self.wins.is_some_and(|wins| wins < CLEAR)
    }
}

/// A design's number and what it comes to: more is better.
#[derive(Debug, Clone, Copy)]
struct Value {
    design: usize,
    value: f64,
    half_width: f64,
}

impl Grid {
    /// The cell of some designs at a place.
    pub fn cell(&self, designs: &[usize], at: At) -> Cell {
        let offered = designs.first().is_some_and(|&first| self.entry(first, at).form.offered.is_some());
        let carrying: Vec<Value> = designs
            .iter()
            .filter(|&&design| offered && self.entry(design, at).carries(self.loss))
            .filter_map(|&design| busy(design, self.entry(design, at)))
            .collect();
        let goodput = |&design: &usize| {
            let (value, half_width) = self.entry(design, at).goodput()?;
            Some(Value { design, value, half_width })
        };
        let (measure, mut values) = match carrying.is_empty() {
            true => (Measure::Goodput, designs.iter().filter_map(goodput).collect()),
            false => (Measure::BusyCores, carrying),
        };
        values.sort_by(|a, b| b.value.total_cmp(&a.value));
        let top = values.first().copied();
        let is_tied = |value: &&Value| top.is_some_and(|top| tied(top, **value));
        let mut best: Vec<usize> = values.iter().filter(is_tied).map(|value| value.design).collect();
        best.sort_unstable();
        let next = values.iter().find(|value| !best.contains(&value.design));
        // Of those that tie, the second is what the first has no margin over.
        let second = values.get(1).filter(|_| best.len() > 1).or(next);
        let carried = !offered || measure == Measure::BusyCores;
        let is_simulated = |design: usize| self.entry(design, at).record.is_some();
        let by_draws = (self.draws > 0 && carried).then(|| self.by_draws(designs, &best, at, offered));
        Cell {
            carried,
            measure,
            value: top.map(|top| top.value.abs()),
            next: second.map(|second| second.design),
            next_value: second.map(|second| second.value.abs()),
            wins: by_draws.map(|(wins, _)| wins),
            carried_in_draws: by_draws.filter(|_| offered).map(|(_, carried)| carried),
            is_simulated: !best.is_empty() && best.iter().copied().chain(second.map(|s| s.design)).all(is_simulated),
            best,
        }
    }

    /// The share of draws in which one of these is best, and that in which one of them carries the load.
    fn by_draws(&self, designs: &[usize], best: &[usize], at: At, offered: bool) -> (f64, f64) {
        let (mut wins, mut carries) = (0u32, 0u32);
        for draw in 0..self.draws {
            let value = |&design: &usize| self.under(design, at, draw, offered);
            let of = |designs: &[usize]| designs.iter().filter_map(value).fold(f64::NEG_INFINITY, f64::max);
            let (most, own) = (of(designs), of(best));
            wins += u32::from(own.is_finite() && own >= most - EQUAL * most.abs());
            carries += u32::from(own.is_finite());
        }
        let share = |n: u32| f64::from(n) / self.draws.max(1) as f64;
        (share(wins), share(carries))
    }

    /// What a design comes to under a draw, more being better; `None` where it does not carry what is offered.
    fn under(&self, design: usize, at: At, draw: usize, offered: bool) -> Option<f64> {
        let entry = self.entry(design, at);
        let under: &UnderDraw = entry.drawn.get(draw)?;
        match offered {
            true if entry.carries_under(under, self.loss) => Some(-entry.busy()? * f64::from(under.busy)),
            true => None,
            false => Some(entry.goodput()?.0 * f64::from(under.carried)),
        }
    }
}

/// Utilisation law: what the rate is uncertain by, the time spent is too.
fn busy(design: usize, entry: &Entry) -> Option<Value> {
    let (goodput, half_width) = entry.goodput()?;
    let cores = entry.busy()?;
    Some(Value { design, value: -cores, half_width: cores * half_width / goodput.max(f64::MIN_POSITIVE) })
}

/// Whether a value cannot be told from the best.
fn tied(top: Value, other: Value) -> bool {
    let apart = top.value - other.value;
    apart <= top.half_width + other.half_width || apart <= EQUAL * top.value.abs()
}
