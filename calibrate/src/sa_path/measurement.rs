//! Everything that is measured on the SA path, in the kernel that this process runs on.

use std::fs;

use serde::{Deserialize, Serialize};

use super::control_path::ControlPath;
use super::data_path::DatagramRow;
use super::error::{Doing, SaPathError};
use super::failover::Failover;
use super::kernel_aead::KernelAeadRow;
use super::proof::Proof;
use super::site::Site;
use super::super_packets::SuperPacketRow;
use super::tcp::TcpRow;
use super::{control_path, data_path, failover, kernel_aead, stop, super_packets, tcp};
use crate::clock::core_frequency_in_guest;

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Rounds over all ways of sending and all sizes.
    pub rounds: usize,
    /// Batches of 64 datagrams of one size in a round.
    pub batches: usize,
    /// Segments, in super-packets, of one shape in a round.
    pub super_packets: usize,
    /// TCP connections in each way of sending.
    pub connections: usize,
    /// Repetitions of each control request. The kernel takes some 20 ms to free what each leaves, after which devices
    /// can be removed.
    pub repetitions: usize,
}

impl Plan {
    /// For a kernel at native speed.
    pub const FULL: Plan = Plan { rounds: 101, batches: 5, super_packets: 120, connections: 40, repetitions: 400 };
    /// The same without the control path's single requests: what is repeated in other passes.
    pub const REPEATED: Plan = Plan { rounds: 41, repetitions: 0, ..Plan::FULL };
    /// For an emulated one, whose times mean nothing.
    pub const EMULATED: Plan = Plan { rounds: 3, batches: 1, super_packets: 40, connections: 3, repetitions: 200 };
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// The kernel's release and version.
    pub kernel: String,
    /// The core's frequency there, Hz.
    pub frequency: u64,
    /// The same core's frequency in the running kernel just before, Hz; none where that kernel itself is measured, or
    /// where an emulator's cycles are none.
    pub host_frequency: Option<u64>,
    /// Cycles of a system call that does nothing there.
    pub system_call: f64,
    /// Datagrams.
    pub datagrams: Vec<DatagramRow>,
    /// Super-packets.
    pub super_packets: Vec<SuperPacketRow>,
    /// TCP.
    pub tcp: Vec<TcpRow>,
    /// The kernel's own cipher.
    pub kernel_aead: Vec<KernelAeadRow>,
    /// Control path.
    pub control: ControlPath,
    /// Failovers.
    pub failovers: Vec<Failover>,
    /// Counters that agreed with what was sent.
    pub proofs: Vec<Proof>,
    /// What was not measured, and why.
    pub skipped: Vec<String>,
}

/// Measures the SA path in network and mount namespaces of this thread's own, which it does not leave: call it on a
/// thread that does nothing else. `progress` is told what is going on.
///
/// # Errors
/// [`SaPathError`] if the kernel or the privileges lack something, if it refuses what it should grant, or if its
/// counters say that packets took another path. What was made is removed in any case.
pub fn measure(plan: &Plan, progress: &mut dyn FnMut(&str)) -> Result<Measurement, SaPathError> {
    stop::listen()?;
    progress("the core's frequency");
    let frequency = core_frequency_in_guest()
        .map_err(|error| SaPathError::unavailable(error.to_string(), "a host whose clock advances evenly"))?;
    let system_call = super::stack::system_call(frequency);
    progress("making devices");
    let mut site = Site::build()?;
    let mut proofs = Vec::new();
    let mut skipped = Vec::new();
    progress("datagrams");
    let datagrams = data_path::measure(&mut site, plan, frequency, &mut proofs)?;
    progress("the kernel's own cipher");
    let kernel_aead = kernel_aead::measure(plan, frequency)?.unwrap_or_else(|reason| {
        skipped.push(format!("the kernel's own cipher: {reason}"));
        Vec::new()
    });
    progress("super-packets");
    let pair = site.links.veth(super_packets::NAMES)?;
    let super_packets = super_packets::measure(&mut site, pair, plan, frequency, &mut proofs)?;
    progress("TCP");
    let tcp = tcp::measure(&mut site, plan, frequency)?;
    let mut control = ControlPath::default();
    if plan.repetitions > 0 {
        progress("control path");
        control = control_path::measure(&mut site, plan, &mut proofs)?;
        skipped.extend(control.skipped.iter().cloned());
    }
    progress("failover");
    let failovers = failover::measure(&mut site, &mut proofs)?;
    let read = |name: &str| fs::read_to_string(format!("/proc/sys/kernel/{name}")).doing("read the kernel's version");
    let kernel = format!("{} {}", read("osrelease")?.trim(), read("version")?.trim());
    let frequency = frequency.get();
    Ok(Measurement {
        kernel,
        frequency,
        host_frequency: None,
        system_call,
        datagrams,
        super_packets,
        tcp,
        kernel_aead,
        control,
        failovers,
        proofs,
        skipped,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A measurement of nothing, at 1 GHz.
    pub(in crate::sa_path) fn empty() -> Measurement {
        Measurement {
            kernel: "6.12.0 #1".into(),
            frequency: 1_000_000_000,
            host_frequency: None,
            system_call: 0.0,
            datagrams: Vec::new(),
            super_packets: Vec::new(),
            tcp: Vec::new(),
            kernel_aead: Vec::new(),
            control: ControlPath::default(),
            failovers: Vec::new(),
            proofs: Vec::new(),
            skipped: Vec::new(),
        }
    }
}
