//! Tests of the model, in one binary; `allocation` stands apart, since it counts what all threads allocate.

mod acks;
mod arrivals;
mod common;

mod dataplanes;
mod effects;
mod failover;
mod failover_linux;
mod laws;
mod mtu;
mod nic;
mod overload;
mod pcie;
mod pcie_published;
mod placements;
mod queueing;
mod replay;
mod steering;
mod traffic;
mod tunnels;
mod workers;
