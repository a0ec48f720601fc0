//! What every environment, policy and learner must satisfy, and a problem with a known answer.
//!
//! ```text
//! check_environment   dm_env semantics, observations as declared, truncation at the limit and a reset that forgets, one seed one episode
//! check_policy        propensities sum to 1 and are those of the decisions, choices occur as often as they say
//! check_learner       one seed one table, finite values, nothing moves after an update that agrees with it
//! chain_learns        a learner in the chain reaches its analytic Q*
//! ```
//!
//! The checks panic with what is wrong, as assertions do: they are for tests, here and in crates that add an implementation.

mod chain;
mod environment;
#[cfg(test)]
mod fixed_values;
#[cfg(test)]
mod tiny;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub use chain::{ChainMdp, chain_learns};
pub use environment::check_environment;
#[cfg(test)]
pub(crate) use fixed_values::FixedValues;
#[cfg(test)]
pub(crate) use tiny::{tiny_distance, tiny_log, tiny_tables};

use crate::learner::{Learner, Place};
use crate::policy::Policy;
use crate::transition::Transition;

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

/// Checks a learner on the chain of five states and two actions: it repeats itself, and its values stay finite.
///
/// # Panics
/// On the first thing that is wrong.
pub fn check_learner<L: Learner<usize>>(make: impl Fn() -> L) {
    let learned = || {
        let mut learner = make();
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        for _ in 0..200 {
            let (state, action) = (rng.random_range(0..5), rng.random_range(0..2));
            let terminates = rng.random::<f64>() < 0.2;
            let transition = Transition {
                observation: learner.represent(&state),
                action,
                reward: rng.random_range(-1.0..1.0),
                discount: if terminates { 0.0 } else { 1.0 },
                next_observation: learner.represent(&rng.random_range(0..5)),
                next_action: (!terminates).then(|| rng.random_range(0..2)),
            };
            learner.update(&transition, Place { slot: 0, last: terminates }, &mut rng);
        }
        let mut values = Vec::new();
        learner.action_values(&mut [0, 1, 2, 3, 4].iter(), &mut values);
        assert!(
            values.len() == 5 * learner.actions(),
            "values of shape [{}] for [5, {}]",
            values.len(),
            learner.actions()
        );
        values
    };
    let values = learned();
    assert!(values.iter().all(|value| value.is_finite()), "values are not finite: {values:?}");
    assert!(values == learned(), "the same seed gave two different learners");
    let mut untaught = Vec::new();
    make().action_values(&mut [0, 1, 2, 3, 4].iter(), &mut untaught);
    assert!(untaught != values, "200 updates moved nothing");
}
