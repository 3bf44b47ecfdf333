//! Sweeps of scenario files: what a file asks for, its points, the campaign that simulates them, and the folder that keeps
//! what they gave. It knows no command line and draws nothing.
//!
//! Arrows go one way: `file` (what the user wrote), `points` (what is simulated and what it gave), `store` (what is kept),
//! `campaign` (who simulates it).

#![forbid(unsafe_code)]

pub mod campaign;
mod excerpt;
pub mod failure;
pub mod file;
pub mod notice;
pub mod points;
pub mod quote;
pub mod store;
mod visible;
