//! What rows would be with other values of what is not known of the host. No closed form has what cores do that wait for a
//! lock: a few draws are simulated, and shortly.

use std::collections::BTreeMap;

use espsim_model::profile::Profile;
use espsim_model::uncertainty::{Draw, draws};
use espsim_sweep::failure::Failure;
use rayon::prelude::*;
use toml::Value;

use super::super::Role;
use super::super::band::SEED;
use super::{Case, base, with};
use crate::fitting::machine::{ERROR, cpu};

/// Draws that are simulated.
const DRAWS: u32 = 16;
/// Packets of a simulation: a fifth of what rows have.
const PACKETS: i64 = 30_000;
/// Step of a difference, as a logarithm.
const STEP: f64 = 0.1;
/// The farthest that a refit goes, as a logarithm: a factor of four.
const FARTHEST: f64 = 1.4;

/// What each row comes to under each draw, over what it comes to without, by row.
pub(super) fn drawn(
    cases: &[Case<'_>],
    host: &Profile,
    factors: &[f64],
) -> Result<BTreeMap<String, Vec<f64>>, Failure> {
    let short = [("run.max_packets", Value::Integer(PACKETS))];
    let all = |machine: &Profile| {
        cases.par_iter().map(|case| Ok(case.of(machine, &short)?.ln())).collect::<Result<Vec<f64>, Failure>>()
    };
    let now = all(&with(&base(host), factors))?;
    let fitted: Vec<usize> = (0..cases.len()).filter(|i| cases[*i].row.role == Role::Fitted).collect();
    let of_fitted = |machine: &Profile| -> Result<Vec<f64>, Failure> {
        fitted.par_iter().map(|i| Ok(cases[*i].of(machine, &short)?.ln())).collect()
    };
    let moved = |parameter: usize| {
        let mut factors = factors.to_vec();
        factors[parameter] *= STEP.exp();
        let then = of_fitted(&with(&base(host), &factors))?;
        Ok(fitted.iter().zip(then).map(|(i, then)| (then - now[*i]) / STEP).collect())
    };
    let slopes = [moved(0)?, moved(1)?];
    let under = |draw: Draw| {
        let host = another(host, &draw)?;
        let given = of_fitted(&with(&base(&host), factors))?;
        let off = |(i, given): (&usize, f64)| now[*i] + draw.measured(&cases[*i].row.id, ERROR).ln() - given;
        let off: Vec<f64> = fitted.iter().zip(given).map(off).collect();
        let Some(step) = solved(&slopes, &off).filter(|step| step.iter().all(|step| step.abs() < FARTHEST)) else {
            return Ok(None);
        };
        let factors: Vec<f64> = factors.iter().zip(step).map(|(factor, step)| factor * step.exp()).collect();
        all(&with(&base(&host), &factors)).map(Some)
    };
    let draws: Vec<Draw> = draws(DRAWS, SEED).collect();
    let drawn: Vec<Option<Vec<f64>>> = draws.into_par_iter().map(under).collect::<Result<_, Failure>>()?;
    let ratios = |i: usize| drawn.iter().flatten().map(|drawn| (drawn[i] - now[i]).exp()).collect();
    Ok(cases.iter().enumerate().map(|(i, case)| (case.row.id.clone(), ratios(i))).collect())
}

/// The host as a draw has it: its clock, which is assumed, is as doubtful as that of the preset.
fn another(host: &Profile, draw: &Draw) -> Result<Profile, Failure> {
    let preset = cpu("zen4")?;
    let mut drawn = draw.profile(&preset);
    let clock = drawn.host.frequency.get() as f64 / preset.host.frequency.get() as f64;
    drawn.host.frequency = host.host.frequency.scale(clock);
    Ok(drawn)
}

/// The step of two parameters that takes off what two rows are off (Cramer); `None` where they do not tell them apart.
fn solved(slopes: &[Vec<f64>; 2], off: &[f64]) -> Option<[f64; 2]> {
    let ([a, c], [b, d], [x, y]) =
        (slopes[0][..].try_into().ok()?, slopes[1][..].try_into().ok()?, off.try_into().ok()?);
    let (a, b, c, d, x, y): (f64, f64, f64, f64, f64, f64) = (a, b, c, d, x, y);
    let determinant = a * d - b * c;
    (determinant.abs() > 1e-6).then(|| [(x * d - b * y) / determinant, (a * y - c * x) / determinant])
}
