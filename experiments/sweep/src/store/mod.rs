//! What is kept of a campaign: a folder, and the formats of the files in it.

pub mod columns;
pub mod csv_text;
pub mod destination;
pub mod folder;
pub mod folder_names;
pub mod headline;
pub mod journal;
pub mod lock;
pub mod manifest;
pub mod manifest_of;
pub mod names;
pub mod own;
pub mod partial;
pub mod point_table;
pub mod points_csv;
mod replaced;
pub mod timeline_csv;
pub mod used_profile;
pub mod validation;
mod version;
