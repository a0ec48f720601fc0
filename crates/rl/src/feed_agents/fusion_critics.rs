//! `FusionCritics`: an actor sets the fusion weights for each state, a critic per task says what that earns (RMTL, `deep/fusion/rmtl.rs`).
//!
//! ```text
//! state s ──FeedEncoding──▶ row ──actor──▶ w ──fuse(scores(s), w)──▶ slate ──▶ terms of the reward, one critic each
//! rewards   feedback of each task, unweighted; last, the rest of the reward (variety, surfaces, returns, leaving)
//! λ         the declared weight of each task; 1 for the rest
//! ```

use rand_chacha::ChaCha8Rng;

use super::agent::{AgentReward, FeedAgent, ranked};
use super::encoding::FeedEncoding;
use super::response_scores::ResponseScores;
use crate::deep::fusion::{FusionForm, FusionTransition, Rmtl, RmtlConfig};
use crate::feed::{FeedState, ShownSlate};
use crate::state::Encoder as _;
use burn::tensor::Device;

/// The agent.
pub struct FusionCritics<'a> {
    scores: &'a ResponseScores,
    form: FusionForm,
    encoding: FeedEncoding,
    learner: Rmtl,
    reward: AgentReward<'a>,
    slots: usize,
    weights: Vec<f64>,
    buffer: Vec<f64>,
}

impl<'a> FusionCritics<'a> {
    /// Draws the networks; γ and λ are those of the reward, whatever `config` says.
    pub fn new(
        (scores, form): (&'a ResponseScores, FusionForm),
        (encoding, config): (FeedEncoding, RmtlConfig),
        reward: AgentReward<'a>,
        slots: usize,
        (device, rng): (&Device, &mut ChaCha8Rng),
    ) -> Self {
        let tasks = scores.tasks();
        let reward_weights = reward.reward.weights()[..tasks].iter().copied().chain([1.0]).collect();
        let config = RmtlConfig { discount: reward.discount, reward_weights, ..config };
        let learner = Rmtl::new(encoding.width(), tasks, config, device, rng);
        let (weights, buffer) = (Vec::new(), Vec::new());
        Self { scores, form, encoding, learner, reward, slots, weights, buffer }
    }

    /// The learner, to change its λ.
    pub fn learner(&mut self) -> &mut Rmtl {
        &mut self.learner
    }

    /// The weights in a state.
    pub fn weights(&self, state: &FeedState) -> Vec<f64> {
        self.learner.weights(&self.encoding.row(state))
    }
}

impl FeedAgent for FusionCritics<'_> {
    fn choose(&mut self, state: &FeedState, explore: bool, slate: &mut Vec<u32>, rng: &mut ChaCha8Rng) -> f64 {
        let row = self.encoding.row(state);
        let density = if explore {
            let decision = self.learner.decide(&row, rng);
            self.weights = decision.weights;
            decision.log_density.exp()
        } else {
            self.weights = self.learner.weights(&row);
            1.0
        };
        self.scores.scores(state, &mut self.buffer);
        ranked((self.form, &self.buffer), &self.weights, self.slots, slate);
        density
    }

    fn observe(&mut self, shown: &ShownSlate<'_>, rng: &mut ChaCha8Rng) {
        let mut terms = Vec::new();
        self.reward.reward.measure(shown.response, shown.before, &mut terms);
        terms.truncate(self.scores.tasks());
        terms.push(self.reward.beside_slots(shown));
        let transition = FusionTransition {
            row: self.encoding.row(shown.before),
            weights: self.weights.clone(),
            rewards: terms,
            discount: shown.discount,
            next_row: self.encoding.row(shown.after),
        };
        self.learner.update(&transition, rng);
    }
}
