//! `Regression`: predicted beside true values (watch time, price), with their errors.
//!
//! ```text
//! MAE  = Σ w_i |p_i − y_i| / Σ w_i
//! RMSE = √( Σ w_i (p_i − y_i)² / Σ w_i )
//! ```
//!
//! Both are in the unit of the true value; RMSE punishes large errors more, and a few very long videos can decide it
//! alone. How well the order is met, whatever the unit, says [`xauc`](super::xauc).
//!
//! ```
//! use slatewise_eval::prediction::{Regression, mean_absolute_error, root_mean_squared_error};
//!
//! let watch_time = Regression::new(&[10.0_f64, 20.0], &[13.0, 16.0])?;
//! assert_eq!(mean_absolute_error(&watch_time), Ok(3.5));
//! assert_eq!(root_mean_squared_error(&watch_time), Ok(12.5_f64.sqrt()));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use super::predictions::check_weights;
use super::score::{Score, Weights};
use crate::error::{Error, Metric, Undefined};
use crate::exact_sum::ExactSum;

/// The predictions of one numeric task with what came true.
///
/// # Shapes
/// `predicted`, `truth` and `weight` have one value per row.
#[derive(Debug, Clone, Copy)]
pub struct Regression<'a, S> {
    predicted: &'a [S],
    truth: &'a [S],
    weight: Option<Weights<'a>>,
}

/// One row of [`Regression`], in double precision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ValueRow {
    pub(super) predicted: f64,
    pub(super) truth: f64,
    pub(super) weight: f64,
}

impl<'a, S: Score> Regression<'a, S> {
    /// Checks and borrows the columns.
    ///
    /// # Errors
    /// No rows, unequal lengths, a value that is NaN or infinite.
    pub fn new(predicted: &'a [S], truth: &'a [S]) -> Result<Self, Error> {
        if predicted.len() != truth.len() {
            let (left_len, right_len) = (predicted.len(), truth.len());
            return Err(Error::UnequalLengths { left: "score", left_len, right: "label", right_len });
        }
        if predicted.is_empty() {
            return Err(Error::Empty { what: "predictions" });
        }
        for (what, values) in [("score", predicted), ("label", truth)] {
            if let Some(row) = values.iter().position(|value| !value.value().is_finite()) {
                return Err(Error::NotFinite { what, row: row + 1, value: values[row].value() });
            }
        }
        Ok(Self { predicted, truth, weight: None })
    }

    /// Gives each row a weight; 0 masks it.
    ///
    /// # Errors
    /// As [`Predictions::with_weights`](super::Predictions::with_weights).
    pub fn with_weights<W: Score>(self, weight: &'a [W]) -> Result<Self, Error> {
        check_weights(weight, "score", self.predicted.len())?;
        Ok(Self { weight: Some(W::column(weight)), ..self })
    }

    /// Number of rows, masked ones included.
    pub fn len(&self) -> usize {
        self.predicted.len()
    }

    /// Always false: [`Regression::new`] refuses an empty table.
    pub fn is_empty(&self) -> bool {
        self.predicted.is_empty()
    }

    /// The rows that count, those of positive weight.
    pub(super) fn rows(&self) -> impl Iterator<Item = ValueRow> + '_ {
        let weights = self.weight;
        let rows = self.predicted.iter().zip(self.truth).enumerate().map(move |(row, (predicted, truth))| ValueRow {
            predicted: predicted.value(),
            truth: truth.value(),
            weight: weights.map_or(1.0, |weight| weight.of(row)),
        });
        rows.filter(|row| row.weight > 0.0)
    }
}

/// Mean absolute error, ≥ 0, in the unit of the true value.
///
/// # Errors
/// Undefined when all weights are 0 or the errors leave the range of floating point.
pub fn mean_absolute_error<S: Score>(rows: &Regression<'_, S>) -> Metric {
    mean(rows, f64::abs)
}

/// Root mean squared error, ≥ 0, in the unit of the true value.
///
/// # Errors
/// As [`mean_absolute_error`].
pub fn root_mean_squared_error<S: Score>(rows: &Regression<'_, S>) -> Metric {
    mean(rows, |error| error * error).map(f64::sqrt)
}

fn mean<S: Score>(rows: &Regression<'_, S>, loss: impl Fn(f64) -> f64) -> Metric {
    let (mut sum, mut weight) = (ExactSum::default(), ExactSum::default());
    for row in rows.rows() {
        sum.add(row.weight * loss(row.predicted - row.truth));
        weight.add(row.weight);
    }
    let weight = weight.value();
    if weight <= 0.0 {
        return Err(Undefined::NoWeight);
    }
    let mean = sum.value() / weight;
    if mean.is_finite() { Ok(mean) } else { Err(Undefined::Overflow) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_count_and_mask() -> Result<(), Error> {
        // Errors 1 (weight 3), 3 (weight 1) and a masked one: MAE 6/4, RMSE √(12/4).
        let rows = Regression::new(&[1.0_f32, 5.0, 9.0], &[2.0, 2.0, 0.0])?;
        let weighted = rows.with_weights(&[3.0, 1.0, 0.0])?;
        assert_eq!(mean_absolute_error(&weighted), Ok(1.5));
        assert_eq!(root_mean_squared_error(&weighted), Ok(3.0_f64.sqrt()));
        assert_eq!(mean_absolute_error(&rows.with_weights(&[0.0; 3])?), Err(Undefined::NoWeight));
        Ok(())
    }

    #[test]
    fn bad_values_are_refused_and_overflow_is_said() -> Result<(), Error> {
        let nan = Regression::new(&[1.0, 2.0], &[1.0, f64::NAN]).err();
        assert!(matches!(nan, Some(Error::NotFinite { what: "label", row: 2, .. })), "{nan:?}");
        assert!(matches!(Regression::new(&[1.0_f32], &[]).err(), Some(Error::UnequalLengths { .. })));
        assert!(matches!(Regression::<f32>::new(&[], &[]).err(), Some(Error::Empty { .. })));
        let huge = Regression::new(&[1e300], &[-1e300])?;
        assert_eq!(root_mean_squared_error(&huge), Err(Undefined::Overflow));
        Ok(())
    }
}
