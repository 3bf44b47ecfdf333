//! Curves as SVG: points with error bars, closed-form bounds as thin dashed lines, a legend beside the plot.

use super::axis::Ticks;
use super::canvas::{self, Canvas, GREY, Pixel, colour, rectangle, sheet};
use super::paper::{LEGEND_WIDTH, PlotError, SIZE, Scale};

/// A figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Title.
    pub title: String,
    /// One line below it: the question.
    pub subtitle: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// Curves.
    pub curves: Vec<Curve>,
    /// Small print: where the numbers come from.
    pub footnote: String,
}

/// An axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// Label with unit, and the basis of a rate.
    pub label: String,
    /// Scale.
    pub scale: Scale,
}

/// A curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Name in the legend.
    pub name: String,
    /// Points, in order of x.
    pub points: Vec<Point>,
    /// Closed-form bound; empty if there is none.
    pub bound: Vec<(f64, f64)>,
    /// Where most of what it may be lies, as (x, low, high); empty if that is not known.
    pub band: Vec<(f64, f64, f64)>,
    /// How it is drawn.
    pub style: Style,
}

impl Curve {
    /// Points with neither bound nor band.
    pub fn new(name: &str, points: Vec<Point>, style: Style) -> Self {
        Curve { name: name.to_owned(), points, bound: Vec::new(), band: Vec::new(), style }
    }
}

/// How a curve is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Marks on a line.
    Curve,
    /// Marks alone: what was published. The next curve is the model's, in the same colour.
    Published,
    /// A line alone, which belongs to the marks of the curve before.
    Line,
}

impl Style {
    /// The colour and mark of the curve at a place: a line has those of its marks.
    fn number(curves: &[Curve], i: usize) -> usize {
        curves[..=i].iter().filter(|curve| curve.style != Style::Line).count().saturating_sub(1)
    }
}

/// A point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Horizontal value.
    pub x: f64,
    /// Vertical value.
    pub y: f64,
    /// Half-width of the error bar.
    pub half_width: Option<f64>,
}

/// Plot area: left, top, right, bottom.
const AREA: (i32, i32, i32, i32) = (76, 72, 690, 478);
/// From so many points on, marks are small.
const DENSE: usize = 40;
/// Half the width of the band of a point that stands alone.
const LONE: i32 = 7;

/// Draws a figure. Values that are not finite, and those that a logarithm does not take, are left out.
///
/// # Errors
/// [`PlotError`] if the drawing library refuses an element.
pub fn svg(figure: &Figure) -> Result<String, PlotError> {
    sheet(SIZE, [&figure.title, &figure.subtitle, &figure.footnote], |canvas| draw(canvas, figure))
}

fn draw(canvas: &Canvas<'_>, figure: &Figure) {
    let (left, top, right, bottom) = AREA;
    let curves: Vec<Curve> = figure.curves.iter().map(|curve| drawable(curve, figure)).collect();
    let xs: Vec<f64> = curves.iter().flat_map(|c| c.points.iter().map(|p| p.x)).collect();
    let ys: Vec<f64> = curves
        .iter()
        .flat_map(|c| {
            let ends = c.points.iter().flat_map(|p| [p.y, p.y + p.half_width.unwrap_or(0.0)]);
            ends.chain(c.bound.iter().map(|b| b.1)).chain(c.band.iter().map(|b| b.2)).collect::<Vec<_>>()
        })
        .collect();
    if xs.is_empty() {
        canvas.text(((left + right) / 2 - 30, (top + bottom) / 2), "no data", 16, GREY);
        return canvas.frame(AREA);
    }
    let x = Ticks::horizontal(figure.x.scale, &xs);
    let y = Ticks::vertical(figure.y.scale, &ys);
    let at = |px: f64, py: f64| -> Pixel {
        let (fx, fy) = (x.position(px), y.position(py).clamp(-0.02, 1.02));
        (left + (fx * f64::from(right - left)).round() as i32, bottom - (fy * f64::from(bottom - top)).round() as i32)
    };
    for (value, label) in &x.labelled {
        let px = at(*value, ys[0]).0;
        canvas.line(&[(px, top), (px, bottom)], canvas::GRID, 1);
        // Below a mark that stands at zero.
        canvas.centred((px, bottom + 14), label, 12);
    }
    for (value, label) in &y.labelled {
        let py = at(xs[0], *value).1;
        canvas.line(&[(left, py), (right, py)], canvas::GRID, 1);
        canvas.right_aligned((left - 8, py - 7), label, 12);
    }
    canvas.frame(AREA);
    canvas.centred(((left + right) / 2, bottom + 34), &figure.x.label, 14);
    canvas.upright((18, (top + bottom) / 2), &figure.y.label, 14);
    for (i, curve) in curves.iter().enumerate() {
        bands(canvas, curve, Style::number(&curves, i), &at);
    }
    for (i, curve) in curves.iter().enumerate() {
        canvas.dashed(&curve.bound.iter().map(|b| at(b.0, b.1)).collect::<Vec<_>>(), colour(Style::number(&curves, i)));
    }
    for (i, curve) in curves.iter().enumerate().filter(|(_, curve)| curve.style != Style::Published) {
        let i = Style::number(&curves, i);
        let pixels: Vec<Pixel> = curve.points.iter().map(|p| at(p.x, p.y)).collect();
        // Later curves are thinner: one that lies on another leaves it visible.
        canvas.line(&pixels, colour(i), 5 - i.min(3) as u32);
    }
    let mut intervals = None;
    for (i, curve) in curves.iter().enumerate().filter(|(_, curve)| curve.style != Style::Line) {
        let i = Style::number(&curves, i);
        let pixels: Vec<Pixel> = curve.points.iter().map(|p| at(p.x, p.y)).collect();
        for (point, &pixel) in curve.points.iter().zip(&pixels) {
            if let Some(width) = point.half_width {
                let (low, high) = (at(point.x, point.y - width).1, at(point.x, point.y + width).1);
                // A bar that hides behind its mark says nothing.
                let is_seen = low - high > 8;
                if is_seen {
                    canvas.whisker(pixel.0, high, low, colour(i));
                }
                intervals = Some(intervals.unwrap_or(false) || is_seen);
            }
            canvas.mark(pixel, i, curve.points.len() > DENSE);
        }
    }
    legend(canvas, &curves, intervals);
}

/// A light area behind a curve, from point to point as far as they have a band; a bar where a point beside has none.
fn bands(canvas: &Canvas<'_>, curve: &Curve, number: usize, at: &dyn Fn(f64, f64) -> Pixel) {
    let of = |point: &Point| curve.band.iter().find(|(x, ..)| *x == point.x);
    for run in curve.points.chunk_by(|a, b| of(a).is_some() && of(b).is_some()) {
        let there: Vec<_> = run.iter().filter_map(of).collect();
        let edge = |end: fn(&(f64, f64, f64)) -> f64| there.iter().map(move |band| at(band.0, end(band)));
        let mut outline: Vec<Pixel> = edge(|band| band.1).collect();
        outline.extend(edge(|band| band.2).rev());
        if let [low, high] = outline[..] {
            outline = rectangle(low.0 - LONE, high.1, low.0 + LONE, low.1).to_vec();
        }
        canvas.area(&outline, colour(number));
    }
}

/// Names beside the plot, from the highest curve at its right end to the lowest. `intervals` is whether one was drawn;
/// `None` if there is none.
fn legend(canvas: &Canvas<'_>, curves: &[Curve], intervals: Option<bool>) {
    let mut order: Vec<usize> =
        (0..curves.len()).filter(|&i| !curves[i].points.is_empty() && curves[i].style != Style::Line).collect();
    let last = |i: usize| curves[i].points.last().map_or(f64::NEG_INFINITY, |p| p.y);
    order.sort_by(|&a, &b| last(b).total_cmp(&last(a)));
    let (left, mut top) = (AREA.2 + 18, AREA.1 + 6);
    for i in order {
        let number = Style::number(curves, i);
        canvas.line(&[(left, top + 7), (left + 28, top + 7)], colour(number), 2);
        canvas.mark((left + 14, top + 7), number, false);
        top = canvas.lines((left + 38, top), &curves[i].name, LEGEND_WIDTH, canvas::BLACK) + 6;
    }
    if curves.iter().any(|curve| !curve.bound.is_empty()) {
        canvas.dashed(&[(left, top + 13), (left + 28, top + 13)], GREY);
        canvas.text((left + 38, top + 6), "closed-form bound", 13, GREY);
        top += 22;
    }
    if let Some(is_drawn) = intervals {
        if is_drawn {
            canvas.whisker(left + 14, top + 6, top + 20, GREY);
            canvas.text((left + 38, top + 6), "95 % interval", 13, GREY);
        } else {
            canvas.text((left, top + 6), "95 % interval: within the marks", 13, GREY);
        }
        top += 22;
    }
    if curves.iter().any(|curve| !curve.band.is_empty()) {
        canvas.area(&rectangle(left, top + 8, left + 28, top + 20), GREY);
        canvas.text((left + 38, top + 6), "95 % of draws", 13, GREY);
    }
}

fn drawable(curve: &Curve, figure: &Figure) -> Curve {
    let takes = |scale: Scale, value: f64| value.is_finite() && (scale == Scale::Linear || value > 0.0);
    let is_taken = |x: f64, ys: &[f64]| takes(figure.x.scale, x) && ys.iter().all(|y| takes(figure.y.scale, *y));
    let mut curve = curve.clone();
    curve.points.retain(|p| is_taken(p.x, &[p.y]));
    curve.points.iter_mut().for_each(|p| p.half_width = p.half_width.filter(|width| width.is_finite()));
    curve.points.sort_by(|a, b| a.x.total_cmp(&b.x));
    curve.bound.retain(|(x, y)| is_taken(*x, &[*y]));
    curve.band.retain(|(x, low, high)| is_taken(*x, &[*low, *high]));
    curve.band.sort_by(|a, b| a.0.total_cmp(&b.0));
    curve
}

#[cfg(test)]
mod tests {
    use super::super::paper::wrap;
    use super::*;

    fn figure(curves: Vec<Curve>) -> Figure {
        let axis = |label: &str, scale| Axis { label: label.into(), scale };
        Figure {
            title: "a < b & c".into(),
            subtitle: "why?".into(),
            x: axis("Packet (B)", Scale::Log2),
            y: axis("Goodput (Gb/s)", Scale::Linear),
            curves,
            footnote: "here".into(),
        }
    }

    fn curve(name: &str, ys: &[f64]) -> Curve {
        let x = |i: usize| 64.0 * 2f64.powi(i as i32);
        let points =
            ys.iter().enumerate().map(|(i, &y)| Point { x: x(i), y, half_width: Some(0.3 * y) }).collect::<Vec<_>>();
        Curve {
            name: name.into(),
            bound: points.iter().map(|p| (p.x, 1.1 * p.y)).collect(),
            points,
            band: Vec::new(),
            style: Style::Curve,
        }
    }

    #[test]
    fn labels_are_there_and_escaped() {
        let svg = svg(&figure(vec![curve("host & co", &[1.0, 2.0, 4.0])])).unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        for label in ["a &lt; b &amp; c", "host &amp; co", "Packet (B)", "Goodput (Gb/s)", "128", "closed-form bound"] {
            assert!(svg.contains(label), "{label}");
        }
        assert!(!svg.contains("b & c"));
    }

    #[test]
    fn odd_data_is_drawn_or_left_out() {
        assert!(svg(&figure(vec![])).unwrap().contains("no data"));
        assert!(svg(&figure(vec![curve("nan", &[f64::NAN, f64::INFINITY])])).unwrap().contains("no data"));
        for ys in [&[5.0][..], &[0.0, 0.0], &[1e-9, 1e12], &[-1.0, 3.0]] {
            assert!(svg(&figure(vec![curve("odd", ys), curve("same", ys)])).unwrap().contains("same"));
        }
    }

    #[test]
    fn the_legend_tells_of_intervals_as_they_are_drawn() {
        let drawn = |half_width: Option<f64>| {
            let mut curve = curve("a", &[1.0, 2.0]);
            curve.points.iter_mut().for_each(|point| point.half_width = half_width);
            svg(&figure(vec![curve])).unwrap()
        };
        let within = "95 % interval: within the marks";
        assert!(drawn(Some(0.5)).contains("95 % interval") && !drawn(Some(0.5)).contains(within));
        assert!(drawn(Some(1e-3)).contains(within));
        assert!(!drawn(None).contains("95 % interval"));
    }

    #[test]
    fn bytes_are_the_same_every_time() {
        let figure = figure(vec![curve("a", &[1.0, 2.0]), curve("b", &[1.0, 3.0])]);
        assert_eq!(svg(&figure).unwrap(), svg(&figure).unwrap());
    }

    #[test]
    fn long_names_are_wrapped_at_spaces() {
        assert_eq!(
            wrap("lookaside, shared uplink behind a switch", 24),
            ["lookaside, shared uplink", "behind a switch"]
        );
        assert_eq!(wrap("", 10), [""]);
    }
}
