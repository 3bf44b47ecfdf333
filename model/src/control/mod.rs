//! The control plane: what happens to SAs when a NIC changes under them.
//!
//! Packets run through the engine on the routes of the placements; the control plane stands beside it. It lets the
//! engine run up to the next thing that happens, changes the state of NICs and SAs, and steers flows accordingly. A
//! packet's way is chosen when it starts.
//!
//! What an SA's packets do when they leave by another NIC than the one that it is bound to is Linux's
//! (`xfrm_dev_offload_ok` in net/xfrm/xfrm_device.c, `xfrm_output` in net/xfrm/xfrm_output.c): with crypto offload the
//! kernel encrypts them, with packet offload it drops them. Who moves SAs is the daemon (`conduct`: what strongSwan and
//! libreswan do) or, of a bond, the kernel (`bond`).

mod agenda;
mod bond;
mod changes;
mod conduct;
mod daemon;
mod event;
mod failover;
mod failover_paths;
mod life_cycle;
mod messages;
mod negotiations;
mod predict;
mod predict_linux;
mod reaction;
mod sampler;
mod switch;
mod timeline;

pub use event::DeviceEvent;
pub use failover::{simulate_failover, simulate_failover_unless};
pub use life_cycle::{State, Use};
pub use messages::{MESSAGES, Message, MessageTimes};
pub use predict::{Prediction, predict};
pub use predict_linux::{Switched, predict_negotiation, predict_switch, predict_update};
pub use timeline::{Bin, LOSSES, Loss, Timeline};
