//! Every parameter of a scenario, each once: its key, what it takes, where its values may lie and what it means. Checks,
//! the schema of scenario files and listings follow from here.

mod accelerator;
mod dpu;
mod failover;
mod host;
mod names;
mod nic;
mod pcie;
mod run;
mod takes;
#[cfg(test)]
mod tests;
mod traffic;

use std::borrow::Cow;
use std::sync::LazyLock;

pub(super) use takes::Scalar;
pub use takes::{Items, Names, Quantity, Range, Takes};
use toml::Value;

use crate::layers::{self, Layer, Origin};
use crate::preset::{self, Evidence};

/// What a table of a scenario, or a table in a list, has at a name.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Its name in the table.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// What it means.
    pub meaning: &'static str,
    /// A value as `--set` takes it, where there is no default.
    example: Option<&'static str>,
    /// Whether each table of a list must have it.
    pub required: bool,
}

impl Entry {
    const fn new(name: &'static str, takes: Takes, meaning: &'static str) -> Self {
        Entry { name, takes, meaning, example: None, required: false }
    }

    const fn example(self, example: &'static str) -> Self {
        Entry { example: Some(example), ..self }
    }

    const fn required(self) -> Self {
        Entry { required: true, ..self }
    }
}

/// Tables and what stands in them, in the order of listings. A PCIe slot is one wherever it is.
const TABLES: [(&str, &[Entry]); 17] = [
    ("", host::ROOT),
    ("host", host::HOST),
    ("traffic", traffic::TRAFFIC),
    ("sa", traffic::SA),
    ("offload", host::OFFLOAD),
    ("nic", nic::NIC),
    ("nic.esp", nic::ESP),
    ("nic.pcie", pcie::SLOT),
    ("dpu", dpu::DPU),
    ("accelerator", accelerator::ACCELERATOR),
    ("accelerator.pcie", pcie::SLOT),
    ("lookaside", accelerator::LOOKASIDE),
    ("pcie", pcie::PCIE),
    ("pcie.uplink", pcie::SLOT),
    ("pcie.iommu", pcie::IOMMU),
    ("run", run::RUN),
    ("failover", failover::FAILOVER),
];

/// What tables in lists have, of which no single key can be set: the list is set whole.
const LISTED: [(&str, &[Entry]); 2] = [("traffic.mix[]", traffic::MIX), ("failover.event[]", failover::EVENT)];

/// A parameter of a scenario: an entry at its place.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    table: &'static str,
    entry: &'static Entry,
}

impl std::ops::Deref for Parameter {
    type Target = Entry;

    fn deref(&self) -> &Entry {
        self.entry
    }
}

/// Defaults as they are resolved: those of presets are in.
static RESOLVED: LazyLock<Layer> = LazyLock::new(|| layers::resolve(&Layer::new()).unwrap_or_default());

impl Parameter {
    /// Its key path.
    pub fn key(&self) -> String {
        match self.table {
            "" => self.name.to_owned(),
            table => format!("{table}.{}", self.name),
        }
    }

    /// Its default and where that comes from; `None` where there is none.
    pub fn default(&self) -> Option<&'static (Value, Origin)> {
        let key = self.key();
        // Names of presets and the size of all packets are in no resolved scenario.
        RESOLVED.get(&key).or_else(|| layers::defaults().get(&key))
    }

    /// The source of its default, where one is named.
    pub fn source(&self) -> Option<&'static str> {
        match &self.default()?.1 {
            Origin::Preset { source, .. } => Some(source.as_ref()).filter(|source| !source.is_empty()),
            _ => preset::defaults().source(&self.key()),
        }
    }

    /// How well its default is known; `None` for a mere choice.
    pub fn evidence(&self) -> Option<Evidence> {
        self.source().map(Evidence::of)
    }

    /// A value that it takes: its default, if it has one.
    pub fn example(&self) -> Value {
        match self.default() {
            Some((value, _)) => value.clone(),
            None => self.entry.example_value(),
        }
    }
}

impl Entry {
    /// A value that it takes.
    pub fn example_value(&self) -> Value {
        let text = match (self.example, self.takes) {
            (Some(text), _) => text.to_owned(),
            (None, Takes::Name(names) | Takes::Preset(names)) => names()[0].to_owned(),
            (None, Takes::Quantity { quantity, .. }) => quantity.example().to_owned(),
            (None, Takes::Boolean) => return Value::Boolean(true),
            (None, _) => String::new(),
        };
        match self.takes {
            Takes::Integer(_) => text.parse().map_or(Value::String(text), Value::Integer),
            Takes::Number(_) => text.parse().map_or(Value::String(text), Value::Float),
            _ => Value::String(text),
        }
    }
}

/// Every parameter, table by table.
pub fn parameters() -> impl Iterator<Item = Parameter> {
    TABLES.into_iter().flat_map(placed)
}

/// What stands in the tables of a list: its keys are such as `failover.event[].at`.
pub fn listed() -> impl Iterator<Item = Parameter> {
    LISTED.into_iter().flat_map(placed)
}

fn placed((table, entries): (&'static str, &'static [Entry])) -> impl Iterator<Item = Parameter> {
    entries.iter().map(move |entry| Parameter { table, entry })
}

/// The parameter at a key, be it one in a list: what `nic.ring` takes, `nic[1].ring` does.
pub fn find(key: &str) -> Option<Parameter> {
    let key = without_numbers(key);
    let (table, name) = key.rsplit_once('.').unwrap_or(("", &key));
    let mut tables = TABLES.into_iter().chain(LISTED);
    let (table, entries) = tables.find(|(known, _)| known.strip_suffix("[]").unwrap_or(known) == table)?;
    let entry = entries.iter().find(|entry| entry.name == name)?;
    Some(Parameter { table, entry })
}

/// A key with what stands in square brackets left out.
pub(crate) fn without_numbers(key: &str) -> Cow<'_, str> {
    match key.contains('[') {
        false => Cow::Borrowed(key),
        true => Cow::Owned(key.split('[').map(|part| part.split_once(']').map_or(part, |(_, rest)| rest)).collect()),
    }
}
