//! `DoublyRobust`: a reward model, corrected where the log shows that it errs.
//!
//! ```text
//! V̂ = 1/n Σ_i ( v̂(x_i) + w̃_i (r_i − q̂(x_i, a_i)) )
//!
//! w̃ = w                  DR          unbiased if the propensities or the model are right
//! w̃ = w, q̂ of MRDR       MRDR        q̂ fitted to make the variance small; its estimate is DR's, given that q̂
//! w̃ = min(w, λ)          clipped DR
//! w̃ = w [w ≤ τ]          Switch-DR   the model alone where weights are large
//! w̃ = λ w / (w² + λ)     DRos        λ = 0 is the direct method, λ = ∞ is DR
//! w̃ = w / (1 − λ + λ w)  sub-Gaussian DR
//! ```
//!
//! References: Dudík, Langford & Li, ICML 2011; Farajtabar, Chow & Ghavamzadeh, "More robust doubly robust off-policy evaluation", ICML
//! 2018 (they fit q̂ by least squares weighted with π_e(a|x) (1 − π_b(a|x)) / π_b(a|x)²); for w̃ see [`Shrinkage`].
//!
//! ```
//! use slatewise_eval::off_policy::{BanditRounds, DoublyRobust, Estimator, Round};
//!
//! let mut rounds = BanditRounds::with_actions(2)?;
//! let q_hat = Some(&[0.5, 0.25][..]);
//! rounds.push(&Round { action: 0, reward: 1.0, propensity: 0.5, evaluation: &[0.8, 0.2], q_hat })?;
//! // 0.8·0.5 + 0.2·0.25 + 1.6·(1 − 0.5)
//! let value = DoublyRobust::plain().evidence(&rounds)?.contributions.value()?;
//! assert!((value - 1.25).abs() < 1e-15);
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use super::rounds::{BanditRounds, extremes};
use super::shrinkage::Shrinkage;
use crate::error::Error;
use crate::off_policy::contributions::Contributions;
use crate::off_policy::estimate::{Estimator, Evidence, WeightUse};
use crate::off_policy::weights::WeightDiagnostics;

/// Doubly robust estimation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DoublyRobust {
    shrinkage: Shrinkage,
    more_robust: bool,
}

impl DoublyRobust {
    /// With the weights as they are.
    pub fn plain() -> Self {
        Self { shrinkage: Shrinkage::None, more_robust: false }
    }

    /// The same estimate under MRDR's name, for rounds whose q̂ was fitted as MRDR asks.
    pub fn more_robust() -> Self {
        Self { shrinkage: Shrinkage::None, more_robust: true }
    }

    /// With weights cut at λ > 0.
    ///
    /// # Errors
    /// λ outside its range.
    pub fn clipped(lambda: f64) -> Result<Self, Error> {
        Self::with(Shrinkage::Clip(lambda))
    }

    /// Switch-DR: without correction where the weight is above τ > 0.
    ///
    /// # Errors
    /// τ outside its range.
    pub fn switch(tau: f64) -> Result<Self, Error> {
        Self::with(Shrinkage::Switch(tau))
    }

    /// DRos: with optimistic shrinkage, λ ≥ 0.
    ///
    /// # Errors
    /// λ outside its range.
    pub fn optimistic(lambda: f64) -> Result<Self, Error> {
        Self::with(Shrinkage::Optimistic(lambda))
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
        Ok(Self { shrinkage: shrinkage.checked()?, more_robust: false })
    }
}

impl Estimator<BanditRounds> for DoublyRobust {
    fn name(&self) -> String {
        match self.shrinkage {
            Shrinkage::None if self.more_robust => "mrdr".to_owned(),
            Shrinkage::None => "dr".to_owned(),
            Shrinkage::Clip(lambda) => format!("dr_clipped_{lambda}"),
            Shrinkage::Switch(tau) => format!("switch_dr_tau{tau}"),
            Shrinkage::Optimistic(lambda) => format!("dros_{lambda}"),
            Shrinkage::SubGaussian(lambda) => format!("sg_dr_{lambda}"),
        }
    }

    fn evidence(&self, rounds: &BanditRounds) -> Result<Evidence, Error> {
        let (q_logged, model_value) = rounds.model()?;
        let shrunk = || rounds.weights().iter().map(|&weight| self.shrinkage.apply(weight));
        let residuals = || rounds.rewards().iter().zip(q_logged).map(|(reward, q)| reward - q);
        let contributions =
            model_value.iter().zip(shrunk()).zip(residuals()).map(|((value, weight), e)| value + weight * e).collect();
        let (full, diagnostics) = (rounds.weight_diagnostics(), WeightDiagnostics::of(shrunk()));
        let (weights, largest) = match self.shrinkage {
            Shrinkage::None => (WeightUse::Full(full), rounds.largest_weight()),
            _ => {
                let model_share = (1.0 - diagnostics.mean / full.mean.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
                (WeightUse::ModelBacked { shrunk: diagnostics, model_share }, diagnostics.largest)
            }
        };
        let (model, (low, high)) = (extremes(q_logged.iter().copied()), rounds.reward_range());
        let residual = (low - model.1, high - model.0);
        let range = Some(rounds.range(extremes(model_value.iter().copied()), largest, residual));
        Ok(Evidence { contributions: Contributions::mean(contributions)?, weights, range })
    }
}
