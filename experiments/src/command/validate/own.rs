//! `espsim validate --against`: rows of a user's file. Two kinds are enough for what is imported: those without a scenario lie
//! on curves of two costs, as in the family `aead`, and need nothing else; those with one are simulated on the profile that
//! is named, each by itself, since what of it was fitted to which row the file says by its `role`.

use std::path::{Path, PathBuf};

use espsim_model::profile::Profile;
use espsim_model::scenario::Scenario;
use espsim_model::uncertainty::draws;
use espsim_report::families::{Family, OWN};
use espsim_sweep::campaign::simulations::{NoRecord, Simulations};
use espsim_sweep::failure::Failure;
use espsim_sweep::file::profile::named;
use rayon::prelude::*;

use super::args::ValidateArgs;
use super::band::{self, DRAWS, SEED};
use super::published::Published;
use super::{Role, Row, aead};
use crate::fitting::machine::closed_form_gbps;
use crate::host_profile;
use crate::rows::cell::{self, Quantity};
use crate::rows::{self, OwnRow};

/// Of rows with a scenario, as of most families of that kind.
const TOLERANCE: f64 = 0.10;

/// The rows, and what they simulate.
pub struct Own {
    path: PathBuf,
    sizes: Vec<OwnRow>,
    scenarios: Vec<(OwnRow, Scenario, Quantity)>,
    profile: Option<Profile>,
    tolerance: Option<f64>,
}

impl Own {
    /// Reads a file and all that its rows name.
    ///
    /// # Errors
    /// [`Failure`] at a row that cannot be compared.
    pub fn read(path: &Path, args: &ValidateArgs) -> Result<Self, Failure> {
        let all = rows::read(path)?;
        for (series, of) in rows::curves(path, &all)? {
            let fitted: Vec<f64> = of.iter().filter(|row| row.role == Role::Fitted).filter_map(|row| row.x).collect();
            if fitted.len() != 2 || fitted[0] == fitted[1] {
                let n = fitted.len();
                let what = format!(
                    "`{series}` has {n} rows whose role is fitted: two of different sizes, whose curve the others are held \
                     against, or a `scenario` in each row"
                );
                return Err(of[0].failure(path, &what));
            }
        }
        let (sizes, scenarios): (Vec<OwnRow>, Vec<OwnRow>) = all.into_iter().partition(|row| row.scenario.is_empty());
        let choice = args.profile.as_deref().map(named).transpose()?;
        choice.iter().for_each(host_profile::warn);
        let profile = choice.map(|choice| choice.profile);
        let scenarios = scenarios.into_iter().map(|row| {
            let what = "its `scenario` is of a host: name it with --profile FILE or --profile preset:NAME";
            let profile = profile.as_ref().ok_or_else(|| row.failure(path, what))?;
            let (scenario, quantity) = cell::scenario(path, &row, &[], profile)?;
            Ok((row, scenario, quantity))
        });
        let scenarios = scenarios.collect::<Result<_, Failure>>()?;
        let tolerance = args.tolerance.map(|share| share.fraction());
        Ok(Own { path: path.to_owned(), sizes, scenarios, profile, tolerance })
    }

    /// The kinds that there are rows of.
    pub fn families(&self) -> Vec<&'static Family> {
        let is_there = [!self.sizes.is_empty(), !self.scenarios.is_empty()];
        OWN.iter().zip(is_there).filter_map(|(family, is_there)| is_there.then_some(family)).collect()
    }

    /// The rows of a kind with the model's values beside them.
    ///
    /// # Errors
    /// [`Failure`] for a simulation without an estimate, and where the process is told to end.
    pub fn rows(&self, family: &Family, simulations: &Simulations<'_>) -> Result<Vec<Row>, Failure> {
        let [sizes, scenarios] = &OWN;
        if family.name == sizes.name {
            let published = self.sizes.iter().map(Published::from).collect();
            return aead::compared(published, sizes.name, self.tolerance.unwrap_or(aead::TOLERANCE));
        }
        let compared = self.scenarios.par_iter().map(|(row, scenario, quantity)| {
            let profile = self.profile.as_ref().ok_or_else(|| row.failure(&self.path, "there is no profile"))?;
            let record = simulations.record(scenario, profile, 1).map_err(NoRecord::into_failure)?;
            let none = || row.failure(&self.path, "its simulation has no estimate: more packets (run.max_packets)");
            let simulated = quantity.given(&record).ok_or_else(none)?;
            let tolerance = Some(self.tolerance.unwrap_or(TOLERANCE));
            let row = Published::from(row).row(scenarios.name, simulated, tolerance, true);
            band::banded(vec![row], |_| drawn(scenario, profile))
        });
        Ok(compared.collect::<Result<Vec<Vec<Row>>, Failure>>()?.concat())
    }
}

/// What closed forms say of a scenario under each draw of host and devices, over what they say without.
fn drawn(scenario: &Scenario, profile: &Profile) -> Vec<f64> {
    let Some(now) = closed_form_gbps(scenario, profile) else { return Vec::new() };
    let under =
        draws(DRAWS, SEED).filter_map(|draw| closed_form_gbps(&draw.scenario(scenario), &draw.profile(profile)));
    under.map(|gbps| gbps / now).collect()
}
