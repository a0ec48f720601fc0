//! Expected SARSA: the value of an action is its reward and the mean value of what a declared policy does next.
//!
//! van Seijen, van Hasselt, Whiteson & Wiering 2009, "A theoretical and empirical analysis of Expected Sarsa"; Sutton & Barto 2018,
//! section 6.6:
//!
//! ```text
//! Q(s, a) ← Q(s, a) + α [ r + γ Σ_a' π(a'|s') Q(s', a') − Q(s, a) ]
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | s, a, r, s' | `transition.observation`, `.action`, `.reward`, `.next_observation` |
//! | π | `policy`, ε-greedy on Q; `probabilities_t` |
//! | γ, and 0 after a termination | `config.discount * transition.discount` |
//! | α | `config.step_size` |
//! | Q | `table` |
//!
//! Differences from the paper:
//! 1. π is declared and need not be what acts: with ε = 0 this is Q-learning, whatever explores. `Learning` explores, or the
//!    transitions come from a log.
//! 2. Among equally good actions π takes the first, as `EpsilonGreedy` does, or all of them alike (`Ties`).
//! 3. α may fall with the visits of a pair.
//! 4. A terminal state's value is 0 by the transition's discount, not by an entry in the table.
//! 5. While a `Support` is set (offline), π takes only actions that the log supports.

use std::path::Path;

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use slatewise_model::{StateReader, StateWriter};

use super::q_table::{QTable, TabularConfig};
use crate::checkpoint::{Saved, same};
use crate::error::Error;
use crate::learner::{Learner, Place};
use crate::policy::{ActionCounts, ActionValues};
use crate::state::Discretiser;
use crate::support::Support;
use crate::transition::{Trajectory, Transition};
use crate::value_learning::{argmax, expected_sarsa_target};

/// What a greedy choice does among equally good actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ties {
    /// The one with the lowest index, as `EpsilonGreedy` does.
    #[default]
    First,
    /// All of them, equally often.
    Shared,
}

/// The policy π whose values are learned: ε-greedy on Q.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetPolicy {
    /// ε in [0, 1].
    pub epsilon: f64,
    /// Among equally good actions.
    #[serde(default)]
    pub ties: Ties,
}

impl TargetPolicy {
    /// Checks the settings; `key` is their place in the config.
    ///
    /// # Errors
    /// An ε outside [0, 1].
    pub fn validate(&self, key: &str) -> Result<(), Error> {
        let epsilon = self.epsilon;
        let holds = (0.0..=1.0).contains(&epsilon);
        Error::unless(holds, key, "epsilon", || format!("{epsilon} is no probability; choose one in [0, 1]"))
    }

    /// Writes π(· | s) for the values Q(s, ·); an action at −∞ is never taken.
    ///
    /// # Shapes
    /// `values [A]`, A ≥ 1; `probabilities` becomes `[A]`.
    pub fn probabilities(&self, values: &[f64], probabilities: &mut Vec<f64>) {
        let best = argmax(values);
        let available = values.iter().filter(|&&value| value > f64::NEG_INFINITY).count();
        let is_best = |action: usize| match self.ties {
            Ties::First => action == best,
            Ties::Shared => values[action] == values[best],
        };
        let sharing = (0..values.len()).filter(|&action| is_best(action)).count();
        let (any, greedy) = (self.epsilon / available as f64, (1.0 - self.epsilon) / sharing as f64);
        probabilities.clear();
        probabilities.extend(values.iter().enumerate().map(|(action, &value)| {
            let explored = if value > f64::NEG_INFINITY { any } else { 0.0 };
            explored + if is_best(action) { greedy } else { 0.0 }
        }));
    }
}

/// The learner.
#[derive(Debug, Clone)]
pub struct ExpectedSarsa<D> {
    discretiser: D,
    config: TabularConfig,
    policy: TargetPolicy,
    table: QTable,
    q_t: Vec<f64>,
    probabilities_t: Vec<f64>,
}

impl<D> ExpectedSarsa<D> {
    /// A learner of the values of `policy`, with every value at `config.initial_value`.
    pub fn new<O>(discretiser: D, actions: usize, config: TabularConfig, policy: TargetPolicy) -> Self
    where
        D: Discretiser<O>,
    {
        let table = QTable::new(discretiser.states(), actions, config.initial_value);
        Self { discretiser, config, policy, table, q_t: Vec::new(), probabilities_t: Vec::new() }
    }

    /// What it learned.
    pub fn table(&self) -> &QTable {
        &self.table
    }
}

impl<O, D: Discretiser<O>> ActionValues<O> for ExpectedSarsa<D> {
    fn actions(&self) -> usize {
        self.table.actions()
    }

    fn action_values(&self, observations: &mut dyn Iterator<Item = &O>, values: &mut Vec<f64>) {
        observations.for_each(|o| self.table.available(self.discretiser.state(o), values));
    }
}

impl<O, D: Discretiser<O>> ActionCounts<O> for ExpectedSarsa<D> {
    fn action_counts(&self, observation: &O, counts: &mut Vec<u32>) {
        counts.extend_from_slice(self.table.visits_row(self.discretiser.state(observation)));
    }
}

impl<O, D: Discretiser<O>> Learner<O> for ExpectedSarsa<D> {
    type State = usize;

    fn represent(&self, observation: &O) -> usize {
        self.discretiser.state(observation)
    }

    fn support_of(&self, trajectories: &[Trajectory<usize>]) -> Support {
        let (states, actions) = (self.table.states(), self.table.actions());
        Support::count(trajectories, states, actions, self.config.min_support, |&state| state)
    }

    fn set_support(&mut self, support: Option<Support>) {
        self.table.set_support(support);
    }

    fn go_online(&mut self) {
        self.table.set_support(None);
        self.table.forget_visits();
    }

    fn update(&mut self, transition: &Transition<usize>, _place: Place, _rng: &mut ChaCha8Rng) {
        let discount_t = self.config.discount * transition.discount;
        self.q_t.clear();
        self.table.available(transition.next_observation, &mut self.q_t);
        self.policy.probabilities(&self.q_t, &mut self.probabilities_t);
        let target = expected_sarsa_target(transition.reward, discount_t, &self.q_t, &self.probabilities_t);
        self.table.update(transition.observation, transition.action, target, self.config.step_size);
    }
}

impl<D> Saved for ExpectedSarsa<D> {
    const FORMAT: &'static str = "slatewise-expected-sarsa";

    fn write(&self, out: &mut StateWriter<'_>) -> Result<(), slatewise_model::Error> {
        out.settings("config", &self.config)?;
        out.settings("policy", &self.policy)?;
        out.settings("table", &self.table)
    }

    fn read(&mut self, from: &StateReader, directory: &Path) -> Result<(), Error> {
        same(directory, "config", &from.settings("config")?, &self.config)?;
        same(directory, "policy", &from.settings("policy")?, &self.policy)?;
        self.table = self.table.saved(from, "table", directory)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Identity;
    use crate::tabular::{DynamicProgramming, StepSize};
    use crate::testing::{ChainMdp, chain_learns, check_learner};
    use crate::{Budget, EpsilonSchedule, Learning, Streams, rollout};
    use rand::SeedableRng;

    fn probabilities(epsilon: f64, ties: Ties, values: &[f64]) -> Vec<f64> {
        let mut probabilities = Vec::new();
        TargetPolicy { epsilon, ties }.probabilities(values, &mut probabilities);
        probabilities
    }

    #[test]
    fn ties_are_shared_or_go_to_the_first() {
        let values = [1.0, 3.0, f64::NEG_INFINITY, 3.0];
        let close = |ours: Vec<f64>, expected: [f64; 4]| ours.iter().zip(expected).all(|(p, e)| (p - e).abs() < 1e-12);
        assert!(close(probabilities(0.3, Ties::First, &values), [0.1, 0.8, 0.0, 0.1]));
        assert!(close(probabilities(0.3, Ties::Shared, &values), [0.1, 0.45, 0.0, 0.45]));
    }

    #[test]
    fn one_update_equals_hand_computation() {
        let (discount, step_size) = (0.5, StepSize::Constant(0.5));
        let config = TabularConfig { discount, step_size, ..TabularConfig::default() };
        let policy = TargetPolicy { epsilon: 0.2, ties: Ties::First };
        let mut learner = ExpectedSarsa::new(Identity { states: 2 }, 2, config, policy);
        let last = Transition {
            observation: 1,
            action: 0,
            reward: 8.0,
            discount: 0.0,
            next_observation: 0,
            next_action: None,
        };
        let first = Transition { observation: 0, next_observation: 1, discount: 1.0, ..last };
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        learner.update(&last, Place::default(), &mut rng);
        learner.update(&first, Place::default(), &mut rng);
        assert_eq!(learner.table().row(1), [4.0, 0.0]); // 0.5 · 8
        assert!((learner.table().row(0)[0] - 4.9).abs() < 1e-12); // 0.5 (8 + 0.5 (0.9 · 4 + 0.1 · 0))
    }

    /// Behaviour is random throughout, and yet the values are those of the declared policy.
    #[test]
    fn it_learns_the_values_of_the_declared_policy() {
        let (chain, discount, epsilon) = (ChainMdp::new(5, 0.1), 0.9, 0.4);
        let config = TabularConfig { discount, ..TabularConfig::default() };
        let policy = TargetPolicy { epsilon, ties: Ties::First };
        let mut learner = ExpectedSarsa::new(Identity { states: 5 }, 2, config, policy);
        let mut learning =
            Learning::new(&mut learner, EpsilonSchedule::constant(1.0), |reward: &f64, _: &usize| *reward);
        rollout(&mut [chain.clone()], &mut learning, Budget::Steps(60_000), &mut Streams::new(3));
        // Going on is best everywhere.
        let mdp = chain.mdp();
        let pi: Vec<f64> = [1.0 - epsilon / 2.0, epsilon / 2.0].repeat(5);
        let values = DynamicProgramming::new(discount).policy_evaluation(&mdp, &pi).unwrap();
        for state in 0..5 {
            for action in 0..2 {
                let expected = mdp.backup(state, action, &values, discount);
                let ours = learner.table().row(state)[action];
                assert!((ours - expected).abs() < 0.03, "Q({state}, {action}) is {ours}, not {expected}");
            }
        }
    }

    #[test]
    fn it_is_a_learner_and_reaches_the_chain_optimum_without_exploration_in_its_target() {
        let config = TabularConfig { discount: 0.9, ..TabularConfig::default() };
        let policy = TargetPolicy { epsilon: 0.0, ties: Ties::First };
        let make = || ExpectedSarsa::new(Identity { states: 5 }, 2, config, policy);
        check_learner(make);
        chain_learns(make(), 0.9, 20_000, 0.02);
        assert!(TargetPolicy { epsilon: 1.5, ..policy }.validate("policy.expected_sarsa").is_err());
    }
}
