//! What the model says of an anchor.

use espsim_model::layers::LayerError;
use espsim_model::profile::Profile;
use espsim_model::scenario::{Invalid, Scenario};
use espsim_model::simulate;
use espsim_model::units::Cycles;

use super::Anchor;

/// Headers of IPv4 and UDP, or of IPv4 and TCP.
const HEADERS: [u32; 2] = [28, 40];
/// The offered rate of what is received: a tenth of what a core does, so that each train has its own poll.
const RATE: &str = "200 Mbps";
const SEED: u64 = 1;

/// Why an anchor cannot be simulated.
#[derive(Debug, thiserror::Error)]
#[error("the anchor cannot be simulated: {0}")]
pub struct SimulationError(String);

impl From<LayerError> for SimulationError {
    fn from(error: LayerError) -> Self {
        SimulationError(error.to_string())
    }
}

impl From<Invalid> for SimulationError {
    fn from(error: Invalid) -> Self {
        SimulationError(error.to_string())
    }
}

/// Cycles per packet of an anchor, sent and received by one core: those of a core that sends and of one that receives. The
/// veth pair takes the place of a NIC: `driver` is what it takes of a datagram and of a TCP segment, merging included; it has
/// neither doorbell nor completions, and no interrupt but the soft one that is part of polling.
///
/// # Errors
/// [`SimulationError`] if the model does not take profile or scenario.
pub fn simulated(profile: &Profile, anchor: Anchor, driver: [f64; 2]) -> Result<f64, SimulationError> {
    let mut profile = profile.clone();
    let stack = &mut profile.stack;
    for cost in [&mut stack.transmit, &mut stack.doorbell, &mut stack.complete, &mut stack.interrupt] {
        *cost = Cycles(0.0);
    }
    stack.receive = match anchor {
        Anchor::Datagrams | Anchor::Trains | Anchor::Protected => Cycles(driver[0]),
        Anchor::Stream => Cycles((driver[1] - stack.gro.0).max(0.0)),
    };
    Ok(cycles(&profile, anchor, "transmit")? + cycles(&profile, anchor, "receive")?)
}

/// Cycles per packet of one direction.
fn cycles(profile: &Profile, anchor: Anchor, direction: &str) -> Result<f64, SimulationError> {
    let scenario = scenario(anchor, direction)?;
    let record = simulate(&scenario, profile, SEED).map_err(|error| SimulationError(error.to_string()))?;
    Ok(record.cycles_per_packet.iter().map(|(_, cycles)| cycles).sum())
}

fn scenario(anchor: Anchor, direction: &str) -> Result<Scenario, SimulationError> {
    let is_stream = anchor == Anchor::Stream;
    let [udp, tcp] = HEADERS;
    let packet = format!("{} B", anchor.octets() + if is_stream { tcp } else { udp });
    // What is to be cut does not fit; ESP adds to what is not.
    let mtu = if anchor == Anchor::Protected { "1500 B".to_owned() } else { packet.clone() };
    let packets = anchor.packets();
    let octets = format!("{} B", packets * anchor.octets());
    let train = packets.to_string();
    let mut settings = vec![
        ("placement", if anchor == Anchor::Protected { "host" } else { "clear" }),
        ("host.cores", "1"),
        ("traffic.direction", direction),
        ("traffic.transport", if is_stream { "tcp" } else { "udp" }),
        ("traffic.packet", packet.as_str()),
        ("traffic.mtu", mtu.as_str()),
        ("traffic.flows", "1"),
        ("traffic.arrival", "constant"),
        ("traffic.rate", RATE),
        ("sa.count", "1"),
        ("sa.mode", "transport"),
        ("offload.gso", if packets > 1 { octets.as_str() } else { "off" }),
        ("offload.nic_segmentation", "false"),
        ("nic.moderation_packets", train.as_str()),
        ("nic.moderation_time", "1 ms"),
    ];
    if direction == "receive" {
        settings.push(("traffic.train", train.as_str()));
    }
    Ok(Scenario::from_settings(&settings)?)
}
