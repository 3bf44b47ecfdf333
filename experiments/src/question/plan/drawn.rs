//! Profiles that the host's may be, and which of their values tell designs apart.

use espsim_model::bound::bound;
use espsim_model::machine::Machine;
use espsim_model::profile::Profile;
use espsim_model::scenario::Scenario;
use espsim_model::uncertainty::{draw, ends, estimate, moved, values};

use super::design::{Least, Plan};
use super::doubt::Doubt;
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

    /// What it would tell to know each value that designs of one stack depend on, the one with fewest cores first.
    pub fn worth(&self, profile: &Profile, ranked: &[(&Plan, &Least)]) -> Vec<Worth> {
        let all: Vec<&Doubt> = ranked.iter().filter_map(|(_, least)| least.doubt.as_ref()).collect();
        let matters = |(key, drawn): &(String, Vec<f64>)| {
            let swing = ranked.first().map_or(0.0, |(_, least)| swing(&least.scenario, profile, key));
            (swing >= LEAST).then(|| Value { key: key.clone(), drawn: drawn.clone(), swing })
        };
        worth(&self.values.iter().filter_map(matters).collect::<Vec<_>>(), &all)
    }
}

/// By how much a value moves what one core carries, from one end of its range to the other.
fn swing(scenario: &Scenario, profile: &Profile, key: &str) -> f64 {
    let mut one = scenario.clone();
    one.host.cores = 1;
    let rate = |profile: &Profile| {
        let tightest = bound(&Machine::build(&one, profile).ok()?).tightest()?;
        Some(tightest.rate.as_pps())
    };
    let at = |end: f64| rate(&moved(profile, key, end)?);
    let swing = || {
        let [low, high] = ends(&estimate(profile, key)?).0.map(at);
        Some((high? - low?).abs() / rate(profile)?)
    };
    swing().unwrap_or(0.0)
}
