//! What every environment, policy and learner must satisfy, and a problem with a known answer.
//!
//! ```text
//! check_environment   dm_env semantics, observations as declared, truncation at the limit and a reset that forgets, one seed one episode
//! check_policy        propensities sum to 1 and are those of the decisions, choices occur as often as they say
//! check_learner       one seed one table, finite values, slots whose numbers mean nothing, stopped and resumed equals uninterrupted
//! chain_learns        a learner in the chain reaches its analytic Q*
//! ```
//!
//! The checks panic with what is wrong, as assertions do: they are for tests, here and in crates that add an implementation.

mod chain;
mod environment;
#[cfg(test)]
mod fixed_values;
mod learner;
#[cfg(test)]
mod tiny;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

pub use chain::{ChainMdp, chain_learns};
pub use environment::check_environment;
#[cfg(test)]
pub(crate) use fixed_values::FixedValues;
pub use learner::check_learner;
#[cfg(test)]
pub(crate) use tiny::{TinyShop, tiny_distance, tiny_log, tiny_tables};

use crate::policy::Policy;

/// Checks a policy at one observation: its probabilities, and 20,000 decisions against them.
///
/// # Panics
/// On the first thing that is wrong.
pub fn check_policy<O>(policy: &mut dyn Policy<O>, observation: &O, actions: usize) {
    let mut probabilities = vec![f64::NAN; actions];
    policy.probabilities(observation, &mut probabilities);
    assert!(probabilities.iter().all(|p| (0.0..=1.0 + 1e-12).contains(p)), "not probabilities: {probabilities:?}");
    let sum: f64 = probabilities.iter().sum();
    assert!((sum - 1.0).abs() < 1e-9, "probabilities sum to {sum}: {probabilities:?}");
    let draws = 20_000;
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (mut counts, mut batch) = (vec![0.0; actions], Vec::new());
    policy.decide_all(&mut (0..draws).map(|_| observation), &mut batch, &mut rng);
    batch.push(policy.decide(observation, &mut rng));
    for decision in batch {
        let expected = probabilities[decision.action];
        assert!(decision.propensity > 0.0, "action {} was chosen with propensity 0", decision.action);
        assert!((decision.propensity - expected).abs() < 1e-9, "propensity {} of {expected}", decision.propensity);
        counts[decision.action] += 1.0;
    }
    for (action, (count, p)) in counts.iter().zip(&probabilities).enumerate() {
        let deviation = (count / f64::from(draws) - p).abs();
        let bound = 5.0 * (p * (1.0 - p) / f64::from(draws)).sqrt() + 2.0 / f64::from(draws);
        assert!(deviation < bound, "action {action} was chosen {count} times of {draws}, with probability {p}");
    }
}
