//! DWA, dynamic weight average: a task whose loss fell less than the others' in the last epoch counts more in the next.
//!
//! ```text
//! ρₖ(t−1) = Lₖ(t−1) / Lₖ(t−2)                                 equation (7), Lₖ(t) the mean loss of epoch t
//! wₖ(t)   = K exp(ρₖ(t−1)/T) / Σᵢ exp(ρᵢ(t−1)/T)              ρ = 1 in the first two epochs
//! ```
//!
//! | symbol | here |
//! |---|---|
//! | T | `temperature` |
//! | wₖ in the paper | ρₖ; the paper's λₖ is our wₖ |
//! | Lₖ(t−2), Lₖ(t−1) | `past[k]`, oldest first |
//! | K | number of tasks whose declared weight is above 0 |
//!
//! Differences from the paper: 1. an epoch without labels of a task does not count for it: its ratio is that of the
//! last two epochs which had some; 2. where the older loss is 0 the ratio is 1; 3. tasks whose declared weight is 0
//! take no part; 4. the declared weight multiplies wₖ.
//!
//! # Reference
//! Liu, Johns, Davison 2019, "End-to-End Multi-Task Learning with Attention", CVPR.

use super::{StepSignals, StepWeights, TaskBalance, above_zero};
use crate::Error;
use serde::{Deserialize, Serialize};

/// `balance = { kind = "dwa", temperature = 2.0 }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DwaConfig {
    /// Temperature above 0, the larger, the more alike the weights; 2 as in the paper's section 4.1.4.
    pub temperature: f64,
}

impl Default for DwaConfig {
    fn default() -> Self {
        Self { temperature: 2.0 }
    }
}

impl DwaConfig {
    pub(super) fn validate(&self) -> Result<(), Error> {
        above_zero("trainer.balance.temperature", self.temperature, "give a number above 0, such as 2.0")
    }
}

/// The losses of the last two epochs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DynamicWeightAverage {
    temperature: f64,
    declared: Vec<f64>,
    /// Per task, at most two, oldest first.
    past: Vec<Vec<f64>>,
}

impl DynamicWeightAverage {
    pub(super) fn new(config: &DwaConfig, declared: Vec<f64>) -> Self {
        let past = vec![Vec::new(); declared.len()];
        Self { temperature: config.temperature, declared, past }
    }

    fn ratio(&self, task: usize) -> f64 {
        match self.past[task][..] {
            [older, newer] if older > 0.0 => newer / older,
            _ => 1.0,
        }
    }
}

impl TaskBalance for DynamicWeightAverage {
    fn needs_losses(&self) -> bool {
        false
    }

    fn needs_gradients(&self) -> bool {
        false
    }

    fn weights(&mut self, _: &StepSignals<'_>) -> Result<StepWeights, Error> {
        let tasks = 0..self.declared.len();
        let taking_part: Vec<usize> = tasks.clone().filter(|&task| self.declared[task] > 0.0).collect();
        let exponent = |task: usize| self.ratio(task) / self.temperature;
        let largest = taking_part.iter().map(|&task| exponent(task)).fold(f64::NEG_INFINITY, f64::max);
        let share = |task: usize| (exponent(task) - largest).exp();
        let sum: f64 = taking_part.iter().map(|&task| share(task)).sum();
        let weight = |task: usize| {
            let declared = self.declared[task];
            if declared > 0.0 { declared * taking_part.len() as f64 * share(task) / sum } else { 0.0 }
        };
        Ok(StepWeights::everywhere(tasks.map(weight).collect()))
    }

    fn end_of_epoch(&mut self, mean_losses: &[Option<f64>]) {
        assert_eq!(mean_losses.len(), self.declared.len(), "one mean loss per task");
        for (past, loss) in self.past.iter_mut().zip(mean_losses) {
            if let Some(loss) = loss.filter(|loss| loss.is_finite()) {
                past.push(loss);
                past.drain(..past.len().saturating_sub(2));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(method: &mut DynamicWeightAverage) -> Result<Vec<f64>, Error> {
        Ok(method.weights(&StepSignals { losses: &[], labelled: &[], gram: None })?.shared)
    }

    fn start(declared: &[f64]) -> DynamicWeightAverage {
        DynamicWeightAverage::new(&DwaConfig::default(), declared.to_vec())
    }

    /// Ratios ½ and 1: exp(¼) = 1.284025, exp(½) = 1.648721, sum 2.932747; weights 2·0.437823 and 2·0.562177.
    #[test]
    fn three_epochs_by_hand() -> Result<(), Error> {
        let mut method = start(&[1.0, 3.0]);
        assert_eq!(weights(&mut method)?, [1.0, 3.0], "first epoch");
        method.end_of_epoch(&[Some(1.0), Some(2.0)]);
        assert_eq!(weights(&mut method)?, [1.0, 3.0], "second epoch");
        method.end_of_epoch(&[Some(0.5), Some(2.0)]);
        let third = weights(&mut method)?;
        assert!((third[0] - 0.8756470).abs() < 1e-6 && (third[1] - 3.0 * 1.1243530).abs() < 1e-6, "{third:?}");
        method.end_of_epoch(&[Some(0.25), Some(1.0)]);
        assert_eq!(weights(&mut method)?, [1.0, 3.0], "both halved, over the last two epochs");
        Ok(())
    }

    #[test]
    fn weights_sum_to_the_number_of_tasks_however_the_losses_go() -> Result<(), Error> {
        let mut method = start(&[1.0; 3]);
        for losses in [[1.0, 1.0, 1.0], [1e-9, 1e9, 0.0], [1e9, 1e-9, 1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 3.0]] {
            method.end_of_epoch(&losses.map(Some));
            let found = weights(&mut method)?;
            assert!(found.iter().all(|weight| weight.is_finite() && *weight >= 0.0), "{found:?}");
            assert!((found.iter().sum::<f64>() - 3.0).abs() < 1e-12, "{found:?}");
        }
        Ok(())
    }

    #[test]
    fn an_epoch_without_labels_does_not_count() -> Result<(), Error> {
        let mut method = start(&[1.0, 1.0, 0.0]);
        method.end_of_epoch(&[Some(1.0), Some(2.0), Some(1.0)]);
        method.end_of_epoch(&[Some(1.0), None, Some(1.0)]);
        assert_eq!(weights(&mut method)?, [1.0, 1.0, 0.0]);
        method.end_of_epoch(&[Some(1.0), Some(1.0), Some(9.0)]);
        let found = weights(&mut method)?;
        assert!((found[1] - 0.8756470).abs() < 1e-6 && found[2] == 0.0, "{found:?}");
        Ok(())
    }
}
