//! Errors on one axis, a line for each kind: where values lie, how far off most are, and which are missed.

use super::canvas::{self, Canvas, Pixel, colour, rectangle, sheet};
use super::paper::{PlotError, SIZE};

/// Errors by kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Strips {
    /// Title.
    pub title: String,
    /// One line below it: what was found.
    pub subtitle: String,
    /// Label of the axis.
    pub label: String,
    /// Kinds, from above.
    pub strips: Vec<Strip>,
    /// Small print: where the numbers come from.
    pub footnote: String,
}

/// A kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Strip {
    /// Its name.
    pub name: String,
    /// Relative errors.
    pub errors: Vec<f64>,
    /// Errors that are named, with their names.
    pub named: Vec<(f64, String)>,
}

/// Plot area: left, top, right, bottom; names stand left of it.
const AREA: (i32, i32, i32, i32) = (190, 72, 920, 480);
/// The axis ends here on either side. What lies beyond stands at the end, with its value.
const END: f64 = 0.6;
/// Within this, a prediction is called good.
const GOOD: f64 = 0.1;
/// Characters of a name.
const NAME: usize = 34;

/// Draws errors by kind.
///
/// # Errors
/// [`PlotError`] if the drawing library refuses an element.
pub fn strips_svg(figure: &Strips) -> Result<String, PlotError> {
    sheet(SIZE, [&figure.title, &figure.subtitle, &figure.footnote], |canvas| draw(canvas, figure))
}

fn at(error: f64) -> i32 {
    let (left, _, right, _) = AREA;
    left + ((error.clamp(-END, END) + END) / (2.0 * END) * f64::from(right - left)).round() as i32
}

fn draw(canvas: &Canvas<'_>, figure: &Strips) {
    let (left, top, right, bottom) = AREA;
    canvas.area(&rectangle(at(-GOOD), top, at(GOOD), bottom), colour(2));
    for step in -6..=6 {
        let error = f64::from(step) / 10.0;
        canvas.line(&[(at(error), top), (at(error), bottom)], canvas::GRID, 1);
        canvas.centred((at(error), bottom + 8), &format!("{:+} %", step * 10).replace("+0", "0"), 12);
    }
    canvas.line(&[(at(0.0), top), (at(0.0), bottom)], canvas::BLACK, 1);
    let height = (bottom - top) / figure.strips.len().max(1) as i32;
    for (i, strip) in figure.strips.iter().enumerate() {
        strip.draw(canvas, top + height * i as i32, height);
    }
    canvas.frame(AREA);
    canvas.centred(((left + right) / 2, bottom + 30), &figure.label, 14);
}

impl Strip {
    fn draw(&self, canvas: &Canvas<'_>, top: i32, height: i32) {
        let middle = top + height / 2;
        canvas.right_aligned((AREA.0 - 10, middle - 7), &self.name, 12);
        for &error in &self.errors {
            canvas.line(&[(at(error), middle - 6), (at(error), middle + 6)], colour(0), 1);
        }
        let mut sorted = self.errors.clone();
        sorted.sort_by(f64::total_cmp);
        if let Some(&median) = sorted.get(sorted.len() / 2) {
            canvas.fill(&rectangle(at(median) - 2, middle - 10, at(median) + 2, middle + 10), colour(1));
        }
        for (i, (error, name)) in self.named.iter().enumerate() {
            let beyond = if error.abs() > END { format!(" {:+.0} %", 100.0 * error) } else { String::new() };
            let name: String = name.chars().take(NAME).collect();
            let at: Pixel = (at(*error), middle - 22 - 12 * i as i32);
            match *error > 0.0 {
                true => canvas.right_aligned((at.0 - 6, at.1 + 3), &format!("{name}{beyond}"), 11),
                false => canvas.text((at.0 + 6, at.1 + 3), &format!("{name}{beyond}"), 11, canvas::BLACK),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missed_is_named_and_what_lies_beyond_the_axis_has_its_value() {
        let strip = Strip { name: "cards".into(), errors: vec![0.02, 3.62], named: vec![(3.62, "QAT".into())] };
        let (title, subtitle, label, footnote) = ("t".into(), "s".into(), "Error".into(), "f".into());
        let svg = strips_svg(&Strips { title, subtitle, label, strips: vec![strip], footnote }).unwrap();
        for text in ["cards", "QAT +362 %", "+60 %"] {
            assert!(svg.contains(text), "{text}");
        }
    }
}
