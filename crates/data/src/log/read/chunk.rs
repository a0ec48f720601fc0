//! `RawChunk`: the next whole lines of a file, not yet taken apart, so that many threads can do that at the same time.

use datafusion::arrow::array::ArrayRef;

use super::block::RejectedRow;

/// The next piece of the files.
#[derive(Debug)]
pub struct RawChunk {
    pub(super) file: u32,
    pub(super) body: Body,
    /// What was repaired for the file as a whole.
    pub(super) repair: Option<&'static str>,
}

/// What a piece holds.
#[derive(Debug)]
pub(super) enum Body {
    /// Whole lines.
    Lines(Piece),
    /// A line too long to hold.
    TooLong(RejectedRow),
    /// Rows of Parquet, the wanted columns in their order.
    Arrays { first_row: u64, rows: usize, columns: Vec<ArrayRef> },
}

/// Whole lines as they stand in the file.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) text: Vec<u8>,
    /// Line of the file on which they begin, from 1.
    pub(super) line: u64,
    /// Whether the file ends here without a line feed.
    pub(super) cut: bool,
}

impl RawChunk {
    /// Size in bytes: the text, unpacked, or the arrays.
    pub fn bytes(&self) -> usize {
        match &self.body {
            Body::Lines(piece) => piece.text.len(),
            Body::TooLong(row) => row.raw.len(),
            Body::Arrays { columns, .. } => columns.iter().map(|array| array.get_array_memory_size()).sum(),
        }
    }

    /// Index of its file among the reader's.
    pub fn file(&self) -> u32 {
        self.file
    }
}
