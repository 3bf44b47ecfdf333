//! Maps of cells, each in the colour of what does best there: the darker, the further it is ahead.

use super::canvas::{self, Canvas, GREY, LINE, TEXT, WIDTH, Words, rectangle, sheet};
use super::colour::Colour;
use super::identity::{Look, looks};

/// Maps with the same axes, one below the other.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatMap {
    /// Title, finding, small print.
    pub words: Words,
    /// Label of the horizontal axis, with unit, and of each column.
    pub x: (String, Vec<String>),
    /// Label of the vertical axis, and of each row from the bottom.
    pub y: (String, Vec<String>),
    /// What cells are coloured by: names, and the placement of each where it is of one.
    pub names: Vec<(String, Option<String>)>,
    /// The maps.
    pub panels: Vec<HeatPanel>,
    /// What a hatched cell means.
    pub hatched: String,
    /// What an empty cell means.
    pub empty: String,
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

/// Left and right of the maps.
const SIDES: (i32, i32) = (52, WIDTH - 12);
/// Height of one map, and of each of several; room above each for its name and the label of its axis, and below the last.
const ALONE: i32 = 340;
const HEIGHT: i32 = 220;
const ABOVE: i32 = LINE + 8;
const GAP: i32 = 32;
const FOOT: i32 = 54;
/// Width of a colour in the legend.
const SAMPLE: i32 = 22;

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
pub fn heat_map_svg(map: &HeatMap) -> String {
    let mut words = map.words.clone();
    words.notes.extend(signs(map));
    let n = map.panels.len().max(1) as i32;
    let legend = legend_rows(map).len() as i32 * (LINE + 4);
    let height = n * (ABOVE + height(map)) + (n - 1) * GAP + FOOT + legend;
    sheet(&words, height, |canvas, top| draw(canvas, map, top))
}

fn height(map: &HeatMap) -> i32 {
    if map.panels.len() > 1 { HEIGHT } else { ALONE }
}

fn draw(canvas: &Canvas, map: &HeatMap, top: i32) {
    let looks = looks_of(map);
    let mut bottom = top;
    for (i, panel) in map.panels.iter().enumerate() {
        let top = top + i as i32 * (ABOVE + height(map) + GAP) + ABOVE;
        bottom = top + height(map);
        draw_panel(canvas, map, &looks, panel, (top, bottom));
    }
    canvas.centred(((SIDES.0 + SIDES.1) / 2, bottom + 28), &map.x.0);
    for (i, row) in legend_rows(map).iter().enumerate() {
        let top = bottom + FOOT + i as i32 * (LINE + 4);
        let mut left = SIDES.0;
        for (sample, words) in row {
            let area = rectangle(left, top, left + SAMPLE, top + 13);
            match *sample {
                Sample::Name(name) => canvas.fill(&area, looks[name].colour),
                Sample::Shade(opacity) => canvas.shade(&area, GREY, opacity),
                Sample::Hatched => {
                    canvas.shade(&area, GREY, SHADES[1].1);
                    hatch(canvas, (left, top, left + SAMPLE, top + 13));
                }
            }
            canvas.text((left + SAMPLE + 8, top), words, canvas::BLACK);
            left += entry_width(words);
        }
    }
}

fn looks_of(map: &HeatMap) -> Vec<Look> {
    looks(&map.names.iter().map(|(_, design)| design.as_deref()).collect::<Vec<_>>())
}

fn draw_panel(canvas: &Canvas, map: &HeatMap, looks: &[Look], panel: &HeatPanel, (top, bottom): (i32, i32)) {
    let (left, right) = SIDES;
    let (columns, rows) = (map.x.1.len().max(1) as i32, map.y.1.len().max(1) as i32);
    let edge_x = |i: i32| left + (right - left) * i / columns;
    let edge_y = |i: i32| bottom - (bottom - top) * i / rows;
    canvas.text((12, top - ABOVE + 2), &map.y.0, canvas::BLACK);
    canvas.centred(((left + right) / 2, top - ABOVE + 2), &panel.name);
    for (i, cell) in panel.cells.iter().enumerate() {
        let (column, row) = (i as i32 % columns, i as i32 / columns);
        let area = (edge_x(column) + 1, edge_y(row + 1) + 1, edge_x(column + 1) - 1, edge_y(row) - 1);
        draw_cell(canvas, cell, looks, area);
    }
    for (i, label) in map.x.1.iter().enumerate() {
        canvas.centred(((edge_x(i as i32) + edge_x(i as i32 + 1)) / 2, bottom + 8), label);
    }
    for (i, label) in map.y.1.iter().enumerate() {
        canvas.right_aligned((left - 8, (edge_y(i as i32) + edge_y(i as i32 + 1)) / 2 - 7), label);
    }
    canvas.frame((left, top, right, bottom));
}

fn shade(margin: Option<f64>) -> f64 {
    let margin = margin.unwrap_or(f64::INFINITY);
    SHADES.iter().rev().find(|(from, ..)| margin >= *from).map_or(SHADES[0].1, |(_, share, _)| *share)
}

/// Bands side by side for those that share a cell, and the text on paper so that it is read on any colour.
fn draw_cell(canvas: &Canvas, cell: &HeatCell, looks: &[Look], (left, top, right, bottom): (i32, i32, i32, i32)) {
    let n = cell.colours.len().max(1) as i32;
    for (i, &which) in cell.colours.iter().enumerate() {
        let edge = |i: i32| left + (right - left) * i / n;
        let band = rectangle(edge(i as i32), top, edge(i as i32 + 1), bottom);
        let colour = looks.get(which).map_or(GREY, |look| look.colour);
        canvas.shade(&band, colour, shade(cell.margin));
    }
    if cell.hatched {
        hatch(canvas, (left, top, right, bottom));
    }
    if !cell.text.is_empty() {
        let (x, y) = ((left + right) / 2, (top + bottom) / 2);
        let half = (canvas::width(&cell.text, TEXT) / 2 + 3).min((right - left) / 2 - 2);
        canvas.fill(&rectangle(x - half, y - 10, x + half, y + 9), canvas::PAPER);
        canvas.centred((x, y - 6), &cell.text);
    }
}

/// Lines from the lower left to the upper right.
fn hatch(canvas: &Canvas, (left, top, right, bottom): (i32, i32, i32, i32)) {
    let (width, height) = (right - left, bottom - top);
    let line = |offset: i32| {
        // On the line x + y = offset, counted from the upper left corner.
        let (x0, x1) = ((offset - height).max(0), offset.min(width));
        [(left + x0, top + offset - x0), (left + x1, top + offset - x1)]
    };
    let lines: Vec<_> = (HATCH..width + height).step_by(HATCH as usize).map(line).collect();
    canvas.many(&lines, canvas::PAPER, 3);
    canvas.many(&lines, Colour(90, 90, 90), 1);
}

/// What a sample in the legend is of.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Sample {
    /// A name, by its number.
    Name(usize),
    /// How dark.
    Shade(f64),
    Hatched,
}

fn entry_width(words: &str) -> i32 {
    SAMPLE + 8 + canvas::width(words, TEXT) + 12
}

/// Names of those that lead somewhere, and what shades and hatchings mean, in rows.
fn legend_rows(map: &HeatMap) -> Vec<Vec<(Sample, String)>> {
    let cells = || map.panels.iter().flat_map(|panel| &panel.cells);
    let leads = |i: usize| cells().any(|cell| cell.colours.contains(&i));
    let names = map.names.iter().enumerate().filter(|(i, _)| leads(*i));
    let names: Vec<(Sample, String)> = names.map(|(i, (name, _))| (Sample::Name(i), name.clone())).collect();
    let mut others: Vec<(Sample, String)> =
        SHADES.iter().map(|(_, share, words)| (Sample::Shade(*share), (*words).to_owned())).collect();
    if cells().any(|cell| cell.hatched) {
        others.push((Sample::Hatched, map.hatched.clone()));
    }
    let mut rows: Vec<Vec<(Sample, String)>> = Vec::new();
    for group in [names, others] {
        let mut free = 0;
        for (i, entry) in group.into_iter().enumerate() {
            let wide = entry_width(&entry.1);
            if i == 0 || wide > free {
                rows.push(Vec::new());
                free = SIDES.1 - SIDES.0;
            }
            free -= wide;
            rows.last_mut().into_iter().for_each(|row| row.push(entry.clone()));
        }
    }
    rows
}

/// What else needs a word.
fn signs(map: &HeatMap) -> Vec<String> {
    let cells = || map.panels.iter().flat_map(|panel| &panel.cells);
    let alike =
        cells().any(|cell| cell.colours.len() > 1).then(|| "Several colours in a cell: they do alike.".to_owned());
    let empty = cells().any(|cell| cell.colours.is_empty()).then(|| map.empty.clone());
    alike.into_iter().chain(empty).collect()
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
            words: Words::new("t", "q", ""),
            x: ("Packet".into(), vec!["64 B".into(), "128 B".into()]),
            y: ("Cores".into(), vec!["1".into()]),
            names: vec![("cpu".into(), Some("host".into())), ("card".into(), Some("lookaside".into()))],
            panels: vec![
                HeatPanel { name: "Kernel".into(), cells: cells.clone() },
                HeatPanel { name: "XDP".into(), cells },
            ],
            hatched: "open".into(),
            empty: "nobody".into(),
        };
        let sure = heat_map_svg(&map(vec![cell(Some(0.05), false), cell(None, false)]));
        for (text, there) in [("cpu", true), ("card", false), ("open", false), ("nobody", false), ("Kernel", true)] {
            assert_eq!(sure.contains(text), there, "{text}");
        }
        assert!(sure.contains("#0072b2"), "a design has its colour");
        let open = heat_map_svg(&map(vec![cell(Some(0.05), true), HeatCell::default()]));
        assert!(open.contains("open") && open.contains("nobody"));
        assert_eq!(open.matches("7 +5%").count(), 2);
    }
}
