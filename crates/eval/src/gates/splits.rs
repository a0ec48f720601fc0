//! Splits: by how much does a random split flatter against a chronological one?
//!
//! ```text
//! difference   random − chronological, with ± z · √(se_r² + se_c²)        different test rows, so the errors add up
//! AUC          se² = Var(V_positive)/P + Var(V_negative)/N                 V: for each row the share of the other class that it beats
//! ```
//!
//! A random split lets a model learn from the future of its test rows: prices, seasons, the user's later taste. What it scores there is
//! not what it will score tomorrow.
//!
//! # Reference
//! DeLong, DeLong & Clarke-Pearson, "Comparing the areas under two or more correlated receiver operating characteristic curves", Biometrics
//! 44 (1988), in the O(n log n) form of Sun & Xu, IEEE Signal Processing Letters 21 (2014).

use super::finding::{Finding, Severity};
use crate::error::{Error, Undefined};
use crate::interval::{Interval, normal_interval};

/// Difference of AUC from which flattery is a warning rather than a notice.
const MUCH: f64 = 0.02;

/// A metric on the test rows of one split.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SplitScore {
    /// Its value.
    pub value: f64,
    /// Its standard error, ≥ 0.
    pub standard_error: f64,
    /// Test rows.
    pub rows: usize,
}

/// AUC with DeLong's standard error. Each class needs two rows.
///
/// # Shapes
/// One score and one label per row; time O(rows · log rows).
///
/// # Errors
/// No rows, unequal lengths, a score that is NaN or infinite, a class with fewer than two rows.
pub fn delong(score: &[f64], label: &[bool]) -> Result<SplitScore, Error> {
    // Checks lengths and scores.
    crate::prediction::Predictions::new(score, label)?;
    let class = |wanted: bool| {
        let rows = score.iter().zip(label).filter(|(_, label)| **label == wanted);
        let mut scores: Vec<f64> = rows.map(|(score, _)| *score).collect();
        scores.sort_unstable_by(f64::total_cmp);
        scores
    };
    let (positive, negative) = (class(true), class(false));
    if positive.is_empty() || negative.is_empty() {
        return Err(if positive.is_empty() { Undefined::NoPositive } else { Undefined::NoNegative }.into());
    }
    if positive.len() < 2 || negative.len() < 2 {
        return Err(Undefined::OneUnit.into());
    }
    let (value, of_positives) = mean_and_variance(&beaten(&positive, &negative));
    let (_, of_negatives) = mean_and_variance(&beaten(&negative, &positive));
    let variance = of_positives / positive.len() as f64 + of_negatives / negative.len() as f64;
    Ok(SplitScore { value, standard_error: variance.sqrt(), rows: score.len() })
}

/// For each of `own`, the share of `other` below it, ties counting one half; both ascend.
fn beaten(own: &[f64], other: &[f64]) -> Vec<f64> {
    let (mut below, mut up_to) = (0, 0);
    own.iter()
        .map(|score| {
            below += other[below..].iter().take_while(|&other| other < score).count();
            up_to = up_to.max(below);
            up_to += other[up_to..].iter().take_while(|&other| other <= score).count();
            (below + up_to) as f64 / 2.0 / other.len() as f64
        })
        .collect()
}

/// The variance divides by n − 1.
fn mean_and_variance(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0))
}

/// Compares a metric, of which more is better, between a random and a chronological split: the difference with its interval, and a
/// finding if the random split flatters beyond chance.
///
/// # Errors
/// A value or standard error that is not finite, a level outside (0, 1).
///
/// ```
/// use slatewise_eval::gates::{SplitScore, splits};
///
/// let score = |value| SplitScore { value, standard_error: 0.006, rows: 8000 };
/// let (difference, finding) = splits("AUC", &score(0.792), &score(0.608), 0.95)?;
/// assert!((difference.mean - 0.184).abs() < 1e-12);
/// assert!(finding.is_some_and(|finding| finding.evidence.starts_with("a random split flatters by 0.184 AUC [0.167, 0.201]")));
/// # Ok::<(), slatewise_eval::Error>(())
/// ```
pub fn splits(
    metric: &str,
    random: &SplitScore,
    chronological: &SplitScore,
    level: f64,
) -> Result<(Interval, Option<Finding>), Error> {
    for (row, value) in
        [random.value, random.standard_error, chronological.value, chronological.standard_error].into_iter().enumerate()
    {
        if !value.is_finite() {
            return Err(Error::NotFinite { what: "split's score", row: row / 2 + 1, value });
        }
    }
    let error = random.standard_error.hypot(chronological.standard_error);
    let rows = random.rows.min(chronological.rows);
    let difference = normal_interval(random.value - chronological.value, Some(error), rows, level)?;
    let flatters = difference.bounds.filter(|&(lower, _)| lower > 0.0);
    let finding = flatters.map(|(lower, upper)| Finding {
        gate: "splits",
        severity: if difference.mean >= MUCH { Severity::Warning } else { Severity::Notice },
        column: None,
        evidence: format!(
            "a random split flatters by {:.3} {metric} [{lower:.3}, {upper:.3}]: {:.3} at random, {:.3} in the order of time",
            difference.mean, random.value, chronological.value
        ),
        mend: "report the chronological split: it is what tomorrow will look like".to_owned(),
    });
    Ok((difference, finding))
}

#[cfg(test)]
mod tests {
    use super::super::binning::mixed;
    use super::*;
    use crate::prediction::{Predictions, roc_auc};

    #[test]
    fn by_hand() -> Result<(), Error> {
        // Positives .8 .4 .4, negatives .4 .1: V of positives 1, ¾, ¾; of negatives, the share below them, ⅓ (½ of two of three), 0.
        let scored = delong(&[0.8, 0.4, 0.1, 0.4, 0.4], &[true, true, false, false, true])?;
        assert!((scored.value - 2.5 / 3.0).abs() < 1e-12 && scored.rows == 5);
        // Variances: of (1, ¾, ¾) 1/48, of (⅓, 0) 1/18.
        assert!((scored.standard_error - (1.0 / 48.0 / 3.0 + 1.0 / 18.0 / 2.0_f64).sqrt()).abs() < 1e-12, "{scored:?}");
        Ok(())
    }

    #[test]
    fn the_value_is_the_auc_and_the_error_its_spread() -> Result<(), Error> {
        // Positives uniform on [¼, 1¼], negatives on [0, 1]: AUC = 1 − ½·¾² = .71875.
        let draw = |salt: u64| -> (Vec<f64>, Vec<bool>) {
            (0..300)
                .map(|row| {
                    let point = (mixed(1_000_003 * salt + row) >> 11) as f64 / (1_u64 << 53) as f64;
                    (if row % 3 == 0 { 0.25 + point } else { point }, row % 3 == 0)
                })
                .unzip()
        };
        let (mut values, mut errors) = (Vec::new(), 0.0);
        for salt in 0..400 {
            let (score, label) = draw(salt);
            let scored = delong(&score, &label)?;
            assert!((scored.value - roc_auc(&Predictions::new(&score, &label)?)?).abs() < 1e-12);
            values.push(scored.value);
            errors += scored.standard_error.powi(2) / 400.0;
        }
        let (mean, variance) = mean_and_variance(&values);
        assert!((mean - 0.718_75).abs() < 4.0 * (variance / 400.0).sqrt(), "{mean}");
        // A variance of 400 values is known to √(2/400) = 7 %.
        assert!((errors / variance - 1.0).abs() < 0.28, "{errors} {variance}");
        Ok(())
    }

    #[test]
    fn only_flattery_beyond_chance_is_found() -> Result<(), Error> {
        let score = |value: f64, standard_error: f64| SplitScore { value, standard_error, rows: 100 };
        let severity = |a, b| splits("AUC", &a, &b, 0.95).map(|(_, finding)| finding.map(|finding| finding.severity));
        assert_eq!(severity(score(0.75, 0.02), score(0.70, 0.02))?, None);
        assert_eq!(severity(score(0.75, 0.01), score(0.70, 0.01))?, Some(Severity::Warning));
        assert_eq!(severity(score(0.71, 0.001), score(0.70, 0.001))?, Some(Severity::Notice));
        assert_eq!(severity(score(0.70, 0.001), score(0.75, 0.001))?, None);
        // √(.003² + .004²) = .005, times 1.96.
        let (difference, _) = splits("AUC", &score(0.75, 0.003), &score(0.70, 0.004), 0.95)?;
        assert!(difference.bounds.is_some_and(|(lower, upper)| (upper - lower - 2.0 * 0.009_799_8).abs() < 1e-6));
        Ok(())
    }

    #[test]
    fn bad_input_is_refused() {
        assert!(matches!(delong(&[0.1, 0.2], &[true, true]), Err(Error::Undefined(Undefined::NoNegative))));
        assert!(matches!(delong(&[0.1, 0.2, 0.3], &[true, false, false]), Err(Error::Undefined(Undefined::OneUnit))));
        assert!(matches!(delong(&[f64::NAN], &[true]), Err(Error::NotFinite { row: 1, .. })));
        let odd = SplitScore { value: f64::NAN, standard_error: 0.1, rows: 1 };
        assert!(matches!(splits("AUC", &odd, &odd, 0.95), Err(Error::NotFinite { row: 1, .. })));
    }
}
