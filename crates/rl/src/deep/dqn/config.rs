//! Settings of a DQN and of what can be switched on beside it.

use serde::{Deserialize, Serialize};

use crate::deep::noisy::NoisyConfig;
use crate::deep::return_model::ReturnModel;
use crate::error::Error;
use crate::replay::PrioritisedConfig;

/// Settings of a DQN, with the value of Mnih et al. 2015 (extended data, table 1) where it differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DqnConfig {
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// γ in [0, 1] (paper: 0.99).
    pub discount: f64,
    /// Adam's step size, > 0 (paper: 0.00025 with RMSProp).
    pub learning_rate: f64,
    /// B ≥ 1 (paper: 32).
    pub batch_size: usize,
    /// Transitions kept, ≥ `batch_size` (paper: 1,000,000).
    pub replay_capacity: usize,
    /// Transitions seen before learning starts, ≥ 1 (paper: 50,000).
    pub learning_starts: usize,
    /// Transitions per gradient step, ≥ 1 (paper: 4).
    pub learn_every: u64,
    /// C: gradient steps between two updates of the target network, ≥ 1 (paper: 10,000 frames' worth).
    pub target_update_every: u64,
    /// n ≥ 1: rewards joined in one transition (paper: 1; Hessel et al. 2018: 3); see `replay/n_step.rs`.
    pub n_step: usize,
    /// Whether state value and advantages are two streams (Wang et al. 2016); see `slatewise_model::Duelling`.
    pub duelling: bool,
    /// Noise on the weights, in place of ε-greedy (Fortunato et al. 2018); see `noisy.rs`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noisy: Option<NoisyConfig>,
    /// Replay by priority (Schaul et al. 2016); see `replay/prioritised.rs`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prioritised: Option<PrioritisedConfig>,
    /// What is learned of a return: its mean, C51 or QR-DQN; see `return_model.rs`.
    pub returns: ReturnModel,
    /// Whether the online network chooses the action that the target network judges (van Hasselt et al. 2016).
    pub double: bool,
    /// Largest norm of the gradient over all weights, > 0 (paper: none; Wang et al. 2016: 10).
    pub gradient_clip: f32,
    /// Times that an action must occur in a discrete state of the log to be allowed offline; see `Support`.
    pub min_support: u32,
}

impl Default for DqnConfig {
    fn default() -> Self {
        Self {
            hidden: vec![64, 64],
            discount: 0.95,
            learning_rate: 5e-4,
            batch_size: 64,
            replay_capacity: 200_000,
            learning_starts: 1_000,
            learn_every: 4,
            target_update_every: 250,
            n_step: 1,
            duelling: false,
            noisy: None,
            prioritised: None,
            returns: ReturnModel::Expected,
            double: true,
            gradient_clip: 10.0,
            min_support: 20,
        }
    }
}

impl DqnConfig {
    /// Checks the settings; `key` is their place in the config.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn validate(&self, key: &str) -> Result<(), Error> {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        let checks = [
            ("hidden", self.hidden.iter().all(|&width| width >= 1), "every width must be at least 1"),
            ("discount", (0.0..=1.0).contains(&self.discount), "must lie in [0, 1]"),
            ("learning_rate", positive(self.learning_rate), "must be a number above 0"),
            ("batch_size", self.batch_size >= 1, "must be at least 1"),
            ("replay_capacity", self.replay_capacity >= self.batch_size, "must be at least batch_size"),
            ("learning_starts", self.learning_starts >= 1, "must be at least 1"),
            ("learn_every", self.learn_every >= 1, "must be at least 1"),
            ("target_update_every", self.target_update_every >= 1, "must be at least 1"),
            ("n_step", self.n_step >= 1, "must be at least 1"),
            (
                "noisy.sigma",
                self.noisy.is_none_or(|noisy| positive(f64::from(noisy.sigma))),
                "must be a number above 0",
            ),
            ("gradient_clip", positive(f64::from(self.gradient_clip)), "must be a number above 0"),
        ];
        checks
            .into_iter()
            .try_for_each(|(name, holds, problem)| Error::unless(holds, key, name, || problem.to_owned()))?;
        if let Some(prioritised) = &self.prioritised {
            prioritised.validate(&format!("{key}.prioritised"))?;
        }
        self.returns.validate(&format!("{key}.returns"))
    }
}
