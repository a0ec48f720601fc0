//! `RankedList`: a scored list judged by relevance, several items of which may be right.
//!
//! ```text
//! scores  .9   .5  .5  .5   .1          blocks of tied scores, descending:
//! gains    0    1   0   2    1            {size 1, gain 0} {size 3, relevant 2, gain 3} {size 1, relevant 1, gain 1}
//!
//! DCG@k       = Σ_{r ≤ k} E[gain at place r] / log2(1 + r)          NDCG@k = DCG@k / DCG@k of the best order
//! precision@k = E[relevant in the first k] / k                      recall@k = E[relevant in the first k] / relevant in all
//! HR@k        = P(one of the first k is relevant)                   MRR@k  = E[1 / place of the first relevant], 0 beyond k
//! ```
//!
//! A gain above 0 makes an item relevant. Gains enter NDCG as they are (linear gain); pass 2^relevance − 1 for the exponential one.
//! Relevant items that the list lacks still count in the ideal order and in recall's denominator.
//! References: Järvelin & Kekäläinen, TOIS 20 (2002); ties by expectation: McSherry & Najork, ECIR 2008.
//!
//! ```
//! use slatewise_eval::ranking::RankedList;
//!
//! // The relevant item stands second; one more was never retrieved.
//! let list = RankedList::new(&[0.9_f32, 0.8, 0.7], &[0.0, 1.0, 0.0], &[1.0])?;
//! assert_eq!((list.recall(3)?, list.precision(1)?, list.reciprocal_rank()?), (0.5, 0.0, 0.5));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use crate::error::{Error, Metric, Undefined};
use crate::prediction::{Score, check_not_negative};

/// A list in descending order of score, tied items gathered into blocks.
#[derive(Debug, Clone, PartialEq)]
pub struct RankedList {
    blocks: Vec<Block>,
    /// Gains of all relevant items, retrieved or not, descending.
    ideal: Vec<f64>,
}

/// Items that share a score.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Block {
    size: usize,
    relevant: usize,
    gain: f64,
}

impl RankedList {
    /// Orders a list by score.
    ///
    /// # Shapes
    /// `scores` and `gains`: one per item of the list; `missing_gains`: one per relevant item that the list lacks.
    ///
    /// # Errors
    /// An empty list, unequal lengths, a score or gain that is NaN or infinite, a gain below 0.
    pub fn new<S: Score>(scores: &[S], gains: &[f64], missing_gains: &[f64]) -> Result<Self, Error> {
        if scores.len() != gains.len() {
            let (left_len, right_len) = (scores.len(), gains.len());
            return Err(Error::UnequalLengths { left: "scores", left_len, right: "gains", right_len });
        }
        if scores.is_empty() {
            return Err(Error::Empty { what: "ranked list" });
        }
        if let Some(index) = scores.iter().position(|score| !score.value().is_finite()) {
            return Err(Error::NotFinite { what: "score", row: index + 1, value: scores[index].value() });
        }
        check_not_negative("gain", gains)?;
        check_not_negative("missing gain", missing_gains)?;

        let mut items: Vec<_> = scores.iter().map(|score| score.key()).zip(gains.iter().copied()).collect();
        items.sort_unstable_by_key(|&(key, _)| std::cmp::Reverse(key));
        let blocks = items.chunk_by(|a, b| a.0 == b.0).map(|tied| Block {
            size: tied.len(),
            relevant: tied.iter().filter(|item| item.1 > 0.0).count(),
            gain: tied.iter().map(|item| item.1).sum(),
        });
        let mut ideal: Vec<_> = gains.iter().chain(missing_gains).copied().filter(|&gain| gain > 0.0).collect();
        ideal.sort_unstable_by(|a, b| b.total_cmp(a));
        Ok(Self { blocks: blocks.collect(), ideal })
    }

    /// Probability that one of the first `k` items is relevant, in [0, 1].
    ///
    /// # Errors
    /// Undefined when `k` is 0 or no item is relevant.
    pub fn hit_rate(&self, k: usize) -> Metric {
        self.check(k)?;
        Ok(self.first_relevant(k, |_| 1.0))
    }

    /// Reciprocal place of the first relevant item, in [0, 1]; 0 if the list holds none.
    ///
    /// # Errors
    /// Undefined when no item is relevant.
    pub fn reciprocal_rank(&self) -> Metric {
        self.reciprocal_rank_at(usize::MAX)
    }

    /// Reciprocal place of the first relevant item, counted as 0 beyond place `k`, in [0, 1].
    ///
    /// # Errors
    /// Undefined when `k` is 0 or no item is relevant.
    pub fn reciprocal_rank_at(&self, k: usize) -> Metric {
        self.check(k)?;
        Ok(self.first_relevant(k, |place| 1.0 / place as f64))
    }

    /// Share of the first `k` places that hold a relevant item, in [0, 1]. A shorter list leaves the rest of the places empty.
    ///
    /// # Errors
    /// Undefined when `k` is 0 or no item is relevant.
    pub fn precision(&self, k: usize) -> Metric {
        self.check(k)?;
        Ok(self.relevant_within(k) / k as f64)
    }

    /// Share of the relevant items that stand in the first `k` places, in [0, 1].
    ///
    /// # Errors
    /// Undefined when `k` is 0 or no item is relevant.
    pub fn recall(&self, k: usize) -> Metric {
        self.check(k)?;
        Ok(self.relevant_within(k) / self.ideal.len() as f64)
    }

    /// Normalised discounted cumulative gain of the first `k` places, in [0, 1].
    ///
    /// # Errors
    /// Undefined when `k` is 0 or no item is relevant.
    pub fn ndcg(&self, k: usize) -> Metric {
        self.check(k)?;
        let mut gained = 0.0;
        for (above, block) in self.blocks_within(k) {
            let places = block.size.min(k - above);
            let discounts: f64 = (above..above + places).map(discount).sum();
            gained += block.gain / block.size as f64 * discounts;
        }
        let best: f64 = self.ideal.iter().take(k).enumerate().map(|(above, gain)| gain * discount(above)).sum();
        Ok(gained / best)
    }

    fn check(&self, k: usize) -> Result<(), Undefined> {
        if k == 0 {
            return Err(Undefined::Zero { what: "k" });
        }
        if self.ideal.is_empty() { Err(Undefined::NoRelevantItem) } else { Ok(()) }
    }

    /// Blocks that reach into the first `k` places, each with the number of items above it.
    fn blocks_within(&self, k: usize) -> impl Iterator<Item = (usize, Block)> + '_ {
        let mut above = 0;
        self.blocks.iter().map_while(move |&block| {
            let start = above;
            above += block.size;
            (start < k).then_some((start, block))
        })
    }

    /// Expected number of relevant items in the first `k` places.
    fn relevant_within(&self, k: usize) -> f64 {
        self.blocks_within(k)
            .map(|(above, block)| block.relevant as f64 * block.size.min(k - above) as f64 / block.size as f64)
            .sum()
    }

    /// Expected value of the first relevant item's place, places beyond `k` being worth 0.
    ///
    /// It stands in the first block that holds `relevant` > 0 of `size` items. Going down that block, a place holds the first relevant item
    /// with probability relevant / (size − places already passed), given that none has been met.
    fn first_relevant(&self, k: usize, value: impl Fn(usize) -> f64) -> f64 {
        let Some((above, block)) = self.blocks_within(k).find(|(_, block)| block.relevant > 0) else {
            return 0.0;
        };
        let (mut expected, mut none_yet) = (0.0, 1.0);
        for passed in 0..=(block.size - block.relevant).min(k - above - 1) {
            let first_here = block.relevant as f64 / (block.size - passed) as f64;
            expected += none_yet * first_here * value(above + passed + 1);
            none_yet *= 1.0 - first_here;
        }
        expected
    }
}

/// The discount of the place below `above` items.
fn discount(above: usize) -> f64 {
    1.0 / (above as f64 + 2.0).log2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_give_the_mean_over_their_orders() -> Result<(), Error> {
        // One clear miss, then three tied of which two are relevant (gains 1 and 2).
        let list = RankedList::new(&[0.9_f32, 0.5, 0.5, 0.5], &[0.0, 1.0, 0.0, 2.0], &[])?;
        assert_eq!(list.hit_rate(1)?, 0.0);
        assert!((list.hit_rate(2)? - 2.0 / 3.0).abs() < 1e-15);
        assert_eq!(list.hit_rate(3)?, 1.0);
        assert!((list.precision(2)? - (2.0 / 3.0) / 2.0).abs() < 1e-15);
        assert!((list.recall(3)? - 2.0 / 3.0).abs() < 1e-15);
        // First relevant at place 2 with 2/3, at place 3 with 1/3.
        assert!((list.reciprocal_rank()? - (2.0 / 3.0 / 2.0 + 1.0 / 3.0 / 3.0)).abs() < 1e-15);
        // Mean gain 1 at each of the places 2 and 3; the ideal is 2 at 1, 1 at 2.
        let best = 2.0 + 1.0 / 3.0_f64.log2();
        assert!((list.ndcg(3)? - (1.0 / 3.0_f64.log2() + 0.5) / best).abs() < 1e-15);
        Ok(())
    }

    #[test]
    fn nothing_relevant_has_no_value() -> Result<(), Error> {
        let list = RankedList::new(&[0.9_f32, 0.5], &[0.0, 0.0], &[])?;
        assert_eq!(list.ndcg(1), Err(Undefined::NoRelevantItem));
        let list = RankedList::new(&[0.9_f32, 0.5], &[0.0, 1.0], &[])?;
        assert_eq!(list.recall(0), Err(Undefined::Zero { what: "k" }));
        // Retrieved nothing of what is relevant: 0, not undefined.
        let list = RankedList::new(&[0.9_f32], &[0.0], &[1.0])?;
        assert_eq!((list.ndcg(1), list.reciprocal_rank()), (Ok(0.0), Ok(0.0)));
        Ok(())
    }

    #[test]
    fn bad_input_is_refused() {
        assert_eq!(
            RankedList::new(&[0.9_f32], &[-1.0], &[]),
            Err(Error::Negative { what: "gain", row: 1, value: -1.0 })
        );
        assert!(matches!(RankedList::new(&[0.1_f32], &[], &[]), Err(Error::UnequalLengths { .. })));
        assert_eq!(RankedList::new::<f32>(&[], &[], &[]), Err(Error::Empty { what: "ranked list" }));
        assert!(matches!(RankedList::new(&[f64::INFINITY], &[0.0], &[]), Err(Error::NotFinite { row: 1, .. })));
    }
}
