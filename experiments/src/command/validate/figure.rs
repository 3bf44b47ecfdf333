//! A figure for each family: published points over the model's curves.

use espsim_report::families::Family;
use espsim_report::plot::{Axis, Curve, Figure, Point, Scale, Style, svg};
use espsim_sweep::failure::Failure;
use espsim_sweep::store::validation::Row;

/// Series of one figure: more could not be told apart.
const SERIES: usize = 6;

/// The figure of a family, or of the first series of a large one; none for rows that lie on no curve.
///
/// # Errors
/// [`Failure`] if the drawing fails.
pub fn draw(family: &Family, rows: &[Row]) -> Result<Option<String>, Failure> {
    let mut series: Vec<&str> = Vec::new();
    for row in rows.iter().filter(|row| row.x.is_some()) {
        if !series.contains(&row.series.as_str()) {
            series.push(&row.series);
        }
    }
    if series.is_empty() || family.y_label.is_empty() {
        return Ok(None);
    }
    let more = series.len().saturating_sub(SERIES);
    series.truncate(SERIES);
    let curve = |name: &str, value: fn(&Row) -> f64, style| {
        let rows = rows.iter().filter(|row| row.series == name);
        let points = rows.filter_map(|row| Some(Point { x: row.x?, y: value(row), half_width: None }));
        Curve::new(name, points.collect(), style)
    };
    let curves = series.iter().flat_map(|name| {
        [curve(name, |row| row.published, Style::Published), curve(name, |row| row.simulated, Style::Line)]
    });
    let xs: Vec<f64> = rows.iter().filter_map(|row| row.x).collect();
    let wide = xs.iter().fold(0.0f64, |a, &b| a.max(b)) > 16.0;
    let subtitle = match more {
        0 => "Marks: published. Lines: model.".to_owned(),
        more => format!("Marks: published. Lines: model. {more} more series in validation.csv."),
    };
    let figure = Figure {
        title: family.title.to_owned(),
        subtitle,
        x: Axis { label: family.x_label.to_owned(), scale: if wide { Scale::Log2 } else { Scale::Linear } },
        y: Axis { label: family.y_label.to_owned(), scale: Scale::Linear },
        curves: curves.collect(),
        footnote: format!("espsim {}", env!("CARGO_PKG_VERSION")),
    };
    svg(&figure).map(Some).map_err(|error| Failure::new(format!("cannot draw {}: {error}", family.name)))
}
