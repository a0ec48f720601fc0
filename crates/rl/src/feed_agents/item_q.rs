//! `ItemQ`: DQN over items by their features (`deep/item_network.rs`); the n items of highest value fill the slate.
//!
//! ```text
//! slot j of a slate is a transition of its own:  (s, item_j, r_j, s')     r_j: what the slot earned, and its share of what the slate
//! earned beside its slots                        Q(s, i) → r_j + γ max_i' Q(s', i')
//! ```
//!
//! What SlateQ does by a choice model is left out here: the items of a slate are learned as if each had been shown alone.

use burn::tensor::Device;
use rand::RngExt;
use rand::seq::index::sample;
use rand_chacha::ChaCha8Rng;

use super::agent::{AgentReward, FeedAgent};
use super::encoding::FeedEncoding;
use crate::deep::{Dqn, DqnConfig, ItemFeatures};
use crate::error::Error;
use crate::feed::{FeedItems, FeedState, ShownSlate};
use crate::learner::{Learner, Place};
use crate::policy::ActionValues;
use crate::transition::Transition;

/// The agent.
pub struct ItemQ<'a> {
    learner: Dqn<FeedEncoding>,
    items: usize,
    reward: AgentReward<'a>,
    slots: usize,
    epsilon: f64,
    values: Vec<f64>,
}

impl<'a> ItemQ<'a> {
    /// Explores with probability `epsilon` in [0, 1]; γ is that of the reward, whatever `config` says.
    ///
    /// # Errors
    /// Items without features.
    pub fn new(
        items: &FeedItems,
        (encoding, config): (FeedEncoding, DqnConfig),
        reward: AgentReward<'a>,
        (slots, epsilon): (usize, f64),
        (device, rng): (&Device, &mut ChaCha8Rng),
    ) -> Result<Self, Error> {
        let features = item_features(items)?;
        let config = DqnConfig { discount: reward.discount, ..config };
        let learner = Dqn::over_items::<FeedState>(encoding, &features, config, device, rng);
        Ok(Self { learner, items: items.len(), reward, slots, epsilon, values: Vec::new() })
    }
}

/// Content of the items and their topic as one-hot numbers.
///
/// # Errors
/// There are no items, or numbers that are not finite.
pub(super) fn item_features(items: &FeedItems) -> Result<ItemFeatures, Error> {
    let mut values = Vec::with_capacity(items.len() * (items.width + items.topics));
    for item in 0..items.len() {
        values.extend_from_slice(items.row(item as u32));
        values.extend((0..items.topics).map(|topic| f32::from(u8::from(items.topic[item] as usize == topic))));
    }
    ItemFeatures::new(values, items.width + items.topics)
}

impl FeedAgent for ItemQ<'_> {
    fn choose(&mut self, state: &FeedState, explore: bool, slate: &mut Vec<u32>, rng: &mut ChaCha8Rng) -> f64 {
        self.values.clear();
        self.learner.action_values(&mut std::iter::once(state), &mut self.values);
        let mut best: Vec<u32> = (0..self.items as u32).collect();
        best.sort_by(|&a, &b| self.values[b as usize].total_cmp(&self.values[a as usize]));
        best.truncate(self.slots);
        let explores = explore && rng.random::<f64>() < self.epsilon;
        slate.clear();
        if explores {
            slate.extend(sample(rng, self.items, self.slots).into_iter().map(|item| item as u32));
        } else {
            slate.extend_from_slice(&best);
        }
        if !explore {
            return 1.0;
        }
        let uniform: f64 = (0..self.slots).map(|taken| 1.0 / (self.items - taken) as f64).product();
        self.epsilon * uniform + if *slate == best { 1.0 - self.epsilon } else { 0.0 }
    }

    fn observe(&mut self, shown: &ShownSlate<'_>, rng: &mut ChaCha8Rng) {
        let shared = self.reward.beside_slots(shown) / shown.slate.len() as f64;
        let before = Learner::<FeedState>::represent(&self.learner, shown.before);
        let after = Learner::<FeedState>::represent(&self.learner, shown.after);
        for (slot, &item) in shown.slate.iter().enumerate() {
            let transition = Transition {
                observation: before.clone(),
                action: item as usize,
                reward: self.reward.of_slot(shown, slot) + shared,
                discount: shown.discount,
                next_observation: after.clone(),
                next_action: None,
            };
            // Slots follow no other in time: each is the last of its episode, as far as joining steps goes.
            Learner::<FeedState>::update(&mut self.learner, &transition, Place { slot, last: true }, rng);
        }
    }
}
