//! The PCI functions that carry or encrypt packets, and the ports above them.

use std::path::Path;

use espsim_model::hardware::pcie::SlotParams;
use espsim_model::units::Bytes;
use serde::{Deserialize, Serialize};

use super::config::Express;
use super::fact::{self, Fact};
use super::link::Link;

/// What a function does, by its class code (PCI Code and ID Assignment Specification, chapter 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceKind {
    /// Network controller, class 02xxxx.
    Network,
    /// Encryption or decryption controller, class 10xxxx, or co-processor, class 0b40xx: what QAT devices say.
    Crypto,
    /// Processing accelerator, class 12xxxx.
    Processing,
}

impl DeviceKind {
    /// The kind of a class code as sysfs writes it (`0x020000`), or nothing for what neither carries nor encrypts
    /// packets.
    pub(super) fn of(class: &str) -> Option<Self> {
        let code = u32::from_str_radix(class.strip_prefix("0x")?, 16).ok()?;
        match (code >> 16, code >> 8 & 0xff) {
            (0x02, _) => Some(DeviceKind::Network),
            (0x10, _) | (0x0b, 0x40) => Some(DeviceKind::Crypto),
            (0x12, _) => Some(DeviceKind::Processing),
            _ => None,
        }
    }
}

/// One physical function of a network controller or an accelerator. Attributes of sysfs are those of
/// Documentation/ABI/testing/sysfs-bus-pci and drivers/pci/pci-sysfs.c.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Domain, bus, device and function: `0000:3b:00.0`.
    pub address: String,
    /// What it does.
    pub kind: DeviceKind,
    /// Class code, hexadecimal (`class`).
    pub class: String,
    /// Vendor, hexadecimal (`vendor`).
    pub vendor: Fact<String>,
    /// Device of that vendor, hexadecimal (`device`).
    pub device: Fact<String>,
    /// Kernel driver bound to it (`driver`).
    pub driver: Fact<String>,
    /// NUMA node that it is attached to (`numa_node`).
    pub numa_node: Fact<u32>,
    /// CPUs of that node, as a list of ranges (`local_cpulist`).
    pub local_cpus: Fact<String>,
    /// Largest data of a TLP that it sends: Max_Payload_Size, octets (Base Specification, section 7.5.3.4).
    pub max_payload_size: Fact<Bytes>,
    /// The largest that it could be set to, octets (section 7.5.3.3).
    pub max_payload_size_supported: Fact<Bytes>,
    /// Largest read that it asks for: Max_Read_Request_Size, octets (section 7.5.3.4).
    pub max_read_request_size: Fact<Bytes>,
    /// Read Completion Boundary of the root port above, octets (section 7.5.3.7).
    pub read_completion_boundary: Fact<Bytes>,
    /// How the IOMMU translates its DMA: the domain type of its group (`iommu_group/type`).
    pub iommu: Fact<String>,
    /// Virtual functions.
    pub virtual_functions: VirtualFunctions,
    /// Its own link.
    pub link: Link,
    /// Ports between it and the root complex, from the nearest up; none for an endpoint inside the root complex.
    pub upstream: Vec<Port>,
}

/// Virtual functions of an SR-IOV device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VirtualFunctions {
    /// How many are enabled (`sriov_numvfs`).
    pub enabled: Fact<u32>,
    /// How many could be (`sriov_totalvfs`).
    pub total: Fact<u32>,
}

/// A root port, or an upstream or downstream port of a switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Port {
    /// Domain, bus, device and function.
    pub address: String,
    /// Its link: downwards for root ports and downstream ports, upwards for the upstream port of a switch.
    pub link: Link,
}

impl Device {
    /// Reads the function whose folder in sysfs, with symbolic links resolved, is `folder`.
    pub(super) fn read(address: String, kind: DeviceKind, class: String, folder: &Path) -> Self {
        let express = Express::read(folder);
        let ports: Vec<&Path> = folder.ancestors().skip(1).take_while(|above| is_function(above)).collect();
        Device {
            address,
            kind,
            class,
            vendor: fact::text(folder, "vendor"),
            device: fact::text(folder, "device"),
            driver: fact::link_name(folder, "driver", "no driver is bound"),
            numa_node: numa_node(folder),
            local_cpus: fact::text(folder, "local_cpulist"),
            max_payload_size: express.max_payload_size,
            max_payload_size_supported: express.max_payload_size_supported,
            max_read_request_size: express.max_read_request_size,
            read_completion_boundary: match ports.last() {
                Some(root) => Express::read(root).read_completion_boundary,
                None => Fact::unknown("there is no root port above"),
            },
            iommu: iommu(folder),
            virtual_functions: VirtualFunctions {
                enabled: virtual_functions(folder, "sriov_numvfs"),
                total: virtual_functions(folder, "sriov_totalvfs"),
            },
            link: Link::read(folder),
            upstream: ports.iter().map(|port| Port { address: file_name(port), link: Link::read(port) }).collect(),
        }
    }

    /// The slot that this device sits in: `base` with what is known of this host laid over it, which is generation and
    /// lanes of the link as negotiated, payload and read request size, and read completion boundary. Latencies stay
    /// those of `base`, and so does what the model has no value for: twelve lanes. A link at 64 GT/s counts as 32 GT/s.
    pub fn slot(&self, base: &SlotParams) -> SlotParams {
        let or = |known: &Fact<Bytes>, base: Bytes| known.known().copied().unwrap_or(base);
        let link = self.link.lay_over(base);
        SlotParams {
            title: format!("Slot of {}, otherwise {}", self.address, base.title),
            max_payload_size: or(&self.max_payload_size, base.max_payload_size),
            max_read_request_size: or(&self.max_read_request_size, base.max_read_request_size),
            read_completion_boundary: or(&self.read_completion_boundary, base.read_completion_boundary),
            ..link
        }
    }
}

/// Whether a folder is that of a PCI function: `domain:bus:device.function` in hexadecimal. Above the uppermost port
/// lies `pci0000:00`, or another bus.
pub(super) fn is_function(folder: &Path) -> bool {
    let name = file_name(folder);
    let hex = |text: &str, digits: usize| text.len() >= digits && text.bytes().all(|b| b.is_ascii_hexdigit());
    let parts: Vec<&str> = name.split([':', '.']).collect();
    matches!(parts[..], [domain, bus, device, function]
        if name.rfind(':') < name.find('.') && hex(domain, 4) && hex(bus, 2) && hex(device, 2) && hex(function, 1))
}

pub(super) fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn iommu(folder: &Path) -> Fact<String> {
    if !folder.join("iommu_group").exists() {
        return Fact::unknown("iommu_group: no such file, so no IOMMU has this function in a group");
    }
    fact::text(folder, "iommu_group/type")
}

/// The kernel writes -1 where the firmware does not say.
fn numa_node(folder: &Path) -> Fact<u32> {
    fact::number::<i64>(folder, "numa_node").and_then(|node| match u32::try_from(node) {
        Ok(node) => Fact::Known(node),
        Err(_) => Fact::unknown("numa_node: the firmware names no node, as on hosts with a single one"),
    })
}

fn virtual_functions(folder: &Path, name: &str) -> Fact<u32> {
    if folder.is_dir() && !folder.join(name).exists() {
        return Fact::unknown(format!("{name}: no such file, so no SR-IOV capability or a kernel without SR-IOV"));
    }
    fact::number(folder, name)
}
