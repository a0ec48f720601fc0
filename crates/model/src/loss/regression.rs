//! Losses of a number: squared error for its mean, pinball loss for a quantile.
//!
//! ```text
//! squared   ℓ(z, y) = (z - y)²                                   least at the mean of y
//! pinball   ℓ(z, y) = τ max(y - z, 0) + (1 - τ) max(z - y, 0)    least at the τ-quantile of y
//! ```
//!
//! # Reference
//! Koenker, Bassett 1978, "Regression Quantiles", Econometrica 46, for the pinball loss.

use burn::tensor::{Tensor, activation};

/// Weighted squared error.
///
/// # Shapes
/// - prediction, label, weight: `[R, 1]`; the weights sum to 1
/// - output: `[1]`
pub fn squared_error(prediction: Tensor<2>, label: Tensor<2>, weight: Tensor<2>) -> Tensor<1> {
    assert_eq!(prediction.dims(), label.dims(), "predictions {:?} and labels {:?}", prediction.dims(), label.dims());
    let error = prediction - label;
    (error.clone() * error * weight).sum()
}

/// Weighted pinball loss for the quantile τ in (0, 1).
///
/// # Shapes
/// As [`squared_error`].
pub fn pinball(prediction: Tensor<2>, label: Tensor<2>, weight: Tensor<2>, quantile: f64) -> Tensor<1> {
    assert_eq!(prediction.dims(), label.dims(), "predictions {:?} and labels {:?}", prediction.dims(), label.dims());
    let error = prediction - label;
    let loss = activation::relu(error.clone()) * (1.0 - quantile) + activation::relu(error.neg()) * quantile;
    (loss * weight).sum()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, tensor, with_gradient};
    use super::*;

    const LABEL: [f32; 4] = [1.0, 5.0, 2.0, 100.0];
    const WEIGHT: [f32; 4] = [0.5, 0.25, 0.25, 0.0];
    const PREDICTION: [f32; 4] = [3.0, 1.0, 2.0, 0.0];

    #[test]
    fn squared_error_equals_hand_computation() {
        let (loss, gradient) = with_gradient(&PREDICTION, 1, |prediction, device| {
            squared_error(prediction, tensor(&LABEL, 1, device), tensor(&WEIGHT, 1, device))
        });
        assert_close(&loss, &[0.5 * 4.0 + 0.25 * 16.0]);
        assert_close(&gradient, &[2.0, -2.0, 0.0, 0.0]);
        assert_eq!(gradient[3], 0.0, "a masked label has exactly zero gradient");
    }

    #[test]
    fn pinball_equals_hand_computation() {
        // Too high by 2 costs 0.1 · 2, too low by 4 costs 0.9 · 4.
        let (loss, gradient) = with_gradient(&PREDICTION, 1, |prediction, device| {
            pinball(prediction, tensor(&LABEL, 1, device), tensor(&WEIGHT, 1, device), 0.9)
        });
        assert_close(&loss, &[0.5 * 0.2 + 0.25 * 3.6]);
        assert_close(&gradient, &[0.5 * 0.1, -0.25 * 0.9, 0.0, 0.0]);
        assert_eq!(gradient[3], 0.0, "a masked label has exactly zero gradient");
    }

    #[test]
    fn pinball_is_least_at_the_quantile() {
        // Labels 0..=10, each once: the loss at 0.8 has its minimum at 8.
        let label: Vec<f32> = (0..=10).map(|value| value as f32).collect();
        let loss = |prediction: f32| {
            with_gradient(&[prediction; 11], 1, |prediction, device| {
                pinball(prediction, tensor(&label, 1, device), tensor(&[1.0 / 11.0; 11], 1, device), 0.8)
            })
            .0[0]
        };
        let best = (0..=20).map(|half| half as f32 / 2.0).min_by(|a, b| loss(*a).total_cmp(&loss(*b)));
        assert_eq!(best, Some(8.0));
    }

    #[test]
    fn far_predictions_stay_finite() {
        for prediction in [-1e10, 1e10_f32] {
            let (loss, gradient) = with_gradient(&[prediction], 1, |prediction, device| {
                pinball(prediction, tensor(&[0.0], 1, device), tensor(&[1.0], 1, device), 0.5)
            });
            assert_close(&loss, &[5e9]);
            assert_close(&gradient, &[0.5 * prediction.signum()]);
            let (loss, gradient) = with_gradient(&[prediction], 1, |prediction, device| {
                squared_error(prediction, tensor(&[0.0], 1, device), tensor(&[1.0], 1, device))
            });
            assert_close(&loss, &[1e20]);
            assert_close(&gradient, &[2.0 * prediction]);
        }
    }
}
