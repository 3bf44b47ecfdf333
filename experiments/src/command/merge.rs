//! `espsim merge`: the shards of a sweep in, what one run of it gives out.

use std::path::{Path, PathBuf};

use espsim_sweep::campaign::Campaign;
use espsim_sweep::campaign::stop::Stop;
use espsim_sweep::campaign::studies::{FAILOVER, RUN};
use espsim_sweep::campaign::threads::threads;
use espsim_sweep::failure::Failure;
use espsim_sweep::file::hash::hash;
use espsim_sweep::file::profile::ProfileChoice;
use espsim_sweep::file::scenario_file::ScenarioFile;
use espsim_sweep::file::value::Setting;
use espsim_sweep::points::doubt::Draws;
use espsim_sweep::points::id::PROGRAM;
use espsim_sweep::points::shard::Shard;
use espsim_sweep::points::study::Study;
use espsim_sweep::points::{Kept, Points};
use espsim_sweep::store::folder::{Folder, absent};
use espsim_sweep::store::folder_names::partial;
use espsim_sweep::store::journal::{Finished, Found, Header};
use espsim_sweep::store::names::{JOURNAL, PROFILE};
use espsim_sweep::store::used_profile::from_folder;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::command::run::{Made, finish};
use crate::common::{ColumnsArgs, WorkArgs};

/// Arguments of `merge`.
#[derive(Debug, clap::Args)]
pub struct MergeArgs {
    /// The output folders of all shards
    #[arg(required = true, value_name = "DIR")]
    pub shards: Vec<PathBuf>,
    /// Output folder; must not exist
    #[arg(long)]
    pub out: PathBuf,
    /// How the work is done and shown.
    #[command(flatten)]
    pub work: WorkArgs,
    /// Which files there are besides.
    #[command(flatten)]
    pub columns: ColumnsArgs,
}

/// A shard's folder.
pub struct ShardJournal {
    folder: PathBuf,
    found: Found,
    /// What its runs are of.
    pub header: Header,
    shard: Shard,
}

/// Joins shards.
///
/// # Errors
/// [`Failure`] that names the shards that are missing, given twice, unfinished, damaged or of another sweep, and for an
/// output folder that cannot be written.
pub fn merge(args: &MergeArgs, command: Vec<String>) -> Result<(), Failure> {
    let made = Made::now(command, args.columns.parquet)?;
    raise_limit();
    absent(&args.out)?;
    let pool = threads(args.work.jobs)?;
    let stop = Stop::listen()?;
    let mut finished = Finished::default();
    let parts = read(&args.shards, &mut finished)?;
    // All are of the same sweep.
    let Header { kind, file, text, settings, seed, drawn, .. } = &parts[0].header;
    let file = ScenarioFile::parse(Path::new(file), text.clone())?;
    let settings: Result<Vec<Setting>, String> = settings.iter().map(|setting| setting.parse()).collect();
    let settings = settings.map_err(Failure::new)?;
    let profile = parts[0].profile()?;
    let draws = Draws::new(&profile.profile, *drawn, *seed);
    let kept = Kept::new(&file)?;
    let points = Points::new(&file, &settings, &profile.profile, &kept);
    let study: &Study = if *kind == FAILOVER.kind.name() { &FAILOVER } else { &RUN };
    let campaign = pool.install(|| Campaign::new(study, points, &profile, &draws, *seed, &stop))?;
    all(parts.iter().map(|part| part.check(&campaign, &finished)))?;
    let folder = Folder::create_again(&args.out)?;
    folder.write(PROFILE, profile.text.as_bytes())?;
    let missing = pool.install(|| finish(&campaign, &finished, folder, &made, args.work.format, &stop))?;
    missing.check(campaign.points.len())
}

/// Reads the journals of a sweep's shards, which must be all of it.
///
/// # Errors
/// [`Failure`] that names the shards that are missing, given twice, unfinished or of another sweep.
pub fn read(folders: &[PathBuf], finished: &mut Finished) -> Result<Vec<ShardJournal>, Failure> {
    let parts = all(folders.iter().map(|folder| ShardJournal::read(folder, finished)))?;
    check_set(&parts)?;
    Ok(parts)
}

/// Journals stay open, and shards may be more than files that a process may have open unless it asks.
fn raise_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // If it is refused there may still be enough.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

/// Everything, or everything that is wrong: the help of the first.
fn all<T>(each: impl Iterator<Item = Result<T, Failure>>) -> Result<Vec<T>, Failure> {
    let (good, bad): (Vec<_>, Vec<_>) = each.partition(Result::is_ok);
    let mut bad = bad.into_iter().filter_map(Result::err);
    let Some(first) = bad.next() else { return Ok(good.into_iter().flatten().collect()) };
    let others: Vec<String> = bad.map(|failure| failure.to_string()).collect();
    Err(first.and(&others))
}

impl ShardJournal {
    fn read(folder: &Path, finished: &mut Finished) -> Result<Self, Failure> {
        let journal = folder.join(JOURNAL);
        if !journal.exists() {
            let name = folder.display();
            let (message, help) = match partial(folder).join(JOURNAL).exists() {
                true => ("the shard is not finished: its run was interrupted", "run it again with --resume"),
                false => ("no shard of a sweep", "the output folder of espsim run --shard I/N"),
            };
            return Err(Failure::new(format!("{name}: {message}")).with_help(Some(help.into())));
        }
        let found = finished.add(&journal)?;
        let Some(header) = found.header.clone() else {
            return Err(Failure::new(format!("{}: the journal's header is damaged", folder.display()))
                .with_help(Some("run the shard again with --resume".into())));
        };
        let shard = header.shard.unwrap_or(Shard { number: 1, of: 1 });
        Ok(ShardJournal { folder: folder.to_owned(), found, header, shard })
    }

    fn profile(&self) -> Result<ProfileChoice, Failure> {
        let choice = from_folder(&self.folder)?;
        if hash(&choice.text) != self.header.profile_hash {
            let path = self.folder.join(PROFILE);
            return Err(Failure::new(format!("{} is not the profile that the shard was run with", path.display())));
        }
        Ok(choice)
    }

    /// All of the shard's runs must be there.
    fn check(&self, campaign: &Campaign<'_>, finished: &Finished) -> Result<(), Failure> {
        let own = campaign.own(Some(self.shard));
        let missing = campaign.incomplete(finished, &own)?;
        if missing == 0 {
            return Ok(());
        }
        let damaged = match (self.found.damaged.len(), self.found.torn) {
            (0, 0) => String::new(),
            (0, torn) => format!("; the last {torn} B of its journal were cut off in writing"),
            (n, _) => format!("; {n} lines of its journal are damaged, the first is line {}", self.found.damaged[0]),
        };
        let name = self.folder.display();
        let message = format!("shard {} in {name} lacks {missing} of its {} points{damaged}", self.shard, own.len());
        Err(Failure::new(message).with_help(Some(format!("run it again with --shard {} --resume", self.shard))))
    }
}

/// The parts must be of one sweep, and be all of it.
fn check_set(parts: &[ShardJournal]) -> Result<(), Failure> {
    let first = &parts[0];
    let [version, model] = [PROGRAM.0, PROGRAM.1];
    if first.header.program != (version.to_owned(), model.to_owned()) {
        let (theirs, with) = &first.header.program;
        let message = format!(
            "{} was run by espsim {theirs} with model {with}; this is espsim {version} with model {model}",
            first.folder.display()
        );
        return Err(Failure::new(message).with_help(Some("merge with the program that ran the shards".into())));
    }
    for (i, part) in parts.iter().enumerate() {
        if let Some(what) = difference(&first.header, &part.header) {
            let (a, b) = (first.folder.display(), part.folder.display());
            return Err(Failure::new(format!("{a} and {b} are of different sweeps: they differ in {what}")));
        }
        if let Some(other) = parts[..i].iter().find(|other| other.shard == part.shard) {
            let (a, b) = (other.folder.display(), part.folder.display());
            return Err(Failure::new(format!("shard {} is given twice: {a} and {b}", part.shard)));
        }
    }
    let of = first.shard.of;
    let missing: Vec<String> = (1..=of)
        .map(|number| Shard { number, of })
        .filter(|shard| parts.iter().all(|part| part.shard != *shard))
        .map(|shard| shard.to_string())
        .collect();
    match &missing[..] {
        [] => Ok(()),
        [one] => Err(Failure::new(format!("shard {one} is missing"))),
        several => Err(Failure::new(format!("shards {} are missing", several.join(", ")))),
    }
}

/// What differs between two headers besides the shard's number.
fn difference(a: &Header, b: &Header) -> Option<&'static str> {
    let checks = [
        ("the program", a.program == b.program && a.format == b.format),
        ("the command", a.kind == b.kind),
        ("the scenario", a.text == b.text && a.file == b.file),
        ("--set", a.settings == b.settings),
        ("the seed", a.seed == b.seed),
        ("--draws", a.drawn == b.drawn),
        ("the profile", a.profile_hash == b.profile_hash && a.profile == b.profile),
        ("the number of shards", a.shard.map(|shard| shard.of) == b.shard.map(|shard| shard.of)),
    ];
    checks.into_iter().find(|(_, is_same)| !is_same).map(|(what, _)| what)
}
