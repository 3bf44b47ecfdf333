//! espsim: the command line, sweeps and figures around the model.

#![forbid(unsafe_code)]

pub mod all;
pub mod calibrate;
pub mod campaign;
pub mod cli;
pub mod columns;
pub mod compare;
pub mod cost;
pub mod deliver;
pub mod execute;
pub mod export;
pub mod failover;
pub mod figures;
pub mod folder;
pub mod id;
pub mod input;
pub mod journal;
pub mod list;
pub mod manifest;
pub mod merge;
pub mod outcome;
pub mod output;
pub mod plan;
pub mod plot;
pub mod point_table;
pub mod points;
pub mod profile_choice;
pub mod progress;
pub mod quote;
pub mod replications;
pub mod report;
pub mod results;
pub mod run;
pub mod scenario_file;
pub mod schema;
pub mod shard;
pub mod shell;
pub mod stop;
pub mod study;
pub mod submit;
pub mod sweep;
pub mod table;
pub mod threads;
pub mod trace;
pub mod validate;
