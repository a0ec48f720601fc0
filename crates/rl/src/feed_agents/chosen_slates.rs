//! `ChosenSlates`: SlateQ (`deep/slate_q.rs`) with the multi-task model's clicks as its choice model.
//!
//! ```text
//! v(s, i) = p_i / (1 − p_i),  p_i = P(click i | s)        v(s, ⊥) = 1           a conditional logit with "none"
//! one transition per clicked slot, or one without a choice; what the slate earned beside its slots is shared among them
//! ```
//!
//! Difference from the paper: a visitor may click several items of a slate. Each click is then learned from as a choice of its own
//! that leads to the same next state.

use burn::tensor::Device;
use rand_chacha::ChaCha8Rng;

use super::agent::{AgentReward, FeedAgent};
use super::encoding::FeedEncoding;
use super::item_q::item_features;
use super::response_scores::ResponseScores;
use crate::deep::slate_q::{SlateQ, SlateQConfig, SlateState, SlateTransition};
use crate::error::Error;
use crate::feed::{FeedItems, FeedState, ShownSlate};
use crate::state::Encoder as _;

/// Most of a probability that enters odds.
const ALMOST_SURE: f64 = 0.99;

/// The agent.
pub struct ChosenSlates<'a> {
    scores: &'a ResponseScores,
    encoding: FeedEncoding,
    learner: SlateQ,
    reward: AgentReward<'a>,
    epsilon: f64,
    buffer: Vec<f64>,
}

impl<'a> ChosenSlates<'a> {
    /// Explores with probability `epsilon` in [0, 1]; γ is that of the reward and positions that of the slate, whatever `config` says.
    ///
    /// # Errors
    /// Items without features.
    pub fn new(
        (scores, items): (&'a ResponseScores, &FeedItems),
        (encoding, config): (FeedEncoding, SlateQConfig),
        reward: AgentReward<'a>,
        (positions, epsilon): (Vec<f64>, f64),
        (device, rng): (&Device, &mut ChaCha8Rng),
    ) -> Result<Self, Error> {
        let config = SlateQConfig { discount: reward.discount, reward_weights: vec![1.0], positions, ..config };
        let learner = SlateQ::new(encoding.width(), &item_features(items)?, config, device, rng);
        Ok(Self { scores, encoding, learner, reward, epsilon, buffer: Vec::new() })
    }

    fn state(&mut self, state: &FeedState) -> SlateState {
        self.scores.scores(state, &mut self.buffer);
        let clicks = self.buffer.iter().step_by(self.scores.tasks()).map(|click| click.min(ALMOST_SURE));
        SlateState {
            row: self.encoding.row(state),
            candidates: (0..self.scores.items()).collect(),
            scores: clicks.map(|click| click / (1.0 - click)).collect(),
            null_score: 1.0,
        }
    }
}

impl FeedAgent for ChosenSlates<'_> {
    fn choose(&mut self, state: &FeedState, explore: bool, slate: &mut Vec<u32>, rng: &mut ChaCha8Rng) -> f64 {
        let state = self.state(state);
        let epsilon = if explore { self.epsilon } else { 0.0 };
        let decision = self.learner.decide(&state, epsilon, rng);
        slate.clear();
        slate.extend(decision.slate.iter().map(|&item| item as u32));
        decision.propensity
    }

    fn observe(&mut self, shown: &ShownSlate<'_>, rng: &mut ChaCha8Rng) {
        let next = self.state(shown.after);
        let slots: Vec<usize> = (0..shown.slate.len()).filter(|&slot| shown.response.slots[slot].clicked()).collect();
        let shared = self.reward.beside_slots(shown) / slots.len().max(1) as f64;
        let chosen = slots.iter().map(|&slot| Some(slot)).chain(slots.is_empty().then_some(None));
        for slot in chosen {
            let transition = SlateTransition {
                row: self.encoding.row(shown.before),
                slate: shown.slate.iter().map(|&item| item as usize).collect(),
                chosen: slot.map(|slot| shown.slate[slot] as usize),
                rewards: vec![slot.map_or(0.0, |slot| self.reward.of_slot(shown, slot)) + shared],
                discount: shown.discount,
                next: next.clone(),
                next_slate: None,
            };
            self.learner.update(transition, rng);
        }
    }
}
