//! Devices of the kernel's netdevsim driver, which take SAs as a NIC with inline crypto does and count what they send
//! (drivers/net/netdevsim/ipsec.c). They encrypt nothing and send nothing unless linked.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::{Doing, SaPathError};
use super::link::interfaces;

const BUS: &str = "/sys/bus/netdevsim";
const DEBUG: &str = "/sys/kernel/debug/netdevsim";
/// Numbers of devices made here: "ESP" in ASCII, then the device. Whatever else uses netdevsim counts from 0 or 1.
const FIRST: u32 = 0x4553_5000;
const LAST: u32 = FIRST + 0xff;

/// One device with one port, removed with this value.
pub(super) struct Netdevsim {
    number: u32,
    /// The index of its interface.
    pub(super) index: u32,
    /// The name of its interface.
    pub(super) name: String,
}

impl Netdevsim {
    /// Makes the `n`th device, in the network namespace of this thread.
    pub(super) fn create(n: u32) -> Result<Self, SaPathError> {
        let number = FIRST + n;
        let before = interfaces()?;
        let path = Path::new(BUS).join("new_device");
        fs::write(&path, format!("{number} 1")).map_err(|error| lacking(&path, &error))?;
        // Removed again if anything fails from here on.
        let mut device = Netdevsim { number, index: 0, name: String::new() };
        let found = interfaces()?.into_iter().find(|interface| !before.contains(interface));
        let Some((index, name)) = found else {
            return Err(SaPathError::unavailable(
                format!("netdevsim device {number} has no interface in this network namespace"),
                "a kernel of 5.0 or later makes it there",
            ));
        };
        (device.index, device.name) = (index, name);
        Ok(device)
    }

    /// What the driver tells of its SAs.
    pub(super) fn ipsec(&self) -> Result<Ipsec, SaPathError> {
        let path = self.file("ipsec");
        let text = fs::read_to_string(&path).map_err(|error| lacking(&path, &error))?;
        Ipsec::read(&text).ok_or_else(|| {
            // Further lines hold keys.
            let line = text.lines().next().unwrap_or_default();
            SaPathError::unavailable(format!("{} reads {line:?}", path.display()), "a kernel whose netdevsim is known")
        })
    }

    fn file(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("{DEBUG}/netdevsim{}/ports/0/{name}", self.number))
    }
}

impl Drop for Netdevsim {
    fn drop(&mut self) {
        // Nothing can be done if it fails; the next start tries again.
        let _ = remove(self.number);
    }
}

fn remove(number: u32) -> io::Result<()> {
    fs::write(Path::new(BUS).join("del_device"), number.to_string())
}

/// Removes devices that an earlier process made and was killed before it could remove them; how many.
pub(super) fn remove_leftovers() -> Result<usize, SaPathError> {
    let path = Path::new(BUS).join("devices");
    let devices = fs::read_dir(&path).map_err(|error| lacking(&path, &error))?;
    let ours = devices.flatten().filter_map(|entry| number_of(&entry.file_name().to_string_lossy()));
    let ours: Vec<u32> = ours.filter(|number| (FIRST..=LAST).contains(number)).collect();
    for &number in &ours {
        remove(number).doing(format!("remove netdevsim{number}, left behind by an earlier run"))?;
    }
    Ok(ours.len())
}

fn number_of(name: &str) -> Option<u32> {
    name.strip_prefix("netdevsim")?.parse().ok()
}

/// Why a file of the driver cannot be used.
fn lacking(path: &Path, error: &io::Error) -> SaPathError {
    match error.kind() {
        io::ErrorKind::NotFound => SaPathError::unavailable(
            format!("this kernel has no netdevsim with IPsec offload: {} is missing", path.display()),
            "load the module netdevsim of a kernel with CONFIG_NETDEVSIM, CONFIG_XFRM_OFFLOAD and CONFIG_DEBUG_FS, or \
             use a guest: --guest uml",
        ),
        io::ErrorKind::PermissionDenied => SaPathError::unavailable(
            format!("no permission to use {}", path.display()),
            "run as root, or use a guest, which needs no privileges: --guest uml",
        ),
        _ => SaPathError::System { doing: format!("use {}", path.display()), error: io::Error::from(error.kind()) },
    }
}

/// The driver's counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ipsec {
    /// SAs that it holds.
    pub(super) sas: u64,
    /// Packets that it was given to encrypt and send.
    pub(super) transmitted: u64,
}

impl Ipsec {
    /// Reads `SA count=2 tx=1650000`.
    fn read(text: &str) -> Option<Self> {
        let mut words = text.lines().next()?.split_whitespace();
        let mut value = |key: &str| words.find_map(|word| word.strip_prefix(key)?.parse().ok());
        Some(Ipsec { sas: value("count=")?, transmitted: value("tx=")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drivers_counters_are_read() {
        let text = "SA count=2 tx=1650000\nsa[0] tx ipaddr=10.0.0.1\n";
        assert_eq!(Ipsec::read(text), Some(Ipsec { sas: 2, transmitted: 1_650_000 }));
        assert_eq!(Ipsec::read("SA count=x"), None);
        assert_eq!(Ipsec::read(""), None);
    }

    #[test]
    fn only_our_devices_have_our_numbers() {
        assert_eq!(number_of("netdevsim12"), Some(12));
        assert_eq!(number_of("eth0"), None);
        assert!(!(FIRST..=LAST).contains(&12) && i32::try_from(LAST).is_ok(), "the bus takes no more than INT_MAX");
    }
}
