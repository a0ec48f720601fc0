//! `RankingSummary`: the metrics of a judged run at several k, averaged over users.
//!
//! ```text
//! mean over the users who have relevant items ("skip")        Σ_u metric_u@k / number of them
//! the same with 0 for those who have none ("zero")            Σ_u metric_u@k / number of judged users
//! ```
//!
//! A user without relevant items has no value (what would a perfect list be?). Tools differ in what they do about it,
//! so both means are given; see the module's documentation for who counts.
//!
//! ```
//! use slatewise_eval::ranking::{JudgedRun, Judgements, Run, Ties};
//!
//! let run = Run { user: &[0, 1], item: &[5, 5], score: &[0.9, 0.9] };
//! let judgements = Judgements { user: &[0, 1], item: &[5, 5], relevance: &[1.0, 0.0] };
//! let summary = JudgedRun::new(&run, &judgements, Ties::Expected)?.summary(&[1])?;
//! assert_eq!((summary.skip?.ndcg[0], summary.zero.ndcg[0]), (1.0, 0.5));
//! assert_eq!((summary.users, summary.users_without_relevant), (2, 1));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use super::judged_run::JudgedRun;
use super::ranked_list::RankedList;
use crate::error::{Error, Metric, Undefined};
use crate::exact_sum::ExactSum;

/// The metrics of one list or their means over many, each per cut-off, all in [0, 1].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RankingValues {
    /// NDCG@k, the gain being the relevance.
    pub ndcg: Vec<f64>,
    /// NDCG@k, the gain being 2^relevance − 1.
    pub ndcg_exponential: Vec<f64>,
    /// Recall@k.
    pub recall: Vec<f64>,
    /// Precision@k.
    pub precision: Vec<f64>,
    /// HR@k.
    pub hit_rate: Vec<f64>,
    /// MRR@k.
    pub reciprocal_rank: Vec<f64>,
    /// AP@k over the number of relevant items, as trec_eval's `map_cut_k`.
    pub average_precision: Vec<f64>,
    /// AP@k over min(k, relevant items).
    pub average_precision_of_best: Vec<f64>,
}

/// What [`JudgedRun::summary`] finds.
#[derive(Debug, Clone, PartialEq)]
pub struct RankingSummary {
    /// The cut-offs k, as passed.
    pub cutoffs: Vec<usize>,
    /// Mean over the users who have relevant items; undefined where there are none.
    pub skip: Result<RankingValues, Undefined>,
    /// Mean over all judged users, 0 standing for those without relevant items.
    pub zero: RankingValues,
    /// Judged users.
    pub users: usize,
    /// Judged users who have no relevant item.
    pub users_without_relevant: usize,
    /// Judged users who have relevant items, but no list in the run: they count 0 in both means.
    pub users_without_list: usize,
    /// Lists in which items of equal score reach into the largest k.
    pub lists_with_ties: usize,
}

type OfList = fn(&RankedList, usize) -> Metric;

impl RankingValues {
    /// The metrics in the order of the fields.
    const METRICS: [OfList; 8] = [
        RankedList::ndcg,
        RankedList::ndcg_exponential,
        RankedList::recall,
        RankedList::precision,
        RankedList::hit_rate,
        RankedList::reciprocal_rank_at,
        RankedList::average_precision,
        RankedList::average_precision_of_best,
    ];

    /// The metrics of one list.
    ///
    /// # Errors
    /// Undefined when a cut-off is 0 or no item is relevant.
    pub fn of(list: &RankedList, cutoffs: &[usize]) -> Result<Self, Undefined> {
        Self::try_from_fn(|metric| cutoffs.iter().map(|&k| Self::METRICS[metric](list, k)).collect())
    }

    /// The columns under the names that programs know them by, in the order of the fields.
    pub fn named(&self) -> [(&'static str, &[f64]); 8] {
        [
            ("ndcg", &self.ndcg),
            ("ndcg_exp_gain", &self.ndcg_exponential),
            ("recall", &self.recall),
            ("precision", &self.precision),
            ("hit", &self.hit_rate),
            ("mrr", &self.reciprocal_rank),
            ("map_trec", &self.average_precision),
            ("map_min", &self.average_precision_of_best),
        ]
    }

    /// Fills the fields in their order.
    fn try_from_fn<E>(mut column: impl FnMut(usize) -> Result<Vec<f64>, E>) -> Result<Self, E> {
        Ok(Self {
            ndcg: column(0)?,
            ndcg_exponential: column(1)?,
            recall: column(2)?,
            precision: column(3)?,
            hit_rate: column(4)?,
            reciprocal_rank: column(5)?,
            average_precision: column(6)?,
            average_precision_of_best: column(7)?,
        })
    }
}

impl JudgedRun {
    /// The means over users at some cut-offs.
    ///
    /// # Errors
    /// No cut-offs, or one that is 0.
    pub fn summary(&self, cutoffs: &[usize]) -> Result<RankingSummary, Error> {
        let Some(&largest) = cutoffs.iter().max() else { return Err(Error::Empty { what: "cut-offs k" }) };
        if cutoffs.contains(&0) {
            return Err(Undefined::Zero { what: "a cut-off k" }.into());
        }
        let metrics = RankingValues::METRICS;
        // Exact sums: the mean does not depend on how users are numbered.
        let mut sums = vec![ExactSum::default(); metrics.len() * cutoffs.len()];
        let (mut averaged, mut without_list) = (0, 0);
        for list in self.users.iter().map(|user| &user.list).filter(|list| list.has_relevant()) {
            averaged += 1;
            without_list += usize::from(list.is_empty());
            let values = metrics.iter().flat_map(|metric| cutoffs.iter().map(|&k| metric(list, k)));
            for (sum, value) in sums.iter_mut().zip(values) {
                sum.add(value?);
            }
        }
        let mean = |users: usize| {
            let column = |sums: &[ExactSum]| sums.iter().map(|sum| sum.value() / users as f64).collect();
            RankingValues::try_from_fn(|metric| Ok(column(&sums[metric * cutoffs.len()..][..cutoffs.len()])))
        };
        Ok(RankingSummary {
            cutoffs: cutoffs.to_vec(),
            skip: if averaged > 0 { mean(averaged) } else { Err(Undefined::NoRelevantItem) },
            zero: mean(self.users.len())?,
            users: self.users.len(),
            users_without_relevant: self.users.len() - averaged,
            users_without_list: without_list,
            lists_with_ties: self.users.iter().filter(|user| user.list.has_ties_within(largest)).count(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Judgements, Run, Ties};
    use super::*;

    fn judged() -> Result<JudgedRun, Error> {
        // User 0: hit at place 2 of 2; user 1: nothing relevant; user 2: relevant, but no list; user 3: not judged.
        let run = Run { user: &[0, 0, 1, 1, 3], item: &[1, 2, 1, 2, 1], score: &[0.9, 0.5, 0.5, 0.5, 0.1] };
        let judgements = Judgements { user: &[0, 1, 2], item: &[2, 1, 1], relevance: &[1.0, 0.0, 1.0] };
        JudgedRun::new(&run, &judgements, Ties::Expected)
    }

    #[test]
    fn every_kind_of_user_is_counted() -> Result<(), Error> {
        let run = judged()?;
        let summary = run.summary(&[1, 2])?;
        assert_eq!((summary.users, summary.users_without_relevant, summary.users_without_list), (3, 1, 1));
        assert_eq!((run.users_unjudged, run.rows_used, summary.lists_with_ties), (1, 4, 1));
        assert_eq!(summary.skip?.reciprocal_rank, [0.0, 0.25]);
        assert_eq!(summary.zero.reciprocal_rank, [0.0, 0.5 / 3.0]);
        assert_eq!(summary.zero.named()[7], ("map_min", [0.0, 0.5 / 3.0].as_slice()));
        Ok(())
    }

    #[test]
    fn cutoffs_are_checked_and_nobody_relevant_has_no_mean() -> Result<(), Error> {
        assert_eq!(judged()?.summary(&[]), Err(Error::Empty { what: "cut-offs k" }));
        assert_eq!(judged()?.summary(&[1, 0]), Err(Undefined::Zero { what: "a cut-off k" }.into()));
        let run = Run { user: &[0], item: &[1], score: &[0.9] };
        let judgements = Judgements { user: &[0], item: &[1], relevance: &[0.0] };
        let summary = JudgedRun::new(&run, &judgements, Ties::Expected)?.summary(&[1])?;
        assert_eq!((summary.skip, summary.zero.ndcg), (Err(Undefined::NoRelevantItem), vec![0.0]));
        Ok(())
    }
}
