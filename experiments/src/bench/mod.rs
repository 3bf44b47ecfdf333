//! The PCIe microbenchmark: its tests, measurements of the public tool, and the machine that some of them describe.

pub mod measured;
pub mod nfp6000;
pub mod test;
