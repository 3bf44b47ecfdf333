//! The bill of materials of a design: what there is to buy, spare pieces included.

use super::args::Spare;
use super::design::{Least, Plan};
use super::hardware::Hardware;
use super::question::Question;

/// One line of a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is: `host`, `core`, `nic`, `accelerator` or `slot`.
    pub item: &'static str,
    /// The kind of device, as presets and files name it; the CPU of a host.
    pub model: Option<String>,
    /// How many each host has.
    pub of_host: u32,
    /// How many there are.
    pub all: u32,
    /// Of these, what stands by for what fails.
    pub spare: u32,
}

/// What is bought of a design, spare pieces included.
pub(super) fn bought(hardware: Hardware, spare: Spare) -> Hardware {
    match spare {
        Spare::None => hardware,
        Spare::Nic => Hardware { nics: hardware.nics + 1, ..hardware },
        Spare::Host => Hardware { hosts: hardware.hosts + 1, ..hardware },
    }
}

/// The bill of a planned design; `cpu` is the host's.
pub(super) fn bill(question: &Question, plan: &Plan, least: &Least, cpu: &str) -> Vec<Line> {
    let needed = least.trial.hardware;
    let bought = bought(needed, question.spare);
    let line = |item, model, of: fn(&Hardware) -> u32| {
        let all = bought.hosts * of(&bought);
        Line { item, model, of_host: of(&bought), all, spare: all - needed.hosts * of(&needed) }
    };
    let mut lines = vec![
        line("host", Some(cpu.to_owned()), |_| 1),
        line("core", None, |hardware| hardware.cores),
        line("nic", question.nic_of(&plan.asked), |hardware| hardware.nics),
        line("accelerator", question.card_of(&plan.asked), |hardware| hardware.accelerators),
        line("slot", None, Hardware::slots),
    ];
    lines.retain(|line| line.all > 0);
    lines
}
