use crate::placement::{Agent, Design, Host, Orphan, Placement, clear_headers, inline_packet};
use crate::route::Route;
use crate::traffic::Packet;
use crate::units::Bytes;

/// The facts of this design.
///
/// In Linux it is a `tc flower` rule with `skip_sw` and `mirred` redirect between ports whose SAs are offloaded whole
/// (Documentation/networking/devlink/mlx5.rst, `hairpin_num_queues`; IPsec packet offload of the eswitch since v6.6); in DPDK
/// a queue of `rte_eth_rx_hairpin_queue_setup` (19.11) as the target of an `rte_flow` rule with a security action.
pub const DESIGN: Design = Design {
    name: "hairpin",
    summary: "NIC encapsulates, encrypts and forwards; packets never reach the host",
    encrypts: Agent::Nic,
    encapsulates: Agent::Nic,
    has_network: true,
    only_forwards: true,
    orphan: Orphan::Dropped,
    // What the NIC does not take comes to the host, as before there were such rules.
    fallback: Some(Placement::INLINE_PACKET),
    crossings: 0,
    // Packets of the host's own applications match no rule between ports; a scenario with them is refused.
    transmit: inline_packet::transmit,
    receive: inline_packet::receive,
    encrypt,
    decrypt,
};

/// Forward in the NIC: clear in, ESP out.
///
/// 1. nic   receives into its buffer, finds the rule
/// 2. pcie  NIC writes and reads the packet        only where its hairpin buffers lie in host memory
/// 3. nic   encapsulates, encrypts, sends
pub fn encrypt(p: &Packet, h: &Host<'_>) -> Route {
    h.nic.hairpin(p.clear_frame(), p.frame, clear_headers(p) + p.goodput, p, "NIC encrypts")
}

/// Forward in the NIC: ESP in, clear out.
///
/// 1. nic   receives into its buffer, decrypts, decapsulates, finds the rule
/// 2. pcie  NIC writes and reads the packet        only where its hairpin buffers lie in host memory
/// 3. nic   sends
pub fn decrypt(p: &Packet, h: &Host<'_>) -> Route {
    let opened: Bytes = clear_headers(p) + p.goodput;
    h.nic.hairpin(p.frame, p.clear_frame(), opened, p, "NIC decrypts")
}
