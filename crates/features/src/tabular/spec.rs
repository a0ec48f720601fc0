//! `TableSpec`: a flat table as features and labels, declared in a config.
//!
//! ```toml
//! [table]
//! train = "datasets/adult/train.csv.gz"
//! test = "datasets/adult/test.csv.gz"
//! validation = { share = 0.1, seed = 1 }            # of the train file's rows
//!
//! [[table.categorical]]
//! column = "workclass"
//! width = 8
//! min_count = 5
//!
//! [[table.numeric]]
//! column = "age"
//! transform = "quantile"
//!
//! [[table.tasks]]
//! name = "income"
//! label = { column = "income", positive = ">50K" }
//! mask = { column = "sex", equals = "Female" }      # optional: elsewhere the label does not count
//! ```

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The tables of a run, under `[table]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableSpec {
    /// File to learn from: CSV, gzipped or not, or Parquet.
    pub train: PathBuf,
    /// File to be judged on, with the same columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<PathBuf>,
    /// Rows of the train file that are held out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<ValidationSpec>,
    /// Columns that become rows of embedding tables.
    #[serde(default)]
    pub categorical: Vec<CategoricalColumn>,
    /// Columns that become normalised numbers.
    #[serde(default)]
    pub numeric: Vec<NumericColumn>,
    /// What is learned.
    pub tasks: Vec<TableTask>,
}

/// A seeded share of the train file, row by row: row r is held out if `XXH64(r; seed) < share · 2⁶⁴`. With one seed a
/// larger share holds out the rows of a smaller one and more.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidationSpec {
    /// Expected share of the rows, above 0 and below 1.
    pub share: f64,
    /// Decides which rows.
    pub seed: u64,
}

/// A column of values without order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoricalColumn {
    /// Its name in the header; also the name of the field.
    pub column: String,
    /// Embedding width, ≥ 1.
    pub width: usize,
    /// Values that occur in fewer train rows share row 0 with the unknown ones.
    #[serde(default = "one")]
    pub min_count: u64,
    /// Embedding table, which columns that speak of the same thing share; the column's own name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// Hash values to this many rows, ≥ 1, rather than keep a vocabulary; unseen values are hashed too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buckets: Option<u32>,
    /// With `buckets`: how many hashes, 1 to 8, each a field of its own; two values that collide in one seldom do in
    /// another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number_of_hashes: Option<u32>,
}

fn one() -> u64 {
    1
}

/// A column of numbers; an empty cell is a missing number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// One task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableTask {
    /// Name in metrics, plots and messages; unique.
    pub name: String,
    /// What is predicted.
    pub label: TableLabel,
    /// Rows on which the label is defined; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<TableMask>,
    /// Weight of the task's loss in the sum, ≥ 0.
    #[serde(default = "weight_one")]
    pub loss_weight: f32,
}

fn weight_one() -> f32 {
    1.0
}

/// Where a label comes from: exactly one of `positive` and `kind` is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableLabel {
    /// The column; no feature may read it.
    pub column: String,
    /// The label is 1 where the cell is this text, else 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive: Option<String>,
    /// The cell is the label itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<LabelKind>,
}

/// The form of a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelKind {
    /// 0 or 1.
    Binary,
    /// Any finite number.
    Number,
}

/// Rows on which a label is defined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableMask {
    /// The column.
    pub column: String,
    /// The text that its cell must be.
    pub equals: String,
}

impl TableSpec {
    /// Takes relative paths from `folder`, usually that of the config.
    pub fn resolve_from(&mut self, folder: &Path) {
        self.train = folder.join(&self.train);
        self.test = self.test.as_ref().map(|test| folder.join(test));
    }
}

impl TableLabel {
    /// The form of the label.
    pub fn kind(&self) -> LabelKind {
        self.kind.unwrap_or(LabelKind::Binary)
    }
}

impl CategoricalColumn {
    /// The embedding table's name.
    pub(crate) fn table(&self) -> &str {
        self.table.as_deref().unwrap_or(&self.column)
    }

    /// Number of fields that the column becomes.
    pub(crate) fn hashes(&self) -> u32 {
        self.number_of_hashes.unwrap_or(1)
    }
}
