//! What the microbenchmark gives: a table, a figure for each unit, a sentence.

use comfy_table::Table;
use espsim_report::plot::{Axis, Curve, Figure, Point as Mark, Scale, Style, Words, svg};
use espsim_report::text_table::table;
use espsim_sweep::failure::Failure;
use espsim_sweep::store::points_csv::{csv_of, format_number, four_digits};

use crate::bench::measured::{self, Measured};

/// A point and what the model gives.
pub struct Point {
    /// What is measured, with the model's value in place of a measured one.
    pub of: Measured,
    /// The closed-form bound in Gb/s, of a bandwidth.
    pub bound: Option<f64>,
}

/// `points.csv`, which `--against` reads too.
///
/// # Errors
/// [`Failure`] if it cannot be encoded.
pub fn points(all: &[Point]) -> Result<Vec<u8>, Failure> {
    let mut headings = measured::headings();
    headings.push("bound_gbps".into());
    let row = |point: &Point| {
        let bound = point.bound.map_or_else(String::new, format_number);
        measured::cells(&point.of).into_iter().chain([bound]).collect()
    };
    csv_of(&headings, &all.iter().map(row).collect::<Vec<_>>())
}

const HEADINGS: [&str; 7] = ["test", "size_bytes", "window_bytes", "cache", "value", "unit", "bound"];

fn row(point: &Point) -> Vec<String> {
    let Measured { test, size, window, published, .. } = &point.of;
    vec![
        test.words().to_owned(),
        size.to_string(),
        window.to_string(),
        point.of.cache().to_owned(),
        four_digits(*published),
        test.unit().to_owned(),
        point.bound.map_or_else(String::new, four_digits),
    ]
}

/// `table.csv`.
///
/// # Errors
/// [`Failure`] if it cannot be encoded.
pub fn table_csv(all: &[Point]) -> Result<Vec<u8>, Failure> {
    csv_of(&HEADINGS.map(str::to_owned), &all.iter().map(row).collect::<Vec<_>>())
}

/// The same for people.
pub fn text(all: &[Point]) -> Table {
    let mut text = table(["Test", "Size (B)", "Window (B)", "Cache", "Value", "Unit", "Bound"], &[1, 2, 4, 6]);
    for point in all {
        text.add_row(row(point));
    }
    text
}

/// A figure of bandwidths or of latencies, by size, or by window where there is one size; none of a single point.
pub fn figure(all: &[Point], latency: bool, title: &str, machine: &str) -> Option<String> {
    let of: Vec<&Point> = all.iter().filter(|point| point.of.test.is_latency() == latency).collect();
    let differ = |what: fn(&Measured) -> u64| of.iter().any(|point| what(&point.of) != what(&of[0].of));
    let by_size = differ(|point| point.size);
    if !by_size && !differ(|point| point.window) {
        return None;
    }
    let name = |point: &Point| {
        let Measured { test, size, window, .. } = &point.of;
        let other = if by_size { format!("window {window} B") } else { format!("{size} B") };
        format!("{}, {}, {other}", test.words(), point.of.cache())
    };
    let mut names: Vec<String> = of.iter().map(|point| name(point)).collect();
    names.dedup();
    let mut seen: Vec<String> = Vec::new();
    names.retain(|name| {
        !seen.contains(name) && {
            seen.push(name.clone());
            true
        }
    });
    let curves = names.iter().map(|curve| {
        let points = of.iter().filter(|point| name(point) == *curve).map(|point| {
            let x = if by_size { point.of.size as f64 } else { point.of.window as f64 / 1024.0 };
            Mark { x, y: point.of.published, half_width: None }
        });
        Curve::new(curve, points.collect(), Style::Curve)
    });
    let figure = Figure {
        words: Words {
            data: "points.csv".into(),
            ..Words::new(title, machine, &format!("espsim {}", env!("CARGO_PKG_VERSION")))
        },
        x: Axis { label: if by_size { "Transfer (B)".into() } else { "Window (KiB)".into() }, scale: Scale::Log2 },
        y: Axis { label: if latency { "Latency (ns)".into() } else { "Payload (Gb/s)".into() }, scale: Scale::Linear },
        curves: curves.collect(),
        references: Vec::new(),
    };
    Some(svg(&figure))
}

/// The answer in words.
pub fn answer(all: &[Point], machine: &str) -> String {
    let (Some(first), Some(last)) = (all.first(), all.last()) else { return machine.to_owned() };
    let of = |point: &Point| {
        let Measured { test, size, published, .. } = &point.of;
        format!("{} of {size} B: {} {}", test.words(), four_digits(*published), test.unit())
    };
    match all.len() {
        1 => format!("{machine}: {}.", of(first)),
        n => format!("{machine}: {n} points, from {} to {}.", of(first), of(last)),
    }
}
