//! Columns that are features as they stand: values without order, and numbers.

use serde::{Deserialize, Serialize};

/// A column of values without order, or of numbers cut into buckets.
///
/// | declared | row 0 | then |
/// |---|---|---|
/// | nothing more | unknown, rare | values by frequency; the empty cell is a value too |
/// | `out_of_vocabulary = n` | empty, where that is rare | values by frequency, and n rows for rare and unseen ones |
/// | `buckets = n` | empty | n rows, to which values are hashed |
/// | `cuts` or `quantile_cuts` | empty | one row per bucket between the cuts; `x` equal to a cut stands above it |
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoricalColumn {
    /// Its name in the header; also the name of the field, with `_bucket` behind it where numbers are cut.
    pub column: String,
    /// Embedding width, ≥ 1.
    pub width: usize,
    /// Values that occur in fewer train rows share row 0 with the unknown ones.
    #[serde(default = "one")]
    pub min_count: u64,
    /// Embedding table, which columns that speak of the same thing share; the field's own name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// Hash values to this many rows, ≥ 1, rather than keep a vocabulary; unseen values are hashed too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buckets: Option<u32>,
    /// With `buckets`: how many hashes, 1 to 8, each a field of its own; two values that collide in one seldom do in
    /// another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number_of_hashes: Option<u32>,
    /// Beside the vocabulary: rows to which rare and unseen values are hashed, ≥ 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_of_vocabulary: Option<u32>,
    /// Cuts between the buckets of a column of numbers, ascending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cuts: Option<Vec<f64>>,
    /// So many cuts at equal shares of the train rows, 1 to 1,000; equal ones count once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantile_cuts: Option<u32>,
}

pub(super) fn one() -> u64 {
    1
}

/// A column of numbers; an empty cell is a missing number.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumericColumn {
    /// Its name in the header; also the name of the dense value.
    pub column: String,
    /// How it is normalised.
    #[serde(default)]
    pub transform: NumericTransform,
}

/// How a number is normalised, by the train rows that have one.
///
/// A missing number becomes 0. If it is missing in any train row, a second dense value `<column>_missing` says so
/// with 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumericTransform {
    /// As it is.
    None,
    /// (x − mean) / deviation.
    #[default]
    Standard,
    /// (ln(1 + x) − mean) / deviation, for counts and prices; x ≥ 0.
    LogStandard,
    /// √12 · (share of the train rows below x − 1/2): flat, mean 0, deviation 1, whatever the tails.
    Quantile,
}

impl CategoricalColumn {
    /// A column with a vocabulary of all values of the train rows.
    pub fn new(column: impl Into<String>, width: usize) -> Self {
        Self { column: column.into(), width, min_count: 1, ..Self::default() }
    }

    /// Whether it is a column of numbers that are cut into buckets.
    pub fn is_cut(&self) -> bool {
        self.cuts.is_some() || self.quantile_cuts.is_some()
    }

    /// The field's name.
    pub fn name(&self) -> String {
        if self.is_cut() { format!("{}_bucket", self.column) } else { self.column.clone() }
    }

    /// The embedding table's name.
    pub(crate) fn table(&self) -> String {
        self.table.clone().unwrap_or_else(|| self.name())
    }

    /// Number of fields that the column becomes.
    pub(crate) fn hashes(&self) -> u32 {
        self.number_of_hashes.unwrap_or(1)
    }
}

impl NumericColumn {
    /// A column with its transform.
    pub fn new(column: impl Into<String>, transform: NumericTransform) -> Self {
        Self { column: column.into(), transform }
    }
}
