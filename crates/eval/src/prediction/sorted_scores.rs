//! `SortedScores`: predictions sorted once, for every metric that goes down the scores.
//!
//! ```text
//! scores, labels, weights        positives  .9 .7 .7 .4         two lists, each in descending order of score
//!                         ─▶     negatives  .8 .7 .2            rows of weight 0 are left out
//!
//! merged, block by block of tied scores:   .9 (1, 0)   .8 (0, 1)   .7 (2, 1)   .4 (1, 0)   .2 (0, 1)
//! ```
//!
//! Without weights a row costs the 4 or 8 bytes of its sort key, with weights 16. Sorting is `sort_unstable` over
//! integers: measured against a radix sort on ten million rows it was as fast on distinct scores and twice as fast on
//! tied ones. Tied rows of a class are in order of their weight, so that no sum depends on the order in which they were
//! passed; threads share the sorting, never a sum.
//!
//! ```
//! use slatewise_eval::{Predictions, prediction::SortedScores};
//!
//! let predictions = Predictions::new(&[0.8_f32, 0.4, 0.4, 0.1], &[true, true, false, false])?;
//! let sorted = SortedScores::new(&predictions);
//! assert_eq!(sorted.roc_auc(), Ok(0.875));
//! assert_eq!(sorted.average_precision(), Ok(0.5 * 1.0 + 0.5 * (2.0 / 3.0)));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use super::predictions::Predictions;
use super::score::{Score, Truth};
use crate::error::Undefined;

/// Rows below which sorting stays on one thread.
const PARALLEL: usize = 1 << 17;

/// The rows that count, by class and in descending order of score.
#[derive(Debug, Clone)]
pub struct SortedScores<S: Score> {
    rows: Rows<S::Key>,
    /// First row (counted from 1) whose score is outside [0, 1], and the score.
    not_probability: Option<(usize, f64)>,
}

#[derive(Debug, Clone)]
enum Rows<K> {
    Counted(Classes<Counted<K>>),
    Weighted(Classes<Weighted<K>>),
}

/// Positives, then negatives, each in descending order of score.
#[derive(Debug, Clone)]
pub(super) struct Classes<E> {
    rows: Vec<E>,
    positives: usize,
}

/// What is sorted: a key (that of the score, its bits flipped, so that ascending keys are descending scores) with its
/// weight.
pub(super) trait Entry: Ord + Copy + Default + Send {
    type Key: Ord + Copy + std::ops::Not<Output = Self::Key>;
    fn new(key: Self::Key, weight: f64) -> Self;
    fn key(&self) -> Self::Key;
    /// The weight of some rows.
    fn total(rows: &[Self]) -> f64;
}

/// A row of weight 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Counted<K>(K);

/// A row with its weight's bits, which sort as positive weights do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Weighted<K>(K, u64);

impl<K: Ord + Copy + Default + Send + std::ops::Not<Output = K>> Entry for Counted<K> {
    type Key = K;

    fn new(key: K, _weight: f64) -> Self {
        Self(!key)
    }

    fn key(&self) -> K {
        self.0
    }

    fn total(rows: &[Self]) -> f64 {
        rows.len() as f64
    }
}

impl<K: Ord + Copy + Default + Send + std::ops::Not<Output = K>> Entry for Weighted<K> {
    type Key = K;

    fn new(key: K, weight: f64) -> Self {
        Self(!key, weight.to_bits())
    }

    fn key(&self) -> K {
        self.0
    }

    fn total(rows: &[Self]) -> f64 {
        rows.iter().map(|row| f64::from_bits(row.1)).sum()
    }
}

/// Rows that share a score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TiedBlock {
    pub(super) score: f64,
    pub(super) positive: f64,
    pub(super) negative: f64,
}

impl<S: Score> SortedScores<S> {
    /// Sorts the rows that count, those of positive weight.
    pub fn new<T: Truth>(predictions: &Predictions<'_, S, T>) -> Self {
        let rows = if predictions.is_weighted() {
            let counted = || predictions.rows().filter(|row| row.weight > 0.0);
            let rows = counted().map(|row| (Weighted::new(row.score.key(), row.weight), row.outcome > 0.0));
            Rows::Weighted(Classes::new(counted().count(), rows))
        } else {
            let rows = predictions.labelled().map(|(score, happened)| (Counted::new(score.key(), 1.0), happened));
            Rows::Counted(Classes::new(predictions.len(), rows))
        };
        Self { rows, not_probability: predictions.not_probability() }
    }

    /// Rows that count: those of positive weight.
    pub fn rows(&self) -> usize {
        match &self.rows {
            Rows::Counted(classes) => classes.rows.len(),
            Rows::Weighted(classes) => classes.rows.len(),
        }
    }

    /// Rows that count and have label 1.
    pub fn positives(&self) -> usize {
        match &self.rows {
            Rows::Counted(classes) => classes.positives,
            Rows::Weighted(classes) => classes.positives,
        }
    }

    /// Weights of positives and of negatives.
    pub(super) fn class_weights(&self) -> (f64, f64) {
        match &self.rows {
            Rows::Counted(classes) => classes.weights(),
            Rows::Weighted(classes) => classes.weights(),
        }
    }

    /// Weighted pairs of a positive and a negative that the score puts in the right order, a tie counting one half;
    /// times two.
    pub(super) fn pairs_won_twice(&self) -> f64 {
        match &self.rows {
            Rows::Counted(classes) => pairs_won_twice(classes.split()),
            Rows::Weighted(classes) => pairs_won_twice(classes.split()),
        }
    }

    /// Goes down the scores of positives: their weight, that of the negatives above and that of the negatives beside
    /// them.
    pub(super) fn each_positive_block(&self, visit: impl FnMut(f64, f64, f64)) {
        match &self.rows {
            Rows::Counted(classes) => each_block_of(classes.split(), visit),
            Rows::Weighted(classes) => each_block_of(classes.split(), visit),
        }
    }

    /// Goes up the distinct scores.
    pub(super) fn each_block_ascending(&self, visit: impl FnMut(TiedBlock)) {
        let score = |key: S::Key| S::from_key(!key).value();
        match &self.rows {
            Rows::Counted(classes) => classes.each_block_ascending(score, visit),
            Rows::Weighted(classes) => classes.each_block_ascending(score, visit),
        }
    }

    /// Refuses scores outside [0, 1].
    pub(super) fn require_probabilities(&self) -> Result<(), Undefined> {
        match self.not_probability {
            None => Ok(()),
            Some((row, score)) => Err(Undefined::NotProbability { row, score }),
        }
    }
}

impl<E: Entry> Classes<E> {
    /// Parts `len` rows by class, without a branch per row, and sorts each.
    fn new(len: usize, labelled: impl Iterator<Item = (E, bool)>) -> Self {
        let mut rows = vec![E::default(); len];
        let (mut front, mut back) = (0, len);
        for (row, positive) in labelled {
            back -= usize::from(!positive);
            rows[if positive { front } else { back }] = row;
            front += usize::from(positive);
        }
        let (positives, negatives) = rows.split_at_mut(front);
        sort(positives, rayon::current_num_threads());
        sort(negatives, rayon::current_num_threads());
        Self { rows, positives: front }
    }

    fn split(&self) -> (&[E], &[E]) {
        self.rows.split_at(self.positives)
    }

    fn weights(&self) -> (f64, f64) {
        let (positives, negatives) = self.split();
        (E::total(positives), E::total(negatives))
    }

    fn each_block_ascending(&self, score: impl Fn(E::Key) -> f64, mut visit: impl FnMut(TiedBlock)) {
        let (mut positives, mut negatives) = self.split();
        while let Some(key) = positives.last().map(E::key).max(negatives.last().map(E::key)) {
            let positive = take_back(&mut positives, key);
            let negative = take_back(&mut negatives, key);
            visit(TiedBlock { score: score(key), positive, negative });
        }
    }
}

/// See [`SortedScores::pairs_won_twice`].
pub(super) fn pairs_won_twice<E: Entry>((positives, negatives): (&[E], &[E])) -> f64 {
    let mut won_twice = 0.0;
    each_block_of((negatives, positives), |negative, above, beside| won_twice += negative * (2.0 * above + beside));
    won_twice
}

/// Goes down the distinct scores of one class: its weight there, and the other class's weight above and beside.
fn each_block_of<E: Entry>((rows, mut others): (&[E], &[E]), mut visit: impl FnMut(f64, f64, f64)) {
    let mut above = 0.0;
    for tied in rows.chunk_by(|a, b| a.key() == b.key()) {
        let key = tied[0].key();
        above += take_front(&mut others, |other| other < key);
        let beside = take_front(&mut others, |other| other == key);
        visit(E::total(tied), above, beside);
        above += beside;
    }
}

/// Takes the leading rows whose key passes, and returns their weight.
fn take_front<E: Entry>(rows: &mut &[E], passes: impl Fn(E::Key) -> bool) -> f64 {
    let len = rows.iter().position(|row| !passes(row.key())).unwrap_or(rows.len());
    let (taken, rest) = rows.split_at(len);
    *rows = rest;
    E::total(taken)
}

/// Takes the trailing rows that have a key, and returns their weight.
fn take_back<E: Entry>(rows: &mut &[E], key: E::Key) -> f64 {
    let len = rows.iter().rposition(|row| row.key() != key).map_or(0, |last| last + 1);
    let (rest, taken) = rows.split_at(len);
    *rows = rest;
    E::total(taken)
}

/// Sorts, on some threads if that pays. The result is the same on any number of them: equal entries cannot be told
/// apart.
fn sort<E: Ord + Send>(rows: &mut [E], threads: usize) {
    if threads < 2 || rows.len() < PARALLEL {
        rows.sort_unstable();
        return;
    }
    let middle = rows.len() / 2;
    rows.select_nth_unstable(middle);
    let (left, right) = rows.split_at_mut(middle);
    rayon::join(|| sort(left, threads / 2), || sort(right, threads - threads / 2));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn blocks_go_up_the_distinct_scores() -> Result<(), Error> {
        let (scores, labels) = ([0.7_f64, 0.9, 0.4, 0.7, 0.8, 0.7, 0.2], [1_u8, 1, 1, 1, 0, 0, 0]);
        let predictions = Predictions::new(&scores, &labels)?;
        let mut blocks = Vec::new();
        SortedScores::new(&predictions)
            .each_block_ascending(|block| blocks.push((block.score, block.positive, block.negative)));
        assert_eq!(blocks, [(0.2, 0.0, 1.0), (0.4, 1.0, 0.0), (0.7, 2.0, 1.0), (0.8, 0.0, 1.0), (0.9, 1.0, 0.0)]);
        let weighted = predictions.with_weights(&[2.0, 1.0, 0.0, 1.0, 1.0, 3.0, 1.0])?;
        let sorted = SortedScores::new(&weighted);
        blocks.clear();
        sorted.each_block_ascending(|block| blocks.push((block.score, block.positive, block.negative)));
        assert_eq!(blocks, [(0.2, 0.0, 1.0), (0.7, 3.0, 3.0), (0.8, 0.0, 1.0), (0.9, 1.0, 0.0)]);
        assert_eq!((sorted.rows(), sorted.positives(), sorted.class_weights()), (6, 3, (4.0, 5.0)));
        Ok(())
    }

    #[test]
    fn threads_do_not_change_the_order() {
        let mut rows: Vec<u32> = (0..PARALLEL as u32 + 7).map(|row| row.wrapping_mul(2_654_435_761) >> 13).collect();
        let mut alone = rows.clone();
        sort(&mut rows, 3);
        sort(&mut alone, 1);
        assert!(rows == alone);
    }
}
