//! Questions that take many simulations to answer.

pub mod compare;
pub mod plan;
