//! `Contributions`: what each unit of a log (a round, a slate, a trajectory) adds to an off-policy estimate.
//!
//! Every estimator here is a sum of means or of ratios of means, so one structure carries all of them:
//!
//! ```text
//! V̂ = Σ_k  mean_i(a_ki) / mean_i(b_ki)            b_k absent: 1
//!
//! IPS              one term    a = w r
//! SNIPS            one term    a = w r            b = w
//! DR               one term    a = v̂ + w (r − q̂)
//! SNDR             two terms   a = v̂              and   a = w (r − q̂), b = w
//! weighted per-decision IS     one term per step  a = γ^t w_t r_t, b = w_t
//! ```
//!
//! The mean, the standard error and every interval follow from the terms once for all ([`Contributions::value`],
//! [`Contributions::influence`]); an estimator's file only says what a and b are.
//!
//! The influence of unit i is its linearised contribution (the delta method; Owen, "Monte Carlo theory, methods and examples", §9.2):
//!
//! ```text
//! ψ_i = Σ_k ( R_k + (a_ki − R_k b_ki) / b̄_k ) ,   R_k = ā_k / b̄_k        mean ψ = V̂,  standard error = sd(ψ) / √n
//! ```
//!
//! For an estimator without denominators ψ_i is the plain per-unit contribution.
//!
//! ```
//! use slatewise_eval::off_policy::{Contributions, Term};
//!
//! // Self-normalised: (2·1 + 0·0) / (2 + 0) = 1, however large the weights are.
//! let snips = Contributions::new(vec![Term::ratio(vec![2.0, 0.0], vec![2.0, 0.0])])?;
//! assert_eq!(snips.value()?, 1.0);
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use crate::error::{Error, Metric, Undefined};

/// One mean, or one ratio of means.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    numerator: Vec<f64>,
    denominator: Option<Vec<f64>>,
}

/// All terms of one estimate.
///
/// # Shapes
/// Every column has one value per unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Contributions {
    terms: Vec<Term>,
}

impl Term {
    /// The mean of a column.
    pub fn mean(values: Vec<f64>) -> Self {
        Self { numerator: values, denominator: None }
    }

    /// The ratio of two columns' means.
    pub fn ratio(numerator: Vec<f64>, denominator: Vec<f64>) -> Self {
        Self { numerator, denominator: Some(denominator) }
    }

    fn columns(&self) -> impl Iterator<Item = &[f64]> {
        std::iter::once(self.numerator.as_slice()).chain(self.denominator.as_deref())
    }

    /// Mean of the numerator over mean of the denominator, and the latter.
    fn means(&self) -> Result<(f64, f64), Undefined> {
        let numerator = mean(&self.numerator);
        let Some(denominator) = self.denominator.as_deref().map(mean) else {
            return Ok((numerator, 1.0));
        };
        if denominator == 0.0 { Err(Undefined::NoWeight) } else { Ok((numerator / denominator, denominator)) }
    }
}

impl Contributions {
    /// Gathers the terms.
    ///
    /// # Errors
    /// No terms, no units, columns of unequal lengths.
    pub fn new(terms: Vec<Term>) -> Result<Self, Error> {
        let units = terms.first().map_or(0, |term| term.numerator.len());
        if units == 0 {
            return Err(Error::Empty { what: "contributions" });
        }
        if let Some(other) = terms.iter().flat_map(Term::columns).find(|column| column.len() != units) {
            let (left_len, right_len) = (units, other.len());
            return Err(Error::UnequalLengths { left: "first column", left_len, right: "another", right_len });
        }
        Ok(Self { terms })
    }

    /// A plain mean of per-unit contributions.
    ///
    /// # Errors
    /// No units.
    pub fn mean(values: Vec<f64>) -> Result<Self, Error> {
        Self::new(vec![Term::mean(values)])
    }

    /// Number of units.
    pub fn units(&self) -> usize {
        self.terms[0].numerator.len()
    }

    /// Whether the estimate is a plain mean, so that bounds for means of bounded variables apply.
    pub fn is_mean(&self) -> bool {
        self.terms.iter().all(|term| term.denominator.is_none())
    }

    /// The estimate.
    ///
    /// # Errors
    /// Undefined when a denominator's mean is 0 (all weights are 0) or the sums overflow.
    pub fn value(&self) -> Metric {
        let mut value = 0.0;
        for term in &self.terms {
            value += term.means()?.0;
        }
        finite(value)
    }

    /// Linearised contribution of each unit; their mean is the value.
    ///
    /// # Errors
    /// As [`Contributions::value`].
    pub fn influence(&self) -> Result<Vec<f64>, Undefined> {
        if let [Term { numerator, denominator: None }] = self.terms.as_slice() {
            return Ok(numerator.clone());
        }
        let mut influence = vec![0.0; self.units()];
        for term in &self.terms {
            let (value, scale) = term.means()?;
            match &term.denominator {
                None => influence.iter_mut().zip(&term.numerator).for_each(|(sum, a)| *sum += a),
                Some(denominator) => {
                    for ((sum, a), b) in influence.iter_mut().zip(&term.numerator).zip(denominator) {
                        *sum += value + (a - value * b) / scale;
                    }
                }
            }
        }
        Ok(influence)
    }

    /// Standard error of the estimate: standard deviation (n − 1) of the influences over √n.
    ///
    /// # Errors
    /// As [`Contributions::value`]; undefined for a single unit.
    pub fn standard_error(&self) -> Metric {
        self.standard_error_of(&self.influence()?)
    }

    /// The same, given the influences.
    pub(super) fn standard_error_of(&self, influence: &[f64]) -> Metric {
        if influence.len() < 2 {
            return Err(Undefined::OneUnit);
        }
        let (count, centre) = (influence.len() as f64, mean(influence));
        let squares: f64 = influence.iter().map(|value| (value - centre).powi(2)).sum();
        finite((squares / (count - 1.0) / count).sqrt())
    }

    /// All columns, in the order in which [`Contributions::value_of_sums`] takes their sums.
    pub fn columns(&self) -> Vec<&[f64]> {
        self.terms.iter().flat_map(Term::columns).collect()
    }

    /// The estimate on a resample of the units, given the sum of each column over it; none if a denominator is 0 there.
    ///
    /// # Panics
    /// If there are not as many sums as columns.
    pub fn value_of_sums(&self, sums: &[f64]) -> Option<f64> {
        let (mut value, mut next) = (0.0, sums.iter());
        let mut sum = || {
            let sum = next.next();
            assert!(sum.is_some(), "{} sums for {} columns", sums.len(), self.columns().len());
            sum.copied().unwrap_or(f64::NAN)
        };
        for term in &self.terms {
            let numerator = sum();
            let denominator = if term.denominator.is_some() { sum() } else { self.units() as f64 };
            if denominator == 0.0 {
                return None;
            }
            value += numerator / denominator;
        }
        value.is_finite().then_some(value)
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn finite(value: f64) -> Metric {
    if value.is_finite() { Ok(value) } else { Err(Undefined::Overflow) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_by_hand() -> Result<(), Error> {
        // w = 1, 3; r = 1, 0: 1/4. ψ = ¼ + (a − b/4)/2 = ¼ + ⅜, ¼ − ⅜; sd = ¾/√2, over √2 = ⅜.
        let ratio = Contributions::new(vec![Term::ratio(vec![1.0, 0.0], vec![1.0, 3.0])])?;
        assert_eq!(ratio.value()?, 0.25);
        assert_eq!(ratio.influence()?, [0.625, -0.125]);
        assert!((ratio.standard_error()? - 0.375).abs() < 1e-15);
        assert_eq!(ratio.value_of_sums(&[2.0, 2.0]), Some(1.0));
        assert_eq!(ratio.value_of_sums(&[0.0, 0.0]), None);
        assert!(!ratio.is_mean());
        Ok(())
    }

    #[test]
    fn what_has_no_value_says_why() -> Result<(), Error> {
        let zero = Contributions::new(vec![Term::ratio(vec![0.0], vec![0.0])])?;
        assert_eq!(zero.value(), Err(Undefined::NoWeight));
        let huge = Contributions::mean(vec![f64::MAX, f64::MAX])?;
        assert_eq!(huge.value(), Err(Undefined::Overflow));
        assert_eq!(Contributions::mean(vec![1.0])?.standard_error(), Err(Undefined::OneUnit));
        assert_eq!(Contributions::mean(vec![]), Err(Error::Empty { what: "contributions" }));
        assert!(Contributions::new(vec![Term::ratio(vec![1.0], vec![])]).is_err());
        Ok(())
    }
}
