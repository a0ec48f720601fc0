//! CORAL: levels in order, as one score against a threshold per step.
//!
//! ```text
//! zₖ = s + bₖ            k = 0 .. L-2, one score s per row, one threshold bₖ per step
//! P(y > k) = σ(zₖ)
//! ℓ = Σₖ (1 - [y > k]) zₖ - ln σ(zₖ)           the binary cross-entropies of all steps
//! ```
//!
//! The steps share the score and its weights, so that at the least loss b₀ ≥ b₁ ≥ ...: a row is never more likely to pass a
//! later step than an earlier one (theorem 1 of the paper). Before that, a prediction takes the smallest of the steps
//! passed so far, see [`Predictions`](crate::Predictions).
//!
//! Differences from the paper: no weights per step (its λₖ are 1), the sum runs over steps and the mean over rows.
//!
//! # Reference
//! Cao, Mirjalili, Raschka 2020, "Rank consistent ordinal regression for neural networks with application to age
//! estimation", Pattern Recognition Letters 140.

use super::binary;
use burn::tensor::{Int, Tensor};

/// Weighted loss of a level among `steps + 1`.
///
/// # Shapes
/// - logits: `[R, steps]`
/// - level: `[R, 1]`, whole numbers 0..=steps
/// - weight: `[R, 1]`, sums to 1
/// - output: `[1]`
pub fn ordinal_cross_entropy(logits: Tensor<2>, level: Tensor<2>, weight: Tensor<2>) -> Tensor<1> {
    let [rows, steps] = logits.dims();
    assert_eq!(level.dims(), [rows, 1], "logits {:?} and levels {:?}", logits.dims(), level.dims());
    let step = Tensor::<1, Int>::arange(0..steps as i64, &logits.device()).float().reshape([1, steps]);
    // y - k is at least 1 on the steps that were passed and at most 0 on the others.
    let passed = (level - step).clamp(0.0, 1.0);
    (binary::losses(logits, passed).sum_dim(1) * weight).sum()
}

/// Thresholds before training, evenly from 1 down to above 0: in order from the start, as in the authors' code.
pub(crate) fn initial_thresholds(levels: usize) -> Vec<f32> {
    let steps = levels.saturating_sub(1);
    (0..steps).map(|step| (steps - step) as f32 / steps as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, tensor, with_gradient};
    use super::*;

    #[test]
    fn the_loss_equals_hand_computation() {
        // Steps passed with 3/4, 1/2, 1/4. Row 0 has level 1: passed, not, not. Row 1 has level 3: all. Row 2 is masked.
        let ln3 = 3.0_f32.ln();
        let row = [ln3, 0.0, -ln3];
        let (loss, gradient) = with_gradient(&[row, row, row].concat(), 3, |logits, device| {
            ordinal_cross_entropy(logits, tensor(&[1.0, 3.0, 0.0], 1, device), tensor(&[0.25, 0.75, 0.0], 1, device))
        });
        let (likely, even, unlikely) = ((4.0_f32 / 3.0).ln(), 2.0_f32.ln(), 4.0_f32.ln());
        assert_close(&loss, &[0.25 * (likely + even + likely) + 0.75 * (likely + even + unlikely)]);
        let expected = [-0.25, 0.5, 0.25].map(|value| 0.25 * value);
        assert_close(&gradient[..3], &expected);
        assert_close(&gradient[3..6], &[-0.25, -0.5, -0.75].map(|value| 0.75 * value));
        assert_eq!(gradient[6..], [0.0; 3], "a masked label has exactly zero gradient");
    }

    #[test]
    fn extreme_logits_stay_finite() {
        let (loss, gradient) = with_gradient(&[1e4, -1e4], 2, |logits, device| {
            ordinal_cross_entropy(logits, tensor(&[2.0], 1, device), tensor(&[1.0], 1, device))
        });
        assert_close(&loss, &[1e4]);
        assert_close(&gradient, &[0.0, -1.0]);
    }

    #[test]
    fn thresholds_start_in_order() {
        assert_eq!(initial_thresholds(5), [1.0, 0.75, 0.5, 0.25]);
        assert_eq!(initial_thresholds(2), [1.0]);
    }
}
