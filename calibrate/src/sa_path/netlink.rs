//! One request, one acknowledgement: netlink without an event loop, whose wake-ups would be part of every measured time.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use netlink_packet_core::{
    Emitable, NLM_F_ACK, NLM_F_REQUEST, NetlinkDeserializable, NetlinkHeader, NetlinkMessage, NetlinkPayload,
    NetlinkSerializable, NlasIterator,
};
use netlink_sys::{Socket, SocketAddr};

use super::error::{Doing, SaPathError};

/// Octets of `nlmsghdr`.
const HEADER: usize = 16;
/// `NLMSG_NOOP`.
const NOOP: u16 = 1;
/// `NLMSG_ERROR`, which carries acknowledgements too.
const ERROR: u16 = 2;
/// `NLMSGERR_ATTR_MSG`: the kernel's own words (extended acknowledgement, include/uapi/linux/netlink.h).
const MESSAGE: u16 = 1;
/// The kernel answers requests to add and delete within the call that sends them; larger than any such answer.
const BUFFER: usize = 64 * 1024;

/// A request that the kernel refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `errno`, positive.
    pub errno: i32,
    /// The extended acknowledgement's text, where the kernel gave one.
    pub text: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = io::Error::from_raw_os_error(self.errno);
        match &self.text {
            Some(text) => write!(f, "{error}, \"{text}\""),
            None => write!(f, "{error}"),
        }
    }
}

/// A netlink socket of one protocol in the network namespace of the thread that opened it.
pub(crate) struct Channel {
    socket: Socket,
    sequence: u32,
    buffer: Vec<u8>,
}

/// What the kernel said: the message that answers, if the request asks for one.
pub(crate) type Answer = Result<Option<Vec<u8>>, Refusal>;

/// A request as octets, ready to be sent, so that making it is no part of a measured time.
pub(crate) struct Request {
    octets: Vec<u8>,
    name: String,
}

impl Request {
    /// `name` is what an error calls it. `flags` beside `NLM_F_REQUEST` and `NLM_F_ACK`.
    pub(crate) fn new<M: NetlinkSerializable>(name: impl Into<String>, message: M, flags: u16) -> Self {
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST | NLM_F_ACK | flags;
        let mut message = NetlinkMessage::new(header, NetlinkPayload::InnerMessage(message));
        message.finalize();
        let mut octets = vec![0; message.buffer_len()];
        message.serialize(&mut octets);
        Request { octets, name: name.into() }
    }

    /// `NLMSG_NOOP`: the kernel acknowledges it and does nothing else.
    pub(crate) fn nothing() -> Self {
        let mut header = NetlinkHeader::default();
        header.length = HEADER as u32;
        header.message_type = NOOP;
        header.flags = NLM_F_REQUEST | NLM_F_ACK;
        let mut octets = vec![0; HEADER];
        header.emit(&mut octets);
        Request { octets, name: "NLMSG_NOOP".into() }
    }
}

impl Channel {
    /// Opens a socket of a netlink protocol (`NETLINK_ROUTE`, `NETLINK_XFRM`).
    pub(crate) fn open(protocol: isize) -> Result<Self, SaPathError> {
        let open = || {
            let mut socket = Socket::new(protocol)?;
            socket.bind_auto()?;
            socket.connect(&SocketAddr::new(0, 0))?;
            socket.set_ext_ack(true)?;
            // The request need not come back with its acknowledgement.
            socket.set_cap_ack(true)?;
            Ok(socket)
        };
        let socket = open().map_err(|error: io::Error| {
            SaPathError::unavailable(
                format!("no netlink socket of protocol {protocol}: {error}"),
                "the kernel needs CONFIG_XFRM_USER",
            )
        })?;
        Ok(Channel { socket, sequence: 0, buffer: Vec::with_capacity(BUFFER) })
    }

    /// Sends and waits for the acknowledgement.
    pub(crate) fn ask(&mut self, request: &mut Request) -> Result<Answer, SaPathError> {
        self.sequence += 1;
        request.octets[8..12].copy_from_slice(&self.sequence.to_ne_bytes());
        self.socket.send(&request.octets, 0).doing(format!("send {}", request.name))?;
        let mut answer = None;
        loop {
            self.buffer.clear();
            self.socket.recv(&mut self.buffer, 0).doing(format!("answer to {}", request.name))?;
            for (kind, sequence, body) in messages(&self.buffer) {
                if sequence != self.sequence {
                    continue;
                }
                match kind {
                    ERROR => return Ok(acknowledgement(body).map(|()| answer)),
                    _ => answer = Some(body.to_vec()),
                }
            }
        }
    }

    /// Sends; an error if the kernel refuses.
    pub(crate) fn must(&mut self, request: &mut Request) -> Result<Option<Vec<u8>>, SaPathError> {
        let answer = self.ask(request)?;
        answer.map_err(|refusal| SaPathError::Refused { request: request.name.clone(), refusal })
    }

    /// Sends, and how long that took from `send` to acknowledgement.
    pub(crate) fn timed(&mut self, request: &mut Request) -> Result<(Duration, Answer), SaPathError> {
        let start = Instant::now();
        let answer = self.ask(request)?;
        Ok((start.elapsed(), answer))
    }
}

/// Kind, sequence number and body of each message in a datagram.
fn messages(mut octets: &[u8]) -> impl Iterator<Item = (u16, u32, &[u8])> {
    std::iter::from_fn(move || {
        let header = octets.get(..HEADER)?;
        let word = |at: usize| Some(u32::from_ne_bytes(header.get(at..at + 4)?.try_into().ok()?));
        let length = word(0)? as usize;
        let body = octets.get(HEADER..length)?;
        let kind = u16::from_ne_bytes([header[4], header[5]]);
        let sequence = word(8)?;
        octets = octets.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, sequence, body))
    })
}

/// An `nlmsgerr`: error number, the request's header, attributes.
fn acknowledgement(body: &[u8]) -> Result<(), Refusal> {
    let number = body.first_chunk::<4>().map_or(0, |octets| i32::from_ne_bytes(*octets));
    if number == 0 {
        return Ok(());
    }
    let attributes = NlasIterator::new(body.get(4 + HEADER..).unwrap_or_default());
    let text = attributes
        .flatten()
        .find(|attribute| attribute.kind() == MESSAGE)
        .map(|attribute| String::from_utf8_lossy(attribute.value()).trim_end_matches('\0').to_owned());
    Err(Refusal { errno: number.wrapping_neg(), text })
}

/// A socket that hears what the kernel tells everyone in one multicast group.
pub(crate) struct Listener {
    socket: Socket,
    buffer: Vec<u8>,
}

impl Listener {
    pub(crate) fn join(protocol: isize, group: u32) -> Result<Self, SaPathError> {
        let open = || {
            let mut socket = Socket::new(protocol)?;
            socket.bind_auto()?;
            socket.add_membership(group)?;
            Ok(socket)
        };
        let socket = open().map_err(|error: io::Error| SaPathError::System {
            doing: format!("listen to netlink group {group}"),
            error,
        })?;
        Ok(Listener { socket, buffer: Vec::with_capacity(BUFFER) })
    }

    /// Waits for the next message of kind `M`.
    pub(crate) fn next<M: NetlinkDeserializable>(&mut self) -> Result<M, SaPathError> {
        loop {
            self.buffer.clear();
            self.socket.recv(&mut self.buffer, 0).doing("hear of a change")?;
            if let Ok(message) = NetlinkMessage::<M>::deserialize(&self.buffer)
                && let NetlinkPayload::InnerMessage(message) = message.payload
            {
                return Ok(message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
        let length = (HEADER + body.len()) as u32;
        let mut request = length.to_ne_bytes().to_vec();
        request.extend(kind.to_ne_bytes());
        request.extend([0; 2]);
        request.extend(sequence.to_ne_bytes());
        request.extend([0; 4]);
        request.extend(body);
        request.resize(request.len().next_multiple_of(4), 0);
        request
    }

    #[test]
    fn messages_of_one_datagram_are_told_apart() {
        let octets = [message(16, 1, b"abc"), message(ERROR, 2, &[0; 20])].concat();
        let read: Vec<_> = messages(&octets).collect();
        assert_eq!(read, [(16, 1, &b"abc"[..]), (ERROR, 2, &[0; 20][..])]);
        for length in 0..octets.len() {
            assert!(messages(&octets[..length]).count() <= 1, "cut at {length}");
        }
    }

    #[test]
    fn a_refusal_carries_the_kernel_s_words() {
        assert_eq!(acknowledgement(&[0; 20]), Ok(()));
        let words = b"No space for SA in Rx table!\0";
        let mut body = (-28i32).to_ne_bytes().to_vec();
        body.extend([0; HEADER]);
        body.extend((4 + words.len() as u16).to_ne_bytes());
        body.extend(MESSAGE.to_ne_bytes());
        body.extend(words);
        body.resize(body.len().next_multiple_of(4), 0);
        let refusal = acknowledgement(&body).unwrap_err();
        assert_eq!((refusal.errno, refusal.text.as_deref()), (28, Some("No space for SA in Rx table!")));
        assert!(refusal.to_string().contains("No space left on device"), "{refusal}");
        assert_eq!(acknowledgement(&body[..4]).unwrap_err().text, None);
    }
}
