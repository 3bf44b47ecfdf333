//! Bars side by side: each a whole of parts, or a value with its range.

use super::axis::Ticks;
use super::canvas::{self, Canvas, LINE, Pixel, TEXT, WIDTH, Words, rectangle, sheet};
use super::identity::{Look, part, plain_looks};
use super::paper::wrap;

/// A figure of bars.
#[derive(Debug, Clone, PartialEq)]
pub struct Bars {
    /// Title, finding, small print.
    pub words: Words,
    /// Label of the axis, with unit.
    pub label: String,
    /// The axis ends here at the least.
    pub end: Option<f64>,
    /// Bars in groups, from above.
    pub groups: Vec<BarGroup>,
    /// Names of parts, where bars have several; the order of colours.
    pub parts: Vec<String>,
}

/// Bars of one design or at one place.
#[derive(Debug, Clone, PartialEq)]
pub struct BarGroup {
    /// Its name above its bars; empty where the bars' own names say all.
    pub name: String,
    /// Its bars, from above.
    pub bars: Vec<Bar>,
}

/// A bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// Its name.
    pub name: String,
    /// The placement that it is of, where it is of one.
    pub design: Option<String>,
    /// Its parts, one for each name of parts; one value where there are none.
    pub values: Vec<f64>,
    /// Where its length lies for most draws.
    pub range: Option<(f64, f64)>,
    /// What stands at its end.
    pub text: String,
    /// Whether it is lighter than others: it is beside the point.
    pub faint: bool,
}

/// Right edge of the plot, and characters of a name's line left of it.
const RIGHT: i32 = WIDTH - 16;
const NAME: usize = 20;
/// Height of a bar with its gap, and of the name of a group.
const HEIGHT: i32 = 26;
const HEADING: i32 = LINE + 6;
/// Room below the last bar, and height of a row of the legend.
const FOOT: i32 = 52;
const ROW: i32 = LINE + 4;
/// Opacity of a faint bar.
const FAINT: f64 = 0.45;

/// Draws bars.
pub fn bars_svg(figure: &Bars) -> String {
    let legend = legend(figure);
    let height = groups_height(figure) + FOOT + legend.len() as i32 * ROW;
    sheet(&figure.words, height, |canvas, top| Drawing::new(figure, top).draw(canvas, &legend))
}

fn bar_height(bar: &Bar) -> i32 {
    HEIGHT.max(wrap(&bar.name, NAME).len() as i32 * LINE + 6)
}

fn groups_height(figure: &Bars) -> i32 {
    let of = |group: &BarGroup| {
        let heading = if group.name.is_empty() { 0 } else { HEADING };
        heading + group.bars.iter().map(bar_height).sum::<i32>() + 6
    };
    figure.groups.iter().map(of).sum()
}

struct Drawing<'a> {
    figure: &'a Bars,
    top: i32,
    left: i32,
    /// Where texts at the ends of bars begin at the latest.
    right: i32,
    x: Ticks,
    looks: Vec<Look>,
}

impl<'a> Drawing<'a> {
    fn new(figure: &'a Bars, top: i32) -> Self {
        let bars = || figure.groups.iter().flat_map(|group| &group.bars);
        let widest =
            |of: fn(&Bar) -> Vec<String>| bars().flat_map(of).map(|line| canvas::width(&line, TEXT)).max().unwrap_or(0);
        let left = 20 + widest(|bar| wrap(&bar.name, NAME));
        let right = RIGHT - widest(|bar| vec![bar.text.clone()]) - 8;
        let ends = bars().map(|bar| bar.values.iter().sum::<f64>().max(bar.range.map_or(0.0, |range| range.1)));
        let end = ends.chain(figure.end).filter(|end| end.is_finite()).fold(0.0, f64::max);
        let x = Ticks::span(if end > 0.0 { end } else { 1.0 });
        let looks = plain_looks(&bars().map(|bar| bar.design.as_deref()).collect::<Vec<_>>());
        Drawing { figure, top, left, right, x, looks }
    }

    fn at(&self, value: f64) -> i32 {
        let share = self.x.position(value.max(0.0)).clamp(0.0, 1.0);
        self.left + (share * f64::from(self.right - self.left)).round() as i32
    }

    fn draw(&self, canvas: &Canvas, legend: &[Vec<usize>]) {
        let bottom = self.top + groups_height(self.figure);
        let ticks = || self.x.labelled.iter();
        let grid: Vec<[Pixel; 2]> = ticks().map(|(v, _)| [(self.at(*v), self.top), (self.at(*v), bottom)]).collect();
        canvas.many(&grid, canvas::GRID, 1);
        ticks().for_each(|(value, label)| canvas.centred((self.at(*value), bottom + 6), label));
        canvas.centred(((self.left + self.right) / 2, bottom + 26), &self.figure.label);
        let mut looks = self.looks.iter();
        let mut y = self.top;
        for group in &self.figure.groups {
            if !group.name.is_empty() {
                canvas.on_paper((12, y + 4), &group.name, canvas::BLACK);
                y += HEADING;
            }
            for bar in &group.bars {
                let height = bar_height(bar);
                if let Some(look) = looks.next() {
                    self.bar(canvas, bar, *look, (y, height));
                }
                y += height;
            }
            y += 6;
        }
        canvas.line(&[(self.left, self.top), (self.left, bottom)], canvas::BLACK, 1);
        self.legend(canvas, legend, bottom + FOOT);
    }

    fn bar(&self, canvas: &Canvas, bar: &Bar, look: Look, (top, height): (i32, i32)) {
        let lines = wrap(&bar.name, NAME);
        for (i, line) in lines.iter().enumerate() {
            let y = top + (height - LINE * lines.len() as i32) / 2 + LINE * i as i32 + 2;
            canvas.right_aligned((self.left - 8, y), line);
        }
        let middle = top + height / 2;
        let mut from = 0.0;
        for (i, &value) in bar.values.iter().enumerate().filter(|(_, value)| value.is_finite()) {
            let colour = if self.figure.parts.is_empty() { look.colour } else { part(i) };
            let edges = rectangle(self.at(from), middle - 8, self.at(from + value), middle + 8);
            if edges[0].0 < edges[1].0 {
                canvas.shade(&edges, colour, if bar.faint { FAINT } else { 1.0 });
            }
            from += value;
        }
        let mut end = from;
        if let Some((low, high)) = bar.range {
            canvas.range(middle, self.at(low), self.at(high), canvas::BLACK);
            end = end.max(high);
        }
        canvas.on_paper((self.at(end) + 8, middle - 7), &bar.text, canvas::BLACK);
    }

    fn legend(&self, canvas: &Canvas, rows: &[Vec<usize>], top: i32) {
        for (i, row) in rows.iter().enumerate() {
            let (mut left, top) = (12, top + i as i32 * ROW);
            for &n in row {
                canvas.fill(&rectangle(left, top + 1, left + 14, top + 13), part(n));
                canvas.text((left + 20, top), &self.figure.parts[n], canvas::BLACK);
                left += entry(&self.figure.parts[n]);
            }
        }
    }
}

fn entry(name: &str) -> i32 {
    20 + canvas::width(name, TEXT) + 10
}

/// Numbers of those parts that some bar has, in rows that fit.
fn legend(figure: &Bars) -> Vec<Vec<usize>> {
    let bars = || figure.groups.iter().flat_map(|group| &group.bars);
    let (mut rows, mut free): (Vec<Vec<usize>>, i32) = (Vec::new(), 0);
    for (i, name) in figure.parts.iter().enumerate() {
        if !bars().any(|bar| bar.values.get(i).is_some_and(|value| *value > 0.0)) {
            continue;
        }
        if rows.is_empty() || entry(name) > free {
            rows.push(Vec::new());
            free = WIDTH - 24;
        }
        free -= entry(name);
        rows.last_mut().into_iter().for_each(|row| row.push(i));
    }
    rows
}

impl Bar {
    /// A bar of a design, with what stands at its end.
    pub fn new(name: &str, design: Option<&str>, values: Vec<f64>, text: String) -> Self {
        Bar { name: name.into(), design: design.map(str::to_owned), values, range: None, text, faint: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(bars: Vec<Bar>, parts: &[&str]) -> Bars {
        Bars {
            words: Words::new("t", "f", "here"),
            label: "Cycles".into(),
            end: None,
            groups: vec![BarGroup { name: "kernel".into(), bars }],
            parts: parts.iter().map(|&part| part.to_owned()).collect(),
        }
    }

    #[test]
    fn parts_are_stacked_and_those_that_nobody_has_are_not_named() {
        let bars = vec![Bar::new("a", Some("host"), vec![10.0, 0.0, 30.0], "40".into())];
        let svg = bars_svg(&figure(bars, &["send", "copy", "aead"]));
        for (text, there) in [(">send<", true), (">copy<", false), (">aead<", true), (">40<", true), ("kernel", true)] {
            assert_eq!(svg.contains(text), there, "{text}: {svg}");
        }
        let has = |i: usize| svg.contains(&part(i).to_string());
        assert!(has(0) && has(2) && !has(1));
    }

    #[test]
    fn a_range_lengthens_the_axis_and_designs_have_their_colours() {
        let bar = |name: &str, n: f64| Bar {
            range: Some((n / 2.0, n * 4.0)),
            ..Bar::new(name, Some(name), vec![n], String::new())
        };
        let svg = bars_svg(&figure(vec![bar("host", 10.0), bar("lookaside", 20.0)], &[]));
        assert!(svg.contains("#0072b2") && svg.contains("#d55e00") && svg.contains(">80<"), "{svg}");
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert!(bars_svg(&figure(Vec::new(), &[])).contains("<svg"));
        assert!(bars_svg(&figure(vec![Bar::new("a", None, vec![f64::NAN], String::new())], &[])).contains("<svg"));
    }
}
