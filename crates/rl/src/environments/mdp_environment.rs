//! `MdpEnvironment`: plays any table of outcomes.
//!
//! ```text
//! reset            state drawn from the table's starts
//! step(action)     one of the table's outcomes for (state, action), drawn by its probability
//!                  it terminates: discount 0;  `max_steps` are taken: truncation, discount 1
//! ```
//!
//! To be gone on with later it is its `position()`: the table, like a learner's settings, is the caller's to make again.
//!
//! The observation is the state and the response the reward. The grid worlds of this module are such tables.

use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::environment::{Environment, EnvironmentSpec, Observations};
use crate::error::Error;
use crate::tabular::TabularMdp;
use crate::time_step::TimeStep;

/// Where an [`MdpEnvironment`] stands, to be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MdpPosition {
    state: usize,
    steps: u32,
}

/// A table at play; clones share the table.
#[derive(Debug, Clone)]
pub struct MdpEnvironment {
    name: &'static str,
    mdp: Arc<TabularMdp>,
    max_steps: Option<u32>,
    state: usize,
    steps: u32,
}

impl MdpEnvironment {
    /// A table to play; `reset` or `with_state` comes before the first step.
    pub fn new(name: &'static str, mdp: impl Into<Arc<TabularMdp>>, max_steps: Option<u32>) -> Self {
        Self { name, mdp: mdp.into(), max_steps, state: 0, steps: 0 }
    }

    /// The table.
    pub fn mdp(&self) -> &TabularMdp {
        &self.mdp
    }

    /// The same table at the beginning of an episode from `state`.
    pub fn with_state(mut self, state: usize) -> Self {
        assert!(state < self.mdp.states(), "state {state} of a table of {} states", self.mdp.states());
        (self.state, self.steps) = (state, 0);
        self
    }

    /// Where it stands.
    pub fn position(&self) -> MdpPosition {
        MdpPosition { state: self.state, steps: self.steps }
    }

    /// The same table in the midst of an episode, at a position that was saved.
    ///
    /// # Errors
    /// The table has no such state.
    pub fn with_position(mut self, position: MdpPosition) -> Result<Self, Error> {
        let (MdpPosition { state, steps }, states) = (position, self.mdp.states());
        if state >= states {
            let problem = format!("the table has {states} states; make the one that it was saved from");
            return Err(Error::InvalidMdp { place: format!("position in state {state}"), problem });
        }
        (self.state, self.steps) = (state, steps);
        Ok(self)
    }
}

impl Environment for MdpEnvironment {
    type Observation = usize;
    type Response = f64;

    fn spec(&self) -> EnvironmentSpec {
        EnvironmentSpec {
            name: self.name,
            actions: self.mdp.actions(),
            max_steps: self.max_steps,
            observations: Observations::States(self.mdp.states()),
        }
    }

    fn observation(&self) -> &usize {
        &self.state
    }

    fn reset(&mut self, rng: &mut ChaCha8Rng) -> TimeStep<'_, usize, f64> {
        (self.state, self.steps) = (self.mdp.draw_start(rng), 0);
        TimeStep::restart(&self.state)
    }

    #[inline]
    fn step(&mut self, action: usize, rng: &mut ChaCha8Rng) -> TimeStep<'_, usize, f64> {
        let outcome = self.mdp.draw(self.state, action, rng);
        self.state = outcome.next_state;
        self.steps += 1;
        if outcome.terminates {
            TimeStep::termination(outcome.reward, &self.state)
        } else if self.max_steps.is_some_and(|most| self.steps >= most) {
            TimeStep::truncation(outcome.reward, &self.state)
        } else {
            TimeStep::transition(outcome.reward, &self.state)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ChainMdp, check_environment};
    use rand::SeedableRng;

    #[test]
    fn the_chain_as_a_table_is_an_environment() {
        let mdp = Arc::new(ChainMdp::new(5, 0.3).mdp());
        check_environment(|| MdpEnvironment::new("chain", Arc::clone(&mdp), Some(7)), 2);
        check_environment(|| MdpEnvironment::new("chain", Arc::clone(&mdp), None), 3);
    }

    #[test]
    fn it_plays_what_the_table_says() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let mut chain = MdpEnvironment::new("chain", ChainMdp::new(2, 0.0).mdp(), Some(2)).with_state(1);
        assert_eq!(chain.step(0, &mut rng), TimeStep::termination(1.0, &1));
        chain = chain.with_state(0);
        assert_eq!(chain.step(0, &mut rng), TimeStep::transition(0.0, &1));
        assert_eq!(chain.step(1, &mut rng), TimeStep::termination(0.1, &1));
        // A position of a longer table; one that was saved keeps the count of steps.
        assert!(chain.clone().with_position(MdpPosition { state: 2, steps: 0 }).is_err());
        let mut near = chain.with_state(0).with_position(MdpPosition { state: 0, steps: 1 }).unwrap();
        assert_eq!(near.position(), MdpPosition { state: 0, steps: 1 });
        assert_eq!(near.step(0, &mut rng), TimeStep::truncation(0.0, &1));
        // At the limit an episode is cut short, unless it ends there anyway.
        let mut slow = MdpEnvironment::new("chain", ChainMdp::new(9, 0.0).mdp(), Some(2)).with_state(0);
        slow.step(0, &mut rng);
        assert_eq!(slow.step(0, &mut rng), TimeStep::truncation(0.0, &2));
    }
}
