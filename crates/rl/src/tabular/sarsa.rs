//! SARSA: the value of an action is its reward and the value of the action that is taken next.
//!
//! Rummery & Niranjan 1994, "On-line Q-learning using connectionist systems"; Sutton & Barto 2018, section 6.4:
//!
//! ```text
//! Q(s, a) ← Q(s, a) + α [ r + γ Q(s', a') − Q(s, a) ]
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | s, a, r, s', a' | `transition.observation`, `.action`, `.reward`, `.next_observation`, `.next_action` |
//! | γ, and 0 after a termination | `config.discount * transition.discount` |
//! | α | `config.step_size` |
//! | Q | `table` |
//!
//! Differences from the book's box:
//! 1. Behaviour is not chosen here: `Learning` explores ε-greedily, or the transitions come from a log. From a log, Q is the value
//!    of going on as the logged visitors did, and the greedy policy over it is one step of policy improvement.
//! 2. α may fall with the visits of a pair.
//! 3. A terminal state's value is 0 by the transition's discount, not by an entry in the table.
//! 4. While a `Support` is set (offline), choices are among the actions that the log supports; targets need no such rule, because
//!    a_t was taken.

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
use crate::value_learning::sarsa_target;

/// The learner.
#[derive(Debug, Clone)]
pub struct Sarsa<D> {
    discretiser: D,
    config: TabularConfig,
    table: QTable,
}

impl<D> Sarsa<D> {
    /// A learner with every value at `config.initial_value`.
    pub fn new<O>(discretiser: D, actions: usize, config: TabularConfig) -> Self
    where
        D: Discretiser<O>,
    {
        let table = QTable::new(discretiser.states(), actions, config.initial_value);
        Self { discretiser, config, table }
    }

    /// What it learned.
    pub fn table(&self) -> &QTable {
        &self.table
    }
}

impl<O, D: Discretiser<O>> ActionValues<O> for Sarsa<D> {
    fn actions(&self) -> usize {
        self.table.actions()
    }

    fn action_values(&self, observations: &mut dyn Iterator<Item = &O>, values: &mut Vec<f64>) {
        observations.for_each(|o| self.table.available(self.discretiser.state(o), values));
    }
}

impl<O, D: Discretiser<O>> ActionCounts<O> for Sarsa<D> {
    fn action_counts(&self, observation: &O, counts: &mut Vec<u32>) {
        counts.extend_from_slice(self.table.visits_row(self.discretiser.state(observation)));
    }
}

impl<O, D: Discretiser<O>> Learner<O> for Sarsa<D> {
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
        // After a termination no action follows; its value is multiplied by 0, so any index will do.
        let a_t = transition.next_action.unwrap_or(0);
        assert!(transition.next_action.is_some() || discount_t == 0.0, "SARSA needs the next action of {transition:?}");
        let target = sarsa_target(transition.reward, discount_t, self.table.row(transition.next_observation), a_t);
        self.table.update(transition.observation, transition.action, target, self.config.step_size);
    }
}

impl<D> Saved for Sarsa<D> {
    const FORMAT: &'static str = "slatewise-sarsa";

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
    fn updates_equal_hand_computation() {
        let (discount, step_size) = (0.9, StepSize::Constant(0.5));
        let config = TabularConfig { discount, step_size, ..TabularConfig::default() };
        let mut learner = Sarsa::new(Identity { states: 2 }, 2, config);
        let last = Transition {
            observation: 1,
            action: 0,
            reward: 4.0,
            discount: 0.0,
            next_observation: 0,
            next_action: None,
        };
        let first = Transition { observation: 0, next_observation: 1, discount: 1.0, next_action: Some(0), ..last };
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        learner.update(&last, Place::default(), &mut rng);
        learner.update(&first, Place::default(), &mut rng);
        assert_eq!(learner.table().row(1), [2.0, 0.0]); // 0.5 · 4
        assert!((learner.table().row(0)[0] - 2.9).abs() < 1e-12); // 0.5 (4 + 0.9 · 2)
    }

    #[test]
    fn it_is_a_learner_and_reaches_the_chain_optimum_as_exploration_fades() {
        let (discount, step_size) = (0.9, StepSize::Constant(0.05));
        let config = TabularConfig { discount, step_size, ..TabularConfig::default() };
        let make = || Sarsa::new(Identity { states: 5 }, 2, config);
        check_learner(make);
        chain_learns(make(), 0.9, 40_000, 0.05);
    }
}
