//! Q-learning: the value of an action is its reward and the best value that can follow.
//!
//! Watkins 1989, "Learning from delayed rewards"; Watkins & Dayan 1992; Sutton & Barto 2018, section 6.5:
//!
//! ```text
//! Q(s, a) ← Q(s, a) + α [ r + γ max_a' Q(s', a') − Q(s, a) ]
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | s, a, r, s' | `transition.observation`, `.action`, `.reward`, `.next_observation` |
//! | γ, and 0 after a termination | `config.discount * transition.discount` |
//! | α | `config.step_size` |
//! | Q | `table` |
//!
//! Differences from the book's box:
//! 1. Behaviour is not chosen here: `Learning` explores ε-greedily, or the transitions come from a log.
//! 2. α may fall with the visits of a pair.
//! 3. A terminal state's value is 0 by the transition's discount, not by an entry in the table.
//! 4. While a `Support` is set (offline), the maximum is over the actions that the log supports.

use std::path::Path;

use rand_chacha::ChaCha8Rng;
use slatewise_model::{StateReader, StateWriter};

use super::q_table::{QTable, TabularConfig};
use crate::checkpoint::{Saved, same};
use crate::error::Error;
use crate::learner::{Learner, Place};
use crate::policy::{ActionCounts, ActionValues};
use crate::state::Discretiser;
use crate::support::Support;
use crate::transition::{Trajectory, Transition};
use crate::value_learning::q_learning_target;

/// The learner.
#[derive(Debug, Clone)]
pub struct QLearning<D> {
    discretiser: D,
    config: TabularConfig,
    table: QTable,
    q_t: Vec<f64>,
}

impl<D> QLearning<D> {
    /// A learner with every value at `config.initial_value`.
    pub fn new<O>(discretiser: D, actions: usize, config: TabularConfig) -> Self
    where
        D: Discretiser<O>,
    {
        let table = QTable::new(discretiser.states(), actions, config.initial_value);
        Self { discretiser, config, table, q_t: Vec::with_capacity(actions) }
    }

    /// What it learned.
    pub fn table(&self) -> &QTable {
        &self.table
    }
}

impl<O, D: Discretiser<O>> ActionValues<O> for QLearning<D> {
    fn actions(&self) -> usize {
        self.table.actions()
    }

    fn action_values(&self, observations: &mut dyn Iterator<Item = &O>, values: &mut Vec<f64>) {
        observations.for_each(|o| self.table.available(self.discretiser.state(o), values));
    }
}

impl<O, D: Discretiser<O>> ActionCounts<O> for QLearning<D> {
    fn action_counts(&self, observation: &O, counts: &mut Vec<u32>) {
        counts.extend_from_slice(self.table.visits_row(self.discretiser.state(observation)));
    }
}

impl<O, D: Discretiser<O>> Learner<O> for QLearning<D> {
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
        let target = q_learning_target(transition.reward, discount_t, &self.q_t);
        self.table.update(transition.observation, transition.action, target, self.config.step_size);
    }
}

impl<D> Saved for QLearning<D> {
    const FORMAT: &'static str = "slatewise-q-learning";

    fn write(&self, out: &mut StateWriter<'_>) -> Result<(), slatewise_model::Error> {
        out.settings("config", &self.config)?;
        out.settings("table", &self.table)
    }

    fn read(&mut self, from: &StateReader, directory: &Path) -> Result<(), Error> {
        same(directory, "config", &from.settings("config")?, &self.config)?;
        self.table = self.table.saved(from, "table", directory)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Identity;
    use crate::tabular::StepSize;
    use crate::testing::{chain_learns, check_learner};
    use rand::SeedableRng;

    #[test]
    fn one_update_equals_hand_computation() {
        let (discount, step_size) = (0.9, StepSize::Constant(0.5));
        let config = TabularConfig { discount, step_size, initial_value: 2.0, ..TabularConfig::default() };
        let mut learner = QLearning::new(Identity { states: 2 }, 2, config);
        let transition = Transition {
            observation: 0,
            action: 1,
            reward: 1.0,
            discount: 1.0,
            next_observation: 1,
            next_action: None,
        };
        learner.update(&transition, Place::default(), &mut ChaCha8Rng::seed_from_u64(0));
        assert!((learner.table().row(0)[1] - 2.4).abs() < 1e-12); // 2 + 0.5 (1 + 0.9 · 2 − 2)
        assert_eq!(learner.table().row(0)[0], 2.0);
    }

    #[test]
    fn the_maximum_is_over_supported_actions() {
        let (discount, step_size) = (1.0, StepSize::Constant(1.0));
        let config = TabularConfig { discount, step_size, min_support: 2, ..TabularConfig::default() };
        let mut learner = QLearning::new(Identity { states: 2 }, 2, config);
        let step = |observation, action, reward, discount| Transition {
            observation,
            action,
            reward,
            discount,
            next_observation: 1,
            next_action: None,
        };
        // In state 1 action 0 earned 9 once and action 1 earned 2 twice.
        let log = Trajectory { transitions: vec![step(1, 0, 9.0, 0.0), step(1, 1, 2.0, 0.0), step(1, 1, 2.0, 0.0)] };
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        learner.learn_offline(&[log], 1, &mut rng);
        learner.update(&step(0, 0, 0.0, 1.0), Place::default(), &mut rng);
        assert_eq!(learner.table().row(0)[0], 2.0);
        learner.go_online();
        learner.update(&step(0, 0, 0.0, 1.0), Place::default(), &mut rng);
        assert_eq!(learner.table().row(0)[0], 9.0);
    }

    #[test]
    fn it_is_a_learner_and_reaches_the_chain_optimum() {
        let config = TabularConfig { discount: 0.9, ..TabularConfig::default() };
        let make = || QLearning::new(Identity { states: 5 }, 2, config);
        check_learner(make);
        chain_learns(make(), 0.9, 20_000, 0.02);
    }
}
