//! SARSA(λ): every step's surprise is shared with the pairs that led to it, the more the nearer they are.
//!
//! Rummery & Niranjan 1994, "On-line Q-learning using connectionist systems"; Sutton & Barto 2018, section 12.7, for tables:
//!
//! ```text
//! δ ← r + γ Q(s', a') − Q(s, a)
//! e(s, a) ← e(s, a) + 1        or 1, for replacing traces
//! for all pairs:  Q ← Q + α δ e;  e ← γ λ e
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | s, a, r, s', a' | `transition.observation`, `.action`, `.reward`, `.next_observation`, `.next_action` |
//! | δ | `surprise` |
//! | e | `traces` |
//! | λ | `trace.lambda` |
//! | γ, and 0 after a termination | `config.discount * transition.discount` |
//! | α | `config.step_size` |
//! | Q | `table` |
//!
//! Differences from the book's box:
//! 1. Behaviour is not chosen here: `Learning` explores, or the transitions come from a log.
//! 2. Traces are kept per slot, and only those of at least 10⁻¹²; `begin` forgets those of an episode left unfinished.
//! 3. α may fall with the visits of a pair; a pair that shares in a step moves by its own α.
//! 4. A terminal state's value is 0 by the transition's discount, and a truncation bootstraps from the pair that would have followed.
//! 5. While a `Support` is set (offline), choices are among the actions that the log supports; targets need no such rule, because
//!    a' was taken.

use std::path::Path;

use rand_chacha::ChaCha8Rng;
use slatewise_model::{StateReader, StateWriter};

use super::eligibility::{TraceConfig, Traces};
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
pub struct SarsaLambda<D> {
    discretiser: D,
    config: TabularConfig,
    trace: TraceConfig,
    table: QTable,
    traces: Traces,
}

impl<D> SarsaLambda<D> {
    /// A learner with every value at `config.initial_value`.
    pub fn new<O>(discretiser: D, actions: usize, config: TabularConfig, trace: TraceConfig) -> Self
    where
        D: Discretiser<O>,
    {
        let table = QTable::new(discretiser.states(), actions, config.initial_value);
        Self { discretiser, config, trace, table, traces: Traces::default() }
    }

    /// What it learned.
    pub fn table(&self) -> &QTable {
        &self.table
    }
}

impl<O, D: Discretiser<O>> ActionValues<O> for SarsaLambda<D> {
    fn actions(&self) -> usize {
        self.table.actions()
    }

    fn action_values(&self, observations: &mut dyn Iterator<Item = &O>, values: &mut Vec<f64>) {
        observations.for_each(|o| self.table.available(self.discretiser.state(o), values));
    }
}

impl<O, D: Discretiser<O>> ActionCounts<O> for SarsaLambda<D> {
    fn action_counts(&self, observation: &O, counts: &mut Vec<u32>) {
        counts.extend_from_slice(self.table.visits_row(self.discretiser.state(observation)));
    }
}

impl<O, D: Discretiser<O>> Learner<O> for SarsaLambda<D> {
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
        self.traces.clear(slot);
    }

    fn update(&mut self, transition: &Transition<usize>, place: Place, _rng: &mut ChaCha8Rng) {
        let Transition { observation: state, action, .. } = *transition;
        let discount_t = self.config.discount * transition.discount;
        assert!(transition.next_action.is_some() || discount_t == 0.0, "SARSA needs the next action of {transition:?}");
        // After a termination no action follows; its value is multiplied by 0, so any index will do.
        let a_t = transition.next_action.unwrap_or(0);
        let target = sarsa_target(transition.reward, discount_t, self.table.row(transition.next_observation), a_t);
        self.table.visit(state, action);
        let surprise = target - self.table.row(state)[action];
        self.traces.visit(place.slot, state, action, self.trace.kind);
        for (state, action, share) in self.traces.shares(place.slot) {
            self.table.shift(state, action, surprise * share, self.config.step_size);
        }
        let kept = if place.last { 0.0 } else { discount_t * self.trace.lambda };
        self.traces.fade(place.slot, kept);
    }
}

impl<D> Saved for SarsaLambda<D> {
    const FORMAT: &'static str = "slatewise-sarsa-lambda";

    fn write(&self, out: &mut StateWriter<'_>) -> Result<(), slatewise_model::Error> {
        out.settings("config", &self.config)?;
        out.settings("trace", &self.trace)?;
        out.settings("traces", &self.traces)?;
        out.settings("table", &self.table)
    }

    fn read(&mut self, from: &StateReader, directory: &Path) -> Result<(), Error> {
        same(directory, "config", &from.settings("config")?, &self.config)?;
        same(directory, "trace", &from.settings("trace")?, &self.trace)?;
        (self.table, self.traces) = (self.table.saved(from, "table", directory)?, from.settings("traces")?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Identity;
    use crate::tabular::{Sarsa, StepSize, TraceKind};
    use crate::testing::{chain_learns, check_learner};
    use rand::{RngExt, SeedableRng};

    fn config(discount: f64, alpha: f64) -> TabularConfig {
        TabularConfig { discount, step_size: StepSize::Constant(alpha), ..TabularConfig::default() }
    }

    fn trace(lambda: f64, kind: TraceKind) -> TraceConfig {
        TraceConfig { lambda, kind }
    }

    /// State 0, then 0 again, then a prize of 8 from state 1; γ = 0.5, λ = 0.5, α = 0.5.
    #[test]
    fn updates_equal_hand_computation() {
        for (kind, expected) in [(TraceKind::Accumulating, 0.25 * 1.25 * 4.0), (TraceKind::Replacing, 0.25 * 4.0)] {
            let mut learner = SarsaLambda::new(Identity { states: 2 }, 1, config(0.5, 0.5), trace(0.5, kind));
            let mut rng = ChaCha8Rng::seed_from_u64(0);
            let quiet = Transition {
                observation: 0,
                action: 0,
                reward: 0.0,
                discount: 1.0,
                next_observation: 0,
                next_action: Some(0),
            };
            let onwards = Transition { next_observation: 1, ..quiet.clone() };
            let prize = Transition { observation: 1, reward: 8.0, discount: 0.0, next_action: None, ..quiet.clone() };
            for (transition, last) in [(quiet, false), (onwards, false), (prize, true)] {
                learner.update(&transition, Place { slot: 0, last }, &mut rng);
            }
            // δ = 8 at the prize, whose own trace is 1; e(0) was 1 after the first visit, 0.25 + 1 or 1 after the second.
            assert_eq!(learner.table().row(1), [4.0]);
            assert_eq!(learner.table().row(0), [expected]);
        }
    }

    #[test]
    fn lambda_of_zero_is_sarsa() {
        let mut zero =
            SarsaLambda::new(Identity { states: 5 }, 2, config(0.9, 0.3), trace(0.0, TraceKind::Accumulating));
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
            zero.update(&transition, Place::default(), &mut rng);
            sarsa.update(&transition, Place::default(), &mut rng);
        }
        assert_eq!(zero.table(), sarsa.table());
    }

    #[test]
    fn it_is_a_learner_and_reaches_the_chain_optimum_as_exploration_fades() {
        for kind in [TraceKind::Accumulating, TraceKind::Replacing] {
            let make = || SarsaLambda::new(Identity { states: 5 }, 2, config(0.9, 0.02), trace(0.8, kind));
            check_learner(make);
            chain_learns(make(), 0.9, 60_000, 0.05);
        }
    }
}
