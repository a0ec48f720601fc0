//! XAUC: the share of pairs that the predictions put in the order of the true values.
//!
//! ```text
//! XAUC = Σ_{i,j: y_i < y_j} w_i w_j ( [p_i < p_j] + ½ [p_i = p_j] ) / Σ_{i,j: y_i < y_j} w_i w_j
//! ```
//!
//! Ties: a pair of equal true values has no order to meet and is left out; a pair of equal predictions counts one half.
//! So a constant prediction earns 0.5, and with true values of 0 and 1 XAUC is ROC AUC.
//!
//! All pairs, not a sample, in O(n log n): the rows are sorted by true value, then a merge sort by prediction weighs
//! the pairs that it has to turn round. References: Zhan et al., "Deconfounding duration bias in watch-time prediction
//! for video recommendation", KDD 2022 (which samples pairs); the counting of pairs: Knight, Journal of the American
//! Statistical Association 61 (1966).
//!
//! ```
//! use slatewise_eval::prediction::{Regression, xauc};
//!
//! // Three pairs: 10 < 20 is met, 10 < 30 is met, 20 < 30 is tied.
//! let watch_time = Regression::new(&[3.0_f64, 7.0, 7.0], &[10.0, 20.0, 30.0])?;
//! assert_eq!(xauc(&watch_time), Ok(2.5 / 3.0));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use super::regression::{Regression, ValueRow};
use super::score::Score;
use crate::error::{Metric, Undefined};

/// Share of pairs in the right order, in [0, 1]; 0.5 is chance.
///
/// # Errors
/// Undefined when no two rows of positive weight differ in their true value.
pub fn xauc<S: Score>(rows: &Regression<'_, S>) -> Metric {
    let mut rows: Vec<ValueRow> = rows.rows().collect();
    let key = |row: &ValueRow| (row.truth.key(), row.predicted.key(), row.weight.key());
    rows.sort_unstable_by_key(key);

    // Rising true values, and among equal ones rising predictions: equal ones are then never turned round.
    let (mut before, mut pairs) = (0.0, 0.0);
    for same in rows.chunk_by(|a, b| a.truth == b.truth) {
        let weight: f64 = same.iter().map(|row| row.weight).sum();
        pairs += before * weight;
        before += weight;
    }
    if pairs <= 0.0 {
        return Err(Undefined::NoOrderedPair);
    }
    let mut sorted = rows.clone();
    let inverted = sort_by_prediction(&mut rows, &mut sorted);
    Ok(((pairs - inverted - 0.5 * tied_pairs(&sorted)) / pairs).clamp(0.0, 1.0))
}

/// Weight of the pairs of equal predictions and unequal true values, the rows being sorted by prediction, then true
/// value.
fn tied_pairs(rows: &[ValueRow]) -> f64 {
    let mut pairs = 0.0;
    for tied in rows.chunk_by(|a, b| a.predicted == b.predicted) {
        let mut before = 0.0;
        for same in tied.chunk_by(|a, b| a.truth == b.truth) {
            let weight: f64 = same.iter().map(|row| row.weight).sum();
            pairs += before * weight;
            before += weight;
        }
    }
    pairs
}

/// Sorts by prediction, keeping the order of equal ones, and returns the weight of the pairs turned round. Both slices
/// hold the same rows at first; the result is in `sorted`.
fn sort_by_prediction(rows: &mut [ValueRow], sorted: &mut [ValueRow]) -> f64 {
    if rows.len() < 2 {
        return 0.0;
    }
    let middle = rows.len() / 2;
    let (sorted_left, sorted_right) = sorted.split_at_mut(middle);
    let (left, right) = rows.split_at_mut(middle);
    // The halves change roles: their sorted rows land in `rows`, from where they are merged.
    let mut inverted = sort_by_prediction(sorted_left, left) + sort_by_prediction(sorted_right, right);
    let mut left_weight: f64 = left.iter().map(|row| row.weight).sum();
    let (mut next_left, mut next_right) = (left.iter().peekable(), right.iter().peekable());
    for place in sorted {
        let from_right = match (next_left.peek(), next_right.peek()) {
            (Some(left), Some(right)) => right.predicted < left.predicted,
            (None, _) => true,
            (Some(_), None) => false,
        };
        let Some(row) = (if from_right { next_right.next() } else { next_left.next() }) else { break };
        if from_right {
            // It passes everything that is left of the left half.
            inverted += row.weight * left_weight;
        } else {
            left_weight -= row.weight;
        }
        *place = *row;
    }
    inverted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn weights_count_pairs() -> Result<(), Error> {
        // y 1 < 2 < 3 with p 5, 4, 6 and weights 1, 2, 3: pair (1,2) lost (2), (1,3) won (3), (2,3) won (6).
        let rows = Regression::new(&[5.0_f64, 4.0, 6.0], &[1.0, 2.0, 3.0])?;
        assert_eq!(xauc(&rows.with_weights(&[1.0, 2.0, 3.0])?), Ok(9.0 / 11.0));
        // Without the row in the middle one pair is left, and it is won.
        assert_eq!(xauc(&rows.with_weights(&[1.0, 0.0, 3.0])?), Ok(1.0));
        Ok(())
    }

    #[test]
    fn ties_have_their_rules() -> Result<(), Error> {
        let constant = Regression::new(&[1.0_f32; 4], &[1.0, 2.0, 2.0, 3.0])?;
        assert_eq!(xauc(&constant), Ok(0.5));
        let same_truth = Regression::new(&[1.0_f32, 2.0], &[3.0, 3.0])?;
        assert_eq!(xauc(&same_truth), Err(Undefined::NoOrderedPair));
        // −0 and 0 are the same value.
        let zeros = Regression::new(&[1.0_f32, 2.0], &[-0.0, 0.0])?;
        assert_eq!(xauc(&zeros), Err(Undefined::NoOrderedPair));
        Ok(())
    }
}
