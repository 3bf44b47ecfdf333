//! Answers at their edges: ends of a sweep, ties, one series, offered load, gaps.

use std::path::Path;

use espsim_sweep::points::outcome::Band;

use super::*;

/// Points of rows `series, x, throughput, half-width, loss, bottleneck, idle cores`; an empty cell is not observed.
fn points(axis: Option<&str>, rows: &[&str]) -> Points {
    let mut csv = format!(
        "point,series,{}replication,seed,metric,value,unit,basis,low,high,n,bottleneck\n",
        axis.map_or_else(String::new, |axis| format!("{axis},"))
    );
    for (i, row) in rows.iter().enumerate() {
        let cells: Vec<&str> = row.split(',').map(str::trim).collect();
        let [series, x, rate, half_width, loss, bottleneck, idle] = cells[..] else { panic!("{row}") };
        let head = if axis.is_some() { format!("{i},{series},{x},0,1") } else { format!("{i},{series},0,1") };
        let high = rate.parse::<f64>().unwrap() + half_width.parse::<f64>().unwrap_or(0.0);
        let high = if half_width.is_empty() { String::new() } else { high.to_string() };
        csv += &format!("{head},throughput,{rate},Gb/s,goodput,,{high},9,{bottleneck}\n");
        for (metric, value) in [("loss", loss), ("idle_cores", idle), ("latency_p99", "2000")] {
            if !value.is_empty() {
                csv += &format!("{head},{metric},{value},1,,,,,{bottleneck}\n");
            }
        }
    }
    Points::from_csv(csv.as_bytes(), Path::new("points.csv")).unwrap()
}

#[test]
fn ends_of_a_sweep_are_compared_and_limits_located() {
    let points = points(
        Some("host.cores"),
        &[
            "a, 1, 10, 0.1, , core, 0",
            "a, 2, 20, 0.1, , core, 0",
            "a, 4, 30, 0.1, , wire, 0.5",
            "b, 1, 30, 0.1, , wire, 0.7",
            "b, 2, 30, 0.1, , wire, 1.7",
            "b, 4, 30, 0.1, , wire, 3.7",
            "c, 1, 2, 0.1, , core, 0",
            "c, 2, 4, 0.1, , core, 0",
            "c, 4, 15, , , core, 0",
        ],
    );
    assert_eq!(
        answer(&points),
        "At cores 1, “b” carries most, 30.0 ± 0.1 Gb/s of goodput: 3.0 times as much as “a”, the next (10.0 ± 0.1 \
         Gb/s) and 15 times as much as “c”, the least (2.00 ± 0.10 Gb/s). At cores 4, “a” and “b” carry most, \
         30.0 ± 0.1 Gb/s of goodput each: 2.0 times as much as “c” (15.0 Gb/s). “a” is limited by the cores up to \
         cores 2 and by the wire at cores 4; “b” is limited by the wire; “c” is limited by the cores. Cores left \
         idle at cores 4: 3.70 (“b”), 0.500 (“a”) and none (“c”)."
    );
}

#[test]
fn an_answer_in_short_has_three_sentences_and_its_doubt() {
    let offered = points(
        Some("traffic.rate"),
        &[
            "a, 1 Gbps, 1, 0.01, 0, offered load, 3",
            "b, 1 Gbps, 1, 0.01, 0, offered load, 3",
            "a, 9 Gbps, 9, 0.01, 0, offered load, 3",
            "b, 9 Gbps, 5, 0.01, 0.4, core, 0",
        ],
    );
    let short = in_short(&offered, &[]);
    assert_eq!(short.len(), 3, "{short:?}");
    assert!(short[0].starts_with("At rate 9 Gbps, “a” carries most") && short[1].starts_with("Of the offered load"));
    assert!(short[2].starts_with("How far values of the machine move this was not drawn"));
    let found = ["UDP: a carries most.".to_owned(), "TCP: b carries most.".to_owned(), "c".to_owned()];
    assert_eq!(in_short(&offered, &found), short, "a sweep with ends has them");
    let words = points(Some("traffic.arrival"), &["a,poisson,2,,,core,", "a,constant,1,,,core,"]);
    assert_eq!(in_short(&words, &found)[..2], found[..2]);
    let mut one = points(None, &["all,,9.87,0.04,,wire,2"]);
    assert_eq!(in_short(&one, &[])[1], "“all” is limited by the wire.");
    one.points[0].set_band("throughput", Band { low: 8.0, high: 11.0, n: 200 });
    assert_eq!(
        in_short(&one, &[])[2],
        "In 95 % of 200 draws of what the machine may be, “all” carries 8.00 to 11.0 Gb/s."
    );
}

#[test]
fn overlapping_intervals_are_a_tie_and_others_are_not() {
    let text = |half_width: &str| {
        answer(&points(None, &[&format!("a,,10,{half_width},,core,1"), &format!("b,,10.4,{half_width},,core,1")]))
    };
    assert!(text("0.3").starts_with("Both series carry the same, 10.4 ± 0.3 Gb/s of goodput. "), "{}", text("0.3"));
    assert!(text("0.1").starts_with("“b” carries most, 10.4 ± 0.1 Gb/s of goodput: 4.0 % more than “a” (10.0"));
    assert!(text("").starts_with("“b” carries most, 10.4 Gb/s"), "without intervals only equals are the same");
    assert!(text("0.1").ends_with("Both series are limited by the cores. Cores left idle: 1.00 (both alike)."));
}

#[test]
fn one_series_has_nothing_to_be_compared_with() {
    let one = points(None, &["all,,9.87,0.04,,wire,2"]);
    assert_eq!(
        answer(&one),
        "“all” carries 9.87 ± 0.04 Gb/s (goodput). “all” is limited by the wire. Cores left idle: 2.00."
    );
    let swept = points(Some("traffic.packet"), &["all,64 B,1,,,core,0", "all,1024 B,9,,,wire,0"]);
    assert!(
        answer(&swept).starts_with("“all” carries 1.00 Gb/s at packet 64 B and 9.00 Gb/s at packet 1024 B (goodput). "),
        "{}",
        answer(&swept)
    );
}

#[test]
fn of_offered_load_it_is_said_where_all_is_carried() {
    let points = points(
        Some("traffic.rate"),
        &[
            "a, 1 Gbps, 1, 0.01, 0, offered load, 3",
            "a, 10 Gbps, 10, 0.01, 0, offered load, 2",
            "a, 20 Gbps, 12, 0.01, 0.4, core, 0",
            "b, 1 Gbps, 1, 0.01, 0, offered load, 3",
            "b, 10 Gbps, 0, 0, 1, core, 0",
            "b, 20 Gbps, 0, 0, 1, core, 0",
        ],
    );
    assert_eq!(
        answer(&points),
        "At rate 1 Gbps, both series carry the same, 1.00 ± 0.01 Gb/s of goodput. At rate 20 Gbps, “a” carries most, 12.0 \
         Gb/s of goodput, 40.0 % lost: “b” carries nothing, 100 % lost. “a” is not limited up to rate 10 Gbps and limited \
         by the cores at rate 20 Gbps; “b” is not limited at rate 1 Gbps and limited by the cores from rate 10 Gbps on. Of \
         the offered load, “a” carries all up to rate 10 Gbps; “b” carries all at rate 1 Gbps. 99 % of packets at rate 1 \
         Gbps take at most 2.00 µs (both alike). Cores left idle at rate 20 Gbps: none (both alike)."
    );
}

#[test]
fn several_axes_words_and_gaps_are_not_put_in_an_order_they_do_not_have() {
    let words = points(Some("traffic.arrival"), &["a,poisson,2,,,core,", "a,constant,1,,,core,", "a,on-off,3,,,wire,"]);
    assert_eq!(
        answer(&words),
        "Of 3 points, goodput is least at arrival constant: 1.00 Gb/s; it is greatest at arrival on-off: 3.00 Gb/s. “a” is \
         limited by the cores at 2 of 3 points and by the wire at arrival on-off."
    );
    let unordered = points(Some("host.cores"), &["a,2,5,,,core,", "a,1,9,,,core,", "b,2,3,,,core,", "b,1,1,,,core,"]);
    assert!(answer(&unordered).starts_with(
        "Of 4 points, goodput is least at cores 1: 1.00 Gb/s by “b”; it is greatest at cores 1: 9.00 Gb/s by “a”. At cores 1, \
         “a” carries most, 9.00 Gb/s of goodput: 9.0 times as much as “b” (1.00 Gb/s). Both"
    ));
    let missing = points(Some("host.cores"), &["a,1,1,,,core,", "a,2,2,,,core,", "b,2,1,,,core,"]);
    assert!(answer(&missing).starts_with("At cores 1, only “a” was simulated: 1.00 Gb/s of goodput. At cores 2, “a”"));
    let dead = points(None, &["a,,0,,,none,", "b,,0,,,none,"]);
    assert_eq!(answer(&dead), "No series carries anything. Both series are limited by nothing.");
}
