//! `TrainerConfig`: what a user writes under `[trainer]`.
//!
//! ```toml
//! [trainer]
//! epochs = 8
//! learning_rate = 0.003
//! gradient_clip_norm = 1.0
//! max_loss = 100.0
//! schedule = { kind = "cosine", warm_up = 0.05, floor = 0.02 }
//! ```

use crate::{BalanceConfig, Error, OptimizerConfig, Schedule};
use serde::{Deserialize, Serialize};

/// The section `[trainer]` of a configuration. The caller, who owns the loops, reads `epochs` too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainerConfig {
    /// Passes over the training rows, at least 1.
    pub epochs: usize,
    /// The optimiser, of the network and of the embedding tables.
    pub optimizer: OptimizerConfig,
    /// The optimiser of the embedding tables, where it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedding_optimizer: Option<OptimizerConfig>,
    /// The optimiser's step size, above 0.
    pub learning_rate: f64,
    /// L2 term added to the gradient, ≥ 0; on tables, of the rows that a batch touched.
    pub weight_decay: f64,
    /// Largest global norm of the gradient, above 0; none by default.
    pub gradient_clip_norm: Option<f64>,
    /// Largest mean loss that a task may have on a batch, before its loss weight, above 0; one above it ends the training.
    /// None by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_loss: Option<f64>,
    /// How the learning rate changes over the steps.
    pub schedule: Schedule,
    /// How the tasks' losses are weighed against each other.
    pub balance: BalanceConfig,
    /// Seed of what the balancing draws (PCGrad's order of tasks); the caller's, not part of the section.
    #[serde(skip)]
    pub balance_seed: u64,
}

impl Default for TrainerConfig {
    fn default() -> Self {
        Self {
            epochs: 3,
            optimizer: OptimizerConfig::default(),
            embedding_optimizer: None,
            learning_rate: 1e-3,
            weight_decay: 0.0,
            gradient_clip_norm: None,
            max_loss: None,
            schedule: Schedule::default(),
            balance: BalanceConfig::default(),
            balance_seed: 0,
        }
    }
}

impl TrainerConfig {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] naming the key.
    pub fn validate(&self) -> Result<(), Error> {
        let positive = |number: f64| number.is_finite() && number > 0.0;
        let check = |sound: bool, key, value: &dyn ToString, mend| {
            if sound { Ok(()) } else { Err(Error::InvalidConfig { key, value: value.to_string(), mend }) }
        };
        check(self.epochs > 0, "trainer.epochs", &self.epochs, "give at least 1")?;
        self.optimizer.validate()?;
        self.tables_optimizer().validate()?;
        let rate = self.learning_rate;
        check(positive(rate), "trainer.learning_rate", &rate, "give a number above 0, such as 0.001")?;
        let decay = self.weight_decay;
        check(decay == 0.0 || positive(decay), "trainer.weight_decay", &decay, "give a number of at least 0")?;
        let norm = self.gradient_clip_norm.unwrap_or(1.0);
        check(positive(norm), "trainer.gradient_clip_norm", &norm, "give a number above 0, or leave it out")?;
        let limit = self.max_loss.unwrap_or(1.0);
        check(positive(limit), "trainer.max_loss", &limit, "give a number above 0, such as 100, or leave it out")?;
        self.balance.validate()?;
        self.schedule.validate()
    }

    /// The optimiser of the embedding tables.
    pub(crate) fn tables_optimizer(&self) -> OptimizerConfig {
        self.embedding_optimizer.unwrap_or(self.optimizer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_sound_and_every_key_is_checked() {
        let message = |change: fn(&mut TrainerConfig)| {
            let mut config = TrainerConfig::default();
            change(&mut config);
            config.validate().err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(message(|_| ()), "");
        assert_eq!(message(|config| config.epochs = 0), "`trainer.epochs` is 0: give at least 1");
        assert!(message(|config| config.learning_rate = -1.0).starts_with("`trainer.learning_rate` is -1"));
        assert!(message(|config| config.weight_decay = f64::INFINITY).starts_with("`trainer.weight_decay` is inf"));
        assert!(message(|config| config.gradient_clip_norm = Some(0.0)).contains("gradient_clip_norm"));
        for limit in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let config = TrainerConfig { max_loss: Some(limit), ..TrainerConfig::default() };
            let found = config.validate().err().map(|error| error.to_string()).unwrap_or_default();
            assert!(found.starts_with(&format!("`trainer.max_loss` is {limit}: give a number above 0")), "{found}");
        }
        assert!(message(|config| config.schedule = Schedule::Constant { warm_up: 2.0 }).contains("warm_up"));
    }
}
