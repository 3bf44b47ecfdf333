//! The axes of a comparison: rates, packets and cores.

use espsim_model::units::BitRate;
use espsim_sweep::failure::Failure;
use espsim_sweep::file::value::{Setting, number};
use toml::Value;

use crate::question::compare::args::CompareArgs;

/// The rate that stands for as fast as the data path takes them.
pub const SATURATE: &str = "saturate";
/// The most places of a grid: more than a map shows.
const MOST_PLACES: usize = 10_000;
/// The axes of a comparison.
#[derive(Clone)]
pub struct Axes {
    /// Rates, as written; the first axis.
    pub rates: Vec<String>,
    /// Inner IP packets.
    pub packets: Vec<Value>,
    /// Cores.
    pub cores: Vec<u32>,
}

/// Keys that the axes set, and the options that do.
pub const SET_BY_AXES: [(&str, &str); 6] = [
    ("traffic.packet", "--packets"),
    ("traffic.mix", "--packets"),
    ("traffic.rate", "--rates"),
    ("traffic.arrival", "--rates"),
    ("host.cores", "--cores"),
    ("traffic.rate_basis", "--rate-basis"),
];

impl Axes {
    /// The axes that are asked for, each in ascending order, no value twice.
    ///
    /// # Errors
    /// [`Failure`] for a rate that is none, and for `--set` of what is an axis.
    pub fn new(args: &CompareArgs) -> Result<Self, Failure> {
        if !(0.0..=0.5).contains(&args.loss.fraction()) {
            return Err(Failure::new(format!("--loss is {}: 0 % to 50 %", args.loss)));
        }
        for Setting { key, .. } in &args.base.settings {
            if let Some((_, option)) = SET_BY_AXES.iter().find(|(axis, _)| key == axis) {
                let help = format!("give {option}, one value or several");
                return Err(
                    Failure::new(format!("--set {key}: this is an axis of the comparison")).with_help(Some(help))
                );
            }
        }
        let (mut packets, mut cores, mut rates) = (args.packets.clone(), args.cores.clone(), Vec::new());
        for rate in &args.rates {
            let parsed = match rate.as_str() {
                // First, as it offers most.
                SATURATE => None,
                other => Some(other.parse::<BitRate>().map_err(|error| {
                    Failure::new(format!("--rates: {error}")).with_help(Some(format!("or `{SATURATE}`")))
                })?),
            };
            rates.push((parsed, rate.clone()));
        }
        packets.sort_unstable();
        packets.dedup();
        cores.sort_unstable();
        cores.dedup();
        rates.sort_by_key(|(rate, _)| *rate);
        rates.dedup_by_key(|(rate, _)| *rate);
        let places = rates.len() * packets.len() * cores.len();
        if places > MOST_PLACES {
            let message = format!("{places} combinations of --rates, --packets and --cores: at most {MOST_PLACES}");
            return Err(Failure::new(message));
        }
        Ok(Axes {
            rates: rates.into_iter().map(|(_, rate)| rate).collect(),
            packets: packets.iter().map(|size| Value::String(size.to_string())).collect(),
            cores,
        })
    }

    /// The axes of a design at one rate, as those of a sweep.
    pub fn of_designs(&self) -> [(&'static str, Vec<Value>); 2] {
        let cores = self.cores.iter().map(|&n| Value::Integer(n.into())).collect();
        [("traffic.packet", self.packets.clone()), ("host.cores", cores)]
    }

    /// Packet sizes in octets.
    pub fn octets(&self) -> Vec<f64> {
        self.packets.iter().filter_map(number).collect()
    }
}
