//! What a policy is worth on simulated visitors: return, feedback, coverage and diversity.

use anyhow::Result;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use slatewise_rl::feed::{
    FeedConfig, FeedReward, FeedSimulator, FeedState, SlatePolicy, SlateValues, VisitorModel, evaluate_slates,
};

/// Means per visitor.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub(super) struct Judged {
    /// Discounted return.
    pub(super) value: f64,
    /// Feedback, by task.
    pub(super) feedback: Vec<f64>,
    /// Visits.
    pub(super) visits: f64,
    /// Slates shown.
    pub(super) slates: f64,
    /// Share of all items that were shown to somebody.
    pub(super) coverage: f64,
    /// Mean diversity of a slate by topic, in [0, 1].
    pub(super) diversity: f64,
}

/// What a policy is judged by.
#[derive(Clone, Copy)]
pub(super) struct Bench<'a> {
    pub(super) feed: &'a FeedConfig,
    pub(super) reward: &'a FeedReward,
    pub(super) discount: f64,
    pub(super) visitors: u64,
    pub(super) seed: u64,
}

/// A policy, with a note of every item it shows.
struct Noted<'a> {
    policy: &'a mut dyn SlatePolicy,
    shown: Vec<bool>,
}

impl SlatePolicy for Noted<'_> {
    fn choose(&mut self, state: &FeedState, slate: &mut Vec<u32>, rng: &mut ChaCha8Rng) -> f64 {
        let propensity = self.policy.choose(state, slate, rng);
        slate.iter().for_each(|&item| self.shown[item as usize] = true);
        propensity
    }
}

impl Bench<'_> {
    /// Judges a policy on visitors of a model.
    pub(super) fn judge<M: VisitorModel + ?Sized>(&self, model: &M, policy: &mut dyn SlatePolicy) -> Result<Judged> {
        let mut simulator = FeedSimulator::new(model, self.feed.clone())?;
        let mut noted = Noted { policy, shown: vec![false; model.items().len()] };
        let reward = (self.reward, self.discount);
        let values = evaluate_slates(&mut simulator, &mut noted, reward, self.visitors, self.seed);
        let shown = noted.shown.iter().filter(|shown| **shown).count() as f64 / noted.shown.len() as f64;
        Ok(self.judged(&values, shown))
    }

    /// Puts together what came of visitors.
    pub(super) fn judged(&self, values: &SlateValues, coverage: f64) -> Judged {
        let visitors = values.returns.len().max(1) as f64;
        let diversity = self.reward.terms().iter().position(|term| term == "diversity");
        Judged {
            value: values.mean(),
            feedback: values.terms[..self.reward.tasks()].iter().map(|sum| sum / visitors).collect(),
            visits: values.visits as f64 / visitors,
            slates: values.steps as f64 / visitors,
            coverage,
            diversity: diversity.map_or(0.0, |term| values.terms[term] / values.steps.max(1) as f64),
        }
    }
}
