//! `Rules`: what a row must satisfy to be kept, declared under `[data.rules]`.
//!
//! ```toml
//! max_quarantined_share = 0.1                 # above it, loading stops
//! duplicates = "drop"                         # of two equal rows one is kept
//! required = ["country"]                      # may not be blank, on top of the columns that have a role
//! [ranges]
//! location = { min = 1, max = 6 }             # both ends belong to it
//! ```
//!
//! | rule | broken by | what happens |
//! |---|---|---|
//! | `ragged_row` | more or fewer cells than the header | quarantined |
//! | `unterminated_quote` | a quote that does not close on its line: a row is one line, so a lost quote costs one row, not the rest of the file | quarantined |
//! | `invalid_utf8` | a mapped cell that is not UTF-8 | quarantined |
//! | `missing_value` | a blank cell where a value is required | quarantined |
//! | `unparsable_number` | not a finite number, or not a whole one where one is needed | quarantined |
//! | `out_of_range` | a number outside its declared range, or what the role can hold | quarantined |
//! | `impossible_date` | no such day in the calendar (31 April) | quarantined |
//! | `conflicting_duplicate` | session and order of an earlier row, other content | the first row is kept, the later ones are quarantined |
//!
//! A row's cells are judged in the order session, order, year, month, day, item, position, listing, the rest, then the date as a whole; the first rule that it breaks is noted. Cells of columns that the schema and the rules do not mention are not judged.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// What rows must satisfy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Largest share of rows that may be quarantined, 0 to 1; 0.1 unless declared.
    pub max_quarantined_share: f64,
    /// What happens to a row that repeats another; dropped unless declared.
    pub duplicates: Duplicates,
    /// Columns that may not be blank, besides those that have a role. Item attributes and context may be blank unless named here.
    pub required: Vec<String>,
    /// Ranges of numeric columns.
    pub ranges: BTreeMap<String, NumericRange>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { max_quarantined_share: 0.1, duplicates: Duplicates::Drop, required: Vec::new(), ranges: BTreeMap::new() }
    }
}

/// The numbers that a column may hold, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumericRange {
    /// Smallest number allowed.
    pub min: f64,
    /// Largest number allowed.
    pub max: f64,
}

/// What happens to a row whose session, order and content repeat an earlier row's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duplicates {
    /// It is dropped and counted.
    Drop,
    /// It is quarantined, so that every repeated row can be looked at.
    Quarantine,
}

/// The rule that a quarantined row breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// More or fewer cells than the header.
    RaggedRow,
    /// A quote does not close on its line.
    UnterminatedQuote,
    /// A cell is not UTF-8.
    InvalidUtf8,
    /// A required cell is blank.
    MissingValue,
    /// A numeric cell is not a number of its kind.
    UnparsableNumber,
    /// A number lies outside its range.
    OutOfRange,
    /// There is no such day.
    ImpossibleDate,
    /// Session, order and content of an earlier row, where duplicates are quarantined.
    ExactDuplicate,
    /// Session and order of an earlier row, with other content.
    ConflictingDuplicate,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RaggedRow => "ragged_row",
            Self::UnterminatedQuote => "unterminated_quote",
            Self::InvalidUtf8 => "invalid_utf8",
            Self::MissingValue => "missing_value",
            Self::UnparsableNumber => "unparsable_number",
            Self::OutOfRange => "out_of_range",
            Self::ImpossibleDate => "impossible_date",
            Self::ExactDuplicate => "exact_duplicate",
            Self::ConflictingDuplicate => "conflicting_duplicate",
        })
    }
}

impl Rules {
    /// Checks what can be checked without the file.
    ///
    /// # Errors
    /// [`Error::Config`] for a share outside 0 to 1, or a range whose ends are not finite or stand the wrong way round.
    pub fn check(&self) -> Result<(), Error> {
        if !(0.0..=1.0).contains(&self.max_quarantined_share) {
            return Err(Error::config(
                "data.rules.max_quarantined_share",
                self.max_quarantined_share.to_string(),
                "must be between 0 and 1",
            ));
        }
        for (column, range) in &self.ranges {
            if !(range.min.is_finite() && range.max.is_finite() && range.min <= range.max) {
                let value = format!("{{ min = {}, max = {} }}", range.min, range.max);
                return Err(Error::config(
                    format!("data.rules.ranges.{column:?}"),
                    value,
                    "must be finite, min not above max",
                ));
            }
        }
        Ok(())
    }
}
