//! `ColumnSpec`: one column's type, range, domain and privacy, under `[schema.columns.<name>]`.

use serde::{Deserialize, Serialize};

/// What a column holds and what a cell must satisfy; a cell that does not sends its row to quarantine.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ColumnSpec {
    /// Its type; told from the first rows unless declared, and then fixed.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<ColumnType>,
    /// Smallest number allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest number allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The texts allowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Texts of this column that stand for no value, on top of `schema.missing`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Whether a cell without a value breaks a rule.
    pub required: bool,
    /// Another name for the typed column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rename: Option<String>,
    /// When the value is known; what is known after the outcome is no feature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available: Option<Available>,
    /// How the column is protected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privacy: Option<ColumnPrivacy>,
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// A whole number of 64 bits with sign: arrow `Int64`.
    Integer,
    /// A finite number: arrow `Float64`.
    Number,
    /// Anything, as it stands in the file: arrow `Utf8`.
    Text,
    /// true/false, yes/no, 1/0, t/f, y/n in any case: arrow `Int8` of 1 and 0.
    Boolean,
    /// A list of numbers, such as an embedding; of Parquet and JSON alone: arrow `List<Float32>`.
    Vector,
}

/// When a value is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Available {
    /// When the prediction is made: it may be a feature, and no gate doubts it.
    Before,
    /// Only when the outcome is known, such as a call's duration: it is no feature.
    After,
}

/// How a column is protected as it is read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnPrivacy {
    /// Not read at all.
    Drop,
    /// Replaced by a keyed hash, as ids are.
    Pseudonymise,
    /// Numbers rounded down to a multiple of this step, > 0; texts cut to this many characters.
    Generalise(f64),
    /// Laplace noise of this scale, > 0, added to numbers; seeded.
    Noise(f64),
}
