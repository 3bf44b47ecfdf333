//! Tests of the model, in one binary; `allocation` stands apart, since it counts what all threads allocate.

mod acks;
mod arrivals;
mod common;

mod dataplanes;
mod effects;
mod failover;
mod laws;
mod mtu;
mod overload;
mod pcie_published;
mod placements;
mod queueing;
mod traffic;
mod tunnels;
