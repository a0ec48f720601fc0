//! Fixed weights: the tasks count as declared, at every step.
//!
//! ```text
//! L = Σₖ λₖ Lₖ
//! ```
//!
//! λₖ is the task's `loss_weight`. This is what every other method is compared with; well-chosen fixed weights are hard
//! to beat (Xin et al. 2022).
//!
//! # Reference
//! Xin, Ghorbani, Gilmer, Garg, Firat 2022, "Do Current Multi-Task Optimization Methods in Deep Learning Even Help?",
//! NeurIPS.

use super::{StepSignals, StepWeights, TaskBalance};
use crate::Error;
use serde::{Deserialize, Serialize};

/// The declared loss weights throughout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixedWeights {
    declared: Vec<f64>,
}

impl FixedWeights {
    pub(super) fn new(declared: Vec<f64>) -> Self {
        Self { declared }
    }
}

impl TaskBalance for FixedWeights {
    fn needs_losses(&self) -> bool {
        false
    }

    fn needs_gradients(&self) -> bool {
        false
    }

    fn weights(&mut self, _: &StepSignals<'_>) -> Result<StepWeights, Error> {
        Ok(StepWeights::everywhere(self.declared.clone()))
    }

    fn end_of_epoch(&mut self, _: &[Option<f64>]) {}
}
