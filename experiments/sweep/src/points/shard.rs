//! A part of a sweep's points, for one machine of several.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::points::id::Id;

/// The `number`th of `of` parts, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Given")]
pub struct Shard {
    /// Which one.
    pub number: u32,
    /// Of how many.
    pub of: u32,
}

/// A shard as a file gives it.
#[derive(Deserialize, JsonSchema)]
struct Given {
    number: u32,
    of: u32,
}

impl TryFrom<Given> for Shard {
    type Error = String;
    fn try_from(Given { number, of }: Given) -> Result<Self, String> {
        let is_one = 1 <= number && number <= of && of <= 100_000;
        is_one.then_some(Shard { number, of }).ok_or_else(|| not_a_shard(&format!("{number}/{of}")))
    }
}

impl FromStr for Shard {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        let (number, of) = parsed.ok_or_else(|| not_a_shard(text))?;
        Given { number, of }.try_into()
    }
}

fn not_a_shard(text: &str) -> String {
    format!("`{text}` is not I/N, such as 2/8: I from 1 to N, N up to 100000")
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl Shard {
    /// Its points, by number, in order. Points are dealt out in the order of their ids, which has nothing to do with what
    /// they cost, so that shards are equally long; the same points give the same shards on every machine.
    pub fn points(self, ids: &[Id]) -> Vec<u32> {
        let mut order: Vec<u32> = (0..ids.len() as u32).collect();
        order.sort_unstable_by_key(|&point| (ids[point as usize], point));
        let mut own: Vec<u32> = order.into_iter().skip(self.number as usize - 1).step_by(self.of as usize).collect();
        own.sort_unstable();
        own
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use espsim_model::layers::Layer;

    #[test]
    fn shards_have_every_point_once_and_equally_many() {
        let ids: Vec<Id> = (0..103).map(|n| Id::of_point(&n.to_string(), "", &Layer::new())).collect();
        let shards: Vec<Vec<u32>> = (1..=4).map(|number| Shard { number, of: 4 }.points(&ids)).collect();
        assert_eq!(shards.iter().map(Vec::len).collect::<Vec<_>>(), [26, 26, 26, 25]);
        let mut all = shards.concat();
        all.sort_unstable();
        assert_eq!(all, (0..103).collect::<Vec<u32>>());
        assert!(shards[0].windows(2).any(|pair| pair[1] - pair[0] != 4), "they are mixed");
    }

    #[test]
    fn wrong_shards_are_refused() {
        assert_eq!("2/8".parse(), Ok(Shard { number: 2, of: 8 }));
        for wrong in ["0/8", "9/8", "2", "2/", "a/b", "-1/2", "1/0"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
        // Nor do files give them.
        assert!(serde_json::from_str::<Shard>(r#"{"number":2,"of":8}"#).is_ok());
        for wrong in [r#"{"number":0,"of":8}"#, r#"{"number":1,"of":0}"#, r#"{"number":1,"of":4000000000}"#] {
            assert!(serde_json::from_str::<Shard>(wrong).is_err(), "{wrong}");
        }
    }
}
