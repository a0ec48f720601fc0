//! A numeric column, fitted: cell → normalised number, and whether it is missing.

use serde::{Deserialize, Serialize};

use super::exact::Exact;
use super::quantile::{Quantiles, Sample};
use super::spec::{NumericColumn, NumericTransform};
use crate::encoder::Moments;

/// A fitted numeric column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Number {
    pub(super) column: String,
    pub(super) input: usize,
    scale: Scale,
    /// Some train row lacks it, so a second dense value says which.
    pub(super) missing: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Scale {
    None,
    Standard { mean: Exact, deviation: Exact },
    LogStandard { mean: Exact, deviation: Exact },
    Quantile(Quantiles),
}

/// What fitting a column gathers.
#[derive(Debug, Clone)]
pub(super) struct NumberFit {
    transform: NumericTransform,
    moments: Moments,
    pub(super) sample: Sample,
    pub(super) present: u64,
    pub(super) missing: u64,
}

/// Why a number cannot be used, and the mend.
pub(super) type Unfit = (&'static str, &'static str);

fn check(x: f64, log: bool) -> Result<(), Unfit> {
    if x.is_infinite() {
        return Err(("it is infinite", "write a finite number, or leave the cell empty"));
    }
    if log && x < 0.0 {
        return Err(("it is negative, and `log_standard` takes numbers of at least 0", "use `standard` or `quantile`"));
    }
    Ok(())
}

impl NumberFit {
    pub(super) fn new(spec: &NumericColumn) -> Self {
        let (moments, sample) = (Moments::default(), Sample::default());
        Self { transform: spec.transform, moments, sample, present: 0, missing: 0 }
    }

    /// Takes in the number of a train row; NaN is a missing one.
    pub(super) fn push(&mut self, x: f64) -> Result<(), Unfit> {
        if x.is_nan() {
            self.missing += 1;
            return Ok(());
        }
        check(x, self.transform == NumericTransform::LogStandard)?;
        self.present += 1;
        self.sample.push(x);
        match self.transform {
            NumericTransform::None | NumericTransform::Quantile => {}
            NumericTransform::Standard => self.moments.push(x),
            NumericTransform::LogStandard => self.moments.push(x.ln_1p()),
        }
        Ok(())
    }

    /// The fitted column; none if no train row has a number.
    pub(super) fn finish(&self, column: &str, input: usize) -> Option<Number> {
        let (mean, deviation) = self.moments.mean_and_deviation();
        let (mean, deviation) = (Exact(mean), Exact(deviation));
        let scale = match self.transform {
            NumericTransform::None => Scale::None,
            NumericTransform::Standard => Scale::Standard { mean, deviation },
            NumericTransform::LogStandard => Scale::LogStandard { mean, deviation },
            NumericTransform::Quantile => Scale::Quantile(Quantiles::fit(&self.sample)),
        };
        (self.present > 0).then(|| Number { column: column.to_owned(), input, scale, missing: self.missing > 0 })
    }
}

impl Number {
    /// Appends the dense values of a number; NaN is a missing one.
    pub(super) fn encode(&self, x: f64, out: &mut Vec<f32>) -> Result<(), Unfit> {
        let value = if x.is_nan() { 0.0 } else { self.scaled(x)? };
        out.push(value);
        if self.missing {
            out.push(if x.is_nan() { 1.0 } else { 0.0 });
        }
        Ok(())
    }

    /// The dense value of a number.
    pub(super) fn scaled(&self, x: f64) -> Result<f32, Unfit> {
        check(x, matches!(self.scale, Scale::LogStandard { .. }))?;
        let value = match &self.scale {
            Scale::None => x,
            Scale::Standard { mean, deviation } => (x - mean.0) / deviation.0,
            Scale::LogStandard { mean, deviation } => (x.ln_1p() - mean.0) / deviation.0,
            Scale::Quantile(quantiles) => quantiles.score(x),
        } as f32;
        if value.is_finite() { Ok(value) } else { Err(("it is too large for float32", "use `quantile`")) }
    }

    /// Names of the dense values.
    pub(super) fn names(&self) -> impl Iterator<Item = String> + '_ {
        let missing = self.missing.then(|| format!("{}_missing", self.column));
        std::iter::once(self.column.clone()).chain(missing)
    }

    /// What was fitted, for people.
    pub(super) fn detail(&self) -> String {
        let scale = match &self.scale {
            Scale::None => "as it is".to_owned(),
            Scale::Standard { mean, deviation } => format!("mean {:.3}, deviation {:.3}", mean.0, deviation.0),
            Scale::LogStandard { mean, deviation } => {
                format!("ln(1 + x): mean {:.3}, deviation {:.3}", mean.0, deviation.0)
            }
            Scale::Quantile(quantiles) => {
                let (low, high) = quantiles.ends();
                format!("quantiles from {low} to {high}")
            }
        };
        if self.missing { format!("{scale}; missing in some rows") } else { scale }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(transform: NumericTransform, numbers: &[f64]) -> Result<Number, Unfit> {
        let mut fit = NumberFit::new(&NumericColumn { column: "x".to_owned(), transform });
        numbers.iter().try_for_each(|&x| fit.push(x))?;
        fit.finish("x", 0).ok_or(("empty", ""))
    }

    fn encode(number: &Number, x: f64) -> Result<Vec<f32>, Unfit> {
        let mut out = Vec::new();
        number.encode(x, &mut out).map(|()| out)
    }

    #[test]
    fn each_transform_is_that_computed_by_hand() -> Result<(), Unfit> {
        // Mean 5, deviation 2.
        let standard = fitted(NumericTransform::Standard, &[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0])?;
        assert_eq!(encode(&standard, 8.0)?, [1.5]);
        // ln 1 = 0 and ln e² = 2: mean 1, deviation 1.
        let e = std::f64::consts::E;
        let log = fitted(NumericTransform::LogStandard, &[0.0, e * e - 1.0])?;
        assert!((encode(&log, e.powi(3) - 1.0)?[0] - 2.0).abs() < 1e-6);
        assert_eq!(encode(&fitted(NumericTransform::None, &[1.0])?, -7.25)?, [-7.25]);
        let quantile = fitted(NumericTransform::Quantile, &[0.0, 1.0, 100.0])?;
        assert_eq!(encode(&quantile, 1.0)?, [0.0]);
        Ok(())
    }

    #[test]
    fn a_missing_number_is_the_mean_and_says_so_if_train_rows_lack_it() -> Result<(), Unfit> {
        let whole = fitted(NumericTransform::Standard, &[1.0, 3.0])?;
        assert_eq!((encode(&whole, f64::NAN)?, encode(&whole, 3.0)?), (vec![0.0], vec![1.0]));
        let holes = fitted(NumericTransform::Standard, &[1.0, f64::NAN, 3.0])?;
        assert_eq!((encode(&holes, f64::NAN)?, encode(&holes, 3.0)?), (vec![0.0, 1.0], vec![1.0, 0.0]));
        assert_eq!(holes.names().collect::<Vec<_>>(), ["x", "x_missing"]);
        assert!(fitted(NumericTransform::Standard, &[f64::NAN]).is_err(), "nothing to fit on");
        Ok(())
    }

    #[test]
    fn numbers_that_cannot_be_used_are_refused() -> Result<(), Unfit> {
        assert!(fitted(NumericTransform::Standard, &[f64::INFINITY]).is_err());
        assert!(fitted(NumericTransform::LogStandard, &[-0.5]).is_err());
        assert!(encode(&fitted(NumericTransform::LogStandard, &[1.0])?, -0.5).is_err());
        assert!(encode(&fitted(NumericTransform::None, &[1.0])?, 1e300).is_err());
        Ok(())
    }
}
