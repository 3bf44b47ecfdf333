//! What parameters add up to, beside what was measured another way.

use espsim_model::profile::Estimate;

use super::INNER_HEADER;
use super::rows::Rows;
use crate::sa_path::super_packets::{SEGMENT_SIZES, Way};
use crate::sa_path::tcp;
use crate::sample::median;

/// IPv4 and TCP headers without options.
const IP_AND_TCP: u64 = 40;
/// Padding length and next header (RFC 4303 section 2).
const ESP_TRAILER: u64 = 2;

/// A prediction of the model's form for something else that was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What.
    pub what: String,
    /// Cycles measured.
    pub measured: f64,
    /// Cycles that the fitted parameters add up to.
    pub predicted: f64,
}

/// What was measured another way, beside the sum of what it costs by the parameters: super-packets of 40 segments and
/// TCP, per segment.
pub(super) fn checks(rows: &Rows<'_>, stack: &[(&'static str, Estimate, &'static str)]) -> Vec<Check> {
    const SEGMENTS: u64 = 40;
    let parameter = |key: &str| stack.iter().find(|row| row.0 == key).map(|row| row.1.value);
    let over_passes = |value: &dyn Fn(usize) -> Option<f64>| {
        let values: Option<Vec<f64>> = (0..rows.passes()).map(value).collect();
        values.map(|values| median(&values))
    };
    // What ESP adds to a segment of so many octets of plaintext.
    let esp = |way: Way, octets: u64| match way {
        Way::Software => {
            let octets = (octets + ESP_TRAILER).next_multiple_of(4) as f64;
            let aead = over_passes(&|pass| rows.aead(pass).map(|(fixed, per_byte)| fixed + per_byte * octets));
            parameter("stack.xfrm").zip(aead).map(|(xfrm, aead)| xfrm + aead)
        }
        // A share of what is paid once for the super-packet, which 40 and 49 segments hardly tell apart.
        _ => parameter("stack.xfrm_offload")
            .zip(parameter("stack.xfrm_offload_segment"))
            .map(|(once, further)| further + (once - further) / SEGMENTS as f64),
    };
    let mut checks = Vec::new();
    let mut push = |what: String, measured: Option<f64>, predicted: Option<f64>| {
        checks.extend(measured.zip(predicted).map(|(measured, predicted)| Check { what, measured, predicted }));
    };
    for (way, name) in [(Way::Software, "ESP in software"), (Way::Offloaded, "ESP left to the device")] {
        for size in SEGMENT_SIZES.map(|size| size as u64) {
            let measured = over_passes(&|pass| {
                let dropped = rows.super_packet(Way::Dropped, SEGMENTS, size, pass)?;
                Some((rows.super_packet(way, SEGMENTS, size, pass)? - dropped) / SEGMENTS as f64)
            });
            let predicted =
                parameter("stack.segment").zip(esp(way, size + IP_AND_TCP)).map(|(segment, esp)| segment + esp);
            push(format!("{name}: super-packets of {SEGMENTS} x {size} B, per segment"), measured, predicted);
        }
        let of_tcp = |way: Way| {
            let row = rows.0.tcp.iter().find(|row| row.way == way)?;
            Some(row.cycles.value / row.frames.max(1) as f64)
        };
        let measured = of_tcp(way).zip(of_tcp(Way::Plain)).map(|(esp, plain)| esp - plain);
        let predicted = esp(way, u64::from(tcp::SEGMENT) + IP_AND_TCP - INNER_HEADER);
        push(format!("{name}: TCP, per segment beyond plain"), measured, predicted);
    }
    checks
}
