//! `espsim report`: an output folder in, one HTML file out that needs no network and, unless it is live, no script.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use espsim_report::page::{read, render};
use espsim_sweep::failure::Failure;
use espsim_sweep::store::partial::Partial;

use crate::command::explore::of_results;
use crate::console::say;

/// Arguments of `report`.
#[derive(Debug, clap::Args)]
pub struct ReportArgs {
    /// The output folder
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The file to write; replaces an earlier report [default: DIR/report.html]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// With the simulator in it, as explore has it: 1.3 MB more
    #[arg(long)]
    pub live: bool,
}

/// What a report has near its beginning: a file without it is never replaced.
const MARK: &str = "<meta name=\"generator\" content=\"espsim";

/// Makes the report of an output folder.
///
/// # Errors
/// [`Failure`] for a folder that is no complete result, and for a file that cannot be written or is something else.
pub fn report(args: &ReportArgs) -> Result<(), Failure> {
    let results = read::read(&args.folder)?;
    let target = args.out.clone().unwrap_or_else(|| args.folder.join("report.html"));
    if target.symlink_metadata().is_ok() && !is_report(&target) {
        return Err(Failure::new(format!("{} exists and is no report", target.display()))
            .with_help(Some("give another with --out, or remove it".into())));
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(Failure::new(format!(
            "cannot write {}: there is no folder {}",
            target.display(),
            folder.display()
        )));
    }
    let live = args.live.then(|| of_results(&results)).transpose()?;
    let html = render::html_with(&results, live.as_ref())?;
    Partial::create(&target)?.commit(&target, &html)?;
    say(&format!("espsim: wrote {} (figures: {}, {} KiB)", target.display(), results.figures.len(), html.len() / 1024));
    Ok(())
}

fn is_report(path: &Path) -> bool {
    let mut beginning = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(1024).read_to_end(&mut beginning));
    read.is_ok() && String::from_utf8_lossy(&beginning).contains(MARK)
}
