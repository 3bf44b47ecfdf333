//! `espsim plan`: a load and goals in; for each placement the least hardware that meets them out.

mod answer;
mod args;
mod asked;
pub mod bill;
#[cfg(test)]
mod brute;
mod closed_forms;
mod design;
mod doubt;
mod drawn;
mod figure;
mod goals;
pub mod hardware;
mod keys;
mod output;
pub mod prices;
pub mod question;
pub mod search;
mod sheet;
mod wording;
mod worth;

use std::time::Instant;

use espsim_model::profile::Profile;
use espsim_sweep::campaign::simulations::Simulations;
use espsim_sweep::campaign::stop::Stop;
use espsim_sweep::failure::Failure;
use espsim_sweep::points::study::ResultKind;
use espsim_sweep::store::destination::Destination;
use espsim_sweep::store::journal::Header;

use crate::console::again::resume_line;
use crate::console::deliver::{Made, deliver, printed};
use crate::console::say;
use crate::host_profile::{HostName, checked, warn_beyond};
use design::plan_all;
use drawn::Drawn;
use prices::Prices;
use question::Question;

pub use args::{PlanArgs, bit_rate};

/// Plans and writes a folder.
///
/// # Errors
/// [`Failure`] for anything that keeps the plan from being made or written; then nothing is written.
pub fn plan(args: &PlanArgs, command: Vec<String>) -> Result<(), Failure> {
    let started = Instant::now();
    let time = jiff::Timestamp::now().to_string();
    let stop = Stop::listen()?;
    let place = Destination::new(args.folder.out.as_deref(), "plan", args.folder.resume);
    let prices = args.prices.as_deref().map(Prices::read).transpose()?;
    let question = Question::new(args)?;
    let check = |profile: &Profile| question.check(profile);
    let name = HostName { name: args.base.profile.as_ref(), of: place.taken_up(), settings: &args.base.of_profile };
    let (profile, mut folder) = stop.uninterested(|| checked(&name, check, || place.prepare()))?;
    let target = folder.target().to_owned();
    let text = question.file(Vec::new())?.source.text;
    let header = Header::of_question(ResultKind::Plan, "plan.toml", &text, question.seed, &profile);
    let simulations = Simulations::take_up(&mut folder, &header, Some(&profile.text), &stop)?;
    let drawn = Drawn::new(&profile.profile, question.draws, question.seed);
    let plans = plan_all(&question, &profile.profile, &drawn.hosts, args.work.jobs, &simulations)
        .inspect_err(|_| say(&format!("espsim: to go on: {}", resume_line(&command, &target))))?;
    if let Some(refusal) = answer::refusal(&question, &plans) {
        drop(simulations);
        folder.give_up();
        return Err(refusal);
    }
    simulations.close(&folder)?;
    let (prices, worth) = (prices.as_ref(), drawn.worth(&profile.profile, &plans));
    let output = output::Output { question: &question, plans: &plans, profile: &profile, worth: &worth, prices };
    let deciding = output.deciding()?;
    let files = output.files(&command, &time, &deciding)?;
    let most_cores = plans.iter().filter_map(|plan| Some(plan.result.as_ref().ok()?.trial.hardware.cores)).max();
    warn_beyond(&profile, most_cores.unwrap_or(0));
    let what = format!("planned {} designs", plans.len());
    let made = Made { what, started, host: Some(&profile), deciding: &deciding };
    deliver(folder, &files, printed(&files, &output.text(), args.work.format), &made)?;
    answer::served(&question, &plans)
}
