//! Normalised entropy: log loss as a share of what the base rate alone would cost.
//!
//! ```text
//! NE  = L / ( −r ln r − (1 − r) ln(1 − r) ) ,   r = Σ w_i y_i / Σ w_i
//! RIG = 1 − NE
//! ```
//!
//! Below 1 the model knows more than the base rate; RIG, the relative information gain, says the same the other way
//! round. Unlike log loss they can be compared between tasks of different base rates. Reference: He et al., "Practical
//! lessons from predicting clicks on ads at Facebook", ADKDD 2014, equation 3.
//!
//! ```
//! use slatewise_eval::{Predictions, prediction::normalised_entropy};
//!
//! let base_rate = Predictions::new(&[0.25_f64; 4], &[true, false, false, false])?;
//! assert!((normalised_entropy(&base_rate).unwrap() - 1.0).abs() < 1e-15);
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use super::log_loss::log_loss;
use super::predictions::{Predictions, weighted_mean};
use super::score::{Score, Truth};
use crate::error::{Metric, Undefined};

/// Log loss over the entropy of the base rate, ≥ 0; below 1 is better than always saying the base rate.
///
/// # Errors
/// Undefined when a score is not a probability, all weights are 0, or either class is absent (the base rate then has no
/// entropy).
pub fn normalised_entropy<S: Score, T: Truth>(predictions: &Predictions<'_, S, T>) -> Metric {
    let loss = log_loss(predictions)?;
    let rate = weighted_mean(predictions, |row| row.outcome)?;
    if rate <= 0.0 {
        return Err(Undefined::NoPositive);
    }
    if rate >= 1.0 {
        return Err(Undefined::NoNegative);
    }
    Ok(loss / -(rate * rate.ln() + (1.0 - rate) * (1.0 - rate).ln()))
}

/// Share of the base rate's entropy that the model explains, at most 1; below 0 is worse than always saying the base
/// rate.
///
/// # Errors
/// As [`normalised_entropy`].
pub fn relative_information_gain<S: Score, T: Truth>(predictions: &Predictions<'_, S, T>) -> Metric {
    Ok(1.0 - normalised_entropy(predictions)?)
}
