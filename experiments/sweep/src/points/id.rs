//! What identifies points and runs: a hash of everything that they depend on, never their number.

use std::fmt;
use std::str::FromStr;

use espsim_model::layers::Layer;
use espsim_model::profile::Profile;
use espsim_model::scenario::Scenario;
use sha2::{Digest, Sha256};
use toml::Value;

use crate::points::outcome::seed;

/// Half of a SHA-256: of 10^9 runs, two have the same with a probability of 10^-21.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id([u8; 16]);

/// The program that simulates: its version, and a hash of the model's sources.
pub const PROGRAM: (&str, &str) = (env!("CARGO_PKG_VERSION"), env!("ESPSIM_MODEL_HASH"));

impl Id {
    /// Of a point: what is simulated (`run` or `failover`), by which program, on the host of a profile with this hash, with
    /// these values. Where a value comes from does not matter.
    pub fn of_point(kind: &str, profile: &str, values: &Layer) -> Self {
        let mut hash = Hash::of(&format!("{kind} {} {} {profile}\n", PROGRAM.0, PROGRAM.1));
        for (key, (value, _)) in values {
            hash.part(b'k', key.as_bytes());
            hash.value(value);
        }
        hash.id()
    }

    /// Of one simulation: by which program, of which scenario, on which host, under which seed.
    pub fn of_simulation(scenario: &Scenario, profile: &Profile, seed: u64) -> Self {
        let mut hash = Hash::of(&format!("simulation {} {} {seed}\n", PROGRAM.0, PROGRAM.1));
        // Plain data always has a text.
        let text = |data: serde_json::Result<Vec<u8>>| data.unwrap_or_default();
        hash.part(b's', &text(serde_json::to_vec(scenario)));
        hash.part(b'p', &text(serde_json::to_vec(profile)));
        hash.id()
    }

    /// Of a measurement on the model's parts, without a scenario: by which program, of what. The text names everything that
    /// its result depends on.
    pub fn of_measurement(what: &str) -> Self {
        let mut hash = Hash::of(&format!("measurement {} {}\n", PROGRAM.0, PROGRAM.1));
        hash.part(b't', what.as_bytes());
        hash.id()
    }

    /// Of one of this point's replications, given the base of all seeds.
    #[must_use]
    pub fn replication(self, number: u32, base: u64) -> Self {
        Hash::of(&format!("{self} replication {}", seed(base, number))).id()
    }
}

/// A hash in the making.
struct Hash(Sha256);

impl Hash {
    fn of(text: &str) -> Self {
        Hash(Sha256::new_with_prefix(text))
    }

    /// Something of a kind, so that no two sequences of parts are the same octets.
    fn part(&mut self, kind: u8, octets: &[u8]) {
        self.0.update([kind]);
        self.0.update((octets.len() as u64).to_le_bytes());
        self.0.update(octets);
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.part(b's', text.as_bytes()),
            Value::Integer(n) => self.part(b'i', &n.to_le_bytes()),
            Value::Float(x) => self.part(b'f', &x.to_bits().to_le_bytes()),
            Value::Boolean(is) => self.part(b'b', &[u8::from(*is)]),
            other => self.part(b'o', other.to_string().as_bytes()),
        }
    }

    fn id(self) -> Id {
        let mut id = [0; 16];
        id.copy_from_slice(&self.0.finalize()[..16]);
        Id(id)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl FromStr for Id {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u128::from_str_radix(text, 16).map(|n| Id(n.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use espsim_model::layers::Origin;

    fn layer(value: i64, origin: Origin) -> Layer {
        Layer::from([("host.cores".to_owned(), (Value::Integer(value), origin))])
    }

    #[test]
    fn values_that_look_alike_differ() {
        let values: [Value; 6] = [1.into(), 1.0.into(), true.into(), "1".into(), "true".into(), vec![1].into()];
        let layers = values.map(|value| Layer::from([("a".to_owned(), (value, Origin::Set))]));
        let ids: std::collections::BTreeSet<Id> = layers.iter().map(|layer| Id::of_point("run", "p", layer)).collect();
        assert_eq!(ids.len(), layers.len());
    }

    #[test]
    fn an_id_depends_on_everything_but_where_a_value_comes_from() {
        let id = Id::of_point("run", "p", &layer(1, Origin::Scenario));
        assert_eq!(id, Id::of_point("run", "p", &layer(1, Origin::Set)));
        for other in [
            Id::of_point("failover", "p", &layer(1, Origin::Scenario)),
            Id::of_point("run", "q", &layer(1, Origin::Scenario)),
            Id::of_point("run", "p", &layer(2, Origin::Scenario)),
        ] {
            assert_ne!(id, other);
        }
        let ids: std::collections::BTreeSet<Id> = (0..4).map(|number| id.replication(number, 1)).collect();
        assert_eq!(ids.len(), 4);
        assert_eq!(id.to_string().parse(), Ok(id));
    }
}
