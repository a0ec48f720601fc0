//! `Counts`: every row read is counted exactly once.
//!
//! ```text
//! rows_read = rows_kept + duplicates_dropped + Σ quarantined
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What was read, kept, repaired and set aside.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Lines of the files that are not empty, headers left out; rows of Parquet.
    pub lines: u64,
    /// Rows: a line that is exploded is several, a line that cannot be taken apart is one.
    pub rows_read: u64,
    /// Rows that passed every rule so far.
    pub rows_kept: u64,
    /// Rows that repeat a kept row and were dropped.
    pub duplicates_dropped: u64,
    /// Rows that repeat a kept row and were kept, where the schema says so; they are among `rows_kept`.
    pub duplicates_kept: u64,
    /// Quarantined rows by rule.
    pub quarantined: BTreeMap<String, u64>,
    /// Repaired cells.
    pub repaired: Vec<RepairKind>,
    /// Per side table, log rows without a partner in it.
    pub unmatched: BTreeMap<String, u64>,
    /// Per side table, its rows whose key repeats an earlier one's and which were not used.
    pub repeated_keys: BTreeMap<String, u64>,
}

/// Cells of one column that were repaired in one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepairKind {
    /// The column; empty for the file or row as a whole.
    pub column: String,
    /// What was done, such as `byte_order_mark_skipped` or `space_trimmed`.
    pub repair: String,
    /// How often.
    pub cells: u64,
}

impl Counts {
    /// All quarantined rows.
    pub fn rows_quarantined(&self) -> u64 {
        self.quarantined.values().sum()
    }

    /// Whether every row read is accounted for exactly once.
    pub fn adds_up(&self) -> bool {
        self.rows_read == self.rows_kept + self.duplicates_dropped + self.rows_quarantined()
    }

    /// Adds repaired cells to those of the same column and kind.
    pub fn repair(&mut self, column: &str, repair: &str, cells: u64) {
        if cells == 0 {
            return;
        }
        match self.repaired.iter_mut().find(|known| known.column == column && known.repair == repair) {
            Some(known) => known.cells += cells,
            None => self.repaired.push(RepairKind { column: column.to_owned(), repair: repair.to_owned(), cells }),
        }
    }
}
