//! What rows would be with other values of what is not known of their machines, by closed forms.
//!
//! Of each draw the machine is fitted again to the rows that set it, each as wrong as it may be; a draw that no fit meets is
//! none of this machine.

use std::collections::BTreeMap;

use espsim_model::uncertainty::{Draw, draws};
use espsim_sweep::failure::Failure;
use rayon::prelude::*;
use toml::Value;

use super::super::Row;
use super::super::band::{DRAWS, SEED};
use super::super::published::{Published, find};
use super::{Case, Fitted, Machine, Setup};
use crate::fitting::keys::keys;
use crate::fitting::machine::{ERROR, closed_form_gbps, fit, scenario};

/// What each row comes to under each draw, over what it comes to without; by row.
pub(super) struct Drawn(BTreeMap<String, Vec<f64>>);

impl Drawn {
    /// Of a row; of a ratio of two the ratio of theirs.
    pub(super) fn of(&self, row: &Row, setup: &Setup) -> Vec<f64> {
        let of = |id: &str| self.0.get(id).cloned().unwrap_or_default();
        let ratio = setup.case.iter().find(|case| case.of.contains(&row.id)).and_then(|case| case.ratio.as_ref());
        let all: Vec<f64> = match ratio {
            Some([first, second]) => of(first).into_iter().zip(of(second)).map(|(a, b)| a / b).collect(),
            None => of(&row.id),
        };
        all.into_iter().filter(|ratio| ratio.is_finite()).collect()
    }
}

/// Draws for every row.
///
/// # Errors
/// [`Failure`] for a setup that is wrong.
pub(super) fn drawn(setup: &Setup, rows: &[Published], machines: &BTreeMap<String, Fitted>) -> Result<Drawn, Failure> {
    let mut all = BTreeMap::new();
    for (name, of) in &setup.machine {
        let cases: Vec<(&Published, &Case)> =
            rows.iter().filter_map(|row| Some((row, setup.case(row).ok()?))).collect();
        let own: Vec<(&Published, &Case)> =
            cases.into_iter().filter(|(_, case)| case.machine == *name && case.ratio.is_none()).collect();
        let nominal = &machines[name];
        let now: Vec<Option<f64>> = own.iter().map(|(row, case)| setup.closed(case, row.x, nominal, None)).collect();
        let under = |draw: Draw| {
            let Some(machine) = setup.refitted(of, rows, nominal, &draw).ok() else {
                return vec![f64::NAN; own.len()];
            };
            let ratio = |((row, case), now): (&(&Published, &Case), &Option<f64>)| {
                Some(setup.closed(case, row.x, &machine, Some(&draw))? / (*now)?)
            };
            own.iter().zip(&now).map(|pair| ratio(pair).unwrap_or(f64::NAN)).collect()
        };
        let draws: Vec<Draw> = draws(of.draws.unwrap_or(DRAWS), SEED).collect();
        let columns: Vec<Vec<f64>> = draws.into_par_iter().map(under).collect();
        for (i, (row, _)) in own.iter().enumerate() {
            all.insert(row.id.clone(), columns.iter().map(|column| column[i]).collect());
        }
    }
    Ok(Drawn(all))
}

impl Setup {
    /// What closed forms say of a case, with devices as they are or as a draw has them.
    fn closed(&self, case: &Case, x: Option<f64>, on: &Fitted, draw: Option<&Draw>) -> Option<f64> {
        let settings = self.settings(case, x, on);
        let settings: Vec<(&str, Value)> = settings.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
        let point = scenario(&settings).ok()?;
        closed_form_gbps(&draw.map_or_else(|| point.clone(), |draw| draw.scenario(&point)), &on.profile)
    }

    /// A machine as a draw has it, fitted to what closed forms say of the rows that set it.
    fn refitted(&self, of: &Machine, rows: &[Published], nominal: &Fitted, draw: &Draw) -> Result<Fitted, Failure> {
        let mut machine = Setup::unfitted(of)?;
        let clock = machine.profile.host.frequency;
        machine.profile = draw.profile(&machine.profile);
        if of.clock.is_some() {
            machine.profile.host.frequency = clock;
        }
        for (step, factor) in of.fit.iter().zip(&nominal.factors) {
            let row = find(rows, |row| row.id == step.row)?;
            let case = self.case(row)?;
            let keys = keys(&machine.profile, &step.row, &step.keys)?;
            let said = |on: &Fitted, draw: Option<&Draw>| {
                let none = || Failure::new(format!("closed forms say nothing of {}", step.row));
                self.closed(case, row.x, on, draw).ok_or_else(none)
            };
            let target = said(nominal, None)? * draw.measured(&step.row, ERROR);
            let with = |times: f64| machine.clone().with(step, &keys, factor * times);
            let times = fit(target, |times| said(&with(times), Some(draw)))?;
            machine = with(times);
        }
        Ok(machine)
    }
}
