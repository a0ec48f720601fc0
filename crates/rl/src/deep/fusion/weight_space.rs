//! `WeightSpace`: where fusion weights lie, how a network's outputs are squashed into it, and the density of a weight that was explored.
//!
//! ```text
//! simplex     z [K − 1] ──▶ w = softmax(z₁, ..., z_{K−1}, 0)                     weights ≥ 0 that sum to 1
//! interval    z [K]     ──▶ w_k = low + (high − low) σ(z_k)                      each by itself
//! explored    z ~ N(h(s), σ² I),  w as above
//! density     p(w | s) = N(z; h(s), σ² I) |∂z / ∂w|
//!             simplex    |∂z / ∂w| = Π_{k=1..K} 1 / w_k           with respect to w₁ ... w_{K−1}: the logistic-normal distribution
//!             interval   |∂z / ∂w| = Π_k (high − low) / ((w_k − low) (high − w_k))
//! ```
//!
//! Noise is added before squashing, so every explored weight lies in the space, none sits on its edge with a probability of its own, and
//! the density is exact. The last output of the simplex is held at 0 because a softmax does not change when all of its inputs do.
//!
//! Reference: Aitchison & Shen 1980, "Logistic-normal distributions: some properties and uses".

use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Where the weights lie: `space = { kind = "simplex" }`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum WeightSpace {
    /// At least 0, and 1 together; at least two weights.
    #[default]
    Simplex,
    /// Each between two numbers.
    Interval {
        /// Least weight.
        low: f64,
        /// Greatest weight, above `low`.
        high: f64,
    },
}

impl WeightSpace {
    /// Checks the settings for K = `weights`; `key` is their place in the config.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn validate(&self, key: &str, weights: usize) -> Result<(), Error> {
        match self {
            Self::Simplex => Error::unless(weights >= 2, key, "kind", || {
                format!("a simplex needs at least two weights, not {weights}; take an interval")
            }),
            Self::Interval { low, high } => {
                Error::unless(weights >= 1, key, "kind", || "at least one weight is needed".to_owned())?;
                let holds = low.is_finite() && high.is_finite() && low < high;
                Error::unless(holds, key, "high", || format!("must be a number above low, which is {low}"))
            }
        }
    }

    /// Numbers before squashing for K weights.
    pub fn outputs(&self, weights: usize) -> usize {
        match self {
            Self::Simplex => weights.saturating_sub(1),
            Self::Interval { .. } => weights,
        }
    }

    /// Weights.
    ///
    /// # Shapes
    /// `outputs [D]` → `[K]`
    pub fn squash(&self, outputs: &[f64]) -> Vec<f64> {
        match self {
            Self::Simplex => {
                let largest = outputs.iter().copied().fold(0.0, f64::max);
                let parts: Vec<f64> = outputs.iter().copied().chain([0.0]).map(|z| (z - largest).exp()).collect();
                let sum: f64 = parts.iter().sum();
                parts.into_iter().map(|part| part / sum).collect()
            }
            Self::Interval { low, high } => outputs.iter().map(|z| low + (high - low) / (1.0 + (-z).exp())).collect(),
        }
    }

    /// Weights, with gradients.
    ///
    /// # Shapes
    /// `outputs [B, D]` → `[B, K]`
    pub(super) fn squash_rows(&self, outputs: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Simplex => {
                let last = Tensor::zeros([outputs.dims()[0], 1], &outputs.device());
                activation::softmax(Tensor::cat(vec![outputs, last], 1), 1)
            }
            Self::Interval { low, high } => activation::sigmoid(outputs) * (high - low) + *low,
        }
    }

    /// ln p(w | s) of the weights that explored outputs z are squashed to.
    ///
    /// # Shapes
    /// `explored [D]`: z; `mean [D]`: h(s); `deviation` σ > 0
    pub fn log_density(&self, explored: &[f64], mean: &[f64], deviation: f64) -> f64 {
        let (found, expected) = (explored.len(), mean.len());
        assert!(found == expected, "outputs of shape [{found}] around a mean of shape [{expected}]");
        let normal: f64 =
            explored.iter().zip(mean).map(|(z, h)| log_normal((z - h) / deviation) - deviation.ln()).sum();
        // ln w and ln σ(z) from z itself: the weight may round to 0 or 1.
        let jacobian: f64 = match self {
            Self::Simplex => {
                let largest = explored.iter().copied().fold(0.0, f64::max);
                let all = || explored.iter().copied().chain([0.0]);
                let log_sum = largest + all().map(|z| (z - largest).exp()).sum::<f64>().ln();
                all().map(|z| log_sum - z).sum()
            }
            Self::Interval { low, high } => {
                explored.iter().map(|z| softplus(*z) + softplus(-z) - (high - low).ln()).sum()
            }
        };
        normal + jacobian
    }
}

/// ln of the standard normal density.
fn log_normal(x: f64) -> f64 {
    -0.5 * (x * x + std::f64::consts::TAU.ln())
}

/// ln(1 + eˣ) = −ln σ(−x).
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    const INTERVAL: WeightSpace = WeightSpace::Interval { low: -1.0, high: 3.0 };

    #[test]
    fn squashing_equals_hand_computation() {
        let (ln_3, simplex) = (3.0_f64.ln(), WeightSpace::Simplex);
        let close = |found: &[f64], expected: &[f64]| found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-6);
        assert!(close(&simplex.squash(&[ln_3, 0.0]), &[0.6, 0.2, 0.2]));
        assert!(close(&INTERVAL.squash(&[ln_3, 0.0]), &[2.0, 1.0])); // −1 + 4 · ¾, −1 + 4 · ½
        assert!(close(&simplex.squash(&[900.0]), &[1.0, 0.0]));
        for space in [simplex, INTERVAL] {
            let rows = space.squash_rows(Tensor::from_data([[ln_3, 0.0], [-2.0, 5.0]], &Device::flex()));
            let found: Vec<f64> = rows.into_data().iter::<f32>().map(f64::from).collect();
            assert!(close(&found, &[space.squash(&[ln_3, 0.0]), space.squash(&[-2.0, 5.0])].concat()), "{found:?}");
        }
    }

    /// Each density, of the weight itself, is 1 in sum; at a point it is computed by hand.
    #[test]
    fn densities_are_those_of_the_weights() {
        let (mean, deviation) = ([0.4], 0.7);
        for (space, low, high) in [(WeightSpace::Simplex, 0.0, 1.0), (INTERVAL, -1.0, 3.0)] {
            let steps = 20_000;
            let width = (high - low) / f64::from(steps);
            let sum: f64 = (0..steps)
                .map(|step| {
                    let share = (f64::from(step) + 0.5) / f64::from(steps);
                    let z = (share / (1.0 - share)).ln();
                    assert!((space.squash(&[z])[0] - (low + share * (high - low))).abs() < 1e-9);
                    space.log_density(&[z], &mean, deviation).exp() * width
                })
                .sum();
            assert!((sum - 1.0).abs() < 1e-6, "{space:?}: {sum}");
        }
        // At z = h = 0: 1 / √(2 π), divided by dw/dz = ¼ and by 4 · ¼.
        let at_mean = |space: WeightSpace| space.log_density(&[0.0], &[0.0], 1.0).exp();
        let peak = std::f64::consts::TAU.sqrt().recip();
        assert!((at_mean(WeightSpace::Simplex) - 4.0 * peak).abs() < 1e-12);
        assert!((at_mean(INTERVAL) - peak).abs() < 1e-12);
        // Three weights of ⅓: 27 times a normal density in two dimensions.
        let three = WeightSpace::Simplex.log_density(&[0.0; 2], &[0.0; 2], 1.0).exp();
        assert!((three - 27.0 * peak * peak).abs() < 1e-9);
    }

    #[test]
    fn settings_are_checked() {
        let message = WeightSpace::Simplex.validate("rmtl.space", 1).unwrap_err().to_string();
        assert_eq!(message, "rmtl.space.kind: a simplex needs at least two weights, not 1; take an interval");
        let message = WeightSpace::Interval { low: 1.0, high: 1.0 }.validate("rmtl.space", 1).unwrap_err().to_string();
        assert_eq!(message, "rmtl.space.high: must be a number above low, which is 1");
    }
}
