//! The results of a sweep, from its finished runs: files and a table, in the order of points whatever the order in which
//! runs ended.

use rayon::prelude::*;

use crate::campaign::Campaign;
use crate::export::csv_rows;
use crate::figures::Drawing;
use crate::folder::{Folder, Stream};
use crate::input::Failure;
use crate::journal::{Finished, JOURNAL, header_line};
use crate::manifest::{Manifest, Points};
use crate::outcome::Outcome;
use crate::shard::Shard;
use crate::stop::Stop;
use crate::study::Csv;
use crate::table::Rows;

/// Sweeps of more points are large: their tables are cut, their figures have the first curves, and their manifests list
/// what is swept instead of every point.
pub const LARGE: usize = 10_000;
/// Points that are in memory at a time.
const CHUNK: usize = 128;

/// What was written.
pub struct Written {
    /// The table.
    pub table: String,
    /// Names of files.
    pub files: Vec<String>,
}

/// A point's outcome, ready to be written.
struct Ready {
    outcome: Outcome,
    /// The lines of its runs in the journal.
    lines: Vec<u8>,
    /// Its rows in each file of rows.
    rows: Vec<Vec<u8>>,
}

/// Writes everything but the profile; the journal last, in the order of points. The manifest has the command line and the
/// start of the run.
///
/// # Errors
/// [`Failure`] if a run is missing or cannot be read, a file cannot be written, or a signal tells the process to end.
pub fn write(
    campaign: &Campaign<'_>,
    finished: &Finished,
    folder: &Folder,
    (command, time): (&[String], &str),
    stop: &Stop,
) -> Result<Written, Failure> {
    let file = campaign.points.file;
    let n = campaign.points.len();
    let is_large = n > LARGE;
    let footnote = format!(
        "espsim {} · profile {} · seed {}",
        env!("CARGO_PKG_VERSION"),
        campaign.profile.summary(),
        campaign.seed
    );
    let mut table = Rows::new(file, campaign.study.columns, is_large);
    let mut drawings: Vec<Drawing<'_>> = file.plots.iter().map(|plot| Drawing::new(file, plot, is_large)).collect();
    let mut stops = Vec::new();
    let mut figures = Vec::new();
    let mut journal = folder.open(JOURNAL_IN_ORDER)?;
    journal.write(&header_line(&campaign.header(None)))?;
    let mut csv: Vec<Stream> = Vec::new();
    for of in campaign.study.csv {
        let mut stream = folder.open(of.file)?;
        stream.write(&csv_rows([(of.header)(file)])?)?;
        csv.push(stream);
    }
    for start in (0..n).step_by(CHUNK) {
        if stop.is_told() {
            let (done, all) = campaign.count(finished, &campaign.own(None));
            stop.check(done, all)?;
        }
        let points = (start..(start + CHUNK).min(n)).into_par_iter();
        let chunk: Vec<Result<Ready, Failure>> = points.map(|point| ready(campaign, finished, point)).collect();
        for ready in chunk {
            let Ready { outcome, lines, rows } = ready?;
            journal.write(&lines)?;
            for (stream, rows) in csv.iter_mut().zip(rows) {
                stream.write(&rows)?;
            }
            table.add(&outcome);
            for drawing in &mut drawings {
                drawing.add(&outcome)?;
            }
            if !is_large {
                stops.push(outcome.stops());
            }
            if let Some((name, svg)) =
                campaign.study.figure.map_or(Ok(None), |draw| draw(file, &outcome, n, &footnote))?
            {
                folder.write(&name, svg.as_bytes())?;
                figures.push(name);
            }
        }
    }
    csv.into_iter().try_for_each(Stream::close)?;
    let resolve = |point| campaign.points.resolve(point);
    let points = Points { common: &campaign.common, resolve: &resolve, stops: &stops };
    let manifest = Manifest::new(&campaign.subject(), command, time, (!is_large).then_some(points));
    folder.open("manifest.json")?.json(&manifest)?;
    let mut files: Vec<String> = vec!["points.csv".into(), "manifest.json".into(), "profile.toml".into()];
    for (plot, drawing) in file.plots.iter().zip(drawings) {
        let name = format!("{}.svg", plot.file);
        folder.write(&name, drawing.svg(&footnote)?.as_bytes())?;
        files.push(name);
    }
    files.extend(campaign.study.csv.iter().skip(1).map(|csv| csv.file.to_owned()));
    files.extend(figures);
    journal.close()?;
    put_in_order(folder)?;
    files.push(JOURNAL.into());
    Ok(Written { table: table.text(), files })
}

/// Writes the journal of a shard in the order of points, and nothing else: results are those of all points.
///
/// # Errors
/// As [`write`].
pub fn write_shard(campaign: &Campaign<'_>, finished: &Finished, folder: &Folder, shard: Shard) -> Result<(), Failure> {
    let mut journal = folder.open(JOURNAL_IN_ORDER)?;
    journal.write(&header_line(&campaign.header(Some(shard))))?;
    for point in campaign.own(Some(shard)) {
        let (_, lines) = campaign.outcome(finished, point as usize)?.ok_or_else(missing)?;
        journal.write(&lines)?;
    }
    journal.close()?;
    put_in_order(folder)
}

/// What the journal in the order of points is called until it is whole.
const JOURNAL_IN_ORDER: &str = "journal.ordered";

fn put_in_order(folder: &Folder) -> Result<(), Failure> {
    let path = folder.path(JOURNAL);
    std::fs::rename(folder.path(JOURNAL_IN_ORDER), &path).map_err(|error| Failure::io("write", &path, &error))
}

fn missing() -> Failure {
    Failure::new("a run is missing, which should have finished")
}

fn ready(campaign: &Campaign<'_>, finished: &Finished, point: usize) -> Result<Ready, Failure> {
    let (outcome, lines) = campaign.outcome(finished, point)?.ok_or_else(missing)?;
    let rows = |csv: &Csv| csv_rows((csv.rows)(point, &outcome));
    let rows: Result<Vec<Vec<u8>>, Failure> = campaign.study.csv.iter().map(rows).collect();
    Ok(Ready { rows: rows?, outcome, lines })
}
