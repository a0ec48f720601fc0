//! `Snips`: self-normalised inverse propensity scoring.
//!
//! ```text
//! V̂ = Σ_i w_i r_i / Σ_i w_i        a weighted mean of rewards: never outside their range, biased by O(1/n), far less variance than IPS
//! ```
//!
//! Reference: Swaminathan & Joachims, "The self-normalized estimator for counterfactual learning", NeurIPS 2015.
//! Difference from Open Bandit Pipeline: its intervals take Σ w as a constant; here it varies with the sample (delta method, and the
//! ratio is formed anew on every bootstrap resample).

use super::rounds::BanditRounds;
use crate::error::Error;
use crate::off_policy::contributions::{Contributions, Term};
use crate::off_policy::estimate::{Estimator, Evidence, WeightUse};

/// Self-normalised inverse propensity scoring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Snips;

impl Estimator<BanditRounds> for Snips {
    fn name(&self) -> String {
        "snips".to_owned()
    }

    fn evidence(&self, rounds: &BanditRounds) -> Result<Evidence, Error> {
        let weights = rounds.weights().to_vec();
        let numerator = weights.iter().zip(rounds.rewards()).map(|(weight, reward)| weight * reward).collect();
        Ok(Evidence {
            contributions: Contributions::new(vec![Term::ratio(numerator, weights)])?,
            weights: WeightUse::Full(rounds.weight_diagnostics()),
            range: None,
        })
    }
}
