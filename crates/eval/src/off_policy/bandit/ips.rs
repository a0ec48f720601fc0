//! `Ips`: inverse propensity scoring, plain, clipped or sub-Gaussian.
//!
//! ```text
//! V̂ = 1/n Σ_i w̃_i r_i          w̃ = w: unbiased where π_b covers π_e, with a variance of the order of max w
//! ```
//!
//! References: Horvitz & Thompson, JASA 1952; Strehl et al., NeurIPS 2010; for w̃ see [`Shrinkage`].
//! Difference from the sub-Gaussian paper: λ is a number that the caller passes or tunes, not the paper's n-dependent rate.
//!
//! ```
//! use slatewise_eval::off_policy::{BanditRounds, Estimator, Ips, Round};
//!
//! let mut rounds = BanditRounds::with_actions(2)?;
//! rounds.push(&Round { action: 0, reward: 1.0, propensity: 0.5, evaluation: &[0.75, 0.25], q_hat: None })?;
//! rounds.push(&Round { action: 1, reward: 1.0, propensity: 0.5, evaluation: &[0.75, 0.25], q_hat: None })?;
//! assert_eq!(Ips::plain().evidence(&rounds)?.contributions.value()?, (1.5 + 0.5) / 2.0);
//! assert_eq!(Ips::clipped(1.0)?.evidence(&rounds)?.contributions.value()?, (1.0 + 0.5) / 2.0);
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use super::rounds::BanditRounds;
use super::shrinkage::Shrinkage;
use crate::error::Error;
use crate::off_policy::contributions::Contributions;
use crate::off_policy::estimate::{Estimator, Evidence, WeightUse};
use crate::off_policy::weights::WeightDiagnostics;

/// Inverse propensity scoring.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ips {
    shrinkage: Shrinkage,
}

impl Ips {
    /// With the weights as they are.
    pub fn plain() -> Self {
        Self { shrinkage: Shrinkage::None }
    }

    /// With weights cut at λ > 0.
    ///
    /// # Errors
    /// λ outside its range.
    pub fn clipped(lambda: f64) -> Result<Self, Error> {
        Self::with(Shrinkage::Clip(lambda))
    }

    /// With sub-Gaussian weights, λ in [0, 1].
    ///
    /// # Errors
    /// λ outside its range.
    pub fn sub_gaussian(lambda: f64) -> Result<Self, Error> {
        Self::with(Shrinkage::SubGaussian(lambda))
    }

    /// With any shrinkage.
    ///
    /// # Errors
    /// A parameter outside its range.
    pub fn with(shrinkage: Shrinkage) -> Result<Self, Error> {
        Ok(Self { shrinkage: shrinkage.checked()? })
    }
}

impl Estimator<BanditRounds> for Ips {
    fn name(&self) -> String {
        match self.shrinkage {
            Shrinkage::None => "ips".to_owned(),
            Shrinkage::Clip(lambda) => format!("ips_clipped_{lambda}"),
            Shrinkage::Switch(tau) => format!("ips_switch_tau{tau}"),
            Shrinkage::Optimistic(lambda) => format!("ips_os_{lambda}"),
            Shrinkage::SubGaussian(lambda) => format!("sg_ipw_{lambda}"),
        }
    }

    fn evidence(&self, rounds: &BanditRounds) -> Result<Evidence, Error> {
        let shrunk = || rounds.weights().iter().map(|&weight| self.shrinkage.apply(weight));
        let contributions = shrunk().zip(rounds.rewards()).map(|(weight, reward)| weight * reward).collect();
        let (full, diagnostics) = (rounds.weight_diagnostics(), WeightDiagnostics::of(shrunk()));
        let (weights, largest) = match self.shrinkage {
            Shrinkage::None => (WeightUse::Full(full), rounds.largest_weight()),
            _ => (WeightUse::Shrunk { shrunk: diagnostics, full }, diagnostics.largest),
        };
        let range = Some(rounds.range((0.0, 0.0), largest, rounds.reward_range()));
        Ok(Evidence { contributions: Contributions::mean(contributions)?, weights, range })
    }
}
