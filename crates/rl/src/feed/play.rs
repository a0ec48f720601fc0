//! `play`: the one loop that shows slates to simulated visitors; `evaluate_slates`: what a policy is worth there.
//!
//! ```text
//! visitor i:  Streams::of_session(seed, i)      explore: the policy's draws;  simulate: the visitor's
//!             G_i = Σ_t γ^t r_t                 over the visitor's whole life, t counting slates in all visits
//! ```
//!
//! Visitor i has generators of their own, so two policies meet the same visitors and the same chance: compare in pairs.

use rand_chacha::ChaCha8Rng;

use super::policy::SlatePolicy;
use super::reward::FeedReward;
use super::simulator::FeedSimulator;
use super::state::{FeedResponse, FeedState, Visitor};
use super::visitor_model::VisitorModel;
use crate::streams::Streams;

/// One slate that was shown, and what came of it.
#[derive(Debug, Clone, Copy)]
pub struct ShownSlate<'a> {
    /// Number of the visitor.
    pub visitor: u64,
    /// What the policy saw.
    pub before: &'a FeedState,
    /// What it showed.
    pub slate: &'a [u32],
    /// With which probability.
    pub propensity: f64,
    /// What that brought about.
    pub response: &'a FeedResponse,
    /// 0 where the visitor is gone for good, else 1.
    pub discount: f64,
    /// What the policy sees next.
    pub after: &'a FeedState,
}

/// Shows slates to `visitors` visitors until each is gone or beyond the horizon. `choose` sees everything, also what is hidden: hand it
/// `&visitor.state` alone unless it may know the truth.
pub fn play<M: VisitorModel + ?Sized>(
    simulator: &mut FeedSimulator<'_, M>,
    mut choose: impl FnMut(&Visitor, &mut Vec<u32>, &mut ChaCha8Rng) -> f64,
    mut observe: impl FnMut(&ShownSlate<'_>),
    visitors: u64,
    seed: u64,
) {
    let mut slate = Vec::new();
    for visitor in 0..visitors {
        let mut streams = Streams::of_session(seed, visitor);
        simulator.reset(&mut streams.simulate);
        loop {
            let propensity = choose(simulator.visitor(), &mut slate, &mut streams.explore);
            let step = simulator.step(&slate, &mut streams.simulate);
            let (discount, last) = (step.discount, step.is_last());
            let (before, response, after) = (simulator.before(), simulator.response(), simulator.state());
            observe(&ShownSlate { visitor, before, slate: &slate, propensity, response, discount, after });
            if last {
                break;
            }
        }
    }
}

/// What came of simulated visitors under one policy.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SlateValues {
    /// Discounted return of each visitor, in order.
    pub returns: Vec<f64>,
    /// Sum of each term of the reward over all steps, undiscounted and unweighted, `[C]`.
    pub terms: Vec<f64>,
    /// Discounted sum of each term per visitor, `[visitors, C]`: what other weights make another return of.
    pub discounted_terms: Vec<f64>,
    /// Slates shown.
    pub steps: u64,
    /// Visits, the last ones included.
    pub visits: u64,
}

impl SlateValues {
    /// Mean return; 0 without visitors.
    pub fn mean(&self) -> f64 {
        self.returns.iter().sum::<f64>() / self.returns.len().max(1) as f64
    }

    /// Standard error of the mean return.
    pub fn standard_error(&self) -> f64 {
        let (count, mean) = (self.returns.len() as f64, self.mean());
        let squares: f64 = self.returns.iter().map(|value| (value - mean).powi(2)).sum();
        (squares / (count - 1.0).max(1.0) / count.max(1.0)).sqrt()
    }

    /// The same visitors' returns under other weights of the same terms.
    pub fn reweigh(&self, reward: &FeedReward) -> Vec<f64> {
        self.discounted_terms.chunks_exact(reward.terms().len()).map(|terms| reward.total(terms)).collect()
    }
}

/// What `visitors` visitors are worth under a policy that may see what is hidden; as [`evaluate_slates`] otherwise.
pub fn evaluate_with_truth<M: VisitorModel + ?Sized>(
    simulator: &mut FeedSimulator<'_, M>,
    choose: impl FnMut(&Visitor, &mut Vec<u32>, &mut ChaCha8Rng) -> f64,
    (reward, discount): (&FeedReward, f64),
    visitors: u64,
    seed: u64,
) -> SlateValues {
    let width = reward.terms().len();
    let mut values = SlateValues { terms: vec![0.0; width], ..SlateValues::default() };
    let (mut terms, mut factor, mut seen) = (Vec::new(), 1.0, None);
    let observe = |shown: &ShownSlate<'_>| {
        if seen != Some(shown.visitor) {
            (seen, factor) = (Some(shown.visitor), 1.0);
            values.returns.push(0.0);
            values.discounted_terms.resize(values.returns.len() * width, 0.0);
        }
        reward.measure(shown.response, shown.before, &mut terms);
        let first = (values.returns.len() - 1) * width;
        for (index, term) in terms.iter().enumerate() {
            values.terms[index] += term;
            values.discounted_terms[first + index] += factor * term;
        }
        values.returns[first / width] += factor * reward.total(&terms);
        factor *= discount;
        values.steps += 1;
        values.visits += u64::from(shown.response.left || shown.response.ended);
    };
    play(simulator, choose, observe, visitors, seed);
    values
}

/// What `visitors` visitors are worth under a policy, discounted by γ per slate.
pub fn evaluate_slates<M: VisitorModel + ?Sized>(
    simulator: &mut FeedSimulator<'_, M>,
    policy: &mut dyn SlatePolicy,
    reward: (&FeedReward, f64),
    visitors: u64,
    seed: u64,
) -> SlateValues {
    evaluate_with_truth(
        simulator,
        |visitor, slate, rng| policy.choose(&visitor.state, slate, rng),
        reward,
        visitors,
        seed,
    )
}

/// The slate that a model believes to be clicked most now, ties to the lowest item; gives its propensity, 1. With a planted world this is
/// greed with the truth.
pub fn greedy_by_click<M: VisitorModel + ?Sized>(
    model: &M,
    visitor: &Visitor,
    slots: usize,
    slate: &mut Vec<u32>,
) -> f64 {
    let mut out = vec![0.0; model.tasks().len()];
    let clicks = (0..model.items().len() as u32).map(|item| {
        model.probabilities(visitor, item, &mut out);
        out[0]
    });
    let clicks: Vec<f64> = clicks.collect();
    slate.clear();
    for _ in 0..slots {
        let free = (0..clicks.len()).filter(|&item| !slate.contains(&(item as u32)));
        let best = free.fold(None, |best: Option<usize>, item| match best {
            Some(other) if clicks[other] >= clicks[item] => best,
            _ => Some(item),
        });
        slate.extend(best.map(|item| item as u32));
    }
    1.0
}
