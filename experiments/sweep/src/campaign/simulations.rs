//! Simulations that a question asks for one after the other, as it learns from them: each is done once, and what has ended
//! is kept in a journal under a hash of everything that it depends on.

use std::collections::HashSet;

use espsim_model::profile::Profile;
use espsim_model::record::Record;
use espsim_model::scenario::{Invalid, Scenario};
use espsim_model::simulate_unless;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::campaign::progress::{Steps, Under};
use crate::campaign::stop::Stop;
use crate::failure::Failure;
use crate::points::id::Id;
use crate::store::folder::Folder;
use crate::store::journal::{Appender, Finished, Found, Header, header_line, run_line};
use crate::store::names::{JOURNAL, PROFILE};

/// What is said when a signal ends it.
const KEPT: &str = "what has been simulated is kept";
/// What the journal in order is called until it is whole.
const ORDERED: &str = "journal.ordered";

/// Why there is no record.
#[derive(Debug, thiserror::Error)]
pub enum NoRecord {
    /// The scenario cannot be.
    #[error("{0}")]
    Invalid(#[from] Invalid),
    /// The process was told to end, or what has ended cannot be kept.
    #[error("{0}")]
    Failed(#[from] Failure),
}

/// A result as the journal keeps it: octets in hexadecimal, since numbers must come back to the last bit, whatever they are.
#[derive(Serialize, Deserialize)]
struct Kept {
    record: String,
}

/// What has been simulated, and where further records go.
pub struct Simulations<'a> {
    finished: Finished,
    journal: Appender,
    stop: &'a Stop,
    steps: Steps,
}

impl<'a> Simulations<'a> {
    /// Takes up what a folder has, or begins its journal. The profile is put beside it, where the question has one.
    ///
    /// # Errors
    /// [`Failure`] if the journal is of something else, or cannot be read or written.
    pub fn take_up(
        folder: &mut Folder,
        header: &Header,
        profile: Option<&str>,
        stop: &'a Stop,
    ) -> Result<Self, Failure> {
        let path = folder.path(JOURNAL);
        let mut finished = Finished::default();
        let found = if path.exists() { finished.add(&path)? } else { Found::default() };
        if let Some(other) = found.header.as_ref().filter(|of| of.kind != header.kind) {
            let message = format!("{} is of espsim {}, not of espsim {}", path.display(), other.kind, header.kind);
            return Err(Failure::new(message).with_help(Some("give another folder with --out".into())));
        }
        profile.map_or(Ok(()), |text| folder.replace(PROFILE, text.as_bytes()))?;
        let journal = Appender::open(&folder.claim(JOURNAL)?, found.end)?;
        if found.header.as_ref() != Some(header) {
            journal.append(&header_line(header))?;
        }
        journal.sync()?;
        folder.keep();
        Ok(Simulations { finished, journal, stop, steps: Steps::default() })
    }

    /// Puts the journal in the order of ids, so that equal questions have equal journals, and ends it.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be read or written, or the process is told to end.
    pub fn close(self, folder: &Folder) -> Result<(), Failure> {
        self.stop.ending(KEPT)?;
        let path = folder.path(JOURNAL);
        let mut finished = Finished::default();
        let header = finished.add(&path)?.header;
        let mut ordered = folder.open(ORDERED)?;
        if let Some(header) = header {
            ordered.write(&header_line(&header))?;
        }
        for id in finished.besides(&HashSet::new()) {
            if let Some((_, line)) = finished.kept::<Kept>(id)? {
                ordered.write(&line)?;
            }
        }
        ordered.close()?;
        folder.rename(ORDERED, JOURNAL)
    }

    /// What comes now has so many steps, each of some simulations: shown until it is dropped.
    pub fn begin(&self, steps: usize, what: &'static str) -> Under<'_> {
        self.steps.begin(steps as u64, what)
    }

    /// The record of a scenario on a host under a seed: simulated, unless it has been before.
    ///
    /// # Errors
    /// [`NoRecord`] for a scenario that cannot be, and where the process is told to end.
    pub fn record(&self, scenario: &Scenario, profile: &Profile, seed: u64) -> Result<Record, NoRecord> {
        let id = Id::of_simulation(scenario, profile, seed);
        self.result(id, || simulate_unless(scenario, profile, seed, &|| self.stop.is_told()))
    }

    /// A number that the model gives of something that is no scenario: measured, unless it has been before. `what` names
    /// everything that it depends on; to measure it takes less than a second.
    ///
    /// # Errors
    /// [`Failure`] where the process is told to end.
    pub fn number(&self, what: &str, measure: impl FnOnce() -> f64) -> Result<f64, Failure> {
        self.result(Id::of_measurement(what), || Ok(Some(measure()))).map_err(NoRecord::into_failure)
    }

    fn result<T: Serialize + DeserializeOwned>(
        &self,
        id: Id,
        make: impl FnOnce() -> Result<Option<T>, Invalid>,
    ) -> Result<T, NoRecord> {
        self.stop.ending(KEPT)?;
        if let Some((kept, _)) = self.finished.kept::<Kept>(id)?
            && let Some(result) = octets(&kept.record).and_then(|octets| postcard::from_bytes(&octets).ok())
        {
            return Ok(result);
        }
        let Some(result) = make()? else {
            return Err(self.stop.ending(KEPT).err().unwrap_or_else(|| Failure::new("stopped")).into());
        };
        let octets =
            postcard::to_allocvec(&result).map_err(|error| Failure::new(format!("cannot keep a record: {error}")))?;
        let record = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        self.journal.append(&run_line(id, &Kept { record }))?;
        self.steps.simulated();
        Ok(result)
    }
}

/// What cannot be is an answer; what ends the command is an error.
///
/// # Errors
/// [`Failure`] where the process is told to end, or what has ended cannot be kept.
pub fn settled<T>(result: Result<T, NoRecord>) -> Result<Result<T, Invalid>, Failure> {
    match result {
        Ok(found) => Ok(Ok(found)),
        Err(NoRecord::Invalid(invalid)) => Ok(Err(invalid)),
        Err(NoRecord::Failed(failure)) => Err(failure),
    }
}

impl NoRecord {
    /// As what ends a command.
    pub fn into_failure(self) -> Failure {
        match self {
            NoRecord::Invalid(invalid) => Failure::new(invalid.to_string()),
            NoRecord::Failed(failure) => failure,
        }
    }
}

fn octets(text: &str) -> Option<Vec<u8>> {
    let pair = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    (0..text.len()).step_by(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use espsim_model::simulate;

    use super::*;
    use crate::points::study::ResultKind;

    #[test]
    fn a_record_comes_back_to_the_last_bit() {
        let settings = [("placement", "lookaside"), ("traffic.direction", "both"), ("run.max_packets", "20000")];
        let scenario = Scenario::from_settings(&settings).unwrap();
        let profile = espsim_model::preset::profile("zen4").unwrap().unwrap();
        let record = simulate(&scenario, &profile, 3).unwrap();
        let kept = postcard::to_allocvec(&record).unwrap();
        assert_eq!(postcard::from_bytes::<Record>(&kept).unwrap(), record);
        assert_eq!(octets("00ff7e"), Some(vec![0, 255, 126]));
        assert_eq!(octets("0g"), None);
    }

    /// What was simulated once is read again, whatever has been asked in between; another seed, host or scenario is another.
    #[test]
    fn what_has_ended_is_not_simulated_again() {
        let folder = tempfile::TempDir::new().unwrap();
        let (target, stop) = (folder.path().join("out"), Stop::default());
        let choice = crate::file::profile::stand_in().unwrap();
        let profile = choice.profile.clone();
        let scenario = Scenario::from_settings(&[("run.max_packets", "2000")]).unwrap();
        let header = Header::of_question(ResultKind::Plan, "plan.toml", "", 1, &choice);
        let lines = |of: &Path| std::fs::read_to_string(of.join(JOURNAL)).unwrap().lines().count();
        let mut partial = Folder::create(&target).unwrap();
        let simulations = Simulations::take_up(&mut partial, &header, None, &stop).unwrap();
        let first = simulations.record(&scenario, &profile, 1).unwrap();
        simulations.record(&scenario, &profile, 2).unwrap();
        drop((simulations, partial));
        let mut partial = Folder::resume(&target).unwrap();
        let at = partial.path("");
        assert_eq!(lines(&at), 3);
        let simulations = Simulations::take_up(&mut partial, &header, None, &stop).unwrap();
        assert_eq!(simulations.record(&scenario, &profile, 1).unwrap(), first);
        assert_eq!(lines(&at), 3);
        let mut faster = profile.clone();
        faster.memory.copy.0 *= 0.5;
        simulations.record(&scenario, &faster, 1).unwrap();
        assert_eq!(lines(&at), 4);
        let other = Header { kind: "compare".into(), ..header };
        assert!(Simulations::take_up(&mut partial, &other, None, &stop).is_err());
    }
}
