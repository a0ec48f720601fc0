//! `Place`: how messages name a cell, "scores.csv, data row 2 (line 3), column \`score\`".
//!
//! Data rows count from 1 behind the header. A cell in quotes may hold line breaks and an empty line is no row, so the
//! line of a row is looked up:
//!
//! ```text
//! line(row) = line of the first row of its block + rows since then + surplus lines since then
//! ```
//!
//! Only the rows at which the surplus changes are kept, so a file of one row per line costs one entry.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Names the rows of one file; cheap to clone, and good after the reader is consumed.
#[derive(Debug, Clone)]
pub struct Place {
    path: Arc<Path>,
    /// `None` for a file without lines, such as Parquet.
    lines: Option<Arc<Mutex<Lines>>>,
}

/// The lines of the rows read so far.
#[derive(Debug, Default)]
struct Lines {
    blocks: Vec<BlockLines>,
}

/// Rows from `first_row` on: their lines count from `first_line`.
#[derive(Debug)]
struct BlockLines {
    first_row: usize,
    first_line: u64,
    /// From this row of the block on, so many lines more.
    surplus: Vec<(u32, u32)>,
}

/// One row of one file, as an error names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The file.
    pub path: PathBuf,
    /// Data row, from 1.
    pub row: usize,
    /// Line of the file on which the row begins, from 1; `None` for a file without lines.
    pub line: Option<u64>,
    /// The column, if one is to blame.
    pub column: Option<String>,
}

impl Place {
    pub(super) fn with_lines(path: &Path) -> Self {
        Self { path: path.into(), lines: Some(Arc::default()) }
    }

    #[cfg(feature = "parquet")]
    pub(super) fn without_lines(path: &Path) -> Self {
        Self { path: path.into(), lines: None }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Notes where a block of rows lies; blocks come in order.
    pub(super) fn push_block(&self, first_row: usize, first_line: u64, surplus: &[(u32, u32)]) {
        let Some(lines) = &self.lines else { return };
        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        let regular = surplus.is_empty() && lines.line(first_row) == Some(first_line);
        if !regular {
            lines.blocks.push(BlockLines { first_row, first_line, surplus: surplus.to_vec() });
        }
    }

    /// The line on which a data row begins; `row0` counts from 0 over the whole file.
    ///
    /// `None` for a file without lines, and for a row that was not read.
    pub fn line(&self, row0: usize) -> Option<u64> {
        self.lines.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner).line(row0)
    }

    /// The row in words, such as "scores.csv, data row 2 (line 3)"; `row0` counts from 0 over the whole file.
    pub fn row(&self, row0: usize) -> String {
        self.spot(row0, None).to_string()
    }

    /// The cell in words, such as "scores.csv, data row 2 (line 3), column \`score\`"; `row0` counts from 0 over the
    /// whole file.
    pub fn place(&self, row0: usize, column: &str) -> String {
        self.spot(row0, Some(column)).to_string()
    }

    pub(super) fn spot(&self, row0: usize, column: Option<&str>) -> Spot {
        Spot { path: self.path.to_path_buf(), row: row0 + 1, line: self.line(row0), column: column.map(str::to_owned) }
    }
}

impl Lines {
    fn line(&self, row: usize) -> Option<u64> {
        let block = &self.blocks[self.blocks.partition_point(|block| block.first_row <= row).checked_sub(1)?];
        let within = row - block.first_row;
        let surplus = block.surplus.partition_point(|&(first, _)| first as usize <= within);
        let surplus = surplus.checked_sub(1).map_or(0, |entry| block.surplus[entry].1);
        Some(block.first_line + within as u64 + u64::from(surplus))
    }
}

impl std::fmt::Display for Spot {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}, data row {}", self.path.display(), self.row)?;
        if let Some(line) = self.line {
            write!(out, " (line {line})")?;
        }
        match &self.column {
            Some(column) => write!(out, ", column `{}`", shown(column)),
            None => Ok(()),
        }
    }
}

/// Longest value shown in a message, in characters.
const LONGEST: usize = 60;

/// A name or value as a message shows it: on one line, and cut when it is long.
pub(super) fn shown(value: &str) -> String {
    let mut text = String::new();
    for (count, letter) in value.chars().enumerate() {
        if count == LONGEST {
            text.push('…');
            break;
        }
        // Letters of any script stay as they are; line breaks and other invisible ones do not.
        if letter.is_control() {
            // Writing to a String cannot fail.
            let _ = write!(text, "{}", letter.escape_default());
        } else {
            text.push(letter);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_per_line_is_one_entry() {
        let place = Place::with_lines(Path::new("a.csv"));
        place.push_block(0, 2, &[]);
        place.push_block(10, 12, &[]);
        assert_eq!(place.place(1, "score"), "a.csv, data row 2 (line 3), column `score`");
        assert_eq!(place.row(11), "a.csv, data row 12 (line 13)");
        assert_eq!(place.lines.map(|lines| lines.lock().map(|l| l.blocks.len()).unwrap_or(0)), Some(1));
    }

    #[test]
    fn surplus_lines_shift_the_rows_behind_them() {
        // Rows 0..4 on lines 2, 3, 6, 7 (row 1 spans three lines); then a block from line 8.
        let place = Place::with_lines(Path::new("a.csv"));
        place.push_block(0, 2, &[(2, 2)]);
        place.push_block(4, 8, &[]);
        let lines: Vec<_> = (0..6).map(|row| place.line(row)).collect();
        assert_eq!(lines, [Some(2), Some(3), Some(6), Some(7), Some(8), Some(9)]);
    }

    #[test]
    fn nothing_is_known_of_rows_not_read() {
        assert_eq!(Place::with_lines(Path::new("a.csv")).line(0), None);
        assert_eq!(Place::with_lines(Path::new("a.csv")).row(0), "a.csv, data row 1");
    }

    #[test]
    fn a_value_is_shown_on_one_line_and_cut() {
        assert_eq!(shown("a\nb"), "a\\nb");
        assert_eq!(shown("größe"), "größe");
        assert_eq!(shown(&"x".repeat(100)).chars().count(), LONGEST + 1);
    }
}
