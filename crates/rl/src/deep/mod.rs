//! Learners whose action values, or whose policy, are a neural network.
//!
//! | file | what |
//! |---|---|
//! | `dqn.rs` | `Dqn`: deep Q-network, with double Q-learning and the following as settings |
//! | `network.rs` | `ValueNetwork`: plain, duelling or noisy |
//! | `item_network.rs` | Q(s, a) over thousands of items by their features |
//! | `noisy.rs` | NoisyNet: exploration by noise on the weights |
//! | `categorical.rs`, `quantile.rs` | C51 and QR-DQN: the distribution of the return |
//! | `return_model.rs` | `ReturnModel`: the choice among mean, C51 and QR-DQN |
//! | `rainbow.rs` | Rainbow: all of it at once |
//! | `q_network.rs` | `QNetwork`: what a DQN knew at one moment |
//! | `slate_q.rs` | `SlateQ`: the value of a slate from the long-term values of its items |
//! | `fusion/` | weights that fuse task scores: grids, `Rmtl` (an actor, a critic per task), constraints |
//! | `soft_update.rs` | target networks that follow by a share per step |
//! | `policy_gradient/` | REINFORCE and PPO: a policy with parameters of its own |

mod categorical;
mod dqn;
pub mod fusion;
mod item_network;
mod network;
mod noisy;
mod policy_gradient;
mod q_network;
mod quantile;
mod rainbow;
mod return_model;
pub mod slate_q;
mod soft_update;

pub use categorical::CategoricalConfig;
pub(crate) use dqn::huber;
pub use dqn::{Dqn, DqnConfig};
pub use fusion::{Rmtl, RmtlConfig};
pub use item_network::{ItemFeatures, ItemNetwork};
pub use network::{ValueNetwork, ValueNetworkConfig};
pub use noisy::{Noise, NoisyConfig, NoisyLinear, NoisyNetwork};
pub use policy_gradient::{
    Gathered, NetworkPolicy, Outcome, PolicyLearner, PolicyLearning, PolicyMemory, Ppo, PpoConfig, Reinforce,
    ReinforceConfig, Taken, advantages, clipped_objective, normalise,
};
pub use q_network::QNetwork;
pub use quantile::{QuantileConfig, quantile_targets};
pub use return_model::ReturnModel;
pub use slate_q::{SlateQ, SlateQConfig};
pub(crate) use soft_update::soft_update;
