//! `SelfNormalisedDoublyRobust`: DR whose correction is a weighted mean.
//!
//! ```text
//! V̂ = 1/n Σ_i v̂(x_i)  +  Σ_i w_i (r_i − q̂(x_i, a_i)) / Σ_i w_i
//! ```
//!
//! Reference: the bandit case of the weighted doubly robust estimator: Thomas & Brunskill, ICML 2016. Only the correction is normalised.

use super::rounds::BanditRounds;
use crate::error::Error;
use crate::off_policy::contributions::{Contributions, Term};
use crate::off_policy::estimate::{Estimator, Evidence, WeightUse};

/// Self-normalised doubly robust estimation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SelfNormalisedDoublyRobust;

impl Estimator<BanditRounds> for SelfNormalisedDoublyRobust {
    fn name(&self) -> String {
        "sndr".to_owned()
    }

    fn evidence(&self, rounds: &BanditRounds) -> Result<Evidence, Error> {
        let (q_logged, model_value) = rounds.model()?;
        let weights = rounds.weights().to_vec();
        let residuals = rounds.rewards().iter().zip(q_logged).map(|(reward, q)| reward - q);
        let correction = weights.iter().zip(residuals).map(|(weight, residual)| weight * residual).collect();
        let terms = vec![Term::mean(model_value.to_vec()), Term::ratio(correction, weights)];
        Ok(Evidence {
            contributions: Contributions::new(terms)?,
            weights: WeightUse::Full(rounds.weight_diagnostics()),
            range: None,
        })
    }
}
