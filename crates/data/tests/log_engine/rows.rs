//! Typed rows for tests, as ingest writes them, and what is read back of any file.

use std::error::Error;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Array, Int8Array, Int32Array, Int64Array, ListArray, StringArray};
use datafusion::arrow::datatypes::{Field, Float32Type, Schema as ArrowSchema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use slatewise_data::log::engine::{CleanInput, Engine, EngineConfig, TypedTable};
use slatewise_data::log::schema::{Role, TypedColumn, TypedKind, TypedSchema};
use slatewise_data::log::{Counts, QuarantineWriter, Schema};
use tempfile::TempDir;

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// The cells of one column.
#[derive(Clone)]
pub(crate) enum Cells {
    Text(Vec<Option<String>>),
    Integer(Vec<Option<i64>>),
    Number(Vec<Option<f64>>),
    Boolean(Vec<Option<i8>>),
    Time(Vec<Option<i64>>),
    Vector(Vec<Option<Vec<f32>>>),
}

/// Texts divided by spaces; `-` is no value.
pub(crate) fn text(cells: &str) -> Cells {
    Cells::Text(cells.split(' ').map(|cell| (cell != "-").then(|| cell.to_owned())).collect())
}

/// Whole numbers divided by spaces; `-` is no value.
pub(crate) fn integer(cells: &str) -> Cells {
    Cells::Integer(cells.split(' ').map(|cell| cell.parse().ok()).collect())
}

/// As [`integer`], 0 and 1.
pub(crate) fn boolean(cells: &str) -> Cells {
    Cells::Boolean(cells.split(' ').map(|cell| cell.parse().ok()).collect())
}

/// Seconds since 1970; `-` is no value.
pub(crate) fn seconds(cells: &str) -> Cells {
    Cells::Time(cells.split(' ').map(|cell| cell.parse::<f64>().ok().map(|time| (time * 1e6) as i64)).collect())
}

impl Cells {
    fn kind(&self) -> TypedKind {
        match self {
            Self::Text(_) => TypedKind::Text,
            Self::Integer(_) => TypedKind::Integer,
            Self::Number(_) => TypedKind::Number,
            Self::Boolean(_) => TypedKind::Boolean,
            Self::Time(_) => TypedKind::Time,
            Self::Vector(_) => TypedKind::Vector,
        }
    }

    fn array(self) -> ArrayRef {
        match self {
            Self::Text(cells) => Arc::new(StringArray::from(cells)),
            Self::Integer(cells) | Self::Time(cells) => Arc::new(Int64Array::from(cells)),
            Self::Number(cells) => Arc::new(Float64Array::from(cells)),
            Self::Boolean(cells) => Arc::new(Int8Array::from(cells)),
            Self::Vector(cells) => {
                let cells = cells.into_iter().map(|cell| cell.map(|values| values.into_iter().map(Some)));
                Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(cells))
            }
        }
    }
}

/// A folder with an engine.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) engine: Engine,
}

impl Place {
    pub(crate) fn new() -> Outcome<Self> {
        Self::with(64 << 20, 2)
    }

    pub(crate) fn with(memory_bytes: usize, threads: usize) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let spill_folder = folder.path().join("spill [of] tests");
        Ok(Self { engine: Engine::new(&EngineConfig { memory_bytes, threads, spill_folder })?, folder })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes typed rows; row n stands on line n + 2 of `log.csv`.
    pub(crate) fn typed(&self, name: &str, columns: Vec<(&str, Role, Cells)>) -> Outcome<TypedSchema> {
        let mut schema = TypedSchema { files: vec!["log.csv".into()], columns: Vec::new() };
        let (mut fields, mut arrays) = (Vec::new(), Vec::new());
        for (name, role, cells) in columns {
            let (name, kind) = (name.to_owned(), cells.kind());
            let array = cells.array();
            fields.push(Field::new(&name, array.data_type().clone(), true));
            arrays.push(array);
            schema.columns.push(TypedColumn { source: name.clone(), name, role, kind, available: None });
        }
        let rows = arrays[0].len();
        let mut hashes = Vec::new();
        for row in 0..rows {
            let cells: Vec<_> =
                arrays.iter().map(|array| array_value_to_string(array, row)).collect::<Result<_, _>>()?;
            let hash =
                cells.join("\u{1}").bytes().fold(7_i64, |hash, byte| hash.wrapping_mul(1_000_003) ^ i64::from(byte));
            hashes.push(hash);
        }
        let numbers = (0..rows as i64).collect::<Vec<_>>();
        let technical: [(&str, ArrayRef); 5] = [
            ("_row", Arc::new(Int64Array::from(numbers.clone()))),
            ("_file", Arc::new(Int32Array::from(vec![0; rows]))),
            ("_line", Arc::new(Int64Array::from_iter_values(numbers.iter().map(|row| row + 2)))),
            ("_hash_a", Arc::new(Int64Array::from(hashes.clone()))),
            ("_hash_b", Arc::new(Int64Array::from_iter_values(hashes.iter().map(|hash| !hash)))),
        ];
        for (name, array) in technical {
            fields.push(Field::new(name, array.data_type().clone(), true));
            arrays.push(array);
        }
        let arrow = Arc::new(ArrowSchema::new(fields));
        let mut writer = ArrowWriter::try_new(File::create(self.path(name))?, Arc::clone(&arrow), None)?;
        writer.write(&RecordBatch::try_new(arrow, arrays)?)?;
        writer.close()?;
        Ok(schema)
    }

    /// Cleans `typed.parquet` into `clean.parquet`; returns schema, counts and the text of the quarantine.
    pub(crate) fn clean(
        &self,
        typed: &TypedSchema,
        log: &Schema,
        tables: &[TypedTable<'_>],
    ) -> Outcome<(TypedSchema, Counts, String)> {
        let rows = self.path("typed.parquet");
        let read = column(&rows, "_row")?.len() as u64;
        let mut counts = Counts { lines: read, rows_read: read, rows_kept: read, ..Counts::default() };
        let mut quarantine = QuarantineWriter::create(&self.path("quarantine.csv"))?;
        let input = CleanInput { rows: &rows, schema: typed, log, tables };
        let schema = self.engine.clean(&input, &self.path("clean.parquet"), &mut quarantine, &mut counts)?;
        assert_eq!(quarantine.rows(), counts.rows_quarantined());
        quarantine.finish()?;
        assert!(counts.adds_up(), "{counts:?}");
        Ok((schema, counts, std::fs::read_to_string(self.path("quarantine.csv"))?))
    }
}

/// A mapping without files.
pub(crate) fn log(rest: &str) -> Outcome<Schema> {
    Ok(toml::from_str(&format!("files = []\n{rest}"))?)
}

/// All cells of a column as text; `-` is no value.
pub(crate) fn column(path: &Path, name: &str) -> Outcome<Vec<String>> {
    let mut cells = Vec::new();
    for batch in ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?.build()? {
        let batch = batch?;
        let array = batch.column_by_name(name).ok_or_else(|| format!("no column {name}"))?;
        for row in 0..batch.num_rows() {
            cells.push(if array.is_null(row) { "-".to_owned() } else { array_value_to_string(array, row)? });
        }
    }
    Ok(cells)
}

/// All cells of a column, divided by spaces.
pub(crate) fn line(path: &Path, name: &str) -> Outcome<String> {
    Ok(column(path, name)?.join(" "))
}
