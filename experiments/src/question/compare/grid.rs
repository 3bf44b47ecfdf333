//! Every design at every packet size, rate and number of cores, and which does best where.

use espsim_model::carried::Load;
use espsim_model::layers::Origin;
use espsim_model::profile::Profile;
use espsim_model::record::{Rate, Record};
use espsim_model::traffic::Basis;
use espsim_model::units::{BitRate, Share};
use espsim_sweep::campaign::simulations::{NoRecord, Simulations};
use espsim_sweep::campaign::threads::threads;
use espsim_sweep::failure::Failure;
use espsim_sweep::file::replications::Replications;
use espsim_sweep::file::scenario_file::ScenarioFile;
use espsim_sweep::file::sweep::Sweep;
use espsim_sweep::file::value::{Setting, number};
use espsim_sweep::points::outcome::{Outcome, seed};
use espsim_sweep::points::{Point, points};
use rayon::prelude::*;
use toml::Value;

use crate::question::compare::args::CompareArgs;

/// The rate that stands for as fast as the data path takes them.
pub const SATURATE: &str = "saturate";
/// The most places of a grid, each simulated for every design: more than a map shows.
const MOST_PLACES: usize = 10_000;
/// Packets of one point at most: enough for a map, where neighbours bear each other out.
const PACKETS: i64 = 200_000;

/// The axes of a comparison.
pub struct Axes {
    /// Rates, as written; the first axis.
    pub rates: Vec<String>,
    /// Inner IP packets.
    pub packets: Vec<Value>,
    /// Cores.
    pub cores: Vec<u32>,
}

/// Keys that the axes set, and the options that do.
const SET_BY_AXES: [(&str, &str); 6] = [
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
    fn new(args: &CompareArgs) -> Result<Self, Failure> {
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
    fn of_designs(&self) -> [(&'static str, Vec<Value>); 2] {
        let cores = self.cores.iter().map(|&n| Value::Integer(n.into())).collect();
        [("traffic.packet", self.packets.clone()), ("host.cores", cores)]
    }

    /// Packet sizes in octets.
    pub fn octets(&self) -> Vec<f64> {
        self.packets.iter().filter_map(number).collect()
    }
}

/// What was simulated.
pub struct Grid {
    /// The scenario file with these axes as its sweep.
    pub file: ScenarioFile,
    /// The axes.
    pub axes: Axes,
    /// Names of the designs.
    pub designs: Vec<String>,
    /// By design, rate, packet and cores, the last fastest.
    pub simulated: Vec<Simulated>,
    /// The largest share of packets that a design may lose and still count as carrying the rate.
    pub loss: Share,
}

/// A point and what its simulation gave.
pub struct Simulated {
    /// The point; its first coordinate is the rate.
    pub point: Point,
    /// The record.
    pub record: Record,
}

impl Simulated {
    /// The same as files have it.
    pub fn outcome(&self) -> Outcome {
        Outcome { place: self.point.place.clone(), runs: vec![self.record.clone().into()], drawn: Vec::new() }
    }
}

/// One cell of the map.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Designs that do best, or where none carries the offered rate those that carry most of it: several where their
    /// intervals overlap, none where nothing could be estimated.
    pub leaders: Vec<usize>,
    /// Whether they carry the offered rate, and so win; always when saturating.
    pub carried: bool,
    /// What they were compared by.
    pub measure: Measure,
    /// The best value.
    pub value: Option<f64>,
}

/// What designs are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Goodput in Gb/s: more is better.
    Goodput,
    /// Cores' worth of time spent: less is better.
    BusyCores,
}

impl Measure {
    /// Name with unit.
    pub const fn name(self) -> &'static str {
        match self {
            Measure::Goodput => "goodput Gb/s",
            Measure::BusyCores => "busy cores",
        }
    }
}

/// Simulates the grid.
///
/// # Errors
/// [`Failure`] at the key that is wrong.
pub fn simulate_grid(
    file: &ScenarioFile,
    args: &CompareArgs,
    profile: &Profile,
    simulations: &Simulations<'_>,
) -> Result<Grid, Failure> {
    let axes = Axes::new(args)?;
    let mut all: Vec<Vec<Point>> = Vec::new();
    for rate in &axes.rates {
        let at_rate = points(&with_axes(file, &axes, rate, args), &args.base.settings, profile)?;
        all.push(at_rate);
    }
    let per_design = axes.packets.len() * axes.cores.len();
    let designs: Vec<String> = file.series.iter().map(|series| series.name.clone()).collect();
    // By design first, as a scenario file with the rate as an axis would have it.
    let mut ordered = Vec::new();
    for design in 0..designs.len() {
        for (rate, points) in axes.rates.iter().zip(&all) {
            for point in &points[design * per_design..(design + 1) * per_design] {
                let mut point = point.clone();
                point.place.coordinates.insert(0, Value::String(rate.clone()));
                ordered.push(point);
            }
        }
    }
    let seed = seed(args.base.seed.unwrap_or(file.seed), 0);
    let under = simulations.begin(ordered.len(), "points");
    let simulated: Result<Vec<Simulated>, Failure> = threads(args.work.jobs)?.install(|| {
        let run = |point: Point| {
            let record = simulations.record(&point.scenario, profile, seed).map_err(NoRecord::into_failure)?;
            under.step();
            Ok(Simulated { point, record })
        };
        ordered.into_par_iter().with_max_len(1).map(run).collect()
    });
    let mut file = with_axes(file, &axes, SATURATE, args);
    let rates = axes.rates.iter().map(|rate| Value::String(rate.clone())).collect();
    file.sweep = Sweep::of(std::iter::once(("traffic.rate", rates)).chain(axes.of_designs()));
    Ok(Grid { file, axes, designs, simulated: simulated?, loss: args.loss })
}

/// The file with the grid's axes in the place of its own sweep, at one rate.
fn with_axes(file: &ScenarioFile, axes: &Axes, rate: &str, args: &CompareArgs) -> ScenarioFile {
    let mut file = file.clone();
    file.plots.clear();
    file.replications = Replications::Fixed(1);
    let layers = std::iter::once(&mut file.base).chain(file.series.iter_mut().map(|series| &mut series.values));
    for layer in layers {
        layer.retain(|key, _| SET_BY_AXES.iter().all(|(axis, _)| key != axis));
    }
    let text = |text: &str| Value::String(text.to_owned());
    let mut set = |key: &str, value: Value| {
        file.base.insert(key.to_owned(), (value, Origin::Sweep));
    };
    set("run.max_packets", Value::Integer(PACKETS));
    set("traffic.rate_basis", text(&args.rate_basis));
    if rate == SATURATE {
        set("traffic.arrival", text(SATURATE));
    } else {
        set("traffic.arrival", text("poisson"));
        set("traffic.rate", text(rate));
    }
    file.sweep = Sweep::of(axes.of_designs());
    file
}

/// The scenario of each design at the middle of the grid, saturating.
///
/// # Errors
/// As [`simulate_grid`].
pub fn middle(
    file: &ScenarioFile,
    args: &CompareArgs,
    settings: &[Setting],
    profile: &Profile,
) -> Result<Vec<Point>, Failure> {
    let mut axes = Axes::new(args)?;
    axes.rates = vec![SATURATE.into()];
    axes.packets = vec![axes.packets[axes.packets.len() / 2].clone()];
    axes.cores = vec![axes.cores[axes.cores.len() / 2]];
    points(&with_axes(file, &axes, SATURATE, args), settings, profile)
}

impl Grid {
    /// A design at a place of the grid.
    pub fn at(&self, design: usize, rate: usize, packet: usize, cores: usize) -> &Simulated {
        let [rates, packets, all_cores] = [self.axes.rates.len(), self.axes.packets.len(), self.axes.cores.len()];
        &self.simulated[((design * rates + rate) * packets + packet) * all_cores + cores]
    }

    /// The record of a design at a place of the grid.
    pub fn record(&self, design: usize, rate: usize, packet: usize, cores: usize) -> &Record {
        &self.at(design, rate, packet, cores).record
    }

    /// The map's cell at a place.
    pub fn cell(&self, rate: usize, packet: usize, cores: usize) -> Cell {
        let records: Vec<&Record> =
            (0..self.designs.len()).map(|design| self.record(design, rate, packet, cores)).collect();
        let offered = self.at(0, rate, packet, cores).point.scenario.is_open();
        best(&records, offered, self.loss)
    }
}

/// Which records do best. Those without an estimate are not compared.
fn best(records: &[&Record], offered: bool, loss: Share) -> Cell {
    let goodputs: Vec<(usize, Rate)> =
        records.iter().enumerate().filter_map(|(i, record)| Some((i, record.rate(Basis::Goodput)?))).collect();
    let carries = |record: &Record| offered && Load::of(record).is_some_and(|load| load.is_carried(loss));
    // Utilisation law: what the rate is uncertain by, the time spent is too.
    let busy = |(i, rate): &(usize, Rate)| {
        let cores = records[*i].busy_cores?;
        Some((*i, -cores, cores * rate.half_width_gbps.unwrap_or(0.0) / rate.gbps.max(f64::MIN_POSITIVE)))
    };
    let carrying: Vec<(usize, f64, f64)> =
        goodputs.iter().filter(|(i, _)| carries(records[*i])).filter_map(busy).collect();
    let goodput = |(i, rate): &(usize, Rate)| (*i, rate.gbps, rate.half_width_gbps.unwrap_or(0.0));
    let (measure, values) = match carrying.is_empty() {
        true => (Measure::Goodput, goodputs.iter().map(goodput).collect()),
        false => (Measure::BusyCores, carrying),
    };
    let top = values.iter().copied().reduce(|best, value| if value.1 > best.1 { value } else { best });
    let is_tied = |(_, value, half_width): &&(usize, f64, f64)| {
        top.is_some_and(|(_, most, widest)| most - value <= widest + half_width)
    };
    Cell {
        leaders: values.iter().filter(is_tied).map(|(i, ..)| *i).collect(),
        carried: !offered || measure == Measure::BusyCores,
        measure,
        value: top.map(|(_, value, _)| value.abs()),
    }
}

#[cfg(test)]
mod tests {
    use espsim_model::bound::{Bound, Limit};
    use espsim_model::machine::Spread;
    use espsim_model::record::{Loss, Stop};
    use espsim_model::resource::Resource;
    use espsim_model::units::PacketRate;

    use super::*;

    /// A record of so many Gb/s of 10 that were offered.
    fn record(gbps: Option<f64>, busy: f64, loss: f64) -> Record {
        let rate = gbps.map(|gbps| Rate { basis: Basis::Goodput, gbps, half_width_gbps: Some(0.01) });
        let pps = PacketRate::from_pps(1.25e6);
        let offered = Limit { resource: Resource::OfferedLoad, rate: pps };
        Record {
            seed: 1,
            stop: Stop::Limit,
            packets: 1000,
            warm_up_packets: 0,
            batches: 20,
            rates: rate.into_iter().collect(),
            packets_per_s: gbps.map(|gbps| gbps * 1.25e5),
            latency: None,
            loss: Some(Loss { share: loss, half_width: None }),
            cycles_per_packet: Vec::new(),
            busy_cores: Some(busy),
            dpu_cycles_per_packet: Vec::new(),
            busy_dpu_cores: None,
            idle_cores: None,
            idle_cycles_per_s: None,
            pcie_bytes_per_payload_byte: None,
            pcie_crossings: None,
            utilisation: Vec::new(),
            bottleneck: None,
            next_bottleneck: None,
            classes: Vec::new(),
            spread: Spread::default(),
            bound: Bound { limits: vec![offered], offered: Some(pps), mean_goodput: 1000.0, delivered_gbps: 10.0 },
            events: 1,
        }
    }

    fn cell(records: &[Record]) -> Cell {
        best(&records.iter().collect::<Vec<_>>(), true, Share::from_fraction(0.001))
    }

    #[test]
    fn who_lets_packets_wait_does_not_win_by_being_idle() {
        // Nothing is lost, but the queue takes what is not carried.
        let waiting = record(Some(8.2), 1.0, 0.0);
        let found = cell(&[waiting.clone(), record(Some(10.0), 5.0, 0.0)]);
        assert_eq!((found.leaders, found.carried, found.value), (vec![1], true, Some(5.0)));
        let found = cell(&[waiting, record(Some(7.0), 5.0, 0.0)]);
        assert_eq!((found.leaders, found.carried, found.value), (vec![0], false, Some(8.2)));
        assert_eq!(found.measure, Measure::Goodput);
    }

    #[test]
    fn who_has_no_estimate_is_not_compared() {
        assert_eq!(cell(&[record(None, 0.0, 0.0), record(Some(10.0), 5.0, 0.0)]).leaders, [1]);
        let nobody = cell(&[record(None, 0.0, 0.0)]);
        assert_eq!((nobody.leaders, nobody.value), (Vec::new(), None));
    }
}
