//! `Predictions`: scores beside labels, checked once, borrowed.
//!
//! ```text
//! row       1      2      3      4
//! score  [ 0.31 | 0.80 | 0.05 | 0.44 ]   f32 or f64, finite
//! label  [ 0    | 1    | 0    | 0    ]   bool, or 0 and 1 as f32, f64, u8
//! weight [ 1    | 1    | 1    | 0    ]   optional, ≥ 0, f32 or f64; 0 masks the row
//! ```
//!
//! Only ratios of weights count, so a weight is 0 or between 1e-100 and 1e100: products of two sums of weights then
//! stay finite.
//!
//! ```
//! use slatewise_eval::Predictions;
//!
//! let predictions = Predictions::new(&[0.31_f32, 0.8, 0.05, 0.44], &[0.0_f32, 1.0, 0.0, 0.0])?
//!     .with_weights(&[1.0, 1.0, 1.0, 0.0])?;
//! assert_eq!(predictions.rows().filter(|row| row.weight > 0.0).count(), 3);
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use rayon::prelude::*;

use super::score::{Score, Truth, Weights};
use crate::error::{Error, Undefined};
use crate::exact_sum::ExactSum;

/// Rows that one thread takes at a time.
const CHUNK: usize = 1 << 16;

/// The predictions of one binary task with what came true.
///
/// # Shapes
/// `score`, `label` and `weight` have one value per row.
#[derive(Debug, Clone, Copy)]
pub struct Predictions<'a, S, T> {
    score: &'a [S],
    label: &'a [T],
    weight: Option<Weights<'a>>,
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
        for (chunk, (scores, labels)) in score.chunks(CHUNK).zip(label.chunks(CHUNK)).enumerate() {
            // Sound chunks pass without a branch per row; the others are searched for the row at fault.
            let sound = scores.iter().zip(labels).fold(true, |sound, (score, label)| {
                sound & (score.value() >= 0.0) & (score.value() <= 1.0) & label.outcome().is_ok()
            });
            if !sound {
                let outside = check_rows(scores, labels, chunk * CHUNK)?;
                not_probability = not_probability.or(outside);
            }
        }
        Ok(Self { score, label, weight: None, not_probability })
    }

    /// Gives each row a weight; 0 masks it.
    ///
    /// # Errors
    /// Another number of rows, a weight that is NaN, infinite, negative, or neither 0 nor between 1e-100 and 1e100.
    pub fn with_weights<W: Score>(self, weight: &'a [W]) -> Result<Self, Error> {
        check_weights(weight, "score", self.score.len())?;
        Ok(Self { weight: Some(W::column(weight)), ..self })
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
        (0..self.len()).map(|row| self.row(row))
    }

    /// One row, counted from 0.
    #[inline]
    pub(super) fn row(&self, row: usize) -> Row<S> {
        Row {
            score: self.score[row],
            probability: self.score[row].value(),
            outcome: f64::from(u8::from(happened(self.label[row]))),
            weight: self.weight.map_or(1.0, |weight| weight.of(row)),
        }
    }

    /// Whether rows carry weights.
    pub(super) fn is_weighted(&self) -> bool {
        self.weight.is_some()
    }

    /// Scores with their labels, for passes that need no weights.
    pub(super) fn labelled(&self) -> impl ExactSizeIterator<Item = (S, bool)> + '_ {
        self.score.iter().zip(self.label).map(|(&score, &label)| (score, happened(label)))
    }

    /// Some of the rows.
    fn slice(&self, start: usize) -> Self {
        let rows = start..(start + CHUNK).min(self.len());
        let weight = self.weight.map(|weight| weight.rows(rows.clone()));
        Self { score: &self.score[rows.clone()], label: &self.label[rows], weight, ..*self }
    }

    /// First row whose score is outside [0, 1], and the score.
    pub(super) fn not_probability(&self) -> Option<(usize, f64)> {
        self.not_probability
    }

    /// Refuses scores outside [0, 1].
    pub(super) fn require_probabilities(&self) -> Result<(), Undefined> {
        match self.not_probability {
            None => Ok(()),
            Some((row, score)) => Err(Undefined::NotProbability { row, score }),
        }
    }
}

/// Whether a label that `Predictions::new` has checked says yes.
#[inline]
fn happened<T: Truth>(label: T) -> bool {
    label.outcome().unwrap_or(false)
}

/// The first score that is no probability, with its row; rows are counted from 1 beyond `before`.
fn check_rows<S: Score, T: Truth>(scores: &[S], labels: &[T], before: usize) -> Result<Option<(usize, f64)>, Error> {
    let mut outside = None;
    for (index, (score, label)) in scores.iter().zip(labels).enumerate() {
        let (value, row) = (score.value(), before + index + 1);
        if !value.is_finite() {
            return Err(Error::NotFinite { what: "score", row, value });
        }
        if !(0.0..=1.0).contains(&value) && outside.is_none() {
            outside = Some((row, value));
        }
        label.outcome().map_err(|value| Error::LabelNotBinary { row, value })?;
    }
    Ok(outside)
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

/// Refuses weights that are not one per row, negative, not finite, or so far from 1 that their products leave the range
/// of `f64`.
pub(super) fn check_weights<W: Score>(weight: &[W], left: &'static str, left_len: usize) -> Result<(), Error> {
    if weight.len() != left_len {
        return Err(Error::UnequalLengths { left, left_len, right: "weight", right_len: weight.len() });
    }
    check_not_negative("weight", weight)?;
    let extreme = |value: f64| value > 0.0 && !(1e-100..=1e100).contains(&value);
    match weight.iter().position(|weight| extreme(weight.value())) {
        Some(index) => Err(Error::ExtremeWeight { row: index + 1, value: weight[index].value() }),
        None => Ok(()),
    }
}

/// The weighted mean of a per-row value: the same whatever the order of the rows and the number of threads.
pub(super) fn weighted_mean<S: Score, T: Truth>(
    predictions: &Predictions<'_, S, T>,
    value: impl Fn(Row<S>) -> f64 + Sync,
) -> Result<f64, Undefined> {
    let sums = |start| chunk_sums(&predictions.slice(start), &value);
    let (sum, weight) = if predictions.len() <= CHUNK {
        sums(0)
    } else {
        let chunks = (0..predictions.len().div_ceil(CHUNK)).into_par_iter();
        chunks.map(|chunk| sums(chunk * CHUNK)).reduce(Default::default, |mut left, right| {
            left.0.merge(right.0);
            left.1.merge(right.1);
            left
        })
    };
    let weight = weight.value();
    if weight > 0.0 { Ok(sum.value() / weight) } else { Err(Undefined::NoWeight) }
}

/// Sums of weight × value and of the weights.
fn chunk_sums<S: Score, T: Truth>(
    rows: &Predictions<'_, S, T>,
    value: &impl Fn(Row<S>) -> f64,
) -> (ExactSum, ExactSum) {
    let (mut sum, mut weight) = (ExactSum::default(), ExactSum::default());
    if rows.is_weighted() {
        // A masked row must not turn the sum into NaN, whatever stands in it.
        for row in rows.rows().filter(|row| row.weight > 0.0) {
            sum.add(row.weight * value(row));
            weight.add(row.weight);
        }
    } else {
        for (score, happened) in rows.labelled() {
            let outcome = f64::from(u8::from(happened));
            sum.add(value(Row { score, probability: score.value(), outcome, weight: 1.0 }));
        }
        weight.add(rows.len() as f64);
    }
    (sum, weight)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let weight = Predictions::new(&[0.1_f32], &[true]).and_then(|p| p.with_weights(&[1e200]).map(|_| ())).err();
        assert_eq!(weight, Some(Error::ExtremeWeight { row: 1, value: 1e200 }));
    }
    #[test]
    fn a_bad_row_is_found_beyond_the_first_chunk() {
        let mut scores = vec![0.5_f32; CHUNK + 3];
        scores[CHUNK] = -2.0;
        let mut labels = vec![0_u8; CHUNK + 3];
        let not_probability = Predictions::new(&scores, &labels).map(|p| p.not_probability);
        assert_eq!(not_probability, Ok(Some((CHUNK + 1, -2.0))));
        labels[CHUNK + 1] = 2;
        let label = Predictions::new(&scores, &labels).err();
        assert_eq!(label, Some(Error::LabelNotBinary { row: CHUNK + 2, value: 2.0 }));
    }
}
