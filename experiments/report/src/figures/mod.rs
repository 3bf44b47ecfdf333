//! The figures that a scenario file asks for.

mod bars;
mod carried;
mod curves;
mod finding;

use espsim_sweep::file::scenario_file::{PlotKind, PlotSpec, ScenarioFile};
use espsim_sweep::points::outcome::Outcome;

/// A figure in the making.
pub enum Drawing<'a> {
    /// A metric over a swept key.
    Curves(Box<curves::Curves<'a>>),
    /// Bars at one place.
    Bars(bars::BarsOf<'a>),
}

impl<'a> Drawing<'a> {
    /// An empty figure; `is_limited` for a large sweep.
    pub fn new(file: &'a ScenarioFile, plot: &'a PlotSpec, is_limited: bool) -> Self {
        match plot.kind {
            PlotKind::Curves => Drawing::Curves(Box::new(curves::Curves::new(file, plot, is_limited))),
            _ => Drawing::Bars(bars::BarsOf::new(file, plot)),
        }
    }

    /// Takes up a point, if it belongs to the figure.
    pub fn add(&mut self, outcome: &Outcome) {
        match self {
            Drawing::Curves(curves) => curves.add(outcome),
            Drawing::Bars(bars) => bars.add(outcome),
        }
    }

    /// What to warn of when the figure has nothing at all.
    pub fn warning(&self) -> Option<String> {
        match self {
            Drawing::Curves(curves) => curves.warning(),
            Drawing::Bars(bars) => bars.warning(),
        }
    }

    /// The figure as SVG.
    pub fn svg(self, footnote: &str) -> String {
        match self {
            Drawing::Curves(curves) => curves.svg(footnote),
            Drawing::Bars(bars) => bars.svg(footnote),
        }
    }
}
