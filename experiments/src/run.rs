//! `espsim run`: a scenario file in, a folder of results out.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use espsim_model::simulate_unless;
use espsim_model::uncertainty::draw;

use crate::campaign::Campaign;
use crate::cli::{Format, RunArgs};
use crate::columns;
use crate::cost;
use crate::execute::execute;
use crate::export::POINTS;
use crate::folder::{Folder, PROFILE, is_interrupted, latest_target};
use crate::input::Failure;
use crate::journal::{Appender, Finished, Found, JOURNAL, OTHERS, header_line};
use crate::point_table::OF_RUN;
use crate::points::{Kept, Point, Points};
use crate::profile_choice::{ProfileChoice, measured, named, stand_in, taken_up};
use crate::quote::shell_words;
use crate::results::{self, Missing, Order, Written};
use crate::scenario_file::ScenarioFile;
use crate::shard::Shard;
use crate::stop::Stop;
use crate::study::Study;
use crate::table::THROUGHPUT;
use crate::threads::{jobs, threads};

/// The study of `run`.
pub static RUN: Study = Study {
    kind: "run",
    simulate: |scenario, profile, seed, stop| Ok(simulate_unless(scenario, profile, seed, stop)?.map(Into::into)),
    cost: cost::of_run,
    check: has_no_events,
    columns: THROUGHPUT,
    csv: &[POINTS, OF_RUN],
    figure: None,
};

/// Runs a scenario file.
///
/// # Errors
/// [`Failure`] for anything that keeps the results from being written. What is wrong in the file is found before anything
/// is; later, runs that have ended are kept.
pub fn run(args: &RunArgs, command: Vec<String>) -> Result<(), Failure> {
    run_study(args, &command, &RUN, &Stop::listen()?)
}

fn has_no_events(file: &ScenarioFile, point: &Point) -> Result<(), Failure> {
    match point.scenario.failover.event.is_empty() {
        true => Ok(()),
        false => Err(file
            .failure(
                "failover.event",
                "`failover.event`: something happens in this scenario, which `run` does not show",
            )
            .with_help(Some(format!("espsim failover {}", file.path.display())))),
    }
}

/// Runs a scenario file for a study, until `stop` says otherwise.
///
/// # Errors
/// As [`run`].
pub fn run_study(args: &RunArgs, command: &[String], study: &Study, stop: &Stop) -> Result<(), Failure> {
    let made = Made::now(command.to_vec(), args.parquet)?;
    let (pool, jobs) = (threads(args.jobs)?, jobs(args.jobs));
    let file = ScenarioFile::read(args.scenario())?;
    let kept = Kept::new(&file)?;
    let place = Place::new(&file, args);
    let seed = args.seed.unwrap_or(file.seed);
    let mut reserved = None;
    let profile = match chosen_profile(args, &file, &place)? {
        Some(choice) => choice,
        None => {
            // Everything that the user wrote is checked before the folder is made or the host is measured.
            let stand_in = stand_in()?;
            let points = Points::new(&file, &args.settings, &stand_in.profile, &kept);
            pool.install(|| Campaign::new(study, points, &stand_in, &[], seed, stop))?;
            reserved = Some(place.prepare()?);
            stop.uninterested(|| measured(&mut |message| say(&format!("espsim: {message}"))))?
        }
    };
    if let Some(warning) = profile.other_machine() {
        say(&format!("espsim: {warning}"));
    }
    let drawn = args.uncertainty.map_or_else(Vec::new, |n| draw(&profile.profile, n, seed));
    let points = Points::new(&file, &args.settings, &profile.profile, &kept);
    let campaign = pool.install(|| Campaign::new(study, points, &profile, &drawn, seed, stop))?;
    let mut folder = reserved.map_or_else(|| place.prepare(), Ok)?;
    let target = folder.target().to_owned();
    let (mut finished, journal) = take_up(&campaign, &mut folder, args.shard)?;
    let own = campaign.own(args.shard);
    let done = execute(&campaign, &own, &mut finished, &journal, jobs, stop).and_then(|()| match args.shard {
        None => pool.install(|| finish(&campaign, &finished, folder, &made, args.format, stop)).map(Some),
        Some(shard) => {
            results::write_shard(&campaign, &finished, &folder, shard)?;
            folder.commit()?;
            say(&format!(
                "espsim: shard {shard}, {} of {} points, in {:.1} s; wrote {}; espsim merge joins all shards",
                own.len(),
                campaign.points.len(),
                made.started.elapsed().as_secs_f64(),
                target.display()
            ));
            // What its points lack is said when shards are joined.
            Ok(None)
        }
    });
    let missing = done.inspect_err(|_| say(&format!("espsim: to go on: {}", resume_line(&made.command, &target))))?;
    missing.map_or(Ok(()), |missing| missing.check(campaign.points.len()))
}

/// Where and when results are made.
pub struct Made {
    started: Instant,
    /// RFC 3339.
    time: String,
    command: Vec<String>,
    /// Whether points are written as columns too.
    parquet: bool,
}

impl Made {
    /// Now, by this command line.
    ///
    /// # Errors
    /// [`Failure`] if columns are asked for that this program cannot write.
    pub fn now(command: Vec<String>, parquet: bool) -> Result<Self, Failure> {
        columns::check(parquet)?;
        Ok(Made { started: Instant::now(), time: jiff::Timestamp::now().to_string(), command, parquet })
    }
}

/// The profile that is asked for; of a run that is taken up again, its own; `None` if this host is to be measured.
fn chosen_profile(args: &RunArgs, file: &ScenarioFile, place: &Place) -> Result<Option<ProfileChoice>, Failure> {
    match args.profile.as_ref().or(file.profile.as_ref()) {
        Some(name) => named(name).map(Some),
        None if args.shard.is_some() => {
            let help = "--profile FILE, of espsim calibrate, or --profile preset:NAME";
            Err(Failure::new("--shard needs a profile that is the same for all shards").with_help(Some(help.into())))
        }
        None => match place {
            Place::TakenUp(target) => taken_up(target),
            Place::New(_) | Place::Numbered(_) => Ok(None),
        },
    }
}

/// The finished runs of a folder that is taken up again, or none of a new one, and its journal to append to.
fn take_up(
    campaign: &Campaign<'_>,
    folder: &mut Folder,
    shard: Option<Shard>,
) -> Result<(Finished, Appender), Failure> {
    let path = folder.path(JOURNAL);
    let mut finished = Finished::default();
    let found = if path.exists() { finished.add(&path)? } else { Found::default() };
    let others = folder.path(OTHERS);
    // After the journal, which is what is appended to.
    let kept = if path.exists() && others.exists() { finished.add(&others)?.runs } else { 0 };
    let header = campaign.header(shard);
    if let Some(before) = found.header.as_ref().map(|header| header.shard).filter(|before| *before != shard) {
        let part = |shard: Option<Shard>| shard.map_or_else(|| "all points".into(), |shard| format!("shard {shard}"));
        return Err(Failure::new(format!("the folder is of {}, not of {}", part(before), part(shard)))
            .with_help(Some("give another folder with --out".into())));
    }
    let (done, all) = campaign.count(&finished, &campaign.own(shard));
    // A shard may be of few points, all of them new.
    if found.runs > 0 && done == 0 && shard.is_none() {
        let message = format!("none of the folder's {} finished runs belongs to this sweep", found.runs + kept);
        let help = "scenario, --set, seed, profile and program decide; give another folder with --out";
        return Err(Failure::new(message).with_help(Some(help.into())));
    }
    if found.torn > 0 {
        say(&format!("espsim: the last {} B of the journal were cut off in writing: dropped", found.torn));
    }
    if !found.damaged.is_empty() {
        let lines: Vec<String> = found.damaged.iter().map(ToString::to_string).collect();
        say(&format!("espsim: lines {} of the journal are damaged: their runs are repeated", lines.join(", ")));
    }
    if found.runs > 0 {
        say(&format!("espsim: going on: {done} of {all} runs have finished"));
    }
    folder.replace(PROFILE, campaign.profile.text.as_bytes())?;
    let journal = Appender::open(&folder.claim(JOURNAL)?, found.end)?;
    if found.header.as_ref() != Some(&header) {
        journal.append(&header_line(&header))?;
    }
    journal.sync()?;
    folder.keep();
    if found.end == 0 {
        finished.add(&path)?;
    }
    Ok((finished, journal))
}

/// Writes the results of finished runs, gives the folder its name and prints. Returns what has no estimate.
///
/// # Errors
/// [`Failure`] if a run is missing, something cannot be written, or a signal tells the process to end.
pub fn finish(
    campaign: &Campaign<'_>,
    finished: &Finished,
    folder: Folder,
    made: &Made,
    format: Format,
    stop: &Stop,
) -> Result<Missing, Failure> {
    let order = Order { command: &made.command, time: &made.time, parquet: made.parquet };
    let Written { table, files, missing } = results::write(campaign, finished, &folder, &order, stop)?;
    let target = folder.commit()?;
    match format {
        Format::Table => print(table.as_bytes())?,
        Format::Csv => print_file(&target.join(POINTS.file))?,
        Format::Json => print_file(&target.join("manifest.json"))?,
    }
    say(&format!(
        "espsim: {} points in {:.1} s on {}; wrote {} in {}",
        campaign.points.len(),
        made.started.elapsed().as_secs_f64(),
        campaign.profile.summary(),
        files.join(", "),
        target.display()
    ));
    Ok(missing)
}

/// Where results go.
enum Place {
    /// A folder that is taken up again, or is new.
    TakenUp(PathBuf),
    /// A folder that must be new.
    New(PathBuf),
    /// The first free one of a name.
    Numbered(String),
}

impl Place {
    fn new(file: &ScenarioFile, args: &RunArgs) -> Self {
        let stem = file.path.file_stem().map_or_else(|| "scenario".into(), |stem| stem.to_string_lossy());
        let name = match args.shard {
            Some(Shard { number, of }) => format!("{stem}-{number}-of-{of}"),
            None => stem.into_owned(),
        };
        match (&args.out, args.resume) {
            (Some(out), true) => Place::TakenUp(out.clone()),
            (Some(out), false) => Place::New(out.clone()),
            (None, true) => Place::TakenUp(latest_target(&name)),
            (None, false) => Place::Numbered(name),
        }
    }

    fn prepare(&self) -> Result<Folder, Failure> {
        match self {
            Place::TakenUp(target) => Folder::resume(target),
            Place::New(target) => Folder::create(target),
            Place::Numbered(name) => {
                let latest = latest_target(name);
                if is_interrupted(&latest) {
                    say(&format!("espsim: {0} is not finished; --resume --out {0} goes on with it", latest.display()));
                }
                Folder::create_numbered(name)
            }
        }
    }
}

/// The command line that goes on, as a shell takes it.
fn resume_line(command: &[String], target: &Path) -> String {
    let mut words = with_out(command, target);
    if !words.iter().any(|word| word == "--resume") {
        insert(&mut words, ["--resume".into()]);
    }
    shell_words(words.iter().map(String::as_str))
}

/// A command line that names its output folder.
pub fn with_out(command: &[String], target: &Path) -> Vec<String> {
    let mut words = command.to_vec();
    if !words.iter().any(|word| word == "--out" || word.starts_with("--out=")) {
        insert(&mut words, ["--out".into(), target.display().to_string()]);
    }
    words
}

/// Adds options: at the end, or before `--`, after which words are no options.
fn insert<const N: usize>(words: &mut Vec<String>, options: [String; N]) {
    let at = words.iter().position(|word| word == "--").unwrap_or(words.len());
    words.splice(at..at, options);
}

/// Prints to standard output; a reader that has gone away is no error.
///
/// # Errors
/// [`Failure`] if it cannot be written, as to a full disk.
pub fn print(mut bytes: &[u8]) -> Result<(), Failure> {
    print_all(&mut bytes)
}

/// The same with a file, of any length.
fn print_file(path: &Path) -> Result<(), Failure> {
    print_all(&mut File::open(path).map_err(|error| Failure::io("read", path, &error))?)
}

fn print_all(from: &mut impl io::Read) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match io::copy(from, &mut stdout).and_then(|_| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::io("write", Path::new("standard output"), &error))
        }
        _ => Ok(()),
    }
}

/// Prints a line to standard error; a reader that has gone away is no error.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
