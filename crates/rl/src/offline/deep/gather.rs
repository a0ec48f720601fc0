//! `Gathering`: lets policies act in an environment and keeps what they did as trajectories of encoded states.
//!
//! ```text
//! Gathering { encoder, reward }.run(environment, policy, steps, streams) ──▶ [Trajectory<EncodedState>]
//! ```

use crate::environment::Environment;
use crate::policy::{Decision, Policy};
use crate::replay::EncodedState;
use crate::rollout::{Budget, Watched, rollout};
use crate::state::Encoder;
use crate::streams::Streams;
use crate::time_step::TimeStep;
use crate::transition::{Trajectory, Transition};

/// How observations are encoded and responses rewarded while a log is written.
#[derive(Debug, Clone)]
pub struct Gathering<R, W> {
    /// Observation → row.
    pub encoder: R,
    /// (response, observation after it) → reward.
    pub reward: W,
}

impl<R, W> Gathering<R, W> {
    /// Lets a policy act for `steps` steps; the last trajectory may be left unfinished.
    pub fn run<E>(
        &self,
        environment: E,
        policy: &mut dyn Policy<E::Observation>,
        steps: u64,
        streams: &mut Streams,
    ) -> Vec<Trajectory<EncodedState>>
    where
        E: Environment,
        R: Encoder<E::Observation>,
        W: Fn(&E::Response, &E::Observation) -> f64,
    {
        let (mut trajectories, mut before) = (Vec::<Trajectory<EncodedState>>::new(), None::<EncodedState>);
        let watch = |_, decision: Option<Decision>, step: &TimeStep<'_, E::Observation, E::Response>| {
            let next = self.encoded(step.observation);
            match (&step.response, before.replace(next.clone()), decision, trajectories.last_mut()) {
                (Some(response), Some(observation), Some(decision), Some(trajectory)) => {
                    trajectory.transitions.push(Transition {
                        observation,
                        action: decision.action,
                        reward: (self.reward)(response, step.observation),
                        discount: step.discount,
                        next_observation: next,
                        next_action: None,
                    });
                }
                _ => trajectories.push(Trajectory { transitions: Vec::new() }),
            }
        };
        let mut watched = Watched::new(policy, watch);
        rollout(&mut [environment], &mut watched, Budget::Steps(steps), streams);
        trajectories.retain(|trajectory| !trajectory.transitions.is_empty());
        trajectories
    }

    fn encoded<O>(&self, observation: &O) -> EncodedState
    where
        R: Encoder<O>,
    {
        let mut row = vec![0.0; self.encoder.width()];
        self.encoder.encode(observation, &mut row);
        EncodedState { row, cell: self.encoder.state(observation) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Constant;
    use crate::state::Identity;
    use crate::testing::ChainMdp;

    #[test]
    fn what_a_policy_did_is_kept_step_by_step() {
        let gathering = Gathering { encoder: Identity { states: 3 }, reward: |reward: &f64, _: &usize| *reward };
        let chain = ChainMdp::new(3, 0.0);
        let found = gathering.run(chain, &mut Constant { action: 0 }, 7, &mut Streams::new(1));
        // 0 → 1 → 2 → prize, twice; the seventh step begins a third.
        assert_eq!(found.iter().map(|t| t.transitions.len()).collect::<Vec<_>>(), [3, 3, 1]);
        let [first, _, last] = &found[1].transitions[..] else { unreachable!("three transitions") };
        assert_eq!((first.observation.cell, first.next_observation.cell, first.discount), (0, 1, 1.0));
        assert_eq!(first.next_observation.row, [0.0, 1.0, 0.0]);
        assert_eq!((last.observation.cell, last.reward, last.discount), (2, 1.0, 0.0));
    }
}
