//! What counts as carried, and what is drawn of what does not.

use std::path::Path;

use espsim_model::record::Metric;
use espsim_sweep::points::Place;
use espsim_sweep::points::outcome::Run;

use super::*;

fn file(y: &str) -> ScenarioFile {
    let text = format!(
        "[[series]]\nname = \"cpu\"\nplacement = \"host\"\n[[series]]\nname = \"card\"\nplacement = \"lookaside\"\n\
         [sweep]\n\"host.cores\" = [1, 2]\n[[plot]]\nfile = \"a\"\ntitle = \"t\"\nx = \"host.cores\"\n\
         x_label = \"Cores\"\ny = \"{y}\"\ny_label = \"Value (us)\"\n"
    );
    ScenarioFile::parse(Path::new("scenario.toml"), text).unwrap()
}

/// A point of 10 Gb/s offered, of which so many percent are lost.
fn outcome(series: &str, cores: i64, value: (&str, f64), lost: f64) -> Outcome {
    let goodput = |name: &str, gbps: f64| Metric { basis: Some(Basis::Goodput), ..Metric::plain(name, gbps, "Gb/s") };
    let carried = 10.0 * (1.0 - lost / 100.0);
    let metrics = vec![
        goodput("throughput", carried),
        goodput("offered", 10.0),
        goodput("bound", 10.0),
        Metric::plain("loss", lost / 100.0, "1"),
        Metric::plain(value.0, value.1, "1"),
    ];
    let place = Place { series: series.into(), coordinates: vec![Value::Integer(cores)] };
    Outcome { place, runs: vec![Run { metrics, ..Run::default() }], drawn: Vec::new() }
}

fn drawn(y: &str, points: &[(&str, i64, f64, f64)]) -> (String, Vec<usize>) {
    let file = file(y);
    let mut curves = Curves::new(&file, &file.plots[0], false);
    points.iter().for_each(|(series, cores, value, lost)| curves.add(&outcome(series, *cores, (y, *value), *lost)));
    curves.leave_out_the_uncarried();
    let left = curves.curves.iter().map(|traced| traced.curve.points.len()).collect();
    (curves.svg("here"), left)
}

#[test]
fn latency_ends_where_load_is_lost() {
    let points = [("cpu", 1, 9.0, 30.0), ("cpu", 2, 4.0, 0.0), ("card", 1, 8.0, 0.05), ("card", 2, 7.0, 0.0)];
    let (svg, left) = drawn("latency_p99", &points);
    assert_eq!(left, [1, 2]);
    assert!(svg.contains("Drawn up to saturation"), "{svg}");
    let (svg, left) = drawn("latency_p99", &[("cpu", 1, 9.0, 30.0), ("card", 1, 8.0, 5.0)]);
    assert_eq!(left, [1, 1], "of full queues alone all is drawn");
    assert!(svg.contains("latency of full queues"), "{svg}");
}

#[test]
fn cores_are_left_over_only_where_the_load_is_carried() {
    let points = [("cpu", 1, 0.9, 30.0), ("cpu", 2, 0.5, 0.0), ("card", 1, 0.1, 0.0), ("card", 2, 0.7, 0.0)];
    let (svg, left) = drawn("idle_cores", &points);
    assert_eq!(left, [1, 2], "who loses packets leaves no core");
    assert!(
        svg.contains("Drawn where a design carries as much as any other.") && svg.contains("card leaves most cores")
    );
}

#[test]
fn other_metrics_are_drawn_whatever_is_lost() {
    let (svg, left) = drawn("loss", &[("cpu", 1, 0.3, 30.0), ("card", 1, 0.0, 0.0)]);
    assert_eq!(left, [1, 1]);
    assert!(svg.contains("#0072b2") && svg.contains("#d55e00") && svg.contains("card loses least"), "{svg}");
}
