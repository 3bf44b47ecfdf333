//! What hardware costs and draws, from a file of the user's. What the file does not say is missing, and is said to be.

use std::collections::BTreeMap;
use std::path::Path;

use espsim_sweep::failure::{Failure, read_text};
use espsim_sweep::file::plain;
use serde::Deserialize;

use super::bill::Line;

/// A price file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// What prices are counted in, such as `EUR`.
    pub currency: String,
    /// The host without what is counted here.
    #[serde(default)]
    pub host: Item,
    /// A core of the data path.
    #[serde(default)]
    pub core: Item,
    /// A NIC of any kind.
    #[serde(default)]
    pub nic: Item,
    /// A lookaside accelerator of any kind.
    #[serde(default)]
    pub accelerator: Item,
    /// A PCIe slot.
    #[serde(default)]
    pub slot: Item,
    /// Single kinds of NICs and accelerators, by the names of their presets.
    #[serde(default)]
    pub model: BTreeMap<String, Item>,
}

/// One piece.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Price, in the file's currency; absent where it is not known.
    pub price: Option<f64>,
    /// Power, in W; absent where it is not known.
    pub power_w: Option<f64>,
}

/// A sum over a bill.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sum {
    /// Of what is known, in the unit of what was added up.
    pub known: f64,
    /// What is not known, by name.
    pub missing: Vec<String>,
}

impl Sum {
    /// The sum in whole units, as the least that it can be where something is missing; a dash where nothing is known.
    pub fn shown(&self, pieces: usize) -> String {
        match self.missing.len() {
            0 => format!("{:.0}", self.known),
            n if n == pieces => "-".to_owned(),
            _ => format!(">= {:.0}", self.known),
        }
    }
}

impl Prices {
    /// Reads a price file.
    ///
    /// # Errors
    /// [`Failure`] at what is no table of prices: a key that is not known, a number that is negative or not finite.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let text = read_text("read prices", path)?;
        Self::parse(path, &text)
    }

    /// Parses the text of a price file; `path` is for messages.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, Failure> {
        plain::check(path, text)?;
        let prices: Prices = toml::from_str(text).map_err(|error| {
            Failure::at(path, text, error.span().unwrap_or(0..0), format!("prices: {}", error.message()))
        })?;
        let models = prices.model.iter().map(|(name, item)| (name.as_str(), *item));
        for (name, item) in prices.items().into_iter().chain(models) {
            for (key, value) in [("price", item.price), ("power_w", item.power_w)] {
                if let Some(value) = value.filter(|value| !(value.is_finite() && *value >= 0.0)) {
                    let table = text.find(&format!("[{name}]")).or_else(|| text.find(name)).unwrap_or(0);
                    let at = text[table..].find(key).map_or(table, |n| table + n);
                    let end = text[at..].find('\n').map_or(text.len(), |n| at + n);
                    let message = format!("prices: `{name}.{key}` is {value}: zero or more");
                    return Err(Failure::at(path, text, at..end, message));
                }
            }
        }
        Ok(prices)
    }

    fn items(&self) -> [(&'static str, Item); 5] {
        [
            ("host", self.host),
            ("core", self.core),
            ("nic", self.nic),
            ("accelerator", self.accelerator),
            ("slot", self.slot),
        ]
    }

    /// What a line's piece costs and draws: its model's own, else that of its kind.
    fn of(&self, line: &Line) -> Item {
        let own = line.model.as_ref().and_then(|model| self.model.get(model)).copied().unwrap_or_default();
        let kind = self.items().into_iter().find(|(name, _)| *name == line.item).map(|(_, item)| item);
        let kind = kind.unwrap_or_default();
        Item { price: own.price.or(kind.price), power_w: own.power_w.or(kind.power_w) }
    }

    /// The price of a bill.
    pub fn price(&self, bill: &[Line]) -> Sum {
        self.sum(bill, |item| item.price)
    }

    /// The power of a bill, in W.
    pub fn power(&self, bill: &[Line]) -> Sum {
        self.sum(bill, |item| item.power_w)
    }

    fn sum(&self, bill: &[Line], of: fn(Item) -> Option<f64>) -> Sum {
        let mut sum = Sum::default();
        for line in bill {
            match of(self.of(line)) {
                Some(each) => sum.known += f64::from(line.all) * each,
                None => {
                    sum.missing.push(line.model.clone().filter(|_| line.item != "host").unwrap_or(line.item.into()))
                }
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(item: &'static str, model: Option<&str>, all: u32) -> Line {
        Line { item, model: model.map(str::to_owned), of_host: all, all, spare: 0 }
    }

    #[test]
    fn a_host_costs_the_sum_of_its_parts_and_what_is_missing_is_not_free() {
        let text = "currency = \"EUR\"\n[core]\nprice = 100\npower_w = 7.5\n[nic]\nprice = 900\n\
                    [model.connectx-7]\nprice = 1500\n[host]\nprice = 0\n";
        let prices = Prices::parse(Path::new("prices.toml"), text).unwrap();
        let bill = [line("host", Some("EPYC"), 1), line("core", None, 4), line("nic", Some("connectx-6-dx"), 2)];
        assert_eq!(prices.price(&bill), Sum { known: 2200.0, missing: vec![] });
        let power = prices.power(&bill);
        assert_eq!(power, Sum { known: 30.0, missing: vec!["host".into(), "connectx-6-dx".into()] });
        assert_eq!((power.shown(3), power.shown(2)), (">= 30".to_owned(), "-".to_owned()));
        assert_eq!(prices.price(&[line("nic", Some("connectx-7"), 2)]).known, 3000.0);
    }

    #[test]
    fn wrong_prices_are_named() {
        for (text, named) in [
            ("currency = \"EUR\"\n[nick]\nprice = 1", "nick"),
            ("currency = \"EUR\"\n[nic]\nprice = -1", "nic.price"),
            ("currency = \"EUR\"\n[core]\npower_w = inf", "core.power_w"),
            ("currency = \"EUR\"\n[model.connectx-7]\nprice = -2", "connectx-7.price"),
            ("[nic]\nprice = 1", "currency"),
            ("currency = 5", "string"),
            ("", "currency"),
        ] {
            let error = Prices::parse(Path::new("prices.toml"), text).unwrap_err().to_string();
            assert!(error.contains(named), "{text}: {error}");
        }
    }
}
