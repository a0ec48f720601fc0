//! GAUC: ROC AUC within each user (or session, or query), averaged over users.
//!
//! ```text
//! impression-weighted   Σ_u n_u AUC_u / Σ_u n_u        n_u = Σ w_i of the user's rows
//! click-weighted        Σ_u c_u AUC_u / Σ_u c_u        c_u = Σ w_i y_i
//! unweighted            Σ_u AUC_u / number of users
//! ```
//!
//! over the users who have rows of both labels; a user of a single class has no AUC, is skipped and counted. Within a
//! user the order of items is what a ranker decides, whereas plain AUC also rewards knowing which users click at all.
//!
//! O(n log n), without a hash per row: groups come as codes, rows are counted into place by group and class, and each
//! group is sorted. Reference: Zhou et al., "Deep interest network for click-through rate prediction", KDD 2018
//! (impression-weighted).
//!
//! ```
//! use slatewise_eval::{Predictions, prediction::grouped_auc};
//!
//! // User 0 is in order, user 1 in reverse, user 2 clicks on everything.
//! let (scores, labels) = ([0.9_f32, 0.1, 0.2, 0.6, 0.7, 0.8], [true, false, true, false, false, true]);
//! let gauc = grouped_auc(&Predictions::new(&scores, &labels)?, &[0, 0, 1, 1, 1, 2], 3)?;
//! assert_eq!(gauc.unweighted(), Ok(0.5));
//! assert_eq!(gauc.impression_weighted(), Ok(0.4));
//! assert_eq!((gauc.used(), gauc.skipped()), (2, 1));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use super::predictions::Predictions;
use super::roc_auc::auc_of;
use super::score::{Score, Truth};
use super::sorted_scores::{Counted, Entry, Weighted, pairs_won_twice};
use crate::error::{Error, Metric, Undefined};
use crate::exact_sum::ExactSum;

/// ROC AUC per group.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupedAuc {
    groups: Vec<GroupAuc>,
}

/// One group of [`GroupedAuc`].
#[derive(Debug, Clone, PartialEq)]
pub struct GroupAuc {
    /// Rows of positive weight.
    pub rows: usize,
    /// Their weight; their number without weights.
    pub weight: f64,
    /// Weight of those with label 1.
    pub positive_weight: f64,
    /// ROC AUC within the group, in [0, 1]; undefined where a class is absent.
    pub auc: Metric,
}

/// ROC AUC within each group.
///
/// # Shapes
/// `group`: one code per row, below `groups`, the number of groups.
///
/// # Errors
/// Another number of codes than rows, a code that is not below `groups`.
pub fn grouped_auc<S: Score, T: Truth>(
    predictions: &Predictions<'_, S, T>,
    group: &[u32],
    groups: usize,
) -> Result<GroupedAuc, Error> {
    if group.len() != predictions.len() {
        let (left_len, right_len) = (predictions.len(), group.len());
        return Err(Error::UnequalLengths { left: "score", left_len, right: "group", right_len });
    }
    if let Some(row) = group.iter().position(|&code| code as usize >= groups) {
        return Err(Error::UnknownGroup { row: row + 1, group: group[row] as usize, groups });
    }
    let groups = if predictions.is_weighted() {
        let rows = || predictions.rows().zip(group).filter(|(row, _)| row.weight > 0.0);
        by_group(groups, || {
            rows().map(|(row, &code)| (code, row.outcome > 0.0, Weighted::<S::Key>::new(row.score.key(), row.weight)))
        })
    } else {
        by_group(groups, || {
            let rows = predictions.labelled().zip(group);
            rows.map(|((score, happened), &code)| (code, happened, Counted::<S::Key>::new(score.key(), 1.0)))
        })
    };
    Ok(GroupedAuc { groups })
}

/// Counts the rows into cells, positives before negatives in each group, and sorts each cell.
fn by_group<E: Entry, I: Iterator<Item = (u32, bool, E)>>(groups: usize, rows: impl Fn() -> I) -> Vec<GroupAuc> {
    let cell = |code: u32, positive: bool| 2 * code as usize + usize::from(!positive);
    // The end of each cell, later the place of its next row.
    let mut place = vec![0_usize; 2 * groups];
    rows().for_each(|(code, positive, _)| place[cell(code, positive)] += 1);
    let mut total = 0;
    for count in &mut place {
        total += std::mem::replace(count, total);
    }
    let mut sorted = vec![E::default(); total];
    rows().for_each(|(code, positive, row)| {
        let place = &mut place[cell(code, positive)];
        sorted[*place] = row;
        *place += 1;
    });
    let mut start = 0;
    place
        .chunks_exact(2)
        .map(|ends| {
            let (positives, negatives) = sorted[start..ends[1]].split_at_mut(ends[0] - start);
            start = ends[1];
            positives.sort_unstable();
            negatives.sort_unstable();
            group_auc(positives, negatives)
        })
        .collect()
}

fn group_auc<E: Entry>(positives: &[E], negatives: &[E]) -> GroupAuc {
    let (positive, negative) = (E::total(positives), E::total(negatives));
    GroupAuc {
        rows: positives.len() + negatives.len(),
        weight: positive + negative,
        positive_weight: positive,
        auc: auc_of(pairs_won_twice((positives, negatives)), (positive, negative)),
    }
}

impl GroupedAuc {
    /// Every group, in the order of its code; one without rows has an undefined AUC and 0 rows.
    pub fn groups(&self) -> &[GroupAuc] {
        &self.groups
    }

    /// Number of groups that have an AUC.
    pub fn used(&self) -> usize {
        self.groups.iter().filter(|group| group.auc.is_ok()).count()
    }

    /// Number of groups that have rows, but of a single class.
    pub fn skipped(&self) -> usize {
        self.groups.iter().filter(|group| group.rows > 0 && group.auc.is_err()).count()
    }

    /// Mean over groups, each counting as its rows do, in [0, 1].
    ///
    /// # Errors
    /// Undefined when no group has rows of both labels.
    pub fn impression_weighted(&self) -> Metric {
        self.mean(|group| group.weight)
    }

    /// Mean over groups, each counting as its positive rows do, in [0, 1].
    ///
    /// # Errors
    /// As [`Self::impression_weighted`].
    pub fn click_weighted(&self) -> Metric {
        self.mean(|group| group.positive_weight)
    }

    /// Mean over groups, each counting the same, in [0, 1].
    ///
    /// # Errors
    /// As [`Self::impression_weighted`].
    pub fn unweighted(&self) -> Metric {
        self.mean(|_| 1.0)
    }

    fn mean(&self, weight: impl Fn(&GroupAuc) -> f64) -> Metric {
        // Codes may follow the order of rows, so not even the groups' order may matter.
        let (mut sum, mut total) = (ExactSum::default(), ExactSum::default());
        for group in &self.groups {
            if let Ok(auc) = group.auc {
                sum.add(weight(group) * auc);
                total.add(weight(group));
            }
        }
        let total = total.value();
        if total > 0.0 { Ok(sum.value() / total) } else { Err(Undefined::NoMixedGroup) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_weights_enter_twice() -> Result<(), Error> {
        // User 0: positive .9 (weight 2) above negative .1 (weight 1); user 1: positive .2 and negative .6 (weight 3
        // each).
        let predictions = Predictions::new(&[0.9_f64, 0.1, 0.2, 0.6, 0.5], &[1_u8, 0, 1, 0, 1])?;
        let weights = [2.0, 1.0, 3.0, 3.0, 0.0];
        let gauc = grouped_auc(&predictions.with_weights(&weights)?, &[0, 0, 1, 1, 2], 3)?;
        assert_eq!(gauc.impression_weighted(), Ok(3.0 / 9.0));
        assert_eq!(gauc.click_weighted(), Ok(2.0 / 5.0));
        // The only row of user 2 is masked: neither used nor skipped.
        assert_eq!((gauc.used(), gauc.skipped(), gauc.groups()[2].rows), (2, 0, 0));
        Ok(())
    }

    #[test]
    fn single_class_users_are_skipped_and_codes_checked() -> Result<(), Error> {
        let predictions = Predictions::new(&[0.9_f32, 0.1, 0.2], &[true, true, false])?;
        let gauc = grouped_auc(&predictions, &[0, 0, 1], 2)?;
        assert_eq!(gauc.impression_weighted(), Err(Undefined::NoMixedGroup));
        assert_eq!((gauc.used(), gauc.skipped()), (0, 2));
        assert_eq!(gauc.groups()[0].auc, Err(Undefined::NoNegative));
        let unknown = grouped_auc(&predictions, &[0, 2, 1], 2);
        assert_eq!(unknown, Err(Error::UnknownGroup { row: 2, group: 2, groups: 2 }));
        assert!(matches!(grouped_auc(&predictions, &[0], 2), Err(Error::UnequalLengths { right_len: 1, .. })));
        Ok(())
    }
}
