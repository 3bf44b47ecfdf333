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

use espsim_model::profile::Profile;
use espsim_sweep::failure::Failure;
use espsim_sweep::store::folder::{Folder, default_target};

use crate::console::deliver::{Made, deliver};
use crate::host_profile::checked;
use design::plan_all;
use prices::Prices;
use question::Question;

pub use args::PlanArgs;

/// Plans and writes a folder.
///
/// # Errors
/// [`Failure`] for anything that keeps the plan from being made or written; then nothing is written.
pub fn plan(args: &PlanArgs, command: Vec<String>) -> Result<(), Failure> {
    let started = Instant::now();
    let time = jiff::Timestamp::now().to_string();
    let target = args.out.clone().unwrap_or_else(|| default_target("plan"));
    let prices = args.prices.as_deref().map(Prices::read).transpose()?;
    let question = Question::new(args)?;
    let check = |profile: &Profile| question.check(profile);
    let (profile, folder) = checked(args.profile.as_ref(), check, || Folder::create(&target))?;
    let plans = plan_all(&question, &profile.profile, args.jobs)?;
    let output = output::Output { question: &question, plans: &plans, profile: &profile, prices: prices.as_ref() };
    let files = output.files(&command, &time)?;
    let made = Made { what: format!("planned {} placements", plans.len()), started, profile: &profile };
    deliver(folder, &files, &output.text(), args.format, &made)
}
