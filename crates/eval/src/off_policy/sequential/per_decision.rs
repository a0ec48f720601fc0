//! `PerDecisionIs`, `PerDecisionWis`: each reward weighted by the ratios up to it, as later actions cannot have caused it.
//!
//! ```text
//! PDIS    V̂ = 1/n Σ_i Σ_t γ^t ρ_it r_it
//! PDWIS   V̂ = Σ_t γ^t ( Σ_i ρ_it r_it / Σ_i ρ_it )        the sums run over all n trajectories, finished ones with the weight they ended with
//! ```
//!
//! Dropping finished trajectories from the lower sum of PDWIS, as some code does, gives the surviving ones too much weight.
//! References: Precup, Sutton & Singh, ICML 2000; Thomas & Brunskill, ICML 2016, §3 (their CWPDIS).

use super::trajectories::Trajectories;
use crate::error::Error;
use crate::off_policy::contributions::{Contributions, Term};
use crate::off_policy::estimate::{Estimator, Evidence, WeightUse};

/// Per-decision importance sampling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PerDecisionIs;

/// Per-decision weighted importance sampling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PerDecisionWis;

impl Estimator<Trajectories> for PerDecisionIs {
    fn name(&self) -> String {
        "per_decision_is".to_owned()
    }

    fn evidence(&self, trajectories: &Trajectories) -> Result<Evidence, Error> {
        let of_trajectory = |i: usize| {
            let rewards = trajectories.rewards(i).iter().enumerate();
            trajectories.discounted(rewards.map(|(t, reward)| trajectories.log_weight(i, t).exp() * reward))
        };
        Ok(Evidence {
            contributions: Contributions::mean((0..trajectories.len()).map(of_trajectory).collect())?,
            weights: WeightUse::Full(trajectories.weight_diagnostics()),
            range: None,
        })
    }
}

impl Estimator<Trajectories> for PerDecisionWis {
    fn name(&self) -> String {
        "per_decision_wis".to_owned()
    }

    fn evidence(&self, trajectories: &Trajectories) -> Result<Evidence, Error> {
        let mut factor = 1.0;
        let terms = (0..trajectories.horizon()).map(|t| {
            let weights = trajectories.relative_weights(Some(t));
            let reward = |i: usize| trajectories.rewards(i).get(t).copied().unwrap_or(0.0);
            let numerator = weights.iter().enumerate().map(|(i, weight)| factor * weight * reward(i)).collect();
            factor *= trajectories.discount();
            Term::ratio(numerator, weights)
        });
        Ok(Evidence {
            contributions: Contributions::new(terms.collect())?,
            weights: WeightUse::Full(trajectories.weight_diagnostics()),
            range: None,
        })
    }
}
