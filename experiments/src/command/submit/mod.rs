//! `espsim submit`: a sweep as an array job of shards and a job that joins them.

mod args;
mod batch;
mod slurm;

use std::fs;
use std::path::{Path, PathBuf, absolute};

use espsim_sweep::campaign::Campaign;
use espsim_sweep::campaign::stop::Stop;
use espsim_sweep::campaign::studies::study_of;
use espsim_sweep::campaign::threads::threads;
use espsim_sweep::failure::Failure;
use espsim_sweep::file::profile::{ProfileChoice, named};
use espsim_sweep::file::scenario_file::ScenarioFile;
use espsim_sweep::points::doubt::Draws;
use espsim_sweep::points::{Kept, Points};
use espsim_sweep::quote::{shell_word, shell_words};
use espsim_sweep::store::columns;
use espsim_sweep::store::own::{Own, is_empty, ours};

use crate::console::{print, say};
use batch::Batch;

pub use args::SubmitArgs;

/// Slurm's own default, for a dry run where there is no Slurm to be asked.
const MAX_ARRAY_SIZE: u32 = 1001;

/// Submits a sweep, or shows what would be submitted.
///
/// # Errors
/// [`Failure`] for anything wrong in scenario or profile, before anything is submitted; for a folder that exists or cannot
/// be written; with Slurm's own message if it refuses.
pub fn submit(args: &SubmitArgs) -> Result<(), Failure> {
    columns::check(args.columns.parquet)?;
    let file = ScenarioFile::read(&args.scenario)?;
    let study = study_of(&file);
    let profile = profile(args, &file)?;
    // Every point is checked here: what is wrong must not be found by a thousand tasks.
    let kept = Kept::new(&file)?;
    let set = profile.clone().with(&args.base.of_profile)?;
    let points = Points::new(&file, &args.base.settings, &set.profile, &kept);
    let (none, seed) = (Draws::default(), args.base.seed.unwrap_or(file.seed));
    threads(None)?.install(|| Campaign::new(study, points, &set, &none, seed, &Stop::default()))?;
    let place = Place::new(args, &file)?;
    if let Some(broken) = args.sbatch.iter().find(|word| word.contains(['\n', '\r'])) {
        return Err(Failure::new(format!("an option of sbatch has a line break: `{}`", broken.escape_debug())));
    }
    let tasks = tasks(args, points.len(), &place.work)?;
    let batch = Batch {
        args,
        program: &place.program,
        command: study.kind.name(),
        scenario: &copy(&place.scenario),
        profile: &profile_word(&profile),
        out: &place.out.display().to_string(),
        tasks,
        points: points.len(),
    };
    let [task, merge] = batch.scripts()?;
    if args.dry_run {
        return show(&place, &task, &merge);
    }
    let files = place.files(&file, &profile, [("task.sh", &task), ("merge.sh", &merge)]);
    place.write(args.resume, &files)?;
    let submitted = slurm::submit(&slurm::sbatch(&place.work, "task.sh", None)).and_then(|array| {
        let join = slurm::submit(&slurm::sbatch(&place.work, "merge.sh", Some(&array)));
        Ok((join.inspect_err(|_| slurm::cancel(&array))?, array))
    });
    let (join, array) = submitted.inspect_err(|_| {
        if !args.resume {
            // Nothing was submitted: the same command can be given again.
            let _ = place.remove(&files);
        }
    })?;
    print(format!("{array}\n{join}\n").as_bytes())?;
    say(&format!(
        "espsim: job {array} has {tasks} tasks for {} points, job {join} joins them into {}; logs are in {}. After a failure: \
         the same command with --resume",
        points.len(),
        place.out.display(),
        place.work.display()
    ));
    Ok(())
}

/// The profile that all tasks use.
fn profile(args: &SubmitArgs, file: &ScenarioFile) -> Result<ProfileChoice, Failure> {
    let help = "--profile FILE, of espsim calibrate, or --profile preset:NAME";
    let name = args.base.profile.as_ref().or(file.profile.as_ref());
    let missing = || Failure::new("tasks need a profile that is the same for all").with_help(Some(help.into()));
    named(name.ok_or_else(missing)?)
}

/// How tasks name the scenario: by its copy in a folder of its own, where its name meets no other and looks like no option.
fn copy(scenario: &str) -> String {
    format!("scenario/{scenario}")
}

/// How tasks name a profile: a preset as such, a file by its copy in their folder.
fn profile_word(profile: &ProfileChoice) -> String {
    if is_preset(profile) { profile.from.clone() } else { format!("profile/{}", profile.from) }
}

fn is_preset(profile: &ProfileChoice) -> bool {
    profile.from.starts_with("preset:")
}

/// As many tasks as asked for, points to give them, and indices that Slurm has; of what was submitted before, as many as
/// then, since shards of another number are of other points.
fn tasks(args: &SubmitArgs, points: usize, work: &Path) -> Result<u32, Failure> {
    let size = match args.max_array_size {
        Some(size) => size,
        None if args.dry_run => slurm::max_array_size().unwrap_or(MAX_ARRAY_SIZE),
        None => slurm::max_array_size()?,
    };
    // The greatest index is one less.
    let most = size.saturating_sub(1).max(1);
    if let Some(before) = Some(work).filter(|_| args.resume).and_then(tasks_before) {
        if before > most {
            return Err(Failure::new(format!(
                "{before} tasks were submitted before; MaxArraySize {size} allows {most}"
            ))
            .with_help(Some("give another folder with --out".into())));
        }
        return Ok(before);
    }
    let wanted = args.tasks.min(u32::try_from(points).unwrap_or(u32::MAX));
    if wanted > most {
        say(&format!("espsim: MaxArraySize is {size}: {most} tasks instead of {wanted}, each of more points"));
    }
    Ok(wanted.min(most))
}

/// How many tasks an earlier submission to a folder had, by its batch file.
fn tasks_before(work: &Path) -> Option<u32> {
    let script = fs::read_to_string(work.join("task.sh")).ok()?;
    let indices = script.lines().find_map(|line| line.strip_prefix("#SBATCH --array=1-"))?;
    indices.split('%').next()?.parse().ok()
}

/// Files and folders of a submission, from the root.
struct Place {
    program: String,
    /// Name of the scenario's file.
    scenario: String,
    out: PathBuf,
    /// Batch files, shards and logs.
    work: PathBuf,
}

impl Place {
    fn new(args: &SubmitArgs, file: &ScenarioFile) -> Result<Self, Failure> {
        if args.out.to_str().is_none() {
            return Err(Failure::new(format!("{} is no text, which batch files are", args.out.display())));
        }
        let program = std::env::current_exe().map_err(|error| Failure::io("find", Path::new("espsim"), &error))?;
        let out = absolute(&args.out).map_err(|error| Failure::io("find", &args.out, &error))?;
        let Some(name) = out.file_name().map(|name| name.to_string_lossy().into_owned()) else {
            return Err(Failure::new(format!("{} is no name for an output folder", args.out.display())));
        };
        let work = out.with_file_name(format!("{name}.slurm"));
        if out.symlink_metadata().is_ok() {
            return Err(Failure::new(format!("output folder {} exists already", args.out.display()))
                .with_help(Some("give another with --out, or remove it".into())));
        }
        if !args.dry_run && !args.resume && work.symlink_metadata().is_ok() {
            return Err(Failure::new(format!("{} exists already: this was submitted before", work.display()))
                .with_help(Some("--resume submits what is missing again; or give another folder with --out".into())));
        }
        let scenario = file.source.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Place { program: program.display().to_string(), scenario, out, work })
    }

    /// Scenario and profile, copied so that tasks do not depend on what becomes of them, and the batch files: where they
    /// go, and their text.
    fn files<'a>(
        &self,
        file: &'a ScenarioFile,
        profile: &'a ProfileChoice,
        scripts: [(&str, &'a String); 2],
    ) -> Vec<(PathBuf, &'a String)> {
        let mut files = vec![(PathBuf::from(copy(&self.scenario)), &file.source.text)];
        if !is_preset(profile) {
            files.push((PathBuf::from(profile_word(profile)), &profile.text));
        }
        files.extend(scripts.map(|(name, text)| (PathBuf::from(name), text)));
        files.into_iter().map(|(name, text)| (self.work.join(name), text)).collect()
    }

    fn write(&self, resume: bool, files: &[(PathBuf, &String)]) -> Result<(), Failure> {
        let io = |error: std::io::Error| Failure::io("create folder", &self.work, &error);
        if ours(&self.work)?.is_none() {
            self.work.parent().map_or(Ok(()), fs::create_dir_all).map_err(io)?;
            Own::make(&self.work).map_err(io)?;
        }
        for (path, text) in files {
            let folder = path.parent().unwrap_or(&self.work);
            fs::create_dir_all(folder).map_err(|error| Failure::io("create folder", folder, &error))?;
            if resume && fs::read_to_string(path).is_ok_and(|there| there != **text) {
                say(&format!("espsim: {} is not as it was submitted before: replaced", path.display()));
            }
            fs::write(path, text).map_err(|error| Failure::io("write", path, &error))?;
        }
        Ok(())
    }

    /// Removes these files, and folders that are empty then.
    fn remove(&self, files: &[(PathBuf, &String)]) -> std::io::Result<()> {
        for (path, _) in files {
            fs::remove_file(path)?;
            if let Some(folder) = path.parent().filter(|folder| *folder != self.work && is_empty(folder)) {
                fs::remove_dir(folder)?;
            }
        }
        Own::read(&self.work)?.map_or(Ok(()), |own| own.remove())
    }
}

/// Prints the batch files and the commands that would submit them.
fn show(place: &Place, task: &str, merge: &str) -> Result<(), Failure> {
    let command = |words: Vec<String>| {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        format!("sbatch {}", shell_words(words))
    };
    let name = |file: &str| shell_word(&place.work.join(file).display().to_string());
    print(
        format!(
            "# {}\n{task}\n# {}\n{merge}\n# To submit:\narray=$({})\n{}\n",
            name("task.sh"),
            name("merge.sh"),
            command(slurm::sbatch(&place.work, "task.sh", None)),
            command(slurm::sbatch(&place.work, "merge.sh", Some("ARRAY"))).replace("afterok:ARRAY", "afterok:$array"),
        )
        .as_bytes(),
    )
}
