//! `RawBlock`: some consecutive rows of a file, column by column, before anybody asked what they mean.
//!
//! ```text
//! text   b"u7,A1,0.5\nu3,A2,\n"
//! column "user"   Text [0..2, 10..12]
//! column "score"  Text [6..9, ABSENT]        an empty cell, a JSON null, a field that is not there
//! ```

use datafusion::arrow::array::ArrayRef;

/// Where a cell lies in the block's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// Number of bytes; `u32::MAX` for a cell that is not there.
    pub length: u32,
}

impl Span {
    /// A cell that is not there: an absent field, a null, a cell of no characters.
    pub const ABSENT: Self = Self { start: 0, length: u32::MAX };

    /// Whether there is no cell.
    pub fn is_absent(self) -> bool {
        self.length == u32::MAX
    }

    /// The cell's bytes, none where it is absent.
    pub fn of(self, text: &[u8]) -> Option<&[u8]> {
        (!self.is_absent()).then(|| &text[self.start as usize..][..self.length as usize])
    }
}

/// One wanted column of a block.
#[derive(Debug, Clone)]
pub enum RawColumn {
    /// Cells as text, out of their quotes, with spaces as they stand.
    Text(Vec<Span>),
    /// Values that have a type already (Parquet).
    Array(ArrayRef),
}

/// Where a row stands in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Line of the file from 1, the header's line counted; for Parquet the data row from 1.
    pub line: u64,
}

/// A row that could not be taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedRow {
    /// Where it stands.
    pub place: Place,
    /// Snake-case name of the rule: `ragged_row`, `unterminated_quote`, `invalid_utf8`, `nul_byte`, `cut_row`, `bad_json`, …
    pub rule: &'static str,
    /// What the rule found, in words.
    pub message: String,
    /// The row as it stands in the file, cut to 1,000 bytes.
    pub raw: Vec<u8>,
}

/// Some consecutive rows of one file.
#[derive(Debug, Clone)]
pub struct RawBlock {
    /// Index into the reader's files.
    pub file: u32,
    /// Lines (or Parquet rows) taken apart, empty ones left out. A line that is exploded is several rows, or none.
    pub lines: u64,
    /// Number of rows in `columns`; with `rejected` these are the rows read.
    pub rows: usize,
    /// What text cells point into.
    pub text: Vec<u8>,
    /// Per wanted column its cells, each of length `rows`.
    pub columns: Vec<RawColumn>,
    /// Per row where it stands.
    pub places: Vec<Place>,
    /// Rows that could not be taken apart, in the order of the file.
    pub rejected: Vec<RejectedRow>,
    /// Repairs by column (empty for the row as a whole) and kind, counted.
    pub repairs: Vec<(String, &'static str, u64)>,
}
