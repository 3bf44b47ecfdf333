//! What is to be simulated: the points of a file on a host, each with its id, and how often.

pub mod execute;
pub mod progress;
pub mod simulations;
pub mod stop;
pub mod studies;
pub mod threads;

use std::cmp::Ordering;
use std::collections::HashSet;

use espsim_model::layers::Layer;
use rayon::prelude::*;

use crate::campaign::stop::Stop;
use crate::failure::{Failure, nearest};
use crate::file::hash::hash;
use crate::file::profile::ProfileChoice;
use crate::file::replications::Replications;
use crate::points::doubt::{Drawn, Draws};
use crate::points::enough::is_enough;
use crate::points::id::Id;
use crate::points::outcome::{Outcome, Run, seed};
use crate::points::shard::Shard;
use crate::points::study::Study;
use crate::points::{Point, Points, check_settings};
use crate::store::journal::{Finished, Header};
use crate::store::manifest_of::{Subject, keep_common};

/// Points that are resolved at a time.
const CHUNK: usize = 4096;

/// All runs of a sweep.
pub struct Campaign<'a> {
    /// What is simulated and shown.
    pub study: &'a Study,
    /// The points.
    pub points: Points<'a>,
    /// The profile and where it came from.
    pub profile: &'a ProfileChoice,
    /// Machines that the host may be instead; none to leave that out.
    pub draws: &'a Draws,
    /// Base of all seeds.
    pub seed: u64,
    /// Parameters that are the same at every point.
    pub common: Layer,
    /// The most cores of any point.
    pub most_cores: u32,
    ids: Vec<Id>,
    costs: Vec<f32>,
}

/// What is done by one thread in one go: a run, or where the number of replications depends on what they give, all of a
/// point's replications one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// One replication, by number.
    Single(u32),
    /// Replications until they are enough.
    Replications,
}

impl<'a> Campaign<'a> {
    /// Resolves and checks every point, on all threads of the current pool, and keeps its id.
    ///
    /// # Errors
    /// [`Failure`] of the first point that is wrong, or if a signal tells the process to end.
    pub fn new(
        study: &'a Study,
        points: Points<'a>,
        profile: &'a ProfileChoice,
        draws: &'a Draws,
        seed: u64,
        stop: &Stop,
    ) -> Result<Self, Failure> {
        check_settings(points.file, points.settings)?;
        let n = points.len();
        let (mut ids, mut costs) = (Vec::with_capacity(n), Vec::with_capacity(n));
        let (mut common, mut most_cores): (Option<Layer>, u32) = (None, 0);
        let profile_hash = hash(&profile.text);
        for start in (0..n).step_by(CHUNK) {
            stop.checking(start, n)?;
            let chunk: Vec<Result<Resolved, Failure>> = (start..(start + CHUNK).min(n))
                .into_par_iter()
                .with_min_len(64)
                .try_fold(Resolved::default, |mut part, i| {
                    let point = points.resolve(i)?;
                    (study.check)(points.file, &point)?;
                    points.check_offered(i, &point)?;
                    part.ids.push(Id::of_point(study.kind.name(), &profile_hash, &point.values));
                    part.costs.push((study.cost)(&point.scenario) as f32);
                    keep_common(&mut part.common, &point.values);
                    part.most_cores = part.most_cores.max(point.scenario.host.cores);
                    Ok(part)
                })
                .collect();
            for part in chunk {
                let part = part?;
                ids.extend(part.ids);
                costs.extend(part.costs);
                most_cores = most_cores.max(part.most_cores);
                if let Some(layer) = &part.common {
                    keep_common(&mut common, layer);
                }
            }
        }
        let common = common.unwrap_or_default();
        Ok(Campaign { study, points, profile, draws, seed, common, most_cores, ids, costs })
    }

    /// What a journal of these runs begins with.
    pub fn header(&self, shard: Option<Shard>) -> Header {
        let file = self.points.file;
        let name = file.source.path.file_name().unwrap_or_default().to_string_lossy();
        Header {
            settings: self.points.settings.iter().map(ToString::to_string).collect(),
            drawn: self.draws.len() as u32,
            shard,
            ..Header::of_question(self.study.kind, &name, &file.source.text, self.seed, self.profile)
        }
    }

    /// What the manifest of its folder is about.
    pub fn subject(&self) -> Subject<'_> {
        Subject {
            kind: self.study.kind,
            file: self.points.file,
            settings: self.points.settings,
            profile: self.profile,
            drawn: self.draws.len(),
            seed: self.seed,
            common: &self.common,
            number_of_points: self.points.len(),
        }
    }

    /// The points of a shard, or all, by number.
    pub fn own(&self, shard: Option<Shard>) -> Vec<u32> {
        shard.map_or_else(|| (0..self.ids.len() as u32).collect(), |shard| shard.points(&self.ids))
    }

    /// Sorts points so that those that take longest come first: a long one that is begun last would keep one thread busy
    /// while all others are done (longest processing time first; Graham, SIAM J. Appl. Math. 17, 1969).
    pub fn sort_by_cost(&self, points: &mut [u32]) {
        let cost = |point: &u32| self.costs[*point as usize];
        points.sort_by(|a, b| cost(b).partial_cmp(&cost(a)).unwrap_or(Ordering::Equal));
    }

    /// What one run of a point is expected to take, in an arbitrary unit.
    pub fn cost(&self, point: usize) -> f64 {
        self.costs[point].into()
    }

    fn replications(&self) -> &Replications {
        &self.points.file.replications
    }

    /// What there is to do for every point.
    pub fn tasks(&self) -> Vec<Task> {
        match self.replications() {
            Replications::Fixed(n) => (0..*n).map(Task::Single).collect(),
            Replications::Until(_) => vec![Task::Replications],
        }
    }

    /// The id of one of a point's replications.
    pub fn id(&self, point: usize, replication: u32) -> Id {
        self.ids[point].replication(replication, self.seed)
    }

    /// Simulates one of a point's replications; nothing where `is_stopped` says so meanwhile.
    ///
    /// # Errors
    /// [`Failure`] for a scenario that fails its check.
    pub fn simulate(
        &self,
        point: &Point,
        replication: u32,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Option<Run>, Failure> {
        let seed = seed(self.seed, replication);
        let run = (self.study.simulate)(&point.scenario, &self.profile.profile, seed, is_stopped);
        run.map_err(|error| Failure::new(error.to_string()))
    }

    /// What draws say of a point that has ended.
    ///
    /// # Errors
    /// [`Failure`] for a point that is wrong, which a campaign has found before.
    pub fn drawn(&self, point: usize, outcome: &Outcome) -> Result<Vec<Drawn>, Failure> {
        if self.draws.is_empty() {
            return Ok(Vec::new());
        }
        let point = self.points.resolve(point)?;
        Ok((self.study.drawn)(&point, &self.profile.profile, self.draws, outcome))
    }

    /// Whether a point needs no replication after these, its first ones.
    ///
    /// # Errors
    /// [`Failure`] at `replications.metric` if that was not observed.
    pub fn is_enough(&self, point: usize, runs: &[Run]) -> Result<bool, Failure> {
        is_enough(self.replications(), runs).map_err(|observed| {
            let Replications::Until(until) = self.replications() else { return Failure::new("no replications") };
            let (metric, names) = (&until.metric, observed.iter().map(String::as_str).collect::<Vec<_>>());
            let series = self.points.place(point).series;
            let message =
                format!("`replications.metric`: `{metric}` is not observed in series `{series}`: {}", names.join(", "));
            self.points.file.failure("replications.metric", message).with_help(nearest(metric, &names))
        })
    }

    /// What a point has given, with the lines of its runs; `None` if a run is missing.
    ///
    /// # Errors
    /// [`Failure`] if a run cannot be read.
    pub fn outcome(&self, finished: &Finished, point: usize) -> Result<Option<(Outcome, Vec<u8>)>, Failure> {
        let mut outcome = Outcome { place: self.points.place(point), runs: Vec::new(), drawn: Vec::new() };
        let mut lines = Vec::new();
        while outcome.runs.is_empty() || !self.is_enough(point, &outcome.runs)? {
            let Some((run, line)) = finished.read(self.id(point, outcome.runs.len() as u32))? else {
                return Ok(None);
            };
            outcome.runs.push(run);
            lines.extend(line);
        }
        Ok(Some((outcome, lines)))
    }

    /// The runs of these points.
    ///
    /// # Errors
    /// [`Failure`] if a run cannot be read.
    pub fn used(&self, finished: &Finished, points: &[u32]) -> Result<HashSet<Id>, Failure> {
        let mut used = HashSet::new();
        for &point in points {
            let point = point as usize;
            let replications = match self.replications() {
                Replications::Fixed(n) => *n as usize,
                Replications::Until(_) => self.outcome(finished, point)?.map_or(0, |(outcome, _)| outcome.runs.len()),
            };
            used.extend((0..replications as u32).map(|replication| self.id(point, replication)));
        }
        Ok(used)
    }

    /// How many of these points lack a run.
    ///
    /// # Errors
    /// [`Failure`] if a run cannot be read.
    pub fn incomplete(&self, finished: &Finished, points: &[u32]) -> Result<usize, Failure> {
        let is_missing = |point: &u32| match self.replications() {
            // What a run gave need not be known.
            Replications::Fixed(_) => {
                let (done, of) = self.count(finished, &[*point]);
                Ok(done < of)
            }
            Replications::Until(_) => Ok(self.outcome(finished, *point as usize)?.is_none()),
        };
        points.iter().map(is_missing).try_fold(0, |n, missing| Ok(n + usize::from(missing?)))
    }

    /// How many of these points' first runs have finished, and how many there are at least.
    pub fn count(&self, finished: &Finished, points: &[u32]) -> (usize, usize) {
        let least = self.replications().least();
        let of_point = |&point: &u32| (0..least).filter(|run| finished.contains(self.id(point as usize, *run))).count();
        (points.iter().map(of_point).sum(), points.len() * least as usize)
    }
}

/// What a thread has made of some points.
#[derive(Default)]
struct Resolved {
    ids: Vec<Id>,
    costs: Vec<f32>,
    common: Option<Layer>,
    most_cores: u32,
}
