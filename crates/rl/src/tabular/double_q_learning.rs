//! Double Q-learning: two tables, each judging what the other holds for best, so that luck is not taken for value.
//!
//! van Hasselt 2010, "Double Q-learning"; Sutton & Barto 2018, section 6.7. With probability ½
//!
//! ```text
//! Q₁(s, a) ← Q₁(s, a) + α [ r + γ Q₂(s', argmax_a' Q₁(s', a')) − Q₁(s, a) ]        else the same with Q₁ and Q₂ exchanged
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | s, a, r, s' | `transition.observation`, `.action`, `.reward`, `.next_observation` |
//! | Q₁, Q₂ (A, B in the paper) | `tables[0]`, `tables[1]` |
//! | γ, and 0 after a termination | `config.discount * transition.discount` |
//! | α | `config.step_size` |
//!
//! Differences from the paper:
//! 1. Behaviour is not chosen here: `Learning` explores ε-greedily on the mean of both tables, which chooses as their sum does, or
//!    the transitions come from a log.
//! 2. Which table learns is drawn from the generator, or given (`update_side`), for traces that must not depend on chance.
//! 3. α may fall with the visits of a pair, counted per table.
//! 4. A terminal state's value is 0 by the transition's discount, not by an entry in the tables.
//! 5. While a `Support` is set (offline), the maximum is over the actions that the log supports.

use std::path::Path;

use rand::RngExt;
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
use crate::value_learning::double_q_learning_target;

/// One of the two tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Q₁, the paper's A.
    First,
    /// Q₂, the paper's B.
    Second,
}

/// The learner.
#[derive(Debug, Clone)]
pub struct DoubleQLearning<D> {
    discretiser: D,
    config: TabularConfig,
    tables: [QTable; 2],
    q_t_selector: Vec<f64>,
}

impl<D> DoubleQLearning<D> {
    /// A learner with every value of both tables at `config.initial_value`.
    pub fn new<O>(discretiser: D, actions: usize, config: TabularConfig) -> Self
    where
        D: Discretiser<O>,
    {
        let table = QTable::new(discretiser.states(), actions, config.initial_value);
        Self { discretiser, config, tables: [table.clone(), table], q_t_selector: Vec::with_capacity(actions) }
    }

    /// What one of the tables learned.
    pub fn table(&self, side: Side) -> &QTable {
        &self.tables[side as usize]
    }

    /// Updates one of the tables.
    pub fn update_side(&mut self, side: Side, transition: &Transition<usize>) {
        let discount_t = self.config.discount * transition.discount;
        let [first, second] = &mut self.tables;
        let (learns, judges) = match side {
            Side::First => (first, second),
            Side::Second => (second, first),
        };
        self.q_t_selector.clear();
        learns.available(transition.next_observation, &mut self.q_t_selector);
        let q_t_value = judges.row(transition.next_observation);
        let target = double_q_learning_target(transition.reward, discount_t, q_t_value, &self.q_t_selector);
        learns.update(transition.observation, transition.action, target, self.config.step_size);
    }
}

impl<O, D: Discretiser<O>> ActionValues<O> for DoubleQLearning<D> {
    fn actions(&self) -> usize {
        self.tables[0].actions()
    }

    fn action_values(&self, observations: &mut dyn Iterator<Item = &O>, values: &mut Vec<f64>) {
        for observation in observations {
            let (state, start) = (self.discretiser.state(observation), values.len());
            self.tables[0].available(state, values);
            // −∞ of an action that is ruled out stays −∞.
            values[start..].iter_mut().zip(self.tables[1].row(state)).for_each(|(q, second)| *q = (*q + second) / 2.0);
        }
    }
}

impl<O, D: Discretiser<O>> ActionCounts<O> for DoubleQLearning<D> {
    fn action_counts(&self, observation: &O, counts: &mut Vec<u32>) {
        let state = self.discretiser.state(observation);
        let [first, second] = self.tables.each_ref().map(|table| table.visits_row(state));
        counts.extend(first.iter().zip(second).map(|(first, second)| first + second));
    }
}

impl<O, D: Discretiser<O>> Learner<O> for DoubleQLearning<D> {
    type State = usize;

    fn represent(&self, observation: &O) -> usize {
        self.discretiser.state(observation)
    }

    fn support_of(&self, trajectories: &[Trajectory<usize>]) -> Support {
        let (states, actions) = (self.tables[0].states(), self.tables[0].actions());
        Support::count(trajectories, states, actions, self.config.min_support, |&state| state)
    }

    fn set_support(&mut self, support: Option<Support>) {
        self.tables.iter_mut().for_each(|table| table.set_support(support.clone()));
    }

    fn go_online(&mut self) {
        for table in &mut self.tables {
            table.set_support(None);
            table.forget_visits();
        }
    }

    fn update(&mut self, transition: &Transition<usize>, _place: Place, rng: &mut ChaCha8Rng) {
        let side = if rng.random() { Side::First } else { Side::Second };
        self.update_side(side, transition);
    }
}

impl<D> Saved for DoubleQLearning<D> {
    const FORMAT: &'static str = "slatewise-double-q-learning";

    fn write(&self, out: &mut StateWriter<'_>) -> Result<(), slatewise_model::Error> {
        out.settings("config", &self.config)?;
        out.settings("first", &self.tables[0])?;
        out.settings("second", &self.tables[1])
    }

    fn read(&mut self, from: &StateReader, directory: &Path) -> Result<(), Error> {
        same(directory, "config", &from.settings("config")?, &self.config)?;
        let [first, second] = &self.tables;
        self.tables = [first.saved(from, "first", directory)?, second.saved(from, "second", directory)?];
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Identity;
    use crate::tabular::StepSize;
    use crate::testing::{chain_learns, check_learner};

    #[test]
    fn updates_equal_hand_computation() {
        let (discount, step_size) = (0.5, StepSize::Constant(0.5));
        let config = TabularConfig { discount, step_size, ..TabularConfig::default() };
        let mut learner = DoubleQLearning::new(Identity { states: 2 }, 2, config);
        let last = Transition {
            observation: 1,
            action: 1,
            reward: 8.0,
            discount: 0.0,
            next_observation: 0,
            next_action: None,
        };
        let first = Transition { observation: 0, next_observation: 1, discount: 1.0, ..last };
        learner.update_side(Side::First, &last); // Q₁(1, 1) = 4
        learner.update_side(Side::Second, &Transition { reward: 2.0, ..last.clone() }); // Q₂(1, 1) = 1
        learner.update_side(Side::First, &first);
        assert_eq!(learner.table(Side::First).row(0), [0.0, 4.25]); // 0.5 (8 + 0.5 · 1): Q₁ chooses, Q₂ judges
        assert_eq!(learner.table(Side::Second).row(0), [0.0, 0.0]);
        let mut values = Vec::new();
        learner.action_values(&mut [1].iter(), &mut values);
        assert_eq!(values, [0.0, 2.5]);
    }

    #[test]
    fn it_is_a_learner_and_reaches_the_chain_optimum() {
        let config = TabularConfig { discount: 0.9, ..TabularConfig::default() };
        let make = || DoubleQLearning::new(Identity { states: 5 }, 2, config);
        check_learner(make);
        chain_learns(make(), 0.9, 40_000, 0.02);
    }
}
