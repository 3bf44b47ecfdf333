//! The commands.

pub mod all;
pub mod calibrate;
pub mod completions;
pub mod failover;
pub mod fit;
pub mod list;
pub mod merge;
pub mod presentation;
pub mod report;
pub mod results;
pub mod run;
pub mod run_args;
pub mod schema;
pub mod submit;
pub mod trace;
pub mod validate;
