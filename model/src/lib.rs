//! espsim-model: a discrete-event model of the IPsec ESP data path.
//!
//! Where should ESP crypto run: on the host CPU, in a lookaside card, or inline in the NIC? This crate answers for one
//! scenario and one seed at a time. It is a pure library: no file, clock, thread or printing.

#![forbid(unsafe_code)]

pub mod bound;
pub mod carried;
pub mod control;
pub mod deciding;
pub mod engine;
pub mod esp;
pub mod hardware;
pub mod layers;
pub mod logca;
pub mod machine;
pub mod nearest;
pub mod pcie_bench;
pub mod placement;
pub mod preset;
pub mod profile;
pub mod record;
pub mod resource;
pub mod route;
pub mod run;
pub mod scenario;
pub mod stack;
pub mod trace;
pub mod traffic;
pub mod uncertainty;
pub mod units;

pub use run::{simulate, simulate_unless};
