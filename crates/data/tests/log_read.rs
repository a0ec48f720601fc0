//! Files as people send them: what is read, what is set aside with which rule, and what is refused in one line.
#![cfg(feature = "engine")]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use slatewise_data::log::LogError;
use slatewise_data::log::read::{LogReader, RawBlock, RawColumn};
use slatewise_data::log::schema::{CsvSpec, FileFormat, Packed, Unpack};

type Tested = Result<(), Box<dyn std::error::Error>>;
type Row = Vec<Option<String>>;

#[path = "log_read/bad_files.rs"]
mod bad_files;
#[path = "log_read/json.rs"]
mod json;
#[path = "log_read/mutated.rs"]
mod mutated;
#[path = "log_read/parquet.rs"]
mod parquet;
#[path = "log_read/properties.rs"]
mod properties;
#[path = "log_read/rows.rs"]
mod rows;

/// How a test reads.
#[derive(Default, Clone)]
struct Reading {
    format: Option<FileFormat>,
    csv: CsvSpec,
    explode: Option<&'static str>,
    unpack: Vec<Unpack>,
    /// All columns unless named.
    wanted: Option<Vec<&'static str>>,
}

/// All that comes out of some files.
#[derive(Debug, Default, PartialEq)]
struct Read {
    columns: Vec<String>,
    rows: Vec<Row>,
    lines: Vec<u64>,
    /// Line, rule and message.
    rejected: Vec<(u64, String, String)>,
    raw: Vec<Vec<u8>>,
    counted: u64,
    repairs: BTreeMap<String, u64>,
}

impl Reading {
    fn files(&self, files: &[PathBuf]) -> Result<Read, Box<LogError>> {
        let mut reader = LogReader::open(files, self.format, &self.csv, self.explode, &self.unpack)?;
        let columns: Vec<String> = match &self.wanted {
            Some(wanted) => wanted.iter().map(|&name| name.to_owned()).collect(),
            None => reader.columns().to_vec(),
        };
        let wanted: Vec<_> = columns.iter().map(|name| (name.clone(), "schema.test".to_owned())).collect();
        reader.want(&wanted)?;
        let mut read = Read { columns, ..Read::default() };
        while let Some(chunk) = reader.next_chunk()? {
            read.add(&reader.parse(chunk));
        }
        Ok(read)
    }

    /// Reads bytes that lie under a name.
    fn bytes(&self, name: &str, bytes: &[u8]) -> Result<Read, Box<LogError>> {
        let read = || -> std::io::Result<_> {
            let folder = folder()?;
            let path = folder.path().join(name);
            std::fs::write(&path, bytes)?;
            Ok((folder, path))
        };
        let (_folder, path) = read().map_err(|source| LogError::Io {
            path: PathBuf::from(name),
            action: "cannot write it",
            source,
            mend: "",
        })?;
        self.files(&[path])
    }

    /// The one line with which bytes are refused, their folder left out.
    fn refusal(&self, name: &str, bytes: &[u8]) -> String {
        match self.bytes(name, bytes) {
            Ok(read) => format!("read: {read:?}"),
            Err(error) => {
                let text = error.to_string();
                let at = text.find(name).unwrap_or(0);
                text[at..].to_owned()
            }
        }
    }
}

impl Read {
    fn add(&mut self, block: &RawBlock) {
        assert_eq!(block.places.len(), block.rows);
        for row in 0..block.rows {
            let cell = |column: &RawColumn| match column {
                RawColumn::Text(cells) => {
                    let cell = cells[row].of(&block.text)?;
                    Some(String::from_utf8(cell.to_vec()).unwrap_or_else(|error| format!("NOT UTF-8: {error}")))
                }
                RawColumn::Array(array) => {
                    let text = datafusion::arrow::util::display::array_value_to_string(array, row);
                    (!array.is_null(row)).then(|| text.unwrap_or_else(|error| error.to_string()))
                }
            };
            self.rows.push(block.columns.iter().map(cell).collect());
        }
        self.lines.extend(block.places.iter().map(|place| place.line));
        self.rejected
            .extend(block.rejected.iter().map(|row| (row.place.line, row.rule.to_owned(), row.message.clone())));
        self.raw.extend(block.rejected.iter().map(|row| row.raw.clone()));
        self.counted += block.lines;
        for (_, repair, count) in &block.repairs {
            *self.repairs.entry((*repair).to_owned()).or_default() += count;
        }
    }

    /// Rows as `a|b|-`, where `-` is a cell that is not there.
    fn shown(&self) -> Vec<String> {
        let cell = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "-".to_owned());
        self.rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join("|")).collect()
    }

    /// Rejected rows as "line rule: message".
    fn set_aside(&self) -> Vec<String> {
        self.rejected.iter().map(|(line, rule, message)| format!("{line} {rule}: {message}")).collect()
    }
}

fn csv(text: impl AsRef<[u8]>) -> Result<Read, Box<LogError>> {
    Reading::default().bytes("a.csv", text.as_ref())
}

fn spec(change: impl FnOnce(&mut CsvSpec)) -> Reading {
    let mut csv = CsvSpec::default();
    change(&mut csv);
    Reading { csv, ..Reading::default() }
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes)?;
    packed.finish()
}

fn zst(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    zstd::encode_all(bytes, 1)
}

/// A folder for thousands of small files: in memory where the system has such a place.
fn folder() -> std::io::Result<tempfile::TempDir> {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())
}

fn put(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> std::io::Result<PathBuf> {
    let path = folder.join(name);
    std::fs::write(&path, bytes)?;
    Ok(path)
}
