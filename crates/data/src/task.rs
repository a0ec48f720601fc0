//! `TaskSpec`: what a head of the model learns, when its label counts, and where.
//!
//! A task is declared, not coded: a label (what is predicted), a mask (on which rows the label is defined) and the surfaces whose rows it takes. One impression row can carry labels of several tasks at once; a task that does not apply to a row has no label there, and the loss of that row is zero.
//!
//! ```
//! use slatewise_data::{Label, Mask, TaskKind, TaskSpec};
//!
//! let task: TaskSpec = TaskSpec::new("continues", Label::SessionContinues, Mask::Clicked);
//! assert_eq!(task.kind(), TaskKind::Binary);
//! ```

use serde::{Deserialize, Serialize};

/// One task of the multi-task model, as declared under `[[tasks]]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskSpec {
    /// Name in metrics, plots and messages; unique in a run.
    pub name: String,
    /// What is predicted.
    pub label: Label,
    /// The rows on which the label is defined.
    #[serde(default)]
    pub mask: Mask,
    /// Surfaces whose rows the task takes; empty means all.
    #[serde(default)]
    pub surfaces: Vec<String>,
    /// Weight of the task's loss in the sum, ≥ 0.
    #[serde(default = "one")]
    pub loss_weight: f32,
}

fn one() -> f32 {
    1.0
}

impl TaskSpec {
    /// A task on all surfaces with loss weight 1.
    pub fn new(name: impl Into<String>, label: Label, mask: Mask) -> Self {
        Self { name: name.into(), label, mask, surfaces: Vec::new(), loss_weight: 1.0 }
    }

    /// The kind of prediction that the label asks for.
    pub fn kind(&self) -> TaskKind {
        match self.label {
            Label::Click | Label::SessionContinues | Label::NextPremium => TaskKind::Binary,
            Label::NextItem => TaskKind::Choice,
        }
    }
}

/// The form of a task's prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// One logit; the label is 0 or 1.
    Binary,
    /// One logit per item of the catalogue; the label is an item index.
    Choice,
}

/// What a task predicts. All but `Click` look at what follows in the session, so they are labels and never features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// The shown item was clicked.
    Click,
    /// Another click follows in the session.
    SessionContinues,
    /// The next click of the session is on a premium item.
    NextPremium,
    /// The item of the session's next click.
    NextItem,
}

/// The rows on which a label is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mask {
    /// Every impression.
    #[default]
    All,
    /// Clicked impressions.
    Clicked,
    /// Clicked impressions after which the session goes on.
    ClickedAndContinues,
}
