//! Tests of the model, in one binary; `allocation` stands apart, since it counts what all threads allocate.

mod acks;
mod arrivals;
mod common;
mod cores_memory;
mod cpus;
mod dataplanes;
mod effects;
mod failover;
mod failover_linux;
mod laws;
mod library;
mod mtu;
mod nic;
mod nic_descriptors;
mod overload;
mod pcie;
mod pcie_order;
mod pcie_published;
mod placements;
mod profiles;
mod queueing;
mod replay;
mod steering;
mod traffic;
mod tunnels;
mod workers;
