//! Requests to XFRM: security associations and policies (RFC 4301; include/uapi/linux/xfrm.h).

use std::net::{IpAddr, Ipv4Addr};

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, ParseableParametrized};
use netlink_packet_xfrm::constants::{
    AF_INET, XFRM_MODE_TRANSPORT, XFRM_MODE_TUNNEL, XFRM_MSG_NEWSA, XFRM_OFFLOAD_INBOUND, XFRM_POLICY_ALLOW,
    XFRM_POLICY_OUT,
};
use netlink_packet_xfrm::policy::{DelGetMessage as PolicyId, ModifyMessage as PolicyMessage};
use netlink_packet_xfrm::state::{DelGetMessage as StateId, FlushMessage, ModifyMessage as StateMessage};
use netlink_packet_xfrm::{
    Address, Alg, AlgAead, Id, MigrateMessage, Replay, Selector, UserMigrate, UserOffloadDev, UserPolicyId,
    UserPolicyInfo, UserSaId, UserSaInfo, UserTemplate, XfrmAttrs, XfrmMessage,
};
use rustix::rand::{GetRandomFlags, getrandom};
use serde::{Deserialize, Serialize};

use super::netlink::Request;

/// IANA protocol number of ESP.
const ESP: u8 = 50;
/// The kernel's name of AES-GCM for ESP (RFC 4106).
const RFC4106: &str = "rfc4106(gcm(aes))";
/// Octets of an AES-128 key.
const KEY: usize = 16;
/// The salt behind the cipher's key (RFC 4106 section 8.1).
const SALT: usize = 4;

/// What is encapsulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Transport mode: the packet's own addresses.
    Transport,
    /// Tunnel mode: a new outer header.
    Tunnel,
}

impl Mode {
    fn number(self) -> u8 {
        match self {
            Mode::Transport => XFRM_MODE_TRANSPORT,
            Mode::Tunnel => XFRM_MODE_TUNNEL,
        }
    }
}

/// An SA of ESP.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sa {
    pub(crate) spi: u32,
    pub(crate) source: Ipv4Addr,
    pub(crate) destination: Ipv4Addr,
    pub(crate) mode: Mode,
    /// Octets of the ICV of AES-GCM: 8, 12 or 16 (RFC 4106 section 6); none for neither cipher nor integrity (RFC 2410).
    pub(crate) icv: Option<u32>,
    /// The device that it is to be offloaded to.
    pub(crate) device: Option<u32>,
    pub(crate) inbound: bool,
    /// The last sequence number that was sent.
    pub(crate) sequence: u32,
}

impl Sa {
    pub(crate) fn new(spi: u32, source: Ipv4Addr, destination: Ipv4Addr) -> Self {
        Sa { spi, source, destination, mode: Mode::Transport, icv: Some(16), device: None, inbound: false, sequence: 0 }
    }

    fn name(&self, what: &str) -> String {
        let to = if self.device.is_some() { ", offloaded" } else { "" };
        format!("{what} of SA {:#010x}{to}", self.spi)
    }

    /// `XFRM_MSG_NEWSA` with a random key.
    pub(crate) fn add(&self) -> Request {
        let info = UserSaInfo {
            id: Id { daddr: address(self.destination), spi: self.spi, proto: ESP },
            saddr: address(self.source),
            selector: Selector { family: AF_INET, ..Selector::default() },
            family: AF_INET,
            mode: self.mode.number(),
            reqid: REQID,
            replay_window: 32,
            ..UserSaInfo::default()
        };
        let mut attributes = match self.icv {
            Some(icv) => vec![XfrmAttrs::EncryptionAlgAead(aead(icv))],
            None => vec![
                XfrmAttrs::AuthenticationAlg(without_key("digest_null")),
                XfrmAttrs::EncryptionAlg(without_key("ecb(cipher_null)")),
            ],
        };
        if let Some(device) = self.device {
            let flags = if self.inbound { XFRM_OFFLOAD_INBOUND } else { 0 };
            attributes.push(XfrmAttrs::OffloadDevice(UserOffloadDev { ifindex: device as i32, flags }));
        }
        if self.sequence > 0 {
            attributes.push(XfrmAttrs::ReplayState(Replay { oseq: self.sequence, seq: 0, bitmap: 0 }));
        }
        let message = StateMessage { user_sa_info: info, nlas: attributes };
        Request::new(self.name("XFRM_MSG_NEWSA"), XfrmMessage::AddSa(message), NLM_F_CREATE | NLM_F_EXCL)
    }

    fn id(&self) -> StateId {
        let id = UserSaId { daddr: address(self.destination), spi: self.spi, family: AF_INET, proto: ESP };
        StateId { user_sa_id: id, nlas: Vec::new() }
    }

    /// `XFRM_MSG_DELSA`.
    pub(crate) fn delete(&self) -> Request {
        Request::new(self.name("XFRM_MSG_DELSA"), XfrmMessage::DeleteSa(self.id()), 0)
    }

    /// `XFRM_MSG_GETSA`; [`SaState::read`] understands the answer.
    pub(crate) fn get(&self) -> Request {
        Request::new(self.name("XFRM_MSG_GETSA"), XfrmMessage::GetSa(self.id()), 0)
    }

    /// The outbound policy that needs this SA, for everything to `network`/`prefix`.
    pub(crate) fn policy(&self, network: Ipv4Addr, prefix: u8) -> Request {
        let template = UserTemplate {
            // No SPI: the policy outlives the SA when that is rekeyed.
            id: Id { daddr: address(self.destination), spi: 0, proto: ESP },
            saddr: address(self.source),
            family: AF_INET,
            mode: self.mode.number(),
            reqid: REQID,
            ..UserTemplate::default()
        };
        let info = UserPolicyInfo {
            selector: selector(network, prefix),
            direction: XFRM_POLICY_OUT,
            action: XFRM_POLICY_ALLOW,
            ..UserPolicyInfo::default()
        };
        let message = PolicyMessage { user_policy_info: info, nlas: vec![XfrmAttrs::Template(vec![template])] };
        let name = format!("XFRM_MSG_UPDPOLICY to {network}/{prefix}");
        Request::new(name, XfrmMessage::UpdatePolicy(message), NLM_F_CREATE | NLM_F_REPLACE)
    }

    /// `XFRM_MSG_MIGRATE` of the SA behind the policy for `network`/`prefix` to another source address.
    pub(crate) fn migrate(&self, network: Ipv4Addr, prefix: u8, source: Ipv4Addr) -> Request {
        let migrate = UserMigrate {
            old_daddr: address(self.destination),
            old_saddr: address(self.source),
            new_daddr: address(self.destination),
            new_saddr: address(source),
            proto: ESP,
            mode: self.mode.number(),
            reqid: REQID,
            old_family: AF_INET,
            new_family: AF_INET,
            ..UserMigrate::default()
        };
        let message =
            MigrateMessage { user_policy_id: policy_id(network, prefix), nlas: vec![XfrmAttrs::Migrate(migrate)] };
        Request::new(self.name("XFRM_MSG_MIGRATE"), XfrmMessage::Migrate(message), 0)
    }
}

/// `XFRM_MSG_DELPOLICY` of the outbound policy for `network`/`prefix`.
pub(crate) fn delete_policy(network: Ipv4Addr, prefix: u8) -> Request {
    let message = PolicyId { user_policy_id: policy_id(network, prefix), nlas: Vec::new() };
    Request::new(format!("XFRM_MSG_DELPOLICY to {network}/{prefix}"), XfrmMessage::DeletePolicy(message), 0)
}

/// `XFRM_MSG_FLUSHSA` of every SA of ESP in the namespace, those too that the kernel made itself while one was missing.
pub(crate) fn flush() -> Request {
    Request::new("XFRM_MSG_FLUSHSA", XfrmMessage::FlushSa(FlushMessage { protocol: ESP }), 0)
}

/// Ties policies to SAs, which may have another SPI after rekeying.
const REQID: u32 = 1;

fn policy_id(network: Ipv4Addr, prefix: u8) -> UserPolicyId {
    UserPolicyId { selector: selector(network, prefix), direction: XFRM_POLICY_OUT, ..UserPolicyId::default() }
}

fn selector(network: Ipv4Addr, prefix: u8) -> Selector {
    Selector { daddr: address(network), prefixlen_d: prefix, family: AF_INET, ..Selector::default() }
}

fn address(address: Ipv4Addr) -> Address {
    Address::from_ip(&IpAddr::V4(address))
}

/// Keys are random and told to nobody.
fn aead(icv: u32) -> AlgAead {
    let mut alg_key = vec![0; KEY + SALT];
    // Without waiting for entropy, of which a guest has little when it starts: the keys protect nothing. A kernel
    // without this call keeps zeros.
    let _ = getrandom(&mut alg_key[..], GetRandomFlags::INSECURE);
    let mut alg_name = [0; 64];
    alg_name[..RFC4106.len()].copy_from_slice(RFC4106.as_bytes());
    AlgAead { alg_name, alg_key_len: alg_key.len() as u32 * 8, alg_icv_len: icv * 8, alg_key }
}

/// An algorithm that does nothing, by its kernel's name.
fn without_key(name: &str) -> Alg {
    let mut alg_name = [0; 64];
    alg_name[..name.len()].copy_from_slice(name.as_bytes());
    Alg { alg_name, alg_key_len: 0, alg_key: Vec::new() }
}

/// What the kernel tells of an SA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SaState {
    /// Packets that it has encrypted or decrypted, here or in a device.
    pub(crate) packets: u64,
    /// The last sequence number that was sent.
    pub(crate) sequence: u32,
    /// The device that it is offloaded to.
    pub(crate) device: Option<u32>,
}

impl SaState {
    /// Reads the answer to [`Sa::get`].
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let XfrmMessage::AddSa(message) = XfrmMessage::parse_with_param(body, XFRM_MSG_NEWSA).ok()? else {
            return None;
        };
        let sequence = message.nlas.iter().find_map(|attribute| match attribute {
            XfrmAttrs::ReplayState(replay) => Some(replay.oseq),
            _ => None,
        });
        let device = message.nlas.iter().find_map(|attribute| match attribute {
            XfrmAttrs::OffloadDevice(offload) => u32::try_from(offload.ifindex).ok(),
            _ => None,
        });
        Some(SaState { packets: message.user_sa_info.lifetime_cur.packets, sequence: sequence.unwrap_or(0), device })
    }
}
