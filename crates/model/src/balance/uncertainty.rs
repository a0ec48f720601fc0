//! Uncertainty weighting: each task's noise is learnt beside the model, and a noisy task counts less.
//!
//! ```text
//! L(W, s) = Σₖ e^(−sₖ) Lₖ(W) + sₖ/2                  equation (10), sₖ = log σₖ²
//! ∂L/∂sₖ  = ½ − e^(−sₖ) Lₖ                            0 at e^(−sₖ) = 1 / (2 Lₖ)
//! weight of task k: e^(−sₖ)
//! ```
//!
//! | symbol | here |
//! |---|---|
//! | sₖ | `log_variance[k]`, 0 at the start |
//! | σₖ² | the task's temperature: softmax(z/σ²) |
//! | Lₖ | `step.losses[k]` |
//!
//! Every loss of this crate is a cross-entropy, so every task takes the paper's classification form, L/σ² + log σ. The
//! regression form, L/(2σ²) + log σ, would start at half the weight and end at the same one, 1/(2L): there ½e^(−s) is
//! the weight and ½ − ½e^(−s)L the gradient.
//!
//! Differences from the paper: 1. sₖ is updated by an Adam of its own, at the rate at which Chen et al. 2018 (section
//! 5.1) train this method as their baseline, where the paper trains it with the network's SGD; 2. sₖ stays within ±10,
//! weights within e^±10: a loss of 0 would otherwise drive its weight to infinity; 3. a task without labels in a batch
//! keeps its sₖ, where the paper's data are labelled throughout; 4. the declared weight λₖ multiplies the weight and
//! leaves sₖ alone.
//!
//! # Reference
//! Kendall, Gal, Cipolla 2018, "Multi-Task Learning Using Uncertainty to Weigh Losses for Scene Geometry and
//! Semantics", CVPR.

use super::scalar_adam::ScalarAdam;
use super::{StepSignals, StepWeights, TaskBalance, above_zero};
use crate::Error;
use serde::{Deserialize, Serialize};

/// Bound of |s|: a task whose loss is below 2e-5 nats, or above 1e4, is no longer balanced.
const LARGEST_LOG_VARIANCE: f64 = 10.0;

/// `balance = { kind = "uncertainty" }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UncertaintyConfig {
    /// Adam's step size for the log variances, above 0; 0.025 as in Chen et al. 2018, section 5.1.
    pub learning_rate: f64,
}

impl Default for UncertaintyConfig {
    fn default() -> Self {
        Self { learning_rate: 0.025 }
    }
}

impl UncertaintyConfig {
    pub(super) fn validate(&self) -> Result<(), Error> {
        above_zero("trainer.balance.learning_rate", self.learning_rate, "give a number above 0, such as 0.025")
    }
}

/// The log variances, and the moments of their gradients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UncertaintyWeights {
    learning_rate: f64,
    declared: Vec<f64>,
    log_variance: Vec<f64>,
    adam: Vec<ScalarAdam>,
}

impl UncertaintyWeights {
    pub(super) fn new(config: &UncertaintyConfig, declared: Vec<f64>) -> Self {
        let (log_variance, adam) = (vec![0.0; declared.len()], vec![ScalarAdam::default(); declared.len()]);
        Self { learning_rate: config.learning_rate, declared, log_variance, adam }
    }
}

impl TaskBalance for UncertaintyWeights {
    fn needs_losses(&self) -> bool {
        true
    }

    fn needs_gradients(&self) -> bool {
        false
    }

    fn weights(&mut self, step: &StepSignals<'_>) -> Result<StepWeights, Error> {
        let tasks = self.declared.len();
        let (labelled, losses) = (step.labelled(tasks), step.losses(tasks)?);
        let mut weights = Vec::with_capacity(tasks);
        for (task, (&labelled, loss)) in labelled.iter().zip(losses).enumerate() {
            let precision = (-self.log_variance[task]).exp();
            weights.push(self.declared[task] * precision);
            if labelled {
                let change = self.adam[task].step(0.5 - precision * loss, self.learning_rate);
                let moved = self.log_variance[task] - change;
                self.log_variance[task] = moved.clamp(-LARGEST_LOG_VARIANCE, LARGEST_LOG_VARIANCE);
            }
        }
        Ok(StepWeights::everywhere(weights))
    }

    fn end_of_epoch(&mut self, _: &[Option<f64>]) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(declared: &[f64]) -> UncertaintyWeights {
        UncertaintyWeights::new(&UncertaintyConfig::default(), declared.to_vec())
    }

    fn step(method: &mut UncertaintyWeights, losses: [f64; 2], labelled: [bool; 2]) -> Result<Vec<f64>, Error> {
        Ok(method.weights(&StepSignals { losses: &losses, labelled: &labelled, gram: None })?.shared)
    }

    /// Step 1: gradients ½ − 2 = −1.5 and ½ − ¼ = 0.25. Adam's first step has the size of its rate: s = 0.025, −0.025.
    /// Step 2, losses 1 and 1: gradients ½ − e^∓0.025 = −0.475310 and −0.525315.
    /// m̂ = (0.09·−1.5 − 0.1·0.475310) / 0.19 = −0.960690 and (0.09·0.25 − 0.1·0.525315) / 0.19 = −0.158061;
    /// v̂ = (0.000999·2.25 + 0.001·0.225920) / 0.001999 = 1.237454 and, likewise, 0.169281;
    /// s = 0.025 + 0.025·0.960690/√1.237454 = 0.046590 and −0.025 + 0.025·0.158061/√0.169281 = −0.015396.
    #[test]
    fn two_steps_by_hand() -> Result<(), Error> {
        let mut method = start(&[1.0, 3.0]);
        assert_eq!(step(&mut method, [2.0, 0.25], [true; 2])?, [1.0, 3.0]);
        let second = step(&mut method, [1.0, 1.0], [true; 2])?;
        assert!((second[0] - 0.9753099).abs() < 1e-7, "{second:?}");
        assert!((second[1] - 3.0 * 1.0253151).abs() < 1e-6, "{second:?}");
        let third = step(&mut method, [1.0, 1.0], [true; 2])?;
        assert!((third[0] - 0.9544784).abs() < 1e-7, "{third:?}");
        assert!((third[1] - 3.0 * 1.0155150).abs() < 1e-6, "{third:?}");
        Ok(())
    }

    #[test]
    fn the_weight_settles_at_one_over_twice_the_loss() -> Result<(), Error> {
        let mut method = start(&[1.0, 1.0]);
        for _ in 0..3000 {
            step(&mut method, [4.0, 0.05], [true; 2])?;
        }
        let weights = step(&mut method, [4.0, 0.05], [true; 2])?;
        assert!((weights[0] - 0.125).abs() < 1e-3 && (weights[1] - 10.0).abs() < 1e-2, "{weights:?}");
        Ok(())
    }

    #[test]
    fn a_task_without_labels_keeps_its_variance() -> Result<(), Error> {
        let mut method = start(&[1.0, 1.0]);
        step(&mut method, [2.0, 2.0], [true; 2])?;
        let (variance, adam) = (method.log_variance[1], method.adam[1]);
        step(&mut method, [2.0, 0.0], [true, false])?;
        assert_eq!((method.log_variance[1], method.adam[1]), (variance, adam));
        assert!(method.log_variance[0] > variance, "the other one moved on");
        Ok(())
    }

    #[test]
    fn a_loss_of_zero_or_a_huge_one_stops_at_the_bound() -> Result<(), Error> {
        let mut method = start(&[1.0, 1.0]);
        for _ in 0..10_000 {
            step(&mut method, [0.0, 1e30], [true; 2])?;
        }
        assert_eq!(method.log_variance, [-LARGEST_LOG_VARIANCE, LARGEST_LOG_VARIANCE]);
        Ok(())
    }
}
