//! Drawing in pixels: lines, marks and texts in the figure's style.

use std::cell::RefCell;

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{DashedPathElement, Drawable, PointCollection};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::paper::{PlotError, wrap};

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
/// Characters of a line below the title.
const SUBTITLE_WIDTH: usize = 128;
/// Height of a line of text.
const LINE: i32 = 18;

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

/// The corners of an area.
pub(super) fn rectangle(left: i32, top: i32, right: i32, bottom: i32) -> [Pixel; 4] {
    [(left, top), (right, top), (right, bottom), (left, bottom)]
}

/// A figure with a title, one line below it and small print, and with what `draw` adds.
///
/// # Errors
/// [`PlotError`] if the drawing library refuses an element.
pub(super) fn sheet(
    size: (u32, u32),
    [title, subtitle, footnote]: [&str; 3],
    draw: impl FnOnce(&Canvas<'_>),
) -> Result<String, PlotError> {
    let mut text = String::new();
    let canvas =
        Canvas { area: SVGBackend::with_string(&mut text, size).into_drawing_area(), error: RefCell::default() };
    canvas.check(canvas.area.fill(&PAPER));
    canvas.text((26, 14), title, 20, BLACK);
    let first_line = wrap(subtitle, SUBTITLE_WIDTH).into_iter().next().unwrap_or_default();
    canvas.text((26, 42), &first_line, 13, GREY);
    canvas.text((26, size.1 as i32 - 20), footnote, 11, GREY);
    draw(&canvas);
    canvas.check(canvas.area.present());
    let error = canvas.error.take();
    drop(canvas);
    error.map_or(Ok(text), Err)
}

/// What a figure is drawn on. Of what the drawing library refuses the first is kept until the end.
pub(super) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
    error: RefCell<Option<PlotError>>,
}

impl<'a> Canvas<'a> {
    fn check(&self, drawn: Result<(), impl std::fmt::Display>) {
        if let Err(error) = drawn {
            self.error.borrow_mut().get_or_insert(PlotError(error.to_string()));
        }
    }

    fn draw<E>(&self, element: E)
    where
        for<'b> &'b E: PointCollection<'b, Pixel>,
        E: Drawable<SVGBackend<'a>>,
    {
        self.check(self.area.draw(&element));
    }

    /// A text in lines of at most `width` characters; returns where the next line would be.
    pub fn lines(&self, (left, mut top): Pixel, text: &str, width: usize, colour: RGBColor) -> i32 {
        for line in wrap(text, width) {
            self.text((left, top), &line, 13, colour);
            top += LINE;
        }
        top
    }

    pub fn text(&self, at: Pixel, text: &str, size: u32, colour: RGBColor) {
        self.anchored(at, text, size, colour, HPos::Left);
    }

    pub fn centred(&self, at: Pixel, text: &str, size: u32) {
        self.anchored(at, text, size, BLACK, HPos::Center);
    }

    pub fn right_aligned(&self, at: Pixel, text: &str, size: u32) {
        self.anchored(at, text, size, BLACK, HPos::Right);
    }

    /// Read from bottom to top, centred.
    pub fn upright(&self, at: Pixel, text: &str, size: u32) {
        let font = FontDesc::from(("sans-serif", size)).transform(FontTransform::Rotate270);
        let style = TextStyle::from(font).color(&BLACK).pos(Pos::new(HPos::Center, VPos::Top));
        self.draw(Text::new(text.to_owned(), at, style));
    }

    fn anchored(&self, at: Pixel, text: &str, size: u32, colour: RGBColor, x: HPos) {
        if !text.is_empty() {
            let style = TextStyle::from(("sans-serif", size)).color(&colour).pos(Pos::new(x, VPos::Top));
            self.draw(Text::new(text.to_owned(), at, style));
        }
    }

    pub fn line(&self, points: &[Pixel], colour: RGBColor, width: u32) {
        self.draw(PathElement::new(points.to_vec(), colour.stroke_width(width)));
    }

    pub fn dashed(&self, points: &[Pixel], colour: RGBColor) {
        if points.len() >= 2 {
            self.draw(DashedPathElement::new(points.to_vec(), 5, 4, colour.mix(0.8).stroke_width(1)));
        }
    }

    /// A light area behind curves.
    pub fn area(&self, outline: &[Pixel], colour: RGBColor) {
        if outline.len() >= 3 {
            self.draw(Polygon::new(outline.to_vec(), colour.mix(0.18)));
        }
    }

    /// An area in its full colour.
    pub fn fill(&self, outline: &[Pixel], colour: RGBColor) {
        self.draw(Polygon::new(outline.to_vec(), colour.filled()));
    }

    /// A vertical bar with ends.
    pub fn whisker(&self, x: i32, top: i32, bottom: i32, colour: RGBColor) {
        for line in [[(x, top), (x, bottom)], [(x - 4, top), (x + 4, top)], [(x - 4, bottom), (x + 4, bottom)]] {
            self.line(&line, colour, 1);
        }
    }

    pub fn frame(&self, (left, top, right, bottom): (i32, i32, i32, i32)) {
        self.line(&[(left, top), (left, bottom), (right, bottom)], BLACK, 1);
    }

    /// The mark of a curve: shapes differ as well as colours. Every later mark is smaller, so that one that lies on
    /// another leaves its rim visible.
    pub fn mark(&self, (x, y): Pixel, curve: usize, dense: bool) {
        let r = if dense { 3 } else { 8 - curve.min(4) as i32 };
        let fill = if curve.is_multiple_of(2) { colour(curve) } else { WHITE };
        let outline: Vec<Pixel> = match curve % 4 {
            0 => {
                self.draw(Circle::new((x, y), r, fill.filled()));
                return self.draw(Circle::new((x, y), r, colour(curve).stroke_width(2)));
            }
            1 => rectangle(x - r, y - r, x + r, y + r).to_vec(),
            2 => vec![(x, y - r - 1), (x + r + 1, y + r), (x - r - 1, y + r)],
            _ => vec![(x, y - r - 2), (x + r + 2, y), (x, y + r + 2), (x - r - 2, y)],
        };
        self.fill(&outline, fill);
        let closed: Vec<Pixel> = outline.iter().chain(outline.first()).copied().collect();
        self.line(&closed, colour(curve), 2);
    }
}
