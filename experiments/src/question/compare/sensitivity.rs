//! Which parameter moves the ratio of two designs most: each at both ends of its range, all others as they are. How the ratio
//! moves, closed forms say; what it is, simulation.

use espsim_model::deciding::swings;
use espsim_model::profile::Profile;
use espsim_model::scenario::Scenario;
use espsim_model::uncertainty::{device_estimate, device_moved, ends, estimate, moved};
use espsim_model::units::Hertz;
use espsim_sweep::failure::Failure;
use espsim_sweep::file::value::shown;
use espsim_sweep::points::Point;
use espsim_sweep::points::doubt::ClosedForm;
use espsim_sweep::store::points_csv::format_number;
use rayon::prelude::*;

use super::args::CompareArgs;
use super::cell::EQUAL;
use super::designs::pairs;
use super::grid::{At, Grid};

/// Values that move the answer by this share or more decide it; so many are named.
const LEAST_SWING: f64 = 0.05;
const MOST_DECIDING: usize = 6;
/// Swings below this share of the ratio are rounding: the parameter is of neither design.
const NO_SWING: f64 = 1e-6;
/// The clock's key path.
const FREQUENCY: &str = "host.frequency";
/// Two designs and what moves their ratio.
pub struct Sensitivity {
    /// Their numbers: the one that leads and the other.
    pub pair: (usize, usize),
    /// Where that is, in words.
    pub place: String,
    /// Goodput of the first over that of the second.
    pub ratio: f64,
    /// Parameters that move it, the one that does most first.
    pub bars: Vec<Bar>,
    /// How many others were moved and change nothing.
    pub idle: usize,
}

impl Sensitivity {
    /// Values of the profile that move the answer by 5 % or more, at most six.
    pub fn deciding(&self, profile: &Profile) -> Vec<String> {
        let known = profile.values();
        let moves = |bar: &&Bar| bar.swing() >= LEAST_SWING * self.ratio && known.contains(&bar.key);
        self.bars.iter().filter(moves).take(MOST_DECIDING).map(|bar| bar.key.clone()).collect()
    }
}

/// A parameter's swing.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// Key path.
    pub key: String,
    /// Its low end, as text.
    pub low: String,
    /// Its high end, as text.
    pub high: String,
    /// The answer at the low end.
    pub ratio_low: f64,
    /// The answer at the high end.
    pub ratio_high: f64,
    /// Whether the ends are an assumption and not a range of the profile.
    pub assumed: bool,
}

impl Bar {
    /// How far apart the answers lie.
    pub fn swing(&self) -> f64 {
        (self.ratio_high - self.ratio_low).abs()
    }
}

/// One parameter at its ends.
struct Change {
    key: String,
    ends: [(String, Where); 2],
    assumed: bool,
}

/// Where a parameter stands.
enum Where {
    Profile(Box<Profile>),
    /// A number of a device, in its base unit.
    Device(String, f64),
}

/// What is asked for.
pub struct Question<'a> {
    /// The command line.
    pub args: &'a CompareArgs,
    /// The host.
    pub profile: &'a Profile,
    /// What was found out.
    pub grid: &'a Grid,
}

impl Question<'_> {
    /// Of the pair that is named, or of each stack the two best: what moves their ratio. On all threads of the current pool.
    ///
    /// # Errors
    /// [`Failure`] for designs that there are not, or that have no estimate.
    pub fn sensitivities(&self) -> Result<Vec<Sensitivity>, Failure> {
        // Without a saturating rate nothing is asked.
        let Some(middle) = self.grid.middle() else { return Ok(Vec::new()) };
        let stacks = self.grid.stacks();
        let Some(asked) = &self.args.pair else {
            return stacks
                .iter()
                .filter(|(_, designs)| designs.len() > 1)
                .map(|(_, all)| self.best(all, middle))
                .collect();
        };
        let pairs = pairs(asked, &self.grid.designs, &stacks)?;
        pairs.into_iter().map(|pair| self.of(pair, middle)).collect()
    }

    /// The two best of a stack in the middle of the grid; with fewer cores, if the two cannot be told apart there.
    fn best(&self, designs: &[usize], middle: At) -> Result<Sensitivity, Failure> {
        let ranked = |at: At| {
            let goodput = |&design: &usize| Some((self.grid.entry(design, at).goodput()?.0, design));
            let mut ranked: Vec<(f64, usize)> = designs.iter().filter_map(goodput).collect();
            ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
            ranked
        };
        let differ = |at: &At| matches!(ranked(*at)[..], [a, b, ..] if a.0 - b.0 > EQUAL * a.0);
        let fewer = (0..=middle.cores).rev().map(|cores| At { cores, ..middle });
        let at = fewer.into_iter().find(differ).unwrap_or(middle);
        match ranked(at)[..] {
            [(_, first), (_, second), ..] => self.of((first, second), at),
            _ => Err(Failure::new(
                "fewer than two designs have an estimate in the middle of the grid: raise run.max_time",
            )),
        }
    }

    /// Moves every parameter of profile and hardware.
    fn of(&self, pair: (usize, usize), at: At) -> Result<Sensitivity, Failure> {
        let [first, second] = [pair.0, pair.1].map(|design| self.grid.entry(design, at));
        let ratio = match (first.goodput(), second.goodput()) {
            (Some(a), Some(b)) => a.0 / b.0,
            _ => return Err(Failure::new("--pair: one of the two has no estimate in the middle of the grid")),
        };
        let by_form = first.form.goodput_gbps / second.form.goodput_gbps;
        let moved = |end: &Where| -> f64 {
            let both = match end {
                Where::Profile(profile) => [first, second].map(|entry| ClosedForm::of(&entry.point.scenario, profile)),
                Where::Device(key, value) => [first, second].map(|entry| {
                    // Where a design lacks the device it stays.
                    let scenario = &entry.point.scenario;
                    let moved = device_moved(scenario, key, *value);
                    ClosedForm::of(moved.as_ref().unwrap_or(scenario), self.profile)
                }),
            };
            match both {
                [Some(a), Some(b)] => ratio * (a.goodput_gbps / b.goodput_gbps) / by_form,
                // What hardware cannot be, such as a size that is no power of two, is left out.
                _ => f64::NAN,
            }
        };
        let changes = of_profile(self.profile, [&first.point.scenario, &second.point.scenario]);
        let changes: Vec<Change> =
            changes.into_iter().chain(of_devices([&first.point.scenario, &second.point.scenario])).collect();
        let bar = |change: &Change| {
            let [low, high] = &change.ends;
            Bar {
                key: change.key.clone(),
                low: low.0.clone(),
                high: high.0.clone(),
                ratio_low: moved(&low.1),
                ratio_high: moved(&high.1),
                assumed: change.assumed,
            }
        };
        let mut bars: Vec<Bar> = changes.par_iter().with_max_len(1).map(bar).collect();
        bars.retain(|bar| bar.swing().is_finite());
        let all = bars.len();
        bars.retain(|bar| bar.swing() > NO_SWING * ratio);
        bars.sort_by(|a, b| b.swing().total_cmp(&a.swing()).then_with(|| a.key.cmp(&b.key)));
        Ok(Sensitivity { pair, place: place(&first.point), ratio, idle: all - bars.len(), bars })
    }
}

/// Packet and cores of a point of the grid.
fn place(point: &Point) -> String {
    let cores = point.scenario.host.cores;
    format!("{} packets, {cores} core{}", shown(&point.place.coordinates[1]), if cores == 1 { "" } else { "s" })
}

/// Values of the profile that either scenario has to do with, each at both ends.
fn of_profile(profile: &Profile, scenarios: [&Scenario; 2]) -> Vec<Change> {
    let mut keys: Vec<String> = scenarios.iter().flat_map(|s| swings(profile, s)).map(|(key, _)| key).collect();
    keys.sort_unstable();
    keys.dedup();
    let change = |key: String| {
        let (values, assumed) = ends(&estimate(profile, &key)?);
        let end = |value: f64| {
            let shown = if key == FREQUENCY { Hertz::new(value as u64).to_string() } else { format_number(value) };
            Some((shown, Where::Profile(Box::new(moved(profile, &key, value)?))))
        };
        let [low, high] = values.map(end);
        Some(Change { ends: [low?, high?], key, assumed })
    };
    keys.into_iter().filter_map(change).collect()
}

/// Numbers of either design's devices that are not exact, each at both ends of its range.
fn of_devices(scenarios: [&Scenario; 2]) -> Vec<Change> {
    let mut keys: Vec<&String> = scenarios.iter().flat_map(|scenario| scenario.doubts.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let change = |key: &String| {
        let estimate = scenarios.iter().find_map(|scenario| device_estimate(scenario, key))?;
        let (values, assumed) = ends(&estimate);
        let end = |value: f64| (format!("{:.2} times", value / estimate.value), Where::Device(key.clone(), value));
        Some(Change { ends: values.map(end), key: key.clone(), assumed })
    };
    keys.into_iter().filter_map(change).collect()
}
