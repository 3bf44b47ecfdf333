//! Points as columns: the same numbers as in `points.csv`, and the same bytes from shards.

use std::fs;

use tempfile::TempDir;

use crate::common::sweep::{quick, run};

/// A folder with a scenario of a few points.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("s.toml"), quick(3)).unwrap();
    folder
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_build_without_parquet_says_so() {
    let folder = folder();
    crate::common::sweep::refuse(
        &mut run(folder.path(), "s.toml", &["--out", "out", "--parquet"]),
        &["built without Parquet", "--features parquet"],
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something was written");
}

#[cfg(feature = "parquet")]
mod columns {
    use std::fs::File;

    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    use super::*;
    use crate::common::sweep::{assert_same, program, succeed};

    #[test]
    fn columns_have_what_rows_have() {
        let folder = folder();
        succeed(&mut run(folder.path(), "s.toml", &["--out", "out", "--parquet", "--draws", "30"]));
        let text = fs::read_to_string(folder.path().join("out/points.csv")).unwrap();
        let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let header = lines.next().unwrap();
        let reader = SerializedFileReader::new(File::open(folder.path().join("out/points.parquet")).unwrap()).unwrap();
        let (mut rows, mut numbers, mut absent) = (0, 0, 0);
        for row in reader.get_row_iter(None).unwrap() {
            let (row, line) = (row.unwrap(), lines.next().unwrap());
            for ((name, field), (heading, cell)) in row.get_column_iter().zip(header.iter().zip(line)) {
                assert_eq!(name, heading);
                match field {
                    Field::Null => {
                        assert_eq!(cell, "", "{name}");
                        absent += 1;
                    }
                    Field::Str(text) => assert_eq!(text, cell, "{name}"),
                    Field::Long(n) => assert_eq!(*n, cell.parse::<i64>().unwrap(), "{name}"),
                    Field::ULong(n) => assert_eq!(*n, cell.parse::<u64>().unwrap(), "{name}"),
                    Field::Double(x) => {
                        assert_eq!(x.to_bits(), cell.parse::<f64>().unwrap().to_bits(), "{name}");
                        numbers += 1;
                    }
                    other => panic!("{name}: {other:?}"),
                }
            }
            rows += 1;
        }
        assert_eq!(lines.next(), None);
        assert!(rows > 500 && numbers > rows && absent > rows, "{rows} rows, {numbers} numbers, {absent} absent");
    }

    #[test]
    fn shards_give_the_same_columns() {
        let folder = folder();
        succeed(&mut run(folder.path(), "s.toml", &["--out", "whole", "--parquet"]));
        for shard in ["1/2", "2/2"] {
            succeed(&mut run(folder.path(), "s.toml", &["--out", &format!("s{}", &shard[..1]), "--shard", shard]));
        }
        succeed(&mut program(folder.path(), &["merge", "s1", "s2", "--out", "merged", "--parquet"]));
        assert_same(&folder.path().join("whole"), &folder.path().join("merged"));
    }
}
