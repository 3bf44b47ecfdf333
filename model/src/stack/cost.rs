//! The costs of a stack: the structure, and the table of what each means.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Stack;
use crate::units::Cycles;

/// One cost in the table.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Its name in a profile's table.
    pub name: &'static str,
    /// What it is of.
    pub meaning: &'static str,
    /// The stacks that have it: their tables must say it, in others it is zero.
    pub stacks: &'static [Stack],
    /// What it was called in profiles of before.
    pub former: Option<&'static str>,
    before: &'static [(f64, &'static [Stack])],
    of: fn(&mut StackCost) -> &mut Cycles,
}

impl Cost {
    /// What it is taken to be where a profile was written before a stack had it; `None` for what the stack always had.
    /// Cycles of a core at 3 to 4 GHz, by the estimates of the presets.
    pub fn before(&self, stack: Stack) -> Option<Cycles> {
        let (cycles, _) = self.before.iter().find(|(_, stacks)| stacks.contains(&stack))?;
        Some(Cycles(*cycles))
    }

    /// The cost of a stack.
    pub fn of<'a>(&self, costs: &'a mut StackCost) -> &'a mut Cycles {
        (self.of)(costs)
    }

    /// Its key path in a profile.
    pub fn key(&self, stack: Stack) -> String {
        format!("{}.{}", stack.table(), self.name)
    }
}

const KERNEL: &[Stack] = &[Stack::Kernel];
const KERNEL_AND_XDP: &[Stack] = &[Stack::Kernel, Stack::Xdp];
const KERNEL_AND_VECTOR: &[Stack] = &[Stack::Kernel, Stack::Vector];
const VECTOR: &[Stack] = &[Stack::Vector];
const ALL: &[Stack] = &Stack::ALL;

macro_rules! stack_costs {
    ($($name:ident $(or $former:literal)? in $stacks:ident $(, before it $before:literal in $older:ident)*: $meaning:literal;)+) => {
        /// What a stack costs a core, in cycles. Zero where a stack has no such thing.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct StackCost {
            $(
                #[doc = $meaning]
                #[serde(default)]
                pub $name: Cycles,
            )+
        }

        /// Every cost, in the order of a packet's way.
        pub const COSTS: &[Cost] = &[$(Cost {
            name: stringify!($name),
            meaning: $meaning,
            stacks: $stacks,
            before: &[$(($before, $older)),*],
            former: stack_costs!(@maybe $($former)?),
            of: |costs| &mut costs.$name,
        }),+];
    };
    (@maybe) => { None };
    (@maybe $value:expr) => { Some($value) };
}

stack_costs! {
    send in KERNEL: "One send call: system call, socket, transport and IP output, route, queueing discipline. Paid once per super-packet with GSO, once per packet without.";
    segment in KERNEL: "Making one segment of a super-packet in software (`skb_segment`).";
    xfrm or "esp" in KERNEL_AND_VECTOR: "ESP encapsulation or decapsulation of a packet without the cipher: state lookup, header, trailer, sequence number or replay window. Paid per packet that the host encrypts, in software or by an accelerator.";
    xfrm_offload in KERNEL_AND_VECTOR, before it 200.0 in VECTOR: "The same where the NIC encrypts: no scatter list and no request to a cipher. Paid per packet or super-packet that is sent.";
    xfrm_offload_segment in KERNEL: "Header and trailer of each further segment where the NIC encrypts but the host segments.";
    crypto_request in KERNEL_AND_VECTOR, before it 0.0 in KERNEL_AND_VECTOR: "One request to the CPU's own cipher without the octets: in the kernel allocation, scatter lists and the section that may use vector registers (crypto API). Profiles from before it have it in xfrm.";
    sa_l3 in KERNEL_AND_VECTOR, before it 300.0 in KERNEL_AND_VECTOR: "What a packet waits for more when the state of its SA (SA, policy, key) is in the L3 cache and not in L2.";
    sa_memory in KERNEL_AND_VECTOR, before it 2000.0 in KERNEL_AND_VECTOR: "What a packet waits for more when the state of its SA is in memory and not in L2.";
    transmit in ALL, before it 0.0 in VECTOR: "Driver transmit for one descriptor: DMA mapping and descriptor.";
    doorbell in ALL, before it 150.0 in VECTOR: "One MMIO doorbell write.";
    complete in ALL, before it 20.0 in VECTOR: "Freeing one transmitted buffer at its completion.";
    interrupt in KERNEL_AND_XDP: "One interrupt with the start and end of the NAPI poll that it schedules.";
    crypto_submit in KERNEL_AND_VECTOR, before it 100.0 in VECTOR: "Building one request to a lookaside accelerator and putting it into its ring.";
    crypto_submit_burst in KERNEL_AND_VECTOR, before it 150.0 in KERNEL_AND_VECTOR: "What submitting takes once for all requests of a poll, such as the ring's doorbell; where a stack rings for each, per request.";
    crypto_complete in KERNEL_AND_VECTOR, before it 80.0 in VECTOR: "Handling one response of an accelerator and resuming the packet.";
    crypto_complete_burst in VECTOR, before it 100.0 in VECTOR: "What taking responses takes once per poll of the accelerator's ring.";
    switch in KERNEL: "Switching to another thread and back, with the wake-up, when a caller waits for an accelerator.";
    poll or "vector" in ALL: "One poll, however many packets it finds; of vector processing one vector: graph dispatch, instruction cache misses.";
    receive in ALL, before it 0.0 in VECTOR: "Driver receive of one packet: completion, buffer, refill.";
    gro in KERNEL: "Merging one received packet (GRO).";
    deliver in KERNEL: "IP input, transport and socket for one packet or one merged by GRO. Profiles from before read have it in here.";
    read in KERNEL, before it 0.0 in KERNEL: "One receive call with the wake-up: for a datagram, or for 64 KiB of TCP.";
    forward or "packet" in ALL: "Route lookup and forwarding of one packet, or of one merged by GRO.";
    policy in KERNEL, before it 700.0 in KERNEL: "Policy lookup for one forwarded packet where there are IPsec policies, and the bundle of transformations that is built for it: whoever encrypts, packet offload too.";
    policy_level in KERNEL, before it 40.0 in KERNEL: "One level of the tree that policies for prefixes are in; there are as many as the logarithm of their number.";
    netfilter in KERNEL, before it 150.0 in KERNEL: "Netfilter hooks with a few rules, one packet through the host.";
    conntrack in KERNEL, before it 700.0 in KERNEL: "Connection tracking of one packet through the host.";
    tunnel in KERNEL_AND_VECTOR, before it 600.0 in KERNEL_AND_VECTOR: "A tunnel inside ESP, one packet or super-packet into it or one packet out of it: header, device, a route lookup of its own.";
    ack in KERNEL, before it 900.0 in KERNEL: "One ACK of TCP that is sent or that is received, without the driver: transport, IP, socket buffers.";
    fragment in KERNEL_AND_VECTOR, before it 700.0 in KERNEL_AND_VECTOR: "Making one IP fragment, or taking one up for reassembly, without copies.";
    steer in KERNEL_AND_VECTOR, before it 200.0 in KERNEL, before it 40.0 in VECTOR: "Handing one received packet to another core (RPS, cpumap): choice, backlog with its lock, part of the interrupt that is sent. In VPP to the thread of its SA, which pays as much to take it.";
    worker_submit in KERNEL_AND_VECTOR, before it 1100.0 in KERNEL, before it 60.0 in VECTOR: "Handing one packet to crypto workers beside the request itself: in the kernel a work item, its locks and part of a wake-up (pcrypt), in VPP its place in a frame (crypto_sw_scheduler).";
    worker in KERNEL_AND_VECTOR, before it 1500.0 in KERNEL, before it 150.0 in VECTOR: "What a crypto worker takes for one packet beside the cipher: taking it up with the lines of the core that sent it, and putting it in order.";
    worker_complete in KERNEL_AND_VECTOR, before it 600.0 in KERNEL, before it 60.0 in VECTOR: "Taking one packet back from crypto workers and resuming it.";
    sa_lock in KERNEL: "What is done for one packet with the lock of an SA (`xfrm_state.lock`: sequence number or replay window), a part of what ESP costs.";
    line_transfer in KERNEL: "Moving one cache line from another core that shares the L3 cache.";
    line_transfer_l3 in KERNEL, before it 400.0 in KERNEL: "Moving one cache line from a core of another L3 cache of the same socket.";
    line_transfer_socket in KERNEL, before it 600.0 in KERNEL: "Moving one cache line from a core of another socket.";
    lock_waiter in KERNEL, before it 75.0 in KERNEL: "How much longer each core that waits makes passing a lock on where all spin on one line (sa.lock = \"ticket\").";
}

impl StackCost {
    /// Every cost by its entry in the table.
    pub fn costs(&self) -> impl Iterator<Item = (&'static Cost, Cycles)> + use<> {
        let mut costs = self.clone();
        COSTS.iter().map(move |cost| (cost, *cost.of(&mut costs)))
    }
}

/// The cost of a name.
pub fn find(name: &str) -> Option<&'static Cost> {
    COSTS.iter().find(|cost| cost.name == name)
}
