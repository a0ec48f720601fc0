//! IQL: values of the best logged actions by an expectile, without ever looking at an action that was not taken.
//!
//! Kostrikov, Nair & Levine 2022, "Offline reinforcement learning with implicit Q-learning", equations 5 to 7:
//!
//! ```text
//! V   minimise the mean of  |τ − 1(u < 0)| u²,   u = min_i Q_i(s, a; θ⁻) − V(s)
//! Q   minimise the mean of  Σ_i (r + γ V(s') − Q_i(s, a; θ))²;      θ⁻ ← (1 − ρ) θ⁻ + ρ θ
//! π   minimise the mean of  −min(exp(β (min_i Q_i(s, a; θ⁻) − V(s))), w) ln π(a | s)
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | s `[B, W]`, a, r, s' `[B, W]` | `batch.observation`, `.action`, `.reward`, `.next_observation` |
//! | γ, and 0 after a termination | `config.discount * batch.discount` |
//! | τ, β, w, ρ | `config.expectile`, `.temperature`, `.max_weight`, `.target_rate` |
//! | Q_1 and Q_2, θ⁻, V, π | `critics`, `target`, `value`, `policy` |
//!
//! τ = ½ evaluates the log's policy; τ → 1 approaches the best action that the log takes.
//!
//! Differences from the paper:
//! 1. Actions are discrete: the critics give one value per action, the policy is a softmax.
//! 2. Adam's step size is constant; the paper lets the policy's fall along a cosine.
//!
//! The order within an update (V, π, Q, θ⁻) is that of the authors' code.

use burn::tensor::{Device, Tensor, activation};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use slatewise_model::Mlp;

use super::learner::{LossReading, OfflineLearner, encode_rows, note};
use super::network::{Space, Trained, Twins, check_common, check_not_negative, check_share, cross_entropy, read};
use crate::deep::soft_update;
use crate::error::Error;
use crate::offline::tabular::advantage_weight;
use crate::policy::ActionValues;
use crate::replay::ReplayBatch;
use crate::state::Encoder;
use crate::value_learning::sarsa_target;

/// Settings of IQL, with the paper's value where it differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IqlConfig {
    /// Widths of the hidden layers of every network (paper: 256, 256).
    pub hidden: Vec<usize>,
    /// γ in [0, 1] (paper: 0.99).
    pub discount: f64,
    /// Adam's step size, > 0 (paper: 0.0003).
    pub learning_rate: f64,
    /// τ in (0, 1) (paper: 0.7 for locomotion, 0.9 for mazes).
    pub expectile: f64,
    /// β ≥ 0, an inverse temperature in units of reward (paper: 3 for locomotion, 10 for mazes).
    pub temperature: f64,
    /// w > 0, the largest weight (authors: 100).
    pub max_weight: f64,
    /// ρ in [0, 1] (paper: 0.005).
    pub target_rate: f64,
}

impl Default for IqlConfig {
    fn default() -> Self {
        Self {
            hidden: vec![64, 64],
            discount: 0.99,
            learning_rate: 3e-4,
            expectile: 0.7,
            temperature: 3.0,
            max_weight: 100.0,
            target_rate: 0.005,
        }
    }
}

impl IqlConfig {
    /// Checks the settings; `key` is their place in the config.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn validate(&self, key: &str) -> Result<(), Error> {
        check_common(key, &self.hidden, self.discount, self.learning_rate)?;
        let inside = self.expectile > 0.0 && self.expectile < 1.0;
        Error::unless(inside, key, "expectile", || format!("{} must lie within (0, 1)", self.expectile))?;
        check_not_negative(key, "temperature", self.temperature)?;
        let positive = self.max_weight.is_finite() && self.max_weight > 0.0;
        Error::unless(positive, key, "max_weight", || "must be a number above 0".to_owned())?;
        check_share(key, "target_rate", self.target_rate)
    }
}

/// |τ − 1(u < 0)| u².
///
/// # Shapes
/// `error [B, 1]` → `[B, 1]`
fn expectile_loss(error: Tensor<2>, expectile: f64) -> Tensor<2> {
    error.clone().clamp_min(0.0).square() * expectile + error.clamp_max(0.0).square() * (1.0 - expectile)
}

/// The learner; what it acts on are the policy's log-probabilities.
pub struct Iql<R> {
    encoder: R,
    config: IqlConfig,
    space: Space,
    critics: Trained<Twins>,
    target: Twins,
    value: Trained<Mlp>,
    policy: Trained<Mlp>,
    updates: u64,
    losses: Vec<LossReading>,
}

impl<R> Iql<R> {
    /// A learner on `device` (without autodiff) with weights drawn from `rng`: critics, value, policy.
    pub fn new<O>(encoder: R, actions: usize, config: IqlConfig, device: &Device, rng: &mut ChaCha8Rng) -> Self
    where
        R: Encoder<O>,
    {
        let space = Space::new(encoder.width(), actions, device);
        let mut network = |outputs| space.network(space.width, &config.hidden, outputs, rng);
        let critics = Trained::new(Twins { first: network(actions), second: network(actions) });
        let (value, policy) = (Trained::new(network(1)), Trained::new(network(actions)));
        let target = critics.acting.clone();
        Self { encoder, config, space, critics, target, value, policy, updates: 0, losses: Vec::new() }
    }

    /// min_i Q_i of the critics that learn, `[N, A]` of rows `[N, W]`.
    pub fn critic_values(&self, rows: &[f32]) -> Vec<f64> {
        read(self.critics.acting.smaller(self.space.rows(rows, self.space.width)))
    }

    /// V `[N]` of rows `[N, W]`.
    pub fn state_values(&self, rows: &[f32]) -> Vec<f64> {
        read(self.value.acting.forward(self.space.rows(rows, self.space.width)))
    }

    /// min_i Q_i(s, a; θ⁻) of the actions taken, `[B]`.
    fn taken_values(&self, batch: &ReplayBatch) -> Vec<f64> {
        let q = read(self.target.smaller(self.space.rows(&batch.observation, self.space.width)));
        let rows = q.chunks_exact(self.space.actions).zip(&batch.action);
        rows.map(|(row, &action)| row[action as usize]).collect()
    }
}

impl<R> OfflineLearner for Iql<R> {
    fn update(&mut self, batch: &ReplayBatch) {
        self.space.check(batch);
        let (config, taken) = (&self.config, self.space.taken(&batch.action));
        let rows = self.space.training_rows(batch.observation.clone(), self.space.width);
        let q = self.taken_values(batch);
        // V
        let error = self.space.column(q.iter().copied()) - self.value.online.forward(rows.clone());
        let of_value = expectile_loss(error, config.expectile).mean();
        self.value.descend(&of_value, config.learning_rate);
        // π
        let v = self.state_values(&batch.observation);
        let weights = q.iter().zip(v).map(|(&q, v)| advantage_weight(q - v, config.temperature, config.max_weight));
        let imitation = cross_entropy(self.policy.online.forward(rows.clone()), taken.clone());
        let of_policy = (imitation * self.space.column(weights)).mean();
        self.policy.descend(&of_policy, config.learning_rate);
        // Q
        let v_next = self.state_values(&batch.next_observation);
        let outcomes = batch.reward.iter().zip(&batch.discount).zip(v_next);
        let targets = outcomes
            .map(|((&r_t, &d_t), v_t)| sarsa_target(f64::from(r_t), config.discount * f64::from(d_t), &[v_t], 0));
        let targets = self.space.column(targets);
        let error = |network: &Mlp| network.forward(rows.clone()).gather(1, taken.clone()) - targets.clone();
        let Twins { first, second } = &self.critics.online;
        let of_critics = error(first).square().mean() + error(second).square().mean();
        self.critics.descend(&of_critics, config.learning_rate);
        self.target = soft_update(self.target.clone(), &self.critics.acting, config.target_rate);
        self.updates += 1;
        let losses = [("value", of_value), ("policy", of_policy), ("critics", of_critics)];
        note(&mut self.losses, self.updates, losses);
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
        read(activation::log_softmax(outputs, 1))
    }
}

impl<O, R: Encoder<O>> ActionValues<O> for Iql<R> {
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

    #[test]
    fn losses_and_weights_equal_hand_computation() {
        let space = Space::new(1, 1, &Device::flex());
        let error = space.column([2.0, -2.0, 0.5].into_iter());
        // 0.7 · 4, 0.3 · 4, 0.7 · 0.25.
        let found = read(expectile_loss(error, 0.7));
        assert!(found.iter().zip([2.8, 1.2, 0.175]).all(|(f, e)| (f - e).abs() < 1e-6), "{found:?}");
    }

    /// One state whose two actions, each as often, are worth 0 and 1 for certain. The τ-expectile of {0, 1} solves
    /// τ (1 − v) = (1 − τ) v, hence v = τ; the policy then weighs exp(β (1 − τ)) against exp(−β τ): odds exp β.
    #[test]
    fn value_and_policy_reach_their_fixed_points() {
        let (mut rng, encoder) = (ChaCha8Rng::seed_from_u64(1), Identity { states: 1 });
        let config = IqlConfig {
            hidden: vec![],
            learning_rate: 0.02,
            expectile: 0.8,
            temperature: 1.0,
            target_rate: 0.05,
            ..IqlConfig::default()
        };
        let mut learner = Iql::new(encoder, 2, config, &Device::flex(), &mut rng);
        let batch = ReplayBatch {
            observation: vec![1.0; 2],
            action: vec![0, 1],
            reward: vec![0.0, 1.0],
            discount: vec![0.0; 2],
            next_observation: vec![1.0; 2],
            ..ReplayBatch::default()
        };
        (0..800).for_each(|_| learner.update(&batch));
        let (q, v) = (learner.critic_values(&[1.0]), learner.state_values(&[1.0])[0]);
        assert!(q[0].abs() < 5e-3 && (q[1] - 1.0).abs() < 5e-3 && (v - 0.8).abs() < 5e-3, "{q:?}, {v}");
        let log = learner.row_values(&[1.0]);
        assert!((log[1] - log[0] - 1.0).abs() < 0.02, "{log:?}");
    }
}
