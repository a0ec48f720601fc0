//! Brier score: the mean squared distance between probability and outcome.
//!
//! ```text
//! B = Σ w_i (p_i − y_i)² / Σ w_i
//! ```
//!
//! Reference: Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78 (1950);
//! the two-class form that sums over one class, as scikit-learn's `brier_score_loss` does.
//!
//! ```
//! use slatewise_eval::{Predictions, prediction::brier_score};
//!
//! let predictions = Predictions::new(&[0.5_f32, 1.0], &[true, true])?;
//! assert_eq!(brier_score(&predictions), Ok(0.125));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use super::predictions::{Predictions, weighted_mean};
use super::score::{Score, Truth};
use crate::error::Metric;

/// Mean squared error of the probabilities, in [0, 1]; lower is better.
///
/// # Errors
/// Undefined when a score is not a probability or all weights are 0.
pub fn brier_score<S: Score, T: Truth>(predictions: &Predictions<'_, S, T>) -> Metric {
    predictions.require_probabilities()?;
    weighted_mean(predictions, |row| (row.probability - row.outcome).powi(2))
}
