//! Cross-entropy of the choice from a slate: softmax over the rows that were shown together.
//!
//! ```text
//! ℓ(slate) = -z_chosen + ln Σ_{row in slate} exp(z_row)
//! ```
//!
//! Where a user chose one of the items shown, the others are what it was chosen over: only differences within the slate
//! count, and how inviting the page was as a whole cancels.
//!
//! # Reference
//! McFadden 1974, "Conditional logit analysis of qualitative choice behavior".

use crate::SlateIndex;
use burn::tensor::{Tensor, activation};

/// Far below any logit, and finite: a difference of two of them is 0 and not NaN.
const PADDING: f32 = -1e30;

/// Weighted cross-entropy of the chosen row within its slate.
///
/// # Shapes
/// - logits: `[R, 1]`, the rows of all slates
/// - slates: index `[G, L]` into them
/// - weight: `[G, 1]`, sums to 1
/// - output: `[1]`
pub fn slate_cross_entropy(logits: Tensor<2>, slates: &SlateIndex, weight: Tensor<2>) -> Tensor<1> {
    let [count, longest] = slates.position.dims();
    let position = slates.position.clone().reshape([count * longest]);
    let logits = logits.select(0, position).reshape([count, longest]).mask_fill(slates.padding.clone(), PADDING);
    (activation::log_softmax(logits, 1).gather(1, slates.chosen.clone()) * weight).sum().neg()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, tensor, with_gradient};
    use super::*;
    use burn::tensor::{Device, Int};

    /// Rows 0, 1, 2 with the last chosen, and rows 3, 4 with the first.
    fn slates(device: &Device) -> SlateIndex {
        SlateIndex {
            position: Tensor::<2, Int>::from_data([[0, 1, 2], [3, 4, 0]], device),
            padding: Tensor::from_data([[false, false, false], [false, false, true]], device),
            chosen: Tensor::<2, Int>::from_data([[2], [0]], device),
        }
    }

    fn run(logits: &[f32], weight: &[f32]) -> (Vec<f32>, Vec<f32>) {
        with_gradient(logits, 1, |logits, device| {
            slate_cross_entropy(logits, &slates(device), tensor(weight, 1, device))
        })
    }

    #[test]
    fn the_loss_equals_hand_computation() {
        // Slate 0: (1, 2, 5) / 8. Slate 1: (1, 3) / 4.
        let logits = [0.0, 2.0_f32.ln(), 5.0_f32.ln(), 7.0, 7.0 + 3.0_f32.ln()];
        let (loss, gradient) = run(&logits, &[0.75, 0.25]);
        assert_close(&loss, &[0.75 * 1.6_f32.ln() + 0.25 * 4.0_f32.ln()]);
        assert_close(&gradient[..3], &[0.125, 0.25, -0.375].map(|value| 0.75 * value));
        assert_close(&gradient[3..], &[-0.75, 0.75].map(|value| 0.25 * value));
    }

    #[test]
    fn what_a_slate_shares_cancels_and_a_masked_one_teaches_nothing() {
        let logits = [0.5, -1.0, 2.0, 0.3, 0.1];
        let shifted = [10.5, 9.0, 12.0, 0.3, 0.1];
        let (loss, gradient) = run(&logits, &[1.0, 0.0]);
        assert_close(&run(&shifted, &[1.0, 0.0]).0, &loss);
        assert_eq!(gradient[3..], [0.0, 0.0], "a masked slate has exactly zero gradient");
        assert!(gradient[..3].iter().sum::<f32>().abs() < 1e-6);
    }

    #[test]
    fn extreme_logits_stay_finite() {
        let (loss, gradient) = run(&[1e4, 0.0, -1e4, -1e4, 1e4], &[0.5, 0.5]);
        assert_close(&loss, &[0.5 * 2e4 + 0.5 * 2e4]);
        assert_close(&gradient, &[0.5, 0.0, -0.5, -0.5, 0.5]);
    }
}
