//! `CleaningReport`: the counts of one load, which add up to the rows read.
//!
//! ```text
//! rows_read = rows_kept + duplicates_dropped + rows_left_out + Σ quarantined
//! ```

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::quarantine::{Quarantine, QuarantinedRow};
use super::rules::Rule;
use crate::day::Day;

/// What was read, kept, repaired and set aside.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CleaningReport {
    /// Lines below the header that are not empty.
    pub rows_read: u64,
    /// Rows that became slates of the log.
    pub rows_kept: u64,
    /// Rows that repeat a kept row exactly.
    pub duplicates_dropped: u64,
    /// Sound rows of sessions outside `sessions_share`.
    pub rows_left_out: u64,
    /// Quarantined rows by the rule that they break.
    pub quarantined: BTreeMap<Rule, u64>,
    /// Repaired cells by column and repair.
    pub repaired: Vec<RepairCount>,
    /// Sessions kept.
    pub sessions: u64,
    /// Items seen.
    pub items: u64,
    /// Listings seen.
    pub listings: u64,
    /// Impressions rebuilt.
    pub impressions: u64,
    /// Day of the first session.
    pub first_day: Option<Day>,
    /// Day of the last session.
    pub last_day: Option<Day>,
}

/// Cells of one column that were repaired in one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepairCount {
    /// The column.
    pub column: String,
    /// The repair.
    pub repair: Repair,
    /// Rows in which it was made.
    pub rows: u64,
}

/// A repair, made and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repair {
    /// ASCII white space around the value was cut off.
    TrimmedSpace,
    /// The item's value in this row differs from, or is blank beside, the value that most of the item's rows have.
    ItemMajority,
    /// The listing's surface in this row differs from the one that most of the listing's rows have.
    ListingMajority,
    /// The session's value in this row differs from, or is blank beside, the value that most of the session's rows have.
    SessionMajority,
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TrimmedSpace => "white space trimmed",
            Self::ItemMajority => "set to what most of the item's rows say",
            Self::ListingMajority => "set to what most of the listing's rows say",
            Self::SessionMajority => "set to what most of the session's rows say",
        })
    }
}

impl CleaningReport {
    /// All quarantined rows.
    pub fn rows_quarantined(&self) -> u64 {
        self.quarantined.values().sum()
    }

    /// All repaired cells.
    pub fn cells_repaired(&self) -> u64 {
        self.repaired.iter().map(|count| count.rows).sum()
    }

    /// Whether every row read is accounted for exactly once.
    pub fn adds_up(&self) -> bool {
        self.rows_read == self.rows_kept + self.duplicates_dropped + self.rows_left_out + self.rows_quarantined()
    }
}

/// The report and the quarantine while they grow, so that a row is never in one and not in the other.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) report: CleaningReport,
    pub(crate) quarantine: Quarantine,
}

impl Ledger {
    pub(crate) fn quarantine(&mut self, row: QuarantinedRow) {
        *self.report.quarantined.entry(row.rule).or_default() += 1;
        self.quarantine.rows.push(row);
    }

    pub(crate) fn repaired(&mut self, column: &str, repair: Repair, rows: u64) {
        if rows > 0 {
            self.report.repaired.push(RepairCount { column: column.to_owned(), repair, rows });
        }
    }
}
