//! Points as tables: a matrix of series and swept values, every point in a row, and what a failover did.

use std::collections::HashMap;

use espsim_sweep::points::outcome::{Band, Summary};

use super::parts::Class::{self, Number, Text};
use super::parts::{Cell, MOST_COLUMNS, MOST_ROWS, Table};
use super::points::{Point, Points};
use super::words::{count, duration, percent};
use crate::columns::{Content, RECOVERY};

/// Series that are columns of the matrix, beside the one of the place; the rows of all points have them all.
const MOST_SERIES: usize = MOST_COLUMNS - 1;
/// Places that are rows of the matrix.
const MOST_PLACES: usize = 100;

/// A row for each place of the sweep, a column for each series: throughput with its interval, what limits, what is left.
pub fn matrix(points: &Points) -> Table {
    let series = points.series.len().min(MOST_SERIES);
    let names = points.series[..series].iter().map(String::as_str);
    let varied = points.varied_names();
    // Several axes are one column: a phone has no room for each.
    let place = if varied.len() == 1 { varied[0].to_owned() } else { varied.join(", ") };
    let place = (place.as_str(), if varied.len() == 1 { Number } else { Text });
    let columns = std::iter::once(place).filter(|_| !varied.is_empty()).chain(names.map(|name| (name, Number)));
    let mut table = Table::new("Goodput in Gb/s with its 95 % interval, what limits it, and idle cores", columns);
    let at: HashMap<(usize, usize), &Point> =
        points.points.iter().map(|point| ((point.place, point.series), point)).collect();
    for i in 0..points.places.len().min(MOST_PLACES) {
        let mut row: Vec<Cell> = if varied.is_empty() { Vec::new() } else { vec![Cell::from(points.values_at(i))] };
        row.extend(
            (0..series).map(|series| at.get(&(i, series)).map_or_else(|| Cell::from(""), |point| summed_up(point))),
        );
        table.push(row);
    }
    table.cut(points.places.len(), "points.csv");
    if points.series.len() > series {
        table.remark(format!(
            "The first {series} of {} series are columns; the next table has the others.",
            points.series.len()
        ));
    }
    table
}

fn summed_up(point: &Point) -> Cell {
    if point.no_estimate.is_some() {
        return Cell::with_remarks("–".into(), vec!["no estimate".into()]);
    }
    let mut remarks = vec![point.bottleneck.clone()];
    remarks.extend(point.value("idle_cores").map(|idle| format!("{idle:.2} idle")));
    // Latency under saturation is that of the queues, and tells nothing.
    if let Some(loss) = point.value("loss") {
        remarks.push(if loss > 0.0 { format!("{} lost", percent(loss)) } else { "no loss".into() });
        remarks.extend(point.value("latency_p99").map(|ns| format!("p99 {}", duration(ns * 1e-9))));
    }
    Cell::with_remarks(point.get("throughput").map_or_else(String::new, gbps), remarks)
}

fn gbps(rate: Summary) -> String {
    let half_width = rate.half_width.map_or_else(String::new, |half_width| format!(" ± {half_width:.2}"));
    format!("{:.2}{half_width}", rate.value)
}

/// Loss with its interval, where that is known.
fn lost(loss: Summary) -> String {
    let half_width = loss.half_width.filter(|width| *width > 0.0);
    let half_width = half_width.map_or_else(String::new, |width| format!(" ± {}", percent(width)));
    format!("{}{half_width}", percent(loss.value))
}

/// What stands where nothing was observed.
fn dash() -> String {
    "–".into()
}

/// A table with one row for each point, up to [`MOST_ROWS`]: which point it is, and a cell in each of these columns.
fn per_point<F: Fn(&Point) -> String>(points: &Points, caption: &str, columns: Vec<(&str, Class, F)>) -> Table {
    let axes = points.axis_names().into_iter().map(|axis| (axis, Number));
    let headings = columns.iter().map(|(heading, class, _)| (*heading, *class));
    let mut table = Table::new(caption, std::iter::once(("Series", Text)).chain(axes).chain(headings));
    for point in points.points.iter().take(MOST_ROWS) {
        let place = std::iter::once(&points.series[point.series]).chain(&points.places[point.place]);
        let place = place.map(|value| Cell::from(value.as_str()));
        table.push(place.chain(columns.iter().map(|(.., cell)| Cell::from(cell(point)))).collect());
    }
    table.cut(points.points.len(), "points.csv");
    table
}

/// Columns whose cells need nothing but the point.
type Columns = Vec<(&'static str, Class, fn(&Point) -> String)>;

fn two_places(value: Option<f64>) -> String {
    value.map_or_else(dash, |value| format!("{value:.2}"))
}

/// One row for each point of a run.
pub fn every_point(points: &Points) -> Table {
    let mut columns: Columns = vec![
        ("Goodput Gb/s", Number, |point| two_places(point.value("throughput"))),
        ("± 95 %", Number, |point| two_places(point.get("throughput").and_then(|rate| rate.half_width))),
        ("Bound Gb/s", Number, |point| two_places(point.value("bound"))),
        ("Bottleneck", Text, |point| match point.bottleneck.as_str() {
            "" => dash(),
            name => name.to_owned(),
        }),
        ("Idle cores", Number, |point| two_places(point.value("idle_cores"))),
        ("Cycles/B", Number, |point| two_places(point.value("cycles_per_byte"))),
    ];
    if points.points.iter().any(|point| point.get("loss").is_some()) {
        columns.push(("Latency p99", Number, |point| {
            point.value("latency_p99").map_or_else(dash, |ns| duration(ns * 1e-9))
        }));
        columns.push(("Loss", Number, |point| point.get("loss").map_or_else(dash, lost)));
    }
    let band = points.points.iter().find_map(|point| point.band("throughput"));
    if band.is_some() {
        columns.push(("Of draws, Gb/s", Number, |point| range(point, "throughput", 1.0, 2)));
    }
    if points.points.iter().any(|point| point.carried_in_draws.is_some()) {
        columns.push(("Carried in draws", Number, |point| point.carried_in_draws.map_or_else(String::new, percent)));
    }
    let mut table = per_point(points, "Every point", columns);
    if let Some(Band { n, .. }) = band {
        table.remark(of_draws(n));
        table.remark(
            "Latency and loss have no closed form, and so no range; nor has a rate that closed forms do not explain."
                .into(),
        );
    }
    table
}

/// What the columns of ranges mean.
fn of_draws(n: usize) -> String {
    format!(
        "Of draws: where the value lies for 95 % of {n} draws of what the machine's values may be, by closed forms. It is \
         what is not known of the machine; ± is chance of the simulation."
    )
}

/// The range of a metric over draws, in a unit of so many of its own; nothing where there is none.
fn range(point: &Point, metric: &str, factor: f64, digits: usize) -> String {
    let shown = |value: f64| format!("{:.digits$}", value * factor);
    let band = point.band(metric).map(|band| (shown(band.low), shown(band.high)));
    band.map_or_else(String::new, |(low, high)| if low == high { low } else { format!("{low} to {high}") })
}

/// One row for each point of a failover, with the columns of the command's own table.
pub fn failovers(points: &Points) -> Table {
    let columns = RECOVERY.iter().filter_map(|column| {
        let (Content::Metric(number) | Content::Banded(number)) = &column.content else { return None };
        let cell = |point: &Point| {
            // Where nothing had to be installed, nothing is missing.
            if column.heading.starts_with("Re-installed") && point.value("messages") == Some(0.0) {
                return "none".to_owned();
            }
            let range = range(point, number.name, number.factor, number.digits);
            let range = if range.is_empty() { range } else { format!(" ({range})") };
            point.value(number.name).map_or_else(dash, |value| format!("{}{range}", number.shown(value)))
        };
        Some((column.heading, Number, cell))
    });
    let mut table = per_point(points, "Outage, recovery, losses", columns.collect());
    let of_all = || ["outage_max", "reinstalled", "packets_lost"].into_iter();
    if let Some(band) = points.points.iter().find_map(|point| of_all().find_map(|metric| point.band(metric))) {
        table.remark(format!(
            "In parentheses: where the value lies for 95 % of {} draws of what the times of the control path may be, where \
             a closed form gives it.",
            band.n
        ));
    }
    table.remark(
        "Outage: of the worst SA, summed over its outages; Mean: over SAs. To 95 %: until throughput is back at 95 % of what \
         it was; Re-installed: until the daemon is done, “none” where it had nothing to install; both from the first event. A \
         dash: not within the simulated time, or nothing was carried before the first event."
            .into(),
    );
    table
}

/// Packets that the peer had seen.
const REPLAYED: &str = "packets_lost/replayed";

/// Why packets were lost in a failover: a row for each point.
pub fn losses(points: &Points) -> Table {
    fn packets(point: &Point, cause: &str) -> String {
        point.value(cause).map_or_else(String::new, count)
    }
    let mut columns: Columns = vec![
        ("No carrier", Number, |point| packets(point, "packets_lost/no_carrier")),
        ("No SA", Number, |point| packets(point, "packets_lost/no_sa")),
        ("Queue full", Number, |point| packets(point, "packets_lost/queue_full")),
        ("In the NIC", Number, |point| packets(point, "packets_lost/in_flight")),
        ("Of all", Number, |point| point.value("loss").map_or_else(String::new, percent)),
    ];
    let are_replayed = points.points.iter().any(|point| point.value(REPLAYED).is_some());
    if are_replayed {
        columns.insert(4, ("Replayed", Number, |point| packets(point, REPLAYED)));
    }
    // Loss that was there before is no loss by the failover.
    if points.points.iter().any(|point| point.lost_before.is_some()) {
        columns.push(("Before the first event", Number, |point| point.lost_before.map_or_else(String::new, percent)));
    }
    let mut table = per_point(points, "Packets lost, by cause", columns);
    table.remark(
        "No carrier: the NIC that they were to leave by had none. No SA: no SA would take them. Queue full: CPU or NIC \
         could not carry the load. In the NIC: under way in a NIC that failed."
            .into(),
    );
    if are_replayed {
        table.remark(
            "Replayed: the peer had seen their sequence numbers, which an SA that was moved began again.".into(),
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn nothing_to_install_is_no_time_that_is_missing() {
        let csv = "point,series,replication,seed,metric,value,unit,basis,low,high,n,bottleneck\n\
                   0,a,0,1,messages,0,1,,,,,\n1,b,0,1,messages,3,1,,,,,\n2,c,0,1,messages,3,1,,,,,\n\
                   2,c,0,1,reinstalled,0.002,s,,,,,\n";
        let points = Points::from_csv(csv.as_bytes(), Path::new("points.csv")).unwrap();
        let table = serde_json::to_value(failovers(&points)).unwrap();
        let shown: Vec<&str> = (0..3).map(|row| table["rows"][row][4]["text"].as_str().unwrap()).collect();
        assert_eq!(shown, ["none", "–", "2.000"]);
    }
}
