use crate::placement::{Host, clear_headers};
use crate::route::Route;
use crate::traffic::Send;

/// Transmit without IPsec.
///
/// 1. core  send: copy, stack, driver, doorbell; segments and checksums only where the NIC does not
/// 2. pcie  NIC reads descriptor
/// 3. pcie  NIC reads payload                     the one crossing, RAM to NIC
/// 4. nic   processes, sends each segment
/// 5. pcie  NIC writes completion; interrupt; core frees the buffer
pub fn transmit(send: &Send, h: &Host<'_>) -> Route {
    if send.count() == 1 || h.features.tso {
        let mut costs = h.driver_costs(1);
        costs.extend(h.checksum(h.features.checksum, send.total(|p| p.l4)));
        return h.nic_segments(send, costs, clear_headers(&send.segments[0].0), false);
    }
    h.software_segments(send, |p| {
        let mut costs = h.driver_costs(send.count());
        costs.extend(h.checksum(h.features.checksum, p.l4));
        (costs, h.nic_sends(p, p.dma(), false))
    })
}
