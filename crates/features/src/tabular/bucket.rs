//! `Cuts`: a number → the bucket that it falls into.
//!
//! ```text
//! cuts 18, 30, 65:   missing → row 0    x < 18 → row 1    18 ≤ x < 30 → row 2    …    65 ≤ x → row 4
//! ```
//!
//! Fitted cuts stand at equal shares of the train rows; a value so common that several cuts fall on it keeps one.

use serde::{Deserialize, Serialize};

use super::exact::Exact;
use super::number::Unfit;
use super::quantile::Sample;

/// Cuts, strictly ascending.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Cuts(Vec<Exact>);

impl Cuts {
    /// Declared cuts, which ascend.
    pub(super) fn declared(cuts: &[f64]) -> Self {
        Self(cuts.iter().map(|&cut| Exact(cut)).collect())
    }

    /// `count` cuts at equal shares of the numbers seen.
    pub(super) fn fit(sample: &Sample, count: u32) -> Self {
        let sorted = sample.sorted();
        let last = sorted.len().saturating_sub(1);
        let cut = |i: u32| sorted.get((u64::from(i) * sorted.len() as u64 / u64::from(count + 1)) as usize);
        let mut cuts: Vec<Exact> = (1..=count).filter_map(cut).map(|&cut| Exact(cut)).collect();
        cuts.dedup();
        // Nothing lies below the least number, so a cut on it would only move the rows.
        if last > 0 && cuts.len() > 1 && cuts.first().is_some_and(|cut| cut.0 == sorted[0]) {
            cuts.remove(0);
        }
        Self(cuts)
    }

    /// Row of a number; NaN is a missing one.
    pub(super) fn row(&self, x: f64) -> Result<u32, Unfit> {
        if x.is_infinite() {
            return Err(("it is infinite", "write a finite number, or leave the cell empty"));
        }
        Ok(if x.is_nan() { 0 } else { 1 + self.0.partition_point(|cut| cut.0 <= x) as u32 })
    }

    /// Number of rows, with row 0.
    pub(super) fn count(&self) -> usize {
        self.0.len() + 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_equal_to_a_cut_stands_above_it() {
        let cuts = Cuts::declared(&[18.0, 30.0, 65.0]);
        let rows = [f64::NAN, -1e300, 17.9, 18.0, 29.0, 30.0, 65.0, 1e300].map(|x| cuts.row(x));
        assert_eq!(rows, [0, 1, 1, 2, 2, 3, 4, 4].map(Ok));
        assert_eq!(cuts.count(), 5);
        assert!(cuts.row(f64::INFINITY).is_err());
    }

    fn fitted(numbers: &[f64], count: u32) -> Vec<f64> {
        let mut sample = Sample::default();
        numbers.iter().for_each(|&x| sample.push(x));
        Cuts::fit(&sample, count).0.iter().map(|cut| cut.0).collect()
    }

    #[test]
    fn fitted_cuts_stand_at_equal_shares_and_ties_count_once() {
        let numbers: Vec<f64> = (0..100).rev().map(f64::from).collect();
        assert_eq!(fitted(&numbers, 3), [25.0, 50.0, 75.0]);
        // Nine in ten are 0: the one cut above it is what is left.
        let tail: Vec<f64> = (0..100).map(|i| if i < 90 { 0.0 } else { f64::from(i) }).collect();
        assert_eq!(fitted(&tail, 19), [90.0, 95.0]);
        assert_eq!(fitted(&[3.0; 5], 4), [3.0]);
    }
}
