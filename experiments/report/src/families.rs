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
pub const FAMILIES: [Family; 11] = [
    Family {
        name: "pcie-model",
        title: "PCIe effective bandwidth: the published model",
        x_label: "Transfer (B)",
        y_label: "Payload (Gb/s)",
    },
    Family {
        name: "pcie-nic",
        title: "NIC on PCIe: the published model",
        x_label: "Frame without FCS (B)",
        y_label: "Payload (Gb/s)",
    },
    Family {
        name: "pcie-bandwidth",
        title: "Measured PCIe bandwidth, Broadwell host",
        x_label: "Transfer (B)",
        y_label: "Payload (Gb/s)",
    },
    Family {
        name: "pcie-latency",
        title: "Measured PCIe latency, Broadwell host",
        x_label: "Transfer (B)",
        y_label: "Latency (ns)",
    },
    Family {
        name: "pcie-window",
        title: "Measured PCIe bandwidth by window of host memory: the IO-TLB",
        x_label: "Window (KiB)",
        y_label: "Payload (Gb/s)",
    },
    Family { name: "aead", title: "AEAD on one thread", x_label: "Buffer (B)", y_label: "Throughput (MB/s)" },
    Family { name: "stack", title: "TCP through ESP by number of CPUs", x_label: "CPUs", y_label: "Goodput (Gb/s)" },
    Family {
        name: "forwarding",
        title: "Linux IPv4 forwarding by number of cores",
        x_label: "Cores",
        y_label: "Packet rate (Mpps)",
    },
    Family { name: "vector", title: "Userspace on one core, with and without a card", x_label: "", y_label: "" },
    Family { name: "lookaside", title: "Lookaside accelerators: waiting and interrupts", x_label: "", y_label: "" },
    Family { name: "limits", title: "What limits: reports from the field", x_label: "", y_label: "" },
];
