use crate::placement::Host;
use crate::route::Route;
use crate::traffic::Send;

/// Transmit with crypto on the CPU.
///
/// 1. core  send: copy, stack
/// 2. core  each segment: segment, checksum, encapsulate, encrypt, driver; one doorbell per send
/// 3. pcie  NIC reads descriptor
/// 4. pcie  NIC reads sealed packet                the one crossing, RAM to NIC
/// 5. nic   processes, sends
/// 6. pcie  NIC writes completion; interrupt; core frees the buffer
///
/// The inner checksum lies under the encryption, so that the NIC cannot fill it in.
pub fn transmit(send: &Send, h: &Host<'_>) -> Route {
    h.software_segments(send, |p| {
        let mut costs = vec![h.core.checksum(p.l4), h.xfrm(), h.core.seal(p.encrypted)];
        costs.extend(h.driver_costs(send.count()));
        (costs, h.nic_sends(p, p.dma(), false))
    })
}
