//! A map of cells, each in the colours of what does best there.

use super::canvas::{self, Canvas, GREY, colour, rectangle, sheet};
use super::paper::{LEGEND_WIDTH, PlotError, SIZE};

/// A map.
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
    /// Cells, row by row from the bottom.
    pub cells: Vec<HeatCell>,
    /// What a pale cell means; empty if there is none.
    pub pale: String,
    /// Small print: where the numbers come from.
    pub footnote: String,
}

/// A cell.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatCell {
    /// Numbers of the names that share it.
    pub colours: Vec<usize>,
    /// Its text.
    pub text: String,
    /// Whether it is pale.
    pub pale: bool,
}

/// Plot area: left, top, right, bottom.
const AREA: (i32, i32, i32, i32) = (76, 72, 690, 478);

/// Draws a map.
///
/// # Errors
/// [`PlotError`] if the drawing library refuses an element.
pub fn heat_map_svg(map: &HeatMap) -> Result<String, PlotError> {
    sheet(SIZE, [&map.title, &map.subtitle, &map.footnote], |canvas| draw(canvas, map))
}

fn draw(canvas: &Canvas<'_>, map: &HeatMap) {
    let (left, top, right, bottom) = AREA;
    let (columns, rows) = (map.x.1.len().max(1) as i32, map.y.1.len().max(1) as i32);
    let edge_x = |i: i32| left + (right - left) * i / columns;
    let edge_y = |i: i32| bottom - (bottom - top) * i / rows;
    for (i, cell) in map.cells.iter().enumerate() {
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
    canvas.centred(((left + right) / 2, bottom + 30), &map.x.0, 14);
    canvas.upright((18, (top + bottom) / 2), &map.y.0, 14);
    legend(canvas, map);
}

/// Bands side by side for those that share a cell, and the text on white so that it is read on any colour.
fn draw_cell(canvas: &Canvas<'_>, cell: &HeatCell, (left, top, right, bottom): (i32, i32, i32, i32)) {
    let n = cell.colours.len().max(1) as i32;
    for (i, &which) in cell.colours.iter().enumerate() {
        let edge = |i: i32| left + (right - left) * i / n;
        let band = rectangle(edge(i as i32), top, edge(i as i32 + 1), bottom);
        if cell.pale { canvas.area(&band, colour(which)) } else { canvas.fill(&band, colour(which)) }
    }
    let (x, y) = ((left + right) / 2, (top + bottom) / 2);
    let half = 4 * cell.text.chars().count() as i32 + 5;
    canvas.fill(&rectangle(x - half, y - 10, x + half, y + 9), canvas::PAPER);
    canvas.centred((x, y - 7), &cell.text, 13);
}

/// Names of those that lead somewhere, in the order of their colours.
fn legend(canvas: &Canvas<'_>, map: &HeatMap) {
    let (left, mut top) = (AREA.2 + 18, AREA.1 + 6);
    let leads = |i: usize| map.cells.iter().any(|cell| cell.colours.contains(&i));
    for (i, name) in map.names.iter().enumerate().filter(|(i, _)| leads(*i)) {
        canvas.fill(&rectangle(left, top + 1, left + 22, top + 15), colour(i));
        top = canvas.lines((left + 32, top), name, LEGEND_WIDTH, canvas::BLACK) + 6;
    }
    let note = if map.cells.iter().any(|cell| cell.colours.len() > 1) { "several colours: no difference" } else { "" };
    for note in [note, map.pale.as_str()].into_iter().filter(|note| !note.trim().is_empty()) {
        top = canvas.lines((left, top), note, LEGEND_WIDTH + 4, GREY);
    }
}
