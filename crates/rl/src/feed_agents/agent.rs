//! `FeedAgent`: fills slates and learns from what comes of them; `learn`, the loop; `FixedFusion`, which has nothing to learn.

use std::cell::RefCell;

use rand_chacha::ChaCha8Rng;

use super::response_scores::ResponseScores;
use crate::deep::fusion::{FusionForm, fuse};
use crate::feed::{FeedReward, FeedSimulator, FeedState, ShownSlate, SlatePolicy, VisitorModel, play};
use crate::streams::Streams;

/// A policy over slates that learns.
pub trait FeedAgent {
    /// Replaces `slate` by distinct items, exploring or not; gives the probability (the density, where weights were drawn) of the choice.
    fn choose(&mut self, state: &FeedState, explore: bool, slate: &mut Vec<u32>, rng: &mut ChaCha8Rng) -> f64;

    /// Learns from what came of the slate chosen last.
    fn observe(&mut self, shown: &ShownSlate<'_>, rng: &mut ChaCha8Rng);
}

/// What agents learn for: a reward, discounted by γ per slate.
#[derive(Debug, Clone, Copy)]
pub struct AgentReward<'a> {
    /// What answers are worth.
    pub reward: &'a FeedReward,
    /// γ in [0, 1].
    pub discount: f64,
}

impl AgentReward<'_> {
    /// The reward of a slate.
    pub(super) fn of(&self, shown: &ShownSlate<'_>) -> f64 {
        self.reward.reward(shown.response, shown.before)
    }

    /// What one slot's feedback is worth.
    pub(super) fn of_slot(&self, shown: &ShownSlate<'_>, slot: usize) -> f64 {
        let weights = self.reward.weights()[..self.reward.tasks()].iter().enumerate();
        weights.map(|(task, weight)| weight * f64::from(u8::from(shown.response.slots[slot].has(task)))).sum()
    }

    /// What the slate is worth beside the feedback of its slots: variety, surfaces, returns, leaving.
    pub(super) fn beside_slots(&self, shown: &ShownSlate<'_>) -> f64 {
        self.of(shown) - (0..shown.slate.len()).map(|slot| self.of_slot(shown, slot)).sum::<f64>()
    }
}

/// Lets an agent meet `visitors` simulated visitors, exploring, and learn from each slate.
pub fn learn<M: VisitorModel + ?Sized>(
    agent: &mut dyn FeedAgent,
    simulator: &mut FeedSimulator<'_, M>,
    visitors: u64,
    seed: u64,
) {
    let agent = RefCell::new(agent);
    let mut replay = Streams::new(seed).replay;
    let choose = |visitor: &crate::feed::Visitor, slate: &mut Vec<u32>, rng: &mut ChaCha8Rng| {
        agent.borrow_mut().choose(&visitor.state, true, slate, rng)
    };
    play(simulator, choose, |shown| agent.borrow_mut().observe(shown, &mut replay), visitors, seed);
}

/// An agent as a policy that explores no more.
pub struct Greedy<'a>(pub &'a mut dyn FeedAgent);

impl SlatePolicy for Greedy<'_> {
    fn choose(&mut self, state: &FeedState, slate: &mut Vec<u32>, rng: &mut ChaCha8Rng) -> f64 {
        self.0.choose(state, false, slate, rng)
    }
}

/// Ranks by the same weights of the scores for everybody and always.
#[derive(Debug, Clone)]
pub struct FixedFusion<'a> {
    scores: &'a ResponseScores,
    form: FusionForm,
    weights: Vec<f64>,
    slots: usize,
    buffer: Vec<f64>,
}

impl<'a> FixedFusion<'a> {
    /// With the weights of the reward's feedback and [`FusionForm::Linear`], what an item is expected to earn now.
    ///
    /// # Shapes
    /// `weights [K]`, one per task of the scores
    pub fn new(scores: &'a ResponseScores, form: FusionForm, weights: Vec<f64>, slots: usize) -> Self {
        let (given, tasks) = (weights.len(), scores.tasks());
        assert!(given == tasks, "weights of shape [{given}] for scores of shape [items, {tasks}]");
        Self { scores, form, weights, slots, buffer: Vec::new() }
    }
}

impl SlatePolicy for FixedFusion<'_> {
    fn choose(&mut self, state: &FeedState, slate: &mut Vec<u32>, _rng: &mut ChaCha8Rng) -> f64 {
        self.scores.scores(state, &mut self.buffer);
        ranked((self.form, &self.buffer), &self.weights, self.slots, slate);
        1.0
    }
}

/// Fills a slate with the items whose fused scores are highest.
pub(super) fn ranked((form, scores): (FusionForm, &[f64]), weights: &[f64], slots: usize, slate: &mut Vec<u32>) {
    slate.clear();
    slate.extend(fuse(form, scores, weights).into_iter().take(slots).map(|item| item as u32));
}
