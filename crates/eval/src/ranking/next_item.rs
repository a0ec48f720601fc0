//! `NextItemEvaluation`: HR@k, NDCG@k and MRR of next-item predictions, gathered transition by transition.
//!
//! ```text
//! session 7   push(scores over all items, item that came next)  → rank → per k: hit, ndcg; reciprocal rank
//! session 7   push(...)
//! session 9   push(...)                 over transitions: every push counts the same
//!                                       over sessions:    every session counts the same (mean of its own mean)
//! ```
//!
//! The mean over transitions is dominated by long sessions; the mean over sessions says what a typical visitor sees. Both are reported.
//! Pushes may come in any order of sessions.
//!
//! ```
//! use slatewise_eval::ranking::NextItemEvaluation;
//!
//! let mut evaluation = NextItemEvaluation::new(&[1, 2])?;
//! evaluation.push(7, &[0.1_f32, 0.7, 0.2], 1)?; // first
//! evaluation.push(7, &[0.1_f32, 0.7, 0.2], 2)?; // second
//! evaluation.push(9, &[0.1_f32, 0.7, 0.2], 0)?; // third
//! let summary = evaluation.summary()?;
//! assert_eq!(summary.over_transitions.hit_rate, [1.0 / 3.0, 2.0 / 3.0]);
//! assert_eq!(summary.over_sessions.hit_rate, [0.25, 0.5]);
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use std::collections::BTreeMap;

use serde::Serialize;

use super::target_rank::TargetRank;
use crate::error::{Error, Undefined};
use crate::prediction::Score;

/// Sums of the metrics, per session.
#[derive(Debug, Clone, PartialEq)]
pub struct NextItemEvaluation {
    cutoffs: Vec<usize>,
    sessions: BTreeMap<u64, (usize, NextItemValues)>,
    transitions: usize,
}

/// The metrics, all in [0, 1].
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct NextItemValues {
    /// HR@k per cut-off.
    pub hit_rate: Vec<f64>,
    /// NDCG@k per cut-off.
    pub ndcg: Vec<f64>,
    /// MRR@k per cut-off.
    pub mrr_at: Vec<f64>,
    /// MRR over all places.
    pub mrr: f64,
}

/// What [`NextItemEvaluation`] found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NextItemSummary {
    /// The cut-offs k, as passed.
    pub cutoffs: Vec<usize>,
    /// Number of transitions judged.
    pub transitions: usize,
    /// Number of sessions they belong to.
    pub sessions: usize,
    /// Mean over transitions.
    pub over_transitions: NextItemValues,
    /// Mean over sessions of the session's mean.
    pub over_sessions: NextItemValues,
}

impl NextItemEvaluation {
    /// Starts an evaluation at some cut-offs.
    ///
    /// # Errors
    /// No cut-offs, or one that is 0.
    pub fn new(cutoffs: &[usize]) -> Result<Self, Error> {
        if cutoffs.is_empty() {
            return Err(Error::Empty { what: "cut-offs k" });
        }
        if cutoffs.contains(&0) {
            return Err(Undefined::Zero { what: "a cut-off k" }.into());
        }
        Ok(Self { cutoffs: cutoffs.to_vec(), sessions: BTreeMap::new(), transitions: 0 })
    }

    /// Judges one transition: scores of all candidates against the item that came next.
    ///
    /// # Shapes
    /// `scores`: one per catalogue item; `target` is an index into it.
    ///
    /// # Errors
    /// As [`TargetRank::of`], the row of an unknown target being the transition's number.
    pub fn push<S: Score + PartialOrd>(
        &mut self,
        session: u64,
        scores: &[S],
        target: usize,
    ) -> Result<TargetRank, Error> {
        let rank = TargetRank::of(target, scores).map_err(|error| match error {
            Error::UnknownItem { what, item, items, .. } => {
                Error::UnknownItem { what, row: self.transitions + 1, item, items }
            }
            other => other,
        })?;
        self.push_rank(session, rank);
        Ok(rank)
    }

    /// Adds a transition whose rank is known.
    pub fn push_rank(&mut self, session: u64, rank: TargetRank) {
        let cutoffs = &self.cutoffs;
        let (count, sums) = self.sessions.entry(session).or_insert_with(|| (0, NextItemValues::zeros(cutoffs.len())));
        for (index, &k) in cutoffs.iter().enumerate() {
            sums.hit_rate[index] += rank.hit_rate(k);
            sums.ndcg[index] += rank.ndcg(k);
            sums.mrr_at[index] += rank.reciprocal_rank_at(k);
        }
        sums.mrr += rank.reciprocal_rank();
        *count += 1;
        self.transitions += 1;
    }

    /// The means of each session, in ascending order of session: the samples of an interval over sessions.
    pub fn session_means(&self) -> impl Iterator<Item = (u64, NextItemValues)> + '_ {
        self.sessions.iter().map(|(&session, (count, sums))| {
            let mut mean = NextItemValues::zeros(self.cutoffs.len());
            mean.add(sums, 1.0 / *count as f64);
            (session, mean)
        })
    }

    /// The means over transitions and over sessions.
    ///
    /// # Errors
    /// Undefined when nothing was pushed.
    pub fn summary(&self) -> Result<NextItemSummary, Undefined> {
        if self.transitions == 0 {
            return Err(Undefined::NoSample);
        }
        let mut over_transitions = NextItemValues::zeros(self.cutoffs.len());
        for (_, sums) in self.sessions.values() {
            over_transitions.add(sums, 1.0 / self.transitions as f64);
        }
        let mut over_sessions = NextItemValues::zeros(self.cutoffs.len());
        for (_, mean) in self.session_means() {
            over_sessions.add(&mean, 1.0 / self.sessions.len() as f64);
        }
        Ok(NextItemSummary {
            cutoffs: self.cutoffs.clone(),
            transitions: self.transitions,
            sessions: self.sessions.len(),
            over_transitions,
            over_sessions,
        })
    }
}

impl NextItemValues {
    fn zeros(cutoffs: usize) -> Self {
        Self { hit_rate: vec![0.0; cutoffs], ndcg: vec![0.0; cutoffs], mrr_at: vec![0.0; cutoffs], mrr: 0.0 }
    }

    fn add(&mut self, other: &Self, factor: f64) {
        let columns =
            [(&mut self.hit_rate, &other.hit_rate), (&mut self.ndcg, &other.ndcg), (&mut self.mrr_at, &other.mrr_at)];
        for (sums, values) in columns {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += factor * value;
            }
        }
        self.mrr += factor * other.mrr;
    }
}

impl NextItemSummary {
    /// The position of a cut-off in the per-k vectors.
    pub fn cutoff(&self, k: usize) -> Option<usize> {
        self.cutoffs.iter().position(|&cutoff| cutoff == k)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_pushed_has_no_mean_and_zero_is_no_cutoff() -> Result<(), Error> {
        assert_eq!(NextItemEvaluation::new(&[10])?.summary(), Err(Undefined::NoSample));
        assert!(NextItemEvaluation::new(&[10, 0]).is_err());
        assert!(NextItemEvaluation::new(&[]).is_err());
        Ok(())
    }

    #[test]
    fn an_unknown_target_names_the_transition() -> Result<(), Error> {
        let mut evaluation = NextItemEvaluation::new(&[1])?;
        evaluation.push(0, &[0.5_f32, 0.1], 0)?;
        let error = evaluation.push(0, &[0.5_f32, 0.1], 2);
        assert_eq!(error, Err(Error::UnknownItem { what: "target", row: 2, item: 2, items: 2 }));
        assert_eq!(evaluation.summary()?.transitions, 1);
        Ok(())
    }

    #[test]
    fn sessions_may_be_interleaved() -> Result<(), Error> {
        let (first, second) = (TargetRank { better: 0, tied: 1 }, TargetRank { better: 1, tied: 1 });
        let mut evaluation = NextItemEvaluation::new(&[10])?;
        for (session, rank) in [(1, first), (2, second), (1, second)] {
            evaluation.push_rank(session, rank);
        }
        let summary = evaluation.summary()?;
        assert_eq!(summary.over_transitions.mrr, 2.0 / 3.0);
        assert_eq!(summary.over_sessions.mrr, (0.75 + 0.5) / 2.0);
        assert_eq!((summary.cutoff(10), summary.cutoff(5)), (Some(0), None));
        Ok(())
    }
}
