//! A page of an output folder: one HTML file that needs no network and no script.

mod answer;
mod answer_failover;
mod before;
mod cautions;
mod csv_table;
pub mod figure;
mod glossary;
mod lead;
mod limits;
mod origin;
mod parts;
pub mod points;
mod provenance;
pub mod read;
mod relevant;
pub mod render;
mod reproduce;
mod tables;
mod validation;
mod words;
