//! `espsim run`: a scenario file in, a folder of results out.

use std::time::Instant;

use espsim_report::trust;
use espsim_sweep::campaign::Campaign;
use espsim_sweep::campaign::execute::execute;
use espsim_sweep::campaign::stop::Stop;
use espsim_sweep::campaign::studies::RUN;
use espsim_sweep::campaign::threads::{jobs, threads};
use espsim_sweep::failure::Failure;
use espsim_sweep::file::profile::{ProfileChoice, named, stand_in};
use espsim_sweep::file::scenario_file::ScenarioFile;
use espsim_sweep::points::doubt::Draws;
use espsim_sweep::points::shard::Shard;
use espsim_sweep::points::study::Study;
use espsim_sweep::points::{Kept, Points, not_to_be_had};
use espsim_sweep::store::columns;
use espsim_sweep::store::destination::Destination;
use espsim_sweep::store::folder::Folder;
use espsim_sweep::store::journal::{Appender, Finished, Found, header_line};
use espsim_sweep::store::names::{JOURNAL, MANIFEST, OTHERS, PROFILE};
use espsim_sweep::store::points_csv::POINTS;
use espsim_sweep::store::used_profile::taken_up;

use crate::command::presentation::Presentation;
use crate::command::results::{self, Missing, Order, Written};
use crate::command::run_args::RunArgs;
use crate::console::again::resume_line;
use crate::console::{Format, print, print_file, say};
use crate::host_profile::{measured, warn, warn_beyond};

/// Runs a scenario file.
///
/// # Errors
/// [`Failure`] for anything that keeps the results from being written. What is wrong in the file is found before anything
/// is; later, runs that have ended are kept.
pub fn run(args: &RunArgs, command: Vec<String>) -> Result<(), Failure> {
    run_study(args, &command, &RUN, &Stop::listen()?)
}

/// Runs a scenario file for a study, until `stop` says otherwise.
///
/// # Errors
/// As [`run`].
pub fn run_study(args: &RunArgs, command: &[String], study: &Study, stop: &Stop) -> Result<(), Failure> {
    let made = Made::now(command.to_vec(), args.columns.parquet)?;
    let (pool, jobs) = (threads(args.work.jobs)?, jobs(args.work.jobs));
    let file = ScenarioFile::read(args.scenario())?;
    let kept = Kept::new(&file)?;
    let place = Destination::new(args.folder.out.as_deref(), &name(&file, args), args.folder.resume);
    let seed = args.base.seed.unwrap_or(file.seed);
    let mut reserved = None;
    let profile = match chosen_profile(args, &file, &place)? {
        Some(choice) => choice,
        None => {
            // Everything that the user wrote is checked before the folder is made or the host is measured.
            let stand_in = stand_in()?.with(&args.base.of_profile)?;
            let points = Points::new(&file, &args.base.settings, &stand_in.profile, &kept);
            let none = Draws::default();
            pool.install(|| Campaign::new(study, points, &stand_in, &none, seed, stop))?;
            reserved = Some(place.prepare()?);
            stop.uninterested(|| measured(&mut |message| say(&format!("espsim: {message}"))))?
        }
    };
    let profile = profile.with(&args.base.of_profile)?;
    warn(&profile);
    for (series, reason) in falls_back(&file, args) {
        say(&format!("espsim: {series} is not to be had, and its SAs run as Linux runs them instead: {reason}"));
    }
    let points = Points::new(&file, &args.base.settings, &profile.profile, &kept);
    let draws = Draws::new(&profile.profile, args.draw.number(points.len()), seed);
    let campaign = pool.install(|| Campaign::new(study, points, &profile, &draws, seed, stop))?;
    warn_beyond(&profile, campaign.most_cores);
    let mut folder = reserved.map_or_else(|| place.prepare(), Ok)?;
    let target = folder.target().to_owned();
    let (mut finished, journal) = take_up(&campaign, &mut folder, args.shard)?;
    let own = campaign.own(args.shard);
    let done = execute(&campaign, &own, &mut finished, &journal, jobs, stop).and_then(|()| match args.shard {
        None => pool.install(|| finish(&campaign, &finished, folder, &made, args.work.format, stop)).map(Some),
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

/// Series whose design is not to be had, and why: they are simulated, under a name that promises more.
fn falls_back(file: &ScenarioFile, args: &RunArgs) -> Vec<(String, String)> {
    let of =
        |series: usize| Some((file.series[series].name.clone(), not_to_be_had(file, series, &args.base.settings)?));
    (0..file.series.len()).filter_map(of).collect()
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
fn chosen_profile(args: &RunArgs, file: &ScenarioFile, place: &Destination) -> Result<Option<ProfileChoice>, Failure> {
    match args.base.profile.as_ref().or(file.profile.as_ref()) {
        Some(name) => named(name).map(Some),
        None if args.shard.is_some() => {
            let help = "--profile FILE, of espsim calibrate, or --profile preset:NAME";
            Err(Failure::new("--shard needs a profile that is the same for all shards").with_help(Some(help.into())))
        }
        None => place.taken_up().map_or(Ok(None), taken_up),
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
    let Written { table, files, missing, deciding } = results::write(campaign, finished, &folder, &order, stop)?;
    let target = folder.commit()?;
    match format {
        Format::Table => print(table.as_bytes())?,
        Format::Csv => print_file(&target.join(POINTS.file))?,
        Format::Json => print_file(&target.join(MANIFEST))?,
    }
    say(&format!(
        "espsim: {} points in {:.1} s on {}; wrote {} in {}",
        campaign.points.len(),
        made.started.elapsed().as_secs_f64(),
        campaign.profile.summary(),
        files.join(", "),
        target.display()
    ));
    say(&format!("espsim: {}", trust::evidence(&campaign.profile.profile, &deciding)));
    if let Some(assumed) = (Presentation::of(campaign.study).assumed)(&campaign.points) {
        say(&format!("espsim: {assumed}"));
    }
    Ok(missing)
}

/// What a folder is called by default.
fn name(file: &ScenarioFile, args: &RunArgs) -> String {
    let stem = file.source.path.file_stem().map_or_else(|| "scenario".into(), |stem| stem.to_string_lossy());
    match args.shard {
        Some(Shard { number, of }) => format!("{stem}-{number}-of-{of}"),
        None => stem.into_owned(),
    }
}
