//! Losses: weighted, masked, and averaged over the rows whose label counts.
//!
//! ```text
//! L = Σᵢ wᵢ ℓ(zᵢ, yᵢ) / Σᵢ wᵢ           0 where Σ w = 0
//! binary  ℓ(z, y) = (1 - y) z - ln σ(z)                z one logit, y ∈ {0, 1}
//! choice  ℓ(z, y) = -z_y + ln Σ_c exp(z_c)             z one logit per class, y the class
//! ```
//!
//! The binary form is -y ln σ(z) - (1 - y) ln(1 - σ(z)) without its overflow. Weights arrive divided by their sum over
//! the batch ([`upload`](crate::upload) does it in f64 on the host), so what remains here is a weighted sum, nothing is
//! divided by a device value, and a batch without labels gives 0 and not 0/0. A weight of zero multiplies the gradient
//! by zero: a masked row teaches nothing.

use burn::tensor::{Int, Tensor, activation};

/// Weighted cross-entropy of binary tasks, one value per task.
///
/// # Shapes
/// - logits, label, weight: `[B, T]`; labels 0 or 1, each column of the weights sums to 1 or to 0
/// - output: `[T]`
pub fn binary_cross_entropy(logits: Tensor<2>, label: Tensor<2>, weight: Tensor<2>) -> Tensor<1> {
    assert_eq!(logits.dims(), label.dims(), "logits {:?} and labels {:?}", logits.dims(), label.dims());
    let loss = (label.neg() + 1.0) * logits.clone() - activation::log_sigmoid(logits);
    (loss * weight).sum_dim(0).squeeze_dim(0)
}

/// Weighted cross-entropy of a choice among `C` classes.
///
/// # Shapes
/// - logits: `[R, C]`
/// - target: `[R, 1]`, the class chosen
/// - weight: `[R, 1]`, sums to 1
/// - output: `[1]`
pub fn softmax_cross_entropy(logits: Tensor<2>, target: Tensor<2, Int>, weight: Tensor<2>) -> Tensor<1> {
    assert_eq!(logits.dims()[0], target.dims()[0], "logits {:?} and targets {:?}", logits.dims(), target.dims());
    (activation::log_softmax(logits, 1).gather(1, target) * weight).sum().neg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};

    fn tensor(values: &[f32], columns: usize, device: &Device) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values.to_vec(), [values.len() / columns, columns]), device)
    }

    fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().iter::<f32>().collect()
    }

    fn assert_close(found: &[f32], expected: &[f32]) {
        assert_eq!(found.len(), expected.len(), "{found:?} against {expected:?}");
        for (found_value, expected_value) in found.iter().zip(expected) {
            assert!((found_value - expected_value).abs() < 1e-6, "{found:?} against {expected:?}");
        }
    }

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

    #[test]
    fn choice_loss_equals_hand_computation() {
        let device = Device::flex();
        // Row 0: logits ln(1, 2, 5), target 2: -ln(5/8). Row 1: equal logits, target 0: ln 3.
        let logits = tensor(&[0.0, 2.0_f32.ln(), 5.0_f32.ln(), 4.0, 4.0, 4.0], 3, &device);
        let target = Tensor::<2, Int>::from_data([[2], [0]], &device);
        let weight = tensor(&[0.75, 0.25], 1, &device);
        let expected = 0.75 * (8.0_f32 / 5.0).ln() + 0.25 * 3.0_f32.ln();
        assert_close(&values(softmax_cross_entropy(logits, target, weight)), &[expected]);
    }

    #[test]
    fn choice_gradient_is_weight_times_probability_minus_one_hot() {
        let device = Device::flex().autodiff();
        let logits = tensor(&[0.0, 2.0_f32.ln(), 5.0_f32.ln(), 1.0, 2.0, 3.0], 3, &device).require_grad();
        let target = Tensor::<2, Int>::from_data([[2], [0]], &device);
        let weight = tensor(&[1.0, 0.0], 1, &device);
        let gradients = softmax_cross_entropy(logits.clone(), target, weight).backward();
        let gradient = logits.grad(&gradients).map(values).unwrap_or_default();
        assert_close(&gradient[..3], &[0.125, 0.25, -0.375]);
        assert_eq!(gradient[3..], [0.0, 0.0, 0.0], "a masked label has exactly zero gradient");
    }
}
