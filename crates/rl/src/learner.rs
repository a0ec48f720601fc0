//! `Learner`: improves action values from transitions, logged or fresh; `Learning`: a learner at work in a rollout.
//!
//! ```text
//! offline   logged trajectories ──────────────▶ learner.learn_offline(trajectories, passes, rng)
//! online    rollout ⇄ Learning (exploration) ─▶ learner.go_online(), learner.update(transition, place, rng)
//! judged    EpsilonGreedy::greedy(&learner)
//! ```
//!
//! `Learning` joins time steps into transitions. One is complete when the next action is known, a step later; at a termination
//! nothing follows, so it is complete at once. The reward comes from a function of the response and of the observation after it.

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::policy::{ActionCounts, ActionValues, Decision, EpsilonSchedule, Exploration};
use crate::rollout::Agent;
use crate::support::Support;
use crate::time_step::TimeStep;
use crate::transition::{Trajectory, Transition};

/// Where a transition stands among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// The environment it comes from; transitions of one slot follow each other in time.
    pub slot: usize,
    /// Whether its episode ends with it, for good or cut short.
    pub last: bool,
}

/// Action values that improve with experience, over observations of type `O`.
pub trait Learner<O>: ActionValues<O> {
    /// What the learner keeps of an observation: a table index, a row of numbers.
    type State: Clone;

    /// Reduces an observation to it.
    fn represent(&self, observation: &O) -> Self::State;

    /// What a log supports, under the learner's setting.
    fn support_of(&self, trajectories: &[Trajectory<Self::State>]) -> Support;

    /// Restricts targets and choices to what a log supports, or lifts the restriction.
    fn set_support(&mut self, support: Option<Support>);

    /// Leaves the log behind: lifts the support and forgets whatever would hold back learning from fresh experience (visit counts, stored
    /// transitions). The values stay.
    fn go_online(&mut self);

    /// Action values to explore with, where the learner has others than those it is judged by (noise on its weights).
    ///
    /// # Shapes
    /// As [`ActionValues::action_values`].
    fn exploring_values(&self, observations: &mut dyn Iterator<Item = &O>, values: &mut Vec<f64>) {
        self.action_values(observations, values);
    }

    /// An episode begins in a slot: a learner that looks back over several steps forgets what it holds of the one before, which
    /// may have been left unfinished.
    fn begin(&mut self, _slot: usize) {}

    /// Learns from one transition, which follows the one before in its slot.
    fn update(&mut self, transition: &Transition<Self::State>, place: Place, rng: &mut ChaCha8Rng);

    /// Learns from logged trajectories, `passes` times over, within what they support; the restriction stays until `go_online`.
    fn learn_offline(&mut self, trajectories: &[Trajectory<Self::State>], passes: usize, rng: &mut ChaCha8Rng) {
        self.set_support(Some(self.support_of(trajectories)));
        for _ in 0..passes {
            for trajectory in trajectories {
                self.begin(0);
                for (index, transition) in trajectory.transitions.iter().enumerate() {
                    let last = index + 1 == trajectory.transitions.len();
                    self.update(transition, Place { slot: 0, last }, rng);
                }
            }
        }
    }
}

/// A learner's values to explore with: those of [`Learner::exploring_values`].
#[derive(Debug, Clone, Copy)]
pub struct Exploring<'a, L>(&'a L);

impl<O, L: Learner<O> + ActionCounts<O>> ActionCounts<O> for Exploring<'_, L> {
    fn action_counts(&self, observation: &O, counts: &mut Vec<u32>) {
        self.0.action_counts(observation, counts);
    }
}

impl<O, L: Learner<O>> ActionValues<O> for Exploring<'_, L> {
    fn actions(&self) -> usize {
        self.0.actions()
    }

    fn action_values(&self, observations: &mut dyn Iterator<Item = &O>, values: &mut Vec<f64>) {
        self.0.exploring_values(observations, values);
    }
}

/// An agent that acts on a learner's values, with some exploration, and teaches it what comes of it.
#[derive(Debug)]
pub struct Learning<'a, L, S, W, X = EpsilonSchedule> {
    learner: &'a mut L,
    reward: W,
    exploration: X,
    slots: Vec<Slot<S>>,
    steps: u64,
    returns: Vec<f64>,
    scratch: Vec<f64>,
}

/// What a [`Learning`] remembers beside its learner: transitions that wait for their next action, steps and returns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearningMemory<S> {
    slots: Vec<Slot<S>>,
    steps: u64,
    returns: Vec<f64>,
}

/// What is remembered of one environment between time steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Slot<S> {
    state: Option<S>,
    /// A transition whose next action is not known yet, and whether its episode ends with it.
    pending: Option<(Transition<S>, bool)>,
    return_so_far: f64,
}

impl<'a, L, S, W, X> Learning<'a, L, S, W, X> {
    /// Lets `learner` act with an exploration and rewards it by `reward(response, observation after it)`.
    pub fn new(learner: &'a mut L, exploration: X, reward: W) -> Self {
        Self { learner, reward, exploration, slots: Vec::new(), steps: 0, returns: Vec::new(), scratch: Vec::new() }
    }

    /// Undiscounted return of every episode that ended, in order.
    pub fn returns(&self) -> &[f64] {
        &self.returns
    }

    /// What it remembers, to be saved between two runs of a [`Rollout`](crate::Rollout).
    pub fn memory(&self) -> LearningMemory<S>
    where
        S: Clone,
    {
        LearningMemory { slots: self.slots.clone(), steps: self.steps, returns: self.returns.clone() }
    }

    /// Goes on from what was remembered.
    pub fn recall(&mut self, memory: LearningMemory<S>) {
        (self.slots, self.steps, self.returns) = (memory.slots, memory.steps, memory.returns);
    }

    /// The learner, to be judged between rollouts.
    pub fn learner(&self) -> &L {
        self.learner
    }
}

impl<E, L, S, W, X> Agent<E> for Learning<'_, L, S, W, X>
where
    E: Environment,
    S: Clone,
    L: Learner<E::Observation, State = S>,
    W: Fn(&E::Response, &E::Observation) -> f64,
    X: for<'l> Exploration<E::Observation, Exploring<'l, L>>,
{
    fn decide(
        &mut self,
        observations: &mut dyn Iterator<Item = &E::Observation>,
        decisions: &mut Vec<Decision>,
        rng: &mut ChaCha8Rng,
    ) {
        let scratch = &mut self.scratch;
        let values = Exploring(&*self.learner);
        self.exploration.decide_all(&values, self.steps, observations, decisions, scratch, rng);
    }

    fn observe(
        &mut self,
        slot: usize,
        decision: Option<Decision>,
        step: &TimeStep<'_, E::Observation, E::Response>,
        rng: &mut ChaCha8Rng,
    ) {
        if self.slots.len() <= slot {
            self.slots.resize_with(slot + 1, || Slot { state: None, pending: None, return_so_far: 0.0 });
        }
        let memory = &mut self.slots[slot];
        // Without a decision the episode before was cut off by the budget: what would have followed is not known.
        if let (Some((mut transition, last)), Some(decision)) = (memory.pending.take(), decision) {
            transition.next_action = Some(decision.action);
            self.learner.update(&transition, Place { slot, last }, rng);
        }
        let next = self.learner.represent(step.observation);
        let before = memory.state.replace(next.clone());
        let (Some(response), Some(before), Some(decision)) = (&step.response, before, decision) else {
            memory.return_so_far = 0.0;
            self.learner.begin(slot);
            return;
        };
        let reward = (self.reward)(response, step.observation);
        let transition = Transition {
            observation: before,
            action: decision.action,
            reward,
            discount: step.discount,
            next_observation: next,
            next_action: None,
        };
        self.steps += 1;
        memory.return_so_far += reward;
        if step.is_last() {
            self.returns.push(memory.return_so_far);
        }
        if step.terminates() {
            self.learner.update(&transition, Place { slot, last: true }, rng);
        } else {
            memory.pending = Some((transition, step.is_last()));
        }
    }
}
