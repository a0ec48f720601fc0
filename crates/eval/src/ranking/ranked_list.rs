//! `RankedList`: a scored list judged by relevance, several items of which may be right.
//!
//! ```text
//! scores     .9   .5  .5  .5   .1        blocks of tied scores, descending:
//! relevance   0    1   0   2    1          {size 1} {size 3, relevant 2, gain 3} {size 1, relevant 1, gain 1}
//! ```
//!
//! A relevance above 0 makes an item relevant. Relevant items that the list lacks still count in the ideal order and in
//! the denominators of recall and average precision. The metrics are in `list_metrics.rs`.
//!
//! ```
//! use slatewise_eval::ranking::RankedList;
//!
//! // The relevant item stands second; one more was never retrieved.
//! let list = RankedList::new(&[0.9_f32, 0.8, 0.7], &[0.0, 1.0, 0.0], &[1.0])?;
//! assert_eq!((list.recall(3)?, list.precision(1)?, list.reciprocal_rank()?), (0.5, 0.0, 0.5));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use super::Ties;
use crate::error::{Error, Undefined};
use crate::prediction::{Score, check_not_negative};

/// A list in descending order of score, tied items gathered into blocks.
#[derive(Debug, Clone, PartialEq)]
pub struct RankedList {
    blocks: Vec<Block>,
    /// Relevances of all relevant items, retrieved or not, descending.
    ideal: Vec<f64>,
    /// Items above the first tie, if there is one.
    above_tie: Option<usize>,
}

/// Items that share a score (or one item, where ties are broken).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Block {
    pub(super) size: usize,
    pub(super) relevant: usize,
    pub(super) gain: f64,
    pub(super) exponential_gain: f64,
}

impl RankedList {
    /// Orders a list by score, ties being [`Ties::Expected`].
    ///
    /// # Shapes
    /// `scores` and `relevance`: one per item of the list; `missing`: one relevance per judged item that the list
    /// lacks.
    ///
    /// # Errors
    /// An empty list, unequal lengths, a score or relevance that is NaN or infinite, a relevance below 0.
    pub fn new<S: Score>(scores: &[S], relevance: &[f64], missing: &[f64]) -> Result<Self, Error> {
        let items: Vec<usize> = (0..scores.len()).collect();
        Self::with_ties(Ties::Expected, scores, &items, relevance, missing)
    }

    /// Orders a list by score and, where scores tie, by a policy. `items` tells the items apart and orders them: pass
    /// ids, or codes that sort as the ids do.
    ///
    /// # Shapes
    /// `scores`, `items` and `relevance`: one per item of the list; `missing`: one relevance per judged item that the
    /// list lacks.
    ///
    /// # Errors
    /// As [`RankedList::new`], and an item that stands in the list twice.
    pub fn with_ties<S: Score, I: Ord>(
        ties: Ties,
        scores: &[S],
        items: &[I],
        relevance: &[f64],
        missing: &[f64],
    ) -> Result<Self, Error> {
        for (right, right_len) in [("items", items.len()), ("relevance", relevance.len())] {
            if scores.len() != right_len {
                return Err(Error::UnequalLengths { left: "scores", left_len: scores.len(), right, right_len });
            }
        }
        if scores.is_empty() {
            return Err(Error::Empty { what: "ranked list" });
        }
        if let Some(index) = scores.iter().position(|score| !score.value().is_finite()) {
            return Err(Error::NotFinite { what: "score", row: index + 1, value: scores[index].value() });
        }
        check_not_negative("relevance", relevance)?;
        check_not_negative("missing relevance", missing)?;
        check_distinct(items)?;
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_unstable_by(|&a, &b| scores[b].key().cmp(&scores[a].key()).then_with(|| items[b].cmp(&items[a])));
        let tied = |a: &usize, b: &usize| scores[*a].key() == scores[*b].key();
        let above_tie = order.windows(2).position(|pair| tied(&pair[0], &pair[1]));
        let ideal = ideal_order(relevance.iter().chain(missing));
        let exponential = exponential_gain(&ideal);
        let block = |places: &[usize]| Block {
            size: places.len(),
            relevant: places.iter().filter(|&&item| relevance[item] > 0.0).count(),
            gain: places.iter().map(|&item| relevance[item]).sum(),
            exponential_gain: places.iter().map(|&item| exponential(relevance[item])).sum(),
        };
        let blocks = match ties {
            Ties::Expected => order.chunk_by(tied).map(block).collect(),
            Ties::ItemIdDescending => order.chunks(1).map(block).collect(),
        };
        Ok(Self { blocks, ideal, above_tie })
    }

    /// The list of somebody to whom nothing was shown: every metric is 0, as long as something is relevant.
    ///
    /// # Errors
    /// A relevance that is NaN, infinite or below 0.
    pub fn absent(missing: &[f64]) -> Result<Self, Error> {
        check_not_negative("missing relevance", missing)?;
        Ok(Self { blocks: Vec::new(), ideal: ideal_order(missing.iter()), above_tie: None })
    }

    /// Number of items in the list.
    pub fn len(&self) -> usize {
        self.blocks.iter().map(|block| block.size).sum()
    }

    /// Whether the list holds nothing, see [`RankedList::absent`].
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Whether any item is relevant, in the list or missing from it; without one no metric has a value.
    pub fn has_relevant(&self) -> bool {
        !self.ideal.is_empty()
    }

    /// Whether items of equal score reach into the first `k` places, however they are ordered.
    pub fn has_ties_within(&self, k: usize) -> bool {
        self.above_tie.is_some_and(|above| above < k)
    }

    /// Relevances of all relevant items, retrieved or not, descending.
    pub(super) fn ideal(&self) -> &[f64] {
        &self.ideal
    }

    /// Whether the metrics of the first `k` places have a value.
    pub(super) fn check(&self, k: usize) -> Result<(), Undefined> {
        if k == 0 {
            return Err(Undefined::Zero { what: "k" });
        }
        if self.ideal.is_empty() { Err(Undefined::NoRelevantItem) } else { Ok(()) }
    }

    /// Blocks that reach into the first `k` places, each with the number of items above it.
    pub(super) fn blocks_within(&self, k: usize) -> impl Iterator<Item = (usize, Block)> + '_ {
        let mut above = 0;
        self.blocks.iter().map_while(move |&block| {
            let start = above;
            above += block.size;
            (start < k).then_some((start, block))
        })
    }
}

/// Refuses an item that stands in the list twice.
fn check_distinct<I: Ord>(items: &[I]) -> Result<(), Error> {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_unstable_by(|&a, &b| items[a].cmp(&items[b]).then(a.cmp(&b)));
    match order.windows(2).find(|pair| items[pair[0]] == items[pair[1]]) {
        Some(pair) => Err(Error::DuplicatePair { what: "ranked list", row: pair[1] + 1, first: pair[0] + 1 }),
        None => Ok(()),
    }
}

/// The relevances above 0, descending.
fn ideal_order<'a>(relevance: impl Iterator<Item = &'a f64>) -> Vec<f64> {
    let mut ideal: Vec<f64> = relevance.copied().filter(|&relevance| relevance > 0.0).collect();
    ideal.sort_unstable_by(|a, b| b.total_cmp(a));
    ideal
}

/// 2^relevance − 1 in units of 2^(the highest relevance, rounded up), which NDCG does not see and which keep it from
/// overflowing.
pub(super) fn exponential_gain(ideal: &[f64]) -> impl Fn(f64) -> f64 + use<> {
    let unit = ideal.first().map_or(0.0, |highest| highest.ceil());
    move |relevance: f64| (relevance - unit).exp2() - (-unit).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_input_is_refused() {
        assert_eq!(
            RankedList::new(&[0.9_f32], &[-1.0], &[]),
            Err(Error::Negative { what: "relevance", row: 1, value: -1.0 })
        );
        assert!(matches!(RankedList::new(&[0.1_f32], &[], &[]), Err(Error::UnequalLengths { .. })));
        assert_eq!(RankedList::new::<f32>(&[], &[], &[]), Err(Error::Empty { what: "ranked list" }));
        assert!(matches!(RankedList::new(&[f64::INFINITY], &[0.0], &[]), Err(Error::NotFinite { row: 1, .. })));
    }

    #[test]
    fn the_item_id_breaks_ties_as_trec_eval_does() -> Result<(), Error> {
        // b and c tie below a: the higher id goes first, whatever the order of the rows.
        for (items, relevance) in [(["a", "b", "c"], [0.0, 0.0, 1.0]), (["a", "c", "b"], [0.0, 1.0, 0.0])] {
            let list = RankedList::with_ties(Ties::ItemIdDescending, &[0.9_f64, 0.5, 0.5], &items, &relevance, &[])?;
            assert_eq!((list.reciprocal_rank()?, list.has_ties_within(2)), (0.5, true));
        }
        let twice = RankedList::with_ties(Ties::Expected, &[0.9_f64, 0.5, 0.3], &["a", "b", "a"], &[0.0; 3], &[]);
        assert_eq!(twice, Err(Error::DuplicatePair { what: "ranked list", row: 3, first: 1 }));
        Ok(())
    }

    #[test]
    fn who_saw_nothing_has_zero_unless_nothing_is_relevant() -> Result<(), Error> {
        let absent = RankedList::absent(&[0.0, 2.0])?;
        assert_eq!((absent.ndcg(5)?, absent.average_precision(5)?, absent.hit_rate(5)?), (0.0, 0.0, 0.0));
        assert!(absent.is_empty() && !absent.has_ties_within(9));
        assert_eq!(RankedList::absent(&[0.0])?.recall(1), Err(Undefined::NoRelevantItem));
        Ok(())
    }
}
