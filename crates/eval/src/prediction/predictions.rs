//! `Predictions`: scores beside labels, checked once, borrowed.
//!
//! ```text
//! row       1      2      3      4
//! score  [ 0.31 | 0.80 | 0.05 | 0.44 ]   f32 or f64, finite
//! label  [ 0    | 1    | 0    | 0    ]   bool, or 0 and 1 as f32, f64, u8
//! weight [ 1    | 1    | 1    | 0    ]   optional, ≥ 0; 0 masks the row
//! ```
//!
//! ```
//! use slatewise_eval::Predictions;
//!
//! let predictions = Predictions::new(&[0.31_f32, 0.8, 0.05, 0.44], &[0.0_f32, 1.0, 0.0, 0.0])?
//!     .with_weights(&[1.0, 1.0, 1.0, 0.0])?;
//! assert_eq!(predictions.rows().filter(|row| row.weight > 0.0).count(), 3);
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use crate::error::{Error, Undefined};

/// A score's number type: `f32` as models give them, or `f64` as files do.
pub trait Score: Copy + sealed::Sealed {
    /// Machine epsilon, the distance from 0 and 1 to which log loss clips.
    const EPSILON: f64;
    /// An unsigned integer that sorts as the score does.
    type Key: Ord + Copy;
    /// The score as `f64`, exactly.
    fn value(self) -> f64;
    /// The sort key; the two zeros share one.
    fn key(self) -> Self::Key;
}

/// A label's type.
pub trait Truth: Copy + sealed::Sealed {
    /// Whether the outcome happened; `Err` with the value if it is neither 0 nor 1.
    fn outcome(self) -> Result<bool, f64>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for bool {}
    impl Sealed for u8 {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// Flips a float's bits so that unsigned order is numeric order: all bits of negatives, the sign bit of the others.
macro_rules! score {
    ($float:ty, $key:ty) => {
        impl Score for $float {
            const EPSILON: f64 = <$float>::EPSILON as f64;
            type Key = $key;

            fn value(self) -> f64 {
                f64::from(self)
            }

            fn key(self) -> $key {
                const SIGN: $key = 1 << (<$key>::BITS - 1);
                let bits = (self + 0.0).to_bits();
                if bits & SIGN == 0 { bits | SIGN } else { !bits }
            }
        }

        impl Truth for $float {
            fn outcome(self) -> Result<bool, f64> {
                match self {
                    0.0 => Ok(false),
                    1.0 => Ok(true),
                    other => Err(f64::from(other)),
                }
            }
        }
    };
}

score!(f32, u32);
score!(f64, u64);

impl Truth for bool {
    fn outcome(self) -> Result<bool, f64> {
        Ok(self)
    }
}

impl Truth for u8 {
    fn outcome(self) -> Result<bool, f64> {
        match self {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(f64::from(other)),
        }
    }
}

/// The predictions of one binary task with what came true.
///
/// # Shapes
/// `score`, `label` and `weight` have one value per row.
#[derive(Debug, Clone, Copy)]
pub struct Predictions<'a, S, T> {
    score: &'a [S],
    label: &'a [T],
    weight: Option<&'a [f32]>,
    /// First row (counted from 1) whose score is outside [0, 1], and the score.
    not_probability: Option<(usize, f64)>,
}

/// One row of [`Predictions`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row<S> {
    /// The score as it was passed.
    pub score: S,
    /// The score in double precision.
    pub probability: f64,
    /// 1 if the outcome happened, else 0.
    pub outcome: f64,
    /// How much the row counts; 1 unless weights were passed.
    pub weight: f64,
}

impl<'a, S: Score, T: Truth> Predictions<'a, S, T> {
    /// Checks and borrows the columns. Any finite score will do: metrics that need probabilities say so themselves.
    ///
    /// # Errors
    /// No rows, unequal lengths, a score that is NaN or infinite, a label that is neither 0 nor 1.
    pub fn new(score: &'a [S], label: &'a [T]) -> Result<Self, Error> {
        if score.len() != label.len() {
            return Err(Error::UnequalLengths {
                left: "score",
                left_len: score.len(),
                right: "label",
                right_len: label.len(),
            });
        }
        if score.is_empty() {
            return Err(Error::Empty { what: "predictions" });
        }
        let mut not_probability = None;
        for (index, (&score, &label)) in score.iter().zip(label).enumerate() {
            let (value, row) = (score.value(), index + 1);
            if !value.is_finite() {
                return Err(Error::NotFinite { what: "score", row, value });
            }
            if !(0.0..=1.0).contains(&value) && not_probability.is_none() {
                not_probability = Some((row, value));
            }
            label.outcome().map_err(|value| Error::LabelNotBinary { row, value })?;
        }
        Ok(Self { score, label, weight: None, not_probability })
    }

    /// Gives each row a weight; 0 masks it.
    ///
    /// # Errors
    /// Another number of rows, a weight that is NaN, infinite or negative.
    pub fn with_weights(self, weight: &'a [f32]) -> Result<Self, Error> {
        if weight.len() != self.score.len() {
            return Err(Error::UnequalLengths {
                left: "score",
                left_len: self.score.len(),
                right: "weight",
                right_len: weight.len(),
            });
        }
        check_not_negative("weight", weight)?;
        Ok(Self { weight: Some(weight), ..self })
    }

    /// Number of rows, masked ones included.
    pub fn len(&self) -> usize {
        self.score.len()
    }

    /// Always false: [`Predictions::new`] refuses an empty table.
    pub fn is_empty(&self) -> bool {
        self.score.is_empty()
    }

    /// The rows in the order in which they were passed.
    pub fn rows(&self) -> impl Iterator<Item = Row<S>> + '_ {
        self.score.iter().zip(self.label).enumerate().map(|(index, (&score, label))| Row {
            score,
            probability: score.value(),
            // `new` has checked every label, so that nothing falls to 0 here.
            outcome: f64::from(u8::from(label.outcome().unwrap_or(false))),
            weight: self.weight.map_or(1.0, |weight| f64::from(weight[index])),
        })
    }

    /// Refuses scores outside [0, 1].
    pub(super) fn require_probabilities(&self) -> Result<(), Undefined> {
        match self.not_probability {
            None => Ok(()),
            Some((row, score)) => Err(Undefined::NotProbability { row, score }),
        }
    }
}

/// Refuses NaN, infinite and negative values.
pub(crate) fn check_not_negative<S: Score>(what: &'static str, values: &[S]) -> Result<(), Error> {
    for (index, value) in values.iter().map(|value| value.value()).enumerate() {
        if !value.is_finite() {
            return Err(Error::NotFinite { what, row: index + 1, value });
        }
        if value < 0.0 {
            return Err(Error::Negative { what, row: index + 1, value });
        }
    }
    Ok(())
}

/// The weighted mean of a per-row value.
pub(super) fn weighted_mean<S: Score, T: Truth>(
    predictions: &Predictions<'_, S, T>,
    value: impl Fn(Row<S>) -> f64,
) -> Result<f64, Undefined> {
    let (mut sum, mut weight) = (0.0, 0.0);
    for row in predictions.rows() {
        // A masked row must not turn the sum into NaN, whatever stands in it.
        if row.weight > 0.0 {
            sum += row.weight * value(row);
            weight += row.weight;
        }
    }
    if weight > 0.0 { Ok(sum / weight) } else { Err(Undefined::NoWeight) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_as_the_scores_do() {
        let ascending = [f32::MIN, -1.5, -1e-30, 0.0, 1e-30, 0.5, f32::MAX];
        assert!(ascending.windows(2).all(|pair| pair[0].key() < pair[1].key()));
        assert_eq!((-0.0_f32).key(), 0.0_f32.key());
        assert_eq!((-0.0_f64).key(), 0.0_f64.key());
    }

    #[test]
    fn bad_input_names_its_row() {
        let nan = Predictions::new(&[0.1_f32, f32::NAN], &[false, true]).err();
        assert!(matches!(nan, Some(Error::NotFinite { what: "score", row: 2, .. })), "{nan:?}");
        let label = Predictions::new(&[0.1_f32, 0.2, 0.3], &[0.0_f32, 1.0, 2.0]).err();
        assert_eq!(label, Some(Error::LabelNotBinary { row: 3, value: 2.0 }));
        let lengths = Predictions::new(&[0.1_f32], &[true, false]).err();
        assert!(matches!(lengths, Some(Error::UnequalLengths { left_len: 1, right_len: 2, .. })));
        let empty = Predictions::<f32, bool>::new(&[], &[]).err();
        assert_eq!(empty, Some(Error::Empty { what: "predictions" }));
        let weight = Predictions::new(&[0.1_f32], &[true]).and_then(|p| p.with_weights(&[-1.0]).map(|_| ())).err();
        assert_eq!(weight, Some(Error::Negative { what: "weight", row: 1, value: -1.0 }));
    }
}
