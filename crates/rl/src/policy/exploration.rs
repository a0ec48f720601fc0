//! `Exploration`: how a learner at work chooses, as a function of its values and of the steps taken.
//!
//! ```text
//! EpsilonSchedule        ε-greedy                          any action values
//! TemperatureSchedule    softmax                           any action values
//! UcbBonus, Belief       UCB1, Thompson sampling           values with visit counts: tables
//! ```

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{
    ActionCounts, ActionValues, Belief, Decision, EpsilonGreedy, EpsilonSchedule, Policy, Softmax, Thompson, Ucb,
};
use crate::error::Error;

/// Chooses on the values `V` of observations `O` while they are learned.
pub trait Exploration<O, V: ?Sized> {
    /// Appends one decision per observation; `step` counts the steps taken so far, and `scratch` is memory to be reused.
    fn decide_all(
        &self,
        values: &V,
        step: u64,
        observations: &mut dyn Iterator<Item = &O>,
        decisions: &mut Vec<Decision>,
        scratch: &mut Vec<f64>,
        rng: &mut ChaCha8Rng,
    );
}

impl<O, V: ActionValues<O> + ?Sized> Exploration<O, V> for EpsilonSchedule {
    fn decide_all(
        &self,
        values: &V,
        step: u64,
        observations: &mut dyn Iterator<Item = &O>,
        decisions: &mut Vec<Decision>,
        scratch: &mut Vec<f64>,
        rng: &mut ChaCha8Rng,
    ) {
        let mut policy = EpsilonGreedy { values, epsilon: self.at(step), scratch: std::mem::take(scratch) };
        policy.decide_all(observations, decisions, rng);
        *scratch = policy.scratch;
    }
}

/// τ of softmax over the course of training: from `start` to `end` by the same factor each step, then constant.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemperatureSchedule {
    /// τ at the first step, > 0, in the unit of the values.
    pub start: f64,
    /// τ from step `steps` on, > 0.
    pub end: f64,
    /// Number of steps from `start` to `end`.
    pub steps: u64,
}

impl TemperatureSchedule {
    /// τ at a step.
    pub fn at(&self, step: u64) -> f64 {
        if step >= self.steps {
            return self.end;
        }
        self.start * (self.end / self.start).powf(step as f64 / self.steps as f64)
    }

    /// Checks the schedule; `key` is its place in the config.
    ///
    /// # Errors
    /// A temperature that is not above 0.
    pub fn validate(&self, key: &str) -> Result<(), Error> {
        for (name, temperature) in [("start", self.start), ("end", self.end)] {
            let holds = temperature > 0.0 && temperature.is_finite();
            Error::unless(holds, key, name, || format!("{temperature} must be a number above 0"))?;
        }
        Ok(())
    }
}

impl<O, V: ActionValues<O> + ?Sized> Exploration<O, V> for TemperatureSchedule {
    fn decide_all(
        &self,
        values: &V,
        step: u64,
        observations: &mut dyn Iterator<Item = &O>,
        decisions: &mut Vec<Decision>,
        _scratch: &mut Vec<f64>,
        rng: &mut ChaCha8Rng,
    ) {
        Softmax::new(values, self.at(step)).decide_all(observations, decisions, rng);
    }
}

/// c of UCB1, ≥ 0, in the unit of the values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct UcbBonus(pub f64);

impl<O, V: ActionCounts<O> + ?Sized> Exploration<O, V> for UcbBonus {
    fn decide_all(
        &self,
        values: &V,
        _step: u64,
        observations: &mut dyn Iterator<Item = &O>,
        decisions: &mut Vec<Decision>,
        _scratch: &mut Vec<f64>,
        rng: &mut ChaCha8Rng,
    ) {
        Ucb::new(values, self.0).decide_all(observations, decisions, rng);
    }
}

impl<O, V: ActionCounts<O> + ?Sized> Exploration<O, V> for Belief {
    fn decide_all(
        &self,
        values: &V,
        _step: u64,
        observations: &mut dyn Iterator<Item = &O>,
        decisions: &mut Vec<Decision>,
        _scratch: &mut Vec<f64>,
        rng: &mut ChaCha8Rng,
    ) {
        Thompson::new(values, *self).decide_all(observations, decisions, rng);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tabular::{QLearning, StepSize, TabularConfig};
    use crate::testing::ChainMdp;
    use crate::{Budget, Exploring, Identity, Learning, Streams, rollout};

    #[test]
    fn temperature_falls_by_the_same_factor_and_is_checked() {
        let schedule = TemperatureSchedule { start: 4.0, end: 1.0, steps: 2 };
        assert_eq!([0, 1, 2, 9].map(|step| schedule.at(step)), [4.0, 2.0, 1.0, 1.0]);
        let message = TemperatureSchedule { end: 0.0, ..schedule }.validate("explore").unwrap_err().to_string();
        assert_eq!(message, "explore.end: 0 must be a number above 0");
    }

    /// Whatever explores, Q-learning finds that going on is best in every state of the chain.
    fn finds_the_way(exploration: impl for<'l> Exploration<usize, Exploring<'l, QLearning<Identity>>>) {
        let config = TabularConfig { discount: 0.9, step_size: StepSize::Visits(0.7), ..TabularConfig::default() };
        let mut learner = QLearning::new(Identity { states: 5 }, 2, config);
        let mut learning = Learning::new(&mut learner, exploration, |reward: &f64, _: &usize| *reward);
        rollout(&mut [ChainMdp::new(5, 0.1)], &mut learning, Budget::Steps(20_000), &mut Streams::new(5));
        let optimal = ChainMdp::new(5, 0.1).optimal_values(0.9);
        for state in 0..5 {
            let (ours, expected) = (learner.table().row(state)[0], optimal[2 * state]);
            assert!((ours - expected).abs() < 0.05, "Q({state}, go) is {ours}, not {expected}");
        }
    }

    #[test]
    fn every_exploration_finds_the_way_along_the_chain() {
        finds_the_way(EpsilonSchedule::constant(0.2));
        finds_the_way(TemperatureSchedule { start: 1.0, end: 0.1, steps: 10_000 });
        finds_the_way(UcbBonus(1.0));
        finds_the_way(Belief { prior_mean: 1.0, prior_visits: 1.0, spread: 1.0 });
    }
}
