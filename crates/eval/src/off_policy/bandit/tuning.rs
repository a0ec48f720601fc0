//! `tune`: the choice of λ or τ by estimated error.
//!
//! With w̃ the shrunk weights, e = r (IPS) or r − q̂ (DR), c the contributions, and var their variance (÷ n):
//!
//! ```text
//! MSE(λ)        = var(c) / n + B²
//!   Direct        B = | mean( (w − w̃) e ) |                                                          Su et al. 2020, §5
//!   UpperBound    B = | mean( (w − w̃) e ) | + √( 2 mean(w²) ln(2/δ) / n ) + 2 max(w) ln(2/δ) / (3 n)   the same with Bernstein's bound
//! Slope         no bias estimate: with θ_λ = mean(c) and half-widths h_λ = t_{1−δ, n−1} √( var(c) / (n − 1) ), from the widest
//!               interval on, take the last λ_i with | θ_j − θ_i | ≤ h_i + (√6 − 1) h_j for every earlier j
//! ```
//!
//! References: Su, Dimakopoulou, Krishnamurthy & Dudík, "Doubly robust off-policy evaluation with shrinkage", ICML 2020; Su, Srinath &
//! Krishnamurthy, "Adaptive estimator selection for off-policy evaluation", ICML 2020 (SLOPE); Tucker & Lee, "Improved estimator selection
//! for off-policy evaluation", 2021 (without the need for monotone bias). As Open Bandit Pipeline 0.5.7 has them.
//!
//! The chosen estimate is judged like any other; that λ was chosen on the same data makes its interval a little too narrow.
//!
//! ```
//! use slatewise_eval::off_policy::{BanditRounds, Base, Criterion, Round, Shrinkage, tune};
//!
//! let mut rounds = BanditRounds::with_actions(2)?;
//! for i in 0..100 {
//!     let (action, propensity) = if i % 10 == 0 { (1, 0.1) } else { (0, 0.9) };
//!     rounds.push(&Round { action, reward: 1.0, propensity, evaluation: &[0.5, 0.5], q_hat: None })?;
//! }
//! // Ten weights of 5 in a hundred: cutting them costs more in bias than it saves in variance.
//! let candidates = [Shrinkage::Clip(1.0), Shrinkage::Clip(100.0)];
//! let tuning = tune(Base::Ips, &candidates, &rounds, Criterion::Direct)?;
//! assert_eq!(tuning.chosen().shrinkage, Shrinkage::Clip(100.0));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::rounds::BanditRounds;
use super::shrinkage::Shrinkage;
use super::{DoublyRobust, Ips};
use crate::error::Error;
use crate::off_policy::estimate::Estimator;

/// The estimator whose weights are shrunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// [`Ips`].
    Ips,
    /// [`DoublyRobust`].
    DoublyRobust,
}

/// How candidates are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Criterion {
    /// Estimated squared bias plus variance.
    Direct,
    /// The same with an upper bound of the bias that holds with probability 1 − δ.
    UpperBound {
        /// In (0, 1).
        delta: f64,
    },
    /// Overlap of confidence intervals, Lepski's method.
    Slope {
        /// In (0, 1).
        delta: f64,
    },
}

/// A candidate with its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// The shrinkage.
    pub shrinkage: Shrinkage,
    /// The estimate under it.
    pub value: f64,
    /// Estimated mean squared error, or the interval's half-width for [`Criterion::Slope`].
    pub score: f64,
}

/// All candidates, from the most shrinkage-free end of their family as the literature orders them, and the choice.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuning {
    /// The candidates in the order in which ties are decided.
    pub candidates: Vec<Candidate>,
    chosen: usize,
}

impl Tuning {
    /// The chosen candidate.
    pub fn chosen(&self) -> &Candidate {
        &self.candidates[self.chosen]
    }
}

/// Scores every candidate and chooses.
///
/// # Errors
/// No candidates, no rounds, a parameter out of range, δ outside (0, 1), no q̂ for [`Base::DoublyRobust`].
pub fn tune(
    base: Base,
    candidates: &[Shrinkage],
    rounds: &BanditRounds,
    criterion: Criterion,
) -> Result<Tuning, Error> {
    if candidates.is_empty() {
        return Err(Error::Empty { what: "candidates" });
    }
    if let Criterion::UpperBound { delta } | Criterion::Slope { delta } = criterion
        && !(delta > 0.0 && delta < 1.0)
    {
        return Err(Error::Level { level: delta });
    }
    let mut ordered = candidates.to_vec();
    // Ties go to the candidate that comes first: the largest clipping or switch threshold, the smallest λ of the others.
    ordered.sort_by(|a, b| match (a, b) {
        (Shrinkage::Clip(a) | Shrinkage::Switch(a), Shrinkage::Clip(b) | Shrinkage::Switch(b)) => b.total_cmp(a),
        (a, b) => a.parameter().unwrap_or(0.0).total_cmp(&b.parameter().unwrap_or(0.0)),
    });
    let mut scored = Vec::with_capacity(ordered.len());
    for &shrinkage in &ordered {
        scored.push(score(base, shrinkage, rounds, criterion)?);
    }
    let chosen = match criterion {
        Criterion::Slope { .. } => slope(&scored),
        Criterion::Direct | Criterion::UpperBound { .. } => {
            let better = |best: usize, next: usize| if scored[next].score < scored[best].score { next } else { best };
            (1..scored.len()).fold(0, better)
        }
    };
    Ok(Tuning { candidates: scored, chosen })
}

fn score(base: Base, shrinkage: Shrinkage, rounds: &BanditRounds, criterion: Criterion) -> Result<Candidate, Error> {
    let evidence = match base {
        Base::Ips => Ips::with(shrinkage)?.evidence(rounds)?,
        Base::DoublyRobust => DoublyRobust::with(shrinkage)?.evidence(rounds)?,
    };
    let (contributions, count) = (evidence.contributions.influence()?, rounds.len() as f64);
    let value = contributions.iter().sum::<f64>() / count;
    let variance = contributions.iter().map(|c| (c - value).powi(2)).sum::<f64>() / count;
    let score = match criterion {
        Criterion::Direct => variance / count + bias(base, shrinkage, rounds)?.powi(2),
        Criterion::UpperBound { delta } => {
            let weights = rounds.weights();
            let squares = weights.iter().map(|w| w * w).sum::<f64>() / count;
            let (largest, log) = (weights.iter().copied().fold(0.0, f64::max), (2.0 / delta).ln());
            let bound = (2.0 * squares * log / count).sqrt() + 2.0 * largest * log / (3.0 * count);
            variance / count + (bias(base, shrinkage, rounds)? + bound).powi(2)
        }
        Criterion::Slope { delta } => {
            let freedom = (count - 1.0).max(1.0);
            let quantile = StudentsT::new(0.0, 1.0, freedom).map_or(f64::INFINITY, |t| t.inverse_cdf(1.0 - delta));
            quantile * (variance / freedom).sqrt()
        }
    };
    Ok(Candidate { shrinkage, value, score })
}

/// | mean( (w − w̃) e ) |
fn bias(base: Base, shrinkage: Shrinkage, rounds: &BanditRounds) -> Result<f64, Error> {
    let lost = rounds.weights().iter().map(|&weight| weight - shrinkage.apply(weight));
    let sum: f64 = match base {
        Base::Ips => lost.zip(rounds.rewards()).map(|(lost, reward)| lost * reward).sum(),
        Base::DoublyRobust => {
            let (q_logged, _) = rounds.model()?;
            lost.zip(rounds.rewards()).zip(q_logged).map(|((lost, reward), q)| lost * (reward - q)).sum()
        }
    };
    Ok((sum / rounds.len() as f64).abs())
}

/// Lepski's choice over half-widths.
fn slope(candidates: &[Candidate]) -> usize {
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    // Widest first; of equal ones the later candidate.
    order.sort_by(|&a, &b| candidates[b].score.total_cmp(&candidates[a].score).then(b.cmp(&a)));
    for place in 1..order.len() {
        let new = &candidates[order[place]];
        let overlaps = |&earlier: &usize| {
            let old = &candidates[earlier];
            (old.value - new.value).abs() <= new.score + (6.0_f64.sqrt() - 1.0) * old.score
        };
        if !order[..place].iter().all(overlaps) {
            return order[place - 1];
        }
    }
    order[order.len() - 1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::off_policy::Round;

    fn rounds() -> Result<BanditRounds, Error> {
        let mut rounds = BanditRounds::with_actions(2)?;
        for (action, reward, propensity) in [(0, 1.0, 0.5), (1, 0.0, 0.5), (0, 1.0, 0.25), (1, 2.0, 0.75)] {
            let q_hat = Some(&[0.5, 0.5][..]);
            rounds.push(&Round { action, reward, propensity, evaluation: &[0.5, 0.5], q_hat })?;
        }
        Ok(rounds)
    }

    #[test]
    fn direct_score_by_hand() -> Result<(), Error> {
        // w = 1, 1, 2, 2/3. Clipped at 1: c = 1, 0, 1, 4/3; bias = mean((0, 0, 1, 0) · r) = 1/4.
        let tuning = tune(Base::Ips, &[Shrinkage::Clip(1.0)], &rounds()?, Criterion::Direct)?;
        let mean = (1.0 + 1.0 + 4.0 / 3.0) / 4.0;
        let variance = [1.0, 0.0, 1.0, 4.0 / 3.0].iter().map(|c: &f64| (c - mean).powi(2)).sum::<f64>() / 4.0;
        assert!((tuning.chosen().score - (variance / 4.0 + 0.0625)).abs() < 1e-15);
        assert!((tuning.chosen().value - mean).abs() < 1e-15);
        // DR: e = ½, −½, ½, 3/2; of the third round 2·½ is lost, so that the bias is ¼ again.
        let tuning = tune(Base::DoublyRobust, &[Shrinkage::Switch(1.0)], &rounds()?, Criterion::Direct)?;
        let c = [1.0, 0.0, 0.5, 1.5];
        let variance = c.iter().map(|c: &f64| (c - 0.75).powi(2)).sum::<f64>() / 4.0;
        assert!((tuning.chosen().score - (variance / 4.0 + 0.0625)).abs() < 1e-15);
        Ok(())
    }

    #[test]
    fn bad_requests_are_refused() -> Result<(), Error> {
        let rounds = rounds()?;
        assert!(tune(Base::Ips, &[], &rounds, Criterion::Direct).is_err());
        assert!(tune(Base::Ips, &[Shrinkage::Clip(-1.0)], &rounds, Criterion::Direct).is_err());
        assert!(tune(Base::Ips, &[Shrinkage::Clip(1.0)], &rounds, Criterion::Slope { delta: 1.0 }).is_err());
        Ok(())
    }
}
