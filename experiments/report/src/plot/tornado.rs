//! Bars around a value: how far each parameter moves it.

use super::axis::Ticks;
use super::canvas::{self, Canvas, GREY, colour};
use super::paper::{PlotError, SIZE, SUBTITLE_WIDTH, Scale, wrap};

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
    let mut text = String::new();
    {
        let canvas = Canvas::new(&mut text, SIZE)?;
        draw(&canvas, figure)?;
        canvas.finish()?;
    }
    Ok(text)
}

fn draw(canvas: &Canvas<'_>, figure: &Tornado) -> Result<(), PlotError> {
    let (left, top, right, bottom) = AREA;
    canvas.text((26, 14), &figure.title, 20, canvas::BLACK)?;
    let subtitle = wrap(&figure.subtitle, SUBTITLE_WIDTH).into_iter().next().unwrap_or_default();
    canvas.text((26, 42), &subtitle, 13, GREY)?;
    canvas.text((26, SIZE.1 as i32 - 20), &figure.footnote, 11, GREY)?;
    let ends = figure.bars.iter().flat_map(|(_, low, high)| [*low, *high]);
    let values: Vec<f64> = ends.chain([figure.value]).chain(figure.line.iter().map(|(at, _)| *at)).collect();
    let (least, most) =
        (values.iter().copied().fold(f64::MAX, f64::min), values.iter().copied().fold(f64::MIN, f64::max));
    let edge = ((most - least) * 0.05).max(1e-6 * most.abs());
    let x = Ticks::horizontal(Scale::Linear, &spread(least - edge, most + edge));
    let at = |value: f64| left + (x.position(value).clamp(0.0, 1.0) * f64::from(right - left)).round() as i32;
    for (value, label) in x.labelled() {
        canvas.line(&[(at(*value), top), (at(*value), bottom)], canvas::GRID, 1)?;
        canvas.centred((at(*value), bottom + 8), label, 12)?;
    }
    let height = (bottom - top) / figure.bars.len().max(1) as i32;
    for (i, (name, low, high)) in figure.bars.iter().enumerate() {
        let y = top + height * i as i32;
        for (end, which) in [(low, 5), (high, 1)] {
            let (from, to) = (at(figure.value), at(*end));
            let area = [(from, y + 4), (to, y + 4), (to, y + height.min(34) - 4), (from, y + height.min(34) - 4)];
            canvas.fill(&area, colour(which))?;
        }
        canvas.right_aligned((left - 10, y + height.min(34) / 2 - 7), name, 12)?;
    }
    canvas.line(&[(at(figure.value), top), (at(figure.value), bottom)], canvas::BLACK, 1)?;
    if let Some((value, label)) = &figure.line {
        canvas.dashed(&[(at(*value), top), (at(*value), bottom)], canvas::BLACK)?;
        canvas.centred((at(*value), top - 16), label, 12)?;
    }
    canvas.frame(AREA)?;
    canvas.centred(((left + right) / 2, bottom + 30), &figure.label, 14)?;
    canvas.fill(&[(26, bottom + 12), (40, bottom + 12), (40, bottom + 24), (26, bottom + 24)], colour(5))?;
    canvas.text((46, bottom + 11), "at its low end", 12, canvas::BLACK)?;
    canvas.fill(&[(146, bottom + 12), (160, bottom + 12), (160, bottom + 24), (146, bottom + 24)], colour(1))?;
    canvas.text((166, bottom + 11), "at its high end", 12, canvas::BLACK)
}

/// Values from end to end, so many that ticks are round numbers.
fn spread(low: f64, high: f64) -> Vec<f64> {
    (0..=20).map(|i| low + (high - low) * f64::from(i) / 20.0).collect()
}
