//! `Priorities`: transitions are drawn in proportion to how wrong the learner was about them, and weighted against that bias.
//!
//! Schaul, Quan, Antonoglou & Silver 2016, "Prioritized experience replay" (algorithm 1, proportional variant):
//!
//! ```text
//! p_i = (|δ_i| + ε)^α            P(i) = p_i / Σ_k p_k
//! w_i = (N P(i))^{-β} / max_j w_j  = (min_j p_j / p_i)^β         β from β₀ to 1 over the course of learning
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | p_i, Σ p | `tree` |
//! | α, β₀, ε | `config.alpha`, `.beta`, `.epsilon` |
//! | k, the minibatch | `size`; one draw from each of k equal ranges of Σ p |
//!
//! Differences from the paper:
//! 1. The largest weight is taken over all transitions that are held, not over the minibatch, so that a transition's weight does not
//!    depend on its neighbours.
//! 2. A new transition gets the largest priority that was ever seen, from 1 on, rather than the largest still held.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{ReplayBatch, SumTree};
use crate::error::Error;

/// Settings of prioritised replay.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrioritisedConfig {
    /// α in [0, 1]; 0 draws uniformly (paper: 0.6).
    pub alpha: f64,
    /// β₀ in [0, 1] (paper: 0.4).
    pub beta: f64,
    /// Gradient steps from β₀ to 1 (paper: the whole training).
    pub beta_steps: u64,
    /// ε > 0: an error of 0 is looked at again too (paper: small).
    pub epsilon: f64,
}

impl Default for PrioritisedConfig {
    fn default() -> Self {
        Self { alpha: 0.6, beta: 0.4, beta_steps: 100_000, epsilon: 1e-6 }
    }
}

impl PrioritisedConfig {
    /// Checks the settings; `key` is their place in the config.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn validate(&self, key: &str) -> Result<(), Error> {
        let share = |x: f64| (0.0..=1.0).contains(&x);
        let checks = [
            ("alpha", share(self.alpha), "must lie in [0, 1]"),
            ("beta", share(self.beta), "must lie in [0, 1]"),
            ("epsilon", self.epsilon.is_finite() && self.epsilon > 0.0, "must be a number above 0"),
        ];
        checks.into_iter().try_for_each(|(name, holds, problem)| Error::unless(holds, key, name, || problem.to_owned()))
    }

    /// β at a gradient step: linear from β₀ to 1, then 1.
    pub fn beta_at(&self, step: u64) -> f64 {
        if step >= self.beta_steps {
            return 1.0;
        }
        self.beta + step as f64 / self.beta_steps as f64 * (1.0 - self.beta)
    }
}

/// A priority beside every transition of a ring.
#[derive(Debug, Clone, PartialEq)]
pub struct Priorities {
    config: PrioritisedConfig,
    tree: SumTree,
    /// Largest |δ| + ε seen, before the exponent.
    largest: f64,
}

impl Priorities {
    /// Priorities for a ring of `capacity` ≥ 1.
    pub fn new(config: PrioritisedConfig, capacity: usize) -> Self {
        Self { config, tree: SumTree::new(capacity), largest: 1.0 }
    }

    /// The transition at `index` is new: it is to be looked at soon.
    pub fn push(&mut self, index: usize) {
        self.tree.set(index, self.largest.powf(self.config.alpha));
    }

    /// The transition at `index` was looked at, and the learner was off by `error`.
    pub fn set_error(&mut self, index: usize, error: f64) {
        let priority = error.abs() + self.config.epsilon;
        self.largest = self.largest.max(priority);
        self.tree.set(index, priority.powf(self.config.alpha));
    }

    /// P(index).
    pub fn probability(&self, index: usize) -> f64 {
        self.tree.get(index) / self.tree.total()
    }

    /// w of a transition for a β.
    pub fn weight(&self, index: usize, beta: f64) -> f64 {
        (self.tree.least() / self.tree.get(index)).powf(beta)
    }

    /// The tree of p_i.
    pub fn tree(&self) -> &SumTree {
        &self.tree
    }

    /// p_i of the first `count` transitions, and the largest |δ| + ε seen.
    pub(crate) fn state(&self, count: usize) -> (Vec<f64>, f64) {
        ((0..count).map(|index| self.tree.get(index)).collect(), self.largest)
    }

    /// Puts back what [`state`](Self::state) returned.
    pub(crate) fn restore(&mut self, priorities: &[f64], largest: f64) {
        priorities.iter().enumerate().for_each(|(index, &p)| self.tree.set(index, p));
        self.largest = largest;
    }

    /// Draws `size` places of the ring into `batch.index`, with their weights; `step` is the gradient step, from 0.
    pub fn sample(&self, size: usize, step: u64, batch: &mut ReplayBatch, rng: &mut ChaCha8Rng) {
        let (range, beta) = (self.tree.total() / size as f64, self.config.beta_at(step));
        batch.index.clear();
        batch.weight.clear();
        for place in 0..size {
            let index = self.tree.find(range * (place as f64 + rng.random::<f64>()));
            batch.index.push(index);
            batch.weight.push(self.weight(index, beta) as f32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn config() -> PrioritisedConfig {
        PrioritisedConfig { alpha: 0.5, beta: 0.5, beta_steps: 10, epsilon: 1e-12 }
    }

    #[test]
    fn probabilities_and_weights_equal_hand_computation() {
        let mut priorities = Priorities::new(config(), 3);
        for (index, error) in [1.0, -4.0, 9.0].into_iter().enumerate() {
            priorities.push(index);
            priorities.set_error(index, error);
        }
        // p = √1, √4, √9; w = (p_min / p)^½.
        for (index, p) in [1.0_f64, 2.0, 3.0].into_iter().enumerate() {
            assert!((priorities.probability(index) - p / 6.0).abs() < 1e-9);
            assert!((priorities.weight(index, 0.5) - p.powf(-0.5)).abs() < 1e-9);
            assert!((priorities.weight(index, 1.0) - 1.0 / p).abs() < 1e-9);
        }
        // A new one gets the largest priority seen.
        priorities.push(0);
        assert!((priorities.probability(0) - 3.0 / 8.0).abs() < 1e-9);
    }

    #[test]
    fn draws_occur_as_often_as_their_probability_says() {
        let mut priorities = Priorities::new(config(), 5);
        for (index, error) in [1.0, 4.0, 9.0, 16.0].into_iter().enumerate() {
            priorities.set_error(index, error);
        }
        let (mut batch, mut counts, mut rng) = (ReplayBatch::default(), [0_u32; 4], ChaCha8Rng::seed_from_u64(5));
        for _ in 0..2_000 {
            priorities.sample(10, 5, &mut batch, &mut rng);
            batch.index.iter().for_each(|&index| counts[index] += 1);
        }
        for (index, count) in counts.into_iter().enumerate() {
            let (found, expected) = (f64::from(count) / 20_000.0, (index as f64 + 1.0) / 10.0);
            assert!((found - expected).abs() < 0.01, "{index}: {found} instead of {expected}");
        }
        // β at step 5 of 10 is 0.75.
        let place = batch.index.iter().position(|&index| index == 3).unwrap();
        assert!((f64::from(batch.weight[place]) - 0.25_f64.powf(0.75)).abs() < 1e-6);
    }

    #[test]
    fn beta_is_linear_then_one() {
        assert_eq!([0, 5, 10, 99].map(|step| config().beta_at(step)), [0.5, 0.75, 1.0, 1.0]);
        let message = PrioritisedConfig { alpha: 2.0, ..config() }.validate("dqn.prioritised").unwrap_err().to_string();
        assert_eq!(message, "dqn.prioritised.alpha: must lie in [0, 1]");
    }
}
