//! Settings of RMTL over fusion weights.

use serde::{Deserialize, Serialize};

use super::weight_space::WeightSpace;
use crate::error::Error;

/// Settings of RMTL; "code" is the value in the authors' published arguments, where it differs. Ours are for small networks and logs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RmtlConfig {
    /// Widths of the hidden layers of the actor and of every critic (code: an embedding of 128 below its networks).
    pub hidden: Vec<usize>,
    /// Where the weights lie (paper: none, its actor outputs predictions).
    pub space: WeightSpace,
    /// λ: what each task's critic counts for the actor, one per task and per reward (paper: 1 each).
    pub reward_weights: Vec<f64>,
    /// γ in [0, 1] (code: 0.9).
    pub discount: f64,
    /// The actor's step size under Adam, > 0 (code: 0.001).
    pub actor_learning_rate: f64,
    /// The critics' step size under Adam, > 0 (code: 0.001).
    pub critic_learning_rate: f64,
    /// B ≥ 1 (code: 2048).
    pub batch_size: usize,
    /// Transitions kept, ≥ `batch_size` (code: 500,000).
    pub replay_capacity: usize,
    /// Transitions kept before learning starts, ≥ 1 (code: 10,000 episodes).
    pub learning_starts: usize,
    /// Transitions per gradient step of the critics, ≥ 1.
    pub learn_every: u64,
    /// Gradient steps of the critics per step of the actor, ≥ 1 (code: 1).
    pub actor_every: u64,
    /// τ in (0, 1]: share by which target networks move towards the learned ones at every step (code: 0.2, every second step).
    pub target_rate: f64,
    /// σ > 0: deviation of the noise on the actor's outputs, before squashing (code: 0.4 by an Ornstein-Uhlenbeck process, on predictions).
    pub exploration: f64,
    /// c ≥ 0: weight of ½ Σ h², which keeps the actor's outputs where squashing still has a slope, in units of reward (paper: none; ours: 0.001).
    pub output_penalty: f64,
    /// Largest norm of the gradient over the actor's weights, and over the critics', > 0 (code: none).
    pub gradient_clip: f64,
}

impl Default for RmtlConfig {
    fn default() -> Self {
        Self {
            hidden: vec![64, 64],
            space: WeightSpace::Simplex,
            reward_weights: vec![1.0; 2],
            discount: 0.9,
            actor_learning_rate: 1e-3,
            critic_learning_rate: 1e-3,
            batch_size: 64,
            replay_capacity: 200_000,
            learning_starts: 1_000,
            learn_every: 1,
            actor_every: 1,
            target_rate: 0.01,
            exploration: 0.4,
            output_penalty: 1e-3,
            gradient_clip: 10.0,
        }
    }
}

impl RmtlConfig {
    /// Checks the settings for K = `weights`; `key` is their place in the config.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn validate(&self, key: &str, weights: usize) -> Result<(), Error> {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        let rewards = !self.reward_weights.is_empty() && self.reward_weights.iter().all(|x| x.is_finite());
        let checks = [
            ("hidden", self.hidden.iter().all(|&width| width >= 1), "every width must be at least 1"),
            ("reward_weights", rewards, "give every task a finite weight, such as [1.0, 5.0]"),
            ("discount", (0.0..=1.0).contains(&self.discount), "must lie in [0, 1]"),
            ("actor_learning_rate", positive(self.actor_learning_rate), "must be a number above 0"),
            ("critic_learning_rate", positive(self.critic_learning_rate), "must be a number above 0"),
            ("batch_size", self.batch_size >= 1, "must be at least 1"),
            ("replay_capacity", self.replay_capacity >= self.batch_size, "must be at least batch_size"),
            ("learning_starts", self.learning_starts >= 1, "must be at least 1"),
            ("learn_every", self.learn_every >= 1, "must be at least 1"),
            ("actor_every", self.actor_every >= 1, "must be at least 1"),
            ("target_rate", positive(self.target_rate) && self.target_rate <= 1.0, "must lie in (0, 1]"),
            ("exploration", positive(self.exploration), "must be a number above 0"),
            (
                "output_penalty",
                self.output_penalty.is_finite() && self.output_penalty >= 0.0,
                "must be a number of at least 0",
            ),
            ("gradient_clip", positive(self.gradient_clip), "must be a number above 0"),
        ];
        checks
            .into_iter()
            .try_for_each(|(name, holds, problem)| Error::unless(holds, key, name, || problem.to_owned()))?;
        self.space.validate(&format!("{key}.space"), weights)
    }
}
