//! The SA path.
mod control_path;
mod data_path;
mod error;
mod estimate;
mod failover;
mod kernel_aead;
mod link;
mod measurement;
mod namespace;
mod netdevsim;
mod netlink;
mod packet_socket;
mod proof;
mod site;
mod stop;
mod super_packets;
mod xfrm;

pub use control_path::{ControlPath, ControlRow, RefusalRow, what};
pub use data_path::{DatagramRow, Protection};
pub use error::SaPathError;
pub use failover::{Event, Failover, Fate, Policy, What};
pub use kernel_aead::KernelAeadRow;
pub use measurement::{Measurement, Plan, measure};
pub use netlink::Refusal;
pub use proof::Proof;
pub use super_packets::{SuperPacketRow, Way};
pub use xfrm::Mode;
