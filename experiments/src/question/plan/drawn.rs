//! Profiles that the host's may be, and which of their values tell designs apart.

use espsim_model::deciding::swings;
use espsim_model::profile::Profile;
use espsim_model::scenario::Scenario;
use espsim_model::uncertainty::{device_values, draws, values};
use espsim_sweep::points::doubt::Drawing;

use super::design::{Least, Plan, ranked, stacks};
use super::doubt::{Doubt, small};
use super::worth::{Value, Worth, worth};

/// What a value moves at least to be named, of one.
const LEAST: f64 = 0.005;

/// Machines drawn from the ranges of their values.
pub struct Drawn {
    /// The draws, the same for every design.
    pub hosts: Vec<Drawing>,
    /// Values of the profile that are not the same in all of them, by key.
    values: Vec<(String, Vec<f64>)>,
}

impl Drawn {
    /// So many of them; the same seed gives the same, for every design.
    pub fn new(profile: &Profile, n: u32, seed: u64) -> Self {
        let hosts: Vec<Drawing> = draws(n, seed).map(|draw| Drawing::of(draw, profile)).collect();
        let keys = profile.values();
        let all: Vec<Vec<Option<f64>>> = hosts.iter().map(|host| values(&host.host, &keys)).collect();
        Drawn { values: varying(&keys, &all), hosts }
    }

    /// Numbers of a scenario's devices that are not the same in all draws, by key.
    fn of_devices(&self, scenario: &Scenario) -> Vec<(String, Vec<f64>)> {
        let keys: Vec<String> = scenario.doubts.keys().cloned().collect();
        let of = |host: &Drawing| device_values(&host.draw.scenario(scenario), &keys);
        varying(&keys, &self.hosts.iter().map(of).collect::<Vec<_>>())
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
        let devices = self.of_devices(&one);
        let values =
            swings(profile, &one).into_iter().filter(|(_, swing)| *swing >= LEAST).filter_map(|(key, swing)| {
                let (_, drawn) = self.values.iter().chain(&devices).find(|(other, _)| *other == key)?;
                Some(Value { key, drawn: drawn.clone(), swing })
            });
        worth(&values.collect::<Vec<_>>(), &all)
    }
}

/// Values by key, a row for each draw, as columns of those that vary.
fn varying(keys: &[String], rows: &[Vec<Option<f64>>]) -> Vec<(String, Vec<f64>)> {
    let column = |at: usize| rows.iter().map(|row| row[at]).collect::<Option<Vec<f64>>>();
    let columns = keys.iter().enumerate().filter_map(|(at, key)| Some((key.clone(), column(at)?)));
    columns.filter(|(_, column)| column.windows(2).any(|pair| pair[0] != pair[1])).collect()
}
