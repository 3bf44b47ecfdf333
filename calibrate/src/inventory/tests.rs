//! Inventories of made-up hosts and of this one.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use espsim_model::hardware::pcie::SlotParams;
use espsim_model::units::{Bytes, Time};

use super::*;

/// A made-up host below a temporary folder.
struct Host(tempfile::TempDir);

impl Host {
    /// A host with the folders that every Linux has.
    fn new() -> Self {
        let host = Host(tempfile::tempdir().unwrap());
        for folder in ["sys/bus/pci/devices", "sys/class/net", "sys/class/iommu", "sys/kernel/iommu_groups", "proc"] {
            fs::create_dir_all(host.path(folder)).unwrap();
        }
        host.write("proc/cmdline", "quiet\n");
        host
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A function whose way down from the root complex is `way`, its own address last; on a link of `lanes` at `speed`.
    fn function(&self, way: &str, class: &str, speed: &str, lanes: u32) -> String {
        let folder = format!("sys/devices/pci0000:00/{way}");
        let config = config(1, 2, true);
        for (name, text) in [
            ("class", class),
            ("vendor", "0x15b3"),
            ("device", "0x101d"),
            ("numa_node", "1"),
            ("local_cpulist", "16-31"),
            ("current_link_speed", speed),
            ("max_link_speed", "16.0 GT/s PCIe"),
            ("current_link_width", &lanes.to_string()),
            ("max_link_width", "16"),
        ] {
            self.write(&format!("{folder}/{name}"), format!("{text}\n"));
        }
        self.write(&format!("{folder}/config"), config);
        let address = way.rsplit('/').next().unwrap();
        let target = format!("../../../devices/pci0000:00/{way}");
        symlink(target, self.path(&format!("sys/bus/pci/devices/{address}"))).unwrap();
        folder
    }

    fn inventory(&self) -> Inventory {
        let inventory = inventory_of(self.0.path(), &mut |_| Err("no netlink in this test".into()));
        assert_eq!(Inventory::from_toml(&inventory.to_toml().unwrap()).unwrap(), inventory);
        inventory
    }
}

/// Configuration space with a power management capability and then PCI Express: payload size and read request size by
/// their codes, and a read completion boundary of 128 octets or not.
fn config(payload: u8, request: u8, boundary: bool) -> Vec<u8> {
    let mut config = vec![0; 256];
    config[0x06] = 0x10;
    config[0x34] = 0x40;
    config[0x40..0x42].copy_from_slice(&[0x01, 0x60]);
    config[0x60..0x62].copy_from_slice(&[0x10, 0x00]);
    // Supported: 512 octets.
    config[0x64] = 0x02;
    config[0x68..0x6a].copy_from_slice(&(u16::from(payload) << 5 | u16::from(request) << 12).to_le_bytes());
    config[0x70] = u8::from(boundary) << 3;
    config
}

fn base() -> SlotParams {
    SlotParams {
        max_payload_size: Bytes::new(128),
        max_read_request_size: Bytes::new(4096),
        read_latency: Time::from_ns(400),
        ..SlotParams::bare(3, 16)
    }
}

const GEN3: &str = "8.0 GT/s PCIe";
const GEN4: &str = "16.0 GT/s PCIe";
const NIC: &str = "0x020000";
const QAT: &str = "0x0b4000";
const BRIDGE: &str = "0x060400";

/// A root port, the upstream port of a switch on eight lanes, and below it a NIC and a QAT card.
fn behind_one_switch() -> Host {
    let host = Host::new();
    host.function("0000:00:01.0", BRIDGE, GEN3, 8);
    host.function("0000:00:01.0/0000:01:00.0", BRIDGE, GEN3, 8);
    for (port, device, class) in [("02:00.0", "03:00.0", NIC), ("02:01.0", "04:00.0", QAT)] {
        let above = format!("0000:00:01.0/0000:01:00.0/0000:{port}");
        host.function(&above, BRIDGE, GEN4, 16);
        host.function(&format!("{above}/0000:{device}"), class, GEN4, 16);
    }
    host
}

#[test]
fn a_switch_above_nic_and_card_is_their_shared_uplink() {
    let inventory = behind_one_switch().inventory();
    let addresses: Vec<&str> = inventory.devices.iter().map(|device| device.address.as_str()).collect();
    assert_eq!(addresses, ["0000:03:00.0", "0000:04:00.0"]);
    assert_eq!(
        inventory.devices.iter().map(|device| device.kind).collect::<Vec<_>>(),
        [DeviceKind::Network, DeviceKind::Crypto]
    );
    let above: Vec<&str> = inventory.devices[1].upstream.iter().map(|port| port.address.as_str()).collect();
    assert_eq!(above, ["0000:02:01.0", "0000:01:00.0", "0000:00:01.0"]);
    let [uplink] = &inventory.shared_uplinks[..] else { panic!("{:?}", inventory.shared_uplinks) };
    assert_eq!(uplink.port.address, "0000:01:00.0");
    assert_eq!(uplink.devices, addresses);
    assert_eq!(uplink.port.link.lanes, Fact::Known(8));
    assert_eq!(inventory.contended_uplinks().count(), 1);
    let slot = uplink.slot(&SlotParams { generation: 5, ..base() });
    assert_eq!((slot.generation, slot.lanes), (3, 8));
    assert_eq!(uplink.port.link.is_degraded(), Some(true));
}

#[test]
fn root_ports_of_their_own_share_nothing() {
    let host = Host::new();
    for (port, device, class) in [("00:01.0", "01:00.0", NIC), ("00:02.0", "02:00.0", "0x120000")] {
        host.function(&format!("0000:{port}"), BRIDGE, GEN4, 16);
        host.function(&format!("0000:{port}/0000:{device}"), class, GEN4, 16);
    }
    let inventory = host.inventory();
    assert_eq!(inventory.devices.len(), 2);
    assert_eq!(inventory.devices[1].kind, DeviceKind::Processing);
    assert!(inventory.shared_uplinks.is_empty());
}

#[test]
fn functions_of_one_card_share_their_port_but_do_not_contend() {
    let host = Host::new();
    host.function("0000:00:01.0", BRIDGE, GEN4, 16);
    for function in 0..2 {
        host.function(&format!("0000:00:01.0/0000:01:00.{function}"), NIC, GEN4, 16);
    }
    let inventory = host.inventory();
    assert_eq!(inventory.shared_uplinks[0].port.address, "0000:00:01.0");
    assert_eq!(inventory.contended_uplinks().count(), 0);
}

#[test]
fn a_slot_is_what_the_host_says_over_a_preset() {
    let inventory = behind_one_switch().inventory();
    let device = &inventory.devices[0];
    assert_eq!(device.max_payload_size_supported.known(), Some(&Bytes::new(512)));
    let expected = SlotParams {
        title: "Slot of 0000:03:00.0, otherwise PCIe Gen3 x16".into(),
        generation: 4,
        max_payload_size: Bytes::new(256),
        max_read_request_size: Bytes::new(512),
        read_completion_boundary: Bytes::new(128),
        ..base()
    };
    assert_eq!(device.slot(&base()), expected);
}

#[test]
fn an_ordinary_user_is_told_what_root_could_read() {
    let host = Host::new();
    let folder = host.function("0000:00:03.0", NIC, GEN4, 8);
    host.write(&format!("{folder}/config"), &config(1, 2, false)[..64]);
    let device = &host.inventory().devices[0];
    assert!(device.max_payload_size.reason().unwrap().contains("CAP_SYS_ADMIN"));
    assert_eq!(device.read_completion_boundary.reason(), Some("there is no root port above"));
    let slot = device.slot(&base());
    assert_eq!((slot.generation, slot.lanes, slot.max_payload_size), (4, 8, Bytes::new(128)));
}

#[test]
fn what_is_missing_or_malformed_is_named() {
    let host = Host::new();
    let folder = host.function("0000:00:03.0", NIC, "fast", 3);
    for name in ["config", "vendor", "max_link_speed"] {
        fs::remove_file(host.path(&format!("{folder}/{name}"))).unwrap();
    }
    host.write(&format!("{folder}/numa_node"), "-1\n");
    host.write(&format!("{folder}/sriov_numvfs"), "many\n");
    let unclassed = host.function("0000:00:04.0", NIC, GEN4, 8);
    fs::remove_file(host.path(&format!("{unclassed}/class"))).unwrap();
    let inventory = host.inventory();
    let unknowns = inventory.unknowns().unwrap();
    let reason = |key: &str| unknowns.iter().find(|(path, _)| path.ends_with(key)).map(|(_, reason)| reason.as_str());
    assert_eq!(reason("devices/0000:00:04.0"), Some("class: no such file"));
    assert_eq!(reason("[0000:00:03.0].vendor"), Some("vendor: no such file"));
    assert_eq!(reason("max_payload_size"), Some("config: no such file"));
    assert_eq!(reason("link.speed"), Some("current_link_speed: `fast` is no PCIe link speed"));
    assert_eq!(reason("link.lanes"), Some("current_link_width: `3` is no PCIe link width"));
    assert!(reason("numa_node").unwrap().contains("firmware names no node"));
    assert!(reason("functions.enabled").unwrap().contains("`many`"));
    assert!(reason("functions.total").unwrap().contains("no SR-IOV capability"));
    assert!(reason("driver").unwrap().contains("no driver"));
    let slot = inventory.devices[0].slot(&base());
    assert_eq!(slot, SlotParams { title: slot.title.clone(), ..base() });
}

#[test]
fn virtual_functions_are_counted_and_not_listed() {
    let host = Host::new();
    let folder = host.function("0000:00:03.0", NIC, GEN4, 8);
    host.write(&format!("{folder}/sriov_numvfs"), "1\n");
    host.write(&format!("{folder}/sriov_totalvfs"), "8\n");
    let virtual_function = host.function("0000:00:03.1", NIC, GEN4, 8);
    symlink("../0000:00:03.0", host.path(&format!("{virtual_function}/physfn"))).unwrap();
    let inventory = host.inventory();
    assert_eq!(inventory.devices.len(), 1);
    assert_eq!(inventory.devices[0].virtual_functions.total, Fact::Known(8));
}

#[test]
fn an_empty_machine_has_an_empty_inventory() {
    let host = Host::new();
    let inventory = host.inventory();
    assert!(inventory.devices.is_empty() && inventory.interfaces.is_empty() && inventory.missing.is_empty());
    assert_eq!(inventory.iommu.mode, Fact::Known(IommuMode::Off));
    // Not even sysfs.
    let nothing = inventory_of(Path::new("/nonexistent"), &mut |_| unreachable!());
    assert_eq!(nothing.missing["/sys/bus/pci/devices"], "devices: no such file");
    assert!(nothing.iommu.mode.reason().is_some());
}

#[test]
fn interfaces_know_their_function_and_features() {
    let host = Host::new();
    let folder = host.function("0000:00:03.0", NIC, GEN4, 8);
    host.write(&format!("{folder}/virtio2/net/eth0/mtu"), "1500\n");
    host.write(&format!("{folder}/virtio2/net/eth0/speed"), "-1\n");
    symlink("../..", host.path(&format!("{folder}/virtio2/net/eth0/device"))).unwrap();
    symlink(host.path(&format!("{folder}/virtio2/net/eth0")), host.path("sys/class/net/eth0")).unwrap();
    host.write("sys/class/net/lo/mtu", "65536\n");
    host.write("sys/class/net/bonding_masters", "\n");
    let inventory = inventory_of(host.0.path(), &mut |name| match name {
        "eth0" => Ok(BTreeMap::from([("esp-hw-offload".to_owned(), Feature::FixedOff)])),
        _ => Err("refused".into()),
    });
    let [eth0, lo] = &inventory.interfaces[..] else { panic!("{:?}", inventory.interfaces) };
    assert_eq!(eth0.device, Fact::Known("0000:00:03.0".into()));
    assert_eq!(eth0.features["esp-hw-offload"], Fact::Known(Feature::FixedOff));
    assert!(eth0.features["rx-gro"].reason().unwrap().contains("no feature of that name"));
    assert_eq!(eth0.speed_mbps.reason(), Some("speed: the driver does not know it"));
    assert_eq!((lo.device.reason(), lo.mtu.known()), (Some("device: a virtual interface"), Some(&65536)));
    assert!(lo.features.values().all(|feature| feature.reason() == Some("refused")));
}

#[test]
fn the_iommu_mode_follows_from_groups_or_the_command_line() {
    let host = Host::new();
    let mode = |types: &[&str], line: &str| {
        let _ = fs::remove_dir_all(host.path("sys/kernel/iommu_groups"));
        host.write("proc/cmdline", line);
        host.write("sys/class/iommu/dmar0", "");
        for (i, kind) in types.iter().enumerate() {
            host.write(&format!("sys/kernel/iommu_groups/{i}/type"), kind);
        }
        host.inventory().iommu.mode.known().copied()
    };
    assert_eq!(mode(&["DMA-FQ\n", "DMA-FQ\n"], "intel_iommu=on\n"), Some(IommuMode::Lazy));
    assert_eq!(mode(&["DMA\n"], "iommu=pt\n"), Some(IommuMode::Strict));
    assert_eq!(mode(&["identity\n"], ""), Some(IommuMode::PassThrough));
    assert_eq!(mode(&["identity\n", "DMA\n"], ""), Some(IommuMode::Mixed));
    assert_eq!(mode(&["unmanaged\n"], ""), None);
    assert_eq!(mode(&[], "quiet iommu=pt\n"), Some(IommuMode::PassThrough));
    assert_eq!(mode(&[], "intel_iommu=off\n"), Some(IommuMode::Off));
    assert_eq!(mode(&[], "quiet\n"), None);
}

#[test]
fn this_host_has_an_inventory_and_each_unknown_a_reason() {
    let inventory = inventory();
    let text = inventory.to_toml().unwrap();
    assert_eq!(Inventory::from_toml(&text).unwrap(), inventory);
    for (path, reason) in inventory.unknowns().unwrap() {
        assert!(!reason.trim().is_empty(), "{path}");
    }
}
