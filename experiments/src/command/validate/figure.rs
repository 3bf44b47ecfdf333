//! Errors of all families on one axis, and for each family published points over the model's curves.

use espsim_report::families::Family;
use espsim_report::plot::{Axis, Curve, Figure, Point, Scale, Strip, Strips, Style, Words, strips_svg, svg};
use espsim_sweep::store::headline::{FamilySummary, GOOD, Headline, LARGE};
use espsim_sweep::store::validation::{Role, Row};

/// Series of one figure: more could not be told apart.
const SERIES: usize = 6;

/// Rows of a family that are named where they are off by far: the worst.
const NAMED: usize = 1;

/// Errors of predicted rows, families sorted by their median.
pub fn errors(families: &[&Family], results: &[Vec<Row>]) -> String {
    let mut strips: Vec<(f64, Strip)> =
        families.iter().zip(results).filter_map(|(family, rows)| strip(family, rows)).collect();
    strips.sort_by(|a, b| a.0.total_cmp(&b.0));
    let finding = Headline::of(results).map_or_else(String::new, |headline| headline.in_short());
    let footnote = format!("espsim {}; fitted rows are not shown", env!("CARGO_PKG_VERSION"));
    let notes = vec!["Each line is a predicted row, the wide one the median; shaded: within 10 %.".to_owned()];
    let data = "validation.csv, rows whose role is `predicted`".to_owned();
    strips_svg(&Strips {
        words: Words { notes, data, ..Words::new("Published measurements and the model", &finding, &footnote) },
        label: "Simulated over published, less 1".into(),
        strips: strips.into_iter().map(|(_, strip)| strip).collect(),
    })
}

/// A family's predicted rows, with their median error.
fn strip(family: &Family, rows: &[Row]) -> Option<(f64, Strip)> {
    let summary = Some(FamilySummary::of(family.name, rows)).filter(FamilySummary::counts)?;
    let predicted: Vec<&Row> = rows.iter().filter(|row| row.role == Role::Predicted).collect();
    let mut far: Vec<&Row> = predicted.iter().copied().filter(|row| row.error().abs() > LARGE).collect();
    far.sort_by(|a, b| b.error().abs().total_cmp(&a.error().abs()));
    let strip = Strip {
        name: family.name.into(),
        errors: predicted.iter().map(|row| row.error()).collect(),
        named: far.into_iter().take(NAMED).map(|row| (row.error(), row.id.clone())).collect(),
    };
    Some((summary.median_error?, strip))
}

/// The figure of a family, or of the first series of a large one; none for rows that lie on no curve.
pub fn draw(family: &Family, rows: &[Row]) -> Option<String> {
    let mut series: Vec<&str> = Vec::new();
    for row in rows.iter().filter(|row| row.x.is_some()) {
        if !series.contains(&row.series.as_str()) {
            series.push(&row.series);
        }
    }
    if series.is_empty() || family.y_label.is_empty() {
        return None;
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
    let note = match more {
        0 => "Marks: published. Lines: model.".to_owned(),
        more => format!("Marks: published. Lines: model. {more} more series in validation.csv."),
    };
    let footnote = format!("espsim {}", env!("CARGO_PKG_VERSION"));
    let words = Words::new(family.title, &met(rows), &footnote);
    let figure = Figure {
        words: Words { notes: vec![note], data: format!("validation.csv, family `{}`", family.name), ..words },
        x: Axis { label: family.x_label.to_owned(), scale: if wide { Scale::Log2 } else { Scale::Linear } },
        y: Axis { label: family.y_label.to_owned(), scale: Scale::Linear },
        curves: curves.collect(),
        references: Vec::new(),
    };
    Some(svg(&figure))
}

/// How well a family's rows are met.
fn met(rows: &[Row]) -> String {
    let are_predicted = rows.iter().any(|row| row.role == Role::Predicted);
    let judged = rows.iter().filter(|row| !are_predicted || row.role == Role::Predicted);
    let mut errors: Vec<f64> = judged.map(|row| row.error().abs()).filter(|error| error.is_finite()).collect();
    errors.sort_by(f64::total_cmp);
    let Some(most) = errors.last() else { return String::new() };
    let within = errors.iter().filter(|error| **error <= GOOD).count();
    let what = if are_predicted { "predicted values" } else { "values" };
    let n = errors.len();
    format!("{within} of {n} {what} within {:.0} %, the worst {:.0} % off.", 100.0 * GOOD, 100.0 * most)
}
