//! Cross-entropy of a choice among classes or items, with label smoothing where asked for.
//!
//! ```text
//! ℓ(z, y) = -ln p_y                                        ln p_c = z_c - ln Σ_d exp(z_d)
//! ℓ(z, y) = -(1 - ε) ln p_y - ε/C Σ_c ln p_c               smoothed: a share ε of the label over all C classes
//! ```
//!
//! # Reference
//! Szegedy, Vanhoucke, Ioffe, Shlens, Wojna 2016, "Rethinking the Inception Architecture for Computer Vision", section 7.

use burn::tensor::{Int, Tensor, activation};

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

/// As [`softmax_cross_entropy`], a share `label_smoothing` in [0, 1) of each label spread evenly over the classes.
///
/// # Shapes
/// As [`softmax_cross_entropy`].
pub fn smoothed_softmax_cross_entropy(
    logits: Tensor<2>,
    target: Tensor<2, Int>,
    weight: Tensor<2>,
    label_smoothing: f32,
) -> Tensor<1> {
    assert_eq!(logits.dims()[0], target.dims()[0], "logits {:?} and targets {:?}", logits.dims(), target.dims());
    let log_probability = activation::log_softmax(logits, 1);
    let of_label = log_probability.clone().gather(1, target);
    let of_all = log_probability.mean_dim(1);
    ((of_label * (1.0 - label_smoothing) + of_all * label_smoothing) * weight).sum().neg()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, tensor, values, with_gradient};
    use super::*;
    use burn::tensor::Device;

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

    #[test]
    fn a_smoothed_label_equals_hand_computation() {
        // p = (1, 2, 5) / 8, label 2, ε = 0.3: the label becomes (0.1, 0.1, 0.8).
        let logits = [0.0, 2.0_f32.ln(), 5.0_f32.ln(), 1.0, 2.0, 3.0];
        let (loss, gradient) = with_gradient(&logits, 3, |logits, device| {
            let target = Tensor::<2, Int>::from_data([[2], [0]], device);
            smoothed_softmax_cross_entropy(logits, target, tensor(&[1.0, 0.0], 1, device), 0.3)
        });
        let expected = 0.1 * 8.0_f32.ln() + 0.1 * 4.0_f32.ln() + 0.8 * 1.6_f32.ln();
        assert_close(&loss, &[expected]);
        assert_close(&gradient[..3], &[0.125 - 0.1, 0.25 - 0.1, 0.625 - 0.8]);
        assert_eq!(gradient[3..], [0.0, 0.0, 0.0], "a masked label has exactly zero gradient");
    }

    #[test]
    fn no_smoothing_is_the_plain_loss() {
        let logits = [0.3, -1.0, 2.0, 40.0, -40.0, 0.0];
        let run = |smoothed: bool| {
            with_gradient(&logits, 3, |logits, device| {
                let target = Tensor::<2, Int>::from_data([[1], [2]], device);
                let weight = tensor(&[0.25, 0.75], 1, device);
                if smoothed {
                    smoothed_softmax_cross_entropy(logits, target, weight, 0.0)
                } else {
                    softmax_cross_entropy(logits, target, weight)
                }
            })
        };
        assert_eq!(run(true), run(false));
    }

    #[test]
    fn extreme_logits_stay_finite() {
        for smoothing in [0.0, 0.1] {
            let (loss, gradient) = with_gradient(&[1e4, -1e4, 0.0], 3, |logits, device| {
                let target = Tensor::<2, Int>::from_data([[1]], device);
                smoothed_softmax_cross_entropy(logits, target, tensor(&[1.0], 1, device), smoothing)
            });
            // -ln p = (0, 2e4, 1e4).
            assert_close(&loss, &[(1.0 - smoothing) * 2e4 + smoothing * 1e4]);
            let share = smoothing / 3.0;
            assert_close(&gradient, &[1.0 - share, smoothing - share - 1.0, -share]);
        }
    }
}
