//! Weighted logistic regression: a classifier of watched rows whose odds are the watch time.
//!
//! ```text
//! ℓ(z, T) = -T ln σ(z) - n ln σ(-z)             T seconds watched, 0 where not watched
//! n = 1 where T = 0, else 0                      the paper's
//! n = 1 on every row                             exact
//!
//! least at   e^z = Σ T / Σ n
//! ```
//!
//! The odds e^z are therefore the watch time of all rows over the number of unwatched rows, E[T] / (1 - P(watched)), which
//! is near E[T] where few impressions are watched, as in the paper. Where many are, the exact form counts a watched row once
//! among the unwatched as well: its odds are E[T], whatever the rate.
//!
//! Differences from the paper: the loss is divided by the number of rows and not by the sum of seconds, so that a task's
//! loss weight does not depend on how long people watch.
//!
//! # Reference
//! Covington, Adams, Sargin 2016, "Deep Neural Networks for YouTube Recommendations", RecSys, section 4.2.

use burn::tensor::{Tensor, activation};

/// Weighted loss of a watch time in seconds, ≥ 0.
///
/// # Shapes
/// - logits, seconds, weight: `[R, 1]`; the weights sum to 1
/// - output: `[1]`
pub fn watch_time_cross_entropy(logits: Tensor<2>, seconds: Tensor<2>, weight: Tensor<2>, exact: bool) -> Tensor<1> {
    assert_eq!(logits.dims(), seconds.dims(), "logits {:?} and watch times {:?}", logits.dims(), seconds.dims());
    let not_watched = activation::log_sigmoid(logits.clone().neg());
    // The sign of seconds is 1 where watched.
    let not_watched = if exact { not_watched } else { not_watched * (seconds.clone().sign().neg() + 1.0) };
    ((seconds * activation::log_sigmoid(logits) + not_watched) * weight).sum().neg()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, tensor, with_gradient};
    use super::*;

    fn run(logits: &[f32], seconds: &[f32], weight: &[f32], exact: bool) -> (Vec<f32>, Vec<f32>) {
        with_gradient(logits, 1, |logits, device| {
            watch_time_cross_entropy(logits, tensor(seconds, 1, device), tensor(weight, 1, device), exact)
        })
    }

    #[test]
    fn the_loss_equals_hand_computation() {
        // σ = 3/4. Watched for 8 s: 8 ln(4/3), and ln 4 on top where exact; not watched: ln 4.
        let ln3 = 3.0_f32.ln();
        let (logits, seconds, weight) = ([ln3, ln3, ln3], [8.0, 0.0, 30.0], [0.25, 0.75, 0.0]);
        let (watched, not) = (8.0 * (4.0_f32 / 3.0).ln(), 4.0_f32.ln());
        let (loss, gradient) = run(&logits, &seconds, &weight, false);
        assert_close(&loss, &[0.25 * watched + 0.75 * not]);
        assert_close(&gradient, &[-0.25 * 8.0 * 0.25, 0.75 * 0.75, 0.0]);
        assert_eq!(gradient[2], 0.0, "a masked label has exactly zero gradient");
        let (loss, gradient) = run(&logits, &seconds, &weight, true);
        assert_close(&loss, &[0.25 * (watched + not) + 0.75 * not]);
        assert_close(&gradient, &[0.25 * (0.75 - 2.0), 0.75 * 0.75, 0.0]);
    }

    #[test]
    fn the_best_odds_are_the_watch_time() {
        // 60 s in 5 rows, 3 of them unwatched: odds 60/3, exact 60/5. There the gradients of the rows cancel.
        let seconds = [20.0, 40.0, 0.0, 0.0, 0.0];
        for (odds, exact) in [(20.0_f32, false), (12.0, true)] {
            let (_, gradient) = run(&[odds.ln(); 5], &seconds, &[0.2; 5], exact);
            assert!(gradient.iter().sum::<f32>().abs() < 1e-6, "{gradient:?}");
            let (_, gradient) = run(&[(odds + 1.0).ln(); 5], &seconds, &[0.2; 5], exact);
            assert!(gradient.iter().sum::<f32>() > 1e-3, "{gradient:?}");
        }
    }

    #[test]
    fn extreme_logits_stay_finite() {
        for exact in [false, true] {
            let (loss, gradient) = run(&[-1e4, 1e4, 1e4], &[3.0, 0.0, 3.0], &[0.25, 0.25, 0.5], exact);
            let of_watched_and_sure = if exact { 0.5 * 1e4 } else { 0.0 };
            assert_close(&loss, &[0.25 * 3e4 + 0.25 * 1e4 + of_watched_and_sure]);
            assert_close(&gradient, &[-0.75, 0.25, if exact { 0.5 } else { 0.0 }]);
        }
    }
}
