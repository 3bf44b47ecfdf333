//! Features of network interfaces, by ethtool's netlink family (Documentation/networking/ethtool-netlink.rst).

// Elsewhere only the tests use it.
#![cfg_attr(not(target_os = "linux"), allow(dead_code))]

use std::collections::{BTreeMap, BTreeSet};

use super::interface::{Feature, Features};
use super::netlink;

/// `ETHTOOL_MSG_FEATURES_GET`, include/uapi/linux/ethtool_netlink.h, as all numbers here.
const FEATURES_GET: u8 = 11;
/// `ETHTOOL_MSG_FEATURES_SET`.
const FEATURES_SET: u8 = 12;
/// `ETHTOOL_A_FEATURES_HEADER`.
const HEADER: u16 = 1;
/// `ETHTOOL_A_HEADER_DEV_NAME`.
const DEVICE_NAME: u16 = 2;
/// `ETHTOOL_A_FEATURES_HW`: every feature, those set that the user can change.
const CHANGEABLE: u16 = 2;
/// `ETHTOOL_A_FEATURES_WANTED`.
const WANTED: u16 = 3;
/// `ETHTOOL_A_FEATURES_ACTIVE`: those that are on.
const ACTIVE: u16 = 4;
/// `ETHTOOL_A_FEATURES_NOCHANGE`: those set that no device can change.
const NEVER_CHANGED: u16 = 5;
/// `ETHTOOL_A_BITSET_NOMASK`: the bits are a list of those set.
const NO_MASK: u16 = 1;
/// `ETHTOOL_A_BITSET_BITS`.
const BITS: u16 = 3;
/// `ETHTOOL_A_BITSET_BITS_BIT`.
const BIT: u16 = 1;
/// `ETHTOOL_A_BITSET_BIT_NAME`.
const BIT_NAME: u16 = 2;
/// `ETHTOOL_A_BITSET_BIT_VALUE`.
const BIT_VALUE: u16 = 3;

/// A socket to ask for features.
pub(crate) struct Ethtool {
    #[cfg(target_os = "linux")]
    family: netlink::Family,
}

#[cfg(target_os = "linux")]
impl Ethtool {
    /// Opens the socket; any user may.
    pub(crate) fn open() -> Result<Self, String> {
        Ok(Ethtool { family: netlink::Family::open("ethtool")? })
    }

    /// State of every feature that the kernel knows, of one interface.
    pub(super) fn features(&mut self, interface: &str) -> Features {
        let header = netlink::nest(HEADER, &netlink::string(DEVICE_NAME, interface));
        let answer = self.family.ask(FEATURES_GET, &header);
        answer.map(|attributes| features(&attributes)).map_err(|reason| format!("ethtool features: {reason}"))
    }

    /// Switches one feature of an interface off; the reason if the kernel does not take the request.
    pub(crate) fn switch_off(&mut self, interface: &str, feature: &str) -> Result<(), String> {
        self.switch(interface, feature, false)
    }

    /// Switches one feature of an interface on or off; the reason if the kernel does not take the request.
    pub(crate) fn switch(&mut self, interface: &str, feature: &str, on: bool) -> Result<(), String> {
        // A bit without a value flag is to be cleared; bits that are not listed stay.
        let value = if on { netlink::attribute(BIT_VALUE, &[]) } else { Vec::new() };
        let bit = netlink::nest(BIT, &[netlink::string(BIT_NAME, feature), value].concat());
        let wanted = netlink::nest(WANTED, &netlink::nest(BITS, &bit));
        let header = netlink::nest(HEADER, &netlink::string(DEVICE_NAME, interface));
        self.family.ask(FEATURES_SET, &[header, wanted].concat()).map(drop)
    }
}

#[cfg(not(target_os = "linux"))]
impl Ethtool {
    pub(super) fn open() -> Result<Self, String> {
        Err("ethtool features: this is not Linux".into())
    }

    pub(super) fn features(&mut self, _interface: &str) -> Features {
        Err("ethtool features: this is not Linux".into())
    }
}

/// The states that a reply to `ETHTOOL_MSG_FEATURES_GET` tells.
fn features(reply: &[u8]) -> BTreeMap<String, Feature> {
    let bitset = |wanted| netlink::attributes(reply).find(|(kind, _)| *kind == wanted).map(|(_, content)| content);
    let bits = |kind| bitset(kind).map(named_bits).unwrap_or_default();
    let set = |kind| bits(kind).into_iter().filter_map(|(name, set)| set.then_some(name)).collect::<BTreeSet<_>>();
    let (active, fixed) = (set(ACTIVE), set(NEVER_CHANGED));
    let state = |(name, changeable): (String, bool)| {
        let feature = match (active.contains(&name), changeable && !fixed.contains(&name)) {
            (true, true) => Feature::On,
            (false, true) => Feature::Off,
            (true, false) => Feature::FixedOn,
            (false, false) => Feature::FixedOff,
        };
        (name, feature)
    };
    bits(CHANGEABLE).into_iter().map(state).collect()
}

/// Names of the bits in a bitset and whether each is set.
fn named_bits(bitset: &[u8]) -> Vec<(String, bool)> {
    let is_list = netlink::attributes(bitset).any(|(kind, _)| kind == NO_MASK);
    let bits = netlink::attributes(bitset).filter(|(kind, _)| *kind == BITS);
    let bits = bits.flat_map(|(_, bits)| netlink::attributes(bits)).filter(|(kind, _)| *kind == BIT);
    bits.filter_map(|(_, bit)| {
        let (_, name) = netlink::attributes(bit).find(|(kind, _)| *kind == BIT_NAME)?;
        let name = String::from_utf8_lossy(name).trim_end_matches('\0').to_owned();
        let set = is_list || netlink::attributes(bit).any(|(kind, _)| kind == BIT_VALUE);
        Some((name, set))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::netlink::{attribute, nest, string};
    use super::*;

    fn bitset(kind: u16, is_list: bool, bits: &[(&str, bool)]) -> Vec<u8> {
        let bits = bits.iter().map(|&(name, set)| {
            let value = if set && !is_list { attribute(BIT_VALUE, &[]) } else { Vec::new() };
            nest(BIT, &[string(BIT_NAME, name), value].concat())
        });
        let bits = nest(BITS, &bits.collect::<Vec<_>>().concat());
        let list = if is_list { attribute(NO_MASK, &[]) } else { Vec::new() };
        nest(kind, &[list, bits].concat())
    }

    #[test]
    fn states_follow_from_the_three_sets() {
        let all = ["esp-hw-offload", "rx-gro", "rx-checksum", "hw-tc-offload", "loopback"];
        let with = |set: &[&str]| all.map(|name| (name, set.contains(&name)));
        let reply = [
            bitset(CHANGEABLE, false, &with(&["esp-hw-offload", "rx-gro", "loopback"])),
            bitset(ACTIVE, true, &[("rx-gro", true), ("rx-checksum", true)]),
            bitset(NEVER_CHANGED, false, &with(&["loopback"])),
        ];
        let features = features(&reply.concat());
        let expected = [Feature::Off, Feature::On, Feature::FixedOn, Feature::FixedOff, Feature::FixedOff];
        assert_eq!(all.map(|name| features[name]), expected);
    }
}
