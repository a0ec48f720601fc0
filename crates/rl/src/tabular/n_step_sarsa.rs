//! n-step SARSA: the value of an action is its next n rewards and the value of the pair that follows them.
//!
//! Watkins 1989; Sutton & Barto 2018, section 7.2:
//!
//! ```text
//! G = r₁ + γ r₂ + ... + γⁿ⁻¹ rₙ + γⁿ Q(sₙ, aₙ)        fewer steps where the episode ends before
//! Q(s₀, a₀) ← Q(s₀, a₀) + α [ G − Q(s₀, a₀) ]
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | n | `steps` |
//! | s₀, a₀, r₁, ... | the `Step`s of the slot's window, oldest first |
//! | sₙ, aₙ | `transition.next_observation`, `.next_action` |
//! | γ, and 0 after a termination | `config.discount * transition.discount` of each step |
//! | α | `config.step_size` |
//! | Q | `table` |
//!
//! Differences from the book's box:
//! 1. Behaviour is not chosen here: `Learning` explores, or the transitions come from a log.
//! 2. Time is counted per slot, so that several environments may be interleaved; `begin` drops the steps of an episode left unfinished.
//! 3. Where an episode is truncated, its last steps bootstrap from the pair that would have followed, with the power of γ of the
//!    steps that there were. After a termination nothing is bootstrapped, by the transition's discount.
//! 4. α may fall with the visits of a pair.
//! 5. While a `Support` is set (offline), choices are among the actions that the log supports; targets need no such rule, because
//!    aₙ was taken.

use std::collections::VecDeque;
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
use crate::value_learning::NStepReturn;

/// A pair that waits for its rewards, and its own.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    state: usize,
    action: usize,
    reward: f64,
    discount: f64,
}

/// `windows.toml`: n, and the pairs that wait, per slot.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Windows {
    steps: usize,
    slots: Vec<VecDeque<Step>>,
}

/// The learner.
#[derive(Debug, Clone)]
pub struct NStepSarsa<D> {
    discretiser: D,
    config: TabularConfig,
    steps: usize,
    table: QTable,
    /// Per slot, at most `steps` long between updates.
    windows: Vec<VecDeque<Step>>,
}

impl<D> NStepSarsa<D> {
    /// A learner that looks `steps` ≥ 1 rewards ahead, with every value at `config.initial_value`.
    pub fn new<O>(discretiser: D, actions: usize, config: TabularConfig, steps: usize) -> Self
    where
        D: Discretiser<O>,
    {
        assert!(steps >= 1, "n-step SARSA with n = {steps}: at least one step is needed");
        let table = QTable::new(discretiser.states(), actions, config.initial_value);
        Self { discretiser, config, steps, table, windows: Vec::new() }
    }

    /// What it learned.
    pub fn table(&self) -> &QTable {
        &self.table
    }

    fn window(&mut self, slot: usize) -> &mut VecDeque<Step> {
        if self.windows.len() <= slot {
            self.windows.resize_with(slot + 1, VecDeque::new);
        }
        &mut self.windows[slot]
    }
}

impl<O, D: Discretiser<O>> ActionValues<O> for NStepSarsa<D> {
    fn actions(&self) -> usize {
        self.table.actions()
    }

    fn action_values(&self, observations: &mut dyn Iterator<Item = &O>, values: &mut Vec<f64>) {
        observations.for_each(|o| self.table.available(self.discretiser.state(o), values));
    }
}

impl<O, D: Discretiser<O>> ActionCounts<O> for NStepSarsa<D> {
    fn action_counts(&self, observation: &O, counts: &mut Vec<u32>) {
        counts.extend_from_slice(self.table.visits_row(self.discretiser.state(observation)));
    }
}

impl<O, D: Discretiser<O>> Learner<O> for NStepSarsa<D> {
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

    fn begin(&mut self, slot: usize) {
        self.window(slot).clear();
    }

    fn update(&mut self, transition: &Transition<usize>, place: Place, _rng: &mut ChaCha8Rng) {
        let Transition { observation: state, action, reward, .. } = *transition;
        let discount = self.config.discount * transition.discount;
        assert!(transition.next_action.is_some() || discount == 0.0, "SARSA needs the next action of {transition:?}");
        // After a termination no action follows; its value is multiplied by 0, so any index will do.
        let a_n = transition.next_action.unwrap_or(0);
        let steps = self.steps;
        let mut window = std::mem::take(self.window(place.slot));
        window.push_back(Step { state, action, reward, discount });
        while window.len() >= steps || (place.last && !window.is_empty()) {
            let ahead = NStepReturn::of(window.iter().map(|step| (step.reward, step.discount)));
            let target = ahead.target(self.table.row(transition.next_observation)[a_n]);
            if let Some(oldest) = window.pop_front() {
                self.table.update(oldest.state, oldest.action, target, self.config.step_size);
            }
        }
        *self.window(place.slot) = window;
    }
}

impl<D> Saved for NStepSarsa<D> {
    const FORMAT: &'static str = "slatewise-n-step-sarsa";

    fn write(&self, out: &mut StateWriter<'_>) -> Result<(), slatewise_model::Error> {
        out.settings("config", &self.config)?;
        out.settings("windows", &Windows { steps: self.steps, slots: self.windows.clone() })?;
        out.settings("table", &self.table)
    }

    fn read(&mut self, from: &StateReader, directory: &Path) -> Result<(), Error> {
        same(directory, "config", &from.settings("config")?, &self.config)?;
        let windows: Windows = from.settings("windows")?;
        same(directory, "steps", &windows.steps, &self.steps)?;
        (self.table, self.windows) = (self.table.saved(from, "table", directory)?, windows.slots);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Identity;
    use crate::tabular::{Sarsa, StepSize};
    use crate::testing::{chain_learns, check_learner};
    use rand::{RngExt, SeedableRng};

    fn config(discount: f64, alpha: f64) -> TabularConfig {
        TabularConfig { discount, step_size: StepSize::Constant(alpha), ..TabularConfig::default() }
    }

    fn step(observation: usize, reward: f64, discount: f64, next_action: Option<usize>) -> Transition<usize> {
        Transition { observation, action: 0, reward, discount, next_observation: observation + 1, next_action }
    }

    #[test]
    fn updates_equal_hand_computation() {
        let mut learner =
            NStepSarsa::new(Identity { states: 4 }, 1, TabularConfig { initial_value: 8.0, ..config(0.5, 1.0) }, 2);
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let mut learn = |learner: &mut NStepSarsa<Identity>, transition, slot, last| {
            learner.update(&transition, Place { slot, last }, &mut rng);
        };
        learn(&mut learner, step(0, 1.0, 1.0, Some(0)), 0, false);
        assert_eq!(learner.table().visited(), 0); // one reward is not two
        learn(&mut learner, step(2, 5.0, 0.0, None), 1, true); // another slot is another episode
        assert_eq!(learner.table().row(2), [5.0]);
        learn(&mut learner, step(1, 2.0, 1.0, Some(0)), 0, true);
        assert_eq!(learner.table().row(0), [3.25]); // 1 + 0.5 · 2 + 0.25 · 5
        assert_eq!(learner.table().row(1), [4.5]); // truncated after one step: 2 + 0.5 · 5
    }

    #[test]
    fn an_episode_left_unfinished_is_forgotten() {
        let mut learner = NStepSarsa::new(Identity { states: 4 }, 1, config(1.0, 1.0), 2);
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        learner.update(&step(0, 7.0, 1.0, Some(0)), Place::default(), &mut rng);
        Learner::<usize>::begin(&mut learner, 0);
        learner.update(&step(1, 2.0, 0.0, None), Place { slot: 0, last: true }, &mut rng);
        assert_eq!((learner.table().row(0), learner.table().row(1)), ([0.0].as_slice(), [2.0].as_slice()));
    }

    #[test]
    fn one_step_is_sarsa() {
        let mut one = NStepSarsa::new(Identity { states: 5 }, 2, config(0.9, 0.3), 1);
        let mut sarsa = Sarsa::new(Identity { states: 5 }, 2, config(0.9, 0.3));
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        for _ in 0..200 {
            let transition = Transition {
                observation: rng.random_range(0..5),
                action: rng.random_range(0..2),
                reward: rng.random(),
                discount: 1.0,
                next_observation: rng.random_range(0..5),
                next_action: Some(rng.random_range(0..2)),
            };
            one.update(&transition, Place::default(), &mut rng);
            sarsa.update(&transition, Place::default(), &mut rng);
        }
        assert_eq!(one.table(), sarsa.table());
    }

    #[test]
    fn it_is_a_learner_and_reaches_the_chain_optimum_as_exploration_fades() {
        let make = || NStepSarsa::new(Identity { states: 5 }, 2, config(0.9, 0.05), 3);
        check_learner(make);
        chain_learns(make(), 0.9, 40_000, 0.05);
    }
}
