//! Learners that keep one value per (state, action): the readable baseline, exact where the state is declared well.
//!
//! | file | learner | target |
//! |---|---|---|
//! | `q_learning.rs` | `QLearning`, off-policy | r_t + γ_t max_a Q(s_t, a) |
//! | `sarsa.rs` | `Sarsa`, on-policy | r_t + γ_t Q(s_t, a_t) |
//! | `q_table.rs` | `QTable`, what both of them learn, and `TabularConfig` | |

mod q_learning;
mod q_table;
mod sarsa;

pub use q_learning::QLearning;
pub use q_table::{QTable, StepSize, TabularConfig};
pub use sarsa::Sarsa;
