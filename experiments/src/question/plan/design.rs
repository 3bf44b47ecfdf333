//! The plan of each placement: its least hardware, tried again under fresh seeds, its headroom and its growth.

use espsim_model::profile::Profile;
use espsim_model::scenario::{Invalid, Scenario};
use espsim_sweep::campaign::simulations::{NoRecord, Simulations, settled};
use espsim_sweep::campaign::threads::threads;
use espsim_sweep::failure::Failure;
use rayon::prelude::*;

use super::question::Question;
use super::search::{Component, Design, Hardware, Runs, Trial};

/// Loads of the growth curve, in units of the rate asked for.
pub const GROWTH: [f64; 4] = [0.25, 0.5, 2.0, 4.0];
/// How often a core is added if fresh seeds miss a goal that the search's met.
const SECOND_THOUGHTS: u32 = 4;

/// What a placement takes.
pub struct Plan {
    /// The placement.
    pub placement: String,
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
    /// Simulated under seeds that the search has not seen; it meets the goals, unless a note says otherwise.
    pub trial: Trial,
    /// One piece less of each kind, under the same seeds.
    pub less: Vec<(Component, Trial)>,
    /// The highest load that it carries, in units of the rate asked for.
    pub carries: f64,
    /// What breaks beyond; nothing did up to four times the load where that is absent.
    pub broken: Option<Trial>,
    /// Closed-form limits in units of the rate asked for, the tightest first.
    pub limits: Vec<(&'static str, f64)>,
    /// The least hardware for other loads; `None` where no amount is enough.
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

/// The least hardware of a search, the trial that shows that no amount is enough, or why there can be none.
type Found = Result<Result<Trial, Trial>, Invalid>;

/// Plans every placement over `jobs` threads; results do not depend on their number.
///
/// # Errors
/// [`Failure`] if threads cannot be started, the hardware can do none of the placements, or the process is told to end.
pub fn plan_all(
    question: &Question,
    profile: &Profile,
    jobs: Option<u16>,
    simulations: &Simulations<'_>,
) -> Result<Vec<Plan>, Failure> {
    let pool = threads(jobs)?;
    let designs: Vec<(&String, Result<Design<'_>, String>)> =
        question.placements.iter().map(|name| (name, design(question, name, profile, simulations))).collect();
    let refused: Vec<String> =
        designs.iter().filter_map(|(name, design)| Some(format!("{name}: {}", design.as_ref().err()?))).collect();
    if refused.len() == designs.len() {
        return Err(Failure::new(format!("no placement can be planned: {}", refused.join("; "))));
    }
    let possible: Vec<&Design<'_>> = designs.iter().filter_map(|(_, design)| design.as_ref().ok()).collect();
    let loads: Vec<f64> = std::iter::once(1.0).chain(GROWTH).map(|load| load * question.load()).collect();
    let under = simulations.begin(possible.len() * (loads.len() + 1), "searches");
    let searches: Vec<(&Design<'_>, f64)> =
        possible.iter().flat_map(|design| loads.iter().map(|load| (*design, *load))).collect();
    let found: Result<Vec<Found>, Failure> = pool.install(|| {
        let search = |(design, load): &(&Design<'_>, f64)| {
            let found = settled(design.least(*load));
            under.step();
            found
        };
        searches.par_iter().with_max_len(1).map(search).collect()
    });
    let found = found?;
    let results: Result<Vec<Result<Least, Impossible>>, Failure> = pool.install(|| {
        let finished = possible.par_iter().zip(found.par_chunks(loads.len())).with_max_len(1).map(|(design, found)| {
            let done = finish(question, design, found);
            under.step();
            done
        });
        finished.collect()
    });
    let mut results = results?.into_iter();
    let plan = |(placement, design): (&String, Result<Design<'_>, String>)| Plan {
        placement: placement.clone(),
        result: match design {
            Ok(_) => results.next().unwrap_or_else(|| Err(Impossible::Refused("not searched".into()))),
            Err(reason) => Err(Impossible::Refused(reason)),
        },
    };
    Ok(designs.into_iter().map(plan).collect())
}

fn design<'a>(
    question: &Question,
    placement: &str,
    profile: &'a Profile,
    simulations: &'a Simulations<'a>,
) -> Result<Design<'a>, String> {
    let base = question.scenario(placement, profile).map_err(|failure| failure.to_string())?;
    base.check_exists().map_err(|invalid| invalid.to_string())?;
    Ok(Design { base, profile, simulations, goals: question.goals, seed: question.seed })
}

fn finish(question: &Question, design: &Design<'_>, found: &[Found]) -> Result<Result<Least, Impossible>, Failure> {
    let first = match &found[0] {
        Ok(Ok(trial)) => trial,
        Ok(Err(trial)) => return Ok(Err(Impossible::NotEnough(trial.clone()))),
        Err(invalid) => return Ok(Err(Impossible::Refused(invalid.to_string()))),
    };
    let load = question.load();
    let again = || {
        let trial = confirmed(design, first.hardware, load)?;
        let hardware = trial.hardware;
        let counted = Component::ALL.into_iter().filter(|part| hardware.of(*part) > 1);
        let less = counted.map(|part| {
            let less = hardware.with(part, hardware.of(part) - 1);
            Ok((part, design.trial(less, load, Runs::Fresh)?))
        });
        let less = less.collect::<Result<Vec<_>, NoRecord>>()?;
        let (carries, broken) = design.headroom(hardware, load)?;
        Ok((trial, less, carries, broken))
    };
    let (trial, less, carries, broken) = match settled(again())? {
        Ok(found) => found,
        Err(invalid) => return Ok(Err(Impossible::Refused(invalid.to_string()))),
    };
    let growth = GROWTH.iter().zip(&found[1..]);
    let growth =
        growth.map(|(load, found)| (*load, found.as_ref().ok().and_then(|f| f.as_ref().ok()).map(|t| t.hardware)));
    Ok(Ok(Least {
        limits: design.limits(trial.hardware),
        growth: growth.collect(),
        scenario: design.scenario(trial.hardware, load),
        trial,
        less,
        carries,
        broken,
    }))
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
