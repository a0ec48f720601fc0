//! Reliability bins, and the expected (ECE) and maximum calibration error (MCE) that they give.
//!
//! ```text
//! bin b holds mass m_b (rows, or their weight), mean score p̄_b, positive rate ȳ_b
//! ECE = Σ_b m_b / Σ m · | p̄_b − ȳ_b |
//! MCE = max_b | p̄_b − ȳ_b |          over the bins that hold rows, however few
//! ```
//!
//! Two ways to bin, neither of which depends on the order of the rows (`row_order_bins.rs` has one that does, for
//! comparison with other tools):
//!
//! - **equal width**: `bins` intervals `(b/bins, (b+1)/bins]`; a score of 0 belongs to the first. Edges are compared in
//!   `f64`. Bins may be empty.
//! - **equal mass**: each bin holds exactly 1/`bins` of the mass in score order. Rows that share a score and straddle
//!   an edge are shared out in proportion: both bins get the same positive rate from them, as they would on average
//!   over all orders of the tied rows. So `count` may be a fraction. Prefer it where scores crowd together, as click
//!   probabilities do.
//!
//! Reference: Naeini et al., "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015; equal mass:
//! Nixon et al., "Measuring calibration in deep learning", CVPR workshops 2019.
//!
//! ```
//! use slatewise_eval::prediction::{equal_width_bins, expected_calibration_error};
//! use slatewise_eval::Predictions;
//!
//! // Promised 0.25 twice and one of the two came; promised 0.75 once and it came: (2·0.25 + 1·0.25) / 3.
//! let bins = equal_width_bins(&Predictions::new(&[0.25_f32, 0.25, 0.75], &[true, false, true])?, 2)?;
//! assert_eq!(expected_calibration_error(&bins)?, 0.25);
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use serde::{Deserialize, Serialize};

use super::predictions::Predictions;
use super::score::{Score, Truth};
use super::sorted_scores::{SortedScores, TiedBlock};
use crate::error::Undefined;

/// One bin of a reliability diagram.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct ReliabilityBin {
    /// Lower edge (equal width) or smallest score in the bin (equal mass).
    pub lower: f64,
    /// Upper edge (equal width) or largest score in the bin (equal mass).
    pub upper: f64,
    /// Rows in the bin, or the sum of their weights.
    pub count: f64,
    /// Mean predicted probability, in [0, 1]; none in an empty bin.
    pub mean_score: Option<f64>,
    /// Observed share of positives, in [0, 1]; none in an empty bin.
    pub positive_rate: Option<f64>,
}

/// Sums of one bin.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mass {
    pub(super) weight: f64,
    pub(super) score: f64,
    pub(super) positive: f64,
}

impl Mass {
    fn add(&mut self, block: TiedBlock, share: f64) {
        let weight = share * (block.positive + block.negative);
        self.weight += weight;
        self.score += weight * block.score;
        self.positive += share * block.positive;
    }

    pub(super) fn bin(self, lower: f64, upper: f64) -> ReliabilityBin {
        let mean = |sum: f64| (self.weight > 0.0).then(|| (sum / self.weight).clamp(0.0, 1.0));
        ReliabilityBin {
            lower,
            upper,
            count: self.weight,
            mean_score: mean(self.score),
            positive_rate: mean(self.positive),
        }
    }
}

/// Bins of equal width over [0, 1].
///
/// # Errors
/// Undefined when `bins` is 0, a score is not a probability or all weights are 0.
pub fn equal_width_bins<S: Score, T: Truth>(
    predictions: &Predictions<'_, S, T>,
    bins: usize,
) -> Result<Vec<ReliabilityBin>, Undefined> {
    SortedScores::new(predictions).equal_width_bins(bins)
}

/// Bins that hold equal shares of the rows' mass, in score order.
///
/// # Errors
/// Undefined when `bins` is 0, a score is not a probability or all weights are 0.
pub fn equal_mass_bins<S: Score, T: Truth>(
    predictions: &Predictions<'_, S, T>,
    bins: usize,
) -> Result<Vec<ReliabilityBin>, Undefined> {
    SortedScores::new(predictions).equal_mass_bins(bins)
}

impl<S: Score> SortedScores<S> {
    /// See [`equal_width_bins`].
    ///
    /// # Errors
    /// As [`equal_width_bins`].
    pub fn equal_width_bins(&self, bins: usize) -> Result<Vec<ReliabilityBin>, Undefined> {
        self.check_bins(bins)?;
        let edge = |index: usize| index as f64 / bins as f64;
        let mut masses = vec![Mass::default(); bins];
        let mut bin = 0;
        self.each_block_ascending(|block| {
            while bin + 1 < bins && block.score > edge(bin + 1) {
                bin += 1;
            }
            masses[bin].add(block, 1.0);
        });
        Ok(masses.iter().enumerate().map(|(bin, mass)| mass.bin(edge(bin), edge(bin + 1))).collect())
    }

    /// See [`equal_mass_bins`].
    ///
    /// # Errors
    /// As [`equal_mass_bins`].
    pub fn equal_mass_bins(&self, bins: usize) -> Result<Vec<ReliabilityBin>, Undefined> {
        let total = self.check_bins(bins)?;
        let mut filling = EqualMass::new(total, bins);
        self.each_block_ascending(|block| filling.take(block));
        Ok(filling.finish())
    }

    /// The weight of all rows, if bins can be made of them.
    fn check_bins(&self, bins: usize) -> Result<f64, Undefined> {
        check_bins(bins)?;
        self.require_probabilities()?;
        let (positive, negative) = self.class_weights();
        if positive + negative > 0.0 { Ok(positive + negative) } else { Err(Undefined::NoWeight) }
    }
}

/// Bins of equal mass while they are being filled, one after another.
struct EqualMass {
    full: f64,
    /// Rounding: so little must not spill into a bin of its own.
    dust: f64,
    bins: usize,
    done: Vec<ReliabilityBin>,
    mass: Mass,
    lower: Option<f64>,
    upper: f64,
}

impl EqualMass {
    fn new(total: f64, bins: usize) -> Self {
        let done = Vec::with_capacity(bins);
        let (full, dust) = (total / bins as f64, total * 1e-12);
        Self { full, dust, bins, done, mass: Mass::default(), lower: None, upper: 0.0 }
    }

    /// Pours a block into the bin in hand and, as far as it overflows, into the next ones.
    fn take(&mut self, block: TiedBlock) {
        let weight = block.positive + block.negative;
        let mut left = 1.0;
        loop {
            let last = self.done.len() + 1 == self.bins;
            let room = self.full - self.mass.weight;
            let share = if last || left * weight <= room + self.dust { left } else { room / weight };
            self.mass.add(block, share);
            self.lower = self.lower.or(Some(block.score));
            self.upper = block.score;
            left -= share;
            if !last && (left > 0.0 || self.full - self.mass.weight <= self.dust) {
                self.close();
            }
            if left <= 0.0 {
                return;
            }
        }
    }

    fn close(&mut self) {
        let lower = self.lower.take().unwrap_or(self.upper);
        self.done.push(std::mem::take(&mut self.mass).bin(lower, self.upper));
    }

    /// Closes the last bin, and empty ones that rounding has left behind it.
    fn finish(mut self) -> Vec<ReliabilityBin> {
        while self.done.len() < self.bins {
            self.close();
        }
        self.done
    }
}

/// The expected calibration error of some bins, in [0, 1].
///
/// # Errors
/// Undefined when all bins are empty.
pub fn expected_calibration_error(bins: &[ReliabilityBin]) -> Result<f64, Undefined> {
    let total: f64 = bins.iter().map(|bin| bin.count).sum();
    if total <= 0.0 {
        return Err(Undefined::NoWeight);
    }
    let gap = |bin: &ReliabilityBin| Some(bin.count * (bin.mean_score? - bin.positive_rate?).abs());
    Ok(bins.iter().filter_map(gap).sum::<f64>() / total)
}

/// The maximum calibration error of some bins, in [0, 1]: the gap of the worst bin, however few rows it holds.
///
/// # Errors
/// Undefined when all bins are empty.
pub fn maximum_calibration_error(bins: &[ReliabilityBin]) -> Result<f64, Undefined> {
    let gap = |bin: &ReliabilityBin| Some((bin.mean_score? - bin.positive_rate?).abs());
    bins.iter().filter_map(gap).reduce(f64::max).ok_or(Undefined::NoWeight)
}

pub(super) fn check_bins(bins: usize) -> Result<(), Undefined> {
    if bins == 0 { Err(Undefined::Zero { what: "the number of bins" }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn an_edge_belongs_to_the_bin_below() -> Result<(), Error> {
        // Bins (0, .5] and (.5, 1]; 0 belongs to the first.
        let predictions = Predictions::new(&[0.0_f64, 0.5, 0.75], &[false, true, true])?;
        let bins = equal_width_bins(&predictions, 2)?;
        assert_eq!((bins[0].count, bins[0].mean_score, bins[0].positive_rate), (2.0, Some(0.25), Some(0.5)));
        assert_eq!((bins[1].count, bins[1].mean_score, bins[1].positive_rate), (1.0, Some(0.75), Some(1.0)));
        // (2·|.25 − .5| + 1·|.75 − 1|) / 3
        assert_eq!(expected_calibration_error(&bins), Ok(0.25));
        assert_eq!(maximum_calibration_error(&bins), Ok(0.25));
        let empty = &equal_width_bins(&predictions, 4)?[2];
        assert_eq!((empty.count, empty.mean_score), (1.0, Some(0.75)));
        Ok(())
    }

    #[test]
    fn tied_rows_are_shared_between_bins_of_equal_mass() -> Result<(), Error> {
        // Six rows in two bins of three: .1 | three times .4 (one positive) | .8 .9. The block gives two thirds to the
        // first bin.
        let predictions =
            Predictions::new(&[0.4_f64, 0.1, 0.4, 0.9, 0.4, 0.8], &[true, false, false, true, false, true])?;
        let bins = equal_mass_bins(&predictions, 2)?;
        let close = |a: Option<f64>, b: f64| a.is_some_and(|a| (a - b).abs() < 1e-12);
        assert!(close(bins[0].mean_score, 0.3) && close(bins[0].positive_rate, 2.0 / 9.0), "{bins:?}");
        assert!(close(bins[1].mean_score, 0.7) && close(bins[1].positive_rate, 7.0 / 9.0), "{bins:?}");
        assert_eq!((bins[0].lower, bins[0].upper, bins[1].lower, bins[1].upper), (0.1, 0.4, 0.4, 0.9));
        Ok(())
    }

    #[test]
    fn a_constant_score_fills_every_bin_alike() -> Result<(), Error> {
        let predictions = Predictions::new(&[0.5_f32; 7], &[true, false, false, false, true, false, false])?;
        let bins = equal_mass_bins(&predictions, 3)?;
        assert!(bins.iter().all(|bin| (bin.count - 7.0 / 3.0).abs() < 1e-12), "{bins:?}");
        assert!((expected_calibration_error(&bins)? - (0.5 - 2.0 / 7.0)).abs() < 1e-12);
        assert_eq!(equal_mass_bins(&predictions, 0), Err(Undefined::Zero { what: "the number of bins" }));
        Ok(())
    }
}
