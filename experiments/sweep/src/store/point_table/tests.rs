use espsim_model::record::Metric;
use toml::Value;

use super::*;
use crate::points::Place;
use crate::points::doubt::Drawn;
use crate::points::outcome::Run;
use crate::store::points_csv::csv_rows;

fn file() -> ScenarioFile {
    let text = "[sweep]\n\"traffic.packet\" = [\"64 B\", \"128 B\"]\n";
    ScenarioFile::parse(Path::new("s.toml"), text.into()).unwrap()
}

/// A run under a stop; a metric that no table knows is among the others.
fn run(goodput: f64, stop: &str) -> Run {
    let rate = |basis: Basis, gbps: f64| Metric {
        basis: Some(basis),
        half_width: Some(gbps / 64.0),
        ..Metric::plain("throughput", gbps, "Gb/s")
    };
    let metrics = vec![
        rate(Basis::Goodput, goodput),
        rate(Basis::L2, goodput * 2.0),
        Metric::plain("packet_rate", goodput * 1e6, "1/s"),
        Metric::plain("new_metric", 7.0, "1"),
        Metric::plain("latency_p99", f64::NAN, "ns"),
        Metric::plain("busy_cores", 0.000_123_456, "cores"),
        Metric::plain("outage_max", 0.012_345_6, "s"),
        Metric::plain("packets_lost", 0.0, "1"),
        Metric::plain("cpu_peak", 1.0, "1"),
    ];
    let bottleneck = "core".into();
    Run { stop: stop.into(), bottleneck, metrics, ..Run::default() }
}

fn text(csv: &Csv, outcome: &Outcome) -> String {
    let rows = std::iter::once((csv.header)(&file())).chain((csv.rows)(0, outcome));
    String::from_utf8(csv_rows(rows).unwrap()).unwrap()
}

fn outcome(runs: Vec<Run>) -> Outcome {
    let place = Place { series: "a, b".into(), coordinates: vec![Value::String("64 B".into())] };
    let drawn =
        vec![Drawn::Band { metric: "throughput", low: 0.9, high: 1.2, n: 200 }, Drawn::Carried { share: 0.93, n: 200 }];
    Outcome { place, runs, drawn }
}

#[test]
fn a_row_has_four_digits_and_nothing_for_what_was_not_observed() {
    let one = outcome(vec![run(12.345_678, "half-width")]);
    assert_eq!(
        text(&OF_RUN, &one),
        "series,traffic.packet,replications,goodput_gbps,goodput_half_width_gbps,l2_gbps,l2_half_width_gbps,\
         packets_per_s,loss,latency_p50_ns,latency_p99_ns,busy_cores,bottleneck,next_bottleneck,stop,encrypt_goodput_gbps,\
         decrypt_goodput_gbps,sas_fallen_back,goodput_drawn_low_gbps,goodput_drawn_high_gbps,busy_cores_drawn_low,\
         busy_cores_drawn_high,carried_in_draws\n\
         \"a, b\",64 B,1,12.35,0.1929,24.69,0.3858,12350000,,,,0.0001235,core,,half-width,,,,11.11,14.81,,,0.93\n"
    );
    assert_eq!(
        text(&OF_FAILOVER, &one),
        "series,traffic.packet,replications,outage_max_ms,outage_mean_ms,time_to_95_ms,reinstalled_ms,packets_lost,\
         packets_in_software,messages,cpu_peak,outage_max_drawn_low_ms,outage_max_drawn_high_ms,\
         reinstalled_drawn_low_ms,reinstalled_drawn_high_ms,packets_lost_drawn_low,packets_lost_drawn_high\n\
         \"a, b\",64 B,1,12.35,,,,0,,,1,,,,,,\n"
    );
}

#[test]
fn what_rounding_leaves_is_no_half_width() {
    let of = |half_width: f64| {
        let metric = Metric {
            half_width: Some(half_width),
            basis: Some(Basis::Goodput),
            ..Metric::plain("throughput", 9.09, "Gb/s")
        };
        let csv = text(&OF_RUN, &outcome(vec![Run { metrics: vec![metric], ..Run::default() }]));
        PointTable::from_csv(csv.as_bytes(), Path::new(FILE)).unwrap().rows[0]
            .text("goodput_half_width_gbps")
            .unwrap()
            .to_owned()
    };
    assert_eq!([3.03e-16, 0.0, 6.427e-5].map(of), ["0", "0", "0.00006427"]);
}

#[test]
fn replications_are_summed_up_and_every_reason_to_stop_is_named() {
    let several = outcome(["half-width", "limit", "half-width"].map(|stop| run(10.0, stop)).into());
    let table = PointTable::from_csv(text(&OF_RUN, &several).as_bytes(), Path::new(FILE)).unwrap();
    let row = &table.rows[0];
    assert_eq!((row.replications, row.text("stop")), (3, Some("half-width + limit")));
    assert_eq!(row.number("goodput_half_width_gbps").unwrap(), Some(0.0), "they are all the same");
}

#[test]
fn what_is_written_is_read() {
    let one = outcome(vec![run(12.345_678, "limit")]);
    let table = PointTable::from_csv(text(&OF_RUN, &one).as_bytes(), Path::new(FILE)).unwrap();
    assert_eq!(table.axes, ["traffic.packet"]);
    let row = &table.rows[0];
    assert_eq!((row.series.as_str(), row.coordinates[0].as_str(), row.replications), ("a, b", "64 B", 1));
    assert_eq!(row.number("goodput_gbps").unwrap(), Some(12.35));
    assert_eq!(
        (row.number("loss").unwrap(), row.text("next_bottleneck"), row.text("of another version")),
        (None, None, None)
    );
    assert_eq!(row.number("stop").unwrap_err().to_string(), "`stop` is `limit`: a number, or nothing");
}

#[test]
fn a_later_version_may_add_columns_and_what_is_no_table_is_refused() {
    let read = |text: &str| PointTable::from_csv(text.as_bytes(), Path::new(FILE));
    let later = read("series,replications,new,goodput_gbps\na,1,x,2.5\n").unwrap();
    assert_eq!((later.axes.len(), later.rows[0].number("goodput_gbps").unwrap()), (0, Some(2.5)));
    let message = |text: &str| read(text).unwrap_err().to_string();
    let plan = message("Placement,Cores\nhost,13\n");
    assert_eq!(plan, "table.csv: columns are Placement, Cores: series, swept keys, replications, numbers");
    let many = message("series,replications\na,1\nb,many\n");
    assert_eq!(many, "table.csv:3: `replications` is `many`: a whole number");
    assert!(message("series,replications\na\n").contains("line: 2"));
}
