//! Files that users write.

pub mod axis;
pub mod hash;
pub mod own_preset;
pub mod plain;
pub mod profile;
pub mod replications;
pub mod scenario_file;
mod skip;
pub mod source;
pub mod sweep;
pub mod trace;
pub mod value;
mod walk;
