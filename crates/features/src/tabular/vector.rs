//! A column of vectors, fitted: list of numbers → dense values of size 1.

use serde::{Deserialize, Serialize};

use super::exact::Exact;
use super::number::Unfit;
use super::spec::{VectorColumn, VectorScale};
use crate::encoder::Moments;

/// A fitted column of vectors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Vector {
    pub(super) column: String,
    pub(super) input: usize,
    scale: Scale,
    pub(super) width: u32,
    /// Some train row lacks it, so a dense value behind the others says which.
    pub(super) missing: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Scale {
    /// Mean and deviation of each number.
    Standard(Vec<(Exact, Exact)>),
    /// √width / mean length.
    MeanNorm(Exact),
}

/// What fitting a column gathers.
#[derive(Debug, Clone)]
pub(super) struct VectorFit {
    moments: Vec<Moments>,
    length: Moments,
    pub(super) present: u64,
    pub(super) missing: u64,
}

const NOT_FINITE: Unfit = ("a number of the vector is not finite", "mend it, or leave the whole vector empty");

fn is_missing(vector: &[f32]) -> bool {
    vector.iter().all(|x| x.is_nan())
}

impl VectorFit {
    pub(super) fn new(spec: &VectorColumn) -> Self {
        let moments = vec![Moments::default(); spec.width as usize];
        Self { moments, length: Moments::default(), present: 0, missing: 0 }
    }

    /// Takes in the vector of a train row; all NaN is a missing one.
    pub(super) fn push(&mut self, vector: &[f32]) -> Result<(), Unfit> {
        if is_missing(vector) {
            self.missing += 1;
            return Ok(());
        }
        if vector.iter().any(|x| !x.is_finite()) {
            return Err(NOT_FINITE);
        }
        self.present += 1;
        self.moments.iter_mut().zip(vector).for_each(|(moments, &x)| moments.push(x.into()));
        self.length.push(vector.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt());
        Ok(())
    }

    /// The fitted column; none if no train row has a vector.
    pub(super) fn finish(&self, spec: &VectorColumn, input: usize) -> Option<Vector> {
        let scale = match spec.scale {
            VectorScale::Standard => {
                let each = self.moments.iter().map(Moments::mean_and_deviation);
                Scale::Standard(each.map(|(mean, deviation)| (Exact(mean), Exact(deviation))).collect())
            }
            VectorScale::MeanNorm => {
                let (length, _) = self.length.mean_and_deviation();
                Scale::MeanNorm(Exact(if length > 1e-12 { f64::from(spec.width).sqrt() / length } else { 1.0 }))
            }
        };
        let missing = self.missing > 0;
        (self.present > 0).then(|| Vector { column: spec.column.clone(), input, scale, width: spec.width, missing })
    }
}

impl Vector {
    /// Normalises the vector at the end of `out`, and says behind it whether it is missing.
    pub(super) fn encode(&self, out: &mut Vec<f32>) -> Result<(), Unfit> {
        let start = out.len() - self.width as usize;
        let vector = &mut out[start..];
        let missing = is_missing(vector);
        if missing {
            vector.fill(0.0);
        } else {
            match &self.scale {
                Scale::Standard(each) => vector.iter_mut().zip(each).for_each(|(x, (mean, deviation))| {
                    *x = ((f64::from(*x) - mean.0) / deviation.0) as f32;
                }),
                Scale::MeanNorm(factor) => vector.iter_mut().for_each(|x| *x = (f64::from(*x) * factor.0) as f32),
            }
            if vector.iter().any(|x| !x.is_finite()) {
                return Err(NOT_FINITE);
            }
        }
        if self.missing {
            out.push(if missing { 1.0 } else { 0.0 });
        }
        Ok(())
    }

    /// Names of the dense values.
    pub(super) fn names(&self) -> impl Iterator<Item = String> + '_ {
        let missing = self.missing.then(|| format!("{}_missing", self.column));
        (0..self.width).map(|at| format!("{}_{at}", self.column)).chain(missing)
    }

    /// What was fitted, for people.
    pub(super) fn detail(&self) -> String {
        let scale = match &self.scale {
            Scale::Standard(_) => "standardised",
            Scale::MeanNorm(_) => "scaled by the mean length",
        };
        let missing = if self.missing { "; missing in some rows" } else { "" };
        format!("vector of {} numbers, {scale}{missing}", self.width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(scale: VectorScale, rows: &[[f32; 2]]) -> Result<Vector, Unfit> {
        let mut spec = VectorColumn::new("v", 2);
        spec.scale = scale;
        let mut fit = VectorFit::new(&spec);
        rows.iter().try_for_each(|row| fit.push(row))?;
        fit.finish(&spec, 0).ok_or(("empty", ""))
    }

    fn encode(vector: &Vector, row: [f32; 2]) -> Result<Vec<f32>, Unfit> {
        let mut out = row.to_vec();
        vector.encode(&mut out).map(|()| out)
    }

    #[test]
    fn scales_are_those_computed_by_hand() -> Result<(), Unfit> {
        let rows = [[1.0, 5.0], [3.0, 5.0]];
        assert_eq!(encode(&fitted(VectorScale::Standard, &rows)?, [4.0, 6.0])?, [2.0, 1.0]);
        // Lengths 5 and 10: mean 7.5.
        let factor = 2.0_f64.sqrt() / 7.5;
        let found = encode(&fitted(VectorScale::MeanNorm, &[[3.0, 4.0], [6.0, 8.0]])?, [1.0, -2.0])?;
        assert_eq!(found, [factor as f32, (-2.0 * factor) as f32]);
        Ok(())
    }

    #[test]
    fn a_missing_vector_is_zeros_and_says_so_if_train_rows_lack_it() -> Result<(), Unfit> {
        const NONE: [f32; 2] = [f32::NAN; 2];
        let whole = fitted(VectorScale::Standard, &[[1.0, 2.0]])?;
        assert_eq!(encode(&whole, NONE)?, [0.0, 0.0]);
        let holes = fitted(VectorScale::Standard, &[[1.0, 2.0], NONE])?;
        assert_eq!((encode(&holes, NONE)?, encode(&holes, [1.0, 3.0])?), (vec![0.0, 0.0, 1.0], vec![0.0, 1.0, 0.0]));
        assert_eq!(holes.names().collect::<Vec<_>>(), ["v_0", "v_1", "v_missing"]);
        assert!(
            encode(&whole, [f32::NAN, 1.0]).is_err() && fitted(VectorScale::Standard, &[[f32::INFINITY, 0.0]]).is_err()
        );
        assert!(fitted(VectorScale::Standard, &[NONE]).is_err());
        Ok(())
    }
}
