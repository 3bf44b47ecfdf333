//! Figures as SVG.

mod axis;
mod canvas;
mod curves;
mod heat;
mod panels;
mod paper;
mod strips;
mod tornado;

pub use curves::{Axis, Curve, Figure, Point, Style, svg};
pub use heat::{HeatCell, HeatMap, HeatPanel, heat_map_svg};
pub use panels::{Instant, Panel, Panels, Trace, panels_svg};
pub use paper::{PlotError, Scale};
pub use strips::{Strip, Strips, strips_svg};
pub use tornado::{Tornado, tornado_svg};
