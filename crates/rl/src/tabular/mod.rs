//! Learners that keep one value per (state, action): the readable baseline, exact where the state is declared well.
//!
//! | file | learner | target |
//! |---|---|---|
//! | `q_learning.rs` | `QLearning`, off-policy | r_t + γ_t max_a Q(s_t, a) |
//! | `sarsa.rs` | `Sarsa`, on-policy | r_t + γ_t Q(s_t, a_t) |
//! | `expected_sarsa.rs` | `ExpectedSarsa`, the policy declared | r_t + γ_t Σ_a π(a) Q(s_t, a) |
//! | `double_q_learning.rs` | `DoubleQLearning`, two tables | r_t + γ_t Q₂(s_t, argmax_a Q₁(s_t, a)) |
//! | `n_step_sarsa.rs` | `NStepSarsa`, on-policy | n rewards, then γⁿ Q(s, a) |
//! | `sarsa_lambda.rs` | `SarsaLambda`, on-policy, traces | SARSA's, shared with the pairs before |
//! | `q_lambda.rs` | `QLambda`, off-policy, traces | Q-learning's, shared with the pairs before |
//! | `linear_sarsa.rs` | `LinearSarsa`, a weight per tile | SARSA's, on sums of weights |
//! | `q_table.rs` | `QTable`, what all of them learn, and `TabularConfig` | |
//! | `uniform_bins.rs`, `tile_coding.rs` | `UniformBins`, `TileCoding`: numbers as states or tiles | |
//! | `eligibility.rs` | `Traces`: how much each pair before shares in what comes next | |
//!
//! and, where the table of outcomes is known, what they should find:
//!
//! | file | |
//! |---|---|
//! | `mdp.rs` | `TabularMdp`: states, actions and the outcomes of each pair |
//! | `mdp_file.rs` | `MdpFile`: the same as it stands in a JSON file |
//! | `dynamic_programming.rs` | `DynamicProgramming`: value iteration, policy iteration, policy evaluation |

mod double_q_learning;
mod dynamic_programming;
mod eligibility;
mod expected_sarsa;
mod linear_sarsa;
mod mdp;
mod mdp_file;
mod n_step_sarsa;
mod q_lambda;
mod q_learning;
mod q_table;
mod sarsa;
mod sarsa_lambda;
mod tile_coding;
mod uniform_bins;

pub use double_q_learning::{DoubleQLearning, Side};
pub use dynamic_programming::{DynamicProgramming, Solution};
pub use eligibility::{TraceConfig, TraceKind, Traces};
pub use expected_sarsa::{ExpectedSarsa, TargetPolicy, Ties};
pub use linear_sarsa::{LinearConfig, LinearSarsa};
pub use mdp::{Outcome, TabularMdp};
pub use mdp_file::MdpFile;
pub use n_step_sarsa::NStepSarsa;
pub use q_lambda::QLambda;
pub use q_learning::QLearning;
pub use q_table::{QTable, StepSize, TabularConfig};
pub use sarsa::Sarsa;
pub use sarsa_lambda::SarsaLambda;
pub use tile_coding::{BinaryFeatures, TileCoding};
pub use uniform_bins::UniformBins;
