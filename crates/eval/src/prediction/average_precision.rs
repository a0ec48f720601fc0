//! Average precision, and the trapezoidal area under the same precision-recall curve.
//!
//! ```text
//! thresholds: the distinct scores, descending; tied rows enter together
//! P_t = TP_t / (TP_t + FP_t),  R_t = TP_t / TP      (counts, or sums of weights, of the rows at or above t)
//!
//! AP        = Σ_t (R_t − R_{t−1}) P_t
//! trapezoid = Σ_t (R_t − R_{t−1}) (P_t + P_{t−1}) / 2 ,   R_0 = 0, P_0 = 1
//! ```
//!
//! Both are for rare positives, where ROC AUC looks kind. Prefer AP: the straight lines of the trapezoid promise
//! precisions that no threshold reaches (Davis & Goadrich, ICML 2006). Definitions as in scikit-learn's
//! `average_precision_score` and `auc(recall, precision)` of `precision_recall_curve`. The base rate is what a constant
//! score earns. Reference: Davis & Goadrich, "The relationship between precision-recall and ROC curves", ICML 2006.
//!
//! ```
//! use slatewise_eval::Predictions;
//! use slatewise_eval::prediction::{average_precision, pr_auc_trapezoid};
//!
//! // Down the list: hit, miss, hit.
//! let predictions = Predictions::new(&[0.9_f32, 0.8, 0.7], &[true, false, true])?;
//! assert_eq!(average_precision(&predictions), Ok(0.5 * 1.0 + 0.5 * (2.0 / 3.0)));
//! assert_eq!(pr_auc_trapezoid(&predictions), Ok(0.5 * 1.0 + 0.5 * (0.5 + 2.0 / 3.0) / 2.0));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use super::predictions::Predictions;
use super::score::{Score, Truth};
use super::sorted_scores::SortedScores;
use crate::error::{Metric, Undefined};

/// Average precision, in (0, 1]; the base rate is what a constant score earns.
///
/// # Errors
/// Undefined when no row of positive weight has label 1.
pub fn average_precision<S: Score, T: Truth>(predictions: &Predictions<'_, S, T>) -> Metric {
    SortedScores::new(predictions).average_precision()
}

/// Area under the precision-recall curve by the trapezoidal rule, in [0, 1].
///
/// # Errors
/// As [`average_precision`].
pub fn pr_auc_trapezoid<S: Score, T: Truth>(predictions: &Predictions<'_, S, T>) -> Metric {
    SortedScores::new(predictions).pr_auc_trapezoid()
}

impl<S: Score> SortedScores<S> {
    /// See [`average_precision`].
    ///
    /// # Errors
    /// As [`average_precision`].
    pub fn average_precision(&self) -> Metric {
        self.precision_recall(|_, precision| precision)
    }

    /// See [`pr_auc_trapezoid`].
    ///
    /// # Errors
    /// As [`pr_auc_trapezoid`].
    pub fn pr_auc_trapezoid(&self) -> Metric {
        self.precision_recall(f64::midpoint)
    }

    /// The area under the curve; `height` of a step is told the precisions before and at its threshold.
    fn precision_recall(&self, height: impl Fn(f64, f64) -> f64) -> Metric {
        let (mut area, mut found) = (0.0, 0.0);
        self.each_positive_block(|positive, above, beside| {
            // Negatives between two positives are thresholds as well: the one before this had all of those above.
            let before = if found + above > 0.0 { found / (found + above) } else { 1.0 };
            found += positive;
            area += positive * height(before, found / (found + above + beside));
        });
        if found > 0.0 { Ok((area / found).min(1.0)) } else { Err(Undefined::NoPositive) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn tied_rows_enter_together() -> Result<(), Error> {
        // .9 hit | .5 hit and two misses | .1 hit: precisions 1, 1/2, 3/5.
        let predictions = Predictions::new(&[0.5_f64, 0.9, 0.5, 0.1, 0.5], &[false, true, true, true, false])?;
        let expected = (1.0 + 0.5 + 0.6) / 3.0;
        assert!(average_precision(&predictions).is_ok_and(|ap| (ap - expected).abs() < 1e-15));
        let expected = (1.0 + 0.75 + 0.55) / 3.0;
        assert!(pr_auc_trapezoid(&predictions).is_ok_and(|area| (area - expected).abs() < 1e-15));
        Ok(())
    }

    #[test]
    fn weights_count_and_a_constant_earns_the_base_rate() -> Result<(), Error> {
        // Miss of weight 2 above a hit of weight 3 above a masked hit: 3 / 5.
        let predictions = Predictions::new(&[0.9_f64, 0.5, 0.1], &[false, true, true])?;
        assert_eq!(average_precision(&predictions.with_weights(&[2.0, 3.0, 0.0])?), Ok(0.6));
        assert_eq!(average_precision(&predictions.with_weights(&[2.0, 0.0, 0.0])?), Err(Undefined::NoPositive));
        let constant = Predictions::new(&[0.5_f32; 4], &[true, false, false, false])?;
        assert_eq!(average_precision(&constant), Ok(0.25));
        Ok(())
    }

    #[test]
    fn a_first_threshold_of_misses_has_precision_zero() -> Result<(), Error> {
        // Precisions 0 at .9 and 1/2 at .5; the curve starts at 1 and drops before any recall is gained.
        let predictions = Predictions::new(&[0.9_f32, 0.5], &[false, true])?;
        assert_eq!(pr_auc_trapezoid(&predictions), Ok(0.25));
        Ok(())
    }
}
