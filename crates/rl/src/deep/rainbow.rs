//! Rainbow: DQN with every improvement that was found to add up, each of which has a file.
//!
//! Hessel et al. 2018, "Rainbow: combining improvements in deep reinforcement learning":
//!
//! ```text
//! double      a* is chosen by the online network                                dqn.rs
//! duelling    V and A are two streams, joined per atom                          slatewise_model::Duelling
//! multi-step  n rewards, then the value                                         replay/n_step.rs
//! C51         m = projection of Σ γ^k r + γ^n Z(s_{t+n}, a*) on the atoms       categorical.rs
//! priorities  p = KL(m ‖ p(s, a)) to the power ω                                replay/prioritised.rs
//! NoisyNet    greedy acting on noisy weights, no ε                              noisy.rs
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | n | `n_step` (3) |
//! | ω, β₀ | `prioritised.alpha` (0.5), `.beta` (0.4) |
//! | σ₀ | `noisy.sigma` (0.5) |
//! | N, V_min, V_max | `returns` (51 atoms; the bounds are the problem's) |
//!
//! Differences from the paper: 1. those of the parts; 2. Adam's ε is 1e-8, theirs 1.5e-4; 3. what depends on the size of the problem
//! (step size, memory, when learning starts, C) is left as in the config that is extended.

use super::{CategoricalConfig, DqnConfig, NoisyConfig, ReturnModel};
use crate::replay::PrioritisedConfig;

impl DqnConfig {
    /// These settings with all of Rainbow switched on; returns lie between `least` and `greatest`.
    #[must_use]
    pub fn rainbow(self, least: f64, greatest: f64) -> Self {
        Self {
            double: true,
            duelling: true,
            n_step: 3,
            returns: ReturnModel::Categorical(CategoricalConfig { least, greatest, ..CategoricalConfig::default() }),
            prioritised: Some(PrioritisedConfig { alpha: 0.5, ..PrioritisedConfig::default() }),
            noisy: Some(NoisyConfig::default()),
            ..self
        }
    }
}
