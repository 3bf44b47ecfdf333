//! Drawing in pixels: lines, marks and texts in the figure's style, written as SVG.
//!
//! A drawing is few elements: what has the same stroke is one path, and a dashed line one element. Nothing in it can fail.

use std::cell::RefCell;
use std::fmt::Write;

use super::colour::Colour;
use super::identity::{Look, Mark};
use super::paper::wrap;

/// Horizontal and vertical position, from the top left.
pub(super) type Pixel = (i32, i32);

/// Axes and texts. The style sheet of a page has other colours for these four on a dark screen.
pub(super) const BLACK: Colour = Colour(20, 20, 20);
/// Secondary texts.
pub(super) const GREY: Colour = Colour(89, 89, 89);
/// Grid lines.
pub(super) const GRID: Colour = Colour(228, 228, 228);
/// What is drawn on.
pub(super) const PAPER: Colour = Colour(255, 255, 255);

/// Size of titles, of the line below, and of everything else: none is smaller, so that a figure can be read where it is
/// shown at nine tenths of its size.
const TITLE: i32 = 17;
const FINDING: i32 = 14;
pub(super) const TEXT: i32 = 13;
/// Height of a line of text.
pub(super) const LINE: i32 = 17;
/// Left edge of texts, and room at the right.
const LEFT: i32 = 12;
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
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{bottom}\" viewBox=\"0 0 {WIDTH} \
         {bottom}\" font-family=\"sans-serif\" font-size=\"{TEXT}\" fill=\"{BLACK}\">\n<title>{}</title>\n",
        escaped(&words.title)
    );
    let _ = writeln!(text, "<desc>{}\n{}</desc>", escaped(&words.finding), escaped(&words.data));
    let _ = writeln!(text, "<rect width=\"{WIDTH}\" height=\"{bottom}\" fill=\"{PAPER}\"/>");
    let canvas = Canvas { text: RefCell::new(text) };
    let mut y = 10;
    for line in wrap(&words.title, columns(WIDTH - 2 * LEFT, TITLE)) {
        canvas.anchored((LEFT, y), &line, TITLE, BLACK, "start");
        y += TITLE + 5;
    }
    for line in words.findings() {
        canvas.anchored((LEFT, y), &line, FINDING, GREY, "start");
        y += FINDING + 5;
    }
    draw(&canvas, top);
    let mut y = top + height + 12;
    for line in print {
        canvas.text((LEFT, y), &line, GREY);
        y += LINE;
    }
    canvas.text.into_inner() + "</svg>\n"
}

/// The corners of an area.
pub(super) fn rectangle(left: i32, top: i32, right: i32, bottom: i32) -> [Pixel; 4] {
    [(left, top), (right, top), (right, bottom), (left, bottom)]
}

/// What a figure is drawn on.
pub(super) struct Canvas {
    text: RefCell<String>,
}

impl Canvas {
    fn element(&self, element: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = writeln!(self.text.borrow_mut(), "{element}");
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
        self.anchored(at, text, TEXT, colour, "start");
    }

    pub fn centred(&self, at: Pixel, text: &str) {
        self.anchored(at, text, TEXT, BLACK, "middle");
    }

    pub fn right_aligned(&self, at: Pixel, text: &str) {
        self.anchored(at, text, TEXT, BLACK, "end");
    }

    /// A text on a light ground, so that it is read over lines.
    pub fn on_paper(&self, (x, y): Pixel, text: &str, colour: Colour) {
        let (right, bottom) = (x + width(text, TEXT), y + LINE - 2);
        let d = outline(&rectangle(x - 2, y - 1, right, bottom));
        self.element(format_args!("<path d=\"{d}z\" fill=\"{PAPER}\" fill-opacity=\"0.8\"/>"));
        self.text((x, y), text, colour);
    }

    /// `at` is the top of the text.
    fn anchored(&self, (x, y): Pixel, text: &str, size: i32, colour: Colour, anchor: &str) {
        if text.is_empty() {
            return;
        }
        let baseline = y + size * 4 / 5;
        let mut attributes = String::new();
        for (name, value, usual) in [
            ("font-size", size.to_string(), TEXT.to_string()),
            ("fill", colour.to_string(), BLACK.to_string()),
            ("text-anchor", anchor.to_owned(), "start".to_owned()),
        ] {
            if value != usual {
                let _ = write!(attributes, " {name}=\"{value}\"");
            }
        }
        self.element(format_args!("<text x=\"{x}\" y=\"{baseline}\"{attributes}>{}</text>", escaped(text)));
    }

    pub fn line(&self, points: &[Pixel], colour: Colour, width: u32) {
        self.dashed(points, colour, width, "");
    }

    /// A line with a pattern of dashes; whole if it is empty.
    pub fn dashed(&self, points: &[Pixel], colour: Colour, width: u32, dash: &str) {
        if points.len() >= 2 {
            self.strokes(&outline(points), colour, width, dash);
        }
    }

    /// Lines that are not joined, as one element.
    pub fn many(&self, lines: &[[Pixel; 2]], colour: Colour, width: u32) {
        let d: String = lines.iter().map(|line| outline(line)).collect();
        if !d.is_empty() {
            self.strokes(&d, colour, width, "");
        }
    }

    fn strokes(&self, d: &str, colour: Colour, width: u32, dash: &str) {
        let dash = if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") };
        let width = if width == 1 { String::new() } else { format!(" stroke-width=\"{width}\"") };
        self.element(format_args!("<path d=\"{d}\" fill=\"none\" stroke=\"{colour}\"{width}{dash}/>"));
    }

    /// A light area behind curves.
    pub fn area(&self, points: &[Pixel], colour: Colour) {
        if points.len() >= 3 {
            self.element(format_args!("<path d=\"{}z\" fill=\"{colour}\" fill-opacity=\"0.16\"/>", outline(points)));
        }
    }

    /// An area in its full colour.
    pub fn fill(&self, points: &[Pixel], colour: Colour) {
        self.shade(points, colour, 1.0);
    }

    /// An area through which paper shows by what `opacity` lacks.
    pub fn shade(&self, points: &[Pixel], colour: Colour, opacity: f64) {
        let opacity = if opacity < 1.0 { format!(" fill-opacity=\"{opacity}\"") } else { String::new() };
        self.element(format_args!("<path d=\"{}z\" fill=\"{colour}\"{opacity}/>", outline(points)));
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
                return self.element(format_args!(
                    "<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\" fill=\"{fill}\" stroke=\"{colour}\" stroke-width=\"2\"/>"
                ));
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
        let d = outline(&points);
        self.element(format_args!("<path d=\"{d}z\" fill=\"{fill}\" stroke=\"{colour}\" stroke-width=\"2\"/>"));
    }
}

/// A path through points: the first absolute, the others as steps, which are short.
fn outline(points: &[Pixel]) -> String {
    let mut d = String::new();
    let mut last: Option<Pixel> = None;
    for &(x, y) in points {
        let _ = match last {
            None => write!(d, "M{x} {y}"),
            Some((_, before)) if before == y => write!(d, "h{}", x - last.map_or(0, |last| last.0)),
            Some((before, _)) if before == x => write!(d, "v{}", y - last.map_or(0, |last| last.1)),
            Some((a, b)) => write!(d, "l{} {}", x - a, y - b),
        };
        last = Some((x, y));
    }
    d
}

/// A text within markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_steps() {
        assert_eq!(outline(&[(1, 2), (5, 2), (5, 9), (4, 8)]), "M1 2h4v7l-1 -1");
        assert_eq!(outline(&[]), "");
    }

    #[test]
    fn findings_are_cut_and_nothing_is_markup() {
        let words = Words { finding: "word ".repeat(80), ..Words::new("a < b & c", "", "here") };
        let svg = sheet(&words, 10, |_, _| ());
        assert!(svg.contains("a &lt; b &amp; c") && svg.contains("word …") && svg.contains("here"), "{svg}");
        assert_eq!(svg.matches("font-size=\"14\"").count(), MOST_FINDINGS);
    }
}
