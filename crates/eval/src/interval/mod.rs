//! Intervals: how sure is a mean over seeds, sessions or rounds?
//!
//! ```text
//! Student's t    x̄ ± t_{(1+level)/2, n−1} · s / √n                  few samples (seeds), roughly normal
//! bootstrap      quantiles (1 ± level)/2 of the means of B resamples   many samples (sessions), any shape
//! paired         either of them on the differences a_i − b_i           two systems on the same seeds or sessions
//! ```
//!
//! Pairing removes what both systems share (an easy seed, a hard session); compare systems by it, not by whether two intervals overlap.
//! References: Student (1908); Efron & Tibshirani, "An introduction to the bootstrap" (1993), §13.3 (percentile interval); quantiles are
//! interpolated linearly between order statistics (Hyndman & Fan 1996, type 7).
//!
//! ```
//! use slatewise_eval::interval::student_t_interval;
//!
//! let over_seeds = student_t_interval(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.95)?;
//! assert_eq!(over_seeds.mean, 3.0);
//! let (lower, upper) = over_seeds.bounds.unwrap();
//! assert!((upper - 4.963).abs() < 1e-3 && (lower - 1.037).abs() < 1e-3);
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

mod bootstrap;
mod bounds;

use rand::Rng;
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

pub use self::bootstrap::bootstrap_sums;
pub use self::bounds::{empirical_bernstein_interval, high_confidence_lower_bound, normal_interval};
use crate::error::{Error, Undefined};

/// A mean with its confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Mean of the samples.
    pub mean: f64,
    /// Lower and upper bound; none for a single sample, which says nothing about its spread.
    pub bounds: Option<(f64, f64)>,
    /// Confidence level, in (0, 1).
    pub level: f64,
    /// Number of samples.
    pub samples: usize,
}

impl Interval {
    /// Whether the interval lies wholly above or wholly below a value; false without bounds.
    pub fn excludes(&self, value: f64) -> bool {
        self.bounds.is_some_and(|(lower, upper)| value < lower || value > upper)
    }
}

/// Mean with Student's t interval: for a handful of seeds.
///
/// # Errors
/// No samples, a sample that is NaN or infinite, a level outside (0, 1).
pub fn student_t_interval(samples: &[f64], level: f64) -> Result<Interval, Error> {
    let mean = checked_mean(samples, level)?;
    let count = samples.len();
    let bounds = if count < 2 {
        None
    } else {
        let freedom = (count - 1) as f64;
        let variance = samples.iter().map(|sample| (sample - mean).powi(2)).sum::<f64>() / freedom;
        StudentsT::new(0.0, 1.0, freedom).ok().map(|distribution| {
            let half = distribution.inverse_cdf((1.0 + level) / 2.0) * (variance / count as f64).sqrt();
            (mean - half, mean + half)
        })
    };
    Ok(Interval { mean, bounds, level, samples: count })
}

/// Mean with the percentile bootstrap interval: for many samples of any shape, such as sessions.
///
/// Time is `resamples` times the number of samples, spread over the threads. The same generator state gives the same interval, whatever their
/// number.
///
/// # Errors
/// No samples, a sample that is NaN or infinite, a level outside (0, 1), `resamples` = 0.
pub fn bootstrap_interval(
    samples: &[f64],
    level: f64,
    resamples: usize,
    rng: &mut impl Rng,
) -> Result<Interval, Error> {
    let mean = checked_mean(samples, level)?;
    if resamples == 0 {
        return Err(Undefined::Zero { what: "the number of resamples" }.into());
    }
    let count = samples.len();
    if count < 2 {
        return Ok(Interval { mean, bounds: None, level, samples: count });
    }
    let mut means: Vec<f64> =
        bootstrap_sums(&[samples], resamples, rng).iter().map(|sums| sums[0] / count as f64).collect();
    means.sort_unstable_by(f64::total_cmp);
    let bounds = (quantile(&means, (1.0 - level) / 2.0), quantile(&means, (1.0 + level) / 2.0));
    Ok(Interval { mean, bounds: Some(bounds), level, samples: count })
}

/// The differences a_i − b_i of two systems judged on the same seeds or sessions, for either interval.
///
/// # Errors
/// Unequal lengths.
///
/// ```
/// use slatewise_eval::interval::{paired_differences, student_t_interval};
///
/// let gain = student_t_interval(&paired_differences(&[3.1, 5.0, 7.2], &[3.0, 4.9, 7.1])?, 0.95)?;
/// assert!(gain.excludes(0.0));
/// # Ok::<(), slatewise_eval::Error>(())
/// ```
pub fn paired_differences(a: &[f64], b: &[f64]) -> Result<Vec<f64>, Error> {
    if a.len() != b.len() {
        return Err(Error::UnequalLengths {
            left: "samples of a",
            left_len: a.len(),
            right: "samples of b",
            right_len: b.len(),
        });
    }
    Ok(a.iter().zip(b).map(|(a, b)| a - b).collect())
}

fn checked_mean(samples: &[f64], level: f64) -> Result<f64, Error> {
    if !(level > 0.0 && level < 1.0) {
        return Err(Error::Level { level });
    }
    if samples.is_empty() {
        return Err(Error::Empty { what: "samples" });
    }
    if let Some(index) = samples.iter().position(|sample| !sample.is_finite()) {
        return Err(Error::NotFinite { what: "sample", row: index + 1, value: samples[index] });
    }
    Ok(samples.iter().sum::<f64>() / samples.len() as f64)
}

/// Quantile of ascending values, interpolated linearly.
pub(crate) fn quantile(ascending: &[f64], probability: f64) -> f64 {
    let place = probability * (ascending.len() - 1) as f64;
    let (below, share) = (place.floor() as usize, place.fract());
    let above = (below + 1).min(ascending.len() - 1);
    ascending[below] + share * (ascending[above] - ascending[below])
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn t_quantiles_agree_with_the_tables() -> Result<(), Error> {
        // Samples 0 and 2 have mean 1 and standard error 1, so the half-width is the quantile: 1 degree of freedom.
        let (lower, upper) = student_t_interval(&[0.0, 2.0], 0.95)?.bounds.ok_or(Undefined::NoSample)?;
        assert!((upper - 1.0 - 12.706_204_736).abs() < 1e-6, "{upper}");
        assert!((1.0 - lower - 12.706_204_736).abs() < 1e-6, "{lower}");
        // Five samples with standard error √(2.5/5): 4 degrees of freedom, 2.776445105 at 95 %, 4.604094871 at 99 %.
        for (level, table) in [(0.95, 2.776_445_105), (0.99, 4.604_094_871)] {
            let interval = student_t_interval(&[1.0, 2.0, 3.0, 4.0, 5.0], level)?;
            let (_, upper) = interval.bounds.ok_or(Undefined::NoSample)?;
            assert!(((upper - 3.0) / 0.5_f64.sqrt() - table).abs() < 1e-6, "{upper}");
        }
        Ok(())
    }

    #[test]
    fn one_sample_has_a_mean_and_no_bounds() -> Result<(), Error> {
        let interval = student_t_interval(&[2.5], 0.95)?;
        assert_eq!((interval.mean, interval.bounds, interval.excludes(0.0)), (2.5, None, false));
        Ok(())
    }

    #[test]
    fn the_bootstrap_is_seeded_and_close_to_normal() -> Result<(), Error> {
        let samples: Vec<f64> = (0..400).map(|i| f64::from(i % 20)).collect();
        let run = |seed| bootstrap_interval(&samples, 0.95, 2000, &mut ChaCha8Rng::seed_from_u64(seed));
        assert_eq!(run(1)?, run(1)?);
        assert_ne!(run(1)?, run(2)?);
        // Mean 9.5, variance 33.25, standard error .288.
        let (lower, upper) = run(1)?.bounds.ok_or(Undefined::NoSample)?;
        assert!((lower - (9.5 - 1.96 * 0.288)).abs() < 0.05 && (upper - (9.5 + 1.96 * 0.288)).abs() < 0.05);
        Ok(())
    }

    #[test]
    fn bad_samples_are_refused() {
        assert_eq!(student_t_interval(&[1.0], 1.0), Err(Error::Level { level: 1.0 }));
        assert_eq!(student_t_interval(&[], 0.9), Err(Error::Empty { what: "samples" }));
        assert!(matches!(student_t_interval(&[1.0, f64::NAN], 0.9), Err(Error::NotFinite { row: 2, .. })));
        assert!(paired_differences(&[1.0], &[]).is_err());
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), 3.0);
    }
}
