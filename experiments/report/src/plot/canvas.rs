//! Drawing in pixels: lines, marks and texts in the figure's style.

use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::paper::PlotError;

/// Horizontal and vertical position, from the top left.
pub(super) type Pixel = (i32, i32);

/// Axes and texts.
pub(super) const BLACK: RGBColor = RGBColor(20, 20, 20);
/// Secondary texts.
pub(super) const GREY: RGBColor = RGBColor(105, 105, 105);
/// Grid lines.
pub(super) const GRID: RGBColor = RGBColor(228, 228, 228);

/// What is drawn on.
pub(super) const PAPER: RGBColor = WHITE;

/// Okabe and Ito, "Color universal design" (2008), without black and yellow.
const PALETTE: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];

/// The colour of a curve.
pub(super) fn colour(curve: usize) -> RGBColor {
    PALETTE[curve % PALETTE.len()]
}

/// A white sheet.
pub(super) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, plotters::coord::Shift>,
}

fn failed(error: impl std::fmt::Display) -> PlotError {
    PlotError(error.to_string())
}

impl<'a> Canvas<'a> {
    pub fn new(text: &'a mut String, size: (u32, u32)) -> Result<Self, PlotError> {
        let area = SVGBackend::with_string(text, size).into_drawing_area();
        area.fill(&WHITE).map_err(failed)?;
        Ok(Canvas { area })
    }

    pub fn finish(&self) -> Result<(), PlotError> {
        self.area.present().map_err(failed)
    }

    pub fn text(&self, at: Pixel, text: &str, size: u32, colour: RGBColor) -> Result<(), PlotError> {
        self.anchored(at, text, size, colour, HPos::Left)
    }

    pub fn centred(&self, at: Pixel, text: &str, size: u32) -> Result<(), PlotError> {
        self.anchored(at, text, size, BLACK, HPos::Center)
    }

    pub fn right_aligned(&self, at: Pixel, text: &str, size: u32) -> Result<(), PlotError> {
        self.anchored(at, text, size, BLACK, HPos::Right)
    }

    /// Read from bottom to top, centred.
    pub fn upright(&self, at: Pixel, text: &str, size: u32) -> Result<(), PlotError> {
        let font = FontDesc::from(("sans-serif", size)).transform(FontTransform::Rotate270);
        let style = TextStyle::from(font).color(&BLACK).pos(Pos::new(HPos::Center, VPos::Top));
        self.area.draw(&Text::new(text.to_owned(), at, style)).map_err(failed)
    }

    fn anchored(&self, at: Pixel, text: &str, size: u32, colour: RGBColor, x: HPos) -> Result<(), PlotError> {
        if text.is_empty() {
            return Ok(());
        }
        let style = TextStyle::from(("sans-serif", size)).color(&colour).pos(Pos::new(x, VPos::Top));
        self.area.draw(&Text::new(text.to_owned(), at, style)).map_err(failed)
    }

    pub fn line(&self, points: &[Pixel], colour: RGBColor, width: u32) -> Result<(), PlotError> {
        self.area.draw(&PathElement::new(points.to_vec(), colour.stroke_width(width))).map_err(failed)
    }

    pub fn dashed(&self, points: &[Pixel], colour: RGBColor) -> Result<(), PlotError> {
        if points.len() < 2 {
            return Ok(());
        }
        let style = colour.mix(0.8).stroke_width(1);
        self.area.draw(&DashedPathElement::new(points.to_vec(), 5, 4, style)).map_err(failed)
    }

    /// A light area behind curves.
    pub fn area(&self, outline: &[Pixel], colour: RGBColor) -> Result<(), PlotError> {
        if outline.len() < 3 {
            return Ok(());
        }
        self.area.draw(&Polygon::new(outline.to_vec(), colour.mix(0.18))).map_err(failed)
    }

    /// An area in its full colour.
    pub fn fill(&self, outline: &[Pixel], colour: RGBColor) -> Result<(), PlotError> {
        self.area.draw(&Polygon::new(outline.to_vec(), colour.filled())).map_err(failed)
    }

    /// A vertical bar with ends.
    pub fn whisker(&self, x: i32, top: i32, bottom: i32, colour: RGBColor) -> Result<(), PlotError> {
        for line in [[(x, top), (x, bottom)], [(x - 4, top), (x + 4, top)], [(x - 4, bottom), (x + 4, bottom)]] {
            self.line(&line, colour, 1)?;
        }
        Ok(())
    }

    pub fn frame(&self, (left, top, right, bottom): (i32, i32, i32, i32)) -> Result<(), PlotError> {
        self.line(&[(left, top), (left, bottom), (right, bottom)], BLACK, 1)
    }

    /// The mark of a curve: shapes differ as well as colours. Every later mark is smaller, so that one that lies on
    /// another leaves its rim visible.
    pub fn mark(&self, (x, y): Pixel, curve: usize, dense: bool) -> Result<(), PlotError> {
        let r = if dense { 3 } else { 8 - curve.min(4) as i32 };
        let fill = if curve.is_multiple_of(2) { colour(curve) } else { WHITE };
        let outline: Vec<Pixel> = match curve % 4 {
            0 => {
                self.area.draw(&Circle::new((x, y), r, fill.filled())).map_err(failed)?;
                return self.area.draw(&Circle::new((x, y), r, colour(curve).stroke_width(2))).map_err(failed);
            }
            1 => vec![(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)],
            2 => vec![(x, y - r - 1), (x + r + 1, y + r), (x - r - 1, y + r)],
            _ => vec![(x, y - r - 2), (x + r + 2, y), (x, y + r + 2), (x - r - 2, y)],
        };
        self.area.draw(&Polygon::new(outline.clone(), fill.filled())).map_err(failed)?;
        let closed: Vec<Pixel> = outline.iter().chain(outline.first()).copied().collect();
        self.line(&closed, colour(curve), 2)
    }
}
