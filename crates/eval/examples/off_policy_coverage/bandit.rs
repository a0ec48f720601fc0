//! A contextual bandit with known values.
//!
//! ```text
//! x uniform over a finite set of contexts, a ~ π_b(·|x), r ~ Bernoulli(q(x, a))
//! V = mean_x Σ_a π_e(a|x) q(x, a), exactly
//! ```

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use slatewise_eval::Error;
use slatewise_eval::off_policy::{
    BanditRounds, Base, Criterion, DirectMethod, DoublyRobust, Estimator, Evidence, Ips, Refusal, RefusalRules, Round,
    SelfNormalisedDoublyRobust, Shrinkage, Snips, tune,
};

use crate::chance::{coin, draw, expectation, logistic, normal, normals, softmax};
use crate::study::{Simulator, Subject};

/// Actions where nothing else is said.
pub(crate) const ACTIONS: usize = 5;
/// Contexts where nothing else is said.
pub(crate) const CONTEXTS: usize = 20;

/// How the two policies relate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Overlap {
    /// Softmax of independent logits, scaled by ½ for π_b and 1 for π_e.
    Good,
    /// Softmax of the same logits, scaled by s for π_b and −s for π_e: what one prefers the other avoids.
    Opposed(f64),
    /// π_b uniform over so many actions, π_e always one of them: the effective sample size is the number of matches.
    Matching(usize),
}

/// What q̂ knows of q.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Model {
    /// q itself.
    Perfect,
    /// q plus noise of standard deviation 0.05, drawn once for each context and action.
    Noisy,
    /// 1 − q.
    Reversed,
    /// One number per action, fitted as MRDR asks: least squares weighted with π_e (1 − π_b) / π_b².
    MoreRobust,
}

struct Context {
    logging: Vec<f64>,
    evaluation: Vec<f64>,
    q: Vec<f64>,
    q_hat: Vec<f64>,
}

/// The simulator.
pub(crate) struct Bandit {
    contexts: Vec<Context>,
    /// Rewards are q itself, not a coin's.
    pub(crate) deterministic: bool,
    /// Whether the log declares the range of rewards and weights.
    pub(crate) declares_bounds: bool,
}

impl Bandit {
    /// A world drawn from a generator.
    pub(crate) fn new(contexts: usize, overlap: Overlap, model: Model, rng: &mut ChaCha8Rng) -> Self {
        let mut contexts: Vec<Context> = (0..contexts).map(|_| Context::new(overlap, rng)).collect();
        let more_robust = more_robust_fit(&contexts);
        for context in &mut contexts {
            context.q_hat = match model {
                Model::Perfect => context.q.clone(),
                Model::Noisy => context.q.iter().map(|q| q + 0.05 * normal(rng)).collect(),
                Model::Reversed => context.q.iter().map(|q| 1.0 - q).collect(),
                Model::MoreRobust => more_robust.clone(),
            };
        }
        Self { contexts, deterministic: false, declares_bounds: true }
    }

    /// The largest weight that a log can hold.
    pub(crate) fn largest_weight(&self) -> f64 {
        let ratios = |context: &Context| {
            context.evaluation.iter().zip(&context.logging).map(|(pi, propensity)| pi / propensity).fold(0.0, f64::max)
        };
        self.contexts.iter().map(ratios).fold(0.0, f64::max)
    }
}

impl Context {
    fn new(overlap: Overlap, rng: &mut ChaCha8Rng) -> Self {
        let (logging, evaluation) = match overlap {
            Overlap::Good => (softmax(&normals(ACTIONS, rng), 0.5), softmax(&normals(ACTIONS, rng), 1.0)),
            Overlap::Opposed(scale) => {
                let logits = normals(ACTIONS, rng);
                (softmax(&logits, scale), softmax(&logits, -scale))
            }
            Overlap::Matching(actions) => {
                let mut evaluation = vec![0.0; actions];
                evaluation[rng.random_range(0..actions)] = 1.0;
                (vec![1.0 / actions as f64; actions], evaluation)
            }
        };
        let q = normals(logging.len(), rng).into_iter().map(logistic).collect();
        Self { logging, evaluation, q, q_hat: Vec::new() }
    }
}

/// One prediction per action by weighted least squares over the whole population.
fn more_robust_fit(contexts: &[Context]) -> Vec<f64> {
    let actions = contexts.first().map_or(0, |context| context.q.len());
    let of_action = |action: usize| {
        let weight = |context: &Context| {
            let propensity = context.logging[action];
            // Rounds are drawn with π_b, which takes away one of the two in the weight's denominator.
            context.evaluation[action] * (1.0 - propensity) / propensity
        };
        let sum: f64 = contexts.iter().map(weight).sum();
        if sum > 0.0 { contexts.iter().map(|c| weight(c) * c.q[action]).sum::<f64>() / sum } else { 0.0 }
    };
    (0..actions).map(of_action).collect()
}

impl Simulator for Bandit {
    type Log = BanditRounds;

    fn truth(&self) -> f64 {
        let values = self.contexts.iter().map(|context| expectation(&context.evaluation, &context.q));
        values.sum::<f64>() / self.contexts.len() as f64
    }

    fn log(&self, units: usize, rng: &mut ChaCha8Rng) -> Result<BanditRounds, Error> {
        let actions = self.contexts.first().map_or(0, |context| context.q.len());
        let mut rounds = BanditRounds::with_actions(actions)?;
        rounds.reserve(units);
        for _ in 0..units {
            let context = &self.contexts[rng.random_range(0..self.contexts.len())];
            let action = draw(&context.logging, rng);
            let mean = context.q[action];
            rounds.push(&Round {
                action,
                reward: if self.deterministic { mean } else { coin(mean, rng) },
                propensity: context.logging[action],
                evaluation: &context.evaluation,
                q_hat: Some(&context.q_hat),
            })?;
        }
        let bounds = self.declares_bounds.then(|| ((0.0, 1.0), self.largest_weight()));
        Ok(rounds.with_bounds(bounds.map(|bounds| bounds.0), bounds.map(|bounds| bounds.1)))
    }

    fn support(&self, log: &BanditRounds) -> Option<Refusal> {
        log.support_refusal(&RefusalRules::default())
    }
}

/// An estimator whose λ or τ is chosen on the log that it estimates from.
struct Tuned {
    name: &'static str,
    base: Base,
    family: fn(f64) -> Shrinkage,
    criterion: Criterion,
}

impl Estimator<BanditRounds> for Tuned {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn evidence(&self, rounds: &BanditRounds) -> Result<Evidence, Error> {
        let candidates = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, f64::INFINITY].map(self.family);
        let chosen = tune(self.base, &candidates, rounds, self.criterion)?.chosen().shrinkage;
        match self.base {
            Base::Ips => Ips::with(chosen)?.evidence(rounds),
            Base::DoublyRobust => DoublyRobust::with(chosen)?.evidence(rounds),
        }
    }
}

type Boxed = Box<dyn Estimator<BanditRounds> + Send + Sync>;

fn unbiased(estimator: Boxed) -> Subject<BanditRounds> {
    Subject { estimator, biased: false, non_negative: false }
}

/// Estimators that need no q̂; IPS and SNIPS first.
pub(crate) fn without_model() -> Result<Vec<Subject<BanditRounds>>, Error> {
    let shrunk = |estimator| Subject { biased: true, non_negative: true, ..unbiased(estimator) };
    let (base, family, criterion) = (Base::Ips, Shrinkage::Clip as fn(f64) -> Shrinkage, Criterion::Direct);
    Ok(vec![
        Subject { non_negative: true, ..unbiased(Box::new(Ips::plain())) },
        unbiased(Box::new(Snips)),
        shrunk(Box::new(Ips::clipped(2.0)?)),
        shrunk(Box::new(Ips::sub_gaussian(0.1)?)),
        shrunk(Box::new(Tuned { name: "ips_clipped_tuned", base, family, criterion })),
    ])
}

/// Estimators that use q̂. MRDR stands in DR's place where q̂ was fitted for it: their formula is one.
pub(crate) fn with_model(model: Model) -> Result<Vec<Subject<BanditRounds>>, Error> {
    let of_model = |estimator| Subject { biased: model != Model::Perfect, ..unbiased(estimator) };
    let tuned = |name, criterion| {
        let (base, family) = (Base::DoublyRobust, Shrinkage::Switch as fn(f64) -> Shrinkage);
        of_model(Box::new(Tuned { name, base, family, criterion }))
    };
    let more_robust = model == Model::MoreRobust;
    let doubly_robust = if more_robust { DoublyRobust::more_robust() } else { DoublyRobust::plain() };
    Ok(vec![
        unbiased(Box::new(doubly_robust)),
        unbiased(Box::new(SelfNormalisedDoublyRobust)),
        // A noisy q̂ may be negative.
        Subject { non_negative: model != Model::Noisy, ..of_model(Box::new(DirectMethod)) },
        of_model(Box::new(DoublyRobust::clipped(2.0)?)),
        of_model(Box::new(DoublyRobust::switch(2.0)?)),
        of_model(Box::new(DoublyRobust::optimistic(5.0)?)),
        of_model(Box::new(DoublyRobust::sub_gaussian(0.1)?)),
        tuned("switch_dr_tuned_direct", Criterion::Direct),
        tuned("switch_dr_tuned_upper_bound", Criterion::UpperBound { delta: 0.1 }),
        tuned("switch_dr_tuned_slope", Criterion::Slope { delta: 0.1 }),
    ])
}
