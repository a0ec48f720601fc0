//! Learners whose action values are a neural network.
//!
//! | file | learner |
//! |---|---|
//! | `dqn.rs` | `Dqn`: deep Q-network, with double Q-learning as a setting |

mod dqn;
mod q_network;

pub use dqn::{Dqn, DqnConfig};
pub use q_network::QNetwork;
