//! Native: what the running kernel's own network stack costs, without devices that not every kernel has.
//!
//! In network namespaces of our own, by root or in a user namespace: [`measure`] in this process, [`measure_in_child`] in
//! one of its own, which is privileged in a user namespace. [`terms`] says which parameter of the model each value gives,
//! [`anchor`] holds the sum of them to real UDP and TCP.
//!
//! It touches nothing that it did not make, and namespaces end with the process, whatever ends it.

pub mod anchor;
mod apply;
mod calls;
mod child;
mod derive;
mod derived;
mod esp;
mod lines;
mod measurement;
mod path;
mod rounds;
mod send;
mod site;
mod spaces;

pub use apply::{Outcome, apply};
pub use child::{COMMAND, inside, measure_in_child};
pub use derive::terms;
pub use derived::derive;
pub use esp::works as esp_works;
pub use lines::{Apart, LineTransfer};
pub use measurement::{Measurement, Plan, measure};
pub use rounds::{Row, What};
pub use site::End;

pub use crate::term::Term;
