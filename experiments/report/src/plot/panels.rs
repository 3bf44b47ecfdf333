//! Several panels of stacked areas over one time axis.

use super::axis::Ticks;
use super::canvas::{self, Canvas, LINE, Pixel, TEXT, WIDTH, Words, rectangle, sheet};
use super::colour::Colour;
use super::identity::{part, plain_looks};
use super::paper::Scale;

/// A figure of panels, one below the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Panels {
    /// Title, finding, small print.
    pub words: Words,
    /// Label of the common axis, with unit.
    pub x_label: String,
    /// Width of each bin on the common axis, which starts at zero.
    pub width: f64,
    /// Panels, from top to bottom. One that has nothing to show is left out.
    pub panels: Vec<Panel>,
    /// Instants that all panels mark.
    pub instants: Vec<Instant>,
}

/// One panel: what its traces say together is its height.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// Label of the vertical axis, with unit.
    pub label: String,
    /// Traces, stacked from bottom to top. Those that are zero throughout are left out.
    pub traces: Vec<Trace>,
    /// The least that the axis reaches to.
    pub top: Option<f64>,
}

/// A value for each bin.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Name in the legend.
    pub name: String,
    /// The placement whose colour it has; else it has that of its place in the stack.
    pub design: Option<String>,
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

/// The plot area's left and right; names stand right of it, in lines of so many characters.
const SIDES: (i32, i32) = (58, 546);
const NAME: usize = 17;
/// Height of a panel, and of the label above it.
const HEIGHT: i32 = 104;
const LABEL: i32 = LINE + 6;
const GAP: i32 = 10;
/// Rows of labels of instants.
const ROWS: usize = 3;
/// Room below the last panel.
const FOOT: i32 = 48;
/// Labels that fit beside a panel.
const MOST_TICKS: usize = 5;
/// Steps that are drawn of a trace: more bins are joined, each step their mean.
const MOST_STEPS: usize = 240;

/// Draws the figure.
pub fn panels_svg(figure: &Panels) -> String {
    let shown: Vec<&Panel> = figure.panels.iter().filter(|panel| panel.top.is_some() || occurs(panel)).collect();
    let height = rows_height(figure) + shown.len() as i32 * (LABEL + HEIGHT + GAP) + FOOT;
    sheet(&figure.words, height, |canvas, top| draw(canvas, figure, &shown, top))
}

/// Whether a panel has anything to show.
fn occurs(panel: &Panel) -> bool {
    panel.traces.iter().any(|trace| trace.values.iter().any(|value| *value > 0.0))
}

fn rows_height(figure: &Panels) -> i32 {
    let labelled = figure.instants.iter().filter(|instant| !instant.label.is_empty()).count();
    labelled.min(ROWS) as i32 * LINE
}

fn draw(canvas: &Canvas, figure: &Panels, shown: &[&Panel], top: i32) {
    let bins = figure.panels.iter().flat_map(|panel| &panel.traces).map(|trace| trace.values.len()).max().unwrap_or(0);
    let end = bins as f64 * figure.width;
    if end <= 0.0 {
        return;
    }
    let x = Ticks::span(end);
    let first = top + rows_height(figure);
    let mut bottom = first;
    for (i, panel) in shown.iter().enumerate() {
        let top = first + i as i32 * (LABEL + HEIGHT + GAP) + LABEL;
        bottom = top + HEIGHT;
        draw_panel(canvas, panel, &x, end, top);
    }
    for (value, label) in &x.labelled {
        canvas.centred((across(&x, *value), bottom + 8), label);
    }
    canvas.centred(((SIDES.0 + SIDES.1) / 2, bottom + 26), &figure.x_label);
    instants(canvas, figure, &x, (top, first, bottom));
}

/// Lines through all panels; labels where there is room in one of the rows above them.
fn instants(canvas: &Canvas, figure: &Panels, x: &Ticks, (top, first, bottom): (i32, i32, i32)) {
    let mut free = [i32::MIN; ROWS];
    for instant in &figure.instants {
        let at = across(x, instant.at);
        canvas.dashed(&[(at, first), (at, bottom)], canvas::BLACK, 1, "5 4");
        let wide = canvas::width(&instant.label, TEXT);
        let left = (at - 4).min(WIDTH - 8 - wide);
        let Some(row) = free.iter().position(|free| left >= *free).filter(|_| !instant.label.is_empty()) else {
            continue;
        };
        canvas.text((left, top + row as i32 * LINE), &instant.label, canvas::BLACK);
        free[row] = left + wide + 8;
    }
}

fn across(x: &Ticks, value: f64) -> i32 {
    SIDES.0 + (x.position(value) * f64::from(SIDES.1 - SIDES.0)).round() as i32
}

/// Values of steps: bins joined so that there are not too many.
fn steps(values: &[f64]) -> Vec<f64> {
    let joined = values.len().div_ceil(MOST_STEPS).max(1);
    let finite = |value: f64| if value.is_finite() { value.max(0.0) } else { 0.0 };
    let mean = |bins: &[f64]| bins.iter().map(|value| finite(*value)).sum::<f64>() / bins.len() as f64;
    values.chunks(joined).map(mean).collect()
}

fn draw_panel(canvas: &Canvas, panel: &Panel, x: &Ticks, end: f64, top: i32) {
    let (left, right) = SIDES;
    let bottom = top + HEIGHT;
    let all: Vec<(usize, Vec<f64>)> = panel.traces.iter().map(|trace| steps(&trace.values)).enumerate().collect();
    let shown: Vec<(usize, Vec<f64>)> =
        all.into_iter().filter(|(_, values)| values.iter().any(|value| *value > 0.0)).collect();
    let n = shown.iter().map(|(_, values)| values.len()).max().unwrap_or(0);
    let mut sums = vec![0.0; n];
    let mut stacked: Vec<(usize, Vec<f64>, Vec<f64>)> = Vec::new();
    for (i, values) in &shown {
        let below = sums.clone();
        sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        stacked.push((*i, below, sums.clone()));
    }
    let y = Ticks::vertical(Scale::Linear, &sums.iter().copied().chain(panel.top).collect::<Vec<_>>());
    let up = |value: f64| bottom - (y.position(value).min(1.0) * f64::from(HEIGHT)).round() as i32;
    let colours = colours(panel);
    for (i, below, above) in &stacked {
        let at = |step: usize| across(x, end * step as f64 / n as f64);
        let edge = |values: &[f64]| -> Vec<Pixel> {
            let steps = values.iter().enumerate();
            steps.flat_map(|(step, &value)| [(at(step), up(value)), (at(step + 1), up(value))]).collect()
        };
        let mut outline = edge(above);
        outline.extend(edge(below).into_iter().rev());
        canvas.fill(&corners(&outline), colours[*i]);
    }
    // Every other tick where there are many: the panels are low. The axis's end is one of those that stay.
    let ticks = &y.labelled;
    let every = ticks.len().div_ceil(MOST_TICKS).max(1);
    for (value, label) in ticks.iter().rev().step_by(every) {
        canvas.right_aligned((left - 8, up(*value) - 6), label);
    }
    canvas.frame((left, top, right, bottom));
    let marks: Vec<[Pixel; 2]> =
        x.labelled.iter().map(|(v, _)| [(across(x, *v), bottom), (across(x, *v), bottom + 4)]).collect();
    canvas.many(&marks, canvas::BLACK, 1);
    canvas.on_paper((12, top - LABEL + 2), &panel.label, canvas::BLACK);
    legend(canvas, panel, &shown.iter().map(|(i, _)| *i).collect::<Vec<_>>(), &colours, top);
}

/// The colour of each trace: that of its design, or of its place in the stack.
fn colours(panel: &Panel) -> Vec<Colour> {
    let look = |trace: &Trace| trace.design.as_deref().map(|design| plain_looks(&[Some(design)])[0].colour);
    panel.traces.iter().enumerate().map(|(i, trace)| look(trace).unwrap_or_else(|| part(i + 1))).collect()
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
fn legend(canvas: &Canvas, panel: &Panel, shown: &[usize], colours: &[Colour], top: i32) {
    let left = SIDES.1 + 12;
    let mut at = top;
    for &i in shown.iter().rev() {
        canvas.fill(&rectangle(left, at + 1, left + 14, at + 13), colours[i]);
        at = canvas.lines((left + 20, at), &panel.traces[i].name, NAME, canvas::BLACK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(name: &str, values: &[f64]) -> Trace {
        Trace { name: name.into(), design: None, values: values.to_vec() }
    }

    #[test]
    fn steps_of_one_height_are_one() {
        let flat = [(0, 9), (1, 9), (1, 9), (2, 9), (2, 4), (3, 4), (3, 10), (2, 10), (1, 10), (0, 10)];
        assert_eq!(corners(&flat), [(0, 9), (2, 9), (2, 4), (3, 4), (3, 10), (0, 10)]);
    }

    #[test]
    fn many_bins_are_joined_and_what_was_in_them_is_kept() {
        let values: Vec<f64> = (0..4000).map(f64::from).collect();
        let joined = steps(&values);
        assert!(joined.len() <= MOST_STEPS);
        let area = joined.iter().sum::<f64>() * (values.len() as f64 / joined.len() as f64);
        assert!((area / values.iter().sum::<f64>() - 1.0).abs() < 0.01, "{area}");
        assert_eq!(steps(&[1.0, f64::NAN, -2.0]), [1.0, 0.0, 0.0]);
    }

    #[test]
    fn what_is_zero_throughout_is_left_out() {
        let panel = |label: &str, traces| Panel { label: label.into(), traces, top: None };
        let figure = Panels {
            words: Words::new("t", "q", ""),
            x_label: "Time (ms)".into(),
            width: 5.0,
            panels: vec![
                panel("Lost (kpps)", vec![trace("some", &[0.0, 1.0, f64::NAN]), trace("nothing", &[0.0; 3])]),
                panel("Replayed (kpps)", vec![trace("never", &[0.0; 3])]),
            ],
            instants: vec![Instant { at: 5.0, label: "link-down".into() }],
        };
        let svg = panels_svg(&figure);
        assert_eq!(svg, panels_svg(&figure));
        for (text, there) in [
            ("some", true),
            ("nothing", false),
            ("never", false),
            ("Replayed", false),
            ("link-down", true),
            (">15<", true),
        ] {
            assert_eq!(svg.contains(text), there, "{text}");
        }
        let host = Trace { design: Some("host".into()), ..trace("host", &[50.0; 3]) };
        let cpu = Panel { label: "CPU (%)".into(), traces: vec![host], top: Some(100.0) };
        let svg = panels_svg(&Panels { panels: vec![cpu], ..figure.clone() });
        assert!(svg.contains(">100<") && svg.contains(">60<") && svg.contains("#0072b2"), "{svg}");
        assert!(panels_svg(&Panels { panels: Vec::new(), ..figure }).contains("svg"));
    }
}
