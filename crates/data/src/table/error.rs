//! `TableError`: everything that can be wrong with a table of columns, one line each with the mend.
//!
//! ```text
//! a.csv, data row 2 (line 3), column `score`: "high" is no number; write a decimal such as 0.25, or name another column
//! ```

use std::io;
use std::path::{Path, PathBuf};

use super::place::{Spot, shown};

/// What went wrong, where, and how to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// There is no file under the path.
    #[error("{}: no such file; mend the path", path.display())]
    NotFound {
        /// The path asked for.
        path: PathBuf,
    },
    /// The path is a directory.
    #[error("{}: is a directory, not a table; name a CSV or Parquet file in it", path.display())]
    IsDirectory {
        /// The path asked for.
        path: PathBuf,
    },
    /// The file may not be read.
    #[error("{}: no permission to read it; allow it with chmod, or name a copy", path.display())]
    NotReadable {
        /// The path asked for.
        path: PathBuf,
    },
    /// Reading failed half-way.
    #[error("{}: reading failed after data row {rows}: {source}; check the disk and try again", path.display())]
    Read {
        /// The file being read.
        path: PathBuf,
        /// Data rows read before.
        rows: usize,
        /// What the system said.
        source: io::Error,
    },
    /// The file begins like gzip and is not whole gzip.
    #[error("{}: damaged or cut gzip after data row {rows} ({source}); fetch or write the file again", path.display())]
    Gzip {
        /// The file being read.
        path: PathBuf,
        /// Data rows read before.
        rows: usize,
        /// What the decoder said.
        source: io::Error,
    },
    /// The file begins like Parquet and cannot be read as such.
    #[error("{}: cannot read it as Parquet: {}; write the file again, \
        uncompressed or with snappy, gzip, lz4 or zstd", path.display(), one_line(source.as_ref()))]
    Parquet {
        /// The file being read.
        path: PathBuf,
        /// What the decoder said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file is Parquet, and this build reads none.
    #[error("{}: is Parquet, and slatewise-data was built without its feature `parquet`; \
        turn it on, or write the table as CSV", path.display())]
    ParquetOff {
        /// The file.
        path: PathBuf,
    },
    /// The file holds nothing.
    #[error("{}: the file is empty; it needs a header line and rows", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file holds a header alone.
    #[error("{}: a header and no rows; write the rows below it", path.display())]
    NoRows {
        /// The file.
        path: PathBuf,
    },
    /// The header is not UTF-8.
    #[error("{}: the header is not UTF-8; save the file as UTF-8", path.display())]
    HeaderNotUtf8 {
        /// The file.
        path: PathBuf,
    },
    /// Lines end in a carriage return alone, as on old Macintosh systems.
    #[error("{}: lines end in carriage returns alone; save the file with line feeds", path.display())]
    CarriageReturns {
        /// The file.
        path: PathBuf,
    },
    /// A quote opens a cell and never closes.
    #[error("{}, line {line}: a quote opens a cell here and never closes; \
        close it, or double quotes within cells", path.display())]
    OpenQuote {
        /// The file.
        path: PathBuf,
        /// Line of the quote, from 1.
        line: u64,
    },
    /// A row is too long to be one.
    #[error("{}, data row {row} (line {line}): longer than 64 MiB; \
        is this file a table with line feeds?", path.display())]
    RowTooLong {
        /// The file.
        path: PathBuf,
        /// Data row, from 1.
        row: usize,
        /// Line on which it begins, from 1.
        line: u64,
    },
    /// The header lacks a wanted column.
    #[error("{}: no column `{}`; {hint}; header: {header}", path.display(), shown(column))]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The column wanted.
        column: String,
        /// The nearest column, or another likely mend.
        hint: String,
        /// The columns found.
        header: String,
    },
    /// The header holds a wanted column twice.
    #[error("{}: column `{}` stands {times} times in the header; rename all but one", path.display(), shown(column))]
    DuplicateColumn {
        /// The file.
        path: PathBuf,
        /// The column wanted.
        column: String,
        /// How often it stands there.
        times: usize,
    },
    /// A row has another number of cells than the header.
    #[error(
        "{spot}: {found} cells where the header has {expected}; \
        mend the row, or quote cells that hold the delimiter"
    )]
    Ragged {
        /// The row.
        spot: Spot,
        /// Cells in the row.
        found: usize,
        /// Cells in the header.
        expected: usize,
    },
    /// A wanted cell is empty.
    #[error("{spot}: the cell is empty; fill it, or leave the row out")]
    EmptyCell {
        /// The cell.
        spot: Spot,
    },
    /// A wanted value is null.
    #[error("{spot}: the value is null; fill it, or leave the row out")]
    Null {
        /// The cell.
        spot: Spot,
    },
    /// A cell of a numeric column holds something else.
    #[error("{spot}: \"{}\" is no number; write a decimal such as 0.25, or name another column", shown(value))]
    NotANumber {
        /// The cell.
        spot: Spot,
        /// What stands there.
        value: String,
    },
    /// A vector has another length than the declared one.
    #[error("{spot}: a vector of {found} numbers where {expected} are declared; mend the row, or declare its width")]
    VectorLength {
        /// The cell.
        spot: Spot,
        /// Numbers in it.
        found: usize,
        /// Numbers declared.
        expected: usize,
    },
    /// A cell of a column of vectors holds something else.
    #[error("{spot}: \"{}\" is no vector; write numbers in brackets, such as [0.1, -2]", shown(value))]
    NotAVector {
        /// The cell.
        spot: Spot,
        /// What stands there.
        value: String,
    },
    /// An id is not UTF-8.
    #[error("{spot}: \"{}\" is not UTF-8; save the file as UTF-8", shown(value))]
    NotUtf8 {
        /// The cell.
        spot: Spot,
        /// What stands there, with replacement characters.
        value: String,
    },
    /// An id is too long to be one.
    #[error("{spot}: an id of {length} bytes, of which {longest} are allowed; is this the column of ids?")]
    IdTooLong {
        /// The cell.
        spot: Spot,
        /// Its length in bytes.
        length: usize,
        /// The length allowed.
        longest: usize,
    },
    /// A Parquet column has a type that cannot be read as wanted.
    #[error("{}, column `{}`: {found} cannot be read as {wanted}; {mend}", path.display(), shown(column))]
    ColumnType {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// Its type.
        found: String,
        /// Numbers, ids or vectors.
        wanted: &'static str,
        /// What to do.
        mend: &'static str,
    },
    /// A column has more distinct ids than codes of 32 bits tell apart.
    #[error("{}, column `{}`: more than {most} distinct ids; split the file", path.display(), shown(column))]
    TooManyIds {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// How many are allowed.
        most: usize,
    },
}

impl TableError {
    /// The error of a failed `File::open` or of the first read.
    pub(super) fn from_open(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { path },
            io::ErrorKind::PermissionDenied => Self::NotReadable { path },
            io::ErrorKind::IsADirectory => Self::IsDirectory { path },
            _ => Self::Read { path, rows: 0, source },
        }
    }
}

/// A foreign message without its line breaks.
fn one_line(error: &dyn std::error::Error) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_opened_says_why_and_what_to_do() {
        let open = |kind: io::ErrorKind| TableError::from_open(Path::new("a.csv"), kind.into()).to_string();
        assert_eq!(open(io::ErrorKind::NotFound), "a.csv: no such file; mend the path");
        assert!(open(io::ErrorKind::PermissionDenied).starts_with("a.csv: no permission to read it; "));
        assert!(open(io::ErrorKind::IsADirectory).starts_with("a.csv: is a directory, "));
        assert!(open(io::ErrorKind::TimedOut).starts_with("a.csv: reading failed after data row 0: "));
    }

    #[test]
    fn a_cell_is_named_with_its_value_and_the_mend() {
        let spot = Spot { path: "a.csv".into(), row: 2, line: Some(3), column: Some("score".to_owned()) };
        assert_eq!(
            TableError::NotANumber { spot, value: "hi\ngh".to_owned() }.to_string(),
            "a.csv, data row 2 (line 3), column `score`: \"hi\\ngh\" is no number; \
             write a decimal such as 0.25, or name another column"
        );
    }
}
