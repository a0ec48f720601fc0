//! Discrete CQL: double Q-learning that pushes down the values of actions which the log does not take.
//!
//! Kumar, Zhou, Tucker & Levine 2020, "Conservative Q-learning for offline reinforcement learning", equation 4, CQL(H):
//!
//! ```text
//! minimise over θ   mean of  α (ln Σ_b exp Q(s, b; θ) − Q(s, a; θ))  +  huber(Q(s, a; θ) − y)
//! y = r + γ Q(s', argmax_b Q(s', b; θ); θ⁻);        θ⁻ ← (1 − ρ) θ⁻ + ρ θ
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | s `[B, W]`, a, r, s' `[B, W]` | `batch.observation`, `.action`, `.reward`, `.next_observation` |
//! | γ, and 0 after a termination | `config.discount * batch.discount` |
//! | α, ρ | `config.alpha`, `config.target_rate` |
//!
//! The first term is the cross-entropy of softmax(Q) as a policy: without rewards CQL clones behaviour.
//!
//! Differences from the paper:
//! 1. Q is a mean and learned by double Q-learning; the paper's Atari agent is a QR-DQN.
//! 2. The squared error ½ d² becomes |d| − ½ beyond 1, as in DQN, so that α means much the same whatever the rewards' scale.
//! 3. θ⁻ follows by Polyak averaging.
//!
//! α = 0 is offline double DQN.

use burn::tensor::Device;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use slatewise_model::Mlp;

use super::learner::{LossReading, OfflineLearner, encode_rows, note};
use super::network::{Space, Trained, check_common, check_not_negative, check_share, cross_entropy, read};
use crate::deep::{huber, soft_update};
use crate::error::Error;
use crate::policy::ActionValues;
use crate::replay::ReplayBatch;
use crate::state::Encoder;
use crate::value_learning::double_q_learning_target;

/// Settings of discrete CQL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CqlConfig {
    /// Widths of the hidden layers (the paper's Atari agent has convolutions).
    pub hidden: Vec<usize>,
    /// γ in [0, 1] (paper: 0.99).
    pub discount: f64,
    /// Adam's step size, > 0 (Fujimoto et al. 2019, for rows of numbers: 0.0003).
    pub learning_rate: f64,
    /// α ≥ 0; the paper sets it by the size of the log, larger for smaller ones.
    pub alpha: f64,
    /// ρ in [0, 1] (paper's continuous agent: 0.005).
    pub target_rate: f64,
}

impl Default for CqlConfig {
    fn default() -> Self {
        Self { hidden: vec![64, 64], discount: 0.99, learning_rate: 3e-4, alpha: 1.0, target_rate: 0.005 }
    }
}

impl CqlConfig {
    /// Checks the settings; `key` is their place in the config.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn validate(&self, key: &str) -> Result<(), Error> {
        check_common(key, &self.hidden, self.discount, self.learning_rate)?;
        check_not_negative(key, "alpha", self.alpha)?;
        check_share(key, "target_rate", self.target_rate)
    }
}

/// The learner; what it acts on is Q.
pub struct Cql<R> {
    encoder: R,
    config: CqlConfig,
    space: Space,
    values: Trained<Mlp>,
    target: Mlp,
    updates: u64,
    losses: Vec<LossReading>,
}

impl<R> Cql<R> {
    /// A learner on `device` (without autodiff) with weights drawn from `rng`.
    pub fn new<O>(encoder: R, actions: usize, config: CqlConfig, device: &Device, rng: &mut ChaCha8Rng) -> Self
    where
        R: Encoder<O>,
    {
        let space = Space::new(encoder.width(), actions, device);
        let values = Trained::new(space.network(space.width, &config.hidden, actions, rng));
        let target = values.acting.clone();
        Self { encoder, config, space, values, target, updates: 0, losses: Vec::new() }
    }

    fn targets(&self, batch: &ReplayBatch) -> Vec<f64> {
        let (actions, discount) = (self.space.actions, self.config.discount);
        let next = self.space.rows(&batch.next_observation, self.space.width);
        let (q_value, q_selector) = (read(self.target.forward(next.clone())), read(self.values.acting.forward(next)));
        let rows = q_value.chunks_exact(actions).zip(q_selector.chunks_exact(actions));
        let rows = rows.zip(batch.reward.iter().zip(&batch.discount));
        rows.map(|((value, selector), (&r_t, &d_t))| {
            double_q_learning_target(f64::from(r_t), discount * f64::from(d_t), value, selector)
        })
        .collect()
    }
}

impl<R> OfflineLearner for Cql<R> {
    fn update(&mut self, batch: &ReplayBatch) {
        self.space.check(batch);
        let targets = self.space.column(self.targets(batch).into_iter());
        let taken = self.space.taken(&batch.action);
        let q = self.values.online.forward(self.space.training_rows(batch.observation.clone(), self.space.width));
        let of_values = huber(q.clone().gather(1, taken.clone()) - targets).mean();
        let of_gap = cross_entropy(q, taken).mean();
        let loss = of_gap.clone() * self.config.alpha + of_values.clone();
        self.values.descend(&loss, self.config.learning_rate);
        self.target = soft_update(self.target.clone(), &self.values.acting, self.config.target_rate);
        self.updates += 1;
        note(&mut self.losses, self.updates, [("values", of_values), ("gap", of_gap)]);
    }

    fn updates(&self) -> u64 {
        self.updates
    }

    fn losses(&self) -> &[LossReading] {
        &self.losses
    }

    fn row_values(&self, rows: &[f32]) -> Vec<f64> {
        read(self.values.acting.forward(self.space.rows(rows, self.space.width)))
    }
}

impl<O, R: Encoder<O>> ActionValues<O> for Cql<R> {
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

    /// One state, rewards 1 and 0, each action as often, everything ends at once. Where the gradient vanishes, with p = π(1) and
    /// δ = Q(1) − Q(0):  Q(1) = 1 − α (2p − 1),  Q(0) = α (2p − 1),  so δ = 1 − 2α (2p − 1) = 1 − 2α tanh(δ/2).
    #[test]
    fn the_fixed_point_equals_hand_computation() {
        let (mut rng, encoder, alpha) = (ChaCha8Rng::seed_from_u64(1), Identity { states: 1 }, 0.5);
        let config = CqlConfig { hidden: vec![], learning_rate: 0.02, alpha, ..CqlConfig::default() };
        let mut learner = Cql::new(encoder, 2, config, &Device::flex(), &mut rng);
        let batch = ReplayBatch {
            observation: vec![1.0; 2],
            action: vec![0, 1],
            reward: vec![0.0, 1.0],
            discount: vec![0.0; 2],
            next_observation: vec![1.0; 2],
            ..ReplayBatch::default()
        };
        (0..600).for_each(|_| learner.update(&batch));
        let mut gap = 0.5_f64;
        (0..200).for_each(|_| gap = 0.5 * (gap + 1.0 - 2.0 * alpha * (gap / 2.0).tanh()));
        let push = alpha * (gap / 2.0).tanh();
        let q = learner.row_values(&[1.0]);
        assert!((q[1] - (1.0 - push)).abs() < 2e-3 && (q[0] - push).abs() < 2e-3, "{q:?}, {push}");
    }

    #[test]
    fn targets_are_those_of_double_q_learning() {
        let (mut rng, encoder) = (ChaCha8Rng::seed_from_u64(2), Identity { states: 2 });
        let learner = Cql::new(encoder, 2, CqlConfig::default(), &Device::flex(), &mut rng);
        let batch = ReplayBatch {
            observation: [1.0, 0.0].repeat(2),
            action: vec![0, 1],
            reward: vec![2.0; 2],
            discount: vec![1.0, 0.0],
            next_observation: [0.0, 1.0].repeat(2),
            ..ReplayBatch::default()
        };
        let q = learner.row_values(&[0.0, 1.0]); // online and target are still equal
        let found = learner.targets(&batch);
        assert!((found[0] - (2.0 + 0.99 * q[0].max(q[1]))).abs() < 1e-9, "{found:?}");
        assert_eq!(found[1], 2.0);
    }
}
