//! Bars around a value: how far each parameter moves it.

use super::axis::Ticks;
use super::canvas::{self, Canvas, colour, rectangle, sheet};
use super::paper::{PlotError, SIZE, Scale};

/// A tornado.
#[derive(Debug, Clone, PartialEq)]
pub struct Tornado {
    /// Title.
    pub title: String,
    /// One line below it: the question.
    pub subtitle: String,
    /// Label of the axis.
    pub label: String,
    /// The value around which bars lie.
    pub value: f64,
    /// Name, value at the low end and value at the high end, the widest first.
    pub bars: Vec<(String, f64, f64)>,
    /// A value that matters, such as where the answer changes, with what it means.
    pub line: Option<(f64, String)>,
    /// Small print: where the numbers come from.
    pub footnote: String,
}

/// Plot area: left, top, right, bottom; names stand left of it.
const AREA: (i32, i32, i32, i32) = (330, 72, 910, 470);

/// Draws a tornado.
///
/// # Errors
/// [`PlotError`] if the drawing library refuses an element.
pub fn tornado_svg(figure: &Tornado) -> Result<String, PlotError> {
    sheet(SIZE, [&figure.title, &figure.subtitle, &figure.footnote], |canvas| draw(canvas, figure))
}

fn draw(canvas: &Canvas<'_>, figure: &Tornado) {
    let (left, top, right, bottom) = AREA;
    let ends = figure.bars.iter().flat_map(|(_, low, high)| [*low, *high]);
    let values: Vec<f64> = ends.chain([figure.value]).chain(figure.line.iter().map(|(at, _)| *at)).collect();
    let (least, most) =
        (values.iter().copied().fold(f64::MAX, f64::min), values.iter().copied().fold(f64::MIN, f64::max));
    let edge = ((most - least) * 0.05).max(1e-6 * most.abs());
    let x = Ticks::horizontal(Scale::Linear, &spread(least - edge, most + edge));
    let at = |value: f64| left + (x.position(value).clamp(0.0, 1.0) * f64::from(right - left)).round() as i32;
    for (value, label) in &x.labelled {
        canvas.line(&[(at(*value), top), (at(*value), bottom)], canvas::GRID, 1);
        canvas.centred((at(*value), bottom + 8), label, 12);
    }
    let height = (bottom - top) / figure.bars.len().max(1) as i32;
    for (i, (name, low, high)) in figure.bars.iter().enumerate() {
        let y = top + height * i as i32;
        for (end, which) in [(low, 5), (high, 1)] {
            canvas.fill(&rectangle(at(figure.value), y + 4, at(*end), y + height.min(34) - 4), colour(which));
        }
        canvas.right_aligned((left - 10, y + height.min(34) / 2 - 7), name, 12);
    }
    canvas.line(&[(at(figure.value), top), (at(figure.value), bottom)], canvas::BLACK, 1);
    if let Some((value, label)) = &figure.line {
        canvas.dashed(&[(at(*value), top), (at(*value), bottom)], canvas::BLACK);
        canvas.centred((at(*value), top - 16), label, 12);
    }
    canvas.frame(AREA);
    canvas.centred(((left + right) / 2, bottom + 30), &figure.label, 14);
    for (x, which, name) in [(26, 5, "at its low end"), (146, 1, "at its high end")] {
        canvas.fill(&rectangle(x, bottom + 12, x + 14, bottom + 24), colour(which));
        canvas.text((x + 20, bottom + 11), name, 12, canvas::BLACK);
    }
}

/// Values from end to end, so many that ticks are round numbers.
fn spread(low: f64, high: f64) -> Vec<f64> {
    (0..=20).map(|i| low + (high - low) * f64::from(i) / 20.0).collect()
}
