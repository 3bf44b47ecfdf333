//! `espsim plan`: a load and goals in; for each placement the least hardware that meets them out.

mod answer;
mod args;
mod design;
mod figure;
mod goals;
mod output;
pub mod prices;
pub mod question;
pub mod search;

use std::time::Instant;

pub use args::PlanArgs;
use design::plan_all;
use espsim_model::profile::Profile;
use prices::Prices;
use question::Question;

use crate::deliver::{Made, deliver};
use crate::folder::Folder;
use crate::input::Failure;
use crate::profile_choice::checked;

/// Plans and writes a folder.
///
/// # Errors
/// [`Failure`] for anything that keeps the plan from being made or written; then nothing is written.
pub fn plan(args: &PlanArgs, command: Vec<String>) -> Result<(), Failure> {
    let started = Instant::now();
    let time = jiff::Timestamp::now().to_string();
    let create = || args.out.as_deref().map_or_else(|| Folder::create_numbered("plan"), Folder::create);
    let prices = args.prices.as_deref().map(Prices::read).transpose()?;
    let question = Question::new(args)?;
    let check = |profile: &Profile| question.check(profile);
    let (profile, folder) = checked(args.profile.as_ref(), check, create)?;
    let plans = plan_all(&question, &profile.profile, args.jobs)?;
    let output = output::Output { question: &question, plans: &plans, profile: &profile, prices: prices.as_ref() };
    let files = output.files(&command, &time)?;
    let made = Made { what: format!("planned {} placements", plans.len()), started, profile: &profile };
    deliver(folder, &files, &output.text(), args.format, &made)
}
