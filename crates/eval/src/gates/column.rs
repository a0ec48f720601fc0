//! `Column` and `Labels`: what the gates look at.
//!
//! ```text
//! Number    [ 3.5 | NaN | -1.0 ]         NaN: no value; infinities are numbers like others
//! Category  [ 4   | 0   | MISSING ]      codes in any order
//! ```

use crate::error::Error;

/// The code of no value.
pub const MISSING: u32 = u32::MAX;

/// One column of a table, borrowed.
#[derive(Debug, Clone, Copy)]
pub enum Column<'a> {
    /// Numbers; NaN where there is none.
    Number(&'a [f64]),
    /// Codes of values; [`MISSING`] where there is none. Two columns that are compared share their codes.
    Category(&'a [u32]),
}

/// One label per row, borrowed.
#[derive(Debug, Clone, Copy)]
pub enum Labels<'a> {
    /// Yes or no.
    Binary(&'a [bool]),
    /// Finite numbers.
    Number(&'a [f64]),
}

impl Column<'_> {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Number(values) => values.len(),
            Self::Category(codes) => codes.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a row has no value.
    pub(super) fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Number(values) => values[row].is_nan(),
            Self::Category(codes) => codes[row] == MISSING,
        }
    }
}

impl Labels<'_> {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Binary(labels) => labels.len(),
            Self::Number(labels) => labels.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The label as a number.
    pub(super) fn value(&self, row: usize) -> f64 {
        match self {
            Self::Binary(labels) => f64::from(u8::from(labels[row])),
            Self::Number(labels) => labels[row],
        }
    }

    /// Refuses labels that are no finite numbers.
    pub(super) fn check(&self) -> Result<(), Error> {
        let Self::Number(labels) = self else { return Ok(()) };
        match labels.iter().position(|label| !label.is_finite()) {
            Some(index) => Err(Error::NotFinite { what: "label", row: index + 1, value: labels[index] }),
            None => Ok(()),
        }
    }
}

/// Refuses a threshold outside its range, by its key.
pub(super) fn within(what: &'static str, value: f64, low: f64, high: f64) -> Result<(), Error> {
    if (low..=high).contains(&value) { Ok(()) } else { Err(Error::Threshold { what, value, low, high }) }
}
