//! The files of a comparison.

use espsim_model::logca::LogCa;
use espsim_sweep::failure::Failure;
use espsim_sweep::file::profile::ProfileChoice;
use espsim_sweep::file::value::{Setting, shown};
use espsim_sweep::points::outcome::Outcome;
use espsim_sweep::store::folder::Files;
use espsim_sweep::store::manifest::{Captioned, Manifest, ResultKind};
use espsim_sweep::store::manifest_of::Known;
use espsim_sweep::store::names::{MANIFEST, TABLE, slug};
use espsim_sweep::store::points_csv::{csv_of, four_digits, points_csv};
use serde_json::{Value, json};

use super::breakeven::BreakEven;
use super::cell::Cell;
use super::decide::{Off, off};
use super::designs::Absent;
use super::figures;
use super::grid::{Entry, Grid};
use super::sensitivity::{Bar, Sensitivity};
use super::tables::{self, BREAK_EVENS, break_even_rows, heading};
use super::words::answer;

/// The figure of what moves the answer.
const TORNADO: &str = "sensitivity.svg";
/// Where one design passes the other.
const BREAK_EVEN: &str = "breakeven.csv";
/// What moves the answer.
const SENSITIVITY: &str = "sensitivity.csv";
/// What was left out.
const ABSENT: &str = "absent.csv";

/// How a design is named that leads where none carries the load.
const CARRIES_MOST: &str = "carries most";

/// What is written of a comparison.
pub(super) struct Output<'a> {
    /// What was found out.
    pub grid: &'a Grid,
    /// Designs that are not to be had, and why.
    pub absent: &'a [Absent],
    /// Where one design passes the other.
    pub break_evens: Vec<BreakEven>,
    /// The closed form, where an accelerator is compared.
    pub logca: Option<LogCa>,
    /// What moves the answer.
    pub sensitivities: Vec<Sensitivity>,
    /// What was set over the scenario file.
    pub settings: &'a [Setting],
    /// The host.
    pub profile: &'a ProfileChoice,
    /// Base of all seeds.
    pub seed: u64,
}

impl Output<'_> {
    /// Maps as tables, break-evens, and the answer, for people.
    pub fn text(&self) -> String {
        format!(
            "{}{}{}{}\n{}\n",
            tables::maps(self.grid),
            tables::not_to_be_had(self.absent),
            tables::break_evens(self.grid, &self.break_evens),
            self.basis(),
            self.answer()
        )
    }

    fn answer(&self) -> String {
        answer(self.grid, &self.break_evens, &self.sensitivities, self.absent)
    }

    /// How much was simulated, and how far closed forms are off there.
    fn basis(&self) -> String {
        match off(self.grid) {
            None => format!("{} points by closed forms", self.grid.entries.len()),
            Some(Off { simulated, of, median, most }) => format!(
                "{simulated} of {of} points simulated, the others by closed forms, which are off from simulated goodput by \
                 {:.1} %\nin the median, {:.1} % at the most",
                median * 100.0,
                most * 100.0
            ),
        }
    }

    /// In a word what was made.
    pub fn what(&self) -> String {
        let simulated = self.grid.entries.iter().filter(|entry| entry.record.is_some()).count();
        format!("{} points, {simulated} of them simulated,", self.grid.entries.len())
    }

    /// Values of the profile that decide, of all pairs.
    pub fn deciding(&self) -> Vec<String> {
        let mut keys: Vec<String> = Vec::new();
        for key in self.sensitivities.iter().flat_map(|s| s.deciding(&self.profile.profile)) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }

    /// Names among designs of one stack.
    fn labels(&self, designs: &[usize]) -> String {
        designs.iter().map(|&i| self.grid.designs[i].label.as_str()).collect::<Vec<_>>().join(" = ")
    }

    /// Every file with its content.
    ///
    /// # Errors
    /// [`Failure`] if one cannot be made.
    pub fn files(&self, command: &[String], time: &str) -> Result<Files, Failure> {
        let grid = self.grid;
        let outcomes: Vec<Outcome> = grid.entries.iter().map(Entry::outcome).collect();
        let mut files: Files = vec![
            (TABLE.to_owned(), self.winners_csv()?),
            (BREAK_EVEN.to_owned(), {
                csv_of(&BREAK_EVENS.map(str::to_owned), &break_even_rows(grid, &self.break_evens))?
            }),
            (SENSITIVITY.to_owned(), self.sensitivity_csv()?),
            ("points.csv".to_owned(), points_csv(&grid.file, &outcomes)?),
            ("profile.toml".to_owned(), self.profile.text.clone().into_bytes()),
        ];
        let mut tables = vec![
            Captioned::new(TABLE, "Which design does best where"),
            Captioned::new(BREAK_EVEN, "Where one design passes the other"),
            Captioned::new(SENSITIVITY, "What moves the answer"),
        ];
        if !self.absent.is_empty() {
            let rows: Vec<Vec<String>> =
                self.absent.iter().map(|absent| vec![absent.design.clone(), absent.why.clone()]).collect();
            files.push((ABSENT.to_owned(), csv_of(&["design", "not to be had"].map(str::to_owned), &rows)?));
            tables.push(Captioned::new(ABSENT, "Designs that are not to be had"));
        }
        let figures = self.figures(&mut files)?;
        let known = Known {
            kind: ResultKind::Compare,
            file: &grid.file,
            settings: self.settings,
            profile: self.profile,
            seed: self.seed,
            points: grid.entries.iter().map(|entry| &entry.point).collect(),
            outcomes: &outcomes,
        };
        let manifest = Manifest {
            title: Some(grid.file.title.clone()),
            question: Some(grid.file.question.clone()),
            answer: Some(self.answer()),
            deciding: self.deciding(),
            drawn: grid.draws as u32,
            figures,
            tables,
            more: [("logca", self.logca()), ("closed_forms", self.closed_forms())]
                .map(|(key, value)| (key.to_owned(), value))
                .into_iter()
                .collect(),
            ..known.manifest(command, time)
        }
        .naming(&files);
        files.push((MANIFEST.to_owned(), manifest.to_json()?.into_bytes()));
        Ok(files)
    }

    fn figures(&self, files: &mut Files) -> Result<Vec<Captioned>, Failure> {
        let (grid, footnote) = (self.grid, self.profile.footnote(self.seed));
        let mut figures = Vec::new();
        for rate in 0..grid.axes.rates.len() {
            let name = format!("winners-{}.svg", slug(&grid.axes.rates[rate]));
            figures.push(Captioned::new(&name, &heading(grid, rate)));
            files.push((name, figures::map(grid, rate, &footnote).into_bytes()));
        }
        for (i, s) in self.sensitivities.iter().enumerate() {
            let name = if i == 0 { TORNADO.to_owned() } else { TORNADO.replace(".svg", &format!("-{}.svg", i + 1)) };
            let [first, second] = [s.pair.0, s.pair.1].map(|design| &grid.designs[design].name);
            figures.push(Captioned::new(&name, &format!("What moves {first} over {second} most")));
            files.push((name, figures::tornado(grid, s, &footnote).into_bytes()));
        }
        Ok(figures)
    }

    fn logca(&self) -> Value {
        json!(self.logca.map(|logca| json!({
            "computation_cycles_per_byte": logca.computation.0,
            "fixed_cycles": logca.fixed.0,
            "overhead_cycles": logca.overhead.0,
            "latency_us": logca.latency.as_ns() * 1e-3,
            "acceleration": logca.acceleration,
            "break_even_cycles_octets": logca.break_even_cycles(),
            "break_even_time_octets": logca.break_even_time(),
        })))
    }

    fn closed_forms(&self) -> Value {
        json!(off(self.grid).map(|off| json!({
            "points_simulated": off.simulated,
            "points": off.of,
            "goodput_off_median": off.median,
            "goodput_off_most": off.most,
        })))
    }

    fn winners_csv(&self) -> Result<Vec<u8>, Failure> {
        let axes = &self.grid.axes;
        let header = [
            "stack",
            "rate",
            "packet",
            "cores",
            "best",
            CARRIES_MOST,
            "by",
            "value",
            "carried",
            "next",
            "next value",
            "margin",
            "wins in draws",
            "carried in draws",
            "basis",
        ];
        let mut rows = Vec::new();
        for (stack, designs) in self.grid.stacks() {
            for rate in 0..axes.rates.len() {
                for at in self.grid.places(rate) {
                    let place = [stack.to_owned(), axes.rates[rate].clone(), shown(&axes.packets[at.packet])];
                    let cores = axes.cores[at.cores].to_string();
                    let cell = self.cell(&self.grid.cell(&designs, at));
                    rows.push(place.into_iter().chain([cores]).chain(cell).collect());
                }
            }
        }
        csv_of(&header.map(str::to_owned), &rows)
    }

    fn cell(&self, cell: &Cell) -> Vec<String> {
        let number = |value: Option<f64>| value.map_or_else(String::new, four_digits);
        let (best, most) = match cell.carried {
            true => (self.labels(&cell.best), String::new()),
            false => (String::new(), self.labels(&cell.best)),
        };
        let carried = |value: Option<f64>| value.filter(|_| cell.carried);
        vec![
            best,
            most,
            cell.measure.name().to_owned(),
            number(cell.value),
            cell.carried.to_string(),
            cell.next.filter(|_| cell.carried).map_or_else(String::new, |next| self.labels(&[next])),
            number(carried(cell.next_value)),
            number(carried(cell.margin())),
            number(cell.wins),
            number(cell.carried_in_draws),
            if cell.is_simulated { "simulated" } else { "closed-form" }.to_owned(),
        ]
    }

    fn sensitivity_csv(&self) -> Result<Vec<u8>, Failure> {
        let header =
            ["first", "second", "at", "parameter", "low", "high", "ratio at low", "ratio at high", "swing", "ends"];
        let mut rows: Vec<Vec<String>> = Vec::new();
        for s in &self.sensitivities {
            let [first, second] = [s.pair.0, s.pair.1].map(|design| self.grid.designs[design].name.clone());
            let row = |bar: &Bar| {
                let ends = if bar.assumed { "assumed: 20 % either way" } else { "range of the profile" };
                vec![
                    first.clone(),
                    second.clone(),
                    s.place.clone(),
                    bar.key.clone(),
                    bar.low.clone(),
                    bar.high.clone(),
                    four_digits(bar.ratio_low),
                    four_digits(bar.ratio_high),
                    four_digits(bar.swing()),
                    ends.to_owned(),
                ]
            };
            rows.extend(s.bars.iter().map(row));
        }
        csv_of(&header.map(str::to_owned), &rows)
    }
}
