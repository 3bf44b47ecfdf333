//! Maps of cells, each in the colour of what does best there: the darker, the further it is ahead.

use plotters::style::RGBColor;

use super::canvas::{self, Canvas, GREY, colour, rectangle, sheet};
use super::paper::{LEGEND_WIDTH, PlotError};

/// Maps with the same axes, one below the other.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatMap {
    /// Title.
    pub title: String,
    /// One line below it: the question.
    pub subtitle: String,
    /// Label of the horizontal axis, with unit, and of each column.
    pub x: (String, Vec<String>),
    /// Label of the vertical axis, and of each row from the bottom.
    pub y: (String, Vec<String>),
    /// What cells are coloured by: names in the order of colours.
    pub names: Vec<String>,
    /// The maps.
    pub panels: Vec<HeatPanel>,
    /// What a hatched cell means.
    pub hatched: String,
    /// What an empty cell means.
    pub empty: String,
    /// Small print: where the numbers come from.
    pub footnote: String,
}

/// One map.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatPanel {
    /// Its name; empty where there is only one.
    pub name: String,
    /// Cells, row by row from the bottom.
    pub cells: Vec<HeatCell>,
}

/// A cell; an empty one has neither colours nor text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HeatCell {
    /// Numbers of the names that share it.
    pub colours: Vec<usize>,
    /// Its text.
    pub text: String,
    /// How far what is best is ahead of the next, of one; `None` where there is no next.
    pub margin: Option<f64>,
    /// Whether it is hatched.
    pub hatched: bool,
}

/// Left and right of the maps, top of the first.
const SIDES: (i32, i32) = (76, 690);
const TOP: i32 = 92;
/// Height of one map, and of each of several; the gap between them, in which a name stands; room below the last.
const ALONE: i32 = 386;
const HEIGHT: i32 = 236;
const GAP: i32 = 58;
const FOOT: i32 = 82;
const WIDTH: u32 = 960;

/// From these margins on a cell is darker, and how dark it is; below the first one.
const SHADES: [(f64, f64, &str); 4] = [
    (0.0, 0.3, "ahead by under 10 %"),
    (0.1, 0.52, "10 to 30 %"),
    (0.3, 0.76, "30 to 100 %"),
    (1.0, 1.0, "more, or alone"),
];
/// Pixels between the lines of a hatching.
const HATCH: i32 = 9;

/// Draws maps.
///
/// # Errors
/// [`PlotError`] if the drawing library refuses an element.
pub fn heat_map_svg(map: &HeatMap) -> Result<String, PlotError> {
    let n = map.panels.len().max(1) as i32;
    let height = TOP + n * height(map) + (n - 1) * GAP + FOOT;
    sheet((WIDTH, height as u32), [&map.title, &map.subtitle, &map.footnote], |canvas| draw(canvas, map))
}

fn height(map: &HeatMap) -> i32 {
    if map.panels.len() > 1 { HEIGHT } else { ALONE }
}

fn draw(canvas: &Canvas<'_>, map: &HeatMap) {
    let (left, right) = SIDES;
    let mut bottom = TOP;
    for (i, panel) in map.panels.iter().enumerate() {
        let top = TOP + i as i32 * (height(map) + GAP);
        bottom = top + height(map);
        draw_panel(canvas, map, panel, (top, bottom));
    }
    canvas.centred(((left + right) / 2, bottom + 30), &map.x.0, 14);
    legend(canvas, map);
}

fn draw_panel(canvas: &Canvas<'_>, map: &HeatMap, panel: &HeatPanel, (top, bottom): (i32, i32)) {
    let (left, right) = SIDES;
    let (columns, rows) = (map.x.1.len().max(1) as i32, map.y.1.len().max(1) as i32);
    let edge_x = |i: i32| left + (right - left) * i / columns;
    let edge_y = |i: i32| bottom - (bottom - top) * i / rows;
    canvas.text((left, top - 22), &panel.name, 14, canvas::BLACK);
    for (i, cell) in panel.cells.iter().enumerate() {
        let (column, row) = (i as i32 % columns, i as i32 / columns);
        let area = (edge_x(column) + 1, edge_y(row + 1) + 1, edge_x(column + 1) - 1, edge_y(row) - 1);
        draw_cell(canvas, cell, area);
    }
    for (i, label) in map.x.1.iter().enumerate() {
        let middle = (edge_x(i as i32) + edge_x(i as i32 + 1)) / 2;
        canvas.centred((middle, bottom + 8), label, 12);
    }
    for (i, label) in map.y.1.iter().enumerate() {
        let middle = (edge_y(i as i32) + edge_y(i as i32 + 1)) / 2;
        canvas.right_aligned((left - 8, middle - 7), label, 12);
    }
    canvas.frame((left, top, right, bottom));
    canvas.upright((18, (top + bottom) / 2), &map.y.0, 14);
}

/// A colour mixed with paper.
fn shaded(of: RGBColor, share: f64) -> RGBColor {
    let mix = |part: u8| (f64::from(part) * share + 255.0 * (1.0 - share)).round() as u8;
    RGBColor(mix(of.0), mix(of.1), mix(of.2))
}

fn shade(margin: Option<f64>) -> f64 {
    let margin = margin.unwrap_or(f64::INFINITY);
    SHADES.iter().rev().find(|(from, ..)| margin >= *from).map_or(SHADES[0].1, |(_, share, _)| *share)
}

/// Bands side by side for those that share a cell, and the text on white so that it is read on any colour.
fn draw_cell(canvas: &Canvas<'_>, cell: &HeatCell, (left, top, right, bottom): (i32, i32, i32, i32)) {
    let n = cell.colours.len().max(1) as i32;
    for (i, &which) in cell.colours.iter().enumerate() {
        let edge = |i: i32| left + (right - left) * i / n;
        let band = rectangle(edge(i as i32), top, edge(i as i32 + 1), bottom);
        canvas.fill(&band, shaded(colour(which), shade(cell.margin)));
    }
    if cell.hatched {
        hatch(canvas, (left, top, right, bottom));
    }
    if !cell.text.is_empty() {
        let (x, y) = ((left + right) / 2, (top + bottom) / 2);
        let half = (4 * cell.text.chars().count() as i32 + 5).min((right - left) / 2 - 2);
        canvas.fill(&rectangle(x - half, y - 10, x + half, y + 9), canvas::PAPER);
        canvas.centred((x, y - 7), &cell.text, 13);
    }
}

/// Lines from the lower left to the upper right.
fn hatch(canvas: &Canvas<'_>, (left, top, right, bottom): (i32, i32, i32, i32)) {
    let (width, height) = (right - left, bottom - top);
    for offset in (HATCH..width + height).step_by(HATCH as usize) {
        // On the line x + y = offset, counted from the upper left corner.
        let (x0, x1) = ((offset - height).max(0), offset.min(width));
        canvas.line(&[(left + x0, top + offset - x0), (left + x1, top + offset - x1)], canvas::PAPER, 3);
        canvas.line(&[(left + x0, top + offset - x0), (left + x1, top + offset - x1)], GREY, 1);
    }
}

/// Names of those that lead somewhere, in the order of their colours, and what shades and hatchings mean.
fn legend(canvas: &Canvas<'_>, map: &HeatMap) {
    let (left, mut top) = (SIDES.1 + 18, TOP);
    let cells = || map.panels.iter().flat_map(|panel| &panel.cells);
    for (i, name) in map.names.iter().enumerate().filter(|(i, _)| cells().any(|cell| cell.colours.contains(i))) {
        canvas.fill(&rectangle(left, top + 1, left + 22, top + 15), colour(i));
        top = canvas.lines((left + 32, top), name, LEGEND_WIDTH, canvas::BLACK) + 6;
    }
    top += 8;
    for (_, share, words) in SHADES {
        canvas.fill(&rectangle(left, top + 1, left + 22, top + 15), shaded(GREY, share));
        top = canvas.lines((left + 32, top), words, LEGEND_WIDTH, GREY) + 4;
    }
    if cells().any(|cell| cell.hatched) {
        canvas.fill(&rectangle(left, top + 1, left + 22, top + 15), shaded(GREY, SHADES[1].1));
        hatch(canvas, (left, top + 1, left + 22, top + 15));
        top = canvas.lines((left + 32, top), &map.hatched, LEGEND_WIDTH, GREY) + 4;
    }
    if cells().any(|cell| cell.colours.len() > 1) {
        top = canvas.lines((left, top), "several colours: alike", LEGEND_WIDTH + 4, GREY);
    }
    if cells().any(|cell| cell.colours.is_empty()) {
        canvas.lines((left, top), &map.empty, LEGEND_WIDTH + 4, GREY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_further_ahead_the_darker_and_alone_is_darkest() {
        let shades = [Some(0.0), Some(0.05), Some(0.1), Some(0.5), Some(3.0), None].map(shade);
        assert!(shades.windows(2).all(|pair| pair[0] <= pair[1]) && shades[1] < shades[2] && shades[5] == 1.0);
    }

    #[test]
    fn what_is_not_there_has_no_legend_and_an_empty_cell_no_text() {
        let cell = |margin, hatched| HeatCell { colours: vec![0], text: "7 +5%".into(), margin, hatched };
        let map = |cells: Vec<HeatCell>| HeatMap {
            title: "t".into(),
            subtitle: "q".into(),
            x: ("Packet".into(), vec!["64 B".into(), "128 B".into()]),
            y: ("Cores".into(), vec!["1".into()]),
            names: vec!["host".into(), "card".into()],
            panels: vec![
                HeatPanel { name: "Kernel".into(), cells: cells.clone() },
                HeatPanel { name: "XDP".into(), cells },
            ],
            hatched: "open".into(),
            empty: "nobody".into(),
            footnote: String::new(),
        };
        let sure = heat_map_svg(&map(vec![cell(Some(0.05), false), cell(None, false)])).unwrap();
        for (text, there) in [("host", true), ("card", false), ("open", false), ("nobody", false), ("Kernel", true)] {
            assert_eq!(sure.contains(text), there, "{text}");
        }
        let open = heat_map_svg(&map(vec![cell(Some(0.05), true), HeatCell::default()])).unwrap();
        assert!(open.contains("open") && open.contains("nobody"));
        assert_eq!(open.matches("7 +5%").count(), 2);
    }
}
