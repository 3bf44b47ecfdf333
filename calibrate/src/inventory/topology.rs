//! Links that several devices share.

use espsim_model::hardware::pcie::SlotParams;
use serde::{Deserialize, Serialize};

use super::device::{Device, Port};

/// A link that the traffic of several devices passes, the first one that they have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedUplink {
    /// Addresses of the devices that share it, in the order of the inventory. Functions of one card are among them.
    pub devices: Vec<String>,
    /// The port whose link they share: the upstream port of a switch, or, for functions of one card, the port that the
    /// card is plugged into.
    pub port: Port,
}

impl SharedUplink {
    /// The shared link as a slot: `base` with the generation and the lanes that are known of this host.
    pub fn slot(&self, base: &SlotParams) -> SlotParams {
        let title = format!("Uplink through {}, otherwise {}", self.port.address, base.title);
        SlotParams { title, ..self.port.link.lay_over(base) }
    }
}

/// For every two devices the first port on both their ways up, and for each such port all devices that meet there. Its
/// own link is the shared one in each case: of a switch, whose downstream ports differ, that is the upstream port's.
pub(super) fn shared_uplinks(devices: &[Device]) -> Vec<SharedUplink> {
    let mut shared: Vec<SharedUplink> = Vec::new();
    for (i, one) in devices.iter().enumerate() {
        for other in &devices[i + 1..] {
            let below = |port: &&Port| other.upstream.iter().any(|above| above.address == port.address);
            let Some(port) = one.upstream.iter().find(below) else { continue };
            let known = shared.iter().position(|uplink| uplink.port.address == port.address);
            let at = known.unwrap_or_else(|| {
                shared.push(SharedUplink { devices: Vec::new(), port: port.clone() });
                shared.len() - 1
            });
            for device in [one, other] {
                if !shared[at].devices.contains(&device.address) {
                    shared[at].devices.push(device.address.clone());
                }
            }
        }
    }
    for uplink in &mut shared {
        uplink.devices.sort_by_key(|address| devices.iter().position(|device| device.address == *address));
    }
    shared
}
