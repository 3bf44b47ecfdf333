//! Which parameter moves the ratio of two designs most: each at both ends of its range, all others as they are. How the ratio
//! moves, closed forms say; what it is, simulation.

use espsim_model::deciding::swings;
use espsim_model::profile::Profile;
use espsim_model::scenario::Scenario;
use espsim_model::uncertainty::{ASSUMED, ends, estimate, moved};
use espsim_model::units::Hertz;
use espsim_sweep::failure::Failure;
use espsim_sweep::file::scenario_file::ScenarioFile;
use espsim_sweep::file::value::{Setting, shown};
use espsim_sweep::points::Point;
use espsim_sweep::points::doubt::ClosedForm;
use espsim_sweep::store::points_csv::format_number;
use rayon::prelude::*;
use toml::Value;

use super::args::CompareArgs;
use super::cell::EQUAL;
use super::designs::pairs;
use super::grid::{At, Grid, at_place};

/// Values that move the answer by this share or more decide it; so many are named.
const LEAST_SWING: f64 = 0.05;
const MOST_DECIDING: usize = 6;
/// Swings below this share of the ratio are rounding: the parameter is of neither design.
const NO_SWING: f64 = 1e-6;
/// The clock's key path.
const FREQUENCY: &str = "host.frequency";
/// Parameters of hardware; the others are the user's choice.
const HARDWARE: [&str; 2] = ["nic.", "accelerator."];
/// Of hardware, what is no estimate but known or chosen: these are not moved.
const KNOWN: [&str; 8] = ["count", "ports", "generation", "lanes", "line_rate", "queues", "max_payload", "standby"];

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
    Setting(Setting),
}

/// What is asked for.
pub struct Question<'a> {
    /// The file.
    pub file: &'a ScenarioFile,
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
                Where::Setting(setting) => self.set(pair, at, setting),
            };
            match both {
                [Some(a), Some(b)] => ratio * (a.goodput_gbps / b.goodput_gbps) / by_form,
                // What hardware cannot be, such as a size that is no power of two, is left out.
                _ => f64::NAN,
            }
        };
        let changes = of_profile(self.profile, [&first.point.scenario, &second.point.scenario]);
        let changes: Vec<Change> = changes.into_iter().chain(of_hardware(&first.point, &second.point)).collect();
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

    /// Closed forms of both where a parameter of hardware is set.
    fn set(&self, pair: (usize, usize), at: At, setting: &Setting) -> [Option<ClosedForm>; 2] {
        let settings: Vec<Setting> = self.args.base.settings.iter().cloned().chain([setting.clone()]).collect();
        let place = (at.packet, at.cores);
        let Ok(points) = at_place(self.file, self.args, &settings, self.profile, place) else { return [None, None] };
        [pair.0, pair.1].map(|design| ClosedForm::of(&points[design].scenario, self.profile))
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

fn of_hardware(first: &Point, second: &Point) -> Vec<Change> {
    let is_known = |key: &str| KNOWN.contains(&key.rsplit('.').next().unwrap_or(key));
    let is_hardware = |key: &str| HARDWARE.iter().any(|part| key.starts_with(part));
    let keys = first.values.iter().filter(|(key, _)| is_hardware(key) && !is_known(key));
    keys.filter(|(key, entry)| second.values.get(*key).is_some_and(|other| other.0 == entry.0))
        .filter_map(|(key, (value, _))| {
            let end = |factor: f64| {
                let value = scaled(value, factor)?;
                let setting = Setting { key: key.clone(), value: value.clone() };
                Some((shown(&value), Where::Setting(setting)))
            };
            Some(Change { key: key.clone(), ends: [end(1.0 - ASSUMED)?, end(1.0 + ASSUMED)?], assumed: true })
        })
        .collect()
}
/// A value times a factor: a whole number by at least one, a quantity with its unit; `None` for what is no number.
fn scaled(value: &Value, factor: f64) -> Option<Value> {
    match value {
        Value::Integer(n) => {
            let step = ((*n as f64 * (factor - 1.0)).abs().round() as i64).max(1);
            Some(Value::Integer(if factor < 1.0 { (n - step).max(1) } else { n + step }))
        }
        Value::Float(n) => Some(Value::Float(n * factor)),
        Value::String(text) => {
            let unit = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
            let number: f64 = text[..unit].parse().ok()?;
            let unit = text[unit..].trim();
            // Octets are whole.
            let number = if unit == "B" { (number * factor).round() } else { number * factor };
            Some(Value::String(format!("{} {unit}", format_number(number))))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_scaled_in_their_units() {
        let text = |text: &str| Value::String(text.into());
        assert_eq!(scaled(&text("100 Gbps"), 1.2), Some(text("120 Gbps")));
        assert_eq!(scaled(&text("64 B"), 0.8), Some(text("51 B")));
        assert_eq!(scaled(&Value::Integer(3), 0.8), Some(Value::Integer(2)));
        assert_eq!(scaled(&Value::Integer(1), 0.8), Some(Value::Integer(1)));
        assert_eq!(scaled(&Value::Integer(96), 1.2), Some(Value::Integer(115)));
        assert_eq!(scaled(&text("gen3-x16"), 1.2), None);
        assert_eq!(scaled(&Value::Boolean(true), 1.2), None);
    }
}
