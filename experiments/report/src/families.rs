//! The kinds of published measurements that the model is held against.

/// A kind of measurement.
pub struct Family {
    /// Name on the command line and in files.
    pub name: &'static str,
    /// Title of its figure and table.
    pub title: &'static str,
    /// Label of `x`.
    pub x_label: &'static str,
    /// Label of the values.
    pub y_label: &'static str,
}

/// Every family, in the order of the report.
pub const FAMILIES: [Family; 14] = [
    family("pcie-model", "PCIe effective bandwidth: the published model", "Transfer (B)", "Payload (Gb/s)"),
    family("pcie-nic", "NIC on PCIe: the published model", "Frame without FCS (B)", "Payload (Gb/s)"),
    family("pcie-bandwidth", "Measured PCIe bandwidth, Broadwell host", "Transfer (B)", "Payload (Gb/s)"),
    family("pcie-latency", "Measured PCIe latency, Broadwell host", "Transfer (B)", "Latency (ns)"),
    family(
        "pcie-window",
        "Measured PCIe bandwidth by window of host memory: the IO-TLB",
        "Window (KiB)",
        "Payload (Gb/s)",
    ),
    family(
        "pcie-elsewhere",
        "Measured PCIe bandwidth of the same card in a Haswell host",
        "Transfer (B)",
        "Payload (Gb/s)",
    ),
    family("aead", "AEAD by size of the buffer", "Buffer (B)", "Throughput (MB/s) or cycles"),
    family("stack", "TCP through ESP by number of CPUs", "CPUs", "Goodput (Gb/s)"),
    family("forwarding", "Linux IPv4 forwarding by number of cores", "Cores", "Packet rate (Mpps)"),
    family("vector", "Userspace on one core, with and without a card", "", ""),
    family("lookaside", "Lookaside accelerators: waiting and interrupts", "", ""),
    family(
        "sa-cache",
        "Packet offload by number of tunnels: the NIC's SA contexts",
        "Tunnels",
        "Throughput (Gb/s, frames)",
    ),
    family("sa-lock", "One SA on several receive queues: its lock", "Receive queues", "Goodput (Gb/s)"),
    family("limits", "What limits: reports from the field", "", ""),
];

/// Kinds of a user's own measurements: sizes on curves of two costs, and scenarios.
pub const OWN: [Family; 2] = [
    family("sizes", "Sizes: a fixed cost and one per octet, through two of them", "Buffer (B)", "Throughput (MB/s)"),
    family("scenarios", "Scenarios", "", ""),
];

const fn family(name: &'static str, title: &'static str, x_label: &'static str, y_label: &'static str) -> Family {
    Family { name, title, x_label, y_label }
}
