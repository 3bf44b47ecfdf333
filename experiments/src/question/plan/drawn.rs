//! Profiles that the host's may be, and which of their values tell designs apart.

use espsim_model::deciding::swings;
use espsim_model::profile::Profile;
use espsim_model::uncertainty::{draw, values};

use super::answer::{ranked, stacks};
use super::design::{Least, Plan};
use super::doubt::{Doubt, small};
use super::worth::{Value, Worth, worth};

/// What a value moves at least to be named, of one.
const LEAST: f64 = 0.005;

/// Profiles drawn from the ranges of one.
pub struct Drawn {
    /// The profiles.
    pub profiles: Vec<Profile>,
    /// Values that are not the same in all of them, by key.
    values: Vec<(String, Vec<f64>)>,
}

impl Drawn {
    /// So many of them; the same seed gives the same, for every design.
    pub fn new(profile: &Profile, n: u32, seed: u64) -> Self {
        let profiles = draw(profile, n, seed);
        let keys = profile.values();
        let all: Vec<Vec<Option<f64>>> = profiles.iter().map(|profile| values(profile, &keys)).collect();
        let column = |at: usize| all.iter().map(|row| row[at]).collect::<Option<Vec<f64>>>();
        let columns = keys.iter().enumerate().filter_map(|(at, key)| Some((key.clone(), column(at)?)));
        let varies = |(_, column): &(String, Vec<f64>)| column.windows(2).any(|pair| pair[0] != pair[1]);
        Drawn { values: columns.filter(varies).collect(), profiles }
    }

    /// What it would tell to know each value that designs of each stack depend on, the one that tells most first.
    pub fn worth(&self, profile: &Profile, plans: &[Plan]) -> Vec<(String, Vec<Worth>)> {
        let of = |stack: &str| (stack.to_owned(), self.of_stack(profile, &ranked(plans, stack)));
        stacks(plans).into_iter().map(of).collect()
    }

    fn of_stack(&self, profile: &Profile, ranked: &[(&Plan, &Least)]) -> Vec<Worth> {
        let all: Vec<&Doubt> = ranked.iter().filter_map(|(_, least)| least.doubt.as_ref()).collect();
        let [(_, least), ..] = ranked else { return Vec::new() };
        // Cores are what is counted: of one it is the same values that decide, and known far sooner.
        let mut one = small(&least.scenario);
        one.host.cores = 1;
        let values =
            swings(profile, &one).into_iter().filter(|(_, swing)| *swing >= LEAST).filter_map(|(key, swing)| {
                let (_, drawn) = self.values.iter().find(|(other, _)| *other == key)?;
                Some(Value { key, drawn: drawn.clone(), swing })
            });
        worth(&values.collect::<Vec<_>>(), &all)
    }
}
