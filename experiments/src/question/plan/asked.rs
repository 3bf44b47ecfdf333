//! A design that is asked about.

use espsim_model::placement::Placement;
use toml::{Table, Value};

use super::keys::{CARD, NIC, STACK, insert};

/// One of the designs of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The placement.
    pub placement: String,
    /// The host's stack.
    pub stack: String,
    /// The kind of NIC, where several are asked about and it matters which: to those that do what ESP needs.
    pub nic: Option<String>,
    /// The kind of accelerator, where several are asked about and one is used.
    pub card: Option<String>,
}

impl Asked {
    /// Its name: the kernel goes without saying.
    pub fn name(&self) -> String {
        let design = self.design();
        match self.stack.as_str() {
            "kernel" => design,
            "vector" => format!("{design} in userspace"),
            other => format!("{design} in {other}"),
        }
    }

    /// The placement, and the NIC where there is a choice.
    pub fn design(&self) -> String {
        self.device().map_or_else(|| self.placement.clone(), |device| format!("{} with {device}", self.placement))
    }

    /// The kind of device, where there is a choice.
    pub fn device(&self) -> Option<&str> {
        self.nic.as_deref().or(self.card.as_deref())
    }

    /// A series of the design; what hardware it has is added.
    pub(super) fn series(&self, name: String) -> Table {
        let mut series = Table::new();
        for (key, value) in [("name", &name), ("placement", &self.placement), (STACK, &self.stack)] {
            insert(&mut series, key, Value::String(value.clone()));
        }
        if let Some(nic) = &self.nic {
            insert(&mut series, NIC, Value::String(nic.clone()));
        }
        if let Some(card) = &self.card {
            insert(&mut series, CARD, Value::String(card.clone()));
        }
        series
    }
}

/// The kinds of a device that a placement is asked about with: all of several where it matters which.
pub(super) fn kinds(placement: &str, matters: fn(Placement) -> bool, named: &[String]) -> Vec<Option<String>> {
    let used = Placement::ALL.iter().any(|known| known.name() == placement && matters(*known));
    if used && named.len() > 1 { named.iter().cloned().map(Some).collect() } else { vec![None] }
}
