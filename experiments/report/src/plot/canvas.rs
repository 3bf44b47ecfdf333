//! Drawing in pixels: lines, marks and texts in the figure's style, written as SVG.
//!
//! A drawing is few elements: what has the same stroke is one path, and a dashed line one element. Nothing in it can fail.

use std::cell::RefCell;
use std::rc::Rc;

use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::element::{Drawable, PathElement, PointCollection, Polygon, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, TextStyle};

use super::colour::Colour;
pub(super) use super::colour::{BLACK, GREY, GRID, PAPER};
use super::identity::{Look, Mark};
pub(super) use super::paper::TEXT;
use super::paper::wrap;
use super::svg::Svg;

/// Horizontal and vertical position, from the top left.
pub(super) type Pixel = (i32, i32);

/// Size of titles and of the line below.
const TITLE: i32 = 17;
const FINDING: i32 = 14;
/// Height of a line of text.
pub(super) const LINE: i32 = 17;
/// Left edge of texts, and room at the right.
const LEFT: i32 = 12;
/// Opacity of areas behind curves.
const LIGHT: f64 = 0.16;
/// Lines below the title.
const MOST_FINDINGS: usize = 2;

/// Width of every figure.
pub(super) const WIDTH: i32 = 720;

/// Words around a figure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// Title.
    pub title: String,
    /// What the figure shows: the finding, where one was computed; else the question.
    pub finding: String,
    /// What its signs mean, where they need a word.
    pub notes: Vec<String>,
    /// Where the numbers come from.
    pub footnote: String,
    /// The file that has the numbers, and which rows or columns of it: in the figure's description, behind the finding.
    pub data: String,
}

impl Words {
    /// Title, finding and footnote alone.
    pub fn new(title: &str, finding: &str, footnote: &str) -> Self {
        Words { title: title.into(), finding: finding.into(), footnote: footnote.into(), ..Words::default() }
    }

    /// Where a figure begins below these.
    pub(super) fn top(&self) -> i32 {
        let titles = wrap(&self.title, columns(WIDTH - 2 * LEFT, TITLE)).len() as i32;
        10 + titles * (TITLE + 5) + self.findings().len() as i32 * (FINDING + 5) + 8
    }

    fn findings(&self) -> Vec<String> {
        let mut lines = wrap(&self.finding, columns(WIDTH - 2 * LEFT, FINDING));
        lines.retain(|line| !line.is_empty());
        if lines.len() > MOST_FINDINGS {
            lines.truncate(MOST_FINDINGS);
            lines[MOST_FINDINGS - 1] += " …";
        }
        lines
    }

    fn small_print(&self) -> Vec<String> {
        let width = columns(WIDTH - 2 * LEFT, TEXT);
        let mut lines = wrap(&self.notes.join(" "), width);
        lines.extend(wrap(&self.footnote, width));
        lines.retain(|line| !line.is_empty());
        lines
    }
}

/// Characters of a size that fit so many pixels, in the widest of usual typefaces.
pub(super) fn columns(pixels: i32, size: i32) -> usize {
    (f64::from(pixels) / (0.56 * f64::from(size))) as usize
}

/// About how many pixels a text takes.
pub(super) fn width(text: &str, size: i32) -> i32 {
    (text.chars().count() as f64 * 0.6 * f64::from(size)).ceil() as i32
}

/// A figure with words around what `draw` adds, which is so high.
pub(super) fn sheet(words: &Words, height: i32, draw: impl FnOnce(&Canvas, i32)) -> String {
    let top = words.top();
    let print = words.small_print();
    let bottom = top + height + 12 + print.len() as i32 * LINE + 6;
    let description = format!("{}\n{}", words.finding, words.data);
    let svg = Rc::new(RefCell::new(Svg::new((WIDTH as u32, bottom as u32), &words.title, &description)));
    let canvas = Canvas { area: DrawingArea::from(&svg), svg };
    let mut y = 10;
    for line in wrap(&words.title, columns(WIDTH - 2 * LEFT, TITLE)) {
        canvas.anchored((LEFT, y), &line, TITLE, BLACK, HPos::Left);
        y += TITLE + 5;
    }
    for line in words.findings() {
        canvas.anchored((LEFT, y), &line, FINDING, GREY, HPos::Left);
        y += FINDING + 5;
    }
    draw(&canvas, top);
    let mut y = top + height + 12;
    for line in print {
        canvas.text((LEFT, y), &line, GREY);
        y += LINE;
    }
    let Canvas { area, svg } = canvas;
    drop(area);
    // Nothing else holds it.
    Rc::into_inner(svg).map_or_else(String::new, |svg| svg.into_inner().finish())
}

/// The corners of an area.
pub(super) fn rectangle(left: i32, top: i32, right: i32, bottom: i32) -> [Pixel; 4] {
    [(left, top), (right, top), (right, bottom), (left, bottom)]
}

/// What a figure is drawn on.
pub(super) struct Canvas {
    area: DrawingArea<Svg, Shift>,
    svg: Rc<RefCell<Svg>>,
}

impl Canvas {
    fn draw<E>(&self, element: &E)
    where
        for<'b> &'b E: PointCollection<'b, Pixel>,
        E: Drawable<Svg>,
    {
        // Writing to a string does not fail.
        let _ = self.area.draw(element);
    }

    /// A text in lines of at most `columns` characters; returns where the next line would be.
    pub fn lines(&self, (left, mut top): Pixel, text: &str, columns: usize, colour: Colour) -> i32 {
        for line in wrap(text, columns) {
            self.text((left, top), &line, colour);
            top += LINE;
        }
        top
    }

    pub fn text(&self, at: Pixel, text: &str, colour: Colour) {
        self.anchored(at, text, TEXT, colour, HPos::Left);
    }

    pub fn centred(&self, at: Pixel, text: &str) {
        self.anchored(at, text, TEXT, BLACK, HPos::Center);
    }

    pub fn right_aligned(&self, at: Pixel, text: &str) {
        self.anchored(at, text, TEXT, BLACK, HPos::Right);
    }

    /// A text on a light ground, so that it is read over lines.
    pub fn on_paper(&self, (x, y): Pixel, text: &str, colour: Colour) {
        let (right, bottom) = (x + width(text, TEXT), y + LINE - 2);
        self.shade(&rectangle(x - 2, y - 1, right, bottom), PAPER, 0.8);
        self.text((x, y), text, colour);
    }

    /// `at` is the top of the text.
    fn anchored(&self, at: Pixel, text: &str, size: i32, colour: Colour, anchor: HPos) {
        if !text.is_empty() {
            let colour = colour.rgb();
            let style = TextStyle::from(("sans-serif", size)).color(&colour).pos(Pos::new(anchor, VPos::Top));
            self.draw(&Text::new(text.to_owned(), at, style));
        }
    }

    pub fn line(&self, points: &[Pixel], colour: Colour, width: u32) {
        if points.len() >= 2 {
            self.draw(&PathElement::new(points.to_vec(), colour.rgb().stroke_width(width)));
        }
    }

    /// A line with a pattern of dashes; whole if it is empty.
    pub fn dashed(&self, points: &[Pixel], colour: Colour, width: u32, dash: &str) {
        if points.len() >= 2 {
            self.svg.borrow_mut().strokes(&[points.to_vec()], &colour.rgb().stroke_width(width), dash);
        }
    }

    /// Lines that are not joined, as one element.
    pub fn many(&self, lines: &[[Pixel; 2]], colour: Colour, width: u32) {
        if !lines.is_empty() {
            let lines: Vec<Vec<Pixel>> = lines.iter().map(|line| line.to_vec()).collect();
            self.svg.borrow_mut().strokes(&lines, &colour.rgb().stroke_width(width), "");
        }
    }

    /// A light area behind curves.
    pub fn area(&self, points: &[Pixel], colour: Colour) {
        if points.len() >= 3 {
            self.shade(points, colour, LIGHT);
        }
    }

    /// An area in its full colour.
    pub fn fill(&self, points: &[Pixel], colour: Colour) {
        self.shade(points, colour, 1.0);
    }

    /// An area through which paper shows by what `opacity` lacks.
    pub fn shade(&self, points: &[Pixel], colour: Colour, opacity: f64) {
        self.draw(&Polygon::new(points.to_vec(), colour.rgb().mix(opacity)));
    }

    /// A vertical bar with ends.
    pub fn whisker(&self, x: i32, top: i32, bottom: i32, colour: Colour) {
        let ends = [[(x, top), (x, bottom)], [(x - 4, top), (x + 4, top)], [(x - 4, bottom), (x + 4, bottom)]];
        self.many(&ends, colour, 1);
    }

    /// A horizontal bar with ends.
    pub fn range(&self, y: i32, left: i32, right: i32, colour: Colour) {
        let ends = [[(left, y), (right, y)], [(left, y - 4), (left, y + 4)], [(right, y - 4), (right, y + 4)]];
        self.many(&ends, colour, 1);
    }

    pub fn frame(&self, (left, top, right, bottom): (i32, i32, i32, i32)) {
        self.line(&[(left, top), (left, bottom), (right, bottom)], BLACK, 1);
    }

    /// The mark of a curve, half its width `r`.
    pub fn mark(&self, (x, y): Pixel, look: Look, r: i32) {
        let Look { colour, mark, hollow, .. } = look;
        let fill = if hollow { PAPER } else { colour };
        let points = match mark {
            Mark::Circle => {
                return self.svg.borrow_mut().ring((x, y), r, fill, colour);
            }
            Mark::Cross => {
                let lines = [[(x - r, y - r), (x + r, y + r)], [(x - r, y + r), (x + r, y - r)]];
                return self.many(&lines, colour, 2);
            }
            Mark::Plus => {
                return self.many(&[[(x - r, y), (x + r, y)], [(x, y - r), (x, y + r)]], colour, 2);
            }
            Mark::Square => rectangle(x - r, y - r, x + r, y + r).to_vec(),
            Mark::Triangle => vec![(x, y - r - 1), (x + r + 1, y + r), (x - r - 1, y + r)],
            Mark::Wedge => vec![(x, y + r + 1), (x + r + 1, y - r), (x - r - 1, y - r)],
            Mark::Diamond => vec![(x, y - r - 1), (x + r + 1, y), (x, y + r + 1), (x - r - 1, y)],
        };
        self.svg.borrow_mut().shape(&points, fill, colour);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_cut_and_nothing_is_markup() {
        let words = Words { finding: "word ".repeat(80), ..Words::new("a < b & c", "", "here") };
        let svg = sheet(&words, 10, |_, _| ());
        assert!(svg.contains("a &lt; b &amp; c") && svg.contains("word …") && svg.contains("here"), "{svg}");
        assert_eq!(svg.matches("font-size=\"14\"").count(), MOST_FINDINGS);
    }
}
