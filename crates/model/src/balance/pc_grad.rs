//! PCGrad, gradient surgery: where two tasks' gradients point against each other, each gives up what harms the other.
//!
//! ```text
//! for each task i:   gᵢᴾᶜ = gᵢ
//!     for each j ≠ i, in random order:   if gᵢᴾᶜ·gⱼ < 0:   gᵢᴾᶜ ← gᵢᴾᶜ − (gᵢᴾᶜ·gⱼ / ‖gⱼ‖²) gⱼ          algorithm 1
//! Δθ = Σᵢ gᵢᴾᶜ
//! ```
//!
//! Every gᵢᴾᶜ stays a combination of the tasks' gradients, so that its coefficients are all that has to be known:
//!
//! ```text
//! gᵢᴾᶜ = Σₘ aᵢₘ gₘ,   aᵢ = eᵢ at first;   gᵢᴾᶜ·gⱼ = Σₘ aᵢₘ Gₘⱼ;   a projection:   aᵢⱼ ← aᵢⱼ − (gᵢᴾᶜ·gⱼ) / Gⱼⱼ
//! Δθ = Σₘ cₘ gₘ   with   cₘ = Σᵢ aᵢₘ
//! ```
//!
//! | symbol | here |
//! |---|---|
//! | Gₘⱼ | `gram.dot(m, j)` of the gradients λₖ gₖ |
//! | cₘ λₘ | `shared[m]` |
//!
//! The surgery is done on the gradients λₖ gₖ of the weighted losses, λₖ the declared weights; a task's own parameters,
//! which no other task touches, get λₖ.
//!
//! Differences from the paper: 1. none in the projections; the authors' code goes through the tasks in one order for
//! all where we draw one per task, as algorithm 1 does; 2. a gradient of 0 (a task without labels in the batch) is
//! never projected on.
//!
//! # Reference
//! Yu, Kumar, Gupta, Levine, Hausman, Finn 2020, "Gradient Surgery for Multi-Task Learning", NeurIPS.

use super::{Gram, StepSignals, StepWeights, TaskBalance};
use crate::Error;
use crate::generator;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// The declared weights, and the generator of the orders.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PcGrad {
    declared: Vec<f64>,
    #[serde(with = "generator")]
    rng: ChaCha8Rng,
}

impl PcGrad {
    pub(super) fn new(declared: Vec<f64>, rng: ChaCha8Rng) -> Self {
        Self { declared, rng }
    }
}

impl TaskBalance for PcGrad {
    fn needs_losses(&self) -> bool {
        false
    }

    fn needs_gradients(&self) -> bool {
        true
    }

    fn weights(&mut self, step: &StepSignals<'_>) -> Result<StepWeights, Error> {
        let gram = step.gram(self.declared.len(), "pc_grad")?.scaled(&self.declared);
        let coefficients = surgery(&gram, &mut self.rng);
        let shared = coefficients.iter().zip(&self.declared).map(|(coefficient, declared)| coefficient * declared);
        Ok(StepWeights { shared: shared.collect(), own: self.declared.clone() })
    }

    fn end_of_epoch(&mut self, _: &[Option<f64>]) {}
}

/// The coefficients c of Δθ = Σₘ cₘ gₘ, `[T]`, each at least 1.
fn surgery(gram: &Gram, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let tasks = gram.tasks();
    let mut sum = vec![0.0; tasks];
    for task in 0..tasks {
        let mut own = vec![0.0; tasks];
        own[task] = 1.0;
        for other in others(task, tasks, rng) {
            let dot: f64 = own.iter().enumerate().map(|(m, coefficient)| coefficient * gram.dot(m, other)).sum();
            let square = gram.dot(other, other);
            if dot < 0.0 && square > 0.0 {
                own[other] -= dot / square;
            }
        }
        sum.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
    }
    sum
}

/// All tasks but this one, in random order.
fn others(task: usize, tasks: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let mut others: Vec<usize> = (0..tasks).filter(|&other| other != task).collect();
    others.shuffle(rng);
    others
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};

    fn dot(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    fn combination(coefficients: &[f64], vectors: &[Vec<f64>]) -> Vec<f64> {
        let value = |place: usize| coefficients.iter().zip(vectors).map(|(c, vector)| c * vector[place]).sum();
        (0..vectors[0].len()).map(value).collect()
    }

    /// Algorithm 1 on the vectors themselves, in the same orders.
    fn explicit(gradients: &[Vec<f64>], rng: &mut ChaCha8Rng) -> Vec<f64> {
        let mut sum = vec![0.0; gradients[0].len()];
        for (task, gradient) in gradients.iter().enumerate() {
            let mut own = gradient.clone();
            for other in others(task, gradients.len(), rng) {
                let product = dot(&own, &gradients[other]);
                if product < 0.0 {
                    let factor = product / dot(&gradients[other], &gradients[other]);
                    own.iter_mut().zip(&gradients[other]).for_each(|(own, other)| *own -= factor * other);
                }
            }
            sum.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
        }
        sum
    }

    fn weights(gradients: &[Vec<f64>], declared: &[f64], seed: u64) -> Result<StepWeights, Error> {
        let mut method = PcGrad::new(declared.to_vec(), ChaCha8Rng::seed_from_u64(seed));
        method.weights(&StepSignals { losses: &[], labelled: &[], gram: Some(&Gram::of(gradients)) })
    }

    /// g₁ = (1, 0), g₂ = (−1, 1): g₁·g₂ = −1, so g₁ᴾᶜ = g₁ + ½ g₂ = (½, ½) and g₂ᴾᶜ = g₂ + g₁ = (0, 1).
    #[test]
    fn two_tasks_by_hand() -> Result<(), Error> {
        let gradients = [vec![1.0, 0.0], vec![-1.0, 1.0]];
        let found = weights(&gradients, &[1.0, 1.0], 0)?;
        assert_eq!((found.shared, found.own), (vec![2.0, 1.5], vec![1.0, 1.0]));
        assert_eq!(combination(&[2.0, 1.5], &gradients), [0.5, 1.5]);
        Ok(())
    }

    #[test]
    fn gradients_that_do_not_conflict_are_summed() -> Result<(), Error> {
        let orthogonal = [vec![2.0, 0.0, 0.0], vec![0.0, -3.0, 0.0], vec![0.0, 0.0, 0.5]];
        assert_eq!(weights(&orthogonal, &[1.0, 0.5, 2.0], 4)?.shared, [1.0, 0.5, 2.0]);
        assert_eq!(weights(&[vec![1.0, 0.1], vec![1.0, -0.1]], &[1.0, 1.0], 4)?.shared, [1.0, 1.0]);
        Ok(())
    }

    #[test]
    fn coefficients_give_the_vectors_of_algorithm_1() -> Result<(), Error> {
        let mut rng = ChaCha8Rng::seed_from_u64(12);
        let mut conflicts = 0;
        for seed in 0..300 {
            let (tasks, width) = (rng.random_range(2..7), rng.random_range(1..6));
            let mut draw = |count: usize| (0..count).map(|_| rng.random_range(-1.0..1.0)).collect::<Vec<f64>>();
            let gradients: Vec<Vec<f64>> = (0..tasks).map(|_| draw(width)).collect();
            let mut declared: Vec<f64> = draw(tasks).into_iter().map(f64::abs).collect();
            if seed % 5 == 0 {
                declared[0] = 0.0;
            }
            let weighted = |task: usize| gradients[task].iter().map(|value| value * declared[task]).collect();
            let weighted: Vec<Vec<f64>> = (0..tasks).map(weighted).collect();

            let found = weights(&gradients, &declared, seed)?;
            conflicts += usize::from(found.shared != declared);
            let expected = explicit(&weighted, &mut ChaCha8Rng::seed_from_u64(seed));
            for (found, expected) in combination(&found.shared, &gradients).iter().zip(expected) {
                assert!((found - expected).abs() < 1e-12, "seed {seed}: {found} against {expected}");
            }
        }
        assert!(conflicts > 200, "only {conflicts} draws had a conflict");
        Ok(())
    }

    /// For two tasks the step points against neither of them.
    #[test]
    fn a_step_of_two_tasks_harms_neither() -> Result<(), Error> {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for seed in 0..200 {
            let mut draw = || (0..4).map(|_| rng.random_range(-1.0..1.0)).collect::<Vec<f64>>();
            let gradients = [draw(), draw()];
            let step = combination(&weights(&gradients, &[1.0, 0.3], seed)?.shared, &gradients);
            assert!(gradients.iter().all(|gradient| dot(&step, gradient) > -1e-12), "{gradients:?}");
        }
        Ok(())
    }

    /// Three tasks in the plane, each against the next: which projection comes first decides the result.
    #[test]
    fn the_order_is_drawn_and_follows_the_seed() -> Result<(), Error> {
        let gradients = [vec![1.0, 0.0], vec![-0.6, 0.8], vec![-0.6, -0.8]];
        let of = |seed| weights(&gradients, &[1.0; 3], seed).map(|found| found.shared);
        assert_eq!(of(1)?, of(1)?);
        let mut distinct: Vec<Vec<f64>> = Vec::new();
        for seed in 0..20 {
            let found = of(seed)?;
            if !distinct.contains(&found) {
                distinct.push(found);
            }
        }
        assert!(distinct.len() > 1, "{distinct:?}");
        Ok(())
    }
}
