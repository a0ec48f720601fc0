//! `Form`: what each file is, told from its content unless declared, and what its header says.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::super::error::LogError;
use super::csv::CsvFile;
use super::failed;
use super::input::Input;
use super::json::JsonFile;
use super::lines::Limits;
use super::parquet::{MAGIC, ParquetFile};
use crate::log::schema::{CsvSpec, FileFormat};

/// A file whose header has been read.
#[derive(Debug, Clone)]
pub(super) enum Form {
    /// No line at all.
    Empty,
    Csv(CsvFile),
    Json(JsonFile),
    Parquet(Box<ParquetFile>),
}

/// How files are read, as declared.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    pub(super) format: Option<FileFormat>,
    pub(super) csv: CsvSpec,
    pub(super) explode: Option<String>,
    pub(super) limits: Limits,
}

impl Form {
    /// Tells what a file is, and reads its header.
    pub(super) fn open(path: &Path, declared: &Declared) -> Result<Self, LogError> {
        let mut first = Vec::with_capacity(MAGIC.len());
        let file = File::open(path).map_err(|source| failed::io(path, source))?;
        file.take(MAGIC.len() as u64).read_to_end(&mut first).map_err(|source| failed::io(path, source))?;
        let is_parquet = first == MAGIC || matches!(extension(path).as_deref(), Some("parquet" | "pq"));
        match declared.format {
            Some(FileFormat::Parquet) => return Ok(Self::Parquet(Box::new(ParquetFile::open(path)?))),
            None if is_parquet => return Ok(Self::Parquet(Box::new(ParquetFile::open(path)?))),
            _ => {}
        }
        let mut input = Input::open(path)?;
        let json = match declared.format {
            Some(format) => format == FileFormat::JsonLines,
            None => is_json(path, &input.first),
        };
        if json {
            check_lines(path, &input.first)?;
            let file = JsonFile::open(&mut input, declared.explode.as_deref())?;
            return Ok(file.map_or(Self::Empty, Self::Json));
        }
        let file = CsvFile::open(&mut input, &declared.csv, declared.limits)?;
        Ok(file.map_or(Self::Empty, Self::Csv))
    }

    /// Names of the columns; for JSON and Parquet those whose values a cell can hold.
    pub(super) fn columns(&self) -> Vec<&str> {
        match self {
            Self::Empty => Vec::new(),
            Self::Csv(file) => file.names.iter().map(String::as_str).collect(),
            Self::Json(file) => {
                file.fields.iter().filter(|field| field.usable).map(|field| field.path.as_str()).collect()
            }
            Self::Parquet(file) => {
                file.columns.iter().filter(|column| column.usable).map(|column| column.name.as_str()).collect()
            }
        }
    }
}

/// The extension in lower case, without that of the packing.
fn extension(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let name = [".gz", ".zst", ".zstd"].iter().find_map(|packed| name.strip_suffix(packed)).unwrap_or(&name);
    Some(name.rsplit_once('.')?.1.to_owned())
}

fn is_json(path: &Path, first: &[u8]) -> bool {
    if matches!(extension(path).as_deref(), Some("json" | "jsonl" | "ndjson")) {
        return true;
    }
    let first = first.trim_ascii_start();
    let behind = |bracket: &[u8]| first.strip_prefix(bracket).map(<[u8]>::trim_ascii_start);
    behind(b"{").is_some_and(|rest| rest.starts_with(b"\"") || rest.starts_with(b"}"))
        || behind(b"[").is_some_and(|rest| rest.starts_with(b"{"))
}

/// Refuses JSON that is not one object per line.
fn check_lines(path: &Path, first: &[u8]) -> Result<(), LogError> {
    let first = first.trim_ascii_start();
    let line = first.split(|&byte| byte == b'\n').next().unwrap_or_default().trim_ascii();
    if first.starts_with(b"[") {
        let problem = "is one JSON list, not an object per line";
        return Err(failed::file(path, problem, "write an object per line, as `jq -c '.[]'` does"));
    }
    if line == b"{" {
        let problem = "is JSON over several lines, not an object per line";
        return Err(failed::file(path, problem, "write an object per line, as `jq -c .` does"));
    }
    Ok(())
}
