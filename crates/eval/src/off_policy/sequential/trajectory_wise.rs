//! `TrajectoryIs`, `TrajectoryWis`: the whole return weighted by the whole trajectory's ratio.
//!
//! ```text
//! IS    V̂ = 1/n Σ_i ρ_i G_i                     unbiased; the variance grows exponentially with the horizon
//! WIS   V̂ = Σ_i ρ_i G_i / Σ_i ρ_i               biased by O(1/n), within the range of the returns
//! ```
//!
//! G = Σ_t γ^t r_t, ρ = Π_t π_e/π_b. References: Precup, Sutton & Singh, ICML 2000; Thomas, "Safe reinforcement learning" (2015), §3.

use super::trajectories::Trajectories;
use crate::error::Error;
use crate::off_policy::contributions::{Contributions, Term};
use crate::off_policy::estimate::{Estimator, Evidence, WeightUse};

/// Trajectory-wise importance sampling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TrajectoryIs;

/// Trajectory-wise weighted (self-normalised) importance sampling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TrajectoryWis;

impl Estimator<Trajectories> for TrajectoryIs {
    fn name(&self) -> String {
        "trajectory_is".to_owned()
    }

    fn evidence(&self, trajectories: &Trajectories) -> Result<Evidence, Error> {
        let returns = trajectories.returns().into_iter().enumerate();
        let contributions = returns.map(|(i, g)| trajectories.final_log_weight(i).exp() * g).collect();
        Ok(Evidence {
            contributions: Contributions::mean(contributions)?,
            weights: WeightUse::Full(trajectories.weight_diagnostics()),
            range: None,
        })
    }
}

impl Estimator<Trajectories> for TrajectoryWis {
    fn name(&self) -> String {
        "trajectory_wis".to_owned()
    }

    fn evidence(&self, trajectories: &Trajectories) -> Result<Evidence, Error> {
        let weights = trajectories.relative_weights(Some(trajectories.horizon()));
        let numerator = weights.iter().zip(trajectories.returns()).map(|(weight, g)| weight * g).collect();
        Ok(Evidence {
            contributions: Contributions::new(vec![Term::ratio(numerator, weights)])?,
            weights: WeightUse::Full(trajectories.weight_diagnostics()),
            range: None,
        })
    }
}
