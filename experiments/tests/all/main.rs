//! Tests of the program, in one binary.

mod common;

mod absent;
mod calibrate;
mod cli;
mod compare;
mod explore;
mod faults;
mod fit;
mod import;
mod large;
mod listings;
mod parquet;
mod parsers;
mod pcie_bench;
mod plan;
mod products;
mod reference;
mod report;
mod resume;
mod robust;
mod shell;
mod slurm;
mod static_program;
mod submit;
mod sweeps;
mod tidy;
mod trace;
mod traces;
mod validate;
