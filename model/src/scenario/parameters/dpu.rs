//! What a DPU does with ESP.

use super::Entry;
use super::names::names;
use super::takes::{Takes, integer};
use crate::preset::PresetKind;
use crate::scenario::DpuEsp;

pub(super) const DPU: &[Entry] = &[
    Entry::new(
        "esp",
        Takes::Name(names::<DpuEsp>),
        "Who processes ESP on the DPU: its NIC's engine, with its cores for what that refuses; or its cores alone.",
    ),
    Entry::new(
        "cpu",
        Takes::Name(|| PresetKind::Cpu.names()),
        "CPU preset whose costs, clock and memory the DPU's cores have; absent for nic.soc_cpu.",
    )
    .example("cortex-a78"),
    Entry::new("cores", integer(1, 128), "Cores of each DPU that carry packets; absent for nic.soc_cores.")
        .example("4"),
];
