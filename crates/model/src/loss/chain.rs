//! A chain of binary tasks over all rows (ESMM), and a soft order between tasks (AITM's calibrator).
//!
//! ```text
//! p = Πᵢ σ(zᵢ)                        the last task happens: every step of the chain does
//! ln p       = Σᵢ ln σ(zᵢ)
//! ln (1 - p) = ln Σᵢ exp( Σ_{j<i} ln σ(zⱼ) + ln σ(-zᵢ) )      the chain breaks at one of its steps
//!
//! penalty = Σᵢ wᵢ max(pᵢ - qᵢ, 0)     p of the later task, q of the one that should be more likely
//! ```
//!
//! A purchase happens after a click, and the label "clicked and bought" is known on every impression, not on clicked ones
//! only: learning from all of them avoids the selection of rows on which the conditional rate would be learned. Its own
//! logit z is then that of the conditional probability, never trained on a sample of clicked rows alone.
//!
//! Differences from the papers:
//! 1. ESMM multiplies probabilities; here their logarithms are added, and ln(1 - p) is the logarithm of a sum over the steps
//!    at which the chain can break. No difference 1 - p is formed, so that a logit of ±50 costs no digits.
//! 2. Chains may be longer than ESMM's two steps.
//! 3. The penalty is a mean weighted by the later task's labels and not one over all rows: rows masked there add none.
//!
//! # Reference
//! Ma, Zhao, Huang, Wang, Hu, Zhu, Gai 2018, "Entire Space Multi-Task Model", SIGIR. Xi, Chen, Yan, Zhang, Zhu, Zhuang, Chen
//! 2021, "Modeling the Sequential Dependence among Audience Multi-step Conversions with Multi-task Learning in Targeted
//! Display Advertising", KDD, section 3.4.

use burn::tensor::{Tensor, activation};

/// Logarithms of a binary task's probability and of its opposite, `[B, 1]` each.
#[derive(Debug, Clone)]
pub struct LogProbabilities {
    /// ln p.
    pub positive: Tensor<2>,
    /// ln (1 - p).
    pub negative: Tensor<2>,
}

impl LogProbabilities {
    /// Of the last task of a chain; of a task after no other where there is one column.
    ///
    /// # Shapes
    /// - logits: `[B, steps]`, the first to happen in column 0
    pub fn of_chain(logits: Tensor<2>) -> Self {
        let steps = logits.dims()[1];
        assert!(steps > 0, "a chain without steps");
        let happens = activation::log_sigmoid(logits.clone());
        let fails = activation::log_sigmoid(logits.neg());
        if steps == 1 {
            return Self { positive: happens, negative: fails };
        }
        let mut breaks = vec![fails.clone().narrow(1, 0, 1)];
        let mut reached = happens.clone().narrow(1, 0, 1);
        for step in 1..steps {
            breaks.push(reached.clone() + fails.clone().narrow(1, step, 1));
            reached = reached + happens.clone().narrow(1, step, 1);
        }
        Self { positive: reached, negative: log_sum_exp(Tensor::cat(breaks, 1)) }
    }
}

/// ln Σ exp over the columns, `[B, n]` → `[B, 1]`. The largest term is a constant: its gradient cancels.
fn log_sum_exp(terms: Tensor<2>) -> Tensor<2> {
    let largest = terms.clone().detach().max_dim(1);
    (terms - largest.clone()).exp().sum_dim(1).log() + largest
}

/// What a task costs by which it is more likely than one that should be more likely.
///
/// # Shapes
/// - later, earlier: `[B, 1]` log-probabilities of the two tasks
/// - weight: `[B, 1]`, sums to 1
/// - output: `[1]`, in [0, 1]
pub fn ordering_penalty(later: Tensor<2>, earlier: Tensor<2>, weight: Tensor<2>) -> Tensor<1> {
    (activation::relu(later.exp() - earlier.exp()) * weight).sum()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, tensor, with_gradient};
    use super::super::{binary_cross_entropy, focal_cross_entropy};
    use super::*;

    /// Loss and gradient of one row of a chain with this label and weight.
    fn chain(logits: &[f32], label: f32, weight: f32) -> (Vec<f32>, Vec<f32>) {
        with_gradient(logits, logits.len(), |logits, device| {
            let probability = LogProbabilities::of_chain(logits);
            focal_cross_entropy(probability, tensor(&[label], 1, device), tensor(&[weight], 1, device), 0.0, None)
        })
    }

    #[test]
    fn a_chain_equals_hand_computation() {
        // σ(0) = 1/2, σ(ln 3) = 3/4, p = 3/8.
        let logits = [0.0, 3.0_f32.ln()];
        let (loss, gradient) = chain(&logits, 1.0, 1.0);
        assert_close(&loss, &[(8.0_f32 / 3.0).ln()]);
        // d(-ln p)/dzᵢ = σ(zᵢ) - 1.
        assert_close(&gradient, &[-0.5, -0.25]);
        let (loss, gradient) = chain(&logits, 0.0, 1.0);
        assert_close(&loss, &[(8.0_f32 / 5.0).ln()]);
        // d(-ln(1 - p))/dzᵢ = p (1 - σ(zᵢ)) / (1 - p), p / (1 - p) = 3/5.
        assert_close(&gradient, &[0.3, 0.15]);
        // Half the weight is half the loss; three steps of 1/2 are 1/8.
        assert_close(&chain(&[0.0; 3], 1.0, 0.5).0, &[0.5 * 8.0_f32.ln()]);
        assert_close(&chain(&[0.0; 3], 0.0, 0.5).0, &[0.5 * (8.0_f32 / 7.0).ln()]);
    }

    #[test]
    fn extreme_logits_lose_no_digits() {
        let ln2 = 2.0_f32.ln();
        // p ≈ 1 - 2e⁻⁵⁰: the label costs nothing, its opposite 50 - ln 2, half of it due to each step.
        let (loss, gradient) = chain(&[50.0, 50.0], 1.0, 1.0);
        assert_close(&loss, &[0.0]);
        assert_close(&gradient, &[0.0, 0.0]);
        let (loss, gradient) = chain(&[50.0, 50.0], 0.0, 1.0);
        assert_close(&loss, &[50.0 - ln2]);
        assert_close(&gradient, &[0.5, 0.5]);
        // p ≈ e⁻¹⁰⁰ or e⁻⁵⁰.
        for (logits, cost) in [([-50.0, -50.0], 100.0), ([-50.0, 50.0], 50.0), ([50.0, -50.0], 50.0)] {
            let (loss, gradient) = chain(&logits, 1.0, 1.0);
            assert_close(&loss, &[cost]);
            let of_step = |logit: f32| if logit < 0.0 { -1.0 } else { 0.0 };
            assert_close(&gradient, &logits.map(of_step));
            let (loss, gradient) = chain(&logits, 0.0, 1.0);
            assert_close(&loss, &[0.0]);
            assert_close(&gradient, &[0.0, 0.0]);
        }
        for logits in [[1e4, 1e4], [1e4, -1e4], [-1e4, 1e4], [-1e4, -1e4]] {
            for label in [0.0, 1.0] {
                let (loss, gradient) = chain(&logits, label, 1.0);
                assert!(loss[0].is_finite() && loss[0] >= 0.0, "{logits:?}: {loss:?}");
                assert!(gradient.iter().all(|value| value.is_finite()), "{logits:?}: {gradient:?}");
            }
        }
    }

    #[test]
    fn one_step_is_the_plain_loss_and_a_sure_step_changes_nothing() {
        for logit in [-50.0, -2.0, 0.0, 0.7, 50.0] {
            for label in [0.0, 1.0] {
                let (loss, gradient) = with_gradient(&[logit], 1, |logits, device| {
                    binary_cross_entropy(logits, tensor(&[label], 1, device), tensor(&[0.5], 1, device))
                });
                let (of_chain, gradient_of_chain) = chain(&[logit], label, 0.5);
                assert_close(&of_chain, &loss);
                assert_close(&gradient_of_chain, &gradient);
                let (with_sure_step, gradient_with_sure_step) = chain(&[200.0, logit], label, 0.5);
                assert_close(&with_sure_step, &loss);
                assert_close(&gradient_with_sure_step, &[0.0, gradient[0]]);
            }
        }
    }

    #[test]
    fn a_masked_label_has_exactly_zero_gradient() {
        for logits in [[0.3, -0.2], [50.0, 50.0], [-50.0, 50.0]] {
            let (loss, gradient) = chain(&logits, 0.0, 0.0);
            assert_eq!((loss, gradient), (vec![0.0], vec![0.0, 0.0]));
        }
    }

    #[test]
    fn the_penalty_is_what_the_later_task_is_too_likely_by() {
        // Row 0: 3/4 against 1/2; row 1 in order; row 2 out of order but masked.
        let ln3 = 3.0_f32.ln();
        let (penalty, gradient) = with_gradient(&[ln3, 0.0, 0.0, ln3, ln3, 0.0], 2, |logits, device| {
            let log = |column| activation::log_sigmoid(logits.clone().narrow(1, column, 1));
            ordering_penalty(log(0), log(1), tensor(&[0.5, 0.5, 0.0], 1, device))
        });
        assert_close(&penalty, &[0.125]);
        // 1/2 · σ(1 - σ) of each task's own probability.
        assert_close(&gradient[..2], &[0.5 * 3.0 / 16.0, -0.5 / 4.0]);
        assert_eq!(gradient[2..], [0.0; 4]);
    }
}
