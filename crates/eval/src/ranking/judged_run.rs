//! `JudgedRun`: the lists of many users joined with what is known to be relevant.
//!
//! ```text
//! run         user item score          judgements   user item relevance
//!             0    5    .9                          0    7    1             user 0: list [5, 7], 9 missing from it
//!             0    7    .4                          0    9    2             user 1: judged, but without a list
//!             2    5    .3                          1    5    1             user 2: a list, but nothing judged
//! ```
//!
//! Users and items are codes that run and judgements share; an item without a judgement is not relevant. Rows may stand
//! in any order. The join sorts both tables by user and item: O(n log n), without a hash per row.
//!
//! ```
//! use slatewise_eval::ranking::{JudgedRun, Judgements, Run, Ties};
//!
//! let run = Run { user: &[0, 0, 2], item: &[5, 7, 5], score: &[0.9, 0.4, 0.3] };
//! let judgements = Judgements { user: &[0, 0, 1], item: &[7, 9, 5], relevance: &[1.0, 2.0, 1.0] };
//! let judged = JudgedRun::new(&run, &judgements, Ties::Expected)?;
//! let summary = judged.summary(&[1, 2])?;
//! assert_eq!((summary.users, summary.users_without_list, judged.users_unjudged), (2, 1, 1));
//! // User 0 finds one of two, user 1 none.
//! assert_eq!(summary.skip.as_ref().map(|means| means.recall[1]), Ok(0.25));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use super::Ties;
use super::ranked_list::RankedList;
use crate::error::Error;
use crate::prediction::check_not_negative;

/// Scored items of many users, one row each.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// Code of the user.
    pub user: &'a [u32],
    /// Code of the item; codes order the items where [`Ties`] asks for it.
    pub item: &'a [u32],
    /// Score, any finite number; the highest stands first.
    pub score: &'a [f64],
}

/// Judged items of many users, one row each.
#[derive(Debug, Clone, Copy)]
pub struct Judgements<'a> {
    /// Code of the user, as in the run.
    pub user: &'a [u32],
    /// Code of the item, as in the run.
    pub item: &'a [u32],
    /// Relevance, ≥ 0; above 0 the item is relevant.
    pub relevance: &'a [f64],
}

/// The list of every judged user.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedRun {
    /// The judged users, ascending by code.
    pub users: Vec<JudgedUser>,
    /// Users of the run without any judgement: they count nowhere.
    pub users_unjudged: usize,
    /// Rows of the run that belong to judged users.
    pub rows_used: usize,
}

/// One user of a [`JudgedRun`].
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedUser {
    /// Code of the user.
    pub user: u32,
    /// The list, empty where the run has none.
    pub list: RankedList,
}

/// A row of either table, for the join.
#[derive(Clone, Copy)]
struct Cell {
    user: u32,
    item: u32,
    row: usize,
}

impl JudgedRun {
    /// Joins a run with its judgements.
    ///
    /// # Errors
    /// An empty table, columns of unequal lengths, a score or relevance that is NaN or infinite, a relevance below 0,
    /// an item that stands twice in a user's list or judgements.
    pub fn new(run: &Run<'_>, judgements: &Judgements<'_>, ties: Ties) -> Result<Self, Error> {
        let scored = sorted_cells("run", run.user, run.item, ("score", run.score))?;
        if let Some(row) = run.score.iter().position(|score| !score.is_finite()) {
            return Err(Error::NotFinite { what: "score", row: row + 1, value: run.score[row] });
        }
        let judged = sorted_cells("judgements", judgements.user, judgements.item, ("relevance", judgements.relevance))?;
        check_not_negative("relevance", judgements.relevance)?;

        let mut result = Self { users: Vec::new(), users_unjudged: 0, rows_used: 0 };
        let mut lists = scored.chunk_by(|a, b| a.user == b.user).peekable();
        for judged in judged.chunk_by(|a, b| a.user == b.user) {
            let user = judged[0].user;
            while lists.next_if(|list| list[0].user < user).is_some() {
                result.users_unjudged += 1;
            }
            let list = lists.next_if(|list| list[0].user == user).unwrap_or_default();
            result.rows_used += list.len();
            let list = joined(list, run.score, judged, judgements.relevance, ties)?;
            result.users.push(JudgedUser { user, list });
        }
        result.users_unjudged += lists.count();
        Ok(result)
    }
}

/// The rows of a table by user, then item; refuses columns that do not fit and pairs that stand twice.
fn sorted_cells(
    what: &'static str,
    user: &[u32],
    item: &[u32],
    (right, values): (&'static str, &[f64]),
) -> Result<Vec<Cell>, Error> {
    for (right, right_len) in [("item", item.len()), (right, values.len())] {
        if user.len() != right_len {
            return Err(Error::UnequalLengths { left: "user", left_len: user.len(), right, right_len });
        }
    }
    if user.is_empty() {
        return Err(Error::Empty { what });
    }
    let pairs = user.iter().zip(item).enumerate();
    let mut cells: Vec<Cell> = pairs.map(|(row, (&user, &item))| Cell { user, item, row }).collect();
    cells.sort_unstable_by_key(|cell| (cell.user, cell.item, cell.row));
    let twice = cells.windows(2).filter(|pair| (pair[0].user, pair[0].item) == (pair[1].user, pair[1].item));
    // The first row of the file that repeats another one, not the first user's.
    match twice.min_by_key(|pair| pair[1].row) {
        Some(pair) => Err(Error::DuplicatePair { what, row: pair[1].row + 1, first: pair[0].row + 1 }),
        None => Ok(cells),
    }
}

/// Joins one user's list with the judgements, both in the order of the items.
fn joined(list: &[Cell], score: &[f64], judged: &[Cell], relevance: &[f64], ties: Ties) -> Result<RankedList, Error> {
    let mut missing = Vec::new();
    let mut judged = judged.iter().peekable();
    let relevances: Vec<f64> = list
        .iter()
        .map(|cell| {
            while let Some(skipped) = judged.next_if(|judged| judged.item < cell.item) {
                missing.push(relevance[skipped.row]);
            }
            judged.next_if(|judged| judged.item == cell.item).map_or(0.0, |judged| relevance[judged.row])
        })
        .collect();
    missing.extend(judged.map(|judged| relevance[judged.row]));
    if list.is_empty() {
        return RankedList::absent(&missing);
    }
    let scores: Vec<f64> = list.iter().map(|cell| score[cell.row]).collect();
    let items: Vec<u32> = list.iter().map(|cell| cell.item).collect();
    RankedList::with_ties(ties, &scores, &items, &relevances, &missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: Run<'_> = Run { user: &[3, 1, 3, 1], item: &[2, 2, 0, 1], score: &[0.5, 0.9, 0.5, 0.1] };

    #[test]
    fn tables_are_joined_whatever_their_order() -> Result<(), Error> {
        let judgements = Judgements { user: &[1, 3, 3, 0], item: &[1, 9, 0, 4], relevance: &[1.0, 2.0, 1.0, 0.0] };
        let judged = JudgedRun::new(&RUN, &judgements, Ties::Expected)?;
        assert_eq!(judged.users.iter().map(|user| user.user).collect::<Vec<_>>(), [0, 1, 3]);
        assert_eq!((judged.users_unjudged, judged.rows_used), (0, 4));
        assert_eq!(judged.users[1].list.reciprocal_rank()?, 0.5);
        // User 3: two tied, one of them relevant, and a better one missing.
        assert_eq!((judged.users[2].list.reciprocal_rank()?, judged.users[2].list.recall(2)?), (0.75, 0.5));
        Ok(())
    }

    #[test]
    fn repeated_pairs_name_both_rows() {
        let judgements = Judgements { user: &[1, 1, 1], item: &[1, 2, 1], relevance: &[1.0, 0.0, 0.0] };
        let error = JudgedRun::new(&RUN, &judgements, Ties::Expected);
        assert_eq!(error, Err(Error::DuplicatePair { what: "judgements", row: 3, first: 1 }));
        let run = Run { user: &[1, 1], item: &[1, 1], score: &[0.5, 0.4] };
        let error = JudgedRun::new(&run, &judgements, Ties::Expected);
        assert_eq!(error, Err(Error::DuplicatePair { what: "run", row: 2, first: 1 }));
    }

    #[test]
    fn bad_values_are_refused_by_their_row_in_the_table() {
        let judgements = Judgements { user: &[1, 0], item: &[1, 2], relevance: &[1.0, -1.0] };
        let error = JudgedRun::new(&RUN, &judgements, Ties::Expected);
        assert_eq!(error, Err(Error::Negative { what: "relevance", row: 2, value: -1.0 }));
        let run = Run { score: &[0.5, f64::INFINITY, 0.5, 0.1], ..RUN };
        let error = JudgedRun::new(&run, &judgements, Ties::Expected);
        assert_eq!(error, Err(Error::NotFinite { what: "score", row: 2, value: f64::INFINITY }));
        let none = Judgements { user: &[], item: &[], relevance: &[] };
        assert_eq!(JudgedRun::new(&RUN, &none, Ties::Expected), Err(Error::Empty { what: "judgements" }));
    }
}
