//! Generic netlink: requests, replies and their attributes.
//!
//! Just enough for one question and one answer (include/uapi/linux/netlink.h and genetlink.h), over a socket that needs
//! no unsafe code. All integers are in the byte order of the host.

// Elsewhere only the tests use it.
#![cfg_attr(not(target_os = "linux"), allow(dead_code))]

use std::time::Duration;

#[cfg(target_os = "linux")]
use rustix::fd::OwnedFd;

/// `NLMSG_ERROR`: a message that carries an error number instead of a reply.
const ERROR: u16 = 2;
/// `NLM_F_REQUEST`.
const REQUEST: u16 = 1;
/// `GENL_ID_CTRL`: the controller that knows the families' numbers.
const CONTROLLER: u16 = 0x10;
/// `CTRL_CMD_GETFAMILY`.
const GET_FAMILY: u8 = 3;
/// `CTRL_ATTR_FAMILY_ID`.
const FAMILY_ID: u16 = 1;
/// `CTRL_ATTR_FAMILY_NAME`.
const FAMILY_NAME: u16 = 2;
/// `NLA_F_NESTED`.
const NESTED: u16 = 1 << 15;
/// Bits of an attribute's type that are its type: without `NLA_F_NESTED` and `NLA_F_NET_BYTEORDER`.
const TYPE: u16 = !(0b11 << 14);
/// Octets of `nlmsghdr`.
const MESSAGE_HEADER: usize = 16;
/// Octets of `genlmsghdr`.
const GENERIC_HEADER: usize = 4;
/// Octets of `nlattr`.
const ATTRIBUTE_HEADER: usize = 4;
/// A reply with all features takes about 10 KiB.
const BUFFER: usize = 64 * 1024;
/// The kernel answers within the call; this is for those that only pretend to be one.
const PATIENCE: Duration = Duration::from_secs(1);

/// One attribute with its header and padding.
pub(super) fn attribute(kind: u16, content: &[u8]) -> Vec<u8> {
    let length = ATTRIBUTE_HEADER + content.len();
    let mut octets = Vec::with_capacity(length + 3);
    octets.extend((length as u16).to_ne_bytes());
    octets.extend(kind.to_ne_bytes());
    octets.extend(content);
    octets.resize(length.next_multiple_of(4), 0);
    octets
}

/// One attribute that contains others.
pub(super) fn nest(kind: u16, content: &[u8]) -> Vec<u8> {
    attribute(kind | NESTED, content)
}

/// A string as netlink has it.
pub(super) fn string(kind: u16, text: &str) -> Vec<u8> {
    attribute(kind, &[text.as_bytes(), &[0]].concat())
}

/// Type and content of each attribute in `octets`; ends at the first one that does not fit.
pub(super) fn attributes(mut octets: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let header = octets.get(..ATTRIBUTE_HEADER)?;
        let length = usize::from(u16::from_ne_bytes([header[0], header[1]]));
        let kind = u16::from_ne_bytes([header[2], header[3]]) & TYPE;
        let content = octets.get(ATTRIBUTE_HEADER..length)?;
        octets = octets.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, content))
    })
}

/// A request of `command` to `family`.
fn request(family: u16, command: u8, sequence: u32, attributes: &[u8]) -> Vec<u8> {
    let length = MESSAGE_HEADER + GENERIC_HEADER + attributes.len();
    let mut octets = Vec::with_capacity(length);
    octets.extend((length as u32).to_ne_bytes());
    octets.extend(family.to_ne_bytes());
    octets.extend(REQUEST.to_ne_bytes());
    octets.extend(sequence.to_ne_bytes());
    // The kernel fills in the port.
    octets.extend(0u32.to_ne_bytes());
    // Version 1 of both families that are asked.
    octets.extend([command, 1, 0, 0]);
    octets.extend(attributes);
    octets
}

/// What a message holds.
#[derive(Debug, PartialEq, Eq)]
enum Reply<'a> {
    /// The attributes.
    Attributes(&'a [u8]),
    /// An error number, positive.
    Error(i32),
    /// An answer to another question.
    Other,
}

fn reply(octets: &[u8], sequence: u32) -> Option<Reply<'_>> {
    let word = |at: usize| Some(u32::from_ne_bytes(octets.get(at..at + 4)?.try_into().ok()?));
    let length = word(0)? as usize;
    let kind = u16::from_ne_bytes(octets.get(4..6)?.try_into().ok()?);
    if word(8)? != sequence {
        return Some(Reply::Other);
    }
    if kind == ERROR {
        return Some(Reply::Error((word(MESSAGE_HEADER)? as i32).wrapping_neg()));
    }
    Some(Reply::Attributes(octets.get(MESSAGE_HEADER + GENERIC_HEADER..length)?))
}

/// A generic netlink socket and the number of one family.
#[cfg(target_os = "linux")]
pub(super) struct Family {
    socket: OwnedFd,
    number: u16,
    sequence: u32,
}

#[cfg(target_os = "linux")]
impl Family {
    /// Opens a socket and asks for the family called `name`.
    pub(super) fn open(name: &str) -> Result<Self, String> {
        use rustix::net::netlink::{GENERIC, SocketAddrNetlink};
        use rustix::net::sockopt::{Timeout, set_socket_timeout};
        use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with};

        let open = || {
            let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, Some(GENERIC))?;
            set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
            connect(&socket, &SocketAddrNetlink::new(0, 0))?;
            Ok(socket)
        };
        let socket = open().map_err(|e: rustix::io::Errno| format!("no generic netlink: {e}"))?;
        let mut family = Family { socket, number: CONTROLLER, sequence: 0 };
        let answer = family.ask(GET_FAMILY, &string(FAMILY_NAME, name));
        let answer = answer.map_err(|reason| format!("the kernel has no netlink family `{name}`: {reason}"))?;
        let number = attributes(&answer).find(|(kind, _)| *kind == FAMILY_ID).map(|(_, content)| content);
        family.number = match number {
            Some(&[low, high]) => u16::from_ne_bytes([low, high]),
            _ => return Err(format!("netlink gives no number for the family `{name}`")),
        };
        Ok(family)
    }

    /// Sends one request and returns the attributes of its answer.
    pub(super) fn ask(&mut self, command: u8, content: &[u8]) -> Result<Vec<u8>, String> {
        use rustix::io::Errno;
        use rustix::net::{RecvFlags, SendFlags, recv, send};

        self.sequence += 1;
        let message = request(self.number, command, self.sequence, content);
        send(&self.socket, &message, SendFlags::empty()).map_err(|e| format!("netlink request: {e}"))?;
        let mut buffer = vec![0; BUFFER];
        loop {
            let octets = match recv(&self.socket, &mut buffer[..], RecvFlags::empty()) {
                Ok((length, _)) => &buffer[..length],
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => return Err("netlink does not answer".into()),
                Err(e) => return Err(format!("netlink reply: {e}")),
            };
            match reply(octets, self.sequence) {
                Some(Reply::Attributes(content)) => return Ok(content.to_vec()),
                Some(Reply::Error(number)) => return Err(Errno::from_raw_os_error(number).to_string()),
                Some(Reply::Other) => {}
                None => return Err("netlink reply: cut short".into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_as_they_are_written() {
        let octets = [string(2, "eth0"), nest(5, &attribute(1, &[7])), attribute(3, &[])].concat();
        let read: Vec<_> = attributes(&octets).collect();
        assert_eq!(read, [(2, &b"eth0\0"[..]), (5, &attribute(1, &[7])[..]), (3, &[][..])]);
        // Cut anywhere, the walk ends and never reads beyond.
        for length in 0..octets.len() {
            assert!(attributes(&octets[..length]).count() <= 3);
        }
        assert_eq!(attributes(&[0, 0, 1, 0]).count(), 0);
    }

    #[test]
    fn replies_are_told_apart() {
        let message = request(0x13, 11, 4, &string(2, "lo"));
        assert_eq!(reply(&message, 4), Some(Reply::Attributes(&string(2, "lo"))));
        assert_eq!(reply(&message, 5), Some(Reply::Other));
        assert_eq!(reply(&message[..10], 4), None);
        let mut error = request(ERROR, 0, 4, &[]);
        error[MESSAGE_HEADER..].copy_from_slice(&(-95i32).to_ne_bytes());
        assert_eq!(reply(&error, 4), Some(Reply::Error(95)));
    }
}
