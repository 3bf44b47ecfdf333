//! Findings of made-up curves.

use super::*;

fn line(name: &str, spots: &[(f64, f64, &str)]) -> Line {
    let spot = |&(x, y, limit): &(f64, f64, &str)| Spot { x, y, half_width: None, limit: limit.into() };
    Line { name: name.into(), spots: spots.iter().map(spot).collect() }
}

fn said(metric: &str, key: &str, unit: &str, lines: &[Line]) -> Option<String> {
    let mut xs: Vec<f64> = lines.iter().flat_map(|line| line.spots.iter().map(|spot| spot.x)).collect();
    xs.sort_by(f64::total_cmp);
    xs.dedup();
    let value = |x: f64| match key {
        "host.cores" => Value::Integer(x as i64),
        _ => Value::String(format!("{x} B")),
    };
    let places: Vec<(f64, Value)> = xs.iter().map(|&x| (x, value(x))).collect();
    finding(&Shown { metric, unit, key, places: &places, lines })
}

#[test]
fn one_that_leads_everywhere_and_what_limits_all() {
    let lines = [
        line("host", &[(64.0, 1.0, "core"), (512.0, 8.0, "core")]),
        line("inline, packet offload", &[(64.0, 2.0, "core"), (512.0, 16.0, "core")]),
    ];
    assert_eq!(
        said("throughput", "traffic.packet", "Gb/s", &lines).unwrap(),
        "“inline, packet offload” carries most at every size: 2.0 times as much as host at 512 B. The cores limit throughout."
    );
}

#[test]
fn leads_change_where_curves_cross() {
    let lines = [
        line("host", &[(64.0, 4.0, "core"), (512.0, 8.0, "core"), (1024.0, 10.0, "core")]),
        line("card", &[(64.0, 1.0, "core"), (512.0, 6.0, "core"), (1024.0, 18.0, "wire")]),
    ];
    assert_eq!(
        said("throughput", "traffic.packet", "Gb/s", &lines).unwrap(),
        "host carries most up to 512 B, card at 1024 B; they meet at about 610 B. card is limited by the cores up to 512 \
         B, by the wire from 1024 B on."
    );
}

#[test]
fn ties_are_no_leads() {
    let lines = [
        line("a", &[(1.0, 5.0, "core"), (2.0, 10.0, "wire"), (4.0, 10.02, "wire")]),
        line("b", &[(1.0, 3.0, "core"), (2.0, 10.0, "wire"), (4.0, 10.0, "wire")]),
    ];
    assert_eq!(
        said("throughput", "host.cores", "Gb/s", &lines).unwrap(),
        "a carries most at 1 core, both do alike from 2 cores on. a is limited by the cores up to 1 core, by the wire from \
         2 cores on."
    );
    let mut wide = lines.clone();
    wide[1].spots[0].half_width = Some(3.0);
    assert!(
        said("throughput", "host.cores", "", &wide).unwrap().starts_with("Both do alike with every number of cores.")
    );
}

#[test]
fn less_is_better_of_what_costs() {
    let lines = [line("a", &[(1.0, 5.0, ""), (2.0, 0.0, "")]), line("b", &[(1.0, 3.0, ""), (2.0, 1.0, "")])];
    assert_eq!(said("loss", "host.cores", "%", &lines).unwrap(), "b loses least at 1 core, a at 2 cores.");
    assert_eq!(said("spread", "host.cores", "", &lines), None, "neither end is better");
    assert_eq!(said("loss", "host.cores", "", &[]), None);
}

#[test]
fn one_curve_and_points_that_are_missing() {
    let one = [line("all", &[(1.0, 5.0, "core"), (4.0, 20.0, "core")])];
    assert_eq!(
        said("throughput", "host.cores", "Gb/s", &one).unwrap(),
        "5.00 Gb/s at 1 core, 20.0 Gb/s at 4 cores. The cores limit throughout."
    );
    let apart = [line("a", &[(1.0, 5.0, "")]), line("b", &[(2.0, 5.0, "")])];
    assert_eq!(said("latency_p99", "host.cores", "us", &apart), None, "nowhere are there two");
}

#[test]
fn leads_that_change_often_are_counted() {
    let ys = [(1.0, 2.0), (2.0, 1.0), (1.0, 2.0), (2.0, 1.0), (1.0, 2.0)];
    let of = |which: fn(&(f64, f64)) -> f64| -> Vec<(f64, f64, &str)> {
        ys.iter().enumerate().map(|(i, y)| (i as f64 + 1.0, which(y), "")).collect()
    };
    let lines = [line("a", &of(|y| y.0)), line("b", &of(|y| y.1))];
    assert_eq!(said("throughput", "host.cores", "", &lines).unwrap(), "b carries most at 3 of 5 places.");
}

#[test]
fn limits_agree_in_number() {
    assert_eq!([verb_end("core"), verb_end("wire"), verb_end("NIC tags")], ["", "s", ""]);
}
