//! What a sweep gave, as people read it: figures, columns of tables, and a page that answers the question.

#![forbid(unsafe_code)]

pub mod assumed;
pub mod columns;
pub mod designs;
pub mod families;
pub mod figures;
pub mod live;
pub mod page;
pub mod plot;
pub mod profile;
pub mod text_table;
pub mod timeline;
pub mod trust;
mod words;
