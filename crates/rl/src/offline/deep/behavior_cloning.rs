//! Behavior cloning: do what the log does.
//!
//! Pomerleau 1991, "Efficient training of artificial neural networks for autonomous navigation":
//!
//! ```text
//! minimise over φ   mean over a minibatch of  −ln π_φ(a | s)
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | s `[B, W]`, a `[B]` | `batch.observation`, `.action` |
//! | π_φ | `policy`: softmax over its outputs |
//!
//! Differences from the paper:
//! 1. Actions are classes and the loss is the cross-entropy, as is usual today.
//! 2. Adam in place of gradient descent with momentum.
//!
//! Rewards play no part: on a log of mixed quality the most frequent action is learned, not the best.

use burn::tensor::Device;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use slatewise_model::Mlp;

use super::learner::{LossReading, OfflineLearner, encode_rows, note};
use super::network::{Space, Trained, check_common, cross_entropy, read};
use crate::error::Error;
use crate::policy::ActionValues;
use crate::replay::ReplayBatch;
use crate::state::Encoder;

/// Settings of behavior cloning; the paper's network is of another age, so the values are those of `BcqConfig`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BehaviorCloningConfig {
    /// Widths of the hidden layers (Fujimoto et al. 2019: 256, 256).
    pub hidden: Vec<usize>,
    /// Adam's step size, > 0 (Fujimoto et al. 2019: 0.0003).
    pub learning_rate: f64,
}

impl Default for BehaviorCloningConfig {
    fn default() -> Self {
        Self { hidden: vec![64, 64], learning_rate: 3e-4 }
    }
}

impl BehaviorCloningConfig {
    /// Checks the settings; `key` is their place in the config.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn validate(&self, key: &str) -> Result<(), Error> {
        check_common(key, &self.hidden, 0.0, self.learning_rate)
    }
}

/// The learner; what it acts on are log-probabilities.
pub struct BehaviorCloning<R> {
    encoder: R,
    config: BehaviorCloningConfig,
    space: Space,
    policy: Trained<Mlp>,
    updates: u64,
    losses: Vec<LossReading>,
}

impl<R> BehaviorCloning<R> {
    /// A learner on `device` (without autodiff) with weights drawn from `rng`.
    pub fn new<O>(
        encoder: R,
        actions: usize,
        config: BehaviorCloningConfig,
        device: &Device,
        rng: &mut ChaCha8Rng,
    ) -> Self
    where
        R: Encoder<O>,
    {
        let space = Space::new(encoder.width(), actions, device);
        let policy = Trained::new(space.network(space.width, &config.hidden, actions, rng));
        Self { encoder, config, space, policy, updates: 0, losses: Vec::new() }
    }
}

impl<R> OfflineLearner for BehaviorCloning<R> {
    fn update(&mut self, batch: &ReplayBatch) {
        self.space.check(batch);
        let rows = self.space.training_rows(batch.observation.clone(), self.space.width);
        let loss = cross_entropy(self.policy.online.forward(rows), self.space.taken(&batch.action)).mean();
        self.policy.descend(&loss, self.config.learning_rate);
        self.updates += 1;
        note(&mut self.losses, self.updates, [("policy", loss)]);
    }

    fn updates(&self) -> u64 {
        self.updates
    }

    fn losses(&self) -> &[LossReading] {
        &self.losses
    }

    /// ln π(· | s).
    fn row_values(&self, rows: &[f32]) -> Vec<f64> {
        let outputs = self.policy.acting.forward(self.space.rows(rows, self.space.width));
        read(burn::tensor::activation::log_softmax(outputs, 1))
    }
}

impl<O, R: Encoder<O>> ActionValues<O> for BehaviorCloning<R> {
    fn actions(&self) -> usize {
        self.space.actions
    }

    fn action_values(&self, observations: &mut dyn Iterator<Item = &O>, values: &mut Vec<f64>) {
        values.extend(self.row_values(&encode_rows(&self.encoder, observations)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Identity;
    use rand::SeedableRng;

    /// In state 0 action 1 is taken three times of four, in state 1 never: that is what the policy must say.
    #[test]
    fn the_policy_reaches_the_shares_of_the_log() {
        let (mut rng, encoder) = (ChaCha8Rng::seed_from_u64(1), Identity { states: 2 });
        let config = BehaviorCloningConfig { hidden: vec![8], learning_rate: 0.02 };
        let mut learner = BehaviorCloning::new(encoder, 2, config, &Device::flex(), &mut rng);
        let rows = [1.0, 0.0].repeat(4).into_iter().chain([0.0, 1.0]).collect::<Vec<f32>>();
        let batch = ReplayBatch {
            next_observation: rows.clone(),
            observation: rows,
            action: vec![1, 0, 1, 1, 0],
            ..ReplayBatch::default()
        };
        (0..300).for_each(|_| learner.update(&batch));
        let mut found = Vec::new();
        learner.action_values(&mut [0, 1].iter(), &mut found);
        let shares: Vec<f64> = found.iter().map(|value| value.exp()).collect();
        assert!((shares[1] - 0.75).abs() < 0.02 && shares[3] < 0.02, "{shares:?}");
        // The entropy that is left: 4/5 of (3/4 ln 4/3 + 1/4 ln 4) = 0.45.
        let last = learner.losses().last().unwrap();
        assert_eq!((last.update, last.name), (300, "policy"));
        assert!((last.loss - 0.45).abs() < 0.02, "{last:?}");
    }
}
