//! `Shrinkage`: ways to make large importance weights smaller, trading variance for bias.
//!
//! | variant | w̃ | what it leaves alone | source |
//! |---|---|---|---|
//! | `None` | w | everything | Horvitz & Thompson 1952 |
//! | `Clip(λ)` | min(w, λ) | w ≤ λ | Ionides, JCGS 2008 |
//! | `Switch(τ)` | w if w ≤ τ, else 0 | w ≤ τ | Wang, Agarwal & Dudík, ICML 2017 |
//! | `Optimistic(λ)` | λ w / (w² + λ) | small w; λ = 0 removes all, λ = ∞ nothing | Su et al., ICML 2020 |
//! | `SubGaussian(λ)` | w / (1 − λ + λ w) | λ = 0; at λ = 1 all weights are 1 | Metelli, Russo & Restelli, NeurIPS 2021, with s = −1 |
//!
//! A weight of 0 stays 0 under each. Bias grows and variance falls from the last column's "nothing removed" end to the other.
//!
//! ```
//! use slatewise_eval::off_policy::Shrinkage;
//!
//! assert_eq!(Shrinkage::Clip(2.0).apply(5.0), 2.0);
//! assert_eq!(Shrinkage::Switch(5.0).apply(5.0), 5.0);
//! assert_eq!(Shrinkage::Optimistic(4.0).apply(2.0), 1.0);
//! assert_eq!(Shrinkage::SubGaussian(0.5).apply(3.0), 1.5);
//! ```

use crate::error::Error;

/// A map from importance weights to smaller ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shrinkage {
    /// Weights as they are.
    None,
    /// Cut at λ > 0.
    Clip(f64),
    /// Dropped above τ > 0.
    Switch(f64),
    /// Optimistic shrinkage, λ ≥ 0.
    Optimistic(f64),
    /// Sub-Gaussian shrinkage, λ in [0, 1].
    SubGaussian(f64),
}

impl Shrinkage {
    /// The weight that is used in place of w ≥ 0.
    pub fn apply(self, weight: f64) -> f64 {
        match self {
            Self::None => weight,
            Self::Clip(lambda) => weight.min(lambda),
            Self::Switch(tau) => {
                if weight <= tau {
                    weight
                } else {
                    0.0
                }
            }
            Self::Optimistic(lambda) if lambda.is_infinite() => weight,
            // λ w / (w² + λ), divided through by w so that w² cannot overflow.
            Self::Optimistic(lambda) if weight > 0.0 => lambda / (weight + lambda / weight),
            Self::SubGaussian(lambda) if weight > 0.0 => weight / (1.0 - lambda + lambda * weight),
            Self::Optimistic(_) | Self::SubGaussian(_) => 0.0,
        }
    }

    /// Refuses a parameter outside its range.
    ///
    /// # Errors
    /// λ or τ that is NaN, negative, 0 where it must be positive, or above 1 for [`Shrinkage::SubGaussian`].
    pub fn checked(self) -> Result<Self, Error> {
        let (what, value, low, high) = match self {
            Self::None => return Ok(self),
            Self::Clip(lambda) => ("clipping threshold", lambda, f64::MIN_POSITIVE, f64::INFINITY),
            Self::Switch(tau) => ("switch threshold", tau, f64::MIN_POSITIVE, f64::INFINITY),
            Self::Optimistic(lambda) => ("shrinkage λ", lambda, 0.0, f64::INFINITY),
            Self::SubGaussian(lambda) => ("sub-Gaussian λ", lambda, 0.0, 1.0),
        };
        if (low..=high).contains(&value) {
            Ok(self)
        } else {
            Err(Error::OutsideRange { what, row: 1, value, low, high })
        }
    }

    /// λ or τ; none for [`Shrinkage::None`].
    pub fn parameter(self) -> Option<f64> {
        match self {
            Self::None => None,
            Self::Clip(p) | Self::Switch(p) | Self::Optimistic(p) | Self::SubGaussian(p) => Some(p),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_each_range() {
        for weight in [0.0, 0.3, 1.0, 7.0] {
            assert_eq!(Shrinkage::Optimistic(0.0).apply(weight), 0.0);
            assert_eq!(Shrinkage::Optimistic(f64::INFINITY).apply(weight), weight);
            assert_eq!(Shrinkage::Clip(f64::INFINITY).apply(weight), weight);
            assert_eq!(Shrinkage::SubGaussian(0.0).apply(weight), weight);
            assert_eq!(Shrinkage::SubGaussian(1.0).apply(weight), f64::from(u8::from(weight > 0.0)));
        }
        assert!((Shrinkage::Optimistic(1.0).apply(1e200) - 1e-200).abs() < 1e-212);
        assert!(Shrinkage::SubGaussian(1.5).checked().is_err());
        assert!(Shrinkage::Clip(0.0).checked().is_err() && Shrinkage::Switch(f64::NAN).checked().is_err());
        assert!(Shrinkage::Optimistic(0.0).checked().is_ok());
    }

    #[test]
    fn no_shrinkage_enlarges_a_weight_above_one() {
        for weight in [1.0, 1.5, 20.0, 1e6] {
            for shrinkage in
                [Shrinkage::Clip(3.0), Shrinkage::Switch(3.0), Shrinkage::Optimistic(3.0), Shrinkage::SubGaussian(0.3)]
            {
                assert!(shrinkage.apply(weight) <= weight, "{shrinkage:?} {weight}");
            }
        }
    }
}
