//! Cross-entropy of binary tasks, several at once.
//!
//! ```text
//! ℓ(z, y) = (1 - y) z - ln σ(z)                z one logit, y ∈ {0, 1}
//! ```
//!
//! This is -y ln σ(z) - (1 - y) ln(1 - σ(z)) without its overflow.

use burn::tensor::{Tensor, activation};

/// Weighted cross-entropy of binary tasks, one value per task.
///
/// # Shapes
/// - logits, label, weight: `[B, T]`; labels 0 or 1, each column of the weights sums to 1 or to 0
/// - output: `[T]`
pub fn binary_cross_entropy(logits: Tensor<2>, label: Tensor<2>, weight: Tensor<2>) -> Tensor<1> {
    assert_eq!(logits.dims(), label.dims(), "logits {:?} and labels {:?}", logits.dims(), label.dims());
    (losses(logits, label) * weight).sum_dim(0).squeeze_dim(0)
}

/// The losses of single logits, of any shape.
pub(super) fn losses(logits: Tensor<2>, label: Tensor<2>) -> Tensor<2> {
    (label.neg() + 1.0) * logits.clone() - activation::log_sigmoid(logits)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, tensor, values};
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn binary_loss_equals_hand_computation() {
        let device = Device::flex();
        // Task 0: ℓ(0, 1) = ln 2; ℓ(ln 3, 0) = -ln(1 - 3/4) = ln 4; weights 1/4 and 3/4.
        // Task 1: ℓ(-ln 3, 1) = -ln(1/4) = ln 4 with weight 1; its other row is masked.
        let ln3 = 3.0_f32.ln();
        let logits = tensor(&[0.0, -ln3, ln3, 9.0], 2, &device);
        let label = tensor(&[1.0, 1.0, 0.0, 0.0], 2, &device);
        let weight = tensor(&[0.25, 1.0, 0.75, 0.0], 2, &device);
        let expected = [0.25 * 2.0_f32.ln() + 0.75 * 4.0_f32.ln(), 4.0_f32.ln()];
        assert_close(&values(binary_cross_entropy(logits, label, weight)), &expected);
    }

    #[test]
    fn binary_gradient_is_weight_times_prediction_minus_label_also_at_zero() {
        let device = Device::flex().autodiff();
        let logits = tensor(&[0.0, 0.0, 3.0_f32.ln(), 50.0], 1, &device).require_grad();
        let label = tensor(&[1.0, 0.0, 0.0, 0.0], 1, &device);
        let weight = tensor(&[0.5, 0.25, 0.25, 0.0], 1, &device);
        let gradients = binary_cross_entropy(logits.clone(), label, weight).sum().backward();
        let gradient = logits.grad(&gradients).map(values).unwrap_or_default();
        assert_close(&gradient[..3], &[-0.25, 0.125, 0.1875]);
        assert_eq!(gradient[3], 0.0, "a masked label has exactly zero gradient");
    }

    #[test]
    fn extreme_logits_stay_finite() {
        let device = Device::flex();
        let logits = tensor(&[1e4, -1e4, 1e4, -1e4], 1, &device);
        let label = tensor(&[1.0, 0.0, 0.0, 1.0], 1, &device);
        let weight = tensor(&[1.0, 0.0, 0.0, 0.0], 1, &device);
        assert_close(&values(binary_cross_entropy(logits.clone(), label.clone(), weight)), &[0.0]);
        let weight = tensor(&[0.0, 0.0, 0.5, 0.5], 1, &device);
        assert_close(&values(binary_cross_entropy(logits, label, weight)), &[1e4]);
    }
}
