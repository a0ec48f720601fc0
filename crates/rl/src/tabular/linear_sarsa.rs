//! Linear SARSA: a value is a sum of weights, one per active tile, and SARSA's surprise is shared among them.
//!
//! Sutton & Barto 2018, section 10.1, "episodic semi-gradient Sarsa", for features that are 0 or 1 (tile coding):
//!
//! ```text
//! q(s, a) = Σ_{i ∈ F(s)} w[i, a]
//! w[i, a] ← w[i, a] + (α / |F|) [ r + γ q(s', a') − q(s, a) ]        for i ∈ F(s)
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | F(s), F(s') | `transition.observation`, `.next_observation`: indices of the features that are 1 |
//! | a, r, a' | `transition.action`, `.reward`, `.next_action` |
//! | γ, and 0 after a termination | `config.discount * transition.discount` |
//! | α, \|F\| | `config.step_size`, `features.active()` |
//! | w | `weights` `[features, A]` |
//!
//! Differences from the book's box:
//! 1. Behaviour is not chosen here: `Learning` explores, or the transitions come from a log.
//! 2. α is the share of the surprise that one update takes away; the book's α is ours by the number of tilings.
//! 3. A terminal state's value is 0 by the transition's discount; a truncation bootstraps from the pair that would have followed.
//! 4. While a `Support` is set (offline), choices are among the actions that the log supports in the tile of the first tiling.

use std::path::Path;

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use slatewise_model::{Numbers, StateReader, StateWriter};

use super::tile_coding::BinaryFeatures;
use crate::checkpoint::{Saved, same};
use crate::error::Error;
use crate::learner::{Learner, Place};
use crate::policy::ActionValues;
use crate::support::Support;
use crate::transition::{Trajectory, Transition};
use crate::value_learning::sarsa_target;

/// Settings of the learner.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearConfig {
    /// γ in [0, 1].
    pub discount: f64,
    /// α in (0, 1].
    pub step_size: f64,
    /// Times that an action must occur in a tile of the log to be allowed offline; see `Support`.
    pub min_support: u32,
}

impl LinearConfig {
    /// Checks the settings; `key` is their place in the config.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn validate(&self, key: &str) -> Result<(), Error> {
        let Self { discount, step_size, .. } = *self;
        let holds = (0.0..=1.0).contains(&discount);
        Error::unless(holds, key, "discount", || format!("{discount} must lie in [0, 1]"))?;
        let holds = step_size > 0.0 && step_size <= 1.0;
        Error::unless(holds, key, "step_size", || format!("{step_size} must lie in (0, 1]"))
    }
}

/// The learner.
#[derive(Debug, Clone)]
pub struct LinearSarsa<F> {
    features: F,
    config: LinearConfig,
    actions: usize,
    coarse_states: usize,
    active: usize,
    weights: Vec<f64>,
    support: Option<Support>,
    q_t: Vec<f64>,
}

impl<F> LinearSarsa<F> {
    /// A learner with every weight at 0.
    pub fn new<O>(features: F, actions: usize, config: LinearConfig) -> Self
    where
        F: BinaryFeatures<O>,
    {
        let (coarse_states, active) = (features.coarse_states(), features.active());
        let weights = vec![0.0; features.features() * actions];
        Self { features, config, actions, coarse_states, active, weights, support: None, q_t: vec![0.0; actions] }
    }

    /// Weights of a feature, `[A]`.
    pub fn weights(&self, feature: usize) -> &[f64] {
        &self.weights[feature * self.actions..][..self.actions]
    }

    /// Adds q(s, ·) of active features to `values [A]`.
    fn add_values(&self, indices: &[usize], values: &mut [f64]) {
        for &index in indices {
            values.iter_mut().zip(self.weights(index)).for_each(|(value, weight)| *value += weight);
        }
    }
}

impl<O, F: BinaryFeatures<O>> ActionValues<O> for LinearSarsa<F> {
    fn actions(&self) -> usize {
        self.actions
    }

    fn action_values(&self, observations: &mut dyn Iterator<Item = &O>, values: &mut Vec<f64>) {
        let mut indices = Vec::with_capacity(self.active);
        for observation in observations {
            let start = values.len();
            indices.clear();
            self.features.indices(observation, &mut indices);
            values.resize(start + self.actions, 0.0);
            self.add_values(&indices, &mut values[start..]);
            if let Some(support) = &self.support {
                support.mask(indices[0], &mut values[start..]);
            }
        }
    }
}

impl<O, F: BinaryFeatures<O>> Learner<O> for LinearSarsa<F> {
    type State = Vec<usize>;

    fn represent(&self, observation: &O) -> Vec<usize> {
        let mut indices = Vec::with_capacity(self.active);
        self.features.indices(observation, &mut indices);
        indices
    }

    fn support_of(&self, trajectories: &[Trajectory<Vec<usize>>]) -> Support {
        let (states, min_support) = (self.coarse_states, self.config.min_support);
        Support::count(trajectories, states, self.actions, min_support, |indices| indices[0])
    }

    fn set_support(&mut self, support: Option<Support>) {
        self.support = support;
    }

    fn go_online(&mut self) {
        self.support = None;
    }

    fn update(&mut self, transition: &Transition<Vec<usize>>, _place: Place, _rng: &mut ChaCha8Rng) {
        let discount_t = self.config.discount * transition.discount;
        // After a termination no action follows; its value is multiplied by 0, so any index will do.
        let a_t = transition.next_action.unwrap_or(0);
        assert!(transition.next_action.is_some() || discount_t == 0.0, "SARSA needs the next action of {transition:?}");
        let mut q_t = std::mem::take(&mut self.q_t);
        q_t.fill(0.0);
        self.add_values(&transition.next_observation, &mut q_t);
        let target = sarsa_target(transition.reward, discount_t, &q_t, a_t);
        self.q_t = q_t;
        let weight = |index: &usize| index * self.actions + transition.action;
        let q_tm1: f64 = transition.observation.iter().map(|index| self.weights[weight(index)]).sum();
        let share = self.config.step_size / self.active as f64 * (target - q_tm1);
        for index in &transition.observation {
            self.weights[index * self.actions + transition.action] += share;
        }
    }
}

/// `learner.toml`, beside the weights.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    config: LinearConfig,
    actions: usize,
    active: usize,
    coarse_states: usize,
    support: Option<Support>,
}

impl<F> Saved for LinearSarsa<F> {
    const FORMAT: &'static str = "slatewise-linear-sarsa";

    fn write(&self, out: &mut StateWriter<'_>) -> Result<(), slatewise_model::Error> {
        let Self { config, actions, active, coarse_states, .. } = *self;
        out.arrays("weights", vec![("weights".to_owned(), Numbers::F64(&self.weights))])?;
        out.settings("learner", &Declared { config, actions, active, coarse_states, support: self.support.clone() })
    }

    fn read(&mut self, from: &StateReader, directory: &Path) -> Result<(), Error> {
        let saved: Declared = from.settings("learner")?;
        let weights = from.arrays("weights")?.f64("weights")?;
        same(directory, "config", &saved.config, &self.config)?;
        let ours = [self.weights.len(), self.actions, self.active, self.coarse_states];
        let theirs = [weights.len(), saved.actions, saved.active, saved.coarse_states];
        same(directory, "weights, actions, active features and coarse states", &theirs, &ours)?;
        (self.weights, self.support) = (weights, saved.support);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Identity;
    use crate::tabular::TileCoding;
    use crate::testing::{chain_learns, check_learner};
    use rand::SeedableRng;

    #[test]
    fn updates_equal_hand_computation() {
        let config = LinearConfig { discount: 0.5, step_size: 0.5, min_support: 1 };
        let tiles = TileCoding::new([[0.0, 1.0]], [2], 2).unwrap();
        let mut learner = LinearSarsa::new(tiles, 2, config);
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let [near, far] = [[0.3], [0.6]].map(|x: [f32; 1]| learner.represent(&x));
        assert_eq!([&near, &far], [&[0, 4], &[1, 4]]); // they share the tile of the second tiling
        let last = Transition {
            observation: near,
            action: 1,
            reward: 8.0,
            discount: 0.0,
            next_observation: far.clone(),
            next_action: None,
        };
        learner.update(&last, Place::default(), &mut rng);
        assert_eq!([learner.weights(0), learner.weights(4)], [[0.0, 2.0]; 2]); // half of 8, shared by two
        let on = Transition {
            observation: far.clone(),
            action: 0,
            reward: 0.0,
            discount: 1.0,
            next_observation: far,
            next_action: Some(1),
        };
        learner.update(&on, Place::default(), &mut rng);
        assert_eq!(learner.weights(1), [0.25, 0.0]); // 0.5 · 0.5 · q = 2, by two, of one tile learned from the neighbour
        let mut values = Vec::new();
        learner.action_values(&mut [[0.3_f32], [0.6]].iter(), &mut values);
        assert_eq!(values, [0.25, 4.0, 0.5, 2.0]);
    }

    #[test]
    fn offline_choices_are_among_what_the_log_supports() {
        let config = LinearConfig { discount: 0.9, step_size: 0.1, min_support: 1 };
        let mut learner = LinearSarsa::new(Identity { states: 2 }, 2, config);
        let step = Transition {
            observation: vec![1],
            action: 1,
            reward: -1.0,
            discount: 0.0,
            next_observation: vec![1],
            next_action: None,
        };
        learner.learn_offline(&[Trajectory { transitions: vec![step] }], 1, &mut ChaCha8Rng::seed_from_u64(0));
        let mut values = Vec::new();
        learner.action_values(&mut [1].iter(), &mut values);
        assert_eq!(values, [f64::NEG_INFINITY, -0.1]);
        Learner::<usize>::go_online(&mut learner);
        values.clear();
        learner.action_values(&mut [1].iter(), &mut values);
        assert_eq!(values, [0.0, -0.1]);
    }

    #[test]
    fn it_is_a_learner_and_reaches_the_chain_optimum_as_exploration_fades() {
        let config = LinearConfig { discount: 0.9, step_size: 0.05, min_support: 1 };
        let make = || LinearSarsa::new(Identity { states: 5 }, 2, config);
        check_learner(make);
        chain_learns(make(), 0.9, 40_000, 0.05);
        assert!(LinearConfig { step_size: 0.0, ..config }.validate("policy.linear_sarsa").is_err());
    }
}
