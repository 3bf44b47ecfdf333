//! `espsim plan`: a load and goals in; for each placement the least hardware that meets them out.

mod answer;
mod design;
mod figure;
mod goals;
mod output;
pub mod prices;
pub mod question;
pub mod search;

use std::time::Instant;

use design::plan_all;
use prices::Prices;
use question::Question;

use crate::cli::{Format, PlanArgs};
use crate::folder::{Folder, default_target};
use crate::input::Failure;
use crate::profile_choice::{measured, named, stand_in};
use crate::run::{print, say};

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
    // What the user asks is checked before the folder is made or the host is measured.
    question.check(&stand_in()?.profile)?;
    let named = args.profile.as_deref().map(named).transpose()?;
    if let Some(profile) = &named {
        question.check(&profile.profile)?;
    }
    let folder = Folder::create(&target)?;
    let profile = match named {
        Some(profile) => profile,
        None => measured(&mut |message| say(&format!("espsim: {message}")))?,
    };
    if let Some(warning) = profile.other_machine() {
        say(&format!("espsim: {warning}"));
    }
    let plans = plan_all(&question, &profile.profile, args.jobs)?;
    let output = output::Output { question: &question, plans: &plans, profile: &profile, prices: prices.as_ref() };
    let files = output.files(&command, &time)?;
    for (name, content) in &files {
        folder.write(name, content)?;
    }
    folder.commit()?;
    let content = |name: &str| files.iter().find(|(file, _)| file == name).map_or(&[][..], |(_, content)| content);
    match args.format {
        Format::Table => print(output.text().as_bytes()),
        Format::Csv => print(content(output::TABLE)),
        Format::Json => print(content(output::MANIFEST)),
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    say(&format!(
        "espsim: planned {} placements in {:.1} s on {}; wrote {} in {}",
        plans.len(),
        started.elapsed().as_secs_f64(),
        profile.summary(),
        names.join(", "),
        target.display()
    ));
    Ok(())
}
