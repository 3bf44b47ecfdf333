//! The reference results in `results/`: of every scenario, with today's columns, and small enough to be read.
//!
//! Whether the numbers are those that the model gives, `.ci/results` tells.

use std::fs;
use std::path::{Path, PathBuf};

use espsim_sweep::campaign::studies::study_of;
use espsim_sweep::file::profile::{named, stand_in};
use espsim_sweep::file::scenario_file::ScenarioFile;
use espsim_sweep::file::value::shown;
use espsim_sweep::points::points;
use espsim_sweep::store::point_table::{self, PointTable};

/// Octets of a table that is kept.
const MOST: u64 = 20_000;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Tables that are kept: whatever else a run wrote is named in `.gitignore`.
fn tables() -> Vec<PathBuf> {
    let ignored = fs::read_to_string(root().join(".gitignore")).unwrap();
    let ignored: Vec<&str> = ignored.lines().filter_map(|line| line.strip_prefix("/results/*/")).collect();
    let folders = files(&root().join("results")).into_iter().filter(|path| path.is_dir());
    let mut tables: Vec<PathBuf> = folders.flat_map(|folder| files(&folder)).collect();
    tables.retain(|path| path.extension().is_some_and(|extension| extension == "csv"));
    tables.retain(|path| !ignored.contains(&path.file_name().unwrap().to_str().unwrap()));
    tables
}

#[test]
fn every_scenario_has_a_row_for_each_of_its_points() {
    for scenario in files(&root().join("experiments/scenarios")) {
        let file = ScenarioFile::read(&scenario).unwrap();
        let host = file.profile.as_deref().map_or_else(stand_in, named).unwrap().profile;
        let path = root().join("results").join(scenario.file_stem().unwrap()).join(point_table::FILE);
        let columns = study_of(&file).csv.iter().find(|csv| csv.file == point_table::FILE).unwrap().header;
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().next().unwrap(), columns(&file).join(","), "{}", path.display());
        let table = PointTable::read(&path).unwrap();
        let rows: Vec<(String, Vec<String>)> =
            table.rows.into_iter().map(|row| (row.series, row.coordinates)).collect();
        let points: Vec<(String, Vec<String>)> = points(&file, &[], &host)
            .unwrap()
            .into_iter()
            .map(|point| (point.place.series, point.place.coordinates.iter().map(shown).collect()))
            .collect();
        assert_eq!(rows, points, "{}", path.display());
    }
}

#[test]
fn tables_are_small_and_their_numbers_short() {
    let tables = tables();
    assert!(tables.len() > 20, "{tables:?}");
    for path in tables {
        assert!(fs::metadata(&path).unwrap().len() < MOST, "{}", path.display());
        let mut reader = csv::Reader::from_path(&path).unwrap();
        let header = reader.headers().unwrap().clone();
        // What a parameter was set to, swept by its key or moved, is no estimate.
        let is_estimate = |column: usize| !header[column].contains('.') && !["low", "high"].contains(&&header[column]);
        for record in reader.records().map(Result::unwrap) {
            let cells = record.iter().enumerate().filter(|(column, _)| is_estimate(*column));
            for number in cells.map(|(_, cell)| cell).filter(|cell| cell.parse::<f64>().is_ok()) {
                let digits = number.replace(['-', '.'], "");
                let digits = digits.trim_matches('0').len();
                assert!(digits <= 4, "{}: {number}", path.display());
            }
        }
    }
}
