//! Writes a capture to standard output: `capture PACKETS [SEED] [on-off]`. Two million packets a second on average.

#[path = "../tests/all/common/capture.rs"]
mod capture;

use std::io::{BufWriter, stdout};

use capture::{Arrivals, Capture};

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize| arguments.get(place).and_then(|text| text.parse().ok());
    let Some(packets) = number(0) else {
        eprintln!("capture PACKETS [SEED] [on-off]");
        std::process::exit(2);
    };
    let arrivals = match arguments.iter().any(|text| text == "on-off") {
        true => Arrivals::OnOff { on: 100e3, off: 100e3 },
        false => Arrivals::Poisson,
    };
    let seed = number(1).unwrap_or(1);
    let capture = Capture { packets, flows: 1000, rate: 2e6, arrivals, seed };
    capture.write(BufWriter::with_capacity(1 << 16, stdout().lock()))
}
