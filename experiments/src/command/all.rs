//! `espsim run --all`: every scenario of a folder, each into a folder of its name.

use std::path::{Path, PathBuf};

use espsim_sweep::campaign::stop::Stop;
use espsim_sweep::campaign::studies::study_of;
use espsim_sweep::failure::Failure;
use espsim_sweep::file::scenario_file::ScenarioFile;
use espsim_sweep::store::folder_names::{create_numbered, latest_target};

use crate::command::run::run_study;
use crate::command::run_args::RunArgs;
use crate::common::{BaseArgs, FolderArgs};
use crate::console::again::with_out;
use crate::console::say;

/// The profile of scenarios that name none: reference results are the same on every machine.
const PROFILE: &str = "preset:zen4";

/// Runs every scenario file of a folder, in the order of their names.
///
/// # Errors
/// [`Failure`] for a folder without scenarios, or the first scenario that fails; those before it are written.
pub fn run_all(args: &RunArgs, command: &[String]) -> Result<(), Failure> {
    let files = scenarios(args.scenario())?.into_iter().map(|path| ScenarioFile::read(&path));
    let files = files.collect::<Result<Vec<ScenarioFile>, Failure>>()?;
    let stop = Stop::listen()?;
    let target = match &args.folder.out {
        Some(out) => out.clone(),
        None if args.folder.resume => latest_target("all"),
        None => create_numbered("all")?,
    };
    let done = run_each(args, command, &files, &target, &stop);
    if done.is_err() && args.folder.out.is_none() {
        // If nothing was written.
        let _ = std::fs::remove_dir(&target);
    }
    done
}

fn run_each(
    args: &RunArgs,
    command: &[String],
    files: &[ScenarioFile],
    target: &Path,
    stop: &Stop,
) -> Result<(), Failure> {
    // What goes on is the whole of it, in this folder.
    let going_on = with_out(command, target);
    for file in files {
        let name = file.source.path.file_stem().unwrap_or_default();
        say(&format!("espsim: {}", name.to_string_lossy()));
        let one = RunArgs {
            scenario: Some(file.source.path.clone()),
            all: false,
            base: BaseArgs {
                profile: args.base.profile.clone().or(file.profile.clone()).or(Some(PROFILE.into())),
                ..args.base.clone()
            },
            folder: FolderArgs { out: Some(target.join(name)), ..args.folder },
            ..args.clone()
        };
        run_study(&one, &going_on, study_of(file), stop)?;
    }
    Ok(())
}

fn scenarios(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error: std::io::Error| Failure::io("read folder", folder, &error);
    let entries = std::fs::read_dir(folder).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    if files.is_empty() {
        return Err(Failure::new(format!("no scenario file (*.toml) in {}", folder.display())));
    }
    Ok(files)
}
