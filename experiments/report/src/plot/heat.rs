//! A map of cells, each in the colours of what does best there.

use super::canvas::{self, Canvas, GREY, colour};
use super::paper::{LEGEND_WIDTH, PlotError, SIZE, SUBTITLE_WIDTH, wrap};

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
    let mut text = String::new();
    {
        let canvas = Canvas::new(&mut text, SIZE)?;
        draw(&canvas, map)?;
        canvas.finish()?;
    }
    Ok(text)
}

fn draw(canvas: &Canvas<'_>, map: &HeatMap) -> Result<(), PlotError> {
    let (left, top, right, bottom) = AREA;
    canvas.text((left - 50, 14), &map.title, 20, canvas::BLACK)?;
    let subtitle = wrap(&map.subtitle, SUBTITLE_WIDTH).into_iter().next().unwrap_or_default();
    canvas.text((left - 50, 42), &subtitle, 13, GREY)?;
    canvas.text((left - 50, SIZE.1 as i32 - 20), &map.footnote, 11, GREY)?;
    let (columns, rows) = (map.x.1.len().max(1) as i32, map.y.1.len().max(1) as i32);
    let edge_x = |i: i32| left + (right - left) * i / columns;
    let edge_y = |i: i32| bottom - (bottom - top) * i / rows;
    for (i, cell) in map.cells.iter().enumerate() {
        let (column, row) = (i as i32 % columns, i as i32 / columns);
        let area = (edge_x(column) + 1, edge_y(row + 1) + 1, edge_x(column + 1) - 1, edge_y(row) - 1);
        draw_cell(canvas, cell, area)?;
    }
    for (i, label) in map.x.1.iter().enumerate() {
        let middle = (edge_x(i as i32) + edge_x(i as i32 + 1)) / 2;
        canvas.centred((middle, bottom + 8), label, 12)?;
    }
    for (i, label) in map.y.1.iter().enumerate() {
        let middle = (edge_y(i as i32) + edge_y(i as i32 + 1)) / 2;
        canvas.right_aligned((left - 8, middle - 7), label, 12)?;
    }
    canvas.centred(((left + right) / 2, bottom + 30), &map.x.0, 14)?;
    canvas.upright((18, (top + bottom) / 2), &map.y.0, 14)?;
    legend(canvas, map)
}

/// Bands side by side for those that share a cell, and the text on white so that it is read on any colour.
fn draw_cell(
    canvas: &Canvas<'_>,
    cell: &HeatCell,
    (left, top, right, bottom): (i32, i32, i32, i32),
) -> Result<(), PlotError> {
    let n = cell.colours.len().max(1) as i32;
    for (i, &which) in cell.colours.iter().enumerate() {
        let edge = |i: i32| left + (right - left) * i / n;
        let (from, to) = (edge(i as i32), edge(i as i32 + 1));
        let band = [(from, top), (to, top), (to, bottom), (from, bottom)];
        if cell.pale { canvas.area(&band, colour(which))? } else { canvas.fill(&band, colour(which))? }
    }
    let (x, y) = ((left + right) / 2, (top + bottom) / 2);
    let half = 4 * cell.text.chars().count() as i32 + 5;
    canvas.fill(&[(x - half, y - 10), (x + half, y - 10), (x + half, y + 9), (x - half, y + 9)], canvas::PAPER)?;
    canvas.centred((x, y - 7), &cell.text, 13)
}

/// Names of those that lead somewhere, in the order of their colours.
fn legend(canvas: &Canvas<'_>, map: &HeatMap) -> Result<(), PlotError> {
    let (left, mut top) = (AREA.2 + 18, AREA.1 + 6);
    let box_at = |top: i32| [(left, top + 1), (left + 22, top + 1), (left + 22, top + 15), (left, top + 15)];
    let leads = |i: usize| map.cells.iter().any(|cell| cell.colours.contains(&i));
    for (i, name) in map.names.iter().enumerate().filter(|(i, _)| leads(*i)) {
        canvas.fill(&box_at(top), colour(i))?;
        for line in wrap(name, LEGEND_WIDTH) {
            canvas.text((left + 32, top), &line, 13, canvas::BLACK)?;
            top += 18;
        }
        top += 6;
    }
    let note = if map.cells.iter().any(|cell| cell.colours.len() > 1) { "several colours: no difference" } else { "" };
    for note in [note, map.pale.as_str()] {
        for line in wrap(note, LEGEND_WIDTH + 4).into_iter().filter(|line| !line.is_empty()) {
            canvas.text((left, top), &line, 13, GREY)?;
            top += 18;
        }
    }
    Ok(())
}
