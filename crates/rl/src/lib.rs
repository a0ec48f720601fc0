//! Rewards, environments, a user simulator, and tabular and deep value learning for recommenders.
//!
//! The job, in order:
//!
//! 1. **Declare** the problem. *Observation*: [`SessionState`], the clicks of a visit so far (at least one) with its context and day.
//!    *Action*: the listing (page) to show next. *Response*: the visitor leaves, or clicks one item of it ([`Response`]).
//!    *Reward*: a function of the response, outside the environment ([`RewardSpec`]). Leaving terminates an episode (discount 0);
//!    a limit on its length truncates it (discount 1).
//! 2. **Fit** a visitor: [`simulator::ResponseTables`] counted from a log or read off a response model, and a declared patience with
//!    pages off their own way ([`simulator::UserModel`]); say how well held-out sessions agree ([`simulator::FidelityReport`]).
//! 3. **Learn** action values from logged trajectories ([`logged_trajectories`]), then in the [`simulator::SessionSimulator`]:
//!    [`tabular::QLearning`], [`tabular::Sarsa`], [`deep::Dqn`]. Every one is a [`Learner`], and learns in one loop, [`rollout`].
//!    [`page_agents`] choose pages by weights over a multi-task model's scores, fixed or learned, or as slates of items.
//!    Policies with parameters of their own, [`deep::Reinforce`] and [`deep::Ppo`], learn in the same loop by [`deep::PolicyLearning`].
//!    From a log alone, without trying anything out: [`offline`].
//! 4. **Judge** policies by [`simulate_sessions`] under common random numbers, beside baselines in [`policy`], and by
//!    [`compare_with_log`] on held-out sessions.
//!
//! Beside it stand slates in place of pages: [`feed`] simulates visitors who leave and return, planted with a known optimum or
//! fitted from a log, and says how wrong the fit is; [`feed_agents`] are policies over items, slates, surfaces and the weights that
//! fuse a multi-task model's scores. [`offline`] learns from logs alone, exactly on tables and with networks.
//!
//! Every decision carries its propensity. All chance comes from [`Streams`] of one seed, one generator per purpose.
//!
//! ```
//! use slatewise_rl::tabular::{QLearning, TabularConfig};
//! use slatewise_rl::testing::ChainMdp;
//! use slatewise_rl::{Budget, EpsilonSchedule, Identity, Learning, Streams, rollout};
//!
//! let config = TabularConfig { discount: 0.9, ..TabularConfig::default() };
//! let mut learner = QLearning::new(Identity { states: 5 }, 2, config);
//! let mut learning = Learning::new(&mut learner, EpsilonSchedule::constant(0.2), |reward: &f64, _: &usize| *reward);
//! rollout(&mut [ChainMdp::new(5, 0.0)], &mut learning, Budget::Episodes(3_000), &mut Streams::new(1));
//! assert!((learner.table().row(4)[0] - 1.0).abs() < 0.01); // the prize at the end of the chain
//! ```

#![recursion_limit = "256"]
#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test that cannot go on has failed"))]

mod checkpoint;
pub mod deep;
mod environment;
pub mod environments;
mod error;
mod evaluate;
pub mod feed;
pub mod feed_agents;
mod learner;
mod logged;
mod numbers;
pub mod offline;
pub mod page_agents;
pub mod policy;
mod replay;
mod reward;
mod rollout;
mod session;
pub mod simulator;
mod state;
mod streams;
mod support;
pub mod tabular;
pub mod testing;
mod time_step;
mod transition;
pub mod value_learning;

pub use checkpoint::{Saved, resume_learner, save_learner};
pub use environment::{Environment, EnvironmentSpec, Observation, Observations};
pub use error::Error;
pub use evaluate::{
    LogAgreement, SessionOutcome, SessionSummary, SimulatedSessions, compare_with_log, simulate_sessions,
};
pub use learner::{Exploring, Learner, Learning, LearningMemory, Place};
pub use logged::logged_trajectories;
pub use numbers::Numbers;
pub use policy::{ActionCounts, ActionValues, Decision, EpsilonGreedy, EpsilonSchedule, Exploration, Policy};
pub use replay::{EncodedState, NStep, Priorities, PrioritisedConfig, ReplayBatch, ReplayBuffer, SumTree};
pub use reward::{RewardComponents, RewardSpec, SessionReward};
pub use rollout::{Agent, Budget, Interaction, Rollout, Watched, rollout};
pub use session::{Response, SessionState, StartStates};
pub use state::{Discretiser, Encoder, Identity, PriceMoments, StateEncoder, StateFeature, StateIndex, StateSpec};
pub use streams::Streams;
pub use support::Support;
pub use time_step::{StepType, TimeStep};
pub use transition::{Trajectory, Transition};
