//! Whether the kernel takes a super-packet from the socket at all, whatever the NIC can do with it.

use super::check::invalid;
use super::{Invalid, Scenario, Stack};
use crate::traffic::{Direction, Traffic, Transport};

impl Scenario {
    /// Refuses super-packets of UDP that IPsec is to protect: `udp_send_skb` in net/ipv4/udp.c and `udp_v6_send_skb` in
    /// net/ipv6/udp.c return EIO where the route has a transformation (`dst_xfrm`), before any NIC is asked. TCP's are taken.
    pub(super) fn check_super_packets(&self) -> Result<(), Invalid> {
        let sends = |class: &Traffic| class.direction == Direction::Transmit && class.transport == Transport::Udp;
        let is_refused = self.host.stack == Stack::Kernel && self.placement.has_sas() && self.traffic.iter().any(sends);
        match self.offload.gso.0 {
            Some(size) if is_refused => invalid(
                "offload.gso",
                size,
                "traffic.transport = \"tcp\", or offload.gso = \"off\" for a send of each datagram, as by sendmmsg: Linux \
                 refuses UDP super-packets on an XFRM route with EIO",
            ),
            _ => Ok(()),
        }
    }

    /// What sends larger than the MTU need.
    pub(super) fn for_larger_sends(&self, transport: Transport) -> &'static str {
        match transport {
            Transport::Udp if self.placement.has_sas() => "offload.gso and traffic.transport = \"tcp\"",
            Transport::Udp | Transport::Tcp => "offload.gso",
        }
    }
}
