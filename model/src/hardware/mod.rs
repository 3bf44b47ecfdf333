//! One file per physical thing: its parameters, the demands it places, and their sources.

pub mod accelerator;
pub mod nic;
pub mod pcie;
