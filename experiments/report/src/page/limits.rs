//! What limits each series along the sweep, and what would limit next.

use espsim_model::resource::Resource;

use super::parts::Class::{Long, Text};
use super::parts::{Cell, Table};
use super::points::{Point, Points};
use super::words::{grouped, percent, quoted, whereabouts};

/// How a sentence names a limit.
pub fn noun(name: &str) -> String {
    match name {
        // What older results say where nothing was carried.
        "none" => "nothing".to_owned(),
        _ => Resource::from_name(name).map_or_else(|| quoted(name), |resource| resource.noun().to_owned()),
    }
}

/// A table of what limits which series where.
pub fn table(points: &Points) -> Table {
    let mut table = Table::new(
        "What limits throughput, and the busiest station besides",
        [("Series", Text), ("Limit", Long), ("Where", Text), ("Next", Text)],
    );
    for (series, name) in points.series.iter().enumerate() {
        let mut of = points.of_series(series);
        // Where nothing could be estimated it is not known what limits.
        of.retain(|point| !point.bottleneck.is_empty());
        for (limit, places) in grouped(of.iter().map(|point| (point.bottleneck.clone(), point.place))) {
            let everywhere = if of.len() == 1 { "" } else { "everywhere" };
            let whereabouts = whereabouts(points, &of, |point| point.bottleneck == limit);
            let what = Resource::from_name(&limit).map(|resource| resource.meaning().to_owned());
            let last = of.iter().rev().find(|point| Some(&point.place) == places.last());
            table.push(vec![
                Cell::from(name.as_str()),
                Cell::with_remarks(limit.clone(), what.into_iter().collect()),
                Cell::from(if whereabouts.is_empty() { everywhere } else { &whereabouts }),
                Cell::from(last.and_then(|point| next(points, point)).unwrap_or_default()),
            ]);
        }
    }
    table
}

/// The busiest station that does not limit, where it is busy.
fn next(points: &Points, point: &Point) -> Option<String> {
    let (name, share) = point.next.as_ref()?;
    Some(format!("{name}, {} busy{}", percent(*share), points.at(point.place)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use espsim_sweep::store::point_table::{self, PointTable};

    #[test]
    fn every_limit_of_the_reference_results_is_explained() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut seen = 0;
        for scenario in std::fs::read_dir(root.join("scenarios")).unwrap().map(Result::unwrap) {
            let folder = root.join("../results").join(scenario.path().file_stem().unwrap());
            let table = folder.join(point_table::FILE);
            for row in PointTable::read(&table).unwrap().rows {
                for limit in ["bottleneck", "next_bottleneck"].into_iter().filter_map(|heading| row.text(heading)) {
                    assert!(Resource::from_name(limit).is_some(), "{}: {limit}", table.display());
                    seen += 1;
                }
            }
        }
        assert!(seen > 200, "{seen}");
    }
}
