//! espsim: the command line, sweeps and figures around the model.

#![forbid(unsafe_code)]

pub mod args;
pub mod bench;
pub mod command;
pub mod common;
pub mod console;
pub mod fitting;
pub mod host_profile;
pub mod question;
pub mod rows;
