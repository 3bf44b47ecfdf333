//! One SA that the NIC spreads over receive queues: how its lock makes more cores slower.
//!
//! Fitted on two and on eight queues: how long the lock is held by itself, and what moving a line from another core takes.
//! The other numbers of queues are predicted; what receiving costs outside the lock is the preset's.

use espsim_model::profile::Profile;
use espsim_sweep::failure::Failure;
use espsim_sweep::store::validation::Role;
use toml::Value;

use super::Row;
use super::published::{Published, read};
use crate::fitting::machine::{cpu, goodput_gbps, run};
use crate::fitting::solve::{Measured, solve};

const TOLERANCE: f64 = 0.15;
/// Relative error that the figures, of three digits, are given: it weighs both alike.
const ERROR: f64 = 0.01;

/// Goodput in Gb/s of receiving TCP by one SA on so many queues, each of a core.
fn goodput(profile: &Profile, queues: i64) -> Result<f64, Failure> {
    let record = run(
        profile,
        &[
            ("placement", "inline-crypto".into()),
            ("host.cores", Value::Integer(queues)),
            ("traffic.direction", "receive".into()),
            ("traffic.transport", "tcp".into()),
            ("traffic.packet", "1446 B".into()),
            ("traffic.flows", Value::Integer(64)),
            ("sa.count", Value::Integer(1)),
            ("sa.lock", "ticket".into()),
            ("nic.preset", "connectx-7".into()),
            ("nic.esp.rss_inner", Value::Boolean(true)),
        ],
    )?;
    goodput_gbps(&record)
}

/// A host whose lock is held so much longer, and whose lines move so much more slowly.
fn with(base: &Profile, factors: &[f64]) -> Profile {
    let mut profile = base.clone();
    profile.stack.sa_lock = profile.stack.sa_lock * factors[0];
    profile.stack.line_transfer = profile.stack.line_transfer * factors[1];
    profile
}

pub(super) fn rows() -> Result<Vec<Row>, Failure> {
    let published: Vec<Published> = read("shared_sa.csv", include_str!("../../../validation/shared_sa.csv"))?;
    let base = cpu("ice-lake-sp")?;
    let queues = |row: &Published| row.x.unwrap_or(1.0) as i64;
    let fitted: Vec<&Published> = published.iter().filter(|row| row.role() == Role::Fitted).collect();
    let measured: Vec<Measured> = fitted.iter().map(|row| Measured { value: row.published, error: ERROR }).collect();
    let factors = solve(2, &measured, |factors| {
        let profile = with(&base, factors);
        fitted.iter().map(|row| goodput(&profile, queues(row))).collect::<Result<Vec<f64>, Failure>>()
    });
    let names = ["stack.sa_lock".to_owned(), "stack.line_transfer".to_owned()];
    let rows: Vec<&str> = fitted.iter().map(|row| row.id.as_str()).collect();
    let factors = factors.map_err(|no_fit| Failure::new(no_fit.explain(&names, &rows)))?;
    let machine = with(&base, &[factors[0].factor, factors[1].factor]);
    published
        .into_iter()
        .map(|row| {
            let simulated = goodput(&machine, queues(&row))?;
            Ok(row.row("shared-sa", simulated, Some(TOLERANCE), true))
        })
        .collect()
}
