//! `QuarantineWriter`: rows that were set aside, written as they are found, so that no number of them fills the memory.
//!
//! ```text
//! file,line,column,value,rule,message
//! events.csv,17,price,-5,out_of_range,below 0
//! events.csv,23,,"1;2;3",ragged_row,3 cells where the header has 14
//! ```
//!
//! The file appears under its name when [`finish`](QuarantineWriter::finish) is called, written beside it until then.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::error::LogError;

/// Longest value kept, in characters; file and line lead to the rest.
const LONGEST_VALUE: usize = 1000;

/// One row that was set aside.
#[derive(Debug, Clone, Copy)]
pub struct SetAside<'a> {
    /// Its file.
    pub file: &'a Path,
    /// Its line, from 1.
    pub line: u64,
    /// The column at fault; empty where the whole row is.
    pub column: &'a str,
    /// What stands there; invalid UTF-8 is shown as U+FFFD.
    pub value: &'a [u8],
    /// The rule that it breaks, in snake case.
    pub rule: &'a str,
    /// What the rule found, in words.
    pub message: &'a str,
}

/// Writes rows that were set aside as CSV.
#[derive(Debug)]
pub struct QuarantineWriter {
    path: PathBuf,
    rows: u64,
    out: csv::Writer<BufWriter<NamedTempFile>>,
}

impl QuarantineWriter {
    /// Begins the file that will stand under `path`.
    ///
    /// # Errors
    /// [`LogError::Io`] if the folder cannot be written.
    pub fn create(path: &Path) -> Result<Self, LogError> {
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let begin = || -> io::Result<Self> {
            let file = tempfile::Builder::new().prefix(".partial-").tempfile_in(folder)?;
            let mut out = csv::Writer::from_writer(BufWriter::new(file));
            out.write_record(["file", "line", "column", "value", "rule", "message"])?;
            Ok(Self { path: path.to_path_buf(), rows: 0, out })
        };
        begin().map_err(|source| failed(path, source))
    }

    /// Writes one row.
    ///
    /// # Errors
    /// [`LogError::Io`] if the disk does not take it.
    pub fn write(&mut self, row: &SetAside<'_>) -> Result<(), LogError> {
        let text = String::from_utf8_lossy(row.value);
        let value = match text.char_indices().nth(LONGEST_VALUE) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text.into_owned(),
        };
        let (file, line) = (row.file.to_string_lossy(), row.line.to_string());
        self.rows += 1;
        self.out
            .write_record([&*file, &line, row.column, &value, row.rule, row.message])
            .map_err(|error| failed(&self.path, error.into()))
    }

    /// Rows written so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Where the rows will stand.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts the file under its name.
    ///
    /// # Errors
    /// [`LogError::Io`] if the disk does not take it.
    pub fn finish(self) -> Result<(), LogError> {
        let Self { path, out, .. } = self;
        let finish = || -> io::Result<File> {
            let file = out.into_inner().map_err(csv::IntoInnerError::into_error);
            let file = file?.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.as_file().sync_all()?;
            Ok(file.persist(&path)?)
        };
        finish().map(drop).map_err(|source| failed(&path, source))
    }
}

fn failed(path: &Path, source: io::Error) -> LogError {
    LogError::Io {
        path: path.to_path_buf(),
        action: "cannot write it",
        source,
        mend: "make its folder writable, and see that the disk has room",
    }
}
