//! `points.parquet`: the rows of `points.csv` as columns with types, for sweeps that are too large to be read as text.

use crate::failure::Failure;

/// The file's name.
pub const FILE: &str = "points.parquet";

/// Refuses where this program was built without Parquet.
///
/// # Errors
/// [`Failure`] that says how to build it with.
pub fn check(wanted: bool) -> Result<(), Failure> {
    match wanted && cfg!(not(feature = "parquet")) {
        true => Err(Failure::new("--parquet: this program was built without Parquet")
            .with_help(Some("cargo build --release --features parquet".into()))),
        false => Ok(()),
    }
}

#[cfg(feature = "parquet")]
pub use writer::Columns;

/// Nothing: [`check`] has refused.
#[cfg(not(feature = "parquet"))]
pub enum Columns {}

#[cfg(not(feature = "parquet"))]
impl Columns {
    /// Nothing is made.
    ///
    /// # Errors
    /// As [`check`].
    pub fn create(_: std::path::PathBuf, _: &[String]) -> Result<Self, Failure> {
        check(true).and_then(|()| Err(Failure::new("no Parquet")))
    }

    /// Never called.
    ///
    /// # Errors
    /// None.
    pub fn write(&mut self, _: Vec<Vec<String>>) -> Result<(), Failure> {
        match *self {}
    }

    /// Never called.
    ///
    /// # Errors
    /// None.
    pub fn close(self) -> Result<(), Failure> {
        match self {}
    }
}

#[cfg(feature = "parquet")]
mod writer {
    use std::fs::File;
    use std::path::PathBuf;
    use std::sync::Arc;

    use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
    use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
    use parquet::errors::ParquetError;
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
    use parquet::schema::types::Type;

    use crate::failure::Failure;
    use crate::store::points_csv::{DRAWN_HIGH, DRAWN_LOW, DRAWS};

    /// Rows that are in memory at a time: a row group.
    const GROUP: usize = 1 << 15;

    /// How a column is kept, by its name.
    fn kind(name: &str) -> (Physical, Option<LogicalType>) {
        match name {
            // Seeds have 64 bits and no sign.
            "seed" => (Physical::INT64, Some(LogicalType::integer(64, false))),
            "point" | "replication" | "n" | DRAWS => (Physical::INT64, None),
            "value" | "low" | "high" | DRAWN_LOW | DRAWN_HIGH => (Physical::DOUBLE, None),
            _ => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        }
    }

    /// A file in the making.
    pub struct Columns {
        path: PathBuf,
        names: Vec<String>,
        writer: SerializedFileWriter<File>,
        rows: Vec<Vec<String>>,
    }

    impl Columns {
        /// Makes a file with columns of these names.
        ///
        /// # Errors
        /// [`Failure`] if it cannot be made.
        pub fn create(path: PathBuf, names: &[String]) -> Result<Self, Failure> {
            let file = File::create(&path).map_err(|error| Failure::io("write", &path, &error))?;
            let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
            let writer = schema(names)
                .and_then(|schema| SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties)))
                .map_err(|error| failed(&path, &error))?;
            Ok(Columns { path, names: names.to_vec(), writer, rows: Vec::new() })
        }

        /// Adds rows, each with a value for every column; empty text is none.
        ///
        /// # Errors
        /// [`Failure`] if they cannot be written.
        pub fn write(&mut self, rows: Vec<Vec<String>>) -> Result<(), Failure> {
            self.rows.extend(rows);
            if self.rows.len() < GROUP { Ok(()) } else { self.flush() }
        }

        /// Ends; everything is on the disk when this returns.
        ///
        /// # Errors
        /// [`Failure`] if it could not all be written.
        pub fn close(mut self) -> Result<(), Failure> {
            self.flush()?;
            let file = self.writer.into_inner().map_err(|error| failed(&self.path, &error))?;
            file.sync_all().map_err(|error| Failure::io("write", &self.path, &error))
        }

        fn flush(&mut self) -> Result<(), Failure> {
            if self.rows.is_empty() {
                return Ok(());
            }
            let rows = std::mem::take(&mut self.rows);
            let mut write = || {
                let mut group = self.writer.next_row_group()?;
                for (i, name) in self.names.iter().enumerate() {
                    let cells = rows.iter().map(|row| row[i].as_str());
                    match kind(name) {
                        (Physical::INT64, Some(_)) => {
                            column::<Int64Type>(&mut group, cells, |text| Some(text.parse::<u64>().ok()? as i64))
                        }
                        (Physical::INT64, None) => column::<Int64Type>(&mut group, cells, |text| text.parse().ok()),
                        (Physical::DOUBLE, _) => column::<DoubleType>(&mut group, cells, |text| text.parse().ok()),
                        _ => column::<ByteArrayType>(&mut group, cells, |text| {
                            (!text.is_empty()).then(|| ByteArray::from(text))
                        }),
                    }?;
                }
                group.close().map(drop)
            };
            write().map_err(|error| failed(&self.path, &error))
        }
    }

    /// Writes one column of a row group; what cannot be read as its type is none.
    fn column<'a, T: DataType>(
        group: &mut SerializedRowGroupWriter<'_, File>,
        cells: impl Iterator<Item = &'a str>,
        read: impl Fn(&str) -> Option<T::T>,
    ) -> Result<(), ParquetError> {
        let values: Vec<Option<T::T>> = cells.map(read).collect();
        let present: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
        let values: Vec<T::T> = values.into_iter().flatten().collect();
        let missing = || ParquetError::General("more columns than the schema has".into());
        let mut column = group.next_column()?.ok_or_else(missing)?;
        column.typed::<T>().write_batch(&values, Some(&present), None)?;
        column.close()
    }

    fn schema(names: &[String]) -> Result<Type, ParquetError> {
        let field = |name: &String| {
            let (physical, logical) = kind(name);
            let field = Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL);
            field.with_logical_type(logical).build().map(Arc::new)
        };
        let fields: Result<Vec<_>, ParquetError> = names.iter().map(field).collect();
        Type::group_type_builder("points").with_fields(fields?).build()
    }

    fn failed(path: &std::path::Path, error: &ParquetError) -> Failure {
        Failure::new(format!("cannot write {}: {error}", path.display()))
    }
}
