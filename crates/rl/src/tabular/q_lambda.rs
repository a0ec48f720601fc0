//! Watkins' Q(λ): Q-learning whose surprises are shared with the pairs before, back to the last action that was not the best.
//!
//! Watkins 1989, "Learning from delayed rewards"; Sutton & Barto 2018, section 12.10; the box is in the first edition, figure 7.14:
//!
//! ```text
//! a* ← argmax_b Q(s', b)        a' if it is as good
//! δ ← r + γ Q(s', a*) − Q(s, a)
//! e(s, a) ← e(s, a) + 1        or 1, for replacing traces
//! for all pairs:  Q ← Q + α δ e;  e ← γ λ e if a' = a*, else 0
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | s, a, r, s', a' | `transition.observation`, `.action`, `.reward`, `.next_observation`, `.next_action` |
//! | a' = a* | `goes_on_greedily` |
//! | δ | `surprise` |
//! | e | `traces` |
//! | λ | `trace.lambda` |
//! | γ, and 0 after a termination | `config.discount * transition.discount` |
//! | α | `config.step_size` |
//! | Q | `table` |
//!
//! Differences from the book's box:
//! 1. Behaviour is not chosen here: `Learning` explores, or the transitions come from a log; where no a' is known, traces end.
//! 2. Traces are kept per slot, and only those of at least 10⁻¹²; `begin` forgets those of an episode left unfinished.
//! 3. α may fall with the visits of a pair; a pair that shares in a step moves by its own α.
//! 4. A terminal state's value is 0 by the transition's discount; a truncation bootstraps from the best that could have followed.
//! 5. While a `Support` is set (offline), the maximum is over the actions that the log supports.

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
use crate::value_learning::{argmax, q_learning_target};

/// The learner.
#[derive(Debug, Clone)]
pub struct QLambda<D> {
    discretiser: D,
    config: TabularConfig,
    trace: TraceConfig,
    table: QTable,
    traces: Traces,
    q_t: Vec<f64>,
}

impl<D> QLambda<D> {
    /// A learner with every value at `config.initial_value`.
    pub fn new<O>(discretiser: D, actions: usize, config: TabularConfig, trace: TraceConfig) -> Self
    where
        D: Discretiser<O>,
    {
        let table = QTable::new(discretiser.states(), actions, config.initial_value);
        Self { discretiser, config, trace, table, traces: Traces::default(), q_t: Vec::with_capacity(actions) }
    }

    /// What it learned.
    pub fn table(&self) -> &QTable {
        &self.table
    }
}

impl<O, D: Discretiser<O>> ActionValues<O> for QLambda<D> {
    fn actions(&self) -> usize {
        self.table.actions()
    }

    fn action_values(&self, observations: &mut dyn Iterator<Item = &O>, values: &mut Vec<f64>) {
        observations.for_each(|o| self.table.available(self.discretiser.state(o), values));
    }
}

impl<O, D: Discretiser<O>> ActionCounts<O> for QLambda<D> {
    fn action_counts(&self, observation: &O, counts: &mut Vec<u32>) {
        counts.extend_from_slice(self.table.visits_row(self.discretiser.state(observation)));
    }
}

impl<O, D: Discretiser<O>> Learner<O> for QLambda<D> {
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
        self.q_t.clear();
        self.table.available(transition.next_observation, &mut self.q_t);
        let best = self.q_t[argmax(&self.q_t)];
        let goes_on_greedily = transition.next_action.is_some_and(|a_t| self.q_t[a_t] == best);
        let target = q_learning_target(transition.reward, discount_t, &self.q_t);
        self.table.visit(state, action);
        let surprise = target - self.table.row(state)[action];
        self.traces.visit(place.slot, state, action, self.trace.kind);
        for (state, action, share) in self.traces.shares(place.slot) {
            self.table.shift(state, action, surprise * share, self.config.step_size);
        }
        let kept = if place.last || !goes_on_greedily { 0.0 } else { discount_t * self.trace.lambda };
        self.traces.fade(place.slot, kept);
    }
}

impl<D> Saved for QLambda<D> {
    const FORMAT: &'static str = "slatewise-q-lambda";

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
    use crate::tabular::{QLearning, StepSize, TraceKind};
    use crate::testing::{chain_learns, check_learner};
    use rand::{RngExt, SeedableRng};

    fn config(discount: f64, alpha: f64) -> TabularConfig {
        TabularConfig { discount, step_size: StepSize::Constant(alpha), ..TabularConfig::default() }
    }

    fn trace(lambda: f64) -> TraceConfig {
        TraceConfig { lambda, kind: TraceKind::Accumulating }
    }

    /// From 0 to 1, and from there a prize of 8 by action 0 or nothing by action 1; γ = 0.5, λ = 0.5, α = 0.5.
    #[test]
    fn traces_reach_back_to_the_last_action_that_was_not_the_best() {
        let mut learner = QLambda::new(Identity { states: 2 }, 2, config(0.5, 0.5), trace(0.5));
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let towards = |action, next_action| Transition {
            observation: 0,
            action,
            reward: 0.0,
            discount: 1.0,
            next_observation: 1,
            next_action: Some(next_action),
        };
        let end = |action, reward| Transition {
            observation: 1,
            action,
            reward,
            discount: 0.0,
            next_observation: 1,
            next_action: None,
        };
        let mut episode = |first: Transition<usize>, second: Transition<usize>| {
            learner.update(&first, Place { slot: 0, last: false }, &mut rng);
            learner.update(&second, Place { slot: 0, last: true }, &mut rng);
            [learner.table().row(0).to_vec(), learner.table().row(1).to_vec()]
        };
        // Both actions tie at 0, so action 0 is as good: δ = 8, shared with Q(0, 0) by 0.25.
        assert_eq!(episode(towards(0, 0), end(0, 8.0)), [[1.0, 0.0], [4.0, 0.0]]);
        // Action 1 is not the best in 1: Q(0, 1) learns from the maximum, 0.5 · 0.5 · 4, and not from what action 1 brought.
        assert_eq!(episode(towards(1, 1), end(1, -6.0)), [[1.0, 1.0], [4.0, -3.0]]);
    }

    #[test]
    fn lambda_of_zero_is_q_learning() {
        let mut zero = QLambda::new(Identity { states: 5 }, 2, config(0.9, 0.3), trace(0.0));
        let mut q_learning = QLearning::new(Identity { states: 5 }, 2, config(0.9, 0.3));
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
            q_learning.update(&transition, Place::default(), &mut rng);
        }
        assert_eq!(zero.table(), q_learning.table());
    }

    #[test]
    fn it_is_a_learner_and_reaches_the_chain_optimum() {
        let make = || QLambda::new(Identity { states: 5 }, 2, config(0.9, 0.02), trace(0.8));
        check_learner(make);
        chain_learns(make(), 0.9, 60_000, 0.05);
    }
}
