//! Learners whose policy has parameters of its own, improved by following the gradient of the return.
//!
//! ```text
//! rollout ⇄ PolicyLearning ── decisions of NetworkPolicy, steps gathered ──▶ learner.learn(steps)      steps are used once, then gone
//! judged    learner.policy()                                                  any loop that takes a Policy
//! ```
//!
//! | file | what |
//! |---|---|
//! | `network_policy.rs` | `NetworkPolicy`: a softmax over a network's outputs, with exact propensities |
//! | `gathered.rs` | `PolicyLearner`, `PolicyLearning`: the agent that acts by a policy and gathers its steps |
//! | `advantage.rs` | generalised advantage estimation, normalisation |
//! | `actor_critic.rs` | policy and value network, their losses and a gradient step |
//! | `reinforce.rs` | `Reinforce`: REINFORCE with a learned baseline |
//! | `ppo.rs` | `Ppo`: proximal policy optimisation with clipping |
//! | `state.rs` | both saved and taken up |

mod actor_critic;
mod advantage;
mod gathered;
mod network_policy;
mod ppo;
mod reinforce;
mod state;

pub use advantage::{Outcome, advantages, normalise};
pub use gathered::{Gathered, PolicyLearner, PolicyLearning, PolicyMemory, Taken};
pub use network_policy::NetworkPolicy;
pub use ppo::{Ppo, PpoConfig, clipped_objective};
pub use reinforce::{Reinforce, ReinforceConfig};
