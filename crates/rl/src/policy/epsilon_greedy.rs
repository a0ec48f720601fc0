//! ε-greedy over action values: the best known action, and now and then any other.
//!
//! ```text
//! π(a) = ε / A' + (1 − ε) [a = argmax_b Q(s, b)]        A' available actions: those with Q > −∞
//! ```
//!
//! ε = 0 is the greedy policy. Ties go to the lowest index.
//!
//! Reference: Sutton & Barto 2018, section 2.2.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{Decision, Policy};
use crate::error::Error;
use crate::value_learning::argmax;

/// Something with a value for every action: a table, a network.
pub trait ActionValues<O> {
    /// Number of actions.
    fn actions(&self) -> usize;

    /// Appends Q(observation, ·) for each observation; −∞ for an action that is not available.
    ///
    /// # Shapes
    /// N observations → `values` grows by `[N, A]`.
    fn action_values(&self, observations: &mut dyn Iterator<Item = &O>, values: &mut Vec<f64>);
}

/// Action values that say how often each was updated: tables.
pub trait ActionCounts<O>: ActionValues<O> {
    /// Appends n(observation, ·).
    ///
    /// # Shapes
    /// `counts` grows by `[A]`.
    fn action_counts(&self, observation: &O, counts: &mut Vec<u32>);
}

/// ε over the course of training: linear from `start` to `end`, then constant.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpsilonSchedule {
    /// ε at the first step, in [0, 1].
    pub start: f64,
    /// ε from step `steps` on, in [0, 1].
    pub end: f64,
    /// Number of steps from `start` to `end`.
    pub steps: u64,
}

impl EpsilonSchedule {
    /// The same ε throughout.
    pub fn constant(epsilon: f64) -> Self {
        Self { start: epsilon, end: epsilon, steps: 0 }
    }

    /// ε at a step.
    pub fn at(&self, step: u64) -> f64 {
        if step >= self.steps {
            return self.end;
        }
        self.start + step as f64 / self.steps as f64 * (self.end - self.start)
    }

    /// Checks the schedule; `key` is its place in the config.
    ///
    /// # Errors
    /// An ε outside [0, 1].
    pub fn validate(&self, key: &str) -> Result<(), Error> {
        for (name, epsilon) in [("start", self.start), ("end", self.end)] {
            let holds = (0.0..=1.0).contains(&epsilon);
            Error::unless(holds, key, name, || format!("{epsilon} is no probability; choose one in [0, 1]"))?;
        }
        Ok(())
    }
}

/// ε-greedy over borrowed action values.
#[derive(Debug)]
pub struct EpsilonGreedy<'a, V: ?Sized> {
    pub(crate) values: &'a V,
    pub(crate) epsilon: f64,
    pub(crate) scratch: Vec<f64>,
}

impl<'a, V: ?Sized> EpsilonGreedy<'a, V> {
    /// Acts on `values`, with a random action in a share `epsilon` of cases.
    pub fn new(values: &'a V, epsilon: f64) -> Self {
        Self { values, epsilon, scratch: Vec::new() }
    }

    /// Acts on `values`, always by the best.
    pub fn greedy(values: &'a V) -> Self {
        Self::new(values, 0.0)
    }
}

impl<O, V: ActionValues<O> + ?Sized> Policy<O> for EpsilonGreedy<'_, V> {
    fn probabilities(&mut self, observation: &O, probabilities: &mut [f64]) {
        self.scratch.clear();
        self.values.action_values(&mut std::iter::once(observation), &mut self.scratch);
        let share = self.epsilon / available(&self.scratch) as f64;
        for (probability, &value) in probabilities.iter_mut().zip(&self.scratch) {
            *probability = if value > f64::NEG_INFINITY { share } else { 0.0 };
        }
        probabilities[argmax(&self.scratch)] += 1.0 - self.epsilon;
    }

    fn decide(&mut self, observation: &O, rng: &mut ChaCha8Rng) -> Decision {
        self.scratch.clear();
        self.values.action_values(&mut std::iter::once(observation), &mut self.scratch);
        choose(&self.scratch, self.epsilon, rng)
    }

    fn decide_all(
        &mut self,
        observations: &mut dyn Iterator<Item = &O>,
        decisions: &mut Vec<Decision>,
        rng: &mut ChaCha8Rng,
    ) {
        self.scratch.clear();
        self.values.action_values(observations, &mut self.scratch);
        decisions.extend(self.scratch.chunks_exact(self.values.actions()).map(|row| choose(row, self.epsilon, rng)));
    }
}

fn available(values: &[f64]) -> usize {
    values.iter().filter(|&&value| value > f64::NEG_INFINITY).count()
}

/// One ε-greedy choice; the greedy policy (ε = 0) draws nothing.
fn choose(values: &[f64], epsilon: f64, rng: &mut ChaCha8Rng) -> Decision {
    let best = argmax(values);
    if epsilon == 0.0 {
        return Decision { action: best, propensity: 1.0 };
    }
    let share = epsilon / available(values) as f64;
    let action = if rng.random::<f64>() < epsilon { nth_available(values, rng) } else { best };
    Decision { action, propensity: share + if action == best { 1.0 - epsilon } else { 0.0 } }
}

fn nth_available(values: &[f64], rng: &mut ChaCha8Rng) -> usize {
    let n = rng.random_range(0..available(values));
    let mut actions = values.iter().enumerate().filter(|(_, value)| **value > f64::NEG_INFINITY);
    actions.nth(n).map_or(0, |(action, _)| action)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FixedValues, check_policy};

    #[test]
    fn propensities_are_those_of_the_formula() {
        let values = FixedValues::new(&[1.0, 3.0, f64::NEG_INFINITY, 3.0]);
        let mut probabilities = [0.0; 4];
        EpsilonGreedy::new(&values, 0.3).probabilities(&(), &mut probabilities);
        let expected = [0.1, 0.8, 0.0, 0.1]; // ε/3 each, and 0.7 more for the first of the two best
        assert!(probabilities.iter().zip(expected).all(|(p, e)| (p - e).abs() < 1e-12), "{probabilities:?}");
        check_policy(&mut EpsilonGreedy::new(&values, 0.3), &(), 4);
        check_policy(&mut EpsilonGreedy::greedy(&values), &(), 4);
    }

    #[test]
    fn schedule_is_linear_then_constant() {
        let schedule = EpsilonSchedule { start: 1.0, end: 0.2, steps: 4 };
        assert_eq!([0, 1, 4, 9].map(|step| schedule.at(step)), [1.0, 0.8, 0.2, 0.2]);
        assert_eq!(EpsilonSchedule::constant(0.1).at(0), 0.1);
    }
}
