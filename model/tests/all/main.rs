//! Tests of the model, in one binary; `allocation` stands apart, since it counts what all threads allocate.

mod common;

mod dataplanes;
mod effects;
mod failover;
mod failover_linux;
mod laws;
mod overload;
mod pcie_published;
mod placements;
mod queueing;
mod traffic;
