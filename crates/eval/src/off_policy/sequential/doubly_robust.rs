//! `SequentialDirectMethod`, `SequentialDoublyRobust`, `WeightedDoublyRobust`: an action-value model, alone and corrected step by step.
//!
//! ```text
//! DM    V̂ = 1/n Σ_i V̂(s_i0)
//! DR    V̂ = 1/n Σ_i Σ_t γ^t ( ρ_it (r_it − Q̂_it) + ρ_i,t−1 V̂_it )                        ρ_i,−1 = 1
//! WDR   V̂ = Σ_t γ^t Σ_i ( u_it (r_it − Q̂_it) + u_i,t−1 V̂_it ) ,   u_it = ρ_it / Σ_j ρ_jt   u_i,−1 = 1/n
//! ```
//!
//! After a trajectory's last step r = Q̂ = V̂ = 0 and its weight stays in Σ_j. Q̂ is a model of the evaluation policy's action values, by
//! fitted Q evaluation for instance; the estimators take its predictions.
//! References: Jiang & Li, ICML 2016; Thomas & Brunskill, ICML 2016.
//! Difference from the papers: a trajectory cut by the end of the log (not by `done`) earns nothing afterwards, as under a finite horizon.

use super::trajectories::Trajectories;
use crate::error::Error;
use crate::off_policy::contributions::{Contributions, Term};
use crate::off_policy::estimate::{Estimator, Evidence, WeightUse};

/// The model's value of the first state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SequentialDirectMethod;

/// Doubly robust estimation over trajectories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SequentialDoublyRobust;

/// Weighted (self-normalised) doubly robust estimation over trajectories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WeightedDoublyRobust;

impl Estimator<Trajectories> for SequentialDirectMethod {
    fn name(&self) -> String {
        "dm".to_owned()
    }

    fn evidence(&self, trajectories: &Trajectories) -> Result<Evidence, Error> {
        let first = (0..trajectories.len()).map(|i| Ok(trajectories.model(i)?.1[0]));
        let contributions = Contributions::mean(first.collect::<Result<_, Error>>()?)?;
        Ok(Evidence { contributions, weights: WeightUse::Model, range: None })
    }
}

impl Estimator<Trajectories> for SequentialDoublyRobust {
    fn name(&self) -> String {
        "dr".to_owned()
    }

    fn evidence(&self, trajectories: &Trajectories) -> Result<Evidence, Error> {
        let of_trajectory = |i: usize| {
            let (q_logged, value) = trajectories.model(i)?;
            let steps = trajectories.rewards(i).iter().zip(q_logged).zip(value).enumerate();
            Ok(trajectories.discounted(steps.map(|(t, ((reward, q), v))| {
                let before = if t == 0 { 1.0 } else { trajectories.log_weight(i, t - 1).exp() };
                trajectories.log_weight(i, t).exp() * (reward - q) + before * v
            })))
        };
        let contributions = (0..trajectories.len()).map(of_trajectory).collect::<Result<_, Error>>()?;
        Ok(Evidence {
            contributions: Contributions::mean(contributions)?,
            weights: WeightUse::Full(trajectories.weight_diagnostics()),
            range: None,
        })
    }
}

impl Estimator<Trajectories> for WeightedDoublyRobust {
    fn name(&self) -> String {
        "wdr".to_owned()
    }

    fn evidence(&self, trajectories: &Trajectories) -> Result<Evidence, Error> {
        let models = (0..trajectories.len()).map(|i| trajectories.model(i)).collect::<Result<Vec<_>, _>>()?;
        let at = |column: &[f64], t: usize| column.get(t).copied().unwrap_or(0.0);
        let mut terms = Vec::with_capacity(2 * trajectories.horizon());
        let (mut factor, mut before) = (1.0, trajectories.relative_weights(None));
        for t in 0..trajectories.horizon() {
            let weights = trajectories.relative_weights(Some(t));
            let of_model = models.iter().zip(&before).map(|((_, value), weight)| factor * weight * at(value, t));
            let residual = |i: usize| at(trajectories.rewards(i), t) - at(models[i].0, t);
            let correction = weights.iter().enumerate().map(|(i, weight)| factor * weight * residual(i));
            terms.push(Term::ratio(of_model.collect(), before));
            terms.push(Term::ratio(correction.collect(), weights.clone()));
            before = weights;
            factor *= trajectories.discount();
        }
        Ok(Evidence {
            contributions: Contributions::new(terms)?,
            weights: WeightUse::Full(trajectories.weight_diagnostics()),
            range: None,
        })
    }
}
