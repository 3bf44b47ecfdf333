//! The files of a comparison.

use comfy_table::Table;
use espsim_model::logca::LogCa;
use espsim_report::plot::{HeatCell, HeatMap, Tornado, heat_map_svg, tornado_svg};
use espsim_report::text_table::table;
use espsim_sweep::failure::Failure;
use espsim_sweep::file::profile::ProfileChoice;
use espsim_sweep::file::value::{Setting, shown};
use espsim_sweep::points::outcome::Outcome;
use espsim_sweep::store::folder::Files;
use espsim_sweep::store::manifest::{Captioned, Manifest, ResultKind};
use espsim_sweep::store::manifest_of::Known;
use espsim_sweep::store::names::{MANIFEST, TABLE, slug};
use espsim_sweep::store::points_csv::{csv_of, four_digits, points_csv};
use serde_json::json;

use super::breakeven::{BreakEven, Crossing};
use super::grid::{Grid, Measure, SATURATE, Simulated};
use super::sensitivity::Sensitivity;
use super::words::{paragraph, with_unit};

/// The figure of what moves the answer.
const TORNADO: &str = "sensitivity.svg";
/// Parameters that are drawn; all are in the CSV.
const MOST_BARS: usize = 12;

/// How a design is named that leads where none carries the load.
const CARRIES_MOST: &str = "carries most";

/// Swings below this share of the answer are not drawn.
const LEAST_SWING: f64 = 1e-3;

/// What is written of a comparison.
pub(super) struct Output<'a> {
    /// What was simulated.
    pub grid: &'a Grid,
    /// Designs that are not to be had, and why.
    pub absent: &'a [(String, String)],
    /// Where one design passes the other.
    pub break_evens: Vec<BreakEven>,
    /// The closed form, where an accelerator is compared.
    pub logca: Option<LogCa>,
    /// What moves the answer.
    pub sensitivity: Sensitivity,
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
        let maps =
            (0..self.grid.axes.rates.len()).map(|rate| format!("{}\n{}\n\n", self.heading(rate), self.map_table(rate)));
        let (header, rows) = self.break_even_rows();
        let crossings: Vec<Vec<String>> = rows.into_iter().filter(|row| row[5] != "-").collect();
        let break_even = if crossings.is_empty() {
            String::new()
        } else {
            format!("Break-even\n{}\n\n", table(header, &[]).add_rows(crossings))
        };
        format!("{}{}{break_even}{}\n", maps.collect::<String>(), self.absent_table(), self.answer())
    }

    fn absent_table(&self) -> String {
        if self.absent.is_empty() {
            return String::new();
        }
        let rows = self.absent.iter().map(|(design, why)| vec![design.clone(), "-".into(), why.clone()]);
        format!("{}\n\n", table(["Not to be had", "", "Why"], &[]).add_rows(rows))
    }

    fn answer(&self) -> String {
        let mut answer = paragraph(self.grid, &self.break_evens, self.logca.as_ref(), &self.sensitivity);
        for (design, why) in self.absent {
            answer.push_str(&format!(" {design} is not to be had: {why}."));
        }
        answer
    }

    fn heading(&self, rate: usize) -> String {
        let name = &self.grid.axes.rates[rate];
        if name == SATURATE {
            "Saturating: most goodput (Gb/s)".into()
        } else {
            let basis = self.grid.at(0, rate, 0, 0).point.values.get("traffic.rate_basis");
            let basis = basis.map_or_else(String::new, |(basis, _)| shown(basis));
            format!("{} ({basis}) offered: fewest busy cores of those that carry it", with_unit(name))
        }
    }

    fn names(&self, winners: &[usize]) -> String {
        winners.iter().map(|&i| self.grid.designs[i].as_str()).collect::<Vec<_>>().join(" = ")
    }

    fn map_table(&self, rate: usize) -> Table {
        let axes = &self.grid.axes;
        let mut table = table(std::iter::once("Cores".to_owned()).chain(axes.packets.iter().map(shown)), &[]);
        for (n, cores) in axes.cores.iter().enumerate() {
            let cells = (0..axes.packets.len()).map(|packet| {
                let cell = self.grid.cell(rate, packet, n);
                let leaders = self.names(&cell.leaders);
                match cell.value {
                    Some(value) if cell.carried => format!("{leaders} {value:.1}"),
                    Some(value) => format!("none; {leaders} {CARRIES_MOST} {value:.1}"),
                    None => "-".into(),
                }
            });
            table.add_row(std::iter::once(cores.to_string()).chain(cells));
        }
        table
    }

    /// Every file with its content.
    ///
    /// # Errors
    /// [`Failure`] if one cannot be made.
    pub fn files(&self, command: &[String], time: &str) -> Result<Files, Failure> {
        let grid = self.grid;
        let footnote = self.profile.footnote(self.seed);
        let outcomes: Vec<Outcome> = grid.simulated.iter().map(Simulated::outcome).collect();
        let mut files: Files = vec![
            (TABLE.to_owned(), self.winners_csv()?),
            ("breakeven.csv".to_owned(), {
                let (header, rows) = self.break_even_rows();
                csv_of(&header, &rows)?
            }),
            ("sensitivity.csv".to_owned(), self.sensitivity_csv()?),
            ("points.csv".to_owned(), points_csv(&grid.file, &outcomes)?),
            ("profile.toml".to_owned(), self.profile.text.clone().into_bytes()),
        ];
        let mut figures = Vec::new();
        for rate in 0..grid.axes.rates.len() {
            let name = format!("winners-{}.svg", slug(&grid.axes.rates[rate]));
            figures.push(Captioned::new(&name, &self.heading(rate)));
            files.push((name, self.map_svg(rate, &footnote)?.into_bytes()));
        }
        figures.push(Captioned::new(TORNADO, "What moves the answer most"));
        files.push((TORNADO.to_owned(), self.tornado(&footnote)?.into_bytes()));
        let logca = json!(self.logca.map(|logca| json!({
            "computation_cycles_per_byte": logca.computation.0,
            "fixed_cycles": logca.fixed.0,
            "overhead_cycles": logca.overhead.0,
            "latency_us": logca.latency.as_ns() * 1e-3,
            "acceleration": logca.acceleration,
            "break_even_cycles_octets": logca.break_even_cycles(),
            "break_even_time_octets": logca.break_even_time(),
        })));
        let known = Known {
            kind: ResultKind::Compare,
            file: &grid.file,
            settings: self.settings,
            profile: self.profile,
            seed: self.seed,
            points: grid.simulated.iter().map(|simulated| &simulated.point).collect(),
            outcomes: &outcomes,
        };
        let manifest = Manifest {
            title: Some(grid.file.title.clone()),
            question: Some(grid.file.question.clone()),
            answer: Some(self.answer()),
            deciding: self.sensitivity.deciding(&self.profile.profile),
            figures,
            tables: vec![
                Captioned::new(TABLE, "Which design does best where"),
                Captioned::new("breakeven.csv", "Where one design passes the other"),
                Captioned::new("sensitivity.csv", "What moves the answer"),
            ],
            more: [("logca".to_owned(), logca)].into_iter().collect(),
            ..known.manifest(command, time)
        }
        .naming(&files);
        files.push((MANIFEST.to_owned(), manifest.to_json()?.into_bytes()));
        Ok(files)
    }

    fn winners_csv(&self) -> Result<Vec<u8>, Failure> {
        let axes = &self.grid.axes;
        let header = ["rate", "packet", "cores", "best", CARRIES_MOST, "by", "value", "carried"].map(str::to_owned);
        let mut rows = Vec::new();
        for (r, rate) in axes.rates.iter().enumerate() {
            for (p, packet) in axes.packets.iter().enumerate() {
                for (n, cores) in axes.cores.iter().enumerate() {
                    let cell = self.grid.cell(r, p, n);
                    let leaders = self.names(&cell.leaders);
                    let (best, most) = if cell.carried { (leaders, String::new()) } else { (String::new(), leaders) };
                    rows.push(vec![
                        rate.clone(),
                        shown(packet),
                        cores.to_string(),
                        best,
                        most,
                        cell.measure.name().to_owned(),
                        cell.value.map_or_else(String::new, four_digits),
                        cell.carried.to_string(),
                    ]);
                }
            }
        }
        csv_of(&header, &rows)
    }

    /// A row for each change of the lead, one where the other has caught up, and one for each pair where nothing changes.
    fn break_even_rows(&self) -> (Vec<String>, Vec<Vec<String>>) {
        let header = ["compared by", "at", "first leads", "then leads", "over", "break-even", "between", "and"];
        let mut rows = Vec::new();
        for found in &self.break_evens {
            let name = |i: usize| self.grid.designs[i].clone();
            let head = |first: String, then: String| {
                vec![found.quantity.name().to_owned(), found.at.to_string(), first, then, found.at.axis().to_owned()]
            };
            let numbers =
                |place: &Crossing| [place.at, place.low, place.high].map(|value| format!("{value:.1}")).to_vec();
            for (i, crossing) in found.crossings.iter().enumerate() {
                rows.push([head(name(found.leader(i)), name(found.leader(i + 1))), numbers(crossing)].concat());
            }
            let last = found.leader(found.crossings.len());
            let both = || format!("{} = {}", name(found.pair.0), name(found.pair.1));
            match &found.equal_from {
                Some(place) => rows.push([head(name(last), both()), numbers(place)].concat()),
                None if found.crossings.is_empty() => {
                    let (first, then) = match found.first {
                        Some(first) => (name(first), format!("never {}", name(found.other(first)))),
                        None => (both(), "no difference".into()),
                    };
                    rows.push([head(first, then), vec!["-".into(); 3]].concat());
                }
                None => {}
            }
        }
        (header.map(str::to_owned).to_vec(), rows)
    }

    fn sensitivity_csv(&self) -> Result<Vec<u8>, Failure> {
        let header = ["parameter", "low", "high", "ratio at low", "ratio at high", "swing", "ends"].map(str::to_owned);
        let rows: Vec<Vec<String>> = self
            .sensitivity
            .bars
            .iter()
            .map(|bar| {
                let ends = if bar.assumed { "assumed: 20 % either way" } else { "95 % interval of the profile" };
                vec![
                    bar.key.clone(),
                    bar.low.clone(),
                    bar.high.clone(),
                    four_digits(bar.ratio_low),
                    four_digits(bar.ratio_high),
                    four_digits(bar.swing()),
                    ends.to_owned(),
                ]
            })
            .collect();
        csv_of(&header, &rows)
    }

    fn map_svg(&self, rate: usize, footnote: &str) -> Result<String, Failure> {
        let axes = &self.grid.axes;
        let places = (0..axes.cores.len()).flat_map(|n| (0..axes.packets.len()).map(move |packet| (packet, n)));
        let cells = places.map(|(packet, n)| {
            let cell = self.grid.cell(rate, packet, n);
            let digits = if cell.measure == Measure::BusyCores { 2 } else { 1 };
            let text = cell.value.map_or_else(|| "-".into(), |value| format!("{value:.digits$}"));
            HeatCell { text, colours: cell.leaders, pale: !cell.carried }
        });
        let map = HeatMap {
            title: self.heading(rate),
            subtitle: self.grid.file.question.clone(),
            x: ("Inner IP packet".into(), axes.packets.iter().map(shown).collect()),
            y: ("Cores".into(), axes.cores.iter().map(u32::to_string).collect()),
            names: self.grid.designs.clone(),
            cells: cells.collect(),
            pale: if axes.rates[rate] == SATURATE {
                String::new()
            } else {
                format!("pale: none carries it; {CARRIES_MOST} (Gb/s)")
            },
            footnote: footnote.to_owned(),
        };
        heat_map_svg(&map).map_err(|error| Failure::new(format!("cannot draw the map: {error}")))
    }

    fn tornado(&self, footnote: &str) -> Result<String, Failure> {
        let s = &self.sensitivity;
        let drawn = s.bars.iter().filter(|bar| bar.swing() > LEAST_SWING * s.ratio).take(MOST_BARS);
        let mark = |assumed: bool| if assumed { "" } else { " *" };
        let bars: Vec<(String, f64, f64)> = drawn
            .map(|bar| {
                (
                    format!("{}{}: {} to {}", bar.key, mark(bar.assumed), bar.low, bar.high),
                    bar.ratio_low,
                    bar.ratio_high,
                )
            })
            .collect();
        let reaches_one = bars.iter().any(|(_, low, high)| low.min(*high) < 1.1);
        let figure = Tornado {
            title: format!("What moves the advantage of {} over {} most", s.pair.0, s.pair.1),
            subtitle: format!(
                "{}, saturating. Each parameter 20 % either way; * over the profile's 95 % interval",
                s.at
            ),
            label: format!("Goodput of {} over that of {}", s.pair.0, s.pair.1),
            value: s.ratio,
            bars,
            line: reaches_one.then(|| (1.0, "no advantage".into())),
            footnote: footnote.to_owned(),
        };
        tornado_svg(&figure).map_err(|error| Failure::new(format!("cannot draw the sensitivity: {error}")))
    }
}
