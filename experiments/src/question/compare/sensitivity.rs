//! Which parameter moves the answer most: each at both ends of its interval, all others as they are.

use espsim_model::profile::Profile;
use espsim_model::scenario::Scenario;
use espsim_model::stack::COSTS;
use espsim_model::traffic::Basis;
use espsim_model::uncertainty::{ASSUMED, ends, estimate, moved};
use espsim_model::units::Hertz;
use espsim_sweep::campaign::simulations::{Simulations, settled};
use espsim_sweep::campaign::threads::threads;
use espsim_sweep::failure::Failure;
use espsim_sweep::file::scenario_file::ScenarioFile;
use espsim_sweep::file::value::{Setting, shown};
use espsim_sweep::points::Point;
use espsim_sweep::points::outcome::seed;
use espsim_sweep::store::points_csv::format_number;
use rayon::prelude::*;
use toml::Value;

use super::grid::middle;
use crate::question::compare::args::CompareArgs;

/// Values that move the answer by this share or more decide it; so many are named.
const LEAST_SWING: f64 = 0.05;
const MOST_DECIDING: usize = 6;
/// The clock's key path.
const FREQUENCY: &str = "host.frequency";
/// Coefficients of a curve that count at any size.
const OF_A_CURVE: [&str; 2] = ["per_operation", "per_octet"];
/// Parameters of hardware; the others are the user's choice.
const HARDWARE: [&str; 2] = ["nic.", "accelerator."];

/// The answer and what moves it.
pub struct Sensitivity {
    /// Names of the two best designs at the middle of the grid: the one that leads and the next.
    pub pair: (String, String),
    /// Where that is.
    pub at: String,
    /// Goodput of the first over that of the second.
    pub ratio: f64,
    /// Parameters, the one that moves most first.
    pub bars: Vec<Bar>,
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
    /// Whether the ends are an assumption and not an interval of the profile.
    pub assumed: bool,
}

impl Bar {
    /// How far apart the answers lie.
    pub fn swing(&self) -> f64 {
        (self.ratio_high - self.ratio_low).abs()
    }
}

/// One parameter at one end.
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

/// Moves every parameter of profile and hardware.
///
/// # Errors
/// [`Failure`] for a scenario that cannot be.
pub fn sensitivity(
    file: &ScenarioFile,
    args: &CompareArgs,
    profile: &Profile,
    simulations: &Simulations<'_>,
) -> Result<Sensitivity, Failure> {
    let designs = middle(file, args, &args.base.settings, profile)?;
    let base_seed = seed(args.base.seed.unwrap_or(file.seed), 0);
    let pool = threads(args.work.jobs)?;
    let goodput = |scenario: &Scenario, profile: &Profile| -> Result<f64, Failure> {
        let record = settled(simulations.record(scenario, profile, base_seed))?.ok();
        Ok(record.and_then(|record| record.rate(Basis::Goodput)).map_or(f64::NAN, |rate| rate.gbps))
    };
    let values: Result<Vec<f64>, Failure> =
        pool.install(|| designs.par_iter().map(|point| goodput(&point.scenario, profile)).collect());
    let values = values?;
    let mut order: Vec<usize> = (0..designs.len()).collect();
    // A design without an estimate leads no other.
    order.retain(|&design| values[design].is_finite());
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    let [Some(&first), Some(&second)] = [order.first(), order.get(1)] else {
        return Err(Failure::new(match designs.len() {
            0 | 1 => "a comparison needs at least two designs: [[series]] twice or more",
            _ => "fewer than two designs have an estimate in the middle of the grid: raise run.max_time",
        }));
    };
    let changes: Vec<Change> = of_profile(profile, &designs[first].scenario)
        .into_iter()
        .chain(of_hardware(&designs[first], &designs[second]))
        .collect();
    let ratio = |point: &Where| -> Result<f64, Failure> {
        match point {
            Where::Profile(profile) => {
                Ok(goodput(&designs[first].scenario, profile)? / goodput(&designs[second].scenario, profile)?)
            }
            Where::Setting(setting) => {
                let settings: Vec<Setting> = args.base.settings.iter().cloned().chain([setting.clone()]).collect();
                // What hardware cannot be, such as a size that is no power of two, is left out.
                match middle(file, args, &settings, profile) {
                    Ok(points) => {
                        Ok(goodput(&points[first].scenario, profile)? / goodput(&points[second].scenario, profile)?)
                    }
                    Err(_) => Ok(f64::NAN),
                }
            }
        }
    };
    let under = simulations.begin(changes.len(), "parameters");
    let bars: Result<Vec<Bar>, Failure> = pool.install(|| {
        let moved = changes.par_iter().with_max_len(1).map(|change| {
            let [low, high] = &change.ends;
            let done = Bar {
                key: change.key.clone(),
                low: low.0.clone(),
                high: high.0.clone(),
                ratio_low: ratio(&low.1)?,
                ratio_high: ratio(&high.1)?,
                assumed: change.assumed,
            };
            under.step();
            Ok(done)
        });
        moved.collect()
    });
    let mut bars = bars?;
    bars.retain(|bar| bar.swing().is_finite());
    bars.sort_by(|a, b| b.swing().total_cmp(&a.swing()).then_with(|| a.key.cmp(&b.key)));
    let name = |i: usize| designs[i].place.series.clone();
    Ok(Sensitivity {
        pair: (name(first), name(second)),
        at: place(&designs[first]),
        ratio: values[first] / values[second],
        bars,
    })
}

/// Packet and cores of a point of the grid.
fn place(point: &Point) -> String {
    let cores = point.scenario.host.cores;
    format!("{} packets, {cores} core{}", shown(&point.place.coordinates[0]), if cores == 1 { "" } else { "s" })
}

fn of_profile(profile: &Profile, scenario: &Scenario) -> Vec<Change> {
    // Of the stack in use: others' costs change nothing.
    let stack = scenario.host.stack;
    let costs = COSTS.iter().filter(|cost| cost.stacks.contains(&stack)).map(|cost| cost.key(stack));
    // Of the cipher in use, what counts at any size.
    let way = scenario.traffic[0].direction;
    let cipher = scenario.software_cost(profile, way).filter(|cost| profile.aead.contains(cost));
    let curve = cipher.into_iter().flat_map(|cost| OF_A_CURVE.map(|name| format!("{}.{name}", cost.key())));
    let keys = costs.chain(["memory.copy", "memory.checksum"].map(str::to_owned)).chain(curve);
    let change = |key: String| {
        let (values, assumed) = ends(&estimate(profile, &key)?);
        let end = |value: f64| {
            let shown = if key == FREQUENCY { Hertz::new(value as u64).to_string() } else { format_number(value) };
            Some((shown, Where::Profile(Box::new(moved(profile, &key, value)?))))
        };
        let [low, high] = values.map(end);
        Some(Change { ends: [low?, high?], key, assumed })
    };
    keys.chain([FREQUENCY.to_owned()]).filter_map(change).collect()
}

fn of_hardware(first: &Point, second: &Point) -> Vec<Change> {
    let keys = first.values.iter().filter(|(key, _)| HARDWARE.iter().any(|part| key.starts_with(part)));
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
