//! Cross-entropy of a binary task with label smoothing and a focus on hard rows.
//!
//! ```text
//! y' = (1 - ε) y + ε/2                                        smoothed label
//! ℓ  = -y' (1 - p)^γ ln p - (1 - y') p^γ ln(1 - p)            γ = 0: the plain cross-entropy
//! ```
//!
//! With γ > 0 a row that is predicted well, p near its label, costs little and teaches less: the loss looks at the hard
//! rows. Probabilities are then no longer calibrated: they are drawn towards 1/2.
//!
//! Differences from the paper: the weight α of the positive class is a weight of the row here. All is computed from ln p
//! and ln(1 - p), so that neither overflows, whether p is of one logit or of a chain.
//!
//! # Reference
//! Lin, Goyal, Girshick, He, Dollár 2017, "Focal Loss for Dense Object Detection", ICCV, equation 4. Smoothing: Szegedy et
//! al. 2016, section 7, for two classes.

use super::LogProbabilities;
use burn::tensor::Tensor;

/// Weighted focal cross-entropy of one binary task.
///
/// # Shapes
/// - label, weight: `[B, 1]`; labels 0 or 1, the weights sum to 1 or to 0
/// - label_smoothing: in [0, 1)
/// - focal_gamma: ≥ 0, none for the plain cross-entropy
/// - output: `[1]`
pub fn focal_cross_entropy(
    probability: LogProbabilities,
    label: Tensor<2>,
    weight: Tensor<2>,
    label_smoothing: f32,
    focal_gamma: Option<f32>,
) -> Tensor<1> {
    let LogProbabilities { positive, negative } = probability;
    assert_eq!(positive.dims(), label.dims(), "predictions {:?} and labels {:?}", positive.dims(), label.dims());
    let label = label * (1.0 - label_smoothing) + label_smoothing / 2.0;
    let (of_positive, of_negative) = match focal_gamma {
        Some(gamma) => {
            let hardness = |log_probability: &Tensor<2>| (log_probability.clone() * gamma).exp();
            (positive.clone() * hardness(&negative), negative * hardness(&positive))
        }
        None => (positive, negative),
    };
    ((label.clone() * of_positive + (label.neg() + 1.0) * of_negative) * weight).sum().neg()
}

#[cfg(test)]
mod tests {
    use super::super::binary_cross_entropy;
    use super::super::testing::{assert_close, tensor, with_gradient};
    use super::*;

    fn focal(
        logits: &[f32],
        label: &[f32],
        weight: &[f32],
        smoothing: f32,
        gamma: Option<f32>,
    ) -> (Vec<f32>, Vec<f32>) {
        with_gradient(logits, 1, |logits, device| {
            let probability = LogProbabilities::of_chain(logits);
            focal_cross_entropy(probability, tensor(label, 1, device), tensor(weight, 1, device), smoothing, gamma)
        })
    }

    #[test]
    fn a_focal_loss_equals_hand_computation() {
        // p = 3/4, γ = 2: as 1 it costs (1/4)² ln(4/3), as 0 (3/4)² ln 4.
        let logit = [3.0_f32.ln()];
        let (loss, gradient) = focal(&logit, &[1.0], &[1.0], 0.0, Some(2.0));
        assert_close(&loss, &[(4.0_f32 / 3.0).ln() / 16.0]);
        // y = 1: (1 - p)^γ (γ p ln p + p - 1), equation 6 of the paper's appendix.
        assert_close(&gradient, &[(2.0 * 0.75 * 0.75_f32.ln() - 0.25) / 16.0]);
        let (loss, gradient) = focal(&logit, &[0.0], &[0.5], 0.0, Some(2.0));
        assert_close(&loss, &[0.5 * 4.0_f32.ln() * 9.0 / 16.0]);
        assert_close(&gradient, &[-0.5 * (2.0 * 0.25 * 0.25_f32.ln() - 0.75) * 9.0 / 16.0]);
    }

    #[test]
    fn a_smoothed_label_equals_hand_computation() {
        // p = 3/4, ε = 0.2: the label 1 becomes 0.9.
        let (loss, gradient) = focal(&[3.0_f32.ln()], &[1.0], &[1.0], 0.2, None);
        assert_close(&loss, &[0.9 * (4.0_f32 / 3.0).ln() + 0.1 * 4.0_f32.ln()]);
        assert_close(&gradient, &[0.75 - 0.9]);
        assert_close(&focal(&[3.0_f32.ln()], &[0.0], &[1.0], 0.2, None).1, &[0.75 - 0.1]);
    }

    #[test]
    fn without_smoothing_and_with_gamma_zero_it_is_the_plain_loss() {
        let logits = [-50.0, -3.0, -0.1, 0.0, 0.4, 2.0, 50.0, 1.0];
        let label = [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0];
        let weight = [0.1, 0.2, 0.1, 0.1, 0.2, 0.2, 0.1, 0.0];
        let (loss, gradient) = with_gradient(&logits, 1, |logits, device| {
            binary_cross_entropy(logits, tensor(&label, 1, device), tensor(&weight, 1, device))
        });
        for gamma in [None, Some(0.0)] {
            let (found, found_gradient) = focal(&logits, &label, &weight, 0.0, gamma);
            assert_close(&found, &loss);
            assert_close(&found_gradient, &gradient);
            assert_eq!(found_gradient[7], 0.0, "a masked label has exactly zero gradient");
        }
    }

    #[test]
    fn extreme_logits_stay_finite() {
        for gamma in [None, Some(0.5), Some(2.0)] {
            for logit in [-1e4, -50.0, 50.0, 1e4] {
                let right = if logit > 0.0 { 1.0 } else { 0.0 };
                let (loss, gradient) = focal(&[logit], &[right], &[1.0], 0.0, gamma);
                assert_close(&loss, &[0.0]);
                assert_close(&gradient, &[0.0]);
                // Wrong by so much that the focus is off: the plain loss.
                let (loss, gradient) = focal(&[logit], &[1.0 - right], &[1.0], 0.0, gamma);
                assert_close(&loss, &[logit.abs()]);
                assert_close(&gradient, &[logit.signum()]);
            }
        }
    }
}
