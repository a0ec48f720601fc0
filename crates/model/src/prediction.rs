//! From logits on the host to predictions in the labels' units.
//!
//! ```text
//! regression   z, or exp(z) - 1 under `log1p`
//! watch_time   exp(z)                                                       seconds
//! ordinal      Σₖ qₖ, qₖ = min_{j ≤ k} σ(zⱼ)                                expected level
//!              P(level k) = qₖ₋₁ - qₖ, q₋₁ = 1, q_{L-1} = 0
//! slate        z; within a slate P(row) = exp(z) / Σ exp(z)
//! chain        P(task) = P(task before) · σ(z)
//! ```

use crate::{Head, ModelSpec, Transform};

impl Transform {
    /// What the network learns of a label.
    pub(crate) fn apply(self, label: f32) -> f32 {
        match self {
            Self::Identity => label,
            Self::Log1p => label.ln_1p(),
        }
    }

    /// The label that an output stands for; finite, and ≥ 0 where labels are.
    fn invert(self, output: f32) -> f32 {
        match self {
            Self::Identity => output,
            Self::Log1p => output.exp_m1().clamp(0.0, f32::MAX),
        }
    }
}

impl Head {
    /// Predictions in the label's unit, one per row, of the heads that have them ([`Head::has_value`]).
    ///
    /// # Shapes
    /// - logits: `[B, logits]`
    /// - output: `[B]`
    pub(crate) fn values(&self, logits: &[f32]) -> Vec<f32> {
        match self {
            Self::Regression { transform, .. } => logits.iter().map(|&z| transform.invert(z)).collect(),
            Self::WatchTime { .. } => logits.iter().map(|z| z.exp().min(f32::MAX)).collect(),
            Self::Ordinal { .. } => {
                let expected = |row: &[f32]| steps_passed(row).sum::<f64>() as f32;
                logits.chunks_exact(self.logits()).map(expected).collect()
            }
            _ => logits.to_vec(),
        }
    }

    /// Probabilities of each level of an ordinal.
    ///
    /// # Shapes
    /// - logits: `[B, levels - 1]`
    /// - output: `[B, levels]`, each row sums to 1
    pub(crate) fn level_probabilities(&self, logits: &[f32]) -> Vec<f32> {
        let levels = |row: &[f32]| {
            let passed: Vec<f64> = std::iter::once(1.0).chain(steps_passed(row)).chain([0.0]).collect();
            passed.windows(2).map(|pair| (pair[0] - pair[1]) as f32).collect::<Vec<f32>>()
        };
        logits.chunks_exact(self.logits()).flat_map(levels).collect()
    }
}

/// Probability of passing each step of an ordinal, none above the one before it.
fn steps_passed(logits: &[f32]) -> impl Iterator<Item = f64> {
    logits.iter().scan(1.0_f64, |least, &z| {
        *least = least.min(1.0 / (1.0 + (-f64::from(z)).exp()));
        Some(*least)
    })
}

/// Turns conditional probabilities of the binary tasks, `[B, T]`, into those over the whole chain of each task.
pub(crate) fn over_the_chain(probability: &mut [f32], chains: &[(usize, Vec<usize>)], columns: usize) {
    if chains.is_empty() {
        return;
    }
    for row in probability.chunks_exact_mut(columns) {
        let conditional = row.to_vec();
        for (column, before) in chains {
            row[*column] = before.iter().fold(conditional[*column], |p, &before| p * conditional[before]);
        }
    }
}

impl ModelSpec {
    /// Per binary task that comes after others: its column among the binary tasks, and the columns of those before it.
    pub(crate) fn chained_columns(&self) -> Vec<(usize, Vec<usize>)> {
        let binary = self.binary_tasks();
        let column = |task: &usize| binary.iter().position(|of_column| of_column == task);
        let chains = binary.iter().enumerate().map(|(place, &task)| {
            let before: Vec<usize> =
                self.chain(task).iter().filter(|before| **before != task).filter_map(column).collect();
            (place, before)
        });
        chains.filter(|(_, before)| !before.is_empty()).collect()
    }
}

/// Probability of each row to be the one chosen from its slate.
///
/// # Shapes
/// - score: `[B]`, what a slate head predicts
/// - slate: `[B]`, one id per slate, its rows consecutive
/// - output: `[B]`, sums to 1 within a slate
pub fn slate_probabilities(score: &[f32], slate: &[u32]) -> Vec<f32> {
    assert_eq!(score.len(), slate.len(), "{} scores for {} rows", score.len(), slate.len());
    let mut probability = Vec::with_capacity(score.len());
    for rows in slate.chunk_by(|id, next| id == next) {
        let score = &score[probability.len()..][..rows.len()];
        let largest = score.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let odds: Vec<f64> = score.iter().map(|z| f64::from(z - largest).exp()).collect();
        let sum: f64 = odds.iter().sum();
        probability.extend(odds.iter().map(|odds| (odds / sum) as f32));
    }
    probability
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(found: &[f32], expected: &[f32]) {
        assert_eq!(found.len(), expected.len());
        for (one, other) in found.iter().zip(expected) {
            assert!((one - other).abs() < 1e-6, "{found:?} against {expected:?}");
        }
    }

    #[test]
    fn numbers_come_back_in_the_labels_unit() {
        let log = Head::Regression { transform: Transform::Log1p, quantile: None };
        let learned: Vec<f32> = [0.0, 0.5, 99.0].iter().map(|&label| Transform::Log1p.apply(label)).collect();
        let back = log.values(&learned);
        assert!((back[2] - 99.0).abs() < 1e-4 && back[0] == 0.0 && (back[1] - 0.5).abs() < 1e-6, "{back:?}");
        assert_eq!(log.values(&[-3.0, 1e4]), [0.0, f32::MAX], "within the range of the labels, and finite");
        assert_eq!(Head::Regression { transform: Transform::Identity, quantile: None }.values(&[-3.5]), [-3.5]);
        assert_close(&Head::WatchTime { exact: false }.values(&[20.0_f32.ln(), -200.0]), &[20.0, 0.0]);
    }

    #[test]
    fn an_ordinal_predicts_expected_level_and_levels() {
        // Steps passed with 3/4, 1/2, 1/4: the levels have 1/4 each. In row 1 the last step is out of order.
        let ln3 = 3.0_f32.ln();
        let head = Head::Ordinal { levels: 4 };
        let logits = [ln3, 0.0, -ln3, ln3, -ln3, 0.0];
        assert_close(&head.values(&logits), &[1.5, 1.25]);
        assert_close(&head.level_probabilities(&logits), &[0.25, 0.25, 0.25, 0.25, 0.25, 0.5, 0.0, 0.25]);
    }

    #[test]
    fn a_chain_multiplies_what_its_tasks_have_of_their_own() {
        // Column 0 comes after column 2, which comes after column 1.
        let mut probability = vec![0.5, 0.2, 0.3, 1.0, 0.5, 0.5];
        over_the_chain(&mut probability, &[(0, vec![1, 2]), (2, vec![1])], 3);
        assert_close(&probability, &[0.03, 0.2, 0.06, 0.25, 0.5, 0.25]);
    }

    #[test]
    fn a_slate_sums_to_one() {
        let (ln2, ln5) = (2.0_f32.ln(), 5.0_f32.ln());
        let probability = slate_probabilities(&[0.0, ln2, ln5, 1e4, -1e4, 3.0], &[4, 4, 4, 9, 9, 1]);
        assert_close(&probability, &[0.125, 0.25, 0.625, 1.0, 0.0, 1.0]);
    }
}
