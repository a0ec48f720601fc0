//! `Quarantine`: every row that was set aside, with its line, column, value and rule.
//!
//! ```text
//! line,column,value,rule,message
//! 17,price,-5,out_of_range,not above 0
//! 23,,"1;2;3",ragged_row,3 cells where the header has 14
//! ```
//!
//! Nothing is silently dropped: a row of the log is kept, counted as a duplicate, left out by the slice, or stands here.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::rules::Rule;
use crate::artefact;
use crate::error::Error;

/// Longest value kept of a quarantined row, in characters; the line number leads to the rest.
const LONGEST_VALUE: usize = 200;

/// One row that was set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QuarantinedRow {
    /// Line of the file, from 1; the header's line counts.
    pub line: u64,
    /// Column at fault; empty where the whole row is.
    pub column: String,
    /// What stands there, cut to 200 characters, invalid UTF-8 replaced by U+FFFD.
    pub value: String,
    /// The rule that it breaks.
    pub rule: Rule,
    /// What the rule found, in words.
    pub message: String,
}

impl QuarantinedRow {
    pub(crate) fn new(line: u64, column: &str, value: &[u8], rule: Rule, message: String) -> Self {
        let text = String::from_utf8_lossy(value);
        let value = match text.char_indices().nth(LONGEST_VALUE) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text.into_owned(),
        };
        Self { line, column: column.to_owned(), value, rule, message }
    }
}

impl fmt::Display for QuarantinedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column.as_str() {
            "" => write!(f, "line {}: {:?}: {}", self.line, self.value, self.message),
            column => write!(f, "line {}, column {column:?}: {:?}: {}", self.line, self.value, self.message),
        }
    }
}

/// The rows that were set aside, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Quarantine {
    /// The rows, ascending by line.
    pub rows: Vec<QuarantinedRow>,
}

impl Quarantine {
    /// Writes the rows as CSV under `path` in one step, header first, and returns the file's SHA-256.
    ///
    /// # Errors
    /// [`Error::Write`] if the file cannot be written.
    pub fn write_csv(&self, path: impl AsRef<Path>) -> Result<String, Error> {
        let path = path.as_ref();
        let failed = |source| Error::Write { path: path.to_path_buf(), source };
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["line", "column", "value", "rule", "message"]).map_err(|e| failed(e.into()))?;
        for row in &self.rows {
            let (line, rule) = (row.line.to_string(), row.rule.to_string());
            writer.write_record([&line, &row.column, &row.value, &rule, &row.message]).map_err(|e| failed(e.into()))?;
        }
        let bytes = writer.into_inner().map_err(|e| failed(e.into_error()))?;
        artefact::write_atomic(path, &bytes)
    }
}
