//! `TimeStep`: what an environment says after a reset or an action, with the semantics of `dm_env`.
//!
//! ```text
//!               step_type  response  discount
//! restart       First      none      1          a new episode
//! transition    Mid        some      1          it goes on
//! termination   Last       some      0          nothing can follow: the value of what follows is 0
//! truncation    Last       some      1          we stop looking: what follows still has its value
//! ```
//!
//! `dm_env` carries a reward; here it is the `response` from which a reward is computed outside the environment.
//! A learner multiplies `discount` by its own γ, so termination needs no flag and `1 - done` appears nowhere.
//!
//! Reference: Muldal et al. 2019, "dm_env: a Python interface for reinforcement learning environments".
//!
//! ```
//! use slatewise_rl::TimeStep;
//!
//! let step = TimeStep::termination("left", &3_u32);
//! assert!(step.is_last() && step.discount == 0.0);
//! ```

/// Where in its episode a time step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepType {
    /// The first of an episode; no action led to it.
    First,
    /// Neither first nor last.
    Mid,
    /// The last of an episode.
    Last,
}

/// One answer of an environment, with observation type `O` and response type `R`.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeStep<'a, O, R> {
    /// Where in its episode it stands.
    pub step_type: StepType,
    /// What the action brought about; none on the first step.
    pub response: Option<R>,
    /// In [0, 1]: 0 where the episode terminates.
    pub discount: f64,
    /// The observation after the action, lent by the environment.
    pub observation: &'a O,
}

impl<'a, O, R> TimeStep<'a, O, R> {
    /// The first step of an episode.
    pub fn restart(observation: &'a O) -> Self {
        Self { step_type: StepType::First, response: None, discount: 1.0, observation }
    }

    /// A step after which the episode goes on.
    pub fn transition(response: R, observation: &'a O) -> Self {
        Self { step_type: StepType::Mid, response: Some(response), discount: 1.0, observation }
    }

    /// The end of an episode after which nothing has value.
    pub fn termination(response: R, observation: &'a O) -> Self {
        Self { step_type: StepType::Last, response: Some(response), discount: 0.0, observation }
    }

    /// The end of an episode that was only cut short.
    pub fn truncation(response: R, observation: &'a O) -> Self {
        Self { step_type: StepType::Last, response: Some(response), discount: 1.0, observation }
    }

    /// Whether the episode ends here.
    pub fn is_last(&self) -> bool {
        self.step_type == StepType::Last
    }

    /// Whether the episode ends here for good.
    pub fn terminates(&self) -> bool {
        self.is_last() && self.discount == 0.0
    }
}
