//! Offline learners on a table, solved exactly: no steps, no samples, no chance.
//!
//! A log of numbered states and actions is counted once ([`TabularLog`]), and each method is solved to the fixed point that its
//! deep form approaches:
//!
//! | file | method | V(s) from the values of the pairs in the log |
//! |---|---|---|
//! | `behavior_cloning.rs` | `BehaviorCloning`: do what was done | – |
//! | `fitted_q_iteration.rs` | `FittedQIteration` | max_a Q(s, a) |
//! | `bcq.rs` | `DiscreteBcq` | max over actions that were usual enough |
//! | `cql.rs` | `DiscreteCql` | max_a Q(s, a), Q pushed towards what was done |
//! | `iql.rs` | `Iql` | τ-expectile of Q(s, a), a ~ π_b |
//! | `fqe.rs` | `FittedQEvaluation`: what a given policy is worth | Σ_a π(a\|s) Q(s, a) |
//!
//! | file | |
//! |---|---|
//! | `log.rs` | `TabularLog`: n(s, a), r̂, P̂ and π_b |
//! | `policy.rs` | `TabularPolicy`: probabilities per state |
//! | `fixed_point.rs` | `FixedPoint`: discount and accuracy; V swept until it rests |
//! | `solution.rs` | `OfflineSolution`: Q, V and the policy |
//!
//! Every V above is monotone in Q and moves with it when all of Q is shifted, so every sweep is a γ-contraction: the fixed point is
//! the only one, and its error is bounded by the last change.
//!
//! A pair that the log never shows has the value −∞ and is never chosen. A state in which the log never acts is worth the declared
//! `unseen_value`, 0 by default as if the episode ended there.
//!
//! ```
//! use slatewise_rl::Transition;
//! use slatewise_rl::offline::tabular::{FittedQIteration, Iql, TabularLog};
//!
//! // One state, one step: action 0 earned 1, action 1 earned 3.
//! let step = |action, reward| Transition {
//!     observation: 0, action, reward, discount: 0.0, next_observation: 0, next_action: None,
//! };
//! let log = TabularLog::new(1, 2, &[step(0, 1.0), step(1, 3.0)])?;
//! assert_eq!(FittedQIteration::new(0.9).solve(&log)?.values(), [3.0]);
//! // The 0.75-expectile: 0.75 (3 − V) = 0.25 (V − 1).
//! let iql = Iql { expectile: 0.75, ..Iql::new(0.9) };
//! assert!((iql.solve(&log)?.values()[0] - 2.5).abs() < 1e-12);
//! # Ok::<(), slatewise_rl::Error>(())
//! ```

mod bcq;
mod behavior_cloning;
mod cql;
mod fitted_q_iteration;
mod fixed_point;
mod fqe;
mod iql;
mod log;
mod policy;
mod solution;

pub use bcq::DiscreteBcq;
pub use behavior_cloning::BehaviorCloning;
pub use cql::{DiscreteCql, conservative_values};
pub use fitted_q_iteration::FittedQIteration;
pub use fixed_point::FixedPoint;
pub use fqe::FittedQEvaluation;
pub use iql::{Iql, advantage_weight, expectile};
pub use log::{LoggedPair, NextState, TabularLog};
pub use policy::TabularPolicy;
pub use solution::OfflineSolution;

/// Rows of logs whose numbers are worked out by hand.
#[cfg(test)]
mod logged {
    use super::TabularLog;
    use crate::transition::Transition;

    /// A row of the log.
    pub(super) fn step(observation: usize, action: usize, reward: f64, next: usize, done: bool) -> Transition<usize> {
        let discount = if done { 0.0 } else { 1.0 };
        Transition { observation, action, reward, discount, next_observation: next, next_action: None }
    }

    /// The same row several times.
    pub(super) fn times(count: usize, step: Transition<usize>) -> Vec<Transition<usize>> {
        vec![step; count]
    }

    pub(super) fn log_of(states: usize, actions: usize, rows: &[Transition<usize>]) -> TabularLog {
        TabularLog::new(states, actions, rows).unwrap()
    }
}
