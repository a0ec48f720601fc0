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
//! See `testing::ChainMdp` for a small one, and `testing::check_environment` for what every one of them must satisfy.

use rand_chacha::ChaCha8Rng;

use crate::time_step::TimeStep;

/// What a caller must know before the first step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentSpec {
    /// Name in messages and reports.
    pub name: &'static str,
    /// Number of actions; an action is an index below it.
    pub actions: usize,
    /// Steps after which an episode is truncated, if ever.
    pub max_steps: Option<u32>,
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
