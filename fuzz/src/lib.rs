//! The way that all targets take: bytes under a file's name, read to their end.

use std::error::Error;
use std::path::PathBuf;

use slatewise_data::log::LogError;
use slatewise_data::log::read::LogReader;
use slatewise_data::log::schema::{CsvSpec, FileFormat};

/// How a target reads.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Name of the file.
    pub name: &'static str,
    /// Its form, told from name and content unless declared.
    pub format: Option<FileFormat>,
    /// How CSV is written.
    pub csv: CsvSpec,
    /// List of JSON lines that is exploded.
    pub explode: Option<&'static str>,
}

/// Reads bytes as a file; an error of the file must be one line.
///
/// # Errors
/// If the bytes cannot be put into a file.
pub fn read(reading: &Reading, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?;
    let path = folder.path().join(reading.name);
    std::fs::write(&path, bytes)?;
    if let Err(error) = all(reading, path) {
        assert_eq!(error.to_string().lines().count(), 1, "{error}");
    }
    Ok(())
}

fn all(reading: &Reading, path: PathBuf) -> Result<(), LogError> {
    let mut reader = LogReader::open(&[path], reading.format, &reading.csv, reading.explode, &[])?;
    let wanted: Vec<_> = reader.columns().iter().map(|name| (name.clone(), "fuzz".to_owned())).collect();
    // A name that stands twice cannot be wanted; the rows are read all the same.
    let _ = reader.want(&wanted);
    let (mut lines, mut rows) = (0, 0);
    while let Some(chunk) = reader.next_chunk()? {
        let block = reader.parse(chunk);
        assert_eq!(block.places.len(), block.rows);
        lines += block.lines;
        rows += (block.rows + block.rejected.len()) as u64;
    }
    assert!(reading.explode.is_some() || lines == rows, "{lines} lines, {rows} rows");
    Ok(())
}
