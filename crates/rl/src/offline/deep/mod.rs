//! Offline learners whose values, or whose policy, are a neural network.
//!
//! ```text
//! trajectories ──▶ OfflineLog ──minibatches──▶ learner.update(&batch) ──▶ EpsilonGreedy::greedy(&learner) ──▶ rollout
//!                                                                     └─▶ Fqe: what the policy is worth, by the log alone
//! ```
//!
//! | file | what |
//! |---|---|
//! | `log.rs` | `OfflineLog`: checked transitions, drawn uniformly |
//! | `gather.rs` | `Gathering`: lets policies act and keeps what they did as trajectories |
//! | `learner.rs` | `OfflineLearner`, `train_offline`, `LossReading` |
//! | `network.rs` | a network with its optimiser; Polyak averages |
//! | `behavior_cloning.rs` | do what the log does |
//! | `bcq.rs` | discrete BCQ: Q-learning among actions that the log is likely to take |
//! | `cql.rs` | discrete CQL: values of actions that the log does not take are pushed down |
//! | `iql.rs` | IQL: never looks at an action that was not taken |
//! | `fqe.rs` | fitted Q evaluation of a given policy |
//! | `continuous_log.rs`, `td3_bc.rs` | TD3+BC: actions that are rows of numbers, such as fusion weights |
//! | `cart_pole.rs` | logs of mixed quality in CartPole, and what each learner makes of them |
//!
//! Chance enters by weights, minibatches and target noise alone, each from the generator passed in; on the CPU one seed gives one result.

mod bcq;
mod behavior_cloning;
pub mod cart_pole;
mod continuous_log;
mod cql;
mod fqe;
mod gather;
mod iql;
mod learner;
mod log;
mod network;
mod td3_bc;

pub use bcq::{Bcq, BcqConfig, bcq_target, likely_actions};
pub use behavior_cloning::{BehaviorCloning, BehaviorCloningConfig};
pub use continuous_log::{ContinuousBatch, ContinuousLog, ContinuousTransition, RowScale};
pub use cql::{Cql, CqlConfig};
pub use fqe::{Fqe, FqeConfig};
pub use gather::Gathering;
pub use iql::{Iql, IqlConfig};
pub use learner::{LossReading, OfflineLearner, greedy_probabilities, train_offline};
pub use log::OfflineLog;
pub use td3_bc::{Td3Bc, Td3BcConfig, critic_weight, smoothed_action};
