//! ROC AUC: the probability that a random positive scores above a random negative, a tie counting one half.
//!
//! ```text
//! AUC = Σ_{i ∈ P} Σ_{j ∈ N} w_i w_j ( [s_i > s_j] + ½ [s_i = s_j] ) / ( Σ_P w_i · Σ_N w_j )
//! ```
//!
//! Exact, in O(n log n): both classes are sorted apart and merged one distinct score at a time. With whole-number
//! weights every partial sum is an integer below 2⁵³, hence exact in `f64`, up to about 10⁸ rows. Reference: Fawcett,
//! "An introduction to ROC analysis", Pattern Recognition Letters 27 (2006), §7.
//!
//! ```
//! use slatewise_eval::{Predictions, prediction::roc_auc};
//!
//! // The positive 0.8 beats both negatives, 0.4 ties with one and beats the other: (2 + 1.5) / 4.
//! let predictions = Predictions::new(&[0.8_f32, 0.4, 0.4, 0.1], &[true, true, false, false])?;
//! assert_eq!(roc_auc(&predictions), Ok(0.875));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use super::predictions::Predictions;
use super::score::{Score, Truth};
use super::sorted_scores::SortedScores;
use crate::error::{Metric, Undefined};

/// Area under the receiver operating characteristic, in [0, 1]; 0.5 is chance.
///
/// # Errors
/// Undefined when either class is absent (or has no weight).
pub fn roc_auc<S: Score, T: Truth>(predictions: &Predictions<'_, S, T>) -> Metric {
    SortedScores::new(predictions).roc_auc()
}

impl<S: Score> SortedScores<S> {
    /// See [`roc_auc`].
    ///
    /// # Errors
    /// As [`roc_auc`].
    pub fn roc_auc(&self) -> Metric {
        auc_of(self.pairs_won_twice(), self.class_weights())
    }
}

/// The area from twice the weighted pairs won and the weights of positives and negatives.
pub(super) fn auc_of(won_twice: f64, (positive, negative): (f64, f64)) -> Metric {
    if positive <= 0.0 {
        return Err(Undefined::NoPositive);
    }
    if negative <= 0.0 {
        return Err(Undefined::NoNegative);
    }
    // Sums of weights that are no integers may round a perfect order to just above 1.
    Ok((won_twice / (2.0 * positive * negative)).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn weights_count_pairs() -> Result<(), Error> {
        // Positives 0.9 (weight 2) and 0.1 (weight 1) against negatives 0.5 (weight 3) and 0.1 (weight 1):
        // 2·(3 + 1) + 1·(½·1) = 8.5 of 3·4 = 12.
        let predictions = Predictions::new(&[0.9_f64, 0.1, 0.5, 0.1], &[1_u8, 1, 0, 0])?;
        assert_eq!(roc_auc(&predictions.with_weights(&[2.0, 1.0, 3.0, 1.0])?), Ok(8.5 / 12.0));
        assert_eq!(roc_auc(&predictions.with_weights(&[0.0, 0.0, 3.0, 1.0])?), Err(Undefined::NoPositive));
        Ok(())
    }

    #[test]
    fn a_constant_score_is_chance() -> Result<(), Error> {
        let predictions = Predictions::new(&[0.3_f32; 5], &[true, false, false, true, false])?;
        assert_eq!(roc_auc(&predictions), Ok(0.5));
        Ok(())
    }
}
