//! Requests to rtnetlink: interfaces, addresses, neighbours, routes (include/uapi/linux/rtnetlink.h).

use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsRawFd, BorrowedFd};

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE};
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{InfoData, InfoKind, InfoVeth, LinkAttribute, LinkFlags, LinkInfo, LinkMessage};
use netlink_packet_route::neighbour::{NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::tc::{TcAttribute, TcHandle, TcMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::protocols::NETLINK_ROUTE;
use nix::net::if_::if_nameindex;

use super::error::{Doing, SaPathError};
use super::netlink::{Channel, Request};

/// The hardware address of every neighbour: locally administered (IEEE 802 section 8.2), nobody's.
pub(crate) const NEIGHBOUR: [u8; 6] = [2, 0, 0, 0, 0, 1];
/// `RTNLGRP_IPV4_ROUTE`.
pub(crate) const IPV4_ROUTES: u32 = 7;

/// Interfaces, addresses and routes of the namespace.
pub(crate) struct Links {
    pub(crate) channel: Channel,
}

impl Links {
    pub(crate) fn open() -> Result<Self, SaPathError> {
        Ok(Links { channel: Channel::open(NETLINK_ROUTE)? })
    }

    /// Sets an interface up.
    pub(crate) fn up(&mut self, index: u32) -> Result<(), SaPathError> {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.header.flags = LinkFlags::Up;
        message.header.change_mask = LinkFlags::Up;
        self.must("RTM_SETLINK up", RouteNetlinkMessage::SetLink(message), 0)
    }

    /// Makes a pair of virtual Ethernet devices and gives their indices.
    pub(crate) fn veth(&mut self, names: [&str; 2]) -> Result<[u32; 2], SaPathError> {
        let named = |name: &str| {
            let mut message = LinkMessage::default();
            message.attributes = vec![LinkAttribute::IfName(name.to_owned())];
            message
        };
        let mut message = named(names[0]);
        message.attributes.push(LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Veth),
            LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(named(names[1])))),
        ]));
        let flags = NLM_F_CREATE | NLM_F_EXCL;
        self.must("RTM_NEWLINK of a veth pair", RouteNetlinkMessage::NewLink(message), flags)?;
        let [first, second] = names.map(index_of);
        let indices = [first?, second?];
        for index in indices {
            self.up(index)?;
        }
        Ok(indices)
    }

    /// Makes a device that drops what it sends (drivers/net/dummy.c) and gives its index.
    pub(crate) fn dummy(&mut self, name: &str) -> Result<u32, SaPathError> {
        self.device(name, InfoKind::Dummy)
    }

    /// Makes a device without parameters, sets it up and gives its index.
    pub(crate) fn device(&mut self, name: &str, kind: InfoKind) -> Result<u32, SaPathError> {
        let mut message = LinkMessage::default();
        message.attributes =
            vec![LinkAttribute::IfName(name.to_owned()), LinkAttribute::LinkInfo(vec![LinkInfo::Kind(kind.clone())])];
        let flags = NLM_F_CREATE | NLM_F_EXCL;
        let what = format!("RTM_NEWLINK of kind {kind:?}");
        self.must(&what, RouteNetlinkMessage::NewLink(message), flags)?;
        let index = index_of(name)?;
        self.up(index)?;
        Ok(index)
    }

    /// Gives an interface a queueing discipline.
    pub(crate) fn queue(&mut self, index: u32, discipline: &str) -> Result<(), SaPathError> {
        let mut message = TcMessage::with_index(index as i32);
        message.header.parent = TcHandle::ROOT;
        message.attributes = vec![TcAttribute::Kind(discipline.to_owned())];
        let flags = NLM_F_CREATE | NLM_F_REPLACE;
        self.must("RTM_NEWQDISC", RouteNetlinkMessage::NewQueueDiscipline(message), flags)
    }

    /// Moves an interface to another network namespace, where it is down.
    pub(crate) fn give(&mut self, index: u32, namespace: BorrowedFd<'_>) -> Result<(), SaPathError> {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.attributes = vec![LinkAttribute::NetNsFd(namespace.as_raw_fd())];
        self.must("RTM_SETLINK to another namespace", RouteNetlinkMessage::SetLink(message), 0)
    }

    /// Gives an interface a hardware address.
    pub(crate) fn hardware_address(&mut self, index: u32, address: [u8; 6]) -> Result<(), SaPathError> {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.attributes = vec![LinkAttribute::Address(address.to_vec())];
        self.must("RTM_SETLINK of a hardware address", RouteNetlinkMessage::SetLink(message), 0)
    }

    /// Gives an interface an address.
    pub(crate) fn address(&mut self, index: u32, address: Ipv4Addr, prefix: u8) -> Result<(), SaPathError> {
        let message = RouteNetlinkMessage::NewAddress(address_message(index, address, prefix));
        self.must("RTM_NEWADDR", message, NLM_F_CREATE | NLM_F_EXCL)
    }

    /// Takes an address from an interface.
    pub(crate) fn remove_address(&mut self, index: u32, address: Ipv4Addr, prefix: u8) -> Result<(), SaPathError> {
        self.must("RTM_DELADDR", RouteNetlinkMessage::DelAddress(address_message(index, address, prefix)), 0)
    }

    /// Adds a permanent neighbour, so that nobody has to answer ARP.
    pub(crate) fn neighbour(&mut self, index: u32, address: Ipv4Addr) -> Result<(), SaPathError> {
        self.neighbour_at(index, address, NEIGHBOUR)
    }

    /// The same with a hardware address.
    pub(crate) fn neighbour_at(&mut self, index: u32, address: Ipv4Addr, at: [u8; 6]) -> Result<(), SaPathError> {
        let mut message = NeighbourMessage::default();
        message.header.family = AddressFamily::Inet;
        message.header.ifindex = index;
        message.header.state = NeighbourState::Permanent;
        message.attributes = vec![
            NeighbourAttribute::Destination(NeighbourAddress::Inet(address)),
            NeighbourAttribute::LinkLayerAddress(at.to_vec()),
        ];
        self.must("RTM_NEWNEIGH", RouteNetlinkMessage::NewNeighbour(message), NLM_F_CREATE | NLM_F_REPLACE)
    }

    /// Adds or changes a route.
    pub(crate) fn route(&mut self, route: &Route) -> Result<(), SaPathError> {
        self.channel.must(&mut route.request()).map(drop)
    }

    fn must(&mut self, name: &str, message: RouteNetlinkMessage, flags: u16) -> Result<(), SaPathError> {
        self.channel.must(&mut Request::new(name, message, flags)).map(drop)
    }
}

fn address_message(index: u32, address: Ipv4Addr, prefix: u8) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header.family = AddressFamily::Inet;
    message.header.prefix_len = prefix;
    message.header.index = index;
    let address = IpAddr::V4(address);
    message.attributes = vec![AddressAttribute::Local(address), AddressAttribute::Address(address)];
    message
}

/// Where packets to a network go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    pub(crate) network: Ipv4Addr,
    pub(crate) prefix: u8,
    /// Next hop and interface; none drops the packets.
    pub(crate) hop: Option<(Ipv4Addr, u32)>,
    /// The source of packets that have none yet.
    pub(crate) source: Option<Ipv4Addr>,
}

impl Route {
    /// `RTM_NEWROUTE`, which replaces a route to the same network.
    pub(crate) fn request(&self) -> Request {
        let mut message = RouteMessage::default();
        message.header.address_family = AddressFamily::Inet;
        message.header.destination_prefix_length = self.prefix;
        message.header.table = RouteHeader::RT_TABLE_MAIN;
        message.header.protocol = RouteProtocol::Static;
        message.header.scope = RouteScope::Universe;
        message.header.kind = if self.hop.is_some() { RouteType::Unicast } else { RouteType::BlackHole };
        message.attributes = vec![RouteAttribute::Destination(RouteAddress::Inet(self.network))];
        if let Some((gateway, index)) = self.hop {
            message.attributes.push(RouteAttribute::Gateway(RouteAddress::Inet(gateway)));
            message.attributes.push(RouteAttribute::Oif(index));
        }
        if let Some(source) = self.source {
            message.attributes.push(RouteAttribute::PrefSource(RouteAddress::Inet(source)));
        }
        let name = format!("RTM_NEWROUTE to {}/{}", self.network, self.prefix);
        Request::new(name, RouteNetlinkMessage::NewRoute(message), NLM_F_CREATE | NLM_F_REPLACE)
    }
}

/// Index and name of every interface of the namespace.
pub(crate) fn interfaces() -> Result<Vec<(u32, String)>, SaPathError> {
    let all = if_nameindex().doing("list interfaces")?;
    Ok(all.iter().map(|interface| (interface.index(), interface.name().to_string_lossy().into_owned())).collect())
}

/// The index of an interface.
pub(crate) fn index_of(name: &str) -> Result<u32, SaPathError> {
    nix::net::if_::if_nametoindex(name).doing(format!("find interface {name}"))
}
