//! Writes a capture to standard output: `capture PACKETS [SEED] [on-off]`. Two million packets a second on average.

#[path = "../tests/all/common/capture.rs"]
mod capture;

use std::io::{BufWriter, stdout};

use capture::Capture;

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize| arguments.get(place).and_then(|text| text.parse().ok());
    let Some(packets) = number(0) else {
        eprintln!("capture PACKETS [SEED] [on-off]");
        std::process::exit(2);
    };
    let on_off = arguments.iter().any(|text| text == "on-off").then_some((100e3, 100e3));
    let seed = number(1).unwrap_or(1);
    let capture = Capture { packets, flows: 1000, rate: 2e6, on_off, seed };
    capture.write(BufWriter::with_capacity(1 << 16, stdout().lock()))
}
