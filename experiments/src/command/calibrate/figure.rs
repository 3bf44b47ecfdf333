//! Cost against size: what was measured, over what the fits say.

use espsim_calibrate::Calibration;
use espsim_model::profile::{Algorithm, Direction};
use espsim_model::units::Bytes;
use espsim_report::plot::{Axis, Curve, Figure, Point, Scale, Style, Words, svg};

/// Sizes per fitted curve: enough that the steps of partial strides show.
const SAMPLES: usize = 160;

/// Sealing with AES-128-GCM by every implementation.
pub fn draw(calibration: &Calibration) -> String {
    let (algorithm, direction) = (Algorithm::Aes128Gcm, Direction::Seal);
    let (profile, report) = (&calibration.profile, &calibration.report);
    let of = (profile.aead.iter()).filter(|cost| (cost.algorithm, cost.direction) == (algorithm, direction));
    let mut curves = Vec::new();
    for cost in of {
        let rows = report
            .rows
            .iter()
            .filter(|row| (row.algorithm, row.direction, row.backend) == (algorithm, direction, cost.backend.as_str()));
        let points: Vec<Point> = rows.map(|row| Point { x: row.octets as f64, y: row.ns, half_width: None }).collect();
        let (Some(least), Some(most)) =
            (points.iter().map(|point| point.x).reduce(f64::min), points.iter().map(|point| point.x).reduce(f64::max))
        else {
            continue;
        };
        let fitted = (0..=SAMPLES).map(|i| {
            let octets = (least * (most / least).powf(i as f64 / SAMPLES as f64)).round();
            let time = cost.cycles(Bytes::new(octets as u64)) / profile.host.frequency;
            Point { x: octets, y: time.as_ns(), half_width: None }
        });
        let curve = |points, style| Curve::new(&cost.backend, points, style);
        curves.extend([curve(points, Style::Published), curve(fitted.collect(), Style::Line)]);
    }
    let figure = Figure {
        words: Words::new(
            "AES-128-GCM: time to seal by size",
            "Marks: medians measured. Lines: what the profile says of every size; whole blocks of 16 B are faster.",
            &format!("espsim {} · {}", env!("CARGO_PKG_VERSION"), profile.host.model),
        ),
        x: Axis { label: "Plaintext (B)".into(), scale: Scale::Log2 },
        y: Axis { label: "Time (ns)".into(), scale: Scale::Log10 },
        curves,
        references: Vec::new(),
    };
    svg(&figure)
}
