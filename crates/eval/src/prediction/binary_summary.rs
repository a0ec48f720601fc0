//! `BinarySummary`: every prediction metric of one binary task, in one call.
//!
//! ```
//! use slatewise_eval::{Predictions, prediction::BinarySummary};
//!
//! let summary = BinarySummary::new(&Predictions::new(&[0.9_f32, 0.2, 0.4], &[true, true, true])?);
//! assert_eq!(summary.rows, 3);
//! assert_eq!(summary.roc_auc, None);
//! assert!(summary.warnings.contains(&"roc_auc: no row has label 0".to_owned()));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use serde::{Deserialize, Serialize};

use super::predictions::{Predictions, weighted_mean};
use super::score::{Score, Truth};
use super::sorted_scores::SortedScores;
use super::{ReliabilityBin, brier_score, calibration_ratio, expected_calibration_error, log_loss, normalised_entropy};
use crate::error::value_or_warning;

/// The metrics of one binary task. A metric that is not defined is empty (`null` in JSON) and `warnings` says why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BinarySummary {
    /// Rows that count: those of positive weight.
    pub rows: usize,
    /// Rows that count and have label 1.
    pub positives: usize,
    /// Weighted share of positives, in [0, 1].
    pub positive_rate: Option<f64>,
    /// Weighted mean score.
    pub mean_score: Option<f64>,
    /// Area under the ROC curve, in [0, 1].
    pub roc_auc: Option<f64>,
    /// Average precision, in (0, 1].
    pub average_precision: Option<f64>,
    /// Log loss in nats, ≥ 0.
    pub log_loss: Option<f64>,
    /// Brier score, in [0, 1].
    pub brier: Option<f64>,
    /// Log loss over the base rate's entropy, ≥ 0.
    pub normalised_entropy: Option<f64>,
    /// Predicted over observed positives, ≥ 0.
    pub calibration_ratio: Option<f64>,
    /// Expected calibration error over [`BinarySummary::BINS`] bins of equal width, in [0, 1].
    pub ece_equal_width: Option<f64>,
    /// Expected calibration error over [`BinarySummary::BINS`] bins of equal mass, in [0, 1].
    pub ece_equal_mass: Option<f64>,
    /// The bins of equal mass, for the reliability diagram; empty where undefined.
    pub reliability: Vec<ReliabilityBin>,
    /// `metric: reason` for every metric that has no value.
    pub warnings: Vec<String>,
}

impl BinarySummary {
    /// Number of calibration bins.
    pub const BINS: usize = 10;

    /// Computes the lot.
    pub fn new<S: Score, T: Truth>(predictions: &Predictions<'_, S, T>) -> Self {
        let mut warnings = Vec::new();
        let mut value = |name, metric| value_or_warning(name, metric, &mut warnings);
        let sorted = SortedScores::new(predictions);
        let equal_width = sorted.equal_width_bins(Self::BINS);
        let equal_mass = sorted.equal_mass_bins(Self::BINS);
        let error = |bins: &Result<Vec<ReliabilityBin>, _>| match bins {
            Ok(bins) => expected_calibration_error(bins),
            Err(reason) => Err(Clone::clone(reason)),
        };
        Self {
            rows: sorted.rows(),
            positives: sorted.positives(),
            positive_rate: value("positive_rate", weighted_mean(predictions, |row| row.outcome)),
            mean_score: value("mean_score", weighted_mean(predictions, |row| row.probability)),
            roc_auc: value("roc_auc", sorted.roc_auc()),
            average_precision: value("average_precision", sorted.average_precision()),
            log_loss: value("log_loss", log_loss(predictions)),
            brier: value("brier", brier_score(predictions)),
            normalised_entropy: value("normalised_entropy", normalised_entropy(predictions)),
            calibration_ratio: value("calibration_ratio", calibration_ratio(predictions)),
            ece_equal_width: value("ece_equal_width", error(&equal_width)),
            ece_equal_mass: value("ece_equal_mass", error(&equal_mass)),
            reliability: equal_mass.unwrap_or_default(),
            warnings,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn masked_rows_count_nowhere() -> Result<(), Error> {
        let (scores, labels) = ([0.9_f32, 0.2, 0.6, 0.99], [1.0_f32, 0.0, 0.0, 0.0]);
        let masked = BinarySummary::new(&Predictions::new(&scores, &labels)?.with_weights(&[1.0, 1.0, 1.0, 0.0])?);
        let dropped = BinarySummary::new(&Predictions::new(&scores[..3], &labels[..3])?);
        assert_eq!(masked, dropped);
        assert_eq!((masked.rows, masked.positives, masked.roc_auc), (3, 1, Some(1.0)));
        Ok(())
    }

    #[test]
    fn logits_keep_their_auc() -> Result<(), Error> {
        let summary = BinarySummary::new(&Predictions::new(&[2.5_f32, -1.0], &[true, false])?);
        assert_eq!((summary.roc_auc, summary.log_loss), (Some(1.0), None));
        assert!(summary.reliability.is_empty());
        assert!(
            summary.warnings.iter().any(|w| w.starts_with("log_loss: the score 2.5 in row 1 is not a probability"))
        );
        Ok(())
    }
}
