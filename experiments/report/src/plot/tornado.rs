//! Bars around a value: how far each parameter moves it.

use super::axis::Ticks;
use super::canvas::{self, Canvas, LINE, Pixel, WIDTH, Words, rectangle, sheet};
use super::colour::Colour;
use super::paper::{Scale, wrap};

/// A tornado.
#[derive(Debug, Clone, PartialEq)]
pub struct Tornado {
    /// Title, finding, small print.
    pub words: Words,
    /// Label of the axis.
    pub label: String,
    /// The value around which bars lie.
    pub value: f64,
    /// Name, value at the low end and value at the high end, the widest first.
    pub bars: Vec<(String, f64, f64)>,
    /// A value that matters, such as where the answer changes, with what it means.
    pub line: Option<(f64, String)>,
}

/// Left and right of the plot; names stand left of it, in lines of so many characters.
const SIDES: (i32, i32) = (286, WIDTH - 20);
const NAME: usize = 35;
/// Height of a bar, room above the first and below the last.
const HEIGHT: i32 = 38;
const ABOVE: i32 = LINE + 4;
const FOOT: i32 = 76;
/// Ends of a range: neither is a design's colour.
const LOW: Colour = Colour(0x9e, 0xc9, 0xe2);
const HIGH: Colour = Colour(0x3b, 0x52, 0x8b);

/// Draws a tornado.
pub fn tornado_svg(figure: &Tornado) -> String {
    let height = ABOVE + figure.bars.len() as i32 * HEIGHT + FOOT;
    sheet(&figure.words, height, |canvas, top| draw(canvas, figure, top + ABOVE))
}

fn draw(canvas: &Canvas, figure: &Tornado, top: i32) {
    let (left, right) = SIDES;
    let bottom = top + figure.bars.len() as i32 * HEIGHT;
    let x = axis(figure);
    let at = |value: f64| left + (x.position(value).clamp(0.0, 1.0) * f64::from(right - left)).round() as i32;
    let grid: Vec<[Pixel; 2]> = x.labelled.iter().map(|(value, _)| [(at(*value), top), (at(*value), bottom)]).collect();
    canvas.many(&grid, canvas::GRID, 1);
    for (value, label) in &x.labelled {
        canvas.centred((at(*value), bottom + 8), label);
    }
    for (i, (name, low, high)) in figure.bars.iter().enumerate() {
        let y = top + HEIGHT * i as i32;
        for (end, colour) in [(low, LOW), (high, HIGH)] {
            canvas.fill(&rectangle(at(figure.value), y + 6, at(*end), y + HEIGHT - 6), colour);
        }
        let lines = wrap(name, NAME);
        for (n, line) in lines.iter().enumerate() {
            let y = y + (HEIGHT - LINE * lines.len() as i32) / 2 + LINE * n as i32 + 2;
            canvas.right_aligned((left - 10, y), line);
        }
    }
    canvas.line(&[(at(figure.value), top), (at(figure.value), bottom)], canvas::BLACK, 1);
    if let Some((value, label)) = &figure.line {
        canvas.dashed(&[(at(*value), top), (at(*value), bottom)], canvas::BLACK, 1, "5 4");
        let half = canvas::width(label, canvas::TEXT) / 2;
        canvas.centred((at(*value).clamp(left + half, right - half), top - LINE), label);
    }
    canvas.frame((left, top, right, bottom));
    canvas.centred(((left + right) / 2, bottom + 30), &figure.label);
    for (x, colour, name) in [(left, LOW, "at its low end"), (left + 160, HIGH, "at its high end")] {
        canvas.fill(&rectangle(x, bottom + 55, x + 14, bottom + 67), colour);
        canvas.text((x + 20, bottom + 54), name, canvas::BLACK);
    }
}

/// An axis that has all ends of bars, with ticks at round numbers.
fn axis(figure: &Tornado) -> Ticks {
    let ends = figure.bars.iter().flat_map(|(_, low, high)| [*low, *high]);
    let values: Vec<f64> = ends.chain([figure.value]).chain(figure.line.iter().map(|(at, _)| *at)).collect();
    let least = values.iter().copied().fold(f64::MAX, f64::min);
    let most = values.iter().copied().fold(f64::MIN, f64::max);
    let edge = ((most - least) * 0.05).max(1e-6 * most.abs());
    let spread: Vec<f64> = (0..=20).map(|i| least - edge + (most - least + 2.0 * edge) * f64::from(i) / 20.0).collect();
    Ticks::horizontal(Scale::Linear, &spread, SIDES.1 - SIDES.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_have_names_and_the_line_its_meaning() {
        let bars =
            vec![("memory.bandwidth: 100 Gb/s to 300 Gb/s, of the host".into(), 1.2, 2.0), ("b".into(), 1.4, 1.6)];
        let line = Some((1.0, "no advantage".into()));
        let figure = Tornado { words: Words::new("t", "s", "f"), label: "Ratio".into(), value: 1.5, bars, line };
        let svg = tornado_svg(&figure);
        for text in ["memory.bandwidth: 100 Gb/s to 300", ">Gb/s, of the host<", "no advantage", "at its low end"] {
            assert!(svg.contains(text), "{text}: {svg}");
        }
    }
}
