//! The plan of each placement: its least hardware, tried again under fresh seeds, its headroom and its growth.

use espsim_model::profile::Profile;
use espsim_model::scenario::Scenario;
use espsim_model::units::Share;
use espsim_sweep::campaign::simulations::{NoRecord, Simulations, settled};
use espsim_sweep::campaign::threads::threads;
use espsim_sweep::failure::Failure;
use espsim_sweep::points::doubt::Drawing;
use rayon::prelude::*;

use super::asked::Asked;
use super::closed_forms::{Known, State};
use super::doubt::Doubt;
use super::hardware::{Component, Hardware, MOST};
use super::question::Question;
use super::search::{Design, Runs, Trial};

/// How often a core is added if fresh seeds miss a goal that the search's met.
const SECOND_THOUGHTS: u32 = 4;

/// What a placement takes.
pub struct Plan {
    /// Placement and stack.
    pub asked: Asked,
    /// Its plan, or why there is none.
    pub result: Result<Least, Impossible>,
}

/// Why no hardware is enough.
pub enum Impossible {
    /// The hardware cannot do it at all.
    Refused(String),
    /// Not even the most that was tried meets the goals: the trial.
    NotEnough(Trial),
}

/// The least hardware and how far it goes.
pub struct Least {
    /// Simulated, under seeds that the search has not seen where it chose among several; it meets the goals, unless a note
    /// says otherwise.
    pub trial: Trial,
    /// One piece less of each kind, under the same seeds.
    pub less: Vec<(Component, Trial)>,
    /// The highest load that it carries, in units of the rate asked for.
    pub carries: f64,
    /// The highest load of which no more than half a percent is lost (partial drop rate), by closed forms, in units of the rate
    /// asked for.
    pub partial: Option<f64>,
    /// What breaks beyond; nothing did up to four times the load where that is absent.
    pub broken: Option<Trial>,
    /// Closed-form limits in units of the rate asked for, the tightest first.
    pub limits: Vec<(&'static str, f64)>,
    /// What is not known of it; `None` without draws.
    pub doubt: Option<Doubt>,
    /// The least hardware for other loads by closed forms, with what simulations add to them at the load asked for; `None`
    /// where no amount is enough.
    pub growth: Vec<(f64, Option<Hardware>)>,
    /// What was simulated.
    pub scenario: Scenario,
}

impl Least {
    /// What limits first: what broke, and if nothing did the tightest closed form.
    pub fn limit(&self) -> &'static str {
        self.broken.as_ref().map(Trial::limit).or(self.limits.first().map(|(name, _)| *name)).unwrap_or("nothing")
    }

    /// What limits next, and from which load on.
    pub fn next(&self) -> Option<(&'static str, f64)> {
        self.limits.iter().copied().find(|(name, load)| *name != self.limit() && load.is_finite())
    }

    /// The kinds of which one piece less met the goals all the same under fresh seeds: the plan lies on the border.
    pub fn borderline(&self) -> impl Iterator<Item = Component> {
        self.less.iter().filter(|(_, trial)| trial.meets()).map(|(part, _)| *part)
    }
}

/// Plans of one stack, fewest cores first.
pub(super) fn ranked<'a>(plans: &'a [Plan], stack: &str) -> Vec<(&'a Plan, &'a Least)> {
    let of = plans.iter().filter(|plan| plan.asked.stack == stack);
    let mut ranked: Vec<(&Plan, &Least)> = of.filter_map(|plan| Some((plan, plan.result.as_ref().ok()?))).collect();
    ranked.sort_by_key(|(_, least)| {
        let hardware = &least.trial.hardware;
        (hardware.all_cores(), hardware.hosts, hardware.hosts * hardware.slots())
    });
    ranked
}

/// Stacks of the plans, in the order asked for.
pub(super) fn stacks(plans: &[Plan]) -> Vec<&str> {
    let mut stacks: Vec<&str> = Vec::new();
    for plan in plans {
        if !stacks.contains(&plan.asked.stack.as_str()) {
            stacks.push(&plan.asked.stack);
        }
    }
    stacks
}

/// Plans every placement over `jobs` threads; results do not depend on their number. `drawn` is what hosts and devices may be.
///
/// # Errors
/// [`Failure`] if threads cannot be started, the hardware can do none of the placements, or the process is told to end.
pub fn plan_all(
    question: &Question,
    profile: &Profile,
    drawn: &[Drawing],
    jobs: Option<u16>,
    simulations: &Simulations<'_>,
) -> Result<Vec<Plan>, Failure> {
    let pool = threads(jobs)?;
    let designs: Vec<(&Asked, Result<Design<'_>, String>)> =
        question.designs.iter().map(|asked| (asked, design(question, asked, profile, simulations))).collect();
    let refused: Vec<String> = designs
        .iter()
        .filter_map(|(asked, design)| Some(format!("{}: {}", asked.name(), design.as_ref().err()?)))
        .collect();
    if refused.len() == designs.len() {
        return Err(Failure::new(format!("no placement can be planned: {}", refused.join("; "))));
    }
    let under = simulations.begin(designs.len(), "designs");
    let planned = |(asked, design): &(&Asked, Result<Design<'_>, String>)| {
        let result = match design {
            Ok(design) => planned(question, design, drawn)?,
            Err(reason) => Err(Impossible::Refused(reason.clone())),
        };
        under.step();
        Ok(Plan { asked: (*asked).clone(), result })
    };
    pool.install(|| designs.par_iter().with_max_len(1).map(planned).collect())
}

fn design<'a>(
    question: &Question,
    asked: &Asked,
    profile: &'a Profile,
    simulations: &'a Simulations<'a>,
) -> Result<Design<'a>, String> {
    let base = question.scenario(asked, profile).map_err(|failure| failure.to_string())?;
    base.check_exists().map_err(|invalid| invalid.to_string())?;
    Ok(Design {
        base,
        profile,
        simulations,
        goals: question.goals,
        room: question.room(profile),
        known: Known::default(),
        seed: question.seed,
    })
}

fn planned(question: &Question, design: &Design<'_>, drawn: &[Drawing]) -> Result<Result<Least, Impossible>, Failure> {
    let load = question.load();
    let found = || {
        let first = match design.least(load)? {
            Ok(first) => first,
            Err(trial) => return Ok(Err(Impossible::NotEnough(trial))),
        };
        // Nothing was chosen by runs that closed forms had chosen before: they are as good as fresh ones.
        let runs = if first.is_chosen { Runs::Fresh } else { Runs::Search };
        let trial = if first.is_chosen { confirmed(design, first.hardware, load)? } else { first };
        let hardware = trial.hardware;
        let counted = Component::ALL.into_iter().filter(|part| hardware.of(*part) > 1);
        let less = counted.map(|part| {
            let less = hardware.with(part, hardware.of(part) - 1);
            Ok((part, design.trial(less, load, runs)?))
        });
        let less = less.collect::<Result<Vec<_>, NoRecord>>()?;
        let (carries, broken) = design.headroom(hardware, load)?;
        let closed = design.closed();
        Ok(Ok(Least {
            limits: closed.limits(hardware),
            doubt: Doubt::of(&closed, hardware, load, drawn).filter(|doubt| !doubt.cores.is_empty()),
            growth: growth(question, design, hardware, load),
            scenario: design.scenario(hardware, load),
            trial,
            less,
            partial: partial(design, hardware, carries),
            carries,
            broken,
        }))
    };
    Ok(settled(found())?.unwrap_or_else(|invalid| Err(Impossible::Refused(invalid.to_string()))))
}

/// The share of losses at which the partial drop rate is told (RFC 2544 searches for none; FD.io's CSIT for this one too).
const PARTIAL: Share = Share::from_fraction(0.005);

/// The highest load of which no more than [`PARTIAL`] is lost, by closed forms; `None` where they know nothing of queues.
fn partial(design: &Design<'_>, hardware: Hardware, low: f64) -> Option<f64> {
    let closed = design.closed();
    closed.state(hardware, low).filter(|state| closed.knows_queues(state))?;
    let holds = |state: &State| {
        let lost = state.loss().map_or(0.0, Share::fraction);
        lost <= PARTIAL.fraction() && state.tightest().1 <= 1.0
    };
    Some(closed.highest(hardware, low, 4.0 * low, &holds))
}

/// What other loads take: what closed forms say, with what simulations add to them at the load itself.
fn growth(question: &Question, design: &Design<'_>, hardware: Hardware, load: f64) -> Vec<(f64, Option<Hardware>)> {
    let closed = design.closed();
    let least = closed.floor(load);
    let more = |part: Component, n: u32| {
        let least = least.map_or(1, |least| least.of(part)).max(1);
        (u64::from(n) * u64::from(hardware.of(part))).div_ceil(least.into()) as u32
    };
    let grown = |factor: f64| {
        let floor = closed.floor(load * factor)?;
        let grown = Component::ALL.iter().fold(floor, |grown, &part| grown.with(part, more(part, floor.of(part))));
        Component::ALL.iter().all(|part| grown.of(*part) <= MOST.of(*part)).then_some(grown)
    };
    question.loads().iter().map(|factor| (*factor, grown(*factor))).collect()
}

/// The hardware under fresh seeds, with a core more where they miss a goal.
fn confirmed(design: &Design<'_>, hardware: Hardware, load: f64) -> Result<Trial, NoRecord> {
    let mut trial = design.trial(hardware, load, Runs::Fresh)?;
    for more in 1..=SECOND_THOUGHTS {
        if trial.meets() {
            break;
        }
        trial = design.trial(hardware.with(Component::Core, hardware.cores + more), load, Runs::Fresh)?;
    }
    Ok(trial)
}
