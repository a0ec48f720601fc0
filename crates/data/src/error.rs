//! `Error`: everything that can be wrong with a log, its mapping or a declaration, one line each with the mend.
//!
//! Every message names the place (file and line, column, or config key) and says what to do about it:
//!
//! ```text
//! datasets/shop.csv: no column "colr", wanted by data.schema.item_attributes[0]; nearest: "colour"; header: day, colour, ...
//! ```

use std::io;
use std::path::{Path, PathBuf};

use crate::clean::{QuarantinedRow, Rule};

/// What went wrong, where, and how to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A config key holds a value that cannot be used.
    #[error("{key} = {value}: {mend}")]
    Config {
        /// Full key, such as `data.rules.max_quarantined_share`.
        key: String,
        /// The value found there.
        value: String,
        /// What the key takes.
        mend: String,
    },
    /// There is no file under the path.
    #[error("{}: no such file; set data.path to the log", path.display())]
    NotFound {
        /// The path asked for.
        path: PathBuf,
    },
    /// The path is a directory.
    #[error("{}: is a directory, not a log; set data.path to a file in it", path.display())]
    IsDirectory {
        /// The path asked for.
        path: PathBuf,
    },
    /// The file may not be read.
    #[error("{}: no permission to read it; allow it with chmod, or set data.path to a copy", path.display())]
    NotReadable {
        /// The path asked for.
        path: PathBuf,
    },
    /// Reading failed half-way.
    #[error("{}: reading failed after line {line}: {source}; check the disk and try again", path.display())]
    Read {
        /// The file being read.
        path: PathBuf,
        /// Last whole line read, 0 for none.
        line: u64,
        /// What the system said.
        source: io::Error,
    },
    /// The file begins like gzip and is not whole gzip.
    #[error("{}: damaged or cut gzip after line {line} ({source}); fetch the file again", path.display())]
    Gzip {
        /// The file being read.
        path: PathBuf,
        /// Last whole line that could be unpacked, 0 for none.
        line: u64,
        /// What the decoder said.
        source: io::Error,
    },
    /// The stored file is not the one that was declared.
    #[error("{}: its SHA-256 is {found}, data.sha256 says {declared}; fetch the file again, or mend the key", path.display())]
    Hash {
        /// The file read.
        path: PathBuf,
        /// `data.sha256`.
        declared: String,
        /// What the bytes hash to.
        found: String,
    },
    /// The file holds nothing.
    #[error("{}: the file is empty; it needs a header line and rows", path.display())]
    Empty {
        /// The file read.
        path: PathBuf,
    },
    /// The file holds a header alone.
    #[error("{}: a header and no rows; set data.path to the whole log", path.display())]
    HeaderOnly {
        /// The file read.
        path: PathBuf,
    },
    /// The header itself cannot be split into columns.
    #[error("{}:{line}: a quote in the header does not close on its line; mend the header", path.display())]
    HeaderQuote {
        /// The file read.
        path: PathBuf,
        /// Line of the header.
        line: u64,
    },
    /// The mapping names a column that the header lacks.
    #[error("{}: no column {column:?}, wanted by {key}; {hint}; header: {header}", path.display())]
    MissingColumn {
        /// The file read.
        path: PathBuf,
        /// The config key to mend.
        key: String,
        /// The column it names.
        column: String,
        /// The nearest column, or another likely mend.
        hint: String,
        /// The columns found.
        header: String,
    },
    /// The header holds a mapped column twice, so the mapping is ambiguous.
    #[error("{}: column {column:?}, wanted by {key}, stands twice in the header; rename one of them", path.display())]
    AmbiguousColumn {
        /// The file read.
        path: PathBuf,
        /// The config key that names it.
        key: String,
        /// The column.
        column: String,
    },
    /// More rows break rules than `data.rules.max_quarantined_share` allows.
    #[error(
        "{}: {quarantined} of {rows} rows ({:.1} %) break rules, data.rules.max_quarantined_share allows {:.1} %; most often {commonest} ({count} rows), as in {example}; mend the log, data.schema or data.rules",
        path.display(), 100.0 * *quarantined as f64 / *rows as f64, 100.0 * allowed
    )]
    TooManyQuarantined {
        /// The file read.
        path: PathBuf,
        /// Rows set aside.
        quarantined: u64,
        /// Rows read.
        rows: u64,
        /// The share allowed, 0 to 1.
        allowed: f64,
        /// The rule broken most often.
        commonest: Rule,
        /// Rows that break it.
        count: u64,
        /// The first such row.
        example: Box<QuarantinedRow>,
    },
    /// Cleaning left nothing over.
    #[error("{}: none of {rows} rows is left ({quarantined} quarantined, {left_out} left out by data.sessions_share); raise data.sessions_share or mend data.rules", path.display())]
    NothingLeft {
        /// The file read.
        path: PathBuf,
        /// Rows read.
        rows: u64,
        /// Rows set aside.
        quarantined: u64,
        /// Rows whose session is outside the slice.
        left_out: u64,
    },
    /// Indices are 32 bits wide, and the log needs more.
    #[error("{}: {count} {what} are more than an index of 32 bits holds; lower data.sessions_share", path.display())]
    TooLarge {
        /// The file read.
        path: PathBuf,
        /// Rows or impressions.
        what: &'static str,
        /// How many there are.
        count: u64,
    },
    /// A part of the split holds no session.
    #[error("{key}: the {part} part holds no session; the log's sessions begin on {days}; move the day")]
    EmptyPart {
        /// The part: train, validation or test.
        part: &'static str,
        /// The config key with its value.
        key: String,
        /// First and last day of the log.
        days: String,
    },
    /// An artefact could not be written; nothing stands under its final name.
    #[error("{}: cannot write it: {source}; make its folder, or make it writable", path.display())]
    Write {
        /// The final name.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// The error of a failed `File::open`.
    pub(crate) fn from_open(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { path },
            io::ErrorKind::PermissionDenied => Self::NotReadable { path },
            io::ErrorKind::IsADirectory => Self::IsDirectory { path },
            _ => Self::Read { path, line: 0, source },
        }
    }

    /// The error of a read that failed outside any line.
    pub(crate) fn from_read(path: &Path, source: io::Error) -> Self {
        Self::Read { path: path.to_path_buf(), line: 0, source }
    }

    /// The error of a config key whose value cannot be used.
    pub(crate) fn config(key: impl Into<String>, value: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::Config { key: key.into(), value: value.into(), mend: mend.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_opened_says_why_and_what_to_do() {
        let open = |kind: io::ErrorKind| Error::from_open(Path::new("a.csv"), kind.into()).to_string();
        assert_eq!(open(io::ErrorKind::NotFound), "a.csv: no such file; set data.path to the log");
        assert_eq!(
            open(io::ErrorKind::PermissionDenied),
            "a.csv: no permission to read it; allow it with chmod, or set data.path to a copy"
        );
        assert_eq!(
            open(io::ErrorKind::IsADirectory),
            "a.csv: is a directory, not a log; set data.path to a file in it"
        );
        assert!(open(io::ErrorKind::TimedOut).starts_with("a.csv: reading failed after line 0: "));
    }
}
