//! Greedy by model: the listing with the best expected reward of the very next step, and no thought of what follows.
//!
//! ```text
//! a = argmax_a  stay(a | s) · Σ_{i in a} choice(i | s, a) · r(i | s)
//! ```
//!
//! This is what a ranking model with a value per item does without reinforcement learning. It is given the user model, so it is a strong
//! baseline: a learner beats it only by what its actions do to the rest of the session.

use rand_chacha::ChaCha8Rng;

use super::{Decision, Policy, degenerate};
use crate::reward::SessionReward;
use crate::session::{Response, SessionState};
use crate::simulator::UserModel;
use crate::value_learning::argmax;

/// The best expected next reward under a user model.
#[derive(Debug, Clone)]
pub struct GreedyByModel<'a> {
    user: &'a UserModel,
    reward: SessionReward<'a>,
    scores: Vec<f64>,
}

impl<'a> GreedyByModel<'a> {
    /// Judges listings by `user` and `reward`.
    pub fn new(user: &'a UserModel, reward: SessionReward<'a>) -> Self {
        Self { user, reward, scores: vec![0.0; user.tables().listings()] }
    }

    /// Writes the expected next reward of every listing.
    ///
    /// # Shapes
    /// `scores [A]`
    pub fn expected_rewards(&self, observation: &SessionState, scores: &mut [f64]) {
        let tables = self.user.tables();
        let situation = tables.situation(observation);
        for (listing, score) in scores.iter_mut().enumerate() {
            let expected: f64 = tables
                .choices(situation, listing)
                .map(|(item, choice)| {
                    let reward = self.reward.components(Response::Clicked(item), &observation.history);
                    f64::from(choice) * reward.total()
                })
                .sum();
            *score = f64::from(self.user.stay_probability(situation, listing)) * expected;
        }
    }

    fn best(&mut self, observation: &SessionState) -> usize {
        let mut scores = std::mem::take(&mut self.scores);
        self.expected_rewards(observation, &mut scores);
        self.scores = scores;
        argmax(&self.scores)
    }
}

impl Policy<SessionState> for GreedyByModel<'_> {
    fn probabilities(&mut self, observation: &SessionState, probabilities: &mut [f64]) {
        degenerate(self.best(observation), probabilities);
    }

    fn decide(&mut self, observation: &SessionState, _rng: &mut ChaCha8Rng) -> Decision {
        Decision { action: self.best(observation), propensity: 1.0 }
    }
}
