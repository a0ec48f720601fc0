//! GradNorm: the weights are learnt so that the tasks' gradients have norms that fit how fast each task learns.
//!
//! ```text
//! Gₖ = wₖ ‖gₖ‖,   Ḡ = mean over the tasks of Gₖ                   section 3.1
//! r̃ₖ = Lₖ(t) / Lₖ(0),   rₖ = r̃ₖ / mean over the tasks of r̃ₖ        high where a task lags behind
//! L_grad = Σₖ |Gₖ − Ḡ rₖ^α|                                       equation (2), Ḡ rₖ^α held constant
//! ∂L_grad/∂wₖ = sign(Gₖ − Ḡ rₖ^α) ‖gₖ‖
//! w ← Adam(w),   w ← w · T / Σₖ wₖ                                algorithm 1
//! ```
//!
//! | symbol | here |
//! |---|---|
//! | wₖ | `weight[k]`, 1 at the start |
//! | gₖ | gradient of Lₖ on the shared parameters; its norm is `gram.norm(k)` |
//! | Lₖ(0) | `initial_loss[k]`, 0 while it is not known |
//! | r̃ₖ | `ratio(k)`, the loss ratio that the paper writes L̃ₖ |
//! | α | `alpha` |
//!
//! As in algorithm 1, a step uses the weights from before its update.
//!
//! Differences from the paper: 1. gₖ is the gradient on whatever the Gram matrix was taken over, all shared parameters
//! if the caller likes, where the paper takes the last shared layer to save time; 2. Lₖ(0) is the loss of the first
//! batch that has labels of the task and a loss above 0 (a footnote of the paper allows a theoretical one as well); 3.
//! a task that has no labels in a batch, or whose declared weight is 0, takes no part in the step: means and the
//! rescaling go over the others, whose weights keep their sum; 4. weights are kept from falling below 0.001 before they
//! are rescaled, where the paper's could turn negative; 5. where all losses are 0, every rₖ is 1; 6. the declared
//! weight λₖ multiplies wₖ and is not part of Gₖ, which would undo it.
//!
//! # Reference
//! Chen, Badrinarayanan, Lee, Rabinovich 2018, "GradNorm: Gradient Normalization for Adaptive Loss Balancing in Deep
//! Multitask Networks", ICML.

use super::scalar_adam::ScalarAdam;
use super::{StepSignals, StepWeights, TaskBalance, above_zero};
use crate::Error;
use serde::{Deserialize, Serialize};

/// Below this no weight falls by an update.
const LEAST_WEIGHT: f64 = 1e-3;

/// `balance = { kind = "grad_norm", alpha = 1.5 }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GradNormConfig {
    /// How strongly tasks that lag behind are pulled along, ≥ 0; 0 asks for equal norms. 1.5 as in the paper's section
    /// 5.2, on three tasks that differ much; 0.12 in its section 4, on tasks that differ in scale alone.
    pub alpha: f64,
    /// Adam's step size for the weights, above 0; 0.025 as in the paper's section 5.1.
    pub learning_rate: f64,
}

impl Default for GradNormConfig {
    fn default() -> Self {
        Self { alpha: 1.5, learning_rate: 0.025 }
    }
}

impl GradNormConfig {
    pub(super) fn validate(&self) -> Result<(), Error> {
        if !(self.alpha.is_finite() && self.alpha >= 0.0) {
            let mend = "give a number of at least 0; 1.5 is usual";
            return Err(Error::InvalidConfig { key: "trainer.balance.alpha", value: self.alpha.to_string(), mend });
        }
        above_zero("trainer.balance.learning_rate", self.learning_rate, "give a number above 0, such as 0.025")
    }
}

/// The weights, the moments of their gradients, and where each task began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GradNorm {
    alpha: f64,
    learning_rate: f64,
    declared: Vec<f64>,
    weight: Vec<f64>,
    initial_loss: Vec<f64>,
    adam: Vec<ScalarAdam>,
}

impl GradNorm {
    pub(super) fn new(config: &GradNormConfig, declared: Vec<f64>) -> Self {
        let tasks = declared.len();
        Self {
            alpha: config.alpha,
            learning_rate: config.learning_rate,
            declared,
            weight: vec![1.0; tasks],
            initial_loss: vec![0.0; tasks],
            adam: vec![ScalarAdam::default(); tasks],
        }
    }

    /// Moves the weights of the tasks that take part, given their losses and the norms of their gradients.
    fn update(&mut self, taking_part: &[usize], losses: &[f64], norm: impl Fn(usize) -> f64) {
        let mean = |of: &dyn Fn(usize) -> f64| {
            taking_part.iter().map(|&task| of(task)).sum::<f64>() / taking_part.len().max(1) as f64
        };
        let weighted_norm = |task: usize| self.weight[task] * norm(task);
        let ratio = |task: usize| losses[task] / self.initial_loss[task];
        let (mean_norm, mean_ratio) = (mean(&weighted_norm), mean(&ratio));
        let gradient = |task: usize| {
            let relative = if mean_ratio > 0.0 { ratio(task) / mean_ratio } else { 1.0 };
            sign(weighted_norm(task) - mean_norm * relative.powf(self.alpha)) * norm(task)
        };
        let gradients: Vec<f64> = taking_part.iter().map(|&task| gradient(task)).collect();

        let sum = |weight: &[f64]| taking_part.iter().map(|&task| weight[task]).sum::<f64>();
        let before = sum(&self.weight);
        for (&task, gradient) in taking_part.iter().zip(gradients) {
            let moved = self.weight[task] - self.adam[task].step(gradient, self.learning_rate);
            self.weight[task] = moved.max(LEAST_WEIGHT);
        }
        let after = sum(&self.weight);
        taking_part.iter().for_each(|&task| self.weight[task] *= before / after);
    }
}

impl TaskBalance for GradNorm {
    fn needs_losses(&self) -> bool {
        true
    }

    fn needs_gradients(&self) -> bool {
        true
    }

    fn weights(&mut self, step: &StepSignals<'_>) -> Result<StepWeights, Error> {
        let tasks = self.declared.len();
        let (labelled, losses) = (step.labelled(tasks), step.losses(tasks)?);
        let gram = step.gram(tasks, "grad_norm")?;
        let weights = self.declared.iter().zip(&self.weight).map(|(declared, weight)| declared * weight).collect();
        for task in (0..tasks).filter(|&task| labelled[task] && losses[task] > 0.0) {
            if self.initial_loss[task] == 0.0 {
                self.initial_loss[task] = losses[task];
            }
        }
        let takes_part = |&task: &usize| labelled[task] && self.declared[task] > 0.0 && self.initial_loss[task] > 0.0;
        let taking_part: Vec<usize> = (0..tasks).filter(takes_part).collect();
        self.update(&taking_part, losses, |task| gram.norm(task));
        Ok(StepWeights::everywhere(weights))
    }

    fn end_of_epoch(&mut self, _: &[Option<f64>]) {}
}

/// -1, 0 or 1; unlike `signum`, 0 of 0.
fn sign(number: f64) -> f64 {
    if number == 0.0 { 0.0 } else { number.signum() }
}

#[cfg(test)]
mod tests {
    use super::super::Gram;
    use super::*;

    fn start(alpha: f64, declared: &[f64]) -> GradNorm {
        GradNorm::new(&GradNormConfig { alpha, ..GradNormConfig::default() }, declared.to_vec())
    }

    /// Gradients at right angles, of these norms.
    fn norms(norms: &[f64]) -> Gram {
        let row = |task: usize| (0..norms.len()).map(move |other| if other == task { norms[task] } else { 0.0 });
        Gram::of(&(0..norms.len()).map(|task| row(task).collect()).collect::<Vec<_>>())
    }

    fn step(method: &mut GradNorm, losses: &[f64], labelled: &[bool], gram: &Gram) -> Result<Vec<f64>, Error> {
        Ok(method.weights(&StepSignals { losses, labelled, gram: Some(gram) })?.shared)
    }

    /// Step 1: G = 1, 3; Ḡ = 2; r = 1; gradients −1, 3; Adam's first step has the size of its rate: w = 1.025, 0.975.
    /// Step 2: G = 2.05, 1.95; Ḡ = 2; r̃ = ½, 1; r = ⅔, 4/3; targets 4/3, 8/3; gradients 2, −2;
    /// m̂ = (−0.09 + 0.2) / 0.19 = 0.578947 and (0.27 − 0.2) / 0.19 = 0.368421;
    /// v̂ = (0.000999 + 0.004) / 0.001999 = 2.500750 and (0.008991 + 0.004) / 0.001999 = 6.498749;
    /// w = 1.025 − 0.025·0.578947/√2.500750 = 1.015848 and 0.975 − 0.025·0.368421/√6.498749 = 0.971387,
    /// times 2/1.987235.
    #[test]
    fn two_steps_by_hand() -> Result<(), Error> {
        let mut method = start(1.0, &[1.0, 2.0]);
        assert_eq!(step(&mut method, &[1.0, 2.0], &[true; 2], &norms(&[1.0, 3.0]))?, [1.0, 2.0]);
        let second = step(&mut method, &[0.5, 2.0], &[true; 2], &norms(&[2.0, 2.0]))?;
        assert!((second[0] - 1.025).abs() < 1e-8 && (second[1] - 2.0 * 0.975).abs() < 1e-8, "{second:?}");
        assert!((method.weight[0] - 1.0223730).abs() < 1e-6, "{:?}", method.weight);
        assert!((method.weight[1] - 0.9776270).abs() < 1e-6, "{:?}", method.weight);
        Ok(())
    }

    /// With α = 0 the weights settle where all weighted norms are equal: w ∝ 1/‖g‖. The gradient knows its sign alone,
    /// so that they swing around it; their mean lies on it.
    #[test]
    fn norms_are_made_equal_and_weights_sum_to_the_number_of_tasks() -> Result<(), Error> {
        let mut method = start(0.0, &[1.0; 3]);
        let gram = norms(&[1.0, 2.0, 4.0]);
        let mut mean = [0.0; 3];
        for number in 0..4000 {
            step(&mut method, &[1.0, 0.7, 0.2], &[true; 3], &gram)?;
            assert!((method.weight.iter().sum::<f64>() - 3.0).abs() < 1e-12);
            if number >= 2000 {
                mean.iter_mut().zip(&method.weight).for_each(|(mean, weight)| *mean += weight / 2000.0);
            }
        }
        for (mean, expected) in mean.iter().zip([12.0 / 7.0, 6.0 / 7.0, 3.0 / 7.0]) {
            assert!((mean - expected).abs() < 1e-3, "{mean} against {expected}");
        }
        for (weight, expected) in method.weight.iter().zip([12.0 / 7.0, 6.0 / 7.0, 3.0 / 7.0]) {
            assert!((weight - expected).abs() < 0.01, "{weight} against {expected}");
        }
        Ok(())
    }

    #[test]
    fn a_task_that_lags_behind_gains_weight() -> Result<(), Error> {
        let mut method = start(1.5, &[1.0; 2]);
        step(&mut method, &[1.0, 1.0], &[true; 2], &norms(&[1.0, 1.0]))?;
        assert_eq!(method.weight, [1.0, 1.0], "equal norms at equal rates are in balance");
        step(&mut method, &[0.2, 0.9], &[true; 2], &norms(&[1.0, 1.0]))?;
        assert!(method.weight[1] > 1.0 && method.weight[0] < 1.0, "{:?}", method.weight);
        Ok(())
    }

    #[test]
    fn a_task_without_labels_or_declared_weight_takes_no_part() -> Result<(), Error> {
        let mut method = start(1.5, &[1.0, 1.0, 1.0, 0.0]);
        let gram = norms(&[1.0, 3.0, 0.0, 100.0]);
        step(&mut method, &[1.0, 1.0, 0.0, 1.0], &[true, true, false, true], &gram)?;
        assert_eq!((method.weight[2], method.weight[3], method.initial_loss[2]), (1.0, 1.0, 0.0));
        assert!((method.weight[0] - 1.025).abs() < 1e-8, "Ḡ is 2, of the two that take part: {:?}", method.weight);
        step(&mut method, &[1.0, 1.0, 7.0, 1.0], &[true; 4], &gram)?;
        assert_eq!(method.initial_loss[2], 7.0, "the first step with labels is the task's start");
        Ok(())
    }

    #[test]
    fn gradients_and_losses_of_zero_leave_finite_weights() -> Result<(), Error> {
        let mut method = start(1.5, &[1.0; 2]);
        for losses in [[0.0, 0.0], [1.0, 0.0], [0.0, 0.0], [0.0, 1.0], [0.0, 0.0]] {
            step(&mut method, &losses, &[true; 2], &norms(&[0.0, 0.0]))?;
            assert_eq!(method.weight, [1.0, 1.0]);
        }
        for _ in 0..500 {
            step(&mut method, &[0.0, 1.0], &[true; 2], &norms(&[1.0, 1e-3]))?;
        }
        assert!(method.weight.iter().all(|&weight| weight > 0.0 && weight < 2.0), "{:?}", method.weight);
        Ok(())
    }
}
