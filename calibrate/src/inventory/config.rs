//! Payload sizes from the PCI Express capability in configuration space.
//!
//! Offsets are those of the PCI Express Base Specification 6.0: chapter 7.5.1 for the header, 7.5.3 for the capability.

use std::path::Path;

use espsim_model::units::Bytes;

use super::fact::{self, Fact};

/// Octets of the header, which every user may read; the rest needs `CAP_SYS_ADMIN` (`pci_read_config`,
/// drivers/pci/pci-sysfs.c).
const HEADER: usize = 64;
/// Status Register, 16 bits (section 7.5.1.1.4).
const STATUS: usize = 0x06;
/// Bit of the Status Register: there is a list of capabilities.
const CAPABILITIES_LIST: u16 = 1 << 4;
/// Capabilities Pointer, 8 bits (section 7.5.1.1.11).
const CAPABILITIES_POINTER: usize = 0x34;
/// Capability ID of the PCI Express capability (section 7.5.3.1).
const PCI_EXPRESS: u8 = 0x10;
/// Capabilities that fit: each takes at least four octets between the header and octet 256.
const MOST_CAPABILITIES: usize = (256 - HEADER) / 4;
/// Octets of the PCI Express capability up to and with the Link Control Register.
const CAPABILITY: usize = 0x12;
/// Device Capabilities Register, from the start of the capability (section 7.5.3.3).
const DEVICE_CAPABILITIES: usize = 0x04;
/// Device Control Register (section 7.5.3.4).
const DEVICE_CONTROL: usize = 0x08;
/// Link Control Register (section 7.5.3.7).
const LINK_CONTROL: usize = 0x10;

/// What the PCI Express capability of one function says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Express {
    /// Max_Payload_Size: Device Control Register, bits 7:5.
    pub max_payload_size: Fact<Bytes>,
    /// Max_Payload_Size Supported: Device Capabilities Register, bits 2:0.
    pub max_payload_size_supported: Fact<Bytes>,
    /// Max_Read_Request_Size: Device Control Register, bits 14:12.
    pub max_read_request_size: Fact<Bytes>,
    /// Read Completion Boundary: Link Control Register, bit 3. Of a root port its own; elsewhere what it was told.
    pub read_completion_boundary: Fact<Bytes>,
}

impl Express {
    /// Reads `config` in a device's folder of sysfs.
    pub(super) fn read(folder: &Path) -> Self {
        let config = std::fs::read(folder.join("config")).map_err(|e| format!("config: {}", fact::cause(&e)));
        match config.and_then(|config| capability(&config)) {
            Err(reason) => Express {
                max_payload_size: Fact::unknown(&reason),
                max_payload_size_supported: Fact::unknown(&reason),
                max_read_request_size: Fact::unknown(&reason),
                read_completion_boundary: Fact::unknown(reason),
            },
            Ok(express) => {
                let register = |offset: usize| u16::from_le_bytes([express[offset], express[offset + 1]]);
                Express {
                    max_payload_size: size(register(DEVICE_CONTROL) >> 5, "Max_Payload_Size"),
                    max_payload_size_supported: size(register(DEVICE_CAPABILITIES), "Max_Payload_Size Supported"),
                    max_read_request_size: size(register(DEVICE_CONTROL) >> 12, "Max_Read_Request_Size"),
                    read_completion_boundary: Fact::Known(Bytes::new(if register(LINK_CONTROL) & 1 << 3 == 0 {
                        64
                    } else {
                        128
                    })),
                }
            }
        }
    }
}

/// The encoding of all three sizes: 128 octets shifted by the code, 6 and 7 reserved.
fn size(register: u16, name: &str) -> Fact<Bytes> {
    match register & 0b111 {
        code @ 0..=5 => Fact::Known(Bytes::new(128 << code)),
        code => Fact::unknown(format!("config: {name} has the reserved code {code}")),
    }
}

/// The PCI Express capability's octets, found by walking the list of capabilities.
fn capability(config: &[u8]) -> Result<[u8; CAPABILITY], String> {
    if config.len() < HEADER {
        return Err(format!("config: only {} octets are readable, less than a header", config.len()));
    }
    // What a function that has left the bus reads as.
    if config[..4] == [0xff; 4] {
        return Err("config: the function does not answer".into());
    }
    if u16::from_le_bytes([config[STATUS], config[STATUS + 1]]) & CAPABILITIES_LIST == 0 {
        return Err("config: the function has no capabilities, so it is not PCI Express".into());
    }
    // The two lowest bits of a pointer are reserved.
    let mut at = usize::from(config[CAPABILITIES_POINTER] & !0b11);
    for _ in 0..MOST_CAPABILITIES {
        if at == 0 {
            return Err("config: no PCI Express capability: a conventional or a virtual function".into());
        }
        if at < HEADER {
            return Err(format!("config: a capability at {at:#04x} lies in the header"));
        }
        let Some(&[id, next]) = config.get(at..at + 2) else { return Err(too_short(config, at)) };
        if id == PCI_EXPRESS {
            let octets = config.get(at..at + CAPABILITY).ok_or_else(|| too_short(config, at))?;
            return octets.try_into().map_err(|_| too_short(config, at));
        }
        at = usize::from(next & !0b11);
    }
    Err("config: the list of capabilities runs in a circle".into())
}

fn too_short(config: &[u8], at: usize) -> String {
    if config.len() == HEADER {
        return format!(
            "config: only the header's {HEADER} octets are readable as this user; the capability at {at:#04x} needs \
             CAP_SYS_ADMIN (root)"
        );
    }
    format!("config: {} octets are readable, too few for the capability at {at:#04x}", config.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header with a list of capabilities that starts at `first`.
    fn space(first: u8, octets: usize) -> Vec<u8> {
        let mut config = vec![0; octets];
        config[STATUS] = 0x10;
        config[CAPABILITIES_POINTER] = first;
        config
    }

    #[test]
    fn the_walk_ends_whatever_the_octets() {
        assert!(capability(&[]).unwrap_err().contains("0 octets"));
        assert!(capability(&[0xff; 256]).unwrap_err().contains("does not answer"));
        assert!(capability(&[0; 256]).unwrap_err().contains("no capabilities"));
        assert!(capability(&space(0x00, 256)).unwrap_err().contains("no PCI Express"));
        assert!(capability(&space(0x10, 256)).unwrap_err().contains("in the header"));
        assert!(capability(&space(0x40, 64)).unwrap_err().contains("CAP_SYS_ADMIN"));
        let mut circle = space(0x40, 256);
        circle[0x40..0x42].copy_from_slice(&[0x01, 0x40]);
        assert!(capability(&circle).unwrap_err().contains("circle"));
        let mut cut = space(0xf8, 256);
        cut[0xf8] = PCI_EXPRESS;
        assert!(capability(&cut).unwrap_err().contains("too few"));
    }

    #[test]
    fn reserved_codes_are_no_sizes() {
        assert_eq!(size(0b101, "").known(), Some(&Bytes::new(4096)));
        assert!(size(0b110, "Max_Payload_Size").reason().unwrap().contains("reserved code 6"));
    }
}
