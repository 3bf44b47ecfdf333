//! One file per physical thing: its parameters, the demands it places, and their sources.

pub mod accelerator;
pub mod core;
pub mod ddio;
pub mod dpu;
mod inline;
pub mod inline_esp;
pub mod memory;
pub mod nic;
pub mod pcie;
pub mod wire;
