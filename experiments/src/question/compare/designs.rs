//! The designs that are compared: the series of a file, in each stack that is asked for.

use std::path::Path;

use espsim_model::layers::Origin;
use espsim_model::stack::Stack;
use espsim_sweep::failure::Failure;
use espsim_sweep::file::scenario_file::{ScenarioFile, Series};
use espsim_sweep::points::{check_series, not_to_be_had};
use toml::Value;

use super::args::CompareArgs;

/// What is compared without a scenario file: the four placements on the default hardware.
const DEFAULT: &str = include_str!("default.toml");
/// The stacks that these are compared in.
const DEFAULT_STACKS: [&str; 2] = [Stack::Kernel.name(), Stack::Vector.name()];
/// The key that says which stack.
const STACK: &str = "host.stack";

/// A design, as its file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Design {
    /// Name of its series, unlike all others.
    pub name: String,
    /// Name among designs of its stack.
    pub label: String,
    /// A number for each label, the same in every stack.
    pub colour: usize,
}

/// A design that is not to be had, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absent {
    /// Its name.
    pub design: String,
    /// The reason.
    pub why: String,
}

/// What is compared.
pub struct Compared {
    /// The scenario file, with a series for each design.
    pub file: ScenarioFile,
    /// The designs, in the order of series.
    pub designs: Vec<Design>,
    /// Designs that are not to be had.
    pub absent: Vec<Absent>,
}

impl Compared {
    /// Reads the file that is asked for, or the default.
    ///
    /// # Errors
    /// [`Failure`] for a file that cannot be read, and at what is set though it makes a series.
    pub fn new(args: &CompareArgs, scenario: Option<&Path>) -> Result<Self, Failure> {
        let mut file = match scenario {
            Some(path) => ScenarioFile::read(path)?,
            None => ScenarioFile::parse(Path::new("compare.toml"), DEFAULT.to_owned())?,
        };
        let default = if scenario.is_none() { &DEFAULT_STACKS[..] } else { &[] };
        let stacks: Vec<&str> = match args.stack.is_empty() {
            true => default.to_vec(),
            false => args.stack.iter().map(String::as_str).collect(),
        };
        let labels: Vec<String> = file.series.iter().map(|series| series.name.clone()).collect();
        if !stacks.is_empty() {
            let of = |stack: &&str| file.series.iter().map(|series| in_stack(series, stack)).collect::<Vec<_>>();
            file.series = stacks.iter().flat_map(of).collect();
        }
        (0..file.series.len()).try_for_each(|series| check_series(&file, series, &args.base.settings))?;
        let mut designs: Vec<Design> = Vec::new();
        for (i, series) in file.series.iter().enumerate() {
            let colour = i % labels.len();
            designs.push(Design { name: series.name.clone(), label: labels[colour].clone(), colour });
        }
        let mut compared = Compared { file, designs, absent: Vec::new() };
        let why = (0..compared.designs.len()).map(|i| not_to_be_had(&compared.file, i, &args.base.settings));
        compared.leave_out(&why.collect::<Vec<_>>());
        Ok(compared)
    }

    /// Takes designs out for which there is a reason.
    fn leave_out(&mut self, why: &[Option<String>]) {
        for (design, why) in self.designs.iter().zip(why) {
            let absent = why.iter().map(|why| Absent { design: design.name.clone(), why: why.clone() });
            self.absent.extend(absent);
        }
        let mut kept = why.iter().map(Option::is_none);
        self.designs.retain(|_| kept.next().unwrap_or(true));
        let mut kept = why.iter().map(Option::is_none);
        self.file.series.retain(|_| kept.next().unwrap_or(true));
    }

    /// That there is something to compare.
    ///
    /// # Errors
    /// [`Failure`] that says what is missing.
    pub fn check(&self) -> Result<(), Failure> {
        match (self.designs.len(), self.absent.first()) {
            (0, Some(absent)) => Err(Failure::new(format!("no design is to be had: {}", absent.why))),
            (0 | 1, None) => {
                let message = "a comparison needs at least two designs: [[series]] twice or more";
                Err(self.file.failure("series", message))
            }
            _ => Ok(()),
        }
    }
}

/// Stacks in the order of designs, each with its designs, given the stack of each.
pub fn by_stack(stacks: impl Iterator<Item = &'static str>) -> Vec<(&'static str, Vec<usize>)> {
    let mut found: Vec<(&'static str, Vec<usize>)> = Vec::new();
    for (design, stack) in stacks.enumerate() {
        match found.iter_mut().find(|(known, _)| *known == stack) {
            Some((_, designs)) => designs.push(design),
            None => found.push((stack, vec![design])),
        }
    }
    found
}

/// Pairs of designs that a text names, whatever commas their names have: by full names, or of every stack by labels.
///
/// # Errors
/// [`Failure`] that lists the designs, for a text that names no two of them.
pub fn pairs(
    text: &str,
    designs: &[Design],
    stacks: &[(&'static str, Vec<usize>)],
) -> Result<Vec<(usize, usize)>, Failure> {
    let halves = text.match_indices(',').map(|(at, _)| (text[..at].trim(), text[at + 1..].trim()));
    let full = |name: &str| designs.iter().position(|design| design.name == name);
    let within = |all: &[usize], label: &str| all.iter().copied().find(|&design| designs[design].label == label);
    for (first, second) in halves.filter(|(first, second)| first != second) {
        if let (Some(a), Some(b)) = (full(first), full(second)) {
            return Ok(vec![(a, b)]);
        }
        let both = |(_, all): &(&str, Vec<usize>)| Some((within(all, first)?, within(all, second)?));
        let found: Vec<(usize, usize)> = stacks.iter().filter_map(both).collect();
        if !found.is_empty() {
            return Ok(found);
        }
    }
    let names: Vec<&str> = designs.iter().map(|design| design.name.as_str()).collect();
    let help = format!("two of {}, with a comma between them", names.join(" "));
    Err(Failure::new(format!("--pair {text}: not two of the designs")).with_help(Some(help)))
}

/// The same series in a stack, under a name that says so.
fn in_stack(series: &Series, stack: &str) -> Series {
    let mut values = series.values.clone();
    values.insert(STACK.to_owned(), (Value::String(stack.to_owned()), Origin::Sweep));
    Series { name: format!("{stack}/{}", series.name), values }
}
