//! The SA and the core of each flow: what the NIC can tell packets apart by decides what can be spread.

use std::collections::{BTreeMap, BTreeSet};

use super::sas::Sas;
use super::steering::{Spreading, cores, deal};
use super::{Class, Path, Way};
use crate::hardware::nic::{NicParams, RssEsp};
use crate::resource::Resource;
use crate::scenario::Scenario;
use crate::traffic::{Steering, Traffic};

/// What packets have in common that come to one core.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Unit {
    /// The inner flow.
    Flow,
    /// The SA.
    Sa,
    /// The pair of outer addresses, with the ports of UDP encapsulation, of which a peer has one pair too.
    Peer,
    /// That they are under ESP.
    Esp,
}

impl Unit {
    /// By what a NIC chooses the queue of a packet that it receives under ESP, of an SA that goes this way. In UDP (RFC 3948)
    /// the NIC sees ports, which IKE has found for the peer and all its SAs share.
    fn of(s: &Scenario, nic: &NicParams, way: Way) -> Unit {
        let inner = nic.esp.as_ref().is_some_and(|esp| esp.rss_inner);
        match way {
            Way::By(design) if design.encrypts_in_nic() && inner => Unit::Flow,
            _ if s.sa.nat_t => Unit::Peer,
            _ => match nic.rss_esp {
                RssEsp::Spi => Unit::Sa,
                RssEsp::Addresses => Unit::Peer,
                RssEsp::None => Unit::Esp,
            },
        }
    }

    /// What the core is called that limits while others have nothing to do.
    fn limit(self) -> Option<Resource> {
        match self {
            Unit::Flow => None,
            Unit::Sa => Some(Resource::SaCore),
            Unit::Peer => Some(Resource::PeerCore),
            Unit::Esp => Some(Resource::EspCore),
        }
    }
}

/// The SA and the core of each flow.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    /// The SA of its direction, of each flow.
    pub sa_of_flow: Vec<u32>,
    /// The core of each flow.
    pub core_of_flow: Vec<u32>,
    /// The core that the NIC interrupts for it.
    pub dispatcher_of_flow: Vec<u32>,
    /// The core of a DPU that its packets come to, of each flow; the first where there is no DPU.
    pub dpu_core_of_flow: Vec<u32>,
    /// What a core that is full is called, where there is less to spread than cores.
    pub confined: Option<Resource>,
}

impl Places {
    /// Adds the flows of a class.
    pub fn add(&mut self, s: &Scenario, class: &Traffic, built: &Class, sas: &Sas) {
        let used = class.sas.unwrap_or(s.sa.count).min(s.sa.count);
        let mut of_flow = deal(class.flows, used, class.hash_seed, Spreading::FlowsOverSas);
        if s.sa.per_cpu && s.placement.has_sas() {
            // An application's core has an SA of the set: on this host, and on the peer's for what comes in.
            let sent_on = cores(class, class.flows, s.flow_cores(), Spreading::FlowsOverCores);
            of_flow.iter_mut().zip(sent_on).for_each(|(sa, core)| *sa = *sa * s.host.cores + core);
        }
        let under_esp = s.host_sees_esp() && built.direction.is_inbound();
        let places = match under_esp {
            true => {
                let (places, confined) = inbound(s, class, &of_flow, sas, s.flow_cores());
                self.confined = self.confined.or(confined);
                places
            }
            false => cores(class, class.flows, s.flow_cores(), Spreading::FlowsOverCores),
        };
        match class.steering == Steering::Rps && under_esp {
            true => self.core_of_flow.extend(handed_on(s, class, &places)),
            false if s.hands_to_owners() && !under_esp => {
                let owners = owners(class, &of_flow, &places);
                if owners.iter().collect::<BTreeSet<_>>().len() < places.iter().collect::<BTreeSet<_>>().len() {
                    self.confined = self.confined.or(Unit::Sa.limit());
                }
                self.core_of_flow.extend(owners);
            }
            false => self.core_of_flow.extend(&places),
        }
        self.dispatcher_of_flow.extend(places);
        self.dpu_core_of_flow.extend(match s.soc() {
            None => vec![0; class.flows as usize],
            Some(soc) if built.direction.is_inbound() => inbound(s, class, &of_flow, sas, soc.cores).0,
            Some(soc) => cores(class, class.flows, soc.cores, Spreading::FlowsOverDpuCores),
        });
        self.sa_of_flow.extend(of_flow);
    }
}

/// The core, of `n`, of each flow of a class that comes in under ESP; what a core is called that limits where there is less
/// to spread than cores.
fn inbound(s: &Scenario, class: &Traffic, sa_of_flow: &[u32], sas: &Sas, n: u32) -> (Vec<u32>, Option<Resource>) {
    let nics = s.nics();
    let set = if s.sa.per_cpu { s.host.cores } else { 1 };
    let used = class.sas.unwrap_or(s.sa.count).min(s.sa.count) * set;
    let peers = s.sa.peers.min(s.sa.count);
    let peer_of_set = deal(s.sa.count, peers, s.traffic[0].hash_seed, Spreading::SasOverPeers);
    let of_flow = cores(class, class.flows, n, Spreading::FlowsOverCores);
    let of_sa = cores(class, used, n, Spreading::SasOverCores);
    let of_peer = cores(class, peers, n, Spreading::PeersOverCores);
    let mut units: Vec<(Unit, u32)> = Vec::with_capacity(sa_of_flow.len());
    let core_of = |(flow, &sa): (u32, &u32)| {
        let unit = Unit::of(s, nics[usize::from(sas.nic[sa as usize])], sas.way[sa as usize]);
        let peer = peer_of_set[(sa / set) as usize];
        let (number, core) = match unit {
            Unit::Flow => (flow, of_flow[flow as usize]),
            Unit::Sa => (sa, of_sa[sa as usize]),
            Unit::Peer => (peer, of_peer[peer as usize]),
            Unit::Esp => (0, 0),
        };
        units.push((unit, number));
        core
    };
    let cores = (0..).zip(sa_of_flow).map(core_of).collect();
    let coarsest = units.iter().map(|(unit, _)| *unit).max();
    units.sort_unstable();
    units.dedup();
    let confined = coarsest.and_then(Unit::limit).filter(|_| units.len() < n as usize);
    (cores, confined)
}

/// The core of each flow's SA, which has used it first: that of its first flow, or where flows are spread evenly the one of
/// all its flows' cores that has fewest flows so.
fn owners(class: &Traffic, sa_of_flow: &[u32], places: &[u32]) -> Vec<u32> {
    let mut cores_of: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    sa_of_flow.iter().zip(places).for_each(|(sa, core)| cores_of.entry(*sa).or_default().push(*core));
    let mut owned: BTreeMap<u32, usize> = BTreeMap::new();
    let mut owner = BTreeMap::new();
    for (&sa, cores) in &cores_of {
        let fewest = cores.iter().min_by_key(|core| owned.get(core).copied().unwrap_or(0));
        let core = if class.steering == Steering::Spread { fewest } else { cores.first() };
        let core = core.copied().unwrap_or(0);
        *owned.entry(core).or_default() += cores.len();
        owner.insert(sa, core);
    }
    sa_of_flow.iter().map(|sa| owner[sa]).collect()
}

/// The core that each flow is handed on to: of those that the NIC does not interrupt, where there are any. Cores take turns,
/// whatever the flow: under ESP nothing of it is seen (cilium pull request 35661; the kernel's own hash sees addresses,
/// `__skb_flow_dissect` in Linux net/core/flow_dissector.c, and would hand all of a peer to one core).
fn handed_on(s: &Scenario, class: &Traffic, dispatchers: &[u32]) -> Vec<u32> {
    let others: Vec<u32> = (0..s.flow_cores()).filter(|core| !dispatchers.contains(core)).collect();
    if others.is_empty() {
        return dispatchers.to_vec();
    }
    let turns = deal(class.flows, others.len() as u32, class.hash_seed, Spreading::FlowsOverCores);
    turns.into_iter().map(|turn| others[turn as usize]).collect()
}

/// Paths that some flow takes, in order.
pub(super) fn distinct(of_flow: &[Path]) -> Vec<Path> {
    let mut paths = of_flow.to_vec();
    paths.sort_unstable();
    paths.dedup();
    paths
}
