//! What hardware costs and draws, from a file of the user's.

use std::path::Path;

use espsim_sweep::failure::{Failure, read_text};
use espsim_sweep::file::plain;
use serde::Deserialize;

use super::hardware::Hardware;

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
    /// A NIC.
    #[serde(default)]
    pub nic: Item,
    /// A lookaside accelerator.
    #[serde(default)]
    pub accelerator: Item,
    /// A PCIe slot.
    #[serde(default)]
    pub slot: Item,
}

/// One piece.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Price, in the file's currency.
    #[serde(default)]
    pub price: f64,
    /// Power, in W.
    #[serde(default)]
    pub power_w: f64,
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
        for (name, item) in prices.items() {
            for (key, value) in [("price", item.price), ("power_w", item.power_w)] {
                if !(value.is_finite() && value >= 0.0) {
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

    /// Price and power of a host with so much hardware.
    pub fn total(&self, hardware: &Hardware) -> Item {
        let counts = [1, hardware.cores, hardware.nics, hardware.accelerators, hardware.slots()].map(f64::from);
        let sum = |of: fn(Item) -> f64| self.items().iter().zip(counts).map(|((_, item), n)| n * of(*item)).sum();
        Item { price: sum(|item| item.price), power_w: sum(|item| item.power_w) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_costs_the_sum_of_its_parts() {
        let text = "currency = \"EUR\"\n[core]\nprice = 100\npower_w = 7.5\n[nic]\nprice = 900\n[slot]\npower_w = 1\n";
        let prices = Prices::parse(Path::new("prices.toml"), text).unwrap();
        let hardware = Hardware { cores: 4, nics: 2, accelerators: 1 };
        assert_eq!(prices.total(&hardware), Item { price: 2200.0, power_w: 33.0 });
    }

    #[test]
    fn wrong_prices_are_named() {
        for (text, named) in [
            ("currency = \"EUR\"\n[nick]\nprice = 1", "nick"),
            ("currency = \"EUR\"\n[nic]\nprice = -1", "nic.price"),
            ("currency = \"EUR\"\n[core]\npower_w = inf", "core.power_w"),
            ("[nic]\nprice = 1", "currency"),
            ("currency = 5", "string"),
            ("", "currency"),
        ] {
            let error = Prices::parse(Path::new("prices.toml"), text).unwrap_err().to_string();
            assert!(error.contains(named), "{text}: {error}");
        }
    }
}
