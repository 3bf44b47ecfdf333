//! Every design at every packet size, rate and number of cores: by closed forms, and where they do not decide, simulated.

use espsim_model::carried::Load;
use espsim_model::layers::Origin;
use espsim_model::profile::Profile;
use espsim_model::record::{Metric, Record};
use espsim_model::traffic::Basis;
use espsim_model::units::Share;
use espsim_sweep::failure::Failure;
use espsim_sweep::file::replications::Replications;
use espsim_sweep::file::scenario_file::ScenarioFile;
use espsim_sweep::file::sweep::Sweep;
use espsim_sweep::file::value::Setting;
use espsim_sweep::points::doubt::{ClosedForm, Draws, Factors, UnderDraw};
use espsim_sweep::points::outcome::{Outcome, Run};
use espsim_sweep::points::{Point, points};
use rayon::prelude::*;
use toml::Value;

use super::args::CompareArgs;
use super::axes::{Axes, SATURATE, SET_BY_AXES};
use super::designs::{Design, by_stack};

/// Packets of one simulated point at most, and how well throughput is to be known: enough for a map, where neighbours bear
/// each other out.
const PACKETS: i64 = 50_000;
const HALF_WIDTH: &str = "1 %";

/// What a run that is none is said to have ended by.
pub const CLOSED_FORM: &str = "closed-form";

/// What was found out.
pub struct Grid {
    /// The scenario file with these axes as its sweep.
    pub file: ScenarioFile,
    /// The axes.
    pub axes: Axes,
    /// The designs.
    pub designs: Vec<Design>,
    /// By design, rate, packet and cores, the last fastest.
    pub entries: Vec<Entry>,
    /// The largest share of packets that a design may lose and still count as carrying the rate.
    pub loss: Share,
    /// How many draws there are.
    pub draws: usize,
}

/// A place of the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    /// Which rate.
    pub rate: usize,
    /// Which packet.
    pub packet: usize,
    /// Which number of cores.
    pub cores: usize,
}

/// What is known of a design at a place.
pub struct Entry {
    /// The point; its first coordinate is the rate.
    pub point: Point,
    /// What closed forms say.
    pub form: ClosedForm,
    /// The same under each draw, in units of it.
    pub drawn: Vec<UnderDraw>,
    /// What its simulation gave, where there was one.
    pub record: Option<Record>,
}

impl Entry {
    /// Goodput in Gb/s, and the half-width of its interval where it was simulated; `None` of a simulation without an estimate.
    pub fn goodput(&self) -> Option<(f64, f64)> {
        match &self.record {
            None => Some((self.form.goodput_gbps, 0.0)),
            Some(record) => record.rate(Basis::Goodput).map(|rate| (rate.gbps, rate.half_width_gbps.unwrap_or(0.0))),
        }
    }

    /// Cores' worth of time spent.
    pub fn busy(&self) -> Option<f64> {
        self.record.as_ref().map_or_else(|| self.form.busy_cores(), |record| record.busy_cores)
    }

    /// Core cycles for each packet.
    pub fn cycles(&self) -> Option<f64> {
        self.record.as_ref().map_or_else(|| Some(self.form.cycles()?.0), Record::cycles)
    }

    /// Whether it carries an offered load.
    pub fn carries(&self, loss: Share) -> bool {
        let by_form = || self.form.room() >= 1.0 - loss.fraction();
        let by_record = |record: &Record| Load::of(record).is_some_and(|load| load.is_carried(loss));
        self.form.offered.is_some() && self.record.as_ref().map_or_else(by_form, by_record)
    }

    /// Whether it does under a draw. What a simulation has lost beyond closed forms needs more room than there is.
    pub fn carries_under(&self, draw: &UnderDraw, loss: Share) -> bool {
        let needed = if self.carries(loss) { 1.0 - loss.fraction() } else { self.form.room().max(1.0) * MORE };
        f64::from(draw.room) >= needed
    }

    /// The same as files have it.
    pub fn outcome(&self) -> Outcome {
        let run = self.record.clone().map_or_else(|| self.by_closed_form(), Run::from);
        Outcome { place: self.point.place.clone(), runs: vec![run], drawn: Vec::new() }
    }

    /// What closed forms say, in the place of a run.
    fn by_closed_form(&self) -> Run {
        let goodput =
            |name: &str, gbps: f64| Metric { basis: Some(Basis::Goodput), ..Metric::plain(name, gbps, "Gb/s") };
        let (goodput_gbps, cycles) = (self.form.goodput_gbps, self.form.cycles());
        let mut metrics = vec![
            goodput("throughput", goodput_gbps),
            Metric::plain("packet_rate", self.form.carried().as_pps(), "1/s"),
            goodput("bound", goodput_gbps),
        ];
        metrics.extend(cycles.map(|cycles| Metric::plain("cycles_per_packet", cycles.0, "cycles")));
        metrics.extend(self.form.busy_cores().map(|busy| Metric::plain("busy_cores", busy, "cores")));
        Run { stop: CLOSED_FORM.into(), bottleneck: self.form.tightest().0.name().into(), metrics, ..Run::default() }
    }
}

/// How much more room a design needs, of one, where its simulation lost packets though closed forms allow the load.
const MORE: f64 = 1.02;

impl Grid {
    /// Everything by closed forms, on all threads of the current pool.
    ///
    /// # Errors
    /// [`Failure`] at the key that is wrong.
    pub fn new(
        file: &ScenarioFile,
        designs: &[Design],
        args: &CompareArgs,
        profile: &Profile,
        draws: &Draws,
    ) -> Result<Self, Failure> {
        let axes = Axes::new(args)?;
        let mut all: Vec<Vec<Point>> = Vec::new();
        for rate in &axes.rates {
            all.push(points(&with_axes(file, &axes, rate, args), &args.base.settings, profile)?);
        }
        let per_design = axes.packets.len() * axes.cores.len();
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
        let factors = factors(&ordered, &axes, profile, draws);
        let factors = factors.ok_or_else(|| Failure::new("no closed form limits one of the designs"))?;
        let (packets, cores, per_rate) = (axes.packets.len(), axes.cores.len(), per_design * axes.rates.len());
        let entry = |(number, point): (usize, Point)| {
            let form = ClosedForm::of(&point.scenario, profile)?;
            let factors = &factors[number / per_rate * packets + number / cores % packets];
            let drawn = draws.under(factors, &point.scenario, profile, &form);
            Some(Entry { point, form, drawn, record: None })
        };
        let entries: Option<Vec<Entry>> = ordered.into_par_iter().enumerate().map(entry).collect();
        let mut file = with_axes(file, &axes, SATURATE, args);
        let rates = axes.rates.iter().map(|rate| Value::String(rate.clone())).collect();
        file.sweep = Sweep::of(std::iter::once(("traffic.rate", rates)).chain(axes.of_designs()));
        let entries = entries.ok_or_else(|| Failure::new("no closed form limits one of the designs"))?;
        Ok(Grid { file, axes, designs: designs.to_vec(), entries, loss: args.loss, draws: draws.len() })
    }

    /// The number of an entry.
    pub fn number(&self, design: usize, at: At) -> usize {
        let [rates, packets, cores] = [self.axes.rates.len(), self.axes.packets.len(), self.axes.cores.len()];
        ((design * rates + at.rate) * packets + at.packet) * cores + at.cores
    }

    /// A design at a place.
    pub fn entry(&self, design: usize, at: At) -> &Entry {
        &self.entries[self.number(design, at)]
    }

    /// Every place of a rate, the one with the smallest packets and the fewest cores first.
    pub fn places(&self, rate: usize) -> impl Iterator<Item = At> + use<> {
        let cores = self.axes.cores.len();
        (0..self.axes.packets.len()).flat_map(move |packet| (0..cores).map(move |cores| At { rate, packet, cores }))
    }

    /// The place of the saturating rate in the middle of packets and cores; `None` where nothing saturates.
    pub fn middle(&self) -> Option<At> {
        let rate = self.axes.rates.iter().position(|rate| rate == SATURATE)?;
        Some(At { rate, packet: self.axes.packets.len() / 2, cores: self.axes.cores.len() / 2 })
    }

    /// Stacks in the order of designs, each with its designs.
    pub fn stacks(&self) -> Vec<(&'static str, Vec<usize>)> {
        let first = At { rate: 0, packet: 0, cores: 0 };
        by_stack((0..self.designs.len()).map(|design| self.entry(design, first).point.scenario.host.stack.name()))
    }
}

/// What closed forms say of each design with most cores, and under each draw: one for each packet.
fn factors(ordered: &[Point], axes: &Axes, profile: &Profile, draws: &Draws) -> Option<Vec<Factors>> {
    let (packets, cores) = (axes.packets.len(), axes.cores.len());
    let per_design = axes.rates.len() * packets * cores;
    let designs = ordered.len() / per_design;
    let places = (0..designs).flat_map(|design| (0..packets).map(move |packet| (design, packet)));
    let most_cores: Vec<&Point> =
        places.map(|(design, packet)| &ordered[design * per_design + packet * cores + cores - 1]).collect();
    most_cores.into_par_iter().map(|point| draws.factors(&point.scenario, profile)).collect()
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
    set("run.half_width", text(HALF_WIDTH));
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

/// The scenario of each design at one place, saturating: the middle of the axes.
///
/// # Errors
/// As [`Grid::new`].
pub fn at_middle(
    file: &ScenarioFile,
    args: &CompareArgs,
    settings: &[Setting],
    profile: &Profile,
) -> Result<Vec<Point>, Failure> {
    let axes = Axes::new(args)?;
    let middle = (axes.packets.len() / 2, axes.cores.len() / 2);
    at_place(file, args, settings, profile, middle)
}

/// The same at another packet size and number of cores.
///
/// # Errors
/// As [`Grid::new`].
fn at_place(
    file: &ScenarioFile,
    args: &CompareArgs,
    settings: &[Setting],
    profile: &Profile,
    (packet, cores): (usize, usize),
) -> Result<Vec<Point>, Failure> {
    let mut axes = Axes::new(args)?;
    axes.rates = vec![SATURATE.into()];
    axes.packets = vec![axes.packets[packet].clone()];
    axes.cores = vec![axes.cores[cores]];
    points(&with_axes(file, &axes, SATURATE, args), settings, profile)
}

/// How many places the axes have that are asked for.
///
/// # Errors
/// As [`Axes::new`].
pub fn places(args: &CompareArgs) -> Result<usize, Failure> {
    let axes = Axes::new(args)?;
    Ok(axes.rates.len() * axes.packets.len() * axes.cores.len())
}
