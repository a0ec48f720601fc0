//! Replay: transitions kept on the host, to be learned from again.
//!
//! ```text
//! update ──▶ NStep ──────▶ ReplayBuffer ring of N ◀──── gather ──── ReplayBatch [B]
//!            n rewards in one   observation [N, W]  action [N]  ...        ▲ index [B], weight [B]
//!                               uniformly, or by Priorities (a sum tree beside the ring)
//! ```
//!
//! | file | what |
//! |---|---|
//! | `uniform.rs` | `ReplayBuffer`: the last N transitions, drawn uniformly |
//! | `prioritised.rs` | `Priorities`: drawn in proportion to their errors, with importance weights |
//! | `sum_tree.rs` | `SumTree`: sums of priorities, changed and searched in log N |
//! | `n_step.rs` | `NStep`: the rewards of n steps in one transition |
//!
//! It lives on the host because a push is one small row per step: sent to a device one by one, rows would cost more than learning from
//! them.

use serde::{Deserialize, Serialize};

mod n_step;
mod prioritised;
mod sum_tree;
mod uniform;

pub use n_step::NStep;
pub use prioritised::{Priorities, PrioritisedConfig};
pub use sum_tree::SumTree;
pub use uniform::ReplayBuffer;

/// An observation as a network sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncodedState {
    /// `[W]`
    pub row: Vec<f32>,
    /// The discrete state in which its actions' support is counted.
    pub cell: usize,
}

/// Columns of transitions, in memory that is used again from one minibatch to the next.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReplayBatch {
    /// `[B, W]`: s_{t-1}.
    pub observation: Vec<f32>,
    /// `[B]`: a_{t-1}.
    pub action: Vec<u32>,
    /// `[B]`: r_t, or the sum of n discounted rewards.
    pub reward: Vec<f32>,
    /// `[B]`: 0 where nothing follows; γ^{n-1} after n steps.
    pub discount: Vec<f32>,
    /// `[B, W]`: s_t, or the state n steps on.
    pub next_observation: Vec<f32>,
    /// `[B]`: discrete state of s_t.
    pub next_cell: Vec<u32>,
    /// `[B]`: places in the ring.
    pub index: Vec<usize>,
    /// `[B]`: importance weights in (0, 1]; 1 where rows were drawn uniformly.
    pub weight: Vec<f32>,
}
