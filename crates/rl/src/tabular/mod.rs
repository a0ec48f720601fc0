//! Learners that keep one value per (state, action): the readable baseline, exact where the state is declared well.
//!
//! | file | learner | target |
//! |---|---|---|
//! | `q_learning.rs` | `QLearning`, off-policy | r_t + γ_t max_a Q(s_t, a) |
//! | `sarsa.rs` | `Sarsa`, on-policy | r_t + γ_t Q(s_t, a_t) |
//! | `q_table.rs` | `QTable`, what both of them learn, and `TabularConfig` | |
//!
//! and, where the table of outcomes is known, what they should find:
//!
//! | file | |
//! |---|---|
//! | `mdp.rs` | `TabularMdp`: states, actions and the outcomes of each pair |
//! | `mdp_file.rs` | `MdpFile`: the same as it stands in a JSON file |
//! | `dynamic_programming.rs` | `DynamicProgramming`: value iteration, policy iteration, policy evaluation |

mod dynamic_programming;
mod mdp;
mod mdp_file;
mod q_learning;
mod q_table;
mod sarsa;

pub use dynamic_programming::{DynamicProgramming, Solution};
pub use mdp::{Outcome, TabularMdp};
pub use mdp_file::MdpFile;
pub use q_learning::QLearning;
pub use q_table::{QTable, StepSize, TabularConfig};
pub use sarsa::Sarsa;
