//! `TargetRank`: where the one right item stands among scored candidates.
//!
//! ```text
//! scores, descending   .9  .7  .7  .7  .2        target scores .7:  better = 1, tied = 3 (the target included)
//! places                1   2   3   4   5        its place is 2, 3 or 4, each with probability 1/3
//!
//! HR@k   = E[ rank ≤ k ]                 = clamp((k − better) / tied, 0, 1)
//! NDCG@k = E[ [rank ≤ k] / log2(1+rank) ]      (one relevant item, so the ideal is 1)
//! MRR@k  = E[ [rank ≤ k] / rank ]
//! ```
//!
//! References: Järvelin & Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 20 (2002); Voorhees, TREC-8 question
//! answering track report (1999) for MRR. Ties: see the module's documentation.
//!
//! ```
//! use slatewise_eval::ranking::TargetRank;
//!
//! let rank = TargetRank::of(2, &[0.7_f32, 0.9, 0.7, 0.2, 0.7])?;
//! assert_eq!(rank, TargetRank { better: 1, tied: 3 });
//! assert_eq!(rank.hit_rate(2), 1.0 / 3.0);
//! assert_eq!(rank.mean(), 3.0);
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use crate::error::Error;
use crate::prediction::Score;

/// How many candidates stand above the target, and how many beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetRank {
    /// Candidates with a higher score.
    pub better: u32,
    /// Candidates with the same score, the target among them; ≥ 1.
    pub tied: u32,
}

impl TargetRank {
    /// Finds the target among the scores of all candidates, in one pass without sorting or allocation.
    ///
    /// # Shapes
    /// `scores`: one per candidate (the whole catalogue, say); `target` is an index into it.
    ///
    /// # Errors
    /// No candidates, a target that is not among them, a score that is NaN or infinite (with its candidate as the row).
    pub fn of<S: Score + PartialOrd>(target: usize, scores: &[S]) -> Result<Self, Error> {
        if scores.is_empty() {
            return Err(Error::Empty { what: "scores" });
        }
        let Some(&goal) = scores.get(target) else {
            return Err(Error::UnknownItem { what: "target", row: 1, item: target, items: scores.len() });
        };
        let (mut better, mut tied, mut finite) = (0_u32, 0_u32, 0_u32);
        // Three counts without a branch, so that the loop runs on vector registers.
        for &score in scores {
            better += u32::from(score > goal);
            tied += u32::from(score == goal);
            finite += u32::from(score.value().is_finite());
        }
        if finite as usize != scores.len() {
            let row = scores.iter().position(|score| !score.value().is_finite()).unwrap_or(0);
            return Err(Error::NotFinite { what: "score of candidate", row: row + 1, value: scores[row].value() });
        }
        Ok(Self { better, tied })
    }

    /// Mean place over the orders of the ties (the mid-rank), ≥ 1.
    pub fn mean(self) -> f64 {
        f64::from(self.better) + (f64::from(self.tied) + 1.0) / 2.0
    }

    /// Probability that the target is among the first `k`, in [0, 1].
    pub fn hit_rate(self, k: usize) -> f64 {
        self.expectation(k, |_| 1.0)
    }

    /// Normalised discounted cumulative gain of the first `k` places, in [0, 1].
    pub fn ndcg(self, k: usize) -> f64 {
        self.expectation(k, |rank| 1.0 / (1.0 + rank).log2())
    }

    /// Reciprocal rank, in (0, 1].
    pub fn reciprocal_rank(self) -> f64 {
        self.reciprocal_rank_at(usize::MAX)
    }

    /// Reciprocal rank, counted as 0 beyond place `k`, in [0, 1].
    pub fn reciprocal_rank_at(self, k: usize) -> f64 {
        self.expectation(k, |rank| 1.0 / rank)
    }

    /// Mean of a place's value over the orders of the ties, places beyond `k` being worth 0.
    fn expectation(self, k: usize, value: impl Fn(f64) -> f64) -> f64 {
        let last = k.min((self.better + self.tied) as usize) as u32;
        let sum: f64 = (self.better + 1..=last).map(|rank| value(f64::from(rank))).sum();
        sum / f64::from(self.tied)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_computed_with_and_without_ties() -> Result<(), Error> {
        let third = TargetRank::of(0, &[0.3_f32, 0.9, 0.5, 0.1])?;
        assert_eq!((third.better, third.tied, third.mean()), (2, 1, 3.0));
        assert_eq!((third.hit_rate(2), third.hit_rate(3)), (0.0, 1.0));
        assert_eq!(third.ndcg(3), 0.5);
        assert_eq!(third.reciprocal_rank(), 1.0 / 3.0);
        assert_eq!(third.reciprocal_rank_at(2), 0.0);
        // All four tied: a random order.
        let any = TargetRank::of(1, &[1.0_f32; 4])?;
        assert_eq!(any.hit_rate(1), 0.25);
        assert!((any.reciprocal_rank() - (1.0 + 0.5 + 1.0 / 3.0 + 0.25) / 4.0).abs() < 1e-15);
        assert!((any.ndcg(2) - (1.0 + 1.0 / 3.0_f64.log2()) / 4.0).abs() < 1e-15);
        Ok(())
    }

    #[test]
    fn bad_scores_and_targets_are_refused() {
        let nan = TargetRank::of(0, &[0.3_f32, f32::NAN]);
        assert!(matches!(nan, Err(Error::NotFinite { row: 2, .. })), "{nan:?}");
        let outside = TargetRank::of(2, &[0.3_f32, 0.1]);
        assert!(matches!(outside, Err(Error::UnknownItem { item: 2, items: 2, .. })), "{outside:?}");
        assert_eq!(TargetRank::of::<f32>(0, &[]), Err(Error::Empty { what: "scores" }));
    }
}
