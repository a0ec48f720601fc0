//! `Feedback`: what users did, one declared column each, under `[[schema.feedback]]`.

use serde::{Deserialize, Serialize};

/// One kind of feedback and how a cell tells it.
///
/// - `values`: 1 where the cell is one of these texts, else 0;
/// - `at_least`: 1 where the cell's number is at least this, else 0 (no value where the cell has none);
/// - neither: a binary cell is `1`/`0`, `true`/`false`, `yes`/`no` in any case; a number cell is itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feedback {
    /// Name of the typed column and of the task, such as `click`.
    pub name: String,
    /// Column of the file.
    pub column: String,
    /// Its form; binary unless declared.
    #[serde(default)]
    pub kind: FeedbackKind,
    /// Texts that mean yes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Smallest number that means yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// Another feedback without which this one is impossible, such as `click` for `purchase`: a row that has this and not
    /// that is quarantined by `impossible_combination`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires: Option<String>,
}

/// The form of a feedback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedbackKind {
    /// 0 or 1: arrow `Int8`.
    #[default]
    Binary,
    /// A finite number: arrow `Float64`.
    Number,
}
