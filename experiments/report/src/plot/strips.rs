//! Errors on one axis, a line for each kind: where values lie, how far off most are, and which are missed.

use super::canvas::{self, Canvas, LINE, Pixel, TEXT, WIDTH, Words, rectangle, sheet};
use super::colour::Colour;

/// Errors by kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Strips {
    /// Title, finding, small print.
    pub words: Words,
    /// Label of the axis.
    pub label: String,
    /// Kinds, from above.
    pub strips: Vec<Strip>,
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

/// Left and right of the plot; names stand left of it.
const SIDES: (i32, i32) = (134, WIDTH - 32);
/// Height of a kind, and room below the last.
const HEIGHT: i32 = 44;
const FOOT: i32 = 54;
/// The axis ends here on either side. What lies beyond stands at the end, with its value.
const END: f64 = 0.6;
/// Within this, a prediction is called good.
const GOOD: f64 = 0.1;
/// Characters of a name.
const NAME: usize = 34;
/// Errors, medians, and what is good.
const ERRORS: Colour = Colour(0x47, 0x76, 0xb5);
const MEDIAN: Colour = Colour(0xd5, 0x5e, 0x00);
const WITHIN: Colour = Colour(0x21, 0x91, 0x8c);

/// Draws errors by kind.
pub fn strips_svg(figure: &Strips) -> String {
    let height = figure.strips.len() as i32 * HEIGHT + FOOT;
    sheet(&figure.words, height, |canvas, top| draw(canvas, figure, top))
}

fn at(error: f64) -> i32 {
    let (left, right) = SIDES;
    left + ((error.clamp(-END, END) + END) / (2.0 * END) * f64::from(right - left)).round() as i32
}

fn draw(canvas: &Canvas, figure: &Strips, top: i32) {
    let (left, right) = SIDES;
    let bottom = top + figure.strips.len() as i32 * HEIGHT;
    canvas.area(&rectangle(at(-GOOD), top, at(GOOD), bottom), WITHIN);
    let steps = (-6..=6).map(|step| f64::from(step) / 10.0);
    let grid: Vec<[Pixel; 2]> = steps.map(|error| [(at(error), top), (at(error), bottom)]).collect();
    canvas.many(&grid, canvas::GRID, 1);
    for step in (-6..=6).step_by(2) {
        let label = format!("{:+} %", step * 10).replace("+0", "0");
        canvas.centred((at(f64::from(step) / 10.0), bottom + 8), &label);
    }
    canvas.line(&[(at(0.0), top), (at(0.0), bottom)], canvas::BLACK, 1);
    for (i, strip) in figure.strips.iter().enumerate() {
        strip.draw(canvas, top + HEIGHT * i as i32);
    }
    canvas.frame((left, top, right, bottom));
    canvas.centred(((left + right) / 2, bottom + 30), &figure.label);
}

/// The middle value, or the mean of the two in the middle.
fn median(errors: &[f64]) -> Option<f64> {
    let mut sorted = errors.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    match sorted.len() % 2 {
        1 => sorted.get(half).copied(),
        _ => Some((sorted.get(half.checked_sub(1)?)? + sorted.get(half)?) / 2.0),
    }
}

impl Strip {
    fn draw(&self, canvas: &Canvas, top: i32) {
        let middle = top + HEIGHT * 2 / 3;
        canvas.right_aligned((SIDES.0 - 10, middle - 7), &self.name);
        // What lies on the same pixel is one line.
        let mut places: Vec<i32> = self.errors.iter().map(|error| at(*error)).collect();
        places.sort_unstable();
        places.dedup();
        let lines: Vec<[Pixel; 2]> = places.into_iter().map(|x| [(x, middle - 6), (x, middle + 6)]).collect();
        canvas.many(&lines, ERRORS, 1);
        if let Some(median) = median(&self.errors) {
            canvas.fill(&rectangle(at(median) - 2, middle - 10, at(median) + 2, middle + 10), MEDIAN);
        }
        for (i, (error, name)) in self.named.iter().enumerate() {
            let beyond = if error.abs() > END { format!(" {:+.0} %", 100.0 * error) } else { String::new() };
            let name: String = name.chars().take(NAME).collect::<String>() + &beyond;
            let wide = canvas::width(&name, TEXT);
            let x = if *error > 0.0 { at(*error) - 6 - wide } else { at(*error) + 6 };
            let x = x.clamp(SIDES.0 + 4, (SIDES.1 - wide - 4).max(SIDES.0 + 4));
            canvas.on_paper((x, top - 1 + LINE * i as i32), &name, canvas::BLACK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missed_is_named_and_what_lies_beyond_the_axis_has_its_value() {
        let strip = Strip { name: "cards".into(), errors: vec![0.02, 3.62], named: vec![(3.62, "QAT".into())] };
        let figure = Strips { words: Words::new("t", "s", "f"), label: "Error".into(), strips: vec![strip] };
        let svg = strips_svg(&figure);
        for text in ["cards", "QAT +362 %", "+60 %"] {
            assert!(svg.contains(text), "{text}");
        }
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        assert_eq!(median(&[0.4, 0.1, 0.2]), Some(0.2));
        assert_eq!(median(&[0.4, 0.1, 0.2, 0.3]), Some(0.25));
        assert_eq!(median(&[]), None);
    }
}
