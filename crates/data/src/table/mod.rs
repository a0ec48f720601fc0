//! Columns of numbers and ids out of files that anything may have written: CSV, gzipped or not, and Parquet.
//!
//! ```text
//! scores.csv                     wanted: id("user_id")                wanted: number("score")
//! user_id,label,score            code [0, 1, 0], names ["u7","u3"]    [0.5, 0.25, 0.125]
//! u7,1,0.5
//! u3,0,0.25
//! u7,0,0.125
//! ```
//!
//! - **Formats** are known by their first bytes: `PAR1` is Parquet (with the cargo feature `parquet`), `1f 8b` gzip,
//!   anything else CSV. The delimiter of a CSV file is whichever of comma, semicolon and tab its header holds most
//!   often outside quotes.
//! - **CSV** is that of RFC 4180: cells in quotes may hold delimiters, line feeds and doubled quotes; lines end in LF
//!   or CRLF; a byte order mark, empty lines and a missing last line feed do not matter. A quote within a cell that
//!   does not begin with one is an ordinary character.
//! - **Numbers** are the nearest float64, as Python's `float` reads them: `0.1`, `1e-3`, `nan`, `inf`; and `true` and
//!   `false` (or `True`, `TRUE`, …) are 1 and 0. Not-a-number and infinity are handed on: the caller decides about them.
//! - **Ids** are text as it stands in the file; integers of Parquet are written in decimal. Their codes count in the
//!   order of first appearance, whatever the number of threads.
//! - **Vectors** are lists of Parquet, or text such as `[0.1, -2]`, of one declared length, as float32.
//! - **Refused**, with file, data row, line, column and value: an empty or null cell of a wanted column (unless wanted with it), a number that
//!   is none, an id that is not UTF-8, a row with another number of cells than the header, a quote that never closes.
//!   Columns that are not wanted may hold anything.
//! - **Memory**: blocks of half a megabyte (32 768 rows of Parquet) and the names of the ids, beside what
//!   [`TableReader::read`] returns. The blocks are read in parallel on the current rayon pool, and delivered in order.
//!
//! ```
//! use slatewise_data::table::{TableError, TableReader, Wanted};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("scores.csv");
//! std::fs::write(&path, "user_id,label,score\nu7,1,0.5\nu3,0,0.25\nu7,0,NaN\n")?;
//!
//! // Whole:
//! let table = TableReader::open(&path)?.read(&[Wanted::id("user_id"), Wanted::number("label")])?;
//! assert_eq!((table.id(0).code.as_slice(), table.number(1)), (&[0, 1, 0][..], &[1.0, 0.0, 0.0][..]));
//! assert_eq!(table.id(0).names, ["u7", "u3"]);
//!
//! // Or chunk by chunk, and the caller refuses what it cannot use:
//! let mut refused = Vec::new();
//! TableReader::open(&path)?.for_each_chunk(&[Wanted::number("score")], |chunk| {
//!     for (row, score) in chunk.number(0).iter().enumerate().filter(|(_, score)| !score.is_finite()) {
//!         refused.push(format!("{}: {score}", chunk.place(chunk.first_row() + row, "score")));
//!     }
//!     Ok::<(), TableError>(())
//! })?;
//! assert!(refused[0].ends_with("scores.csv, data row 3 (line 4), column `score`: NaN"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Reference
//! RFC 4180, *Common Format and MIME Type for Comma-Separated Values (CSV) Files*; Apache Parquet, *File Format*.

mod block_ids;
mod columns;
mod csv;
mod error;
pub(crate) mod interner;
#[cfg(feature = "parquet")]
mod parquet;
mod place;
mod vector;
mod wanted;
pub(crate) mod words;

use std::fs::File;
use std::io::Read;
use std::path::Path;

#[cfg(feature = "engine")]
pub(crate) use self::parquet::codes;

pub use self::columns::{Chunk, Column, IdColumn, Table};
pub use self::error::TableError;
pub use self::place::{Place, Spot};
pub use self::vector::{Misfit, push_vector};
pub use self::wanted::{Kind, Wanted};

use self::csv::CsvFile;
use self::interner::Interner;

const PARQUET: [u8; 4] = *b"PAR1";

/// A file of columns whose header has been read.
pub struct TableReader {
    format: Format,
}

impl std::fmt::Debug for TableReader {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.places().path().to_path_buf();
        out.debug_struct("TableReader").field("path", &path).field("header", &self.header()).finish_non_exhaustive()
    }
}

enum Format {
    Csv(Box<CsvFile>),
    #[cfg(feature = "parquet")]
    Parquet(Box<parquet::ParquetFile>),
}

#[cfg(feature = "parquet")]
fn open_parquet(path: &Path, file: File) -> Result<Format, TableError> {
    Ok(Format::Parquet(Box::new(parquet::ParquetFile::open(path, file)?)))
}

#[cfg(not(feature = "parquet"))]
fn open_parquet(path: &Path, _: File) -> Result<Format, TableError> {
    Err(TableError::ParquetOff { path: path.to_path_buf() })
}

impl TableReader {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// If the file cannot be opened, is empty, or has no readable header; [`TableError::ParquetOff`] for Parquet
    /// without the feature.
    pub fn open(path: &Path) -> Result<Self, TableError> {
        let failed = |source| TableError::from_open(path, source);
        let mut file = File::open(path).map_err(failed)?;
        let mut first = Vec::with_capacity(PARQUET.len());
        file.by_ref().take(PARQUET.len() as u64).read_to_end(&mut first).map_err(failed)?;
        let format = if first == PARQUET {
            open_parquet(path, file)?
        } else {
            Format::Csv(Box::new(CsvFile::open(path, first, file)?))
        };
        Ok(Self { format })
    }

    /// The names of the columns, in the order of the file.
    pub fn header(&self) -> &[String] {
        match &self.format {
            Format::Csv(file) => file.header(),
            #[cfg(feature = "parquet")]
            Format::Parquet(file) => file.header(),
        }
    }

    /// Whether there is a column of this name.
    pub fn has(&self, column: &str) -> bool {
        self.header().iter().any(|name| name == column)
    }

    /// Names rows and cells also after the reader is consumed.
    pub fn places(&self) -> Place {
        match &self.format {
            Format::Csv(file) => file.place().clone(),
            #[cfg(feature = "parquet")]
            Format::Parquet(file) => file.place().clone(),
        }
    }

    /// Reads the wanted columns whole; the columns of the table are in the order of `wanted`, which may name one twice.
    ///
    /// # Errors
    /// If a wanted column is missing or stands twice in the header, there are no rows, or a row cannot be read: see
    /// [`TableError`].
    pub fn read(self, wanted: &[Wanted<'_>]) -> Result<Table, TableError> {
        let place = self.places();
        let column = |wanted: &Wanted<'_>| match wanted.kind {
            Kind::Number | Kind::NumberOrEmpty => Column::Number(Vec::new()),
            Kind::Id | Kind::IdOrEmpty => Column::Id(IdColumn::default()),
            Kind::Vector(_) => Column::Vector(Vec::new()),
        };
        let mut columns: Vec<Column> = wanted.iter().map(column).collect();
        let mut rows = 0;
        let names = self.for_each_chunk(wanted, |chunk| {
            chunk.append_to(&mut columns);
            rows += chunk.rows();
            Ok::<(), TableError>(())
        })?;
        for (column, names) in columns.iter_mut().zip(names) {
            if let Column::Id(ids) = column {
                ids.names = names;
            }
        }
        Ok(Table { rows, columns, place })
    }

    /// Reads the wanted columns chunk by chunk in row order, in bounded memory, and returns the names of the ids of
    /// each (none for numbers). Codes are those of the whole file: a code in a chunk is an index into the names that
    /// come at the end.
    ///
    /// # Errors
    /// As [`read`](Self::read), after the rows before the bad one were visited; and whatever `visit` returns, at once.
    pub fn for_each_chunk<E: From<TableError>>(
        self,
        wanted: &[Wanted<'_>],
        visit: impl FnMut(&Chunk<'_>) -> Result<(), E>,
    ) -> Result<Vec<Vec<String>>, E> {
        let places = wanted::places(wanted, self.header(), self.places().path())?;
        let kinds: Vec<Kind> = wanted.iter().map(|wanted| wanted.kind).collect();
        let names = match self.format {
            Format::Csv(file) => file.for_each(&places, &kinds, visit)?,
            #[cfg(feature = "parquet")]
            Format::Parquet(file) => file.for_each(&places, &kinds, visit)?,
        };
        Ok(names.into_iter().map(Interner::into_names).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &Path) -> String {
        match TableReader::open(path) {
            Ok(reader) => format!("{reader:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_path_that_is_no_file_says_so() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        assert!(told(folder.path()).ends_with(": is a directory, not a table; name a CSV or Parquet file in it"));
        assert!(told(&folder.path().join("none.csv")).ends_with("none.csv: no such file; mend the path"));
        Ok(())
    }

    #[test]
    fn formats_are_known_by_their_first_bytes() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("scores.parquet");
        std::fs::write(&path, "a;b\n1;2\n")?;
        let reader = TableReader::open(&path)?;
        assert_eq!((reader.header(), reader.has("b"), reader.has("c")), (&["a".into(), "b".into()][..], true, false));
        assert_eq!(reader.read(&[Wanted::number("b")])?.into_columns(), [Column::Number(vec![2.0])]);
        std::fs::write(&path, "PAR1")?;
        let mend =
            if cfg!(feature = "parquet") { "write the file again" } else { "turn it on, or write the table as CSV" };
        assert!(told(&path).contains(mend), "{}", told(&path));
        Ok(())
    }
}
