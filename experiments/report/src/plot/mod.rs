//! Figures as SVG.

mod axis;
mod bars;
mod canvas;
mod colour;
mod curves;
mod heat;
mod identity;
mod labels;
mod panels;
mod paper;
mod strips;
mod svg;
mod tornado;

pub use bars::{Bar, BarGroup, Bars, bars_svg};
pub use canvas::Words;
pub use curves::{Axis, Curve, Figure, Point, Reference, Style, svg};
pub use heat::{HeatCell, HeatMap, HeatPanel, heat_map_svg};
pub use panels::{Instant, Panel, Panels, Trace, panels_svg};
pub use paper::Scale;
pub use strips::{Strip, Strips, strips_svg};
pub use tornado::{Tornado, tornado_svg};
