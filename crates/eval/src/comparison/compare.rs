//! `compare`: every metric of two aligned runs, judged and corrected for their number.
//!
//! ```text
//! d_i = b_i − a_i      difference = mean d, with the percentile bootstrap over units
//! p                    two-sided sign-flip test of the d_i, corrected over all metrics that are compared
//! d_z = mean d / s_d   Cohen's effect size of paired differences, s_d with n − 1
//! ```
//!
//! The bootstrap resamples units, so a ratio that a metric takes within a unit stays whole. An interval is not
//! corrected for the number of metrics; the verdict goes by the corrected p-value.
//! References: Cohen, "Statistical power analysis for the behavioral sciences" (1988), §2.3.5 (d_z); for the rest see
//! [`sign_flip_test`](super::sign_flip_test), [`Correction`] and [`crate::interval`].

use rand::Rng;

use super::correction::Correction;
use super::permutation::sign_flip_test;
use super::units::Pairs;
use crate::error::{Error, Undefined};
use crate::interval::{Interval, bootstrap_interval};

/// How runs are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ComparisonConfig {
    /// Confidence level of the intervals, in (0, 1); a corrected p-value of at most 1 − level is a difference.
    pub level: f64,
    /// Resamples of the bootstrap.
    pub resamples: usize,
    /// Sign patterns drawn where there are too many to try them all.
    pub permutations: usize,
    /// How p-values are corrected for the number of metrics.
    pub correction: Correction,
}

impl Default for ComparisonConfig {
    /// 95 %, 2000 resamples, 10,000 patterns, Holm.
    fn default() -> Self {
        Self { level: 0.95, resamples: 2000, permutations: 10_000, correction: Correction::Holm }
    }
}

/// One metric of two runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The metric.
    pub name: String,
    /// Units on which both runs define it.
    pub units: usize,
    /// Common units on which either does not.
    pub left_out: usize,
    /// What was found, or why nothing was.
    pub outcome: Result<Outcome, Undefined>,
}

/// What the comparison of one metric found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Mean of the first run.
    pub mean_a: f64,
    /// Mean of the second run.
    pub mean_b: f64,
    /// Mean of B − A with its bootstrap interval.
    pub difference: Interval,
    /// p-value of the sign-flip test.
    pub p: f64,
    /// The same, corrected for the number of metrics.
    pub p_corrected: f64,
    /// Whether all sign patterns were tried.
    pub exact: bool,
    /// Cohen's d_z; none where the differences do not vary.
    pub effect_size: Option<f64>,
    /// Share of units on which A is higher.
    pub a_higher: f64,
    /// Share of units on which both are equal.
    pub tied: f64,
    /// Share of units on which B is higher.
    pub b_higher: f64,
}

/// Who is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The first run, by a corrected p-value of at most 1 − level.
    AIsBetter,
    /// The second run, likewise.
    BIsBetter,
    /// The units do not tell them apart, which does not prove them equal.
    NoDifferenceShown,
}

impl Outcome {
    /// Who is better at a confidence level.
    pub fn verdict(&self, level: f64, lower_is_better: bool) -> Verdict {
        // A p-value of exactly 0.05 passes at 95 %, though 1 − 0.95 is not 0.05 in floating point.
        if self.p_corrected > 1.0 - level + 1e-12 || self.difference.mean == 0.0 {
            return Verdict::NoDifferenceShown;
        }
        if (self.difference.mean > 0.0) == lower_is_better { Verdict::AIsBetter } else { Verdict::BIsBetter }
    }
}

/// Compares two runs metric by metric; the p-values are corrected over all that are passed.
///
/// # Errors
/// A level outside (0, 1), 0 resamples or permutations, a value that is NaN or infinite, or values of A and B that
/// differ in number.
pub fn compare(pairs: &[Pairs], config: &ComparisonConfig, rng: &mut impl Rng) -> Result<Vec<Comparison>, Error> {
    if !(config.level > 0.0 && config.level < 1.0) {
        return Err(Error::Level { level: config.level });
    }
    if config.permutations == 0 {
        return Err(Undefined::Zero { what: "the number of permutations" }.into());
    }
    if config.resamples == 0 {
        return Err(Undefined::Zero { what: "the number of resamples" }.into());
    }
    let mut comparisons = pairs.iter().map(|pairs| compare_one(pairs, config, rng)).collect::<Result<Vec<_>, _>>()?;
    let p: Vec<f64> = comparisons.iter().filter_map(|c| c.outcome.as_ref().ok().map(|outcome| outcome.p)).collect();
    let outcomes = comparisons.iter_mut().filter_map(|comparison| comparison.outcome.as_mut().ok());
    for (outcome, corrected) in outcomes.zip(config.correction.adjust(&p)) {
        outcome.p_corrected = corrected;
    }
    Ok(comparisons)
}

fn compare_one(pairs: &Pairs, config: &ComparisonConfig, rng: &mut impl Rng) -> Result<Comparison, Error> {
    let Pairs { name, a, b, left_out } = pairs;
    if a.len() != b.len() {
        let (left_len, right_len) = (a.len(), b.len());
        return Err(Error::UnequalLengths { left: "units of A", left_len, right: "units of B", right_len });
    }
    let units = a.len();
    let outcome = if units == 0 { Err(Undefined::NoSample) } else { Ok(judge(a, b, config, rng)?) };
    Ok(Comparison { name: name.clone(), units, left_out: *left_out, outcome })
}

fn judge(a: &[f64], b: &[f64], config: &ComparisonConfig, rng: &mut impl Rng) -> Result<Outcome, Error> {
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| b - a).collect();
    let difference = bootstrap_interval(&differences, config.level, config.resamples, rng)?;
    let test = sign_flip_test(&differences, config.permutations, rng);
    let units = differences.len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / units;
    let share = |of: fn(f64) -> bool| differences.iter().filter(|&&difference| of(difference)).count() as f64 / units;
    Ok(Outcome {
        mean_a: mean(a),
        mean_b: mean(b),
        difference,
        p: test.p,
        p_corrected: test.p,
        exact: test.exact,
        effect_size: effect_size(&differences, difference.mean),
        a_higher: share(|difference| difference < 0.0),
        tied: share(|difference| difference == 0.0),
        b_higher: share(|difference| difference > 0.0),
    })
}

/// Cohen's d_z; none for a single unit or where all differences are alike.
fn effect_size(differences: &[f64], mean: f64) -> Option<f64> {
    let freedom = differences.len().checked_sub(1).filter(|&freedom| freedom > 0)?;
    let squares: f64 = differences.iter().map(|difference| (difference - mean).powi(2)).sum();
    let deviation = (squares / freedom as f64).sqrt();
    // Equal differences differ from their mean by rounding only.
    (deviation > 1e-12 * mean.abs()).then(|| mean / deviation)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn pairs(name: &str, a: &[f64], b: &[f64]) -> Pairs {
        Pairs { name: name.to_owned(), a: a.to_vec(), b: b.to_vec(), left_out: 0 }
    }

    fn run(metrics: &[Pairs]) -> Result<Vec<Comparison>, Error> {
        compare(metrics, &ComparisonConfig::default(), &mut ChaCha8Rng::seed_from_u64(7))
    }

    #[test]
    fn by_hand() -> Result<(), Error> {
        // Differences 1, 0, 2, 1: mean 1, variance 2/3, d_z = √1.5; of the 8 patterns of 1, 2, 1 two reach 4.
        let [comparison] = &run(&[pairs("m", &[0.0, 1.0, 2.0, 3.0], &[1.0, 1.0, 4.0, 4.0])])?[..] else {
            return Err(Error::Empty { what: "comparisons" });
        };
        let outcome = comparison.outcome.clone()?;
        assert_eq!((outcome.mean_a, outcome.mean_b, outcome.difference.mean), (1.5, 2.5, 1.0));
        assert_eq!((outcome.p, outcome.p_corrected, outcome.exact), (0.25, 0.25, true));
        assert!(outcome.effect_size.is_some_and(|d| (d - 1.5_f64.sqrt()).abs() < 1e-12));
        assert_eq!((outcome.a_higher, outcome.tied, outcome.b_higher), (0.0, 0.25, 0.75));
        assert_eq!(outcome.verdict(0.95, false), Verdict::NoDifferenceShown);
        assert_eq!(outcome.verdict(0.75, false), Verdict::BIsBetter);
        assert_eq!(outcome.verdict(0.75, true), Verdict::AIsBetter);
        Ok(())
    }

    #[test]
    fn p_values_are_corrected_over_the_defined_metrics() -> Result<(), Error> {
        let (zeros, ones) = ([0.0; 6], [1.0, 2.0, 1.0, 1.0, 3.0, 1.0]);
        let compared = run(&[pairs("lift", &zeros, &ones), pairs("same", &zeros, &zeros), pairs("none", &[], &[])])?;
        let p: Vec<_> = compared.iter().map(|c| c.outcome.as_ref().map(|o| (o.p, o.p_corrected))).collect();
        assert_eq!(p, [Ok((0.03125, 0.0625)), Ok((1.0, 1.0)), Err(&Undefined::NoSample)]);
        Ok(())
    }

    #[test]
    fn a_single_unit_has_a_difference_and_nothing_else() -> Result<(), Error> {
        let outcome = run(&[pairs("m", &[1.0], &[3.0])])?[0].outcome.clone()?;
        assert_eq!((outcome.difference.mean, outcome.difference.bounds, outcome.p), (2.0, None, 1.0));
        assert_eq!(outcome.effect_size, None);
        Ok(())
    }

    #[test]
    fn bad_input_is_refused() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let one = [pairs("m", &[1.0], &[3.0])];
        let mut with = |config: ComparisonConfig| compare(&one, &config, &mut rng).err();
        let usual = ComparisonConfig::default();
        assert_eq!(with(ComparisonConfig { level: 1.0, ..usual }), Some(Error::Level { level: 1.0 }));
        assert!(with(ComparisonConfig { permutations: 0, ..usual }).is_some());
        assert!(with(ComparisonConfig { resamples: 0, ..usual }).is_some());
        assert!(run(&[pairs("m", &[1.0], &[])]).is_err());
        assert!(run(&[pairs("m", &[1.0], &[f64::NAN])]).is_err());
    }
}
