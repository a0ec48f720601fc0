//! Settings of SlateQ.

use serde::{Deserialize, Serialize};

use super::choice::SlateOptimizer;
use crate::error::Error;

/// Whose value the next slate's is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlateTarget {
    /// The best slate of the next state, as `optimizer` finds it (Q-learning).
    #[default]
    Optimised,
    /// The slate that was shown next (SARSA); where the log does not know it, the best one.
    Followed,
}

/// What choosing nothing is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NullValue {
    /// Q̄(s, ⊥) is learned, from the transitions in which nothing was chosen.
    #[default]
    Learned,
    /// 0, and such transitions teach nothing (RecSim's agent).
    Zero,
}

/// Settings of SlateQ; where nothing is said, the value is [`DqnConfig`](crate::deep::DqnConfig)'s.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SlateQConfig {
    /// Widths of the hidden layers of either tower, and of the null item's network.
    pub hidden: Vec<usize>,
    /// p: the weight of every position in the choice, each a number of at least 0 and one above 0; as many as a slate has items (ours: a
    /// slate of three without position bias).
    pub positions: Vec<f64>,
    /// How the best slate is looked for, in acting and in targets (paper: top-k serves as well as the exact one).
    pub optimizer: SlateOptimizer,
    /// Whose value the next slate's is (paper: both; RecSim: both).
    pub target: SlateTarget,
    /// What choosing nothing is worth (paper's decomposition: an item like the others; RecSim's agent: zero).
    pub null: NullValue,
    /// What each task's reward counts; as many as a transition has rewards (ours: a single reward).
    pub reward_weights: Vec<f64>,
    /// γ in [0, 1].
    pub discount: f64,
    /// Adam's step size, > 0.
    pub learning_rate: f64,
    /// B ≥ 1.
    pub batch_size: usize,
    /// Transitions kept, ≥ `batch_size`.
    pub replay_capacity: usize,
    /// Transitions kept before learning starts, ≥ 1.
    pub learning_starts: usize,
    /// Transitions per gradient step, ≥ 1.
    pub learn_every: u64,
    /// Gradient steps between two updates of the target network, ≥ 1.
    pub target_update_every: u64,
    /// Whether the online network chooses the next slate and the target network judges it (van Hasselt et al. 2016).
    pub double: bool,
    /// Largest norm of the gradient over all weights, > 0.
    pub gradient_clip: f64,
}

impl Default for SlateQConfig {
    fn default() -> Self {
        Self {
            hidden: vec![64, 64],
            positions: vec![1.0; 3],
            optimizer: SlateOptimizer::TopK,
            target: SlateTarget::Optimised,
            null: NullValue::Learned,
            reward_weights: vec![1.0],
            discount: 0.95,
            learning_rate: 5e-4,
            batch_size: 64,
            replay_capacity: 200_000,
            learning_starts: 1_000,
            learn_every: 4,
            target_update_every: 250,
            double: true,
            gradient_clip: 10.0,
        }
    }
}

impl SlateQConfig {
    /// Checks the settings; `key` is their place in the config.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn validate(&self, key: &str) -> Result<(), Error> {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        let weights =
            self.positions.iter().all(|&x| x.is_finite() && x >= 0.0) && self.positions.iter().any(|&x| x > 0.0);
        let rewards = !self.reward_weights.is_empty() && self.reward_weights.iter().all(|x| x.is_finite());
        let checks = [
            ("hidden", self.hidden.iter().all(|&width| width >= 1), "every width must be at least 1"),
            (
                "positions",
                weights,
                "give every position of a slate a weight of at least 0, and one above 0, such as [1.0, 1.0]",
            ),
            ("reward_weights", rewards, "give every task's reward a finite weight, such as [1.0]"),
            ("discount", (0.0..=1.0).contains(&self.discount), "must lie in [0, 1]"),
            ("learning_rate", positive(self.learning_rate), "must be a number above 0"),
            ("batch_size", self.batch_size >= 1, "must be at least 1"),
            ("replay_capacity", self.replay_capacity >= self.batch_size, "must be at least batch_size"),
            ("learning_starts", self.learning_starts >= 1, "must be at least 1"),
            ("learn_every", self.learn_every >= 1, "must be at least 1"),
            ("target_update_every", self.target_update_every >= 1, "must be at least 1"),
            ("gradient_clip", positive(self.gradient_clip), "must be a number above 0"),
        ];
        checks.into_iter().try_for_each(|(name, holds, problem)| Error::unless(holds, key, name, || problem.to_owned()))
    }
}
