//! Several panels of stacked areas over one time axis.

use super::axis::Ticks;
use super::canvas::{self, Canvas, Pixel, colour, rectangle, sheet};
use super::paper::{LEGEND_WIDTH, PlotError, Scale};

/// A figure of panels, one below the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Panels {
    /// Title.
    pub title: String,
    /// One line below it: the question.
    pub subtitle: String,
    /// Label of the common axis, with unit.
    pub x_label: String,
    /// Width of each bin on the common axis, which starts at zero.
    pub width: f64,
    /// Panels, from top to bottom.
    pub panels: Vec<Panel>,
    /// Instants that all panels mark.
    pub instants: Vec<Instant>,
    /// Small print: where the numbers come from.
    pub footnote: String,
}

/// One panel: what its traces say together is its height.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// Label of the vertical axis, with unit.
    pub label: String,
    /// Traces, stacked from bottom to top. Those that are zero throughout are left out.
    pub traces: Vec<Trace>,
    /// Number of the first trace's colour.
    pub colour: usize,
    /// The least that the axis reaches to.
    pub top: Option<f64>,
}

/// A value for each bin.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Name in the legend.
    pub name: String,
    /// One value for each bin.
    pub values: Vec<f64>,
}

/// A marked instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Instant {
    /// On the common axis.
    pub at: f64,
    /// Label above the panels; empty for none.
    pub label: String,
}

/// Width of the figure, and the plot area's left and right, in pixels.
const WIDTH: u32 = 960;
const SIDES: (i32, i32) = (86, 690);
/// Top of the first panel, height of a panel, and gap below it.
const FIRST: i32 = 104;
const HEIGHT: i32 = 120;
const GAP: i32 = 26;
/// Tops of the rows of labels above the first panel.
const ROWS: [i32; 2] = [FIRST - 22, FIRST - 37];
/// Room below the last panel.
const FOOT: i32 = 74;
/// Labels that fit beside a panel.
const MOST_TICKS: usize = 6;
/// Pixels of a label's character.
const CHARACTER: i32 = 7;

/// Draws the figure.
///
/// # Errors
/// [`PlotError`] if the drawing library refuses an element.
pub fn panels_svg(figure: &Panels) -> Result<String, PlotError> {
    let height = FIRST + figure.panels.len() as i32 * (HEIGHT + GAP) + FOOT;
    let texts = [figure.title.as_str(), &figure.subtitle, &figure.footnote];
    sheet((WIDTH, height as u32), texts, |canvas| draw(canvas, figure))
}

fn draw(canvas: &Canvas<'_>, figure: &Panels) {
    let bins = figure.panels.iter().flat_map(|panel| &panel.traces).map(|trace| trace.values.len()).max().unwrap_or(0);
    let end = bins as f64 * figure.width;
    if end <= 0.0 {
        return;
    }
    let x = Ticks::span(end);
    for (i, panel) in figure.panels.iter().enumerate() {
        let top = FIRST + i as i32 * (HEIGHT + GAP);
        draw_panel(canvas, panel, figure, &x, top);
    }
    let bottom = FIRST + figure.panels.len() as i32 * (HEIGHT + GAP) - GAP;
    for (value, label) in &x.labelled {
        canvas.centred((across(&x, *value), bottom + 8), label, 12);
    }
    canvas.centred(((SIDES.0 + SIDES.1) / 2, bottom + 28), &figure.x_label, 14);
    instants(canvas, figure, &x, bottom);
}

/// Lines through all panels; labels where there is room, in the second row if the first has none.
fn instants(canvas: &Canvas<'_>, figure: &Panels, x: &Ticks, bottom: i32) {
    let mut free = ROWS.map(|row| (row, 0));
    for instant in &figure.instants {
        let at = across(x, instant.at);
        canvas.dashed(&[(at, FIRST - 6), (at, bottom)], canvas::BLACK);
        let Some((row, free)) = free.iter_mut().find(|(_, free)| at >= *free) else { continue };
        if !instant.label.is_empty() {
            canvas.text((at - 4, *row), &instant.label, 12, canvas::BLACK);
            *free = at + CHARACTER * (instant.label.chars().count() as i32 + 1);
        }
    }
}

fn across(x: &Ticks, value: f64) -> i32 {
    SIDES.0 + (x.position(value) * f64::from(SIDES.1 - SIDES.0)).round() as i32
}

fn draw_panel(canvas: &Canvas<'_>, panel: &Panel, figure: &Panels, x: &Ticks, top: i32) {
    let (left, right) = SIDES;
    let bottom = top + HEIGHT;
    let finite = |value: f64| if value.is_finite() { value.max(0.0) } else { 0.0 };
    let shown: Vec<(usize, &Trace)> =
        panel.traces.iter().enumerate().filter(|(_, trace)| trace.values.iter().any(|&v| finite(v) > 0.0)).collect();
    let bins = panel.traces.iter().map(|trace| trace.values.len()).max().unwrap_or(0);
    let mut sums = vec![0.0; bins];
    let mut stacked: Vec<(usize, Vec<f64>, Vec<f64>)> = Vec::new();
    for (i, trace) in &shown {
        let below = sums.clone();
        for (sum, value) in sums.iter_mut().zip(&trace.values) {
            *sum += finite(*value);
        }
        stacked.push((*i, below, sums.clone()));
    }
    let values: Vec<f64> = sums.iter().copied().chain(panel.top).collect();
    let y = Ticks::vertical(Scale::Linear, &values);
    let up = |value: f64| bottom - (y.position(value).min(1.0) * f64::from(HEIGHT)).round() as i32;
    for (i, below, above) in &stacked {
        let edge = |values: &[f64]| -> Vec<Pixel> {
            let steps = values.iter().enumerate();
            let at = |bin: usize| across(x, bin as f64 * figure.width);
            steps.flat_map(|(bin, &value)| [(at(bin), up(value)), (at(bin + 1), up(value))]).collect()
        };
        let mut outline = edge(above);
        outline.extend(edge(below).into_iter().rev());
        canvas.fill(&corners(&outline), colour(panel.colour + i));
    }
    // Every other tick where there are many: the panels are low. The axis's end is one of those that stay.
    let ticks = &y.labelled;
    let skipped = if ticks.len() > MOST_TICKS { (ticks.len() - 1) % 2 } else { 0 };
    let every = if ticks.len() > MOST_TICKS { 2 } else { 1 };
    for (value, label) in ticks.iter().skip(skipped).step_by(every) {
        canvas.line(&[(left - 4, up(*value)), (left, up(*value))], canvas::BLACK, 1);
        canvas.right_aligned((left - 8, up(*value) - 7), label, 12);
    }
    canvas.frame((left, top, right, bottom));
    for (value, _) in &x.labelled {
        let at = across(x, *value);
        canvas.line(&[(at, bottom), (at, bottom + 4)], canvas::BLACK, 1);
    }
    canvas.upright((8, (top + bottom) / 2), &panel.label, 13);
    legend(canvas, &shown, panel.colour, top);
}

/// The points of an outline at which it turns: bins that stand equally high make one step.
fn corners(outline: &[Pixel]) -> Vec<Pixel> {
    let mut corners: Vec<Pixel> = Vec::new();
    for &point in outline {
        while let [.., a, b] = corners[..]
            && ((a.0 == b.0 && b.0 == point.0) || (a.1 == b.1 && b.1 == point.1))
        {
            corners.pop();
        }
        if corners.last() != Some(&point) {
            corners.push(point);
        }
    }
    corners
}

/// Names beside the panel, in the order of the stack.
fn legend(canvas: &Canvas<'_>, shown: &[(usize, &Trace)], first: usize, top: i32) {
    let left = SIDES.1 + 18;
    let mut at = top;
    for (i, trace) in shown.iter().rev() {
        canvas.fill(&rectangle(left, at + 2, left + 14, at + 14), colour(first + i));
        at = canvas.lines((left + 22, at), &trace.name, LEGEND_WIDTH, canvas::BLACK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_one_height_are_one() {
        let flat = [(0, 9), (1, 9), (1, 9), (2, 9), (2, 4), (3, 4), (3, 10), (2, 10), (1, 10), (0, 10)];
        assert_eq!(corners(&flat), [(0, 9), (2, 9), (2, 4), (3, 4), (3, 10), (0, 10)]);
    }

    #[test]
    fn what_is_zero_throughout_is_left_out() {
        let trace = |name: &str, values: &[f64]| Trace { name: name.into(), values: values.to_vec() };
        let panel = |traces| Panel { label: "Lost (kpps)".into(), traces, colour: 0, top: None };
        let figure = Panels {
            title: "t".into(),
            subtitle: "q".into(),
            x_label: "Time (ms)".into(),
            width: 5.0,
            panels: vec![
                panel(vec![trace("some", &[0.0, 1.0, f64::NAN]), trace("nothing", &[0.0; 3])]),
                panel(vec![trace("never", &[0.0; 3])]),
            ],
            instants: vec![Instant { at: 5.0, label: "link-down".into() }],
            footnote: String::new(),
        };
        let svg = panels_svg(&figure).unwrap();
        assert_eq!(svg, panels_svg(&figure).unwrap());
        for (text, there) in [("some", true), ("nothing", false), ("never", false), ("link-down", true), ("15", true)] {
            assert_eq!(svg.contains(text), there, "{text}");
        }
        let cpu =
            Panel { label: "CPU (%)".into(), traces: vec![trace("host", &[50.0; 3])], colour: 0, top: Some(100.0) };
        let svg = panels_svg(&Panels { panels: vec![cpu], ..figure.clone() }).unwrap();
        assert!(svg.contains(">\n100\n<") && svg.contains(">\n20\n<"), "{svg}");
        assert!(panels_svg(&Panels { panels: Vec::new(), ..figure }).unwrap().contains("svg"));
    }
}
