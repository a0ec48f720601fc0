//! PPO: several gradient steps on the same experience, as long as the policy stays close to the one that gathered it.
//!
//! ```text
//! after every T steps in each of N environments, for E epochs over M minibatches
//!   ρ = π(a | s; θ) / π(a | s; θ_old)
//!   L_clip = min(ρ Â, clamp(ρ, 1 − ε, 1 + ε) Â)                 Â: generalised advantages, normalised in the minibatch
//!   minimise   mean of −L_clip + c_v ½ (V(s; w) − G)² − c_h H(π(· | s; θ))
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | T, E, M | `config.steps`, `.epochs`, `.minibatches` |
//! | ε, c_v, c_h | `config.clip`, `.value_coefficient`, `.entropy_coefficient` |
//! | π(a \| s; θ_old) | the propensity of the decision |
//! | Â, G | `batch.advantages`, `.returns`; see `advantage.rs` |
//!
//! Differences from the paper and from CleanRL's `ppo.py`:
//! 1. Advantages are normalised per minibatch and the gradient is clipped, as in CleanRL; the paper does neither.
//! 2. Networks have ReLU between layers and PyTorch's usual initial weights, where CleanRL has tanh and orthogonal weights.
//! 3. The value's error is not clipped, as in the paper; CleanRL clips it.
//! 4. A truncated episode is bootstrapped from the value of its last state; CleanRL takes truncations for terminations.
//! 5. A batch ends with the first round over the environments after which it holds N T steps or more: a round in which an
//!    environment is reset after a truncation has one step less. Minibatches are of equal size, but for the last.
//! 6. The step size falls linearly with steps taken, not with updates; once at 0, the policy rests.
//! 7. The old probability is the decision's propensity, computed in f64 from the same outputs.
//!
//! Reference: Schulman et al. 2017, "Proximal policy optimization algorithms", equations 7 and 9, algorithm 1; Huang et al. 2022, "CleanRL".

use burn::tensor::{Device, Tensor};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::actor_critic::{ActorCritic, Batch};
use super::advantage::normalise;
use super::gathered::{Gathered, PolicyLearner};
use super::network_policy::NetworkPolicy;
use crate::error::Error;
use crate::policy::Policy;
use crate::replay::EncodedState;
use crate::state::Encoder;
use crate::support::Support;

/// ε of Adam (CleanRL).
const ADAM_EPSILON: f32 = 1e-5;

/// Settings of PPO; every default is that of CleanRL's `ppo.py`, which is meant for four environments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PpoConfig {
    /// Widths of the hidden layers of either network.
    pub hidden: Vec<usize>,
    /// T ≥ 1: steps in each environment before learning.
    pub steps: usize,
    /// E ≥ 1.
    pub epochs: usize,
    /// M ≥ 1.
    pub minibatches: usize,
    /// Adam's step size at the start, > 0.
    pub learning_rate: f64,
    /// Steps, over all environments, after which the step size has fallen to 0; constant where none.
    pub anneal_steps: Option<u64>,
    /// γ in [0, 1].
    pub discount: f64,
    /// λ in [0, 1].
    pub lambda: f64,
    /// ε > 0.
    pub clip: f64,
    /// c_h ≥ 0.
    pub entropy_coefficient: f64,
    /// c_v ≥ 0.
    pub value_coefficient: f64,
    /// Largest norm of the gradient over all weights, > 0.
    pub gradient_clip: f64,
}

impl Default for PpoConfig {
    fn default() -> Self {
        Self {
            hidden: vec![64, 64],
            steps: 128,
            epochs: 4,
            minibatches: 4,
            learning_rate: 2.5e-4,
            anneal_steps: Some(500_000),
            discount: 0.99,
            lambda: 0.95,
            clip: 0.2,
            entropy_coefficient: 0.01,
            value_coefficient: 0.5,
            gradient_clip: 0.5,
        }
    }
}

impl PpoConfig {
    /// Checks the settings; `key` is their place in the config.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn validate(&self, key: &str) -> Result<(), Error> {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        let weight = |x: f64| x.is_finite() && x >= 0.0;
        let checks = [
            ("hidden", self.hidden.iter().all(|&width| width >= 1), "every width must be at least 1"),
            ("steps", self.steps >= 1, "must be at least 1"),
            ("epochs", self.epochs >= 1, "must be at least 1"),
            ("minibatches", self.minibatches >= 1, "must be at least 1"),
            ("learning_rate", positive(self.learning_rate), "must be a number above 0"),
            ("anneal_steps", self.anneal_steps != Some(0), "must be at least 1, or left out"),
            ("discount", (0.0..=1.0).contains(&self.discount), "must lie in [0, 1]"),
            ("lambda", (0.0..=1.0).contains(&self.lambda), "must lie in [0, 1]"),
            ("clip", positive(self.clip), "must be a number above 0"),
            ("entropy_coefficient", weight(self.entropy_coefficient), "must be a number of at least 0"),
            ("value_coefficient", weight(self.value_coefficient), "must be a number of at least 0"),
            ("gradient_clip", positive(self.gradient_clip), "must be a number above 0"),
        ];
        checks.into_iter().try_for_each(|(name, holds, problem)| Error::unless(holds, key, name, || problem.to_owned()))
    }

    /// The step size after some steps.
    fn learning_rate_at(&self, steps: u64) -> f64 {
        let left = self.anneal_steps.map_or(1.0, |all| 1.0 - steps as f64 / all as f64);
        self.learning_rate * left.max(0.0)
    }
}

/// L_clip of every row.
///
/// # Shapes
/// - `log_ratio [B, 1]`: ln ρ
/// - `advantage [B, 1]`
/// - output: `[B, 1]`
pub fn clipped_objective(log_ratio: Tensor<2>, advantage: Tensor<2>, clip: f64) -> Tensor<2> {
    let ratio = log_ratio.exp();
    let clipped = ratio.clone().clamp(1.0 - clip, 1.0 + clip);
    (ratio * advantage.clone()).min_pair(clipped * advantage)
}

/// The learner.
pub struct Ppo<R> {
    pub(super) config: PpoConfig,
    pub(super) networks: ActorCritic<R>,
    /// Steps learned from, over all environments.
    pub(super) steps: u64,
}

impl<R> Ppo<R> {
    /// A learner on `device` (without autodiff) with weights drawn from `rng`; small networks are fastest on the CPU.
    pub fn new<O>(encoder: R, actions: usize, config: PpoConfig, device: &Device, rng: &mut ChaCha8Rng) -> Self
    where
        R: Encoder<O>,
    {
        let networks = ActorCritic::new(encoder, actions, &config.hidden, ADAM_EPSILON, device, rng);
        Self { config, networks, steps: 0 }
    }

    /// The policy as it is now, to be judged or cloned.
    pub fn network_policy(&self) -> &NetworkPolicy<R> {
        &self.networks.policy
    }

    /// Restricts actions to those that are allowed in a state, or lifts the restriction; before the first step.
    pub fn set_support(&mut self, support: Option<Support>) {
        self.networks.policy.set_support(support);
    }

    /// Gradient steps taken.
    pub fn gradient_steps(&self) -> u64 {
        self.networks.gradient_steps
    }

    /// Takes one gradient step on a minibatch.
    fn learn_from(&mut self, batch: &Batch, index: &[usize], learning_rate: f64) {
        let (config, networks) = (&self.config, &mut self.networks);
        let of = |values: &[f64]| index.iter().map(|&i| values[i]).collect::<Vec<f64>>();
        let mut advantage = of(&batch.advantages);
        normalise(&mut advantage);
        let judged = networks.judge(batch, index);
        let log_ratio = judged.log_probability - networks.column(of(&batch.log_propensities).into_iter());
        let objective = clipped_objective(log_ratio, networks.column(advantage.into_iter()), config.clip);
        let error = judged.value - networks.column(of(&batch.returns).into_iter());
        let loss = objective.mean().neg() + error.square().mean() * (0.5 * config.value_coefficient)
            - judged.entropy.mean() * config.entropy_coefficient;
        networks.descend(&loss, learning_rate, config.gradient_clip);
    }
}

impl<O, R: Encoder<O>> PolicyLearner<O> for Ppo<R> {
    fn represent(&self, observation: &O) -> EncodedState {
        self.networks.policy.represent(observation)
    }

    fn policy(&mut self) -> &mut dyn Policy<O> {
        &mut self.networks.policy
    }

    fn is_due(&self, gathered: &Gathered) -> bool {
        gathered.steps >= self.config.steps * gathered.slots.len()
    }

    fn learn(&mut self, gathered: &mut Gathered, rng: &mut ChaCha8Rng) {
        let learning_rate = self.config.learning_rate_at(self.steps);
        self.steps += gathered.steps as u64;
        let batch = self.networks.batch(&gathered.take_all(), self.config.discount, self.config.lambda);
        let mut order: Vec<usize> = (0..batch.returns.len()).collect();
        let size = order.len().div_ceil(self.config.minibatches).max(1);
        for _ in 0..self.config.epochs {
            order.shuffle(rng);
            for index in order.chunks(size) {
                self.learn_from(&batch, index, learning_rate);
            }
        }
    }
}

#[cfg(test)]
mod tests;
