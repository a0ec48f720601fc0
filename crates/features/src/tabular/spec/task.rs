//! What is learned of a table: labels, and the rows on which they count.

use serde::{Deserialize, Serialize};

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
    /// What a row without the label is.
    #[serde(default, skip_serializing_if = "MissingLabel::is_refused")]
    pub missing: MissingLabel,
    /// Weight of the task's loss in the sum, ≥ 0.
    #[serde(default = "weight_one")]
    pub loss_weight: f32,
}

fn weight_one() -> f32 {
    1.0
}

/// What a row is whose label's cell is empty or null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingLabel {
    /// An error that names the cell.
    #[default]
    Refuse,
    /// A row on which the label does not count.
    Mask,
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
    /// The column; where its cell is empty, the label does not count.
    pub column: String,
    /// The text that its cell must be.
    pub equals: String,
}

impl TableLabel {
    /// The form of the label.
    pub fn kind(&self) -> LabelKind {
        self.kind.unwrap_or(LabelKind::Binary)
    }
}

impl MissingLabel {
    fn is_refused(&self) -> bool {
        *self == Self::Refuse
    }
}

impl TableTask {
    /// A task whose label is the number in a column; rows without one do not count.
    pub fn new(name: impl Into<String>, column: impl Into<String>, kind: LabelKind) -> Self {
        let label = TableLabel { column: column.into(), positive: None, kind: Some(kind) };
        Self { name: name.into(), label, mask: None, missing: MissingLabel::Mask, loss_weight: weight_one() }
    }
}
