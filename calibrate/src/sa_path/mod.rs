//! The SA path: what the Linux kernel does, and in what time, when an SA is in software, offloaded, refused or moved.
//!
//! Real XFRM on netdevsim devices, by netlink, in a network namespace of our own: [`measure`] in the running kernel,
//! [`guest::measure_in`] in one of our making. [`stack`] says which measured value feeds which parameter of the model.
//!
//! It touches nothing that it did not make. Namespaces end with the process; netdevsim devices are removed on success,
//! error and signals, and those of a killed process on the next start. Keys are random and never printed.

pub(crate) mod control_path;
mod data_path;
pub(crate) mod error;
mod estimate;
mod failover;
pub(crate) mod frame;
pub mod guest;
mod kernel_aead;
pub(crate) mod link;
mod measurement;
mod namespace;
mod netdevsim;
pub(crate) mod netlink;
pub(crate) mod packet_socket;
mod passes;
mod proof;
mod site;
pub mod stack;
mod stop;
mod super_packets;
mod tcp;
mod traffic;
pub(crate) mod xfrm;

pub use control_path::{ControlPath, ControlRow, RefusalRow, what};
pub use data_path::{DatagramRow, Protection};
pub use error::SaPathError;
pub use failover::{Event, Failover, Fate, Policy, What};
pub use kernel_aead::KernelAeadRow;
pub use measurement::{Measurement, Plan, measure};
pub use netlink::Refusal;
pub use passes::passes;
pub use proof::Proof;
pub use super_packets::{SuperPacketRow, Way};
pub use tcp::TcpRow;
pub use xfrm::Mode;
