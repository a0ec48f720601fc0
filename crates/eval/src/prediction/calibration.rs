//! Calibration ratio: how many positives the model promised for each that came.
//!
//! ```text
//! ratio = Σ w_i p_i / Σ w_i y_i
//! ```
//!
//! 1 is calibrated on the whole, above 1 promises too much. It says nothing about single probabilities: see
//! `reliability.rs`. Reference: He et al., "Practical lessons from predicting clicks on ads at Facebook", ADKDD 2014,
//! §3 ("calibration").
//!
//! ```
//! use slatewise_eval::{Predictions, prediction::calibration_ratio};
//!
//! let predictions = Predictions::new(&[0.5_f32, 0.5, 0.5], &[true, false, false])?;
//! assert_eq!(calibration_ratio(&predictions), Ok(1.5));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use super::predictions::{Predictions, weighted_mean};
use super::score::{Score, Truth};
use crate::error::{Metric, Undefined};

/// Predicted over observed positives, ≥ 0; 1 is calibrated on the whole.
///
/// # Errors
/// Undefined when a score is not a probability, all weights are 0 or no label is 1.
pub fn calibration_ratio<S: Score, T: Truth>(predictions: &Predictions<'_, S, T>) -> Metric {
    predictions.require_probabilities()?;
    let observed = weighted_mean(predictions, |row| row.outcome)?;
    if observed > 0.0 {
        Ok(weighted_mean(predictions, |row| row.probability)? / observed)
    } else {
        Err(Undefined::NoPositive)
    }
}
