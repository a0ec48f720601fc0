//! `PolicyLearning`: an agent that acts by a learner's policy, gathers the steps, and lets the learner learn from them when it will.
//!
//! ```text
//! observe(slot, decision, step)   steps of the slot += (s, a, π(a | s), r, d, s')
//! after the last slot's turn      learner.is_due(gathered)?  learner.learn(gathered)
//! ```
//!
//! Learning waits for the end of a round over the environments, so that all decisions of a round are one policy's.

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::policy::{Decision, Policy};
use crate::replay::EncodedState;
use crate::rollout::Agent;
use crate::time_step::TimeStep;
use crate::transition::Transition;

/// One step that a policy took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    /// What happened; the next action is not used.
    pub transition: Transition<EncodedState>,
    /// π(a | s) when the action was drawn, in (0, 1].
    pub propensity: f64,
    /// Whether the episode ends with it, for good or cut short.
    pub last: bool,
}

/// Steps that were not learned from yet.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gathered {
    /// Per environment, in order.
    pub slots: Vec<Vec<Taken>>,
    /// Over all environments.
    pub steps: usize,
    /// Episodes that ended among them.
    pub episodes: usize,
}

impl Gathered {
    fn push(&mut self, slot: usize, taken: Taken) {
        self.steps += 1;
        self.episodes += usize::from(taken.last);
        self.slots[slot].push(taken);
    }

    /// An episode was left unfinished: what the slot holds of it counts as cut short.
    fn cut_short(&mut self, slot: usize) {
        if let Some(taken) = self.slots[slot].last_mut().filter(|taken| !taken.last) {
            taken.last = true;
            self.episodes += 1;
        }
    }

    /// Takes all steps out.
    pub fn take_all(&mut self) -> Vec<Vec<Taken>> {
        (self.steps, self.episodes) = (0, 0);
        self.slots.iter_mut().map(std::mem::take).collect()
    }

    /// Takes the steps of episodes that ended out and keeps those of episodes under way.
    pub fn take_episodes(&mut self) -> Vec<Vec<Taken>> {
        let ended = |steps: &mut Vec<Taken>| {
            let under_way = steps.iter().rposition(|taken| taken.last).map_or(0, |last| last + 1);
            let rest = steps.split_off(under_way);
            std::mem::replace(steps, rest)
        };
        let taken: Vec<Vec<Taken>> = self.slots.iter_mut().map(ended).collect();
        self.steps -= taken.iter().map(Vec::len).sum::<usize>();
        self.episodes = 0;
        taken
    }
}

/// A learner whose policy improves with the steps that it took itself.
pub trait PolicyLearner<O> {
    /// What the network sees of an observation.
    fn represent(&self, observation: &O) -> EncodedState;

    /// The policy as it is now.
    fn policy(&mut self) -> &mut dyn Policy<O>;

    /// Whether what was gathered is enough to learn from.
    fn is_due(&self, gathered: &Gathered) -> bool;

    /// Takes steps out of what was gathered and learns from them.
    fn learn(&mut self, gathered: &mut Gathered, rng: &mut ChaCha8Rng);
}

/// The agent.
#[derive(Debug)]
pub struct PolicyLearning<'a, L, W> {
    learner: &'a mut L,
    reward: W,
    memory: PolicyMemory,
}

/// What a [`PolicyLearning`] remembers beside its learner: where each environment stands, steps not learned from yet, returns.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyMemory {
    returns: Vec<f64>,
    gathered: Gathered,
    slots: Vec<Slot>,
}

/// What is remembered of one environment between time steps.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Slot {
    return_so_far: f64,
    state: Option<EncodedState>,
}

impl<'a, L, W> PolicyLearning<'a, L, W> {
    /// Lets `learner` act by its policy and rewards it by `reward(response, observation after it)`.
    pub fn new(learner: &'a mut L, reward: W) -> Self {
        Self { learner, reward, memory: PolicyMemory::default() }
    }

    /// Undiscounted return of every episode that ended, in order.
    pub fn returns(&self) -> &[f64] {
        &self.memory.returns
    }

    /// What it remembers, to be saved between two runs of a [`Rollout`](crate::Rollout).
    pub fn memory(&self) -> PolicyMemory {
        self.memory.clone()
    }

    /// Goes on from what was remembered.
    pub fn recall(&mut self, memory: PolicyMemory) {
        self.memory = memory;
    }

    /// The learner, to be judged between rollouts.
    pub fn learner(&self) -> &L {
        self.learner
    }
}

impl<E, L, W> Agent<E> for PolicyLearning<'_, L, W>
where
    E: Environment,
    L: PolicyLearner<E::Observation>,
    W: Fn(&E::Response, &E::Observation) -> f64,
{
    fn decide(
        &mut self,
        observations: &mut dyn Iterator<Item = &E::Observation>,
        decisions: &mut Vec<Decision>,
        rng: &mut ChaCha8Rng,
    ) {
        self.learner.policy().decide_all(observations, decisions, rng);
    }

    fn observe(
        &mut self,
        slot: usize,
        decision: Option<Decision>,
        step: &TimeStep<'_, E::Observation, E::Response>,
        rng: &mut ChaCha8Rng,
    ) {
        let PolicyMemory { returns, gathered, slots } = &mut self.memory;
        if slots.len() <= slot {
            slots.resize_with(slot + 1, Slot::default);
            gathered.slots.resize(slot + 1, Vec::new());
        }
        let next = self.learner.represent(step.observation);
        let before = slots[slot].state.replace(next.clone());
        match (&step.response, before, decision) {
            (Some(response), Some(before), Some(Decision { action, propensity })) => {
                let reward = (self.reward)(response, step.observation);
                let transition = Transition {
                    observation: before,
                    action,
                    reward,
                    discount: step.discount,
                    next_observation: next,
                    next_action: None,
                };
                gathered.push(slot, Taken { transition, propensity, last: step.is_last() });
                slots[slot].return_so_far += reward;
                if step.is_last() {
                    returns.push(slots[slot].return_so_far);
                }
            }
            _ => {
                gathered.cut_short(slot);
                slots[slot].return_so_far = 0.0;
            }
        }
        let round_ends = decision.is_some() && slot + 1 == slots.len();
        if round_ends && self.learner.is_due(gathered) {
            self.learner.learn(gathered, rng);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deep::{Ppo, PpoConfig};
    use crate::rollout::{Budget, rollout};
    use crate::state::Identity;
    use crate::streams::Streams;
    use crate::testing::ChainMdp;
    use burn::tensor::Device;
    use rand::SeedableRng;

    /// A second rollout resets the chain in the middle of an episode: its steps do not run on into the next one.
    #[test]
    fn an_episode_left_unfinished_is_cut_short() {
        let (config, states) = (PpoConfig::default(), Identity { states: 9 });
        let mut learner = Ppo::new(states, 2, config, &Device::flex(), &mut ChaCha8Rng::seed_from_u64(0));
        // Going on is all that is allowed, so that nothing ends within two steps.
        learner.set_support(Some(crate::Support::of(9, 2, |_, action| action == 0)));
        let mut learning = PolicyLearning::new(&mut learner, |reward: &f64, _: &usize| *reward);
        let mut chain = [ChainMdp::new(9, 0.0)];
        for _ in 0..2 {
            rollout(&mut chain, &mut learning, Budget::Steps(2), &mut Streams::new(0));
        }
        let gathered = learning.memory().gathered;
        let steps = &gathered.slots[0];
        assert_eq!(steps.iter().map(|taken| taken.last).collect::<Vec<_>>(), [false, true, false, false]);
        let cells = |taken: &Taken| [taken.transition.observation.cell, taken.transition.next_observation.cell];
        assert_eq!(steps.iter().map(cells).collect::<Vec<_>>(), [[0, 1], [1, 2], [0, 1], [1, 2]]);
        assert!(steps.iter().all(|taken| taken.propensity == 1.0 && taken.transition.discount == 1.0));
        assert_eq!((gathered.steps, gathered.episodes), (4, 1));
    }
}
