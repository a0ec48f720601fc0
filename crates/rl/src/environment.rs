//! `Environment`: something that answers actions with responses.
//!
//! ```text
//! reset(rng)         ──▶ TimeStep::restart(observation)
//! step(action, rng)  ──▶ TimeStep { response, discount, observation }
//! ```
//!
//! An environment returns what happened (a user clicked an item, or left), never a reward: the reward is a function of the
//! response and of the observation after it, kept outside, so that it can be changed without touching the environment.
//!
//! See `environments` for the classics and `testing::ChainMdp` for a small one, and `testing::check_environment` for what every one of them must satisfy.

use rand_chacha::ChaCha8Rng;

use crate::session::SessionState;
use crate::time_step::TimeStep;

/// What a caller must know before the first step.
#[derive(Debug, Clone, PartialEq)]
pub struct EnvironmentSpec {
    /// Name in messages and reports.
    pub name: &'static str,
    /// Number of actions; an action is an index below it.
    pub actions: usize,
    /// Steps after which an episode is truncated, if ever.
    pub max_steps: Option<u32>,
    /// What its observations are.
    pub observations: Observations,
}

/// The set that an environment's observations come from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Observations {
    /// A number below this one.
    States(usize),
    /// Rows of numbers, each within its least and greatest value (infinite where there is none) and never infinite itself.
    Numbers(&'static [[f32; 2]]),
    /// Visits of a shop.
    Sessions,
}

/// Something a policy sees, which can be told from what it should not see.
pub trait Observation {
    /// Whether it belongs to the set.
    fn is_among(&self, observations: &Observations) -> bool;
}

impl Observation for usize {
    fn is_among(&self, observations: &Observations) -> bool {
        matches!(observations, Observations::States(states) if self < states)
    }
}

impl<const N: usize> Observation for [f32; N] {
    fn is_among(&self, observations: &Observations) -> bool {
        let Observations::Numbers(bounds) = observations else { return false };
        let within = |(x, [least, greatest]): (&f32, &[f32; 2])| x.is_finite() && least <= x && x <= greatest;
        bounds.len() == N && self.iter().zip(*bounds).all(within)
    }
}

impl Observation for SessionState {
    fn is_among(&self, observations: &Observations) -> bool {
        matches!(observations, Observations::Sessions) && !self.history.is_empty()
    }
}

/// A process that answers actions; all its chance comes from the generator passed in.
pub trait Environment {
    /// What a policy sees.
    type Observation;
    /// What an action brings about, such as a click.
    type Response;

    /// Name and number of actions.
    fn spec(&self) -> EnvironmentSpec;

    /// The current observation.
    fn observation(&self) -> &Self::Observation;

    /// Begins a new episode.
    fn reset(&mut self, rng: &mut ChaCha8Rng) -> TimeStep<'_, Self::Observation, Self::Response>;

    /// Takes an action; the caller resets after a last step.
    fn step(&mut self, action: usize, rng: &mut ChaCha8Rng) -> TimeStep<'_, Self::Observation, Self::Response>;
}
