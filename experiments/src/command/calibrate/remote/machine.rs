//! For which machine a program is.

/// Octets of an ELF header that say so (System V gABI, chapter 4).
const MAGIC: &[u8] = b"\x7fELF";
const DATA: usize = 5;
const MACHINE: usize = 18;

/// The machine of a program as `uname -m` calls it: by its ELF header, or `any` for a script; `None` for what is neither.
pub fn machine(program: &[u8]) -> Option<&'static str> {
    if program.starts_with(b"#!") {
        return Some("any");
    }
    let octets: [u8; 2] = program.get(MACHINE..MACHINE + 2)?.try_into().ok()?;
    let number = match program.get(DATA)? {
        1 => u16::from_le_bytes(octets),
        _ => u16::from_be_bytes(octets),
    };
    let name = match number {
        3 => "i686",
        21 => "ppc64le",
        22 => "s390x",
        40 => "armv7l",
        62 => "x86_64",
        183 => "aarch64",
        243 => "riscv64",
        _ => "unknown",
    };
    program.starts_with(MAGIC).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_program_is_for_this_machine() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(machine(&own), Some(std::env::consts::ARCH));
        assert_eq!(machine(b"#!/bin/sh\n"), Some("any"));
        let mut other = own[..64].to_vec();
        other[MACHINE] = 183;
        assert_eq!(machine(&other), Some("aarch64"));
        assert_eq!((machine(b"text that is long enough"), machine(b"")), (None, None));
    }
}
