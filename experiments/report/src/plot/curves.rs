//! Curves as SVG: points with error bars, closed-form bounds as dotted lines, names at the ends of lines.

use super::axis::Ticks;
use super::canvas::{self, Canvas, GREY, LINE, Pixel, WIDTH, Words, rectangle, sheet};
use super::identity::{Look, Mark, looks};
use super::labels::{self, Named};
use super::paper::Scale;

/// A figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Title, finding, small print.
    pub words: Words,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// Curves.
    pub curves: Vec<Curve>,
    /// Lines to compare with: a line rate, a goal.
    pub references: Vec<Reference>,
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
    /// Its name.
    pub name: String,
    /// The placement that it is of, where it is of one.
    pub design: Option<String>,
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
    /// Points with neither design nor bound nor band.
    pub fn new(name: &str, points: Vec<Point>, style: Style) -> Self {
        Curve { name: name.to_owned(), design: None, points, bound: Vec::new(), band: Vec::new(), style }
    }
}

/// A thin line with a name, behind the curves. A linear axis is not made longer for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// Its name.
    pub name: String,
    /// Its points; one point is a line through the whole plot.
    pub points: Vec<(f64, f64)>,
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

/// Left edge and height of the plot, room above it for the label of its axis and below for that of the other.
const LEFT: i32 = 58;
const HEIGHT: i32 = 340;
const ABOVE: i32 = LINE + 8;
const BELOW: i32 = 52;
/// From so many points on, marks are small.
const DENSE: usize = 40;
/// Half the width of the band of a point that stands alone.
const LONE: i32 = 7;
/// The pattern of closed-form bounds.
const DOTS: &str = "1 3";

/// Draws a figure. Values that are not finite, and those that a logarithm does not take, are left out.
pub fn svg(figure: &Figure) -> String {
    let curves: Vec<Curve> = figure.curves.iter().map(|curve| drawable(curve, figure)).collect();
    let intervals = intervals(&curves);
    let mut words = figure.words.clone();
    words.notes.extend(signs(&curves, intervals));
    sheet(&words, ABOVE + HEIGHT + BELOW, |canvas, top| Plot::new(figure, &curves, top).draw(canvas))
}

/// What lines and areas mean.
fn signs(curves: &[Curve], intervals: Option<bool>) -> Vec<String> {
    let some = |is_there: bool, words: &str| is_there.then(|| words.to_owned());
    let signs = [
        some(curves.iter().any(|curve| !curve.band.is_empty()), "Shaded: 95 % of draws of the machine."),
        some(intervals == Some(true), "Bars: 95 % interval of the simulation."),
        some(intervals == Some(false), "95 % intervals of the simulation are within the marks."),
        some(curves.iter().any(|curve| !curve.bound.is_empty()), "Dotted: closed-form bound."),
    ];
    signs.into_iter().flatten().collect()
}

/// Whether an interval is wider than a mark; `None` if there is none.
fn intervals(curves: &[Curve]) -> Option<bool> {
    let most = curves.iter().flat_map(|curve| &curve.points).map(|point| point.y).fold(0.0, f64::max);
    let widths = curves.iter().flat_map(|curve| &curve.points).filter_map(|point| point.half_width);
    widths.map(|width| width > most * 4.0 / f64::from(HEIGHT)).reduce(|a, b| a || b)
}

/// Curves on their axes.
struct Plot<'a> {
    figure: &'a Figure,
    curves: &'a [Curve],
    looks: Vec<Look>,
    /// Left, top, right, bottom.
    area: (i32, i32, i32, i32),
    /// None where there is nothing to draw.
    axes: Option<(Ticks, Ticks)>,
}

impl<'a> Plot<'a> {
    fn new(figure: &'a Figure, curves: &'a [Curve], top: i32) -> Self {
        let right = WIDTH - 12 - labels::room(curves.iter().map(|curve| curve.name.as_str()));
        let area = (LEFT, top + ABOVE, right, top + ABOVE + HEIGHT);
        Plot { figure, curves, looks: looks_of(curves), area, axes: axes(figure, curves, right - LEFT) }
    }

    fn draw(&self, canvas: &Canvas) {
        let (left, top, right, bottom) = self.area;
        let Some((x, y)) = &self.axes else {
            canvas.text(((left + right) / 2 - 30, (top + bottom) / 2), "no data", GREY);
            return canvas.frame(self.area);
        };
        canvas.text((12, top - ABOVE + 2), &self.figure.y.label, canvas::BLACK);
        let across: Vec<[Pixel; 2]> =
            y.labelled.iter().map(|(v, _)| [(left, self.up(*v)), (right, self.up(*v))]).collect();
        let along: Vec<[Pixel; 2]> =
            x.labelled.iter().map(|(v, _)| [(self.across(*v), top), (self.across(*v), bottom)]).collect();
        canvas.many(&[across, along].concat(), canvas::GRID, 1);
        for (value, label) in &x.labelled {
            // Below a mark that stands at zero.
            canvas.centred((self.across(*value), bottom + 11), label);
        }
        for (value, label) in &y.labelled {
            canvas.right_aligned((left - 8, self.up(*value) - 6), label);
        }
        canvas.frame(self.area);
        canvas.centred(((left + right) / 2, bottom + 32), &self.figure.x.label);
        self.references(canvas);
        self.curves(canvas);
        labels::names(canvas, &self.named(), (top, right, bottom));
    }

    fn across(&self, value: f64) -> i32 {
        let (left, _, right, _) = self.area;
        let share = self.axes.as_ref().map_or(0.0, |(x, _)| x.position(value));
        left + (share * f64::from(right - left)).round() as i32
    }

    /// A little beyond the axis at the most.
    fn up(&self, value: f64) -> i32 {
        let (_, top, _, bottom) = self.area;
        let share = self.axes.as_ref().map_or(0.0, |(_, y)| y.position(value));
        bottom - (share.clamp(-0.02, 1.02) * f64::from(bottom - top)).round() as i32
    }

    fn at(&self, x: f64, y: f64) -> Pixel {
        (self.across(x), self.up(y))
    }

    fn curves(&self, canvas: &Canvas) {
        let of = |points: &[(f64, f64)]| points.iter().map(|(x, y)| self.at(*x, *y)).collect::<Vec<Pixel>>();
        let all = || {
            let mut all: Vec<(&Curve, &Look)> = self.curves.iter().zip(&self.looks).collect();
            // Hollow marks are larger: one that a full one lies on leaves its rim.
            all.sort_by_key(|(_, look)| (look.order, !look.hollow));
            all.into_iter()
        };
        for (curve, look) in all() {
            self.bands(canvas, curve, *look);
        }
        for (curve, look) in all() {
            canvas.dashed(&of(&curve.bound), look.colour, 1, DOTS);
        }
        for (curve, look) in all().filter(|(curve, _)| curve.style != Style::Published) {
            let points: Vec<(f64, f64)> = curve.points.iter().map(|p| (p.x, p.y)).collect();
            canvas.dashed(&of(&points), look.colour, 2, look.dash);
        }
        for (curve, look) in all().filter(|(curve, _)| curve.style != Style::Line) {
            for point in &curve.points {
                self.point(canvas, point, *look, curve.points.len() > DENSE);
            }
        }
    }

    fn point(&self, canvas: &Canvas, point: &Point, look: Look, dense: bool) {
        let pixel = self.at(point.x, point.y);
        if let Some(width) = point.half_width {
            let (low, high) = (self.up(point.y - width), self.up(point.y + width));
            // A bar that hides behind its mark says nothing.
            if low - high > 8 {
                canvas.whisker(pixel.0, high, low, look.colour);
            }
        }
        // Of marks that lie on each other the round ones, which are drawn first, leave a rim.
        let r = if look.mark == Mark::Circle { 5 } else { 4 } + if look.hollow { 2 } else { 0 };
        canvas.mark(pixel, look, if dense { 2 } else { r });
    }

    /// A light area behind a curve, from point to point as far as they have a band; a bar where a point beside has none.
    fn bands(&self, canvas: &Canvas, curve: &Curve, look: Look) {
        let of = |point: &Point| curve.band.iter().find(|(x, ..)| *x == point.x);
        for run in curve.points.chunk_by(|a, b| of(a).is_some() && of(b).is_some()) {
            let there: Vec<_> = run.iter().filter_map(of).collect();
            let edge = |end: fn(&(f64, f64, f64)) -> f64| there.iter().map(move |band| self.at(band.0, end(band)));
            let mut outline: Vec<Pixel> = edge(|band| band.1).collect();
            outline.extend(edge(|band| band.2).rev());
            if let [low, high] = outline[..] {
                outline = rectangle(low.0 - LONE, high.1, low.0 + LONE, low.1).to_vec();
            }
            canvas.area(&outline, look.colour);
        }
    }

    /// Lines to compare with, as far as they lie within the plot.
    fn references(&self, canvas: &Canvas) {
        let (left, top, right, _) = self.area;
        for reference in &self.figure.references {
            let pixels: Vec<Pixel> = match reference.points[..] {
                [(_, y)] => vec![(left, self.up(y)), (right, self.up(y))],
                _ => reference.points.iter().map(|(x, y)| self.at(*x, *y)).collect(),
            };
            for run in pixels.chunk_by(|a, b| a.1 >= top && b.1 >= top).filter(|run| run.len() > 1) {
                canvas.dashed(run, GREY, 1, "");
                // Left of a point and above it, where a line that rises leaves room.
                let (x, y) = run[run.len() / 2];
                let wide = canvas::width(&reference.name, canvas::TEXT);
                canvas.text(((x - 8 - wide).max(left + 4), y - LINE), &reference.name, GREY);
            }
        }
    }

    fn named(&self) -> Vec<Named<'_>> {
        let all = self.curves.iter().zip(&self.looks).filter(|(curve, _)| curve.style != Style::Line);
        let named = all.filter_map(|(curve, look)| {
            let last = curve.points.last()?;
            Some(Named { name: &curve.name, look: *look, end: self.at(last.x, last.y) })
        });
        named.collect()
    }
}

/// The look of each curve: a line has that of its marks.
fn looks_of(curves: &[Curve]) -> Vec<Look> {
    let own: Vec<&Curve> = curves.iter().filter(|curve| curve.style != Style::Line).collect();
    let mut looks = looks(&own.iter().map(|curve| curve.design.as_deref()).collect::<Vec<_>>()).into_iter();
    let mut last = None;
    let of = |curve: &Curve| {
        if curve.style != Style::Line || last.is_none() {
            last = looks.next().or(last);
        }
        last.unwrap_or_else(|| super::identity::looks(&[None])[0])
    };
    curves.iter().map(of).collect()
}

fn axes(figure: &Figure, curves: &[Curve], width: i32) -> Option<(Ticks, Ticks)> {
    let xs: Vec<f64> = curves.iter().flat_map(|c| c.points.iter().map(|p| p.x)).collect();
    let of = |c: &Curve| {
        let ends = c.points.iter().flat_map(|p| [p.y, p.y + p.half_width.unwrap_or(0.0)]);
        ends.chain(c.bound.iter().map(|b| b.1)).chain(c.band.iter().map(|b| b.2)).collect::<Vec<_>>()
    };
    let mut ys: Vec<f64> = curves.iter().flat_map(of).collect();
    // A goal is on a logarithmic axis whatever the values are, since what meets it lies decades below what does not.
    let goals = figure.references.iter().filter_map(|reference| match reference.points[..] {
        [(_, y)] if figure.y.scale != Scale::Linear && y > 0.0 => Some(y),
        _ => None,
    });
    ys.extend(goals);
    let is_empty = xs.is_empty();
    (!is_empty).then(|| (Ticks::horizontal(figure.x.scale, &xs, width), Ticks::vertical(figure.y.scale, &ys)))
}

fn drawable(curve: &Curve, figure: &Figure) -> Curve {
    let takes = |scale: Scale, value: f64| value.is_finite() && (scale == Scale::Linear || value > 0.0);
    // Zero has a place of its own on a vertical axis.
    let stands = |y: f64| takes(figure.y.scale, y) || y == 0.0;
    let is_taken = |x: f64, ys: &[f64]| takes(figure.x.scale, x) && ys.iter().all(|y| stands(*y));
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
mod tests;
