//! Bins of equal numbers of rows as other tools make them, for comparison with those only: tied rows go where the
//! file's order puts them.
//!
//! ```text
//! sort rows by score, keeping the order of tied ones; cut into `bins` runs of n div bins rows, the first n mod bins of
//! them one row longer                                          (numpy.array_split of a stable argsort)
//! scores  .1 .4 .4 | .4 .8 .9        where a row stands in the file decides whether its .4 falls left of the edge
//! ```
//!
//! Where ties straddle an edge, shuffling the file changes this ECE. [`equal_mass_bins`](super::equal_mass_bins) shares
//! such rows between the bins instead and depends on nothing but scores and labels: reports use that one. Without
//! straddling ties, and with a number of rows that `bins` divides, the two agree.
//!
//! ```
//! use slatewise_eval::Predictions;
//! use slatewise_eval::prediction::{expected_calibration_error, row_order_bins};
//!
//! let (first, last) = ([true, false, false, true], [false, false, true, true]);
//! let first = row_order_bins(&Predictions::new(&[0.5_f32; 4], &first)?, 2)?;
//! let last = row_order_bins(&Predictions::new(&[0.5_f32; 4], &last)?, 2)?;
//! assert_eq!(expected_calibration_error(&first.bins)?, 0.0);
//! assert_eq!(expected_calibration_error(&last.bins)?, 0.5);
//! assert!(first.depends_on_row_order);
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use super::predictions::Predictions;
use super::reliability::{Mass, ReliabilityBin, check_bins};
use super::score::{Score, Truth};
use crate::error::Undefined;
use crate::exact_sum::ExactSum;

/// What [`row_order_bins`] finds.
#[derive(Debug, Clone, PartialEq)]
pub struct RowOrderBins {
    /// The bins; their edges are the scores of their first and last row.
    pub bins: Vec<ReliabilityBin>,
    /// Whether rows of one score, but not all of one label and weight, stand on both sides of an edge: the order of
    /// rows then decides which of them fall where.
    pub depends_on_row_order: bool,
}

/// Bins of equal numbers of rows, tied rows in the order in which they were passed. Rows of weight 0 are left out; the
/// other weights count within a bin, but move no edge.
///
/// # Errors
/// Undefined when `bins` is 0, a score is not a probability or all weights are 0.
pub fn row_order_bins<S: Score, T: Truth>(
    predictions: &Predictions<'_, S, T>,
    bins: usize,
) -> Result<RowOrderBins, Undefined> {
    check_bins(bins)?;
    predictions.require_probabilities()?;
    let counted = predictions.rows().enumerate().filter(|(_, row)| row.weight > 0.0);
    // The index breaks ties, which makes the sort stable; the label travels along so that no row is looked up.
    let mut order: Vec<Place<S>> = Vec::with_capacity(predictions.len());
    order.extend(counted.map(|(index, row)| (row.score.key(), 2 * index + usize::from(row.outcome > 0.0))));
    if order.is_empty() {
        return Err(Undefined::NoWeight);
    }
    order.sort_unstable();
    let (fewest, larger) = (order.len() / bins, order.len() % bins);
    let mut result = RowOrderBins { bins: Vec::with_capacity(bins), depends_on_row_order: false };
    let mut start = 0;
    for bin in 0..bins {
        let end = start + fewest + usize::from(bin < larger);
        if start > 0 && end > start && order[start - 1].0 == order[start].0 {
            result.depends_on_row_order |= is_mixed(predictions, &order, order[start].0);
        }
        result.bins.push(bin_of(predictions, &order[start..end]));
        start = end;
    }
    Ok(result)
}

/// A row's sort key, and twice its index plus its label.
type Place<S> = (<S as Score>::Key, usize);

/// Whether the rows of one score differ in label or weight.
fn is_mixed<S: Score, T: Truth>(predictions: &Predictions<'_, S, T>, order: &[Place<S>], key: S::Key) -> bool {
    let before = order.partition_point(|place| place.0 < key);
    let tied = order[before..].iter().take_while(|place| place.0 == key);
    let row = |place: &Place<S>| predictions.row(place.1 / 2);
    let first = order.get(before).map(row);
    tied.map(row).any(|row| first.is_some_and(|first| (first.outcome, first.weight) != (row.outcome, row.weight)))
}

/// The bin of some rows; an empty one has the edges 0.
fn bin_of<S: Score, T: Truth>(predictions: &Predictions<'_, S, T>, rows: &[Place<S>]) -> ReliabilityBin {
    let (mut weight, mut score, mut positive) = (ExactSum::default(), ExactSum::default(), ExactSum::default());
    let value = |key| S::from_key(key).value();
    for &(key, place) in rows {
        let row_weight = if predictions.is_weighted() { predictions.row(place / 2).weight } else { 1.0 };
        weight.add(row_weight);
        score.add(row_weight * value(key));
        positive.add(row_weight * (place % 2) as f64);
    }
    let mass = Mass { weight: weight.value(), score: score.value(), positive: positive.value() };
    let edge = |row: Option<&Place<S>>| row.map_or(0.0, |&(key, _)| value(key));
    mass.bin(edge(rows.first()), edge(rows.last()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn the_first_bins_take_the_rest() -> Result<(), Error> {
        let predictions = Predictions::new(&[0.5_f64, 0.1, 0.3, 0.4, 0.2], &[true, false, false, true, false])?;
        let found = row_order_bins(&predictions, 3)?;
        assert_eq!(found.bins.iter().map(|bin| bin.count).collect::<Vec<_>>(), [2.0, 2.0, 1.0]);
        assert_eq!((found.bins[1].lower, found.bins[1].upper, found.bins[1].positive_rate), (0.3, 0.4, Some(0.5)));
        assert!(!found.depends_on_row_order);
        // More bins than rows: the rest are empty.
        let found = row_order_bins(&predictions, 7)?;
        assert_eq!((found.bins[6].count, found.bins[6].mean_score), (0.0, None));
        Ok(())
    }

    #[test]
    fn masked_rows_are_left_out() -> Result<(), Error> {
        let predictions = Predictions::new(&[0.1_f32, 0.4, 0.4, 0.9], &[false, true, false, true])?;
        let found = row_order_bins(&predictions.with_weights(&[1.0, 2.0, 0.0, 1.0])?, 3)?;
        assert_eq!(found.bins.iter().map(|bin| bin.count).collect::<Vec<_>>(), [1.0, 2.0, 1.0]);
        assert!(!found.depends_on_row_order);
        // Two edges lie between rows that cannot be told apart.
        let constant = Predictions::new(&[0.5_f32; 4], &[true; 4])?;
        assert!(!row_order_bins(&constant, 3)?.depends_on_row_order);
        Ok(())
    }
}
