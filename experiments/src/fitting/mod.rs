//! Machines with parameters that are set by measurements, for validation and for `espsim fit`.

pub mod keys;
pub mod machine;
pub mod solve;
