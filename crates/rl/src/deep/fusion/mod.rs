//! Policies over fusion weights: how much each task's score counts where items are ranked.
//!
//! ```text
//! scores [I, K] ──fuse, weights [K]──▶ ranking        weights: of a grid (tabular learners, DQN) or of an actor (RMTL)
//! ```
//!
//! | file | what |
//! |---|---|
//! | `fuse.rs` | `FusionForm`: how K scores become one, and the ranking |
//! | `grid.rs` | `FusionGrid`: weights on a grid over the simplex, as actions |
//! | `weight_space.rs` | `WeightSpace`: the simplex or an interval per weight, with the density of an explored weight |
//! | `rmtl.rs` | `Rmtl`: an actor that sets the weights, a critic per task |
//! | `lagrangian.rs` | `Lagrangian`: "lose no more than x % of task k" |

mod config;
mod fuse;
mod grid;
mod lagrangian;
mod networks;
mod replay;
mod rmtl;
mod state;
#[cfg(test)]
mod tests;
mod weight_space;

pub use config::RmtlConfig;
pub use fuse::{FusionForm, SMALLEST_SCORE, fuse, fused_scores};
pub use grid::FusionGrid;
pub use lagrangian::{Constraint, Lagrangian, LagrangianConfig, dual_ascent};
pub use replay::FusionTransition;
pub use rmtl::{FusionActor, FusionDecision, Rmtl, RmtlLosses, rmtl_loss_weights};
pub use weight_space::WeightSpace;
