//! Several scores of an item made one by weights, and the ranking that follows.
//!
//! ```text
//! linear       Σ_k w_k p_k(i)
//! log_linear   Σ_k w_k ln p_k(i)
//! product      Π_k p_k(i)^{w_k}  =  exp(log_linear): the same ranking, on the scale of a score
//! ```
//!
//! Linear adds what items are worth, and suits weights that are values (a purchase is worth five clicks). The other two ask an item
//! to be good at everything that weighs: the scale of a score does not matter, only its ratios. A score below [`SMALLEST_SCORE`] counts as
//! that; a weight of 0 leaves its score out.

use serde::{Deserialize, Serialize};

/// What a score at or below 0 counts as in a logarithm.
pub const SMALLEST_SCORE: f64 = 1e-12;

/// How scores are fused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FusionForm {
    /// Σ_k w_k p_k.
    Linear,
    /// Σ_k w_k ln p_k.
    #[default]
    LogLinear,
    /// Π_k p_k^{w_k}.
    Product,
}

/// One score per item.
///
/// # Shapes
/// `scores [I, K]`, row by row, finite; `weights [K]` → `[I]`
pub fn fused_scores(form: FusionForm, scores: &[f64], weights: &[f64]) -> Vec<f64> {
    let (values, tasks) = (scores.len(), weights.len());
    assert!(tasks >= 1 && values.is_multiple_of(tasks), "scores of shape [{values}] under weights of shape [{tasks}]");
    let of = |row: &[f64]| {
        let pairs = row.iter().zip(weights).filter(|(_, weight)| **weight != 0.0);
        let logarithms = pairs.clone().map(|(score, weight)| weight * score.max(SMALLEST_SCORE).ln());
        match form {
            FusionForm::Linear => pairs.map(|(score, weight)| weight * score).sum(),
            FusionForm::LogLinear => logarithms.sum(),
            FusionForm::Product => logarithms.sum::<f64>().exp(),
        }
    };
    scores.chunks_exact(tasks).map(of).collect()
}

/// Items by fused score, best first; the lower index among equals.
///
/// # Shapes
/// As [`fused_scores`] → a permutation of the items `[I]`
pub fn fuse(form: FusionForm, scores: &[f64], weights: &[f64]) -> Vec<usize> {
    let fused = fused_scores(form, scores, weights);
    let mut ranking: Vec<usize> = (0..fused.len()).collect();
    ranking.sort_by(|&a, &b| fused[b].total_cmp(&fused[a]));
    ranking
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Clicks and purchases of three items.
    const SCORES: [f64; 6] = [0.8, 0.01, 0.4, 0.04, 0.2, 0.1];

    #[test]
    fn fused_scores_equal_hand_computation() {
        let close = |found: Vec<f64>, expected: [f64; 3]| {
            assert!(found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-12), "{found:?} for {expected:?}");
        };
        close(fused_scores(FusionForm::Linear, &SCORES, &[1.0, 5.0]), [0.85, 0.6, 0.7]);
        // √(0.8 · 0.01), √(0.4 · 0.04), √(0.2 · 0.1)
        close(
            fused_scores(FusionForm::Product, &SCORES, &[0.5, 0.5]),
            [0.008_f64.sqrt(), 0.016_f64.sqrt(), 0.02_f64.sqrt()],
        );
        close(
            fused_scores(FusionForm::LogLinear, &SCORES, &[0.5, 0.5]),
            [0.008_f64, 0.016, 0.02].map(|x| x.ln() / 2.0),
        );
    }

    #[test]
    fn weights_order_the_items() {
        assert_eq!(fuse(FusionForm::Linear, &SCORES, &[1.0, 5.0]), [0, 2, 1]);
        for form in [FusionForm::LogLinear, FusionForm::Product] {
            assert_eq!(fuse(form, &SCORES, &[0.5, 0.5]), [2, 1, 0]);
            assert_eq!(fuse(form, &SCORES, &[1.0, 0.0]), [0, 1, 2]);
        }
        // Equals keep their order; a score of 0 is last and finite, and does not matter without weight.
        assert_eq!(fuse(FusionForm::LogLinear, &[0.0, 0.5, 0.5], &[1.0]), [1, 2, 0]);
        assert_eq!(fused_scores(FusionForm::LogLinear, &[0.0, 1.0], &[0.0, 1.0]), [0.0]);
        assert!(fused_scores(FusionForm::LogLinear, &[0.0], &[1.0])[0].is_finite());
    }

    #[test]
    #[should_panic(expected = "scores of shape [6] under weights of shape [4]")]
    fn shapes_are_checked() {
        fuse(FusionForm::Linear, &SCORES, &[1.0; 4]);
    }
}
