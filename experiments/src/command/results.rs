//! The results of a sweep, from its finished runs: files and a table, in the order of points whatever the order in which
//! runs ended.

use espsim_model::deciding::deciding;
use espsim_model::scenario::Scenario;
use espsim_report::columns::Rows;
use espsim_report::figures::Drawing;
use espsim_sweep::campaign::Campaign;
use espsim_sweep::campaign::stop::Stop;
use espsim_sweep::failure::Failure;
use espsim_sweep::points::Points;
use espsim_sweep::points::outcome::Outcome;
use espsim_sweep::points::shard::Shard;
use espsim_sweep::points::study::Csv;
use espsim_sweep::store::columns::{self, Columns};
use espsim_sweep::store::folder::{Folder, Stream};
use espsim_sweep::store::journal::{Finished, header_line};
use espsim_sweep::store::names::{JOURNAL, MANIFEST, OTHERS, PROFILE};
use espsim_sweep::store::points_csv::{POINTS, csv_rows};
use rayon::prelude::*;

use crate::command::presentation::Presentation;
use crate::console::say;

/// Sweeps of more points are large: their tables are cut, their figures have the first curves, and their manifests list
/// what is swept instead of every point.
pub const LARGE: usize = 10_000;
/// Points that are in memory at a time.
const CHUNK: usize = 128;
/// Exit code of a command that has written its results, though some point has no estimate.
const NO_ESTIMATE: u8 = 3;

/// Packets of a trace that are enough for an estimate and its interval: forty batches.
const ENOUGH_OF_TRACE: u64 = 10_000;

/// What was written.
pub struct Written {
    /// The table.
    pub table: String,
    /// Names of files.
    pub files: Vec<String>,
    /// Points without an estimate.
    pub missing: Missing,
    /// Values of the profile that decide.
    pub deciding: Vec<String>,
}

/// Points without an estimate: how many, and why the first of them has none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Missing {
    /// Points so far, with those that have one.
    seen: usize,
    points: usize,
    why: &'static str,
    /// Packets of the first one's trace.
    trace: Option<u64>,
}

impl Missing {
    fn add(&mut self, outcome: &Outcome, points: Points<'_>) -> Result<(), Failure> {
        self.seen += 1;
        let Some(why) = outcome.why_no_estimate() else { return Ok(()) };
        self.points += 1;
        if self.points == 1 {
            self.why = why;
            let scenario = points.resolve(self.seen - 1)?.scenario;
            self.trace = scenario.traffic.iter().filter_map(|class| Some(class.replayed()?.packets())).max();
        }
        Ok(())
    }

    /// Says that results, which are written, are not whole.
    ///
    /// # Errors
    /// [`Failure`] with an exit code of its own if a point has no estimate.
    pub fn check(&self, of: usize) -> Result<(), Failure> {
        let Missing { points: n, why, trace, .. } = *self;
        if n == 0 {
            return Ok(());
        }
        let (have, first) = if n == 1 { ("has", "") } else { ("have", " of the first of them") };
        let message = format!("{n} of {of} points {have} no estimate; the reason{first}: {why}");
        let help = match trace {
            None => "raise run.max_packets, or run.max_time where packets are slow".to_owned(),
            Some(packets) => format!(
                "the trace has {packets} packets, each of which comes once: set traffic.trace to one of {ENOUGH_OF_TRACE} \
                 or more, or traffic.arrival to poisson and traffic.rate"
            ),
        };
        Err(Failure::new(message).with_help(Some(help)).with_code(NO_ESTIMATE))
    }
}

/// What is to be written beside the outcomes themselves.
pub struct Order<'a> {
    /// The command line.
    pub command: &'a [String],
    /// The start of the run, RFC 3339.
    pub time: &'a str,
    /// Whether points are written as columns too.
    pub parquet: bool,
}

/// Writes everything but the profile; the journal last, in the order of points.
///
/// # Errors
/// [`Failure`] if a run is missing or cannot be read, a file cannot be written, or a signal tells the process to end.
pub fn write(
    campaign: &Campaign<'_>,
    finished: &Finished,
    folder: &Folder,
    order: &Order<'_>,
    stop: &Stop,
) -> Result<Written, Failure> {
    let n = campaign.points.len();
    folder.keep_only(&[JOURNAL, OTHERS, PROFILE])?;
    let mut outputs = Outputs::open(campaign, folder, order)?;
    for start in (0..n).step_by(CHUNK) {
        if stop.is_told() {
            let (done, all) = campaign.count(finished, &campaign.own(None));
            stop.check(done, all)?;
        }
        let points = (start..(start + CHUNK).min(n)).into_par_iter();
        let chunk: Vec<Result<Ready, Failure>> =
            points.map(|point| ready(campaign, finished, point, order.parquet)).collect();
        chunk.into_iter().try_for_each(|ready| outputs.add(ready?))?;
    }
    outputs.close(order, finished)
}

/// A point's outcome, ready to be written.
struct Ready {
    outcome: Outcome,
    /// The lines of its runs in the journal.
    lines: Vec<u8>,
    /// Its rows in each file of rows.
    rows: Vec<Vec<u8>>,
    /// Its rows as they become columns.
    columns: Vec<Vec<String>>,
}

fn ready(campaign: &Campaign<'_>, finished: &Finished, point: usize, parquet: bool) -> Result<Ready, Failure> {
    let (mut outcome, lines) = campaign.outcome(finished, point)?.ok_or_else(missing)?;
    outcome.drawn = campaign.drawn(point, &outcome)?;
    let rows = |csv: &Csv| csv_rows((csv.rows)(point, &outcome));
    let rows: Result<Vec<Vec<u8>>, Failure> = campaign.study.csv.iter().map(rows).collect();
    let columns = if parquet { (POINTS.rows)(point, &outcome) } else { Vec::new() };
    Ok(Ready { rows: rows?, columns, outcome, lines })
}

/// Files, figures and the table in the making; each takes up point after point.
struct Outputs<'a> {
    campaign: &'a Campaign<'a>,
    folder: &'a Folder,
    footnote: String,
    journal: Stream,
    csv: Vec<Stream>,
    columns: Option<Columns>,
    table: Rows<'a>,
    drawings: Vec<Drawing<'a>>,
    /// Why the runs of each point ended; of a large sweep, none.
    stops: Vec<Vec<String>>,
    /// Names of figures of single points.
    figures: Vec<String>,
    missing: Missing,
}

impl<'a> Outputs<'a> {
    fn open(campaign: &'a Campaign<'a>, folder: &'a Folder, order: &Order<'_>) -> Result<Self, Failure> {
        let file = campaign.points.file;
        let is_large = campaign.points.len() > LARGE;
        let mut journal = folder.open(JOURNAL_IN_ORDER)?;
        journal.write(&header_line(&campaign.header(None)))?;
        let csv = |of: &Csv| {
            let mut stream = folder.open(of.file)?;
            stream.write(&csv_rows([(of.header)(file)])?)?;
            Ok(stream)
        };
        let columns = || Columns::create(folder.claim(columns::FILE)?, &(POINTS.header)(file));
        Ok(Outputs {
            campaign,
            folder,
            footnote: campaign.profile.footnote(campaign.seed),
            journal,
            csv: campaign.study.csv.iter().map(csv).collect::<Result<_, Failure>>()?,
            columns: order.parquet.then(columns).transpose()?,
            table: Rows::new(file, Presentation::of(campaign.study).columns, is_large),
            drawings: file.plots.iter().map(|plot| Drawing::new(file, plot, is_large)).collect(),
            stops: Vec::new(),
            figures: Vec::new(),
            missing: Missing::default(),
        })
    }

    fn is_large(&self) -> bool {
        self.campaign.points.len() > LARGE
    }

    /// Takes up the next point.
    fn add(&mut self, ready: Ready) -> Result<(), Failure> {
        let Ready { outcome, lines, rows, columns } = ready;
        self.journal.write(&lines)?;
        for (stream, rows) in self.csv.iter_mut().zip(rows) {
            stream.write(&rows)?;
        }
        if let Some(file) = &mut self.columns {
            file.write(columns)?;
        }
        self.table.add(&outcome);
        self.missing.add(&outcome, self.campaign.points)?;
        for drawing in &mut self.drawings {
            drawing.add(&outcome);
        }
        if !self.is_large() {
            self.stops.push(outcome.stops());
        }
        let Points { file, .. } = self.campaign.points;
        let Some(draw) = Presentation::of(self.campaign.study).figure else { return Ok(()) };
        if let Some((name, svg)) = draw(file, &outcome, self.campaign.points.len(), &self.footnote)? {
            let name = self.free(name);
            self.folder.write(&name, svg.as_bytes())?;
            self.figures.push(name);
        }
        Ok(())
    }

    /// A name for the next figure of a point that no figure has: names of points may differ in what file names cannot.
    fn free(&self, name: String) -> String {
        let plots = || self.campaign.points.file.plots.iter().map(|plot| format!("{}.svg", plot.file));
        match self.figures.contains(&name) || plots().any(|plot| plot == name) {
            true => name.replace(".svg", &format!("-{}.svg", self.figures.len() + 1)),
            false => name,
        }
    }

    /// Ends every file, with manifest and figures of the whole sweep; the journal last.
    fn close(self, order: &Order<'_>, finished: &Finished) -> Result<Written, Failure> {
        let is_large = self.is_large();
        let Outputs { campaign, folder, footnote, .. } = self;
        self.csv.into_iter().try_for_each(Stream::close)?;
        let plots = &campaign.points.file.plots;
        let mut files: Vec<String> = campaign.study.csv.iter().map(|csv| csv.file.to_owned()).collect();
        files.extend([MANIFEST.into(), PROFILE.into()]);
        if let Some(columns) = self.columns {
            columns.close()?;
            files.push(columns::FILE.into());
        }
        files.extend(plots.iter().map(|plot| format!("{}.svg", plot.file)));
        files.extend(self.figures);
        files.push(JOURNAL.into());
        let mut manifest = campaign.subject().manifest(order.command, order.time);
        let deciding = deciding_points(campaign)?;
        manifest.deciding.clone_from(&deciding);
        match is_large {
            true => manifest.set_axes(campaign.points.file),
            false => {
                for (i, stop) in self.stops.into_iter().enumerate() {
                    manifest.push(&campaign.points.resolve(i)?, &campaign.common, stop);
                }
            }
        }
        manifest.files = Some(files.clone());
        folder.open(MANIFEST)?.json(&manifest)?;
        for (plot, drawing) in plots.iter().zip(self.drawings) {
            if let Some(warning) = drawing.warning() {
                say(&format!("espsim: {warning}"));
            }
            folder.write(&format!("{}.svg", plot.file), drawing.svg(&footnote).as_bytes())?;
        }
        self.journal.close()?;
        keep_others(campaign, finished, folder, &campaign.own(None))?;
        folder.rename(JOURNAL_IN_ORDER, JOURNAL)?;
        Ok(Written { table: self.table.text(), files, missing: self.missing, deciding })
    }
}

/// Writes the journal of a shard in the order of points, and nothing else: results are those of all points.
///
/// # Errors
/// As [`write`].
pub fn write_shard(campaign: &Campaign<'_>, finished: &Finished, folder: &Folder, shard: Shard) -> Result<(), Failure> {
    let mut journal = folder.open(JOURNAL_IN_ORDER)?;
    journal.write(&header_line(&campaign.header(Some(shard))))?;
    let own = campaign.own(Some(shard));
    for &point in &own {
        let (_, lines) = campaign.outcome(finished, point as usize)?.ok_or_else(missing)?;
        journal.write(&lines)?;
    }
    journal.close()?;
    keep_others(campaign, finished, folder, &own)?;
    folder.rename(JOURNAL_IN_ORDER, JOURNAL)
}

/// Writes finished runs that are not of these points to a file of their own: the sweep may ask for them again.
fn keep_others(campaign: &Campaign<'_>, finished: &Finished, folder: &Folder, points: &[u32]) -> Result<(), Failure> {
    if !finished.is_taken_up() {
        return Ok(());
    }
    let others = finished.besides(&campaign.used(finished, points)?);
    if others.is_empty() {
        return folder.keep_out(OTHERS);
    }
    let name = format!("{OTHERS}.ordered");
    let mut stream = folder.open(&name)?;
    for &id in &others {
        let (_, line) = finished.read(id)?.ok_or_else(missing)?;
        stream.write(&line)?;
    }
    stream.close()?;
    folder.rename(&name, OTHERS)?;
    say(&format!("espsim: {} finished runs are not of this sweep: kept in {OTHERS} for --resume", others.len()));
    Ok(())
}

/// What the journal in the order of points is called until it is whole.
const JOURNAL_IN_ORDER: &str = "journal.ordered";

/// Points that are looked at for what decides: of a large sweep some, spread over all of it.
const LOOKED_AT: usize = 4;

/// Values of the profile that decide what some of the points carry.
fn deciding_points(campaign: &Campaign<'_>) -> Result<Vec<String>, Failure> {
    let n = campaign.points.len();
    let some = (0..n).skip(n.div_ceil(LOOKED_AT) / 2).step_by(n.div_ceil(LOOKED_AT).max(1));
    let scenarios: Result<Vec<Scenario>, Failure> = some.map(|i| Ok(campaign.points.resolve(i)?.scenario)).collect();
    Ok(deciding(&campaign.profile.profile, &scenarios?))
}

fn missing() -> Failure {
    Failure::new("a run is missing, which should have finished")
}
