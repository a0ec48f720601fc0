//! A head: the tower of one task, from the trunk's representation to the task's logits.
//!
//! ```text
//! hₖ [B, hidden] ──► tower MLP ──► z [B, 1]   binary: P(label = 1) = σ(z)
//!                              └─► z [R, C]   choice: P(class c)   = softmax(z)_c, on the R rows that are asked for
//! ```
//!
//! ```
//! use slatewise_data::{Label, Mask, TaskKind, TaskSpec};
//! use slatewise_model::TaskShape;
//!
//! let next_item = TaskSpec::new("next_item", Label::NextItem, Mask::ClickedAndContinues);
//! let shape = TaskShape::new(&next_item, 217);
//! assert_eq!((shape.kind, shape.classes), (TaskKind::Choice, 217));
//! ```

use crate::{Error, Mlp, MlpConfig};
use burn::tensor::Device;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use slatewise_data::{TaskKind, TaskSpec};

/// What the model must know of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskShape {
    /// Name, unique in a model.
    pub name: String,
    /// Form of the prediction.
    pub kind: TaskKind,
    /// Number of logits: 1 for a binary task, the number of items for a choice.
    pub classes: usize,
    /// Weight of the task's loss in the sum, ≥ 0.
    pub loss_weight: f32,
}

impl TaskShape {
    /// The shape of a declared task over a catalogue of `items` items.
    pub fn new(task: &TaskSpec, items: usize) -> Self {
        let kind = task.kind();
        let classes = match kind {
            TaskKind::Binary => 1,
            TaskKind::Choice => items,
        };
        Self { name: task.name.clone(), kind, classes, loss_weight: task.loss_weight }
    }

    pub(crate) fn validate(&self) -> Result<(), Error> {
        let problem = match self.kind {
            TaskKind::Binary if self.classes != 1 => "a binary task has 1 logit",
            TaskKind::Choice if self.classes < 2 => "a choice needs at least 2 items: check the catalogue",
            _ if !(self.loss_weight.is_finite() && self.loss_weight >= 0.0) => {
                "`loss_weight` must be a finite number of at least 0"
            }
            _ => return Ok(()),
        };
        Err(Error::InvalidTask { task: self.name.clone(), problem })
    }

    /// Draws the tower: hidden layers of the given widths with ReLU, then a linear layer to the logits.
    pub(crate) fn tower(&self, hidden: &[usize], input: usize, rng: &mut ChaCha8Rng, device: &Device) -> Mlp {
        MlpConfig::new([hidden, &[self.classes]].concat()).init(input, rng, device)
    }
}
