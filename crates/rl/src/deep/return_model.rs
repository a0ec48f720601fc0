//! `ReturnModel`: what a network says of an action's return: its mean, probabilities of fixed returns, or equally likely returns.
//!
//! ```text
//! kind          outputs per action   Q                  target of a row          file
//! expected      1                    the output         y                        dqn.rs
//! categorical   N probabilities      Σ z_i p_i          m, projected on atoms    categorical.rs
//! quantile      N returns            their mean         r + γ θ_j                quantile.rs
//! ```

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::categorical::{CategoricalConfig, probabilities};
use super::dqn::huber;
use super::quantile::{QuantileConfig, quantile_targets};
use crate::error::Error;
use crate::value_learning::sarsa_target;

/// What is learned of a return: `returns = { kind = "categorical" }`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ReturnModel {
    /// Its mean (DQN).
    #[default]
    Expected,
    /// Probabilities of fixed returns (C51).
    Categorical(CategoricalConfig),
    /// Equally likely returns (QR-DQN).
    Quantile(QuantileConfig),
}

impl ReturnModel {
    /// Checks the settings; `key` is their place in the config.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn validate(&self, key: &str) -> Result<(), Error> {
        match self {
            Self::Expected => Ok(()),
            Self::Categorical(CategoricalConfig { atoms, least, greatest }) => {
                Error::unless(*atoms >= 2, key, "atoms", || "must be at least 2".to_owned())?;
                let holds = least.is_finite() && greatest.is_finite() && least < greatest;
                Error::unless(holds, key, "greatest", || format!("must be a number above least, which is {least}"))
            }
            Self::Quantile(QuantileConfig { quantiles }) => {
                Error::unless(*quantiles >= 1, key, "quantiles", || "must be at least 1".to_owned())
            }
        }
    }

    /// Outputs per action.
    pub fn outputs(&self) -> usize {
        match self {
            Self::Expected => 1,
            Self::Categorical(config) => config.atoms,
            Self::Quantile(config) => config.quantiles,
        }
    }

    /// Q.
    ///
    /// # Shapes
    /// `outputs [B, A · N]` → `[B, A]`
    pub fn action_values(&self, outputs: Tensor<2>, actions: usize) -> Tensor<2> {
        match self {
            Self::Expected => outputs,
            Self::Categorical(config) => config.means(outputs, actions),
            Self::Quantile(_) => QuantileConfig::means(outputs, actions),
        }
    }

    /// The target of one row, from the target network's outputs for a*.
    ///
    /// # Shapes
    /// `outputs_t [N]` → `target [N]`, zero on entry; `scratch` is overwritten
    pub(super) fn target(
        &self,
        r_t: f64,
        discount_t: f64,
        outputs_t: &[f64],
        target: &mut [f64],
        scratch: &mut Vec<f64>,
    ) {
        match self {
            Self::Expected => target[0] = sarsa_target(r_t, discount_t, outputs_t, 0),
            Self::Categorical(config) => {
                probabilities(outputs_t, scratch);
                config.project(r_t, discount_t, scratch, target);
            }
            Self::Quantile(_) => quantile_targets(r_t, discount_t, outputs_t, target),
        }
    }

    /// Loss and priority of every row.
    ///
    /// # Shapes
    /// `outputs [B, N]` of the actions taken, `target [B, N]` → `[B, 1]` both
    pub(super) fn loss(&self, outputs: Tensor<2>, target: Tensor<2>) -> [Tensor<2>; 2] {
        let loss = match self {
            Self::Expected => {
                let error = outputs - target;
                return [huber(error.clone()), error.abs()];
            }
            Self::Categorical(_) => CategoricalConfig::loss(outputs, target),
            Self::Quantile(_) => QuantileConfig::loss(outputs, target),
        };
        [loss.clone(), loss]
    }
}
