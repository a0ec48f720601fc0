//! `FusionQ`: Q-learning over fusion weights. The tabular, readable form of a policy that says how much each task counts.
//!
//! ```text
//! action a   weights w_a of a grid over the simplex        state   a cell of FeedCells
//! slate      the n items with the highest fuse(scores, w_a)
//! Q(s, a) ← Q(s, a) + α [ r + γ max_a' Q(s', a') − Q(s, a) ]
//! ```
//!
//! The idea of learning fusion weights from long-term feedback: Zhang et al. 2022, "Multi-task fusion via reinforcement learning for
//! long-term user satisfaction in recommender systems" (BatchRL-MTF). Differences: a grid in place of a continuous action, a table in
//! place of networks, a simulator in place of a batch of logs (for logs: `offline`).

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::agent::{AgentReward, FeedAgent, ranked};
use super::encoding::FeedCells;
use super::response_scores::ResponseScores;
use crate::deep::fusion::{FusionForm, FusionGrid};
use crate::feed::{FeedState, ShownSlate};
use crate::learner::{Learner, Place};
use crate::policy::ActionValues;
use crate::tabular::{QLearning, TabularConfig};
use crate::transition::Transition;
use crate::value_learning::argmax;

/// The agent.
#[derive(Debug)]
pub struct FusionQ<'a> {
    scores: &'a ResponseScores,
    form: FusionForm,
    grid: FusionGrid,
    learner: QLearning<FeedCells>,
    reward: AgentReward<'a>,
    slots: usize,
    epsilon: f64,
    action: usize,
    values: Vec<f64>,
    buffer: Vec<f64>,
}

impl<'a> FusionQ<'a> {
    /// Explores with probability `epsilon` in [0, 1].
    pub fn new(
        (scores, form): (&'a ResponseScores, FusionForm),
        grid: FusionGrid,
        (cells, config): (FeedCells, TabularConfig),
        reward: AgentReward<'a>,
        (slots, epsilon): (usize, f64),
    ) -> Self {
        let config = TabularConfig { discount: reward.discount, ..config };
        let learner = QLearning::new::<FeedState>(cells, grid.len(), config);
        let (values, buffer) = (Vec::new(), Vec::new());
        Self { scores, form, grid, learner, reward, slots, epsilon, action: 0, values, buffer }
    }

    /// The weights that are thought best in a state.
    pub fn weights(&self, state: &FeedState) -> &[f64] {
        let mut values = Vec::new();
        self.learner.action_values(&mut std::iter::once(state), &mut values);
        self.grid.weights(argmax(&values))
    }
}

impl FeedAgent for FusionQ<'_> {
    fn choose(&mut self, state: &FeedState, explore: bool, slate: &mut Vec<u32>, rng: &mut ChaCha8Rng) -> f64 {
        self.values.clear();
        self.learner.action_values(&mut std::iter::once(state), &mut self.values);
        let greedy = argmax(&self.values);
        let (explores, drawn) = (rng.random::<f64>() < self.epsilon, rng.random_range(0..self.grid.len()));
        self.action = if explore && explores { drawn } else { greedy };
        self.scores.scores(state, &mut self.buffer);
        ranked((self.form, &self.buffer), self.grid.weights(self.action), self.slots, slate);
        if !explore {
            return 1.0;
        }
        // Of the weights, not of the slate: others may lead to the same slate.
        let uniform = self.epsilon / self.grid.len() as f64;
        if self.action == greedy { 1.0 - self.epsilon + uniform } else { uniform }
    }

    fn observe(&mut self, shown: &ShownSlate<'_>, rng: &mut ChaCha8Rng) {
        let transition = Transition {
            observation: Learner::<FeedState>::represent(&self.learner, shown.before),
            action: self.action,
            reward: self.reward.of(shown),
            discount: shown.discount,
            next_observation: Learner::<FeedState>::represent(&self.learner, shown.after),
            next_action: None,
        };
        let place = Place { slot: 0, last: shown.response.ended };
        Learner::<FeedState>::update(&mut self.learner, &transition, place, rng);
    }
}
