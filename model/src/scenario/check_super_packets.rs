//! Whether the kernel takes a super-packet from the socket at all, whatever the NIC can do with it.

use super::check::invalid;
use super::{Invalid, Scenario, Stack};
use crate::placement::Placement;
use crate::traffic::{Path, Transport};

impl Scenario {
    /// Refuses super-packets of UDP that IPsec is to protect: `udp_send_skb` in net/ipv4/udp.c and `udp_v6_send_skb` in
    /// net/ipv6/udp.c return EIO where the route has a transformation (`dst_xfrm`), before any NIC is asked. TCP's are taken.
    pub(super) fn check_super_packets(&self) -> Result<(), Invalid> {
        let sends = self.traffic.direction == Path::Transmit && self.host.stack == Stack::Kernel;
        let is_protected = self.placement != Placement::Clear;
        match self.offload.gso.0 {
            Some(size) if sends && is_protected && self.traffic.transport == Transport::Udp => invalid(
                "offload.gso",
                size,
                "traffic.transport = \"tcp\", or offload.gso = \"off\" for a send of each datagram, as by sendmmsg: Linux \
                 refuses UDP super-packets on an XFRM route with EIO",
            ),
            _ => Ok(()),
        }
    }

    /// What sends larger than the MTU need.
    pub(super) fn for_larger_sends(&self) -> &'static str {
        match (self.traffic.transport, self.placement) {
            (Transport::Tcp, _) | (_, Placement::Clear) => "offload.gso",
            (Transport::Udp, _) => "offload.gso and traffic.transport = \"tcp\"",
        }
    }
}
