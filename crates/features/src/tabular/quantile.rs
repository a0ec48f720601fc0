//! Quantile transform: where a number stands among those of the train rows.
//!
//! ```text
//! p(x) = share of the train numbers below x      linear between cuts; ties stand in the middle of theirs
//! z(x) = √12 (p(x) − 1/2)                        in [−√3, √3]; of mean 0 and deviation 1 where p is uniform
//! ```
//!
//! The cuts are 1,001 quantiles at most, of a sample of 131,072 numbers at most (standard error of p: 0.0014 at
//! most), so fitting needs bounded memory.
//!
//! # Reference
//! Ties as in scikit-learn's `QuantileTransformer`: the mean of the ranks from the left and from the right. The sample
//! is that of J. S. Vitter 1985, *Random Sampling with a Reservoir*, ACM TOMS 11(1), algorithm R, its draws being
//! hashes of the row numbers.

use serde::{Deserialize, Serialize};

use super::exact::Exact;
use super::hash::of_row;

const MOST_CUTS: usize = 1001;
const SAMPLE: usize = 1 << 17;
/// Of the draws, so that they are not those of any held-out share in use.
const SEED: u64 = 0x5175_616e_7469_6c65;

/// The cuts, ascending.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Quantiles(Vec<Exact>);

/// A uniform sample of the numbers seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Sample {
    numbers: Vec<f64>,
    seen: u64,
}

impl Sample {
    pub(super) fn push(&mut self, x: f64) {
        self.seen += 1;
        if self.numbers.len() < SAMPLE {
            self.numbers.push(x);
        } else if let Some(kept) = self.numbers.get_mut((of_row(self.seen, SEED) % self.seen) as usize) {
            *kept = x;
        }
    }
}

impl Sample {
    /// The sample in order.
    pub(super) fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.numbers.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted
    }
}

impl Quantiles {
    /// Cuts at equal shares, by linear interpolation of the order statistics (Hyndman and Fan's definition 7).
    pub(super) fn fit(sample: &Sample) -> Self {
        let sorted = sample.sorted();
        let cuts = sorted.len().min(MOST_CUTS);
        let cut = |i: usize| {
            let place = i as f64 / (cuts - 1).max(1) as f64 * (sorted.len() - 1) as f64;
            let (low, share) = (place as usize, place.fract());
            let high = (low + 1).min(sorted.len() - 1);
            Exact(if share == 0.0 { sorted[low] } else { sorted[low] * (1.0 - share) + sorted[high] * share })
        };
        let mut cuts: Vec<Exact> = (0..cuts).map(cut).collect();
        // Interpolating may round two equal cuts apart, in either order.
        cuts.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        Self(cuts)
    }

    pub(super) fn score(&self, x: f64) -> f64 {
        12.0_f64.sqrt() * (self.share_below(x) - 0.5)
    }

    fn share_below(&self, x: f64) -> f64 {
        let (cuts, last) = (&self.0, self.0.len().saturating_sub(1));
        let (below, upto) = (cuts.partition_point(|cut| cut.0 < x), cuts.partition_point(|cut| cut.0 <= x));
        if upto > below {
            // The cuts below..upto equal x.
            return if last == 0 { 0.5 } else { (below + upto - 1) as f64 / (2 * last) as f64 };
        }
        if below == 0 {
            return 0.0;
        }
        if below > last {
            return 1.0;
        }
        let (low, high) = (cuts[below - 1].0, cuts[below].0);
        ((below - 1) as f64 + (x - low) / (high - low)) / last as f64
    }

    pub(super) fn ends(&self) -> (f64, f64) {
        (self.0.first().map_or(0.0, |cut| cut.0), self.0.last().map_or(0.0, |cut| cut.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(numbers: impl IntoIterator<Item = f64>) -> Quantiles {
        let mut sample = Sample::default();
        numbers.into_iter().for_each(|x| sample.push(x));
        Quantiles::fit(&sample)
    }

    #[test]
    fn shares_are_those_computed_by_hand() {
        // Cuts 0, 10, 10, 30, 70: shares 0, 1/4, 2/4, 3/4, 1.
        let quantiles = fitted([10.0, 70.0, 0.0, 30.0, 10.0]);
        let shares = [-1.0, 0.0, 5.0, 10.0, 20.0, 30.0, 50.0, 70.0, 99.0].map(|x| quantiles.share_below(x));
        assert_eq!(shares, [0.0, 0.0, 0.125, 0.375, 0.625, 0.75, 0.875, 1.0, 1.0]);
        assert_eq!(quantiles.score(70.0), 12.0_f64.sqrt() / 2.0);
    }

    #[test]
    fn a_constant_stands_in_the_middle() {
        for count in [1, 5] {
            let quantiles = fitted(vec![3.0; count]);
            assert_eq!([2.0, 3.0, 4.0].map(|x| quantiles.share_below(x)), [0.0, 0.5, 1.0]);
        }
    }

    #[test]
    fn scores_rise_and_have_mean_zero_and_deviation_one() {
        // A long tail: the cubes of 0 to 9,999.
        let numbers: Vec<f64> = (0..10_000).map(|i| f64::from(i).powi(3)).collect();
        let quantiles = fitted(numbers.iter().rev().copied());
        let scores: Vec<f64> = numbers.iter().map(|&x| quantiles.score(x)).collect();
        assert!(scores.is_sorted());
        let mean = scores.iter().sum::<f64>() / 1e4;
        let square = scores.iter().map(|z| z * z).sum::<f64>() / 1e4;
        assert!(mean.abs() < 1e-3 && (square - 1.0).abs() < 2e-3, "{mean} {square}");
    }

    #[test]
    fn a_long_column_is_sampled_and_keeps_its_quantiles() {
        let count = 4 * SAMPLE as u64;
        let quantiles = fitted((0..count).map(|i| i as f64));
        // Ascending, the hardest order for a sample that forgets: five standard errors are 0.007.
        for share in [0.05, 0.25, 0.5, 0.75, 0.95] {
            let found = quantiles.share_below(share * count as f64);
            assert!((found - share).abs() < 0.007, "{share}: {found}");
        }
    }
}
