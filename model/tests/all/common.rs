//! What every test of the model asks for: a host, what a record says, nearness.

use espsim_model::preset;
use espsim_model::profile::Profile;
use espsim_model::record::Record;
use espsim_model::route::Category;
use espsim_model::traffic::Basis;

/// A host of the presets.
pub fn profile(name: &str) -> Profile {
    preset::profile(name).unwrap().unwrap()
}

/// Cycles per packet of a category; 0 where it had none.
pub fn cycles(record: &Record, category: Category) -> f64 {
    record.cycles_per_packet.iter().find(|(c, _)| *c == category).map_or(0.0, |(_, cycles)| *cycles)
}

/// Gb/s of layer 4 payload.
pub fn goodput(record: &Record) -> f64 {
    record.rate(Basis::Goodput).unwrap().gbps
}

/// Packets per second.
pub fn pps(record: &Record) -> f64 {
    record.packets_per_s.unwrap()
}

/// Fails where a value is farther from what is expected than a share of it.
#[track_caller]
pub fn near(value: f64, expected: f64, tolerance: f64) {
    assert!((value / expected - 1.0).abs() <= tolerance, "{value} instead of {expected}");
}
