//! Logs written by hand, and what ingest makes of them, as text.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::error::Error;
use std::fs::File;
use std::path::Path;

use datafusion::arrow::util::display::array_value_to_string;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use slatewise_data::log::ingest::{IngestOptions, Ingested, ingest};
use slatewise_data::log::{Counts, LogError, Schema};
use tempfile::TempDir;

pub(crate) type Tested = Result<(), Box<dyn Error>>;

/// 2022-08-01 00:00:00 UTC.
pub(crate) const NOW: i64 = 1_659_312_000_000_000;
pub(crate) const KEY: &[u8] = b"a secret of tests, not of anybody";

/// What became of a log.
pub(crate) struct Outcome {
    /// Typed rows, cells joined by `|`, `_` for no value; technical columns left out.
    pub(crate) rows: Vec<String>,
    /// Names of the typed columns.
    pub(crate) columns: Vec<String>,
    /// Per row file and line.
    pub(crate) lines: Vec<i64>,
    /// Per row both hashes.
    pub(crate) hashes: Vec<(String, String)>,
    pub(crate) counts: Counts,
    /// The quarantine's lines without their header and file name.
    pub(crate) quarantine: Vec<String>,
    pub(crate) ingested: Vec<String>,
    pub(crate) folder: TempDir,
}

/// A schema from the inside of `[schema]`.
pub(crate) fn schema(text: &str) -> Result<Schema, toml::de::Error> {
    toml::from_str(text)
}

/// Ingests files written into a folder of their own.
pub(crate) fn run(files: &[(&str, &[u8])], text: &str) -> Result<Outcome, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes)?;
    }
    let mut schema = schema(text)?;
    schema.resolve_from(folder.path());
    let ingested = ingest(&schema, &options(), folder.path())?;
    outcome(folder, ingested)
}

pub(crate) fn options() -> IngestOptions<'static> {
    IngestOptions { key: Some(KEY), now_microseconds: NOW, seed: 7, only: None }
}

/// Ingests one CSV file called `log.csv`.
pub(crate) fn csv(content: &str, text: &str) -> Result<Outcome, Box<dyn Error>> {
    run(&[("log.csv", content.as_bytes())], &format!("files = [\"log.csv\"]\n{text}"))
}

/// The error of ingesting one CSV file.
pub(crate) fn refused(content: &str, text: &str) -> Result<String, Box<dyn Error>> {
    match csv(content, text) {
        Ok(outcome) => Err(format!("not refused: {:?}", outcome.rows).into()),
        Err(error) => match error.downcast::<LogError>() {
            Ok(error) => Ok(error.to_string()),
            Err(error) => Err(error),
        },
    }
}

pub(crate) fn outcome(folder: TempDir, ingested: Ingested) -> Result<Outcome, Box<dyn Error>> {
    let Ingested { schema, counts, typed, quarantine, tables, .. } = ingested;
    let path = quarantine.path().to_path_buf();
    quarantine.finish()?;
    assert!(counts.adds_up(), "{counts:?}");
    let (rows, lines, hashes) = typed_rows(&typed)?;
    assert_eq!(rows.len() as u64, counts.rows_kept);
    let text = std::fs::read_to_string(&path)?;
    let prefix = format!("{}/", folder.path().display());
    let quarantine: Vec<String> = text.lines().skip(1).map(|line| line.replacen(&prefix, "", 1)).collect();
    let mut ingested = Vec::new();
    for table in &tables {
        assert!(table.counts.adds_up(), "{:?}", table.counts);
        ingested.extend(typed_rows(&table.typed)?.0);
    }
    let columns = schema.columns.iter().map(|column| column.name.clone()).collect();
    Ok(Outcome { rows, columns, lines, hashes, counts, quarantine, ingested, folder })
}

type Rows = (Vec<String>, Vec<i64>, Vec<(String, String)>);

pub(crate) fn typed_rows(path: &Path) -> Result<Rows, Box<dyn Error>> {
    let (mut rows, mut lines, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
    let mut next = 0;
    for batch in ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?.build()? {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            let cell = |column: &str| -> Result<String, Box<dyn Error>> {
                let array = batch.column_by_name(column).ok_or(column.to_owned())?;
                Ok(if array.is_null(row) { "_".to_owned() } else { array_value_to_string(array, row)? })
            };
            let schema = batch.schema();
            let names = schema.fields().iter().map(|field| field.name()).filter(|name| !name.starts_with('_'));
            rows.push(names.map(|name| cell(name)).collect::<Result<Vec<_>, _>>()?.join("|"));
            lines.push(cell("_line")?.parse()?);
            hashes.push((cell("_hash_a")?, cell("_hash_b")?));
            assert_eq!(cell("_row")?, next.to_string());
            next += 1;
        }
    }
    Ok((rows, lines, hashes))
}

/// Repairs as `column:repair:cells`.
pub(crate) fn repairs(counts: &Counts) -> Vec<String> {
    let mut all: Vec<String> =
        counts.repaired.iter().map(|own| format!("{}:{}:{}", own.column, own.repair, own.cells)).collect();
    all.sort();
    all
}
