//! Packet sockets (packet(7)): frames as they enter and leave an interface.
#![allow(unsafe_code, reason = "no library binds a packet socket to an interface or sets its options")]

use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use nix::libc::{
    self, AF_PACKET, ETH_P_ALL, PACKET_IGNORE_OUTGOING, PACKET_OUTGOING, PACKET_VNET_HDR, SOCK_CLOEXEC, SOCK_NONBLOCK,
    SOCK_RAW, SOL_PACKET, sockaddr_ll, socklen_t,
};

use super::error::{Doing, SaPathError};

/// A packet socket on one interface.
pub(crate) struct PacketSocket(OwnedFd);

impl PacketSocket {
    /// Sees every frame that the interface sends; frames that it receives are passed over by [`PacketSocket::sent`].
    pub(crate) fn tap(index: u32) -> Result<Self, SaPathError> {
        Self::open(index, ETH_P_ALL as u16, SOCK_NONBLOCK).doing("open a packet socket")
    }

    /// Sends frames with a `virtio_net_hdr` before them, which may describe super-packets, and sees nothing.
    pub(crate) fn injector(index: u32) -> Result<Self, SaPathError> {
        let open = || {
            let socket = Self::open(index, 0, 0)?;
            set(&socket.0, PACKET_VNET_HDR, 1)?;
            set(&socket.0, PACKET_IGNORE_OUTGOING, 1)?;
            Ok(socket)
        };
        open().map_err(|error: io::Error| SaPathError::System { doing: "open a packet socket".into(), error })
    }

    fn open(index: u32, protocol: u16, flags: i32) -> io::Result<Self> {
        // SAFETY: `socket` takes three numbers; the descriptor it gives is nobody else's.
        let socket = unsafe {
            let number = libc::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | flags, 0);
            if number < 0 {
                return Err(io::Error::last_os_error());
            }
            OwnedFd::from_raw_fd(number)
        };
        let address = sockaddr_ll {
            sll_family: AF_PACKET as u16,
            sll_protocol: protocol.to_be(),
            sll_ifindex: index as i32,
            sll_hatype: 0,
            sll_pkttype: 0,
            sll_halen: 0,
            sll_addr: [0; 8],
        };
        // SAFETY: the address is alive during the call and as long as said.
        let bound = unsafe {
            libc::bind(socket.as_raw_fd(), (&raw const address).cast(), size_of::<sockaddr_ll>() as socklen_t)
        };
        if bound < 0 { Err(io::Error::last_os_error()) } else { Ok(PacketSocket(socket)) }
    }

    /// The next frame that the interface has sent, cut to the buffer's length; `None` if there is none.
    pub(crate) fn sent<'a>(&self, buffer: &'a mut [u8]) -> Result<Option<&'a [u8]>, SaPathError> {
        loop {
            // SAFETY: zeros are a valid `sockaddr_ll`.
            let mut address: sockaddr_ll = unsafe { std::mem::zeroed() };
            let mut length = size_of::<sockaddr_ll>() as socklen_t;
            // SAFETY: buffer, address and length are alive during the call and as long as said.
            let read = unsafe {
                libc::recvfrom(
                    self.0.as_raw_fd(),
                    buffer.as_mut_ptr().cast(),
                    buffer.len(),
                    0,
                    (&raw mut address).cast(),
                    &raw mut length,
                )
            };
            match usize::try_from(read) {
                Ok(read) if address.sll_pkttype == PACKET_OUTGOING => return Ok(Some(&buffer[..read])),
                Ok(_) => {}
                Err(_) => {
                    let error = io::Error::last_os_error();
                    match error.kind() {
                        io::ErrorKind::WouldBlock => return Ok(None),
                        io::ErrorKind::Interrupted => {}
                        // The interface went down under the socket: once, then it goes on.
                        io::ErrorKind::NetworkDown => {}
                        _ => return Err(SaPathError::System { doing: "read a frame".into(), error }),
                    }
                }
            }
        }
    }
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn set(socket: &OwnedFd, option: i32, value: i32) -> io::Result<()> {
    // SAFETY: the value is alive during the call and as long as said.
    let done = unsafe {
        let length = size_of::<i32>() as socklen_t;
        libc::setsockopt(socket.as_raw_fd(), SOL_PACKET, option, (&raw const value).cast(), length)
    };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
