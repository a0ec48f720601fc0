//! `DirectMethod`: what a reward model believes.
//!
//! ```text
//! V̂ = 1/n Σ_i v̂(x_i) ,   v̂(x) = Σ_a π_e(a|x) q̂(x, a)        little variance; the bias is the model's, and the log cannot show it
//! ```
//!
//! Reference: Beygelzimer & Langford, "The offset tree for learning with partial labels", KDD 2009.
//! Its interval says how v̂ varies over contexts, nothing of how wrong q̂ is.

use super::rounds::{BanditRounds, extremes};
use crate::error::Error;
use crate::off_policy::contributions::Contributions;
use crate::off_policy::estimate::{Estimator, Evidence, WeightUse};

/// The direct method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DirectMethod;

impl Estimator<BanditRounds> for DirectMethod {
    fn name(&self) -> String {
        "dm".to_owned()
    }

    fn evidence(&self, rounds: &BanditRounds) -> Result<Evidence, Error> {
        let (_, model_value) = rounds.model()?;
        Ok(Evidence {
            contributions: Contributions::mean(model_value.to_vec())?,
            weights: WeightUse::Model,
            range: Some(extremes(model_value.iter().copied())),
        })
    }
}
