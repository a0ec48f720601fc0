//! The metrics of a [`RankedList`].
//!
//! ```text
//! DCG@k       = Σ_{r ≤ k} E[gain at place r] / log2(1 + r)       gain = relevance, or 2^relevance − 1 (exponential)
//! NDCG@k      = DCG@k / DCG@k of the best order
//! precision@k = E[relevant in the first k] / k
//! recall@k    = E[relevant in the first k] / relevant in all
//! HR@k        = P(one of the first k is relevant)
//! MRR@k       = E[1 / place of the first relevant], 0 beyond k
//! AP@k        = Σ_{r ≤ k} E[ [r relevant] · precision@r ] / R    R = relevant in all (trec_eval's map_cut_k), or min(k, that)
//! ```
//!
//! E is over the orders of tied items: see the module's documentation, also for the other policy. At the j-th place of
//! a block of s items, m of them relevant, below a items, R of them relevant, the expected [relevant] · precision is
//!
//! ```text
//! m/s · ( R + 1 + (j − 1)(m − 1)/(s − 1) ) / (a + j)
//! ```
//!
//! References: Järvelin & Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 20 (2002) for the linear
//! gain; Burges et al., "Learning to rank using gradient descent", ICML 2005 for the exponential one; ties: McSherry &
//! Najork, ECIR 2008.
//!
//! ```
//! use slatewise_eval::ranking::RankedList;
//!
//! // Miss, hit (relevance 1); one of relevance 2 was never retrieved.
//! let list = RankedList::new(&[0.9_f32, 0.8], &[0.0, 1.0], &[2.0])?;
//! assert_eq!(list.average_precision(2)?, 0.5 / 2.0);
//! let (first, second) = (1.0, 1.0 / 3.0_f64.log2());
//! assert_eq!(list.ndcg(2)?, second / (2.0 * first + second));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use super::ranked_list::{Block, RankedList, exponential_gain};
use crate::error::Metric;

impl RankedList {
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

    /// Share of the first `k` places that hold a relevant item, in [0, 1]. A shorter list leaves the rest of the places
    /// empty.
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
        Ok(self.relevant_within(k) / self.ideal().len() as f64)
    }

    /// Normalised discounted cumulative gain of the first `k` places, the gain of an item being its relevance, in [0,
    /// 1].
    ///
    /// # Errors
    /// Undefined when `k` is 0 or no item is relevant.
    pub fn ndcg(&self, k: usize) -> Metric {
        self.gain_ratio(k, |block| block.gain, |relevance| relevance)
    }

    /// Normalised discounted cumulative gain of the first `k` places, the gain of an item being 2^relevance − 1, in [0,
    /// 1].
    ///
    /// # Errors
    /// Undefined when `k` is 0 or no item is relevant.
    pub fn ndcg_exponential(&self, k: usize) -> Metric {
        self.gain_ratio(k, |block| block.exponential_gain, exponential_gain(self.ideal()))
    }

    /// Mean precision at the places of the relevant items, those beyond place `k` counting 0, in [0, 1]: trec_eval's
    /// `map_cut_k`.
    ///
    /// # Errors
    /// Undefined when `k` is 0 or no item is relevant.
    pub fn average_precision(&self, k: usize) -> Metric {
        self.check(k)?;
        Ok(self.precision_at_relevant(k) / self.ideal().len() as f64)
    }

    /// The same over the most that the first `k` places could hold, min(k, relevant items), in [0, 1]: a perfect first
    /// `k` earns 1.
    ///
    /// # Errors
    /// Undefined when `k` is 0 or no item is relevant.
    pub fn average_precision_of_best(&self, k: usize) -> Metric {
        self.check(k)?;
        Ok(self.precision_at_relevant(k) / self.ideal().len().min(k) as f64)
    }

    /// Expected discounted gain of the first `k` places over that of the best order.
    fn gain_ratio(&self, k: usize, of_block: impl Fn(&Block) -> f64, of_item: impl Fn(f64) -> f64) -> Metric {
        self.check(k)?;
        let mut gained = 0.0;
        for (above, block) in self.blocks_within(k) {
            let places = block.size.min(k - above);
            let discounts: f64 = (above..above + places).map(discount).sum();
            gained += of_block(&block) / block.size as f64 * discounts;
        }
        let best: f64 =
            self.ideal().iter().take(k).enumerate().map(|(above, &item)| of_item(item) * discount(above)).sum();
        // Rounding must not lift a perfect list above 1.
        Ok((gained / best).min(1.0))
    }

    /// Expected sum of the precisions at the relevant items' places, up to place `k`.
    fn precision_at_relevant(&self, k: usize) -> f64 {
        let (mut sum, mut relevant_above) = (0.0, 0.0);
        for (above, block) in self.blocks_within(k) {
            let (size, relevant) = (block.size as f64, block.relevant as f64);
            // Expected number of relevant items at another place of the block, given that this place holds one.
            let companion = if block.size > 1 { (relevant - 1.0) / (size - 1.0) } else { 0.0 };
            for passed in 0..block.size.min(k - above) {
                let relevant_here = relevant_above + 1.0 + passed as f64 * companion;
                sum += relevant / size * relevant_here / (above + passed + 1) as f64;
            }
            relevant_above += relevant;
        }
        sum
    }

    /// Expected number of relevant items in the first `k` places.
    fn relevant_within(&self, k: usize) -> f64 {
        self.blocks_within(k)
            .map(|(above, block)| block.relevant as f64 * block.size.min(k - above) as f64 / block.size as f64)
            .sum()
    }

    /// Expected value of the first relevant item's place, places beyond `k` being worth 0.
    ///
    /// It stands in the first block that holds `relevant` > 0 of `size` items. Going down that block, a place holds the
    /// first relevant item with probability relevant / (size − places already passed), given that none has been met.
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
    use crate::error::{Error, Undefined};

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
        // Place 2 is relevant with 2/3 and then has precision 1/2; place 3 likewise, (1 + ½·1)/3 on average.
        let precisions = 2.0 / 3.0 * 0.5 + 2.0 / 3.0 * 1.5 / 3.0;
        assert!((list.average_precision(3)? - precisions / 2.0).abs() < 1e-15);
        assert!((list.average_precision_of_best(1)? - 0.0).abs() < 1e-15);
        assert!(list.has_ties_within(2) && !list.has_ties_within(1));
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
    fn the_exponential_gain_stretches_grades_and_does_not_overflow() -> Result<(), Error> {
        // Gains 1 above 3 instead of 3 above 1.
        let list = RankedList::new(&[0.9_f32, 0.5], &[1.0, 2.0], &[])?;
        let second = 1.0 / 3.0_f64.log2();
        assert!((list.ndcg_exponential(2)? - (1.0 + 3.0 * second) / (3.0 + second)).abs() < 1e-15);
        let huge = RankedList::new(&[0.9_f32, 0.5], &[1999.0, 2000.0], &[])?;
        assert!((huge.ndcg_exponential(2)? - (1.0 + 2.0 * second) / (2.0 + second)).abs() < 1e-15);
        Ok(())
    }
}
