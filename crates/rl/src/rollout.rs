//! `rollout`: the loop in which agents interact with environments, over any number of them at once.
//!
//! ```text
//! repeat until the budget is spent
//!   decisions = agent.decide(observations of all environments)          one batch, one forward pass
//!   for each environment
//!     stands on a truncated step?  reset; the decision was not carried out, but tells what would have followed
//!     else                         step; a terminated episode is reset at once
//!     agent.observe(decision, time step)
//! ```
//!
//! As in `dm_env`, the action decided on after a last step is ignored and the environment restarts. That action is what SARSA
//! bootstraps from at a truncation, where the value of what follows is not 0.

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::policy::{Decision, Policy};
use crate::streams::Streams;
use crate::time_step::TimeStep;

/// Something that decides and looks at what comes of it: a learner at work, or a judge with a policy.
pub trait Agent<E: Environment> {
    /// Appends one decision per observation.
    fn decide(
        &mut self,
        observations: &mut dyn Iterator<Item = &E::Observation>,
        decisions: &mut Vec<Decision>,
        rng: &mut ChaCha8Rng,
    );

    /// Sees a time step of environment `slot`.
    ///
    /// `decision` is the one made at the observation before; on a first step it was not carried out, and it is none where
    /// no decision was asked for (the very first step, or after a termination).
    fn observe(
        &mut self,
        slot: usize,
        decision: Option<Decision>,
        step: &TimeStep<'_, E::Observation, E::Response>,
        rng: &mut ChaCha8Rng,
    );
}

/// How long to interact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// Until this many steps were taken, over all environments.
    Steps(u64),
    /// Until this many episodes ended; over several environments short episodes are the first to be counted.
    Episodes(u64),
}

/// How much interaction took place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interaction {
    /// Actions carried out.
    pub steps: u64,
    /// Episodes that ended.
    pub episodes: u64,
}

impl Interaction {
    fn spends(&self, budget: Budget) -> bool {
        match budget {
            Budget::Steps(steps) => self.steps >= steps,
            Budget::Episodes(episodes) => self.episodes >= episodes,
        }
    }
}

/// Resets all environments, then lets the agent act in them until the budget is spent.
pub fn rollout<E: Environment>(
    environments: &mut [E],
    agent: &mut impl Agent<E>,
    budget: Budget,
    streams: &mut Streams,
) -> Interaction {
    Rollout::default().run(environments, agent, budget, streams)
}

/// An interaction that can be interrupted after any step, saved, and gone on with: several runs are one with the sum of their budgets.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rollout {
    /// Per environment, what comes next; empty before the first reset.
    phases: Vec<Phase>,
    /// Decisions of the round that is under way.
    decisions: Vec<Decision>,
    /// The environment whose turn it is; 0 begins a round.
    turn: usize,
}

/// What an environment does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Phase {
    Step,
    /// Its episode terminated with the last step of a run: a reset comes before the next turn.
    ResetAtOnce,
    /// Its episode was cut short: a reset in place of a step.
    Reset,
}

impl Rollout {
    /// Resets all environments unless it did before, then lets the agent act in them until the budget is spent.
    pub fn run<E: Environment>(
        &mut self,
        environments: &mut [E],
        agent: &mut impl Agent<E>,
        budget: Budget,
        streams: &mut Streams,
    ) -> Interaction {
        assert!(!environments.is_empty(), "a rollout over environments of shape [0]: at least one is needed");
        let mut done = Interaction::default();
        if self.phases.is_empty() {
            self.phases = vec![Phase::Step; environments.len()];
            for (slot, environment) in environments.iter_mut().enumerate() {
                agent.observe(slot, None, &environment.reset(&mut streams.simulate), &mut streams.replay);
            }
        }
        let (begun, expected) = (self.phases.len(), environments.len());
        assert!(begun == expected, "a rollout over environments of shape [{begun}] goes on with [{expected}]");
        while !done.spends(budget) {
            for (slot, phase) in self.phases.iter_mut().enumerate().filter(|(_, phase)| **phase == Phase::ResetAtOnce) {
                agent.observe(slot, None, &environments[slot].reset(&mut streams.simulate), &mut streams.replay);
                *phase = Phase::Step;
            }
            if self.turn == 0 {
                self.decisions.clear();
                agent.decide(&mut environments.iter().map(E::observation), &mut self.decisions, &mut streams.explore);
                let decided = self.decisions.len();
                assert!(decided == expected, "decisions of shape [{decided}] for environments of shape [{expected}]");
            }
            let slot = self.turn;
            self.turn = (slot + 1) % expected;
            let (environment, decision) = (&mut environments[slot], self.decisions[slot]);
            if self.phases[slot] == Phase::Reset {
                agent.observe(slot, Some(decision), &environment.reset(&mut streams.simulate), &mut streams.replay);
                self.phases[slot] = Phase::Step;
                continue;
            }
            let step = environment.step(decision.action, &mut streams.simulate);
            agent.observe(slot, Some(decision), &step, &mut streams.replay);
            done.steps += 1;
            done.episodes += u64::from(step.is_last());
            self.phases[slot] = match (step.is_last(), step.terminates()) {
                (_, true) => Phase::ResetAtOnce,
                (true, false) => Phase::Reset,
                (false, false) => Phase::Step,
            };
        }
        done
    }
}

/// An agent that follows a policy and hands every time step to a function; for judging, nothing is learned.
pub struct Watched<'a, O, F> {
    policy: &'a mut dyn Policy<O>,
    watch: F,
}

impl<'a, O, F> Watched<'a, O, F> {
    /// Follows `policy`; `watch(slot, decision, step)` sees what comes of it.
    pub fn new(policy: &'a mut dyn Policy<O>, watch: F) -> Self {
        Self { policy, watch }
    }
}

impl<E, F> Agent<E> for Watched<'_, E::Observation, F>
where
    E: Environment,
    F: FnMut(usize, Option<Decision>, &TimeStep<'_, E::Observation, E::Response>),
{
    fn decide(
        &mut self,
        observations: &mut dyn Iterator<Item = &E::Observation>,
        decisions: &mut Vec<Decision>,
        rng: &mut ChaCha8Rng,
    ) {
        self.policy.decide_all(observations, decisions, rng);
    }

    fn observe(
        &mut self,
        slot: usize,
        decision: Option<Decision>,
        step: &TimeStep<'_, E::Observation, E::Response>,
        _rng: &mut ChaCha8Rng,
    ) {
        (self.watch)(slot, decision, step);
    }
}
