//! Intervals from a standard error, and bounds that hold for any distribution.
//!
//! ```text
//! normal               x̄ ± z_{(1+level)/2} · se                                                         many samples
//! empirical Bernstein  x̄ ± ( √(2 s² ln(4/δ) / n) + 7 R ln(4/δ) / (3 (n − 1)) )                          samples within a range of width R
//! high confidence      max_c  Ȳ − √(2 s_Y² ln(2/δ) / n) − 7 c ln(2/δ) / (3 (n − 1)),  Y = min(X, c)     X ≥ 0, no upper bound needed
//! ```
//!
//! δ = 1 − level; s² is the sample variance (n − 1). The empirical Bernstein interval gives δ/2 to either side. The lower bound needs no
//! bound on X: cutting X ≥ 0 at c only lowers its mean. c is chosen where the bound is expected to be best on every twentieth sample, and
//! applied to the others, so that the choice does not spoil the confidence; samples must be in random order, or at least in no order
//! that goes with the period of 20.
//! References: Maurer & Pontil, "Empirical Bernstein bounds and sample variance penalization", COLT 2009, Theorem 4; Thomas, Theocharous &
//! Ghavamzadeh, "High-confidence off-policy evaluation", AAAI 2015, Theorem 1 with one threshold, and their split of 1/20.
//!
//! ```
//! use slatewise_eval::interval::{empirical_bernstein_interval, normal_interval};
//!
//! let normal = normal_interval(0.5, Some(0.1), 100, 0.95)?;
//! assert!(normal.bounds.is_some_and(|(lower, _)| (lower - 0.304).abs() < 1e-3));
//! // A thousand zeros within [0, 1]: nothing varies, and still the mean may be a little above 0.
//! let bernstein = empirical_bernstein_interval(&[0.0; 1000], (0.0, 1.0), 0.95)?;
//! assert_eq!(bernstein.bounds.map(|(lower, _)| lower), Some(0.0));
//! assert!(bernstein.bounds.is_some_and(|(_, upper)| (upper - 0.01024).abs() < 1e-5));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use statrs::distribution::{ContinuousCDF, Normal};

use super::{Interval, checked_mean};
use crate::error::Error;

/// Every how manyth sample chooses the threshold of [`high_confidence_lower_bound`].
const PILOT: usize = 20;

/// Normal interval from a mean and its standard error.
///
/// # Errors
/// A level outside (0, 1).
pub fn normal_interval(mean: f64, standard_error: Option<f64>, samples: usize, level: f64) -> Result<Interval, Error> {
    if !(level > 0.0 && level < 1.0) {
        return Err(Error::Level { level });
    }
    let quantile = Normal::standard().inverse_cdf((1.0 + level) / 2.0);
    let bounds = standard_error.map(|error| (mean - quantile * error, mean + quantile * error));
    Ok(Interval { mean, bounds, level, samples })
}

/// Two-sided empirical Bernstein interval of bounded samples, cut to their range. No bounds for a single sample.
///
/// # Errors
/// No samples, a sample that is NaN or infinite, a level outside (0, 1), a sample outside the range.
pub fn empirical_bernstein_interval(samples: &[f64], range: (f64, f64), level: f64) -> Result<Interval, Error> {
    let mean = checked_mean(samples, level)?;
    let (low, high) = range;
    let slack = 1e-9 * (1.0 + low.abs().max(high.abs()));
    if let Some(index) = samples.iter().position(|&x| !(x >= low - slack && x <= high + slack)) {
        return Err(Error::OutsideRange { what: "sample", row: index + 1, value: samples[index], low, high });
    }
    let bounds = (samples.len() > 1).then(|| {
        let half = deviation(variance(samples, mean), high - low, samples.len() as f64, (4.0 / (1.0 - level)).ln());
        ((mean - half).max(low), (mean + half).min(high))
    });
    Ok(Interval { mean, bounds, level, samples: samples.len() })
}

/// A lower bound of the mean of non-negative samples that holds with probability `level`, whatever their distribution.
///
/// None for fewer than 40 samples, of which too few would choose the threshold.
///
/// # Errors
/// No samples, a sample that is NaN, infinite or negative, a level outside (0, 1).
pub fn high_confidence_lower_bound(samples: &[f64], level: f64) -> Result<Option<f64>, Error> {
    checked_mean(samples, level)?;
    if let Some(index) = samples.iter().position(|&x| x < 0.0) {
        return Err(Error::Negative { what: "sample", row: index + 1, value: samples[index] });
    }
    if samples.len() < 2 * PILOT {
        return Ok(None);
    }
    let (pilot, rest): (Vec<_>, Vec<_>) = samples.iter().enumerate().partition(|(index, _)| index % PILOT == 0);
    let values = |part: Vec<(usize, &f64)>| part.into_iter().map(|(_, &x)| x).collect::<Vec<f64>>();
    let (mut pilot, rest) = (values(pilot), values(rest));
    pilot.sort_unstable_by(f64::total_cmp);
    let confidence = (2.0 / (1.0 - level)).ln();
    let bound = |sample: &[f64], threshold: f64, count: usize| {
        let cut: Vec<f64> = sample.iter().map(|x| x.min(threshold)).collect();
        let mean = cut.iter().sum::<f64>() / cut.len() as f64;
        mean - deviation(variance(&cut, mean), threshold, count as f64, confidence)
    };
    // Thresholds at the pilot's own values, and beyond its largest.
    let steps = (pilot.len() / 64).max(1);
    let largest = pilot[pilot.len() - 1];
    let candidates = pilot.iter().copied().step_by(steps).chain([largest, 2.0 * largest, 10.0 * largest]);
    let best = candidates
        .filter(|&threshold| threshold > 0.0)
        .max_by(|&a, &b| bound(&pilot, a, rest.len()).total_cmp(&bound(&pilot, b, rest.len())));
    // A pilot of zeros offers no threshold; the mean of non-negative samples is not below 0.
    Ok(Some(best.map_or(0.0, |threshold| bound(&rest, threshold, rest.len()).max(0.0))))
}

/// Distance of the bound from the mean.
fn deviation(variance: f64, range: f64, count: f64, confidence: f64) -> f64 {
    (2.0 * variance * confidence / count).sqrt() + 7.0 * range * confidence / (3.0 * (count - 1.0))
}

fn variance(samples: &[f64], mean: f64) -> f64 {
    samples.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (samples.len() as f64 - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bernstein_by_hand() -> Result<(), Error> {
        // 0, 1 alternating, n = 100: mean .5, s² = 25/99, ln(4/.1) = 3.688879.
        let samples: Vec<f64> = (0..100).map(|i| f64::from(i % 2)).collect();
        let interval = empirical_bernstein_interval(&samples, (0.0, 1.0), 0.9)?;
        let half = (2.0 * (25.0 / 99.0) * 40.0_f64.ln() / 100.0).sqrt() + 7.0 * 40.0_f64.ln() / 297.0;
        let expected = (0.5 - half, 0.5 + half);
        assert!(interval.bounds.is_some_and(|b| (b.0 - expected.0).abs() < 1e-12 && (b.1 - expected.1).abs() < 1e-12));
        let outside = empirical_bernstein_interval(&[0.5, 1.5], (0.0, 1.0), 0.9);
        assert!(matches!(outside, Err(Error::OutsideRange { row: 2, .. })), "{outside:?}");
        Ok(())
    }

    #[test]
    fn a_lower_bound_stays_below_and_tightens() -> Result<(), Error> {
        let samples: Vec<f64> = (0..10_000).map(|i| f64::from((i * 7919) % 100) / 100.0).collect();
        let few = high_confidence_lower_bound(&samples[..400], 0.95)?;
        let many = high_confidence_lower_bound(&samples, 0.95)?;
        assert!(few < many && many < Some(0.495) && many > Some(0.45), "{few:?} {many:?}");
        assert_eq!(high_confidence_lower_bound(&[0.0; 100], 0.95)?, Some(0.0));
        assert_eq!(high_confidence_lower_bound(&[1.0; 10], 0.95)?, None);
        assert!(high_confidence_lower_bound(&[1.0, -1.0], 0.95).is_err());
        Ok(())
    }
}
