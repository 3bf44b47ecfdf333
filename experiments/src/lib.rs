//! espsim: the command line, sweeps and figures around the model.

#![forbid(unsafe_code)]

pub mod all;
pub mod calibrate;
pub mod cli;
pub mod compare;
pub mod export;
pub mod failover;
pub mod figures;
pub mod folder;
pub mod input;
pub mod list;
pub mod manifest;
pub mod outcome;
pub mod output;
pub mod plan;
pub mod plot;
pub mod points;
pub mod profile_choice;
pub mod progress;
pub mod report;
pub mod run;
pub mod scenario_file;
pub mod schema;
pub mod shell;
pub mod table;
pub mod trace;
pub mod validate;
