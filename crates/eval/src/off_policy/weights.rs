//! Importance weights and their diagnostics: can this log speak for that policy at all?
//!
//! ```text
//! w_i  = π_e(a_i | x_i) / π_b(a_i | x_i)             E[w] = 1 if the logged propensities are right and π_b covers π_e
//! ESS  = (Σ w)² / Σ w²                               Kish's effective sample size: n for equal weights, 1 for a single one
//! share of the largest = max w / Σ w
//! ```
//!
//! References: Kish, "Survey sampling" (1965); Owen, "Monte Carlo theory, methods and examples", §9.3. Squares are taken of w / max w, so
//! that large weights do not overflow.
//!
//! ```
//! use slatewise_eval::off_policy::WeightDiagnostics;
//!
//! let even = WeightDiagnostics::of([1.0, 1.0, 1.0, 1.0]);
//! assert_eq!((even.effective_sample_size, even.largest_share), (4.0, 0.25));
//! let one = WeightDiagnostics::of([0.0, 8.0, 0.0, 0.0]);
//! assert_eq!((one.effective_sample_size, one.largest_share, one.mean), (1.0, 1.0, 2.0));
//! ```

use std::collections::BTreeMap;

use serde::Serialize;

/// What a set of importance weights says about the estimates that rest on it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct WeightDiagnostics {
    /// Number of units (rounds, slates, trajectories).
    pub units: usize,
    /// Kish's effective sample size, in [1, units]; 0 if all weights are 0.
    pub effective_sample_size: f64,
    /// The largest weight.
    pub largest: f64,
    /// The largest weight's share of the sum, in (0, 1]; 0 if all weights are 0.
    pub largest_share: f64,
    /// Mean weight; 1 in expectation.
    pub mean: f64,
    /// Standard error of the mean weight; none for a single unit.
    pub mean_standard_error: Option<f64>,
    /// Share of the units whose weight is 0.
    pub zero_share: f64,
}

impl WeightDiagnostics {
    /// Reads some weights (finite, ≥ 0) once or twice.
    pub fn of<I: IntoIterator<Item = f64, IntoIter: Clone>>(weights: I) -> Self {
        let weights = weights.into_iter();
        let largest = weights.clone().fold(0.0, f64::max);
        let scale = if largest > 0.0 { largest } else { 1.0 };
        let (mut units, mut zeros, mut sum, mut squares) = (0_usize, 0_usize, 0.0, 0.0);
        for weight in weights {
            let scaled = weight / scale;
            units += 1;
            zeros += usize::from(weight == 0.0);
            sum += scaled;
            squares += scaled * scaled;
        }
        let count = units as f64;
        let spread = (squares - sum * sum / count).max(0.0) / (count - 1.0).max(1.0);
        Self {
            units,
            effective_sample_size: if squares > 0.0 { sum * sum / squares } else { 0.0 },
            largest,
            largest_share: if sum > 0.0 { 1.0 / sum } else { 0.0 },
            mean: scale * (sum / count.max(1.0)),
            mean_standard_error: (units > 1).then(|| scale * (spread / count).sqrt()),
            zero_share: zeros as f64 / count.max(1.0),
        }
    }

    /// The same from the weights' logarithms, for products of many ratios. What overflows is infinite; shares and the effective sample
    /// size are exact nevertheless.
    pub fn of_logs<I: IntoIterator<Item = f64, IntoIter: Clone>>(logs: I) -> Self {
        let logs = logs.into_iter();
        let largest = logs.clone().fold(f64::NEG_INFINITY, f64::max);
        let shift = if largest.is_finite() { largest } else { 0.0 };
        let relative = Self::of(logs.map(move |log| (log - shift).exp()));
        let scale = shift.exp();
        Self {
            largest: scale * relative.largest,
            mean: scale * relative.mean,
            mean_standard_error: relative.mean_standard_error.map(|error| scale * error),
            ..relative
        }
    }

    /// Effective sample size over units, in [0, 1].
    pub fn effective_share(&self) -> f64 {
        self.effective_sample_size / (self.units as f64).max(1.0)
    }
}

/// Counts of weights in quarters of a decade, for a histogram on a logarithmic axis.
///
/// ```text
/// bin b   [10^(b/4), 10^((b+1)/4))        b = 0 begins at a weight of 1; weights of 0 are counted apart
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct WeightHistogram {
    /// Weights that are exactly 0.
    pub zeros: u64,
    /// The first bin.
    pub first_bin: i32,
    /// Weights per bin.
    pub counts: Vec<u64>,
}

impl WeightHistogram {
    /// Bins in a decade.
    pub const PER_DECADE: i32 = 4;

    /// Counts some weights (finite, ≥ 0).
    pub fn of(weights: impl IntoIterator<Item = f64>) -> Self {
        let mut bins = BTreeMap::new();
        let mut zeros = 0;
        for weight in weights {
            if weight > 0.0 {
                let bin = (weight.log10() * f64::from(Self::PER_DECADE)).floor() as i32;
                *bins.entry(bin).or_insert(0_u64) += 1;
            } else {
                zeros += 1;
            }
        }
        let (Some(&first), Some(&last)) = (bins.keys().next(), bins.keys().next_back()) else {
            return Self { zeros, ..Self::default() };
        };
        let counts = (first..=last).map(|bin| bins.get(&bin).copied().unwrap_or(0)).collect();
        Self { zeros, first_bin: first, counts }
    }

    /// Edges of the bins as powers of ten, ascending; one more than counts.
    pub fn exponents(&self) -> Vec<f64> {
        let edge = |bin: i32| f64::from(bin) / f64::from(Self::PER_DECADE);
        (0..=self.counts.len() as i32).map(|index| edge(self.first_bin + index)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kish_by_hand() {
        let weights = WeightDiagnostics::of([1.0, 3.0, 0.0, 0.0]);
        assert!((weights.effective_sample_size - 1.6).abs() < 1e-12);
        assert_eq!((weights.mean, weights.zero_share), (1.0, 0.5));
        assert_eq!((weights.largest, weights.largest_share), (3.0, 0.75));
        // Variance (n − 1) of 1, 3, 0, 0 is 2, over 4.
        assert!(weights.mean_standard_error.is_some_and(|error| (error - 0.5_f64.sqrt()).abs() < 1e-15));
    }

    #[test]
    fn extreme_weights_neither_overflow_nor_divide_by_zero() {
        let huge = WeightDiagnostics::of([1e300, 1e300]);
        assert_eq!((huge.effective_sample_size, huge.largest_share), (2.0, 0.5));
        let none = WeightDiagnostics::of([0.0, 0.0]);
        assert_eq!((none.effective_sample_size, none.largest_share, none.mean), (0.0, 0.0, 0.0));
        assert_eq!(WeightDiagnostics::of([0.4]).mean_standard_error, None);
        let (plain, logs) = ([0.5, 0.0, 2.0], [0.5_f64.ln(), f64::NEG_INFINITY, 2.0_f64.ln()]);
        let (plain, logs) = (WeightDiagnostics::of(plain), WeightDiagnostics::of_logs(logs));
        assert!((plain.effective_sample_size - logs.effective_sample_size).abs() < 1e-12);
        assert!((plain.mean - logs.mean).abs() < 1e-12 && (plain.largest - logs.largest).abs() < 1e-12);
        assert_eq!(WeightDiagnostics::of_logs([2000.0, 2000.0]).effective_sample_size, 2.0);
    }

    #[test]
    fn a_histogram_holds_every_weight() {
        let histogram = WeightHistogram::of([0.0, 0.2, 1.0, 1.5, 2.0, 10.0]);
        // log10: −0.70, 0, 0.18, 0.30, 1.
        assert_eq!(histogram, WeightHistogram { zeros: 1, first_bin: -3, counts: vec![1, 0, 0, 2, 1, 0, 0, 1] });
        assert_eq!(histogram.exponents()[..2], [-0.75, -0.5]);
        assert_eq!(WeightHistogram::of([0.0]).zeros, 1);
    }
}
