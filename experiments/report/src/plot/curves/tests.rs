//! What is drawn of curves, and what is not.

use super::*;

fn figure(curves: Vec<Curve>) -> Figure {
    let axis = |label: &str, scale| Axis { label: label.into(), scale };
    Figure {
        words: Words::new("a < b & c", "why?", "here"),
        x: axis("Packet (B)", Scale::Log2),
        y: axis("Goodput (Gb/s)", Scale::Linear),
        curves,
        references: Vec::new(),
    }
}

fn curve(name: &str, ys: &[f64]) -> Curve {
    let x = |i: usize| 64.0 * 2f64.powi(i as i32);
    let points =
        ys.iter().enumerate().map(|(i, &y)| Point { x: x(i), y, half_width: Some(0.3 * y) }).collect::<Vec<_>>();
    Curve { bound: points.iter().map(|p| (p.x, 1.1 * p.y)).collect(), ..Curve::new(name, points, Style::Curve) }
}

#[test]
fn labels_are_there_and_escaped() {
    let svg = svg(&figure(vec![curve("host & co", &[1.0, 2.0, 4.0])]));
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
    for label in ["a &lt; b &amp; c", "host &amp; co", "Packet (B)", "Goodput (Gb/s)", "128", "closed-form bound"] {
        assert!(svg.contains(label), "{label}");
    }
    assert!(!svg.contains("b & c"));
}

#[test]
fn odd_data_is_drawn_or_left_out() {
    assert!(svg(&figure(vec![])).contains("no data"));
    assert!(svg(&figure(vec![curve("nan", &[f64::NAN, f64::INFINITY])])).contains("no data"));
    for ys in [&[5.0][..], &[0.0, 0.0], &[1e-9, 1e12], &[-1.0, 3.0]] {
        assert!(svg(&figure(vec![curve("odd", ys), curve("same", ys)])).contains("same"));
    }
}

#[test]
fn intervals_are_told_of_as_they_are_drawn() {
    let drawn = |half_width: Option<f64>| {
        let mut curve = curve("a", &[1.0, 2.0]);
        curve.points.iter_mut().for_each(|point| point.half_width = half_width);
        svg(&figure(vec![curve]))
    };
    assert!(drawn(Some(0.5)).contains("Bars: 95 % interval"));
    assert!(drawn(Some(1e-3)).contains("are within the marks"));
    assert!(!drawn(None).contains("95 % interval"));
}

#[test]
fn a_design_has_its_colour_and_a_reference_its_name() {
    let of = |name: &str, design: &str| Curve { design: Some(design.into()), ..curve(name, &[1.0, 2.0]) };
    let mut figure = figure(vec![of("slot", "lookaside"), of("shared", "lookaside"), of("cpu", "host")]);
    figure.references.push(Reference { name: "line rate".into(), points: vec![(0.0, 2.0)] });
    let svg = svg(&figure);
    assert!(svg.contains("#d55e00") && svg.contains("#0072b2") && svg.contains("line rate"));
    let dashed = svg.lines().find(|line| line.contains("stroke-dasharray=\"7 4\"")).unwrap();
    assert!(dashed.contains("#d55e00"), "the second of a design is dashed: {dashed}");
    figure.references[0].points = vec![(0.0, 1e6)];
    assert!(!super::svg(&figure).contains("line rate"), "what lies beyond the plot is not drawn");
}

#[test]
fn lines_have_the_look_of_the_marks_before_them() {
    let style = |style| Curve { style, ..curve("a", &[1.0, 2.0]) };
    let curves = [style(Style::Published), style(Style::Line), style(Style::Published), style(Style::Line)];
    let looks = looks_of(&curves);
    assert!(looks[0] == looks[1] && looks[2] == looks[3] && looks[1] != looks[2]);
}

#[test]
fn bytes_are_the_same_every_time() {
    let figure = figure(vec![curve("a", &[1.0, 2.0]), curve("b", &[1.0, 3.0])]);
    assert_eq!(svg(&figure), svg(&figure));
}
