//! `SparseOptimizer`: one step on the rows of a table that a batch touched.
//!
//! The state lies beside the table, in the host's memory, a block per row: nothing, one accumulator, `width` of them, or
//! `width` pairs of moments. Fresh state is zero pages, which the system hands out when they are first touched, so that a table of
//! a hundred million rows pays for the rows that were visited.

use super::{OptimizerConfig, bias_corrected};

/// The state of the rows of one table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RowState {
    /// Values per row.
    pub(crate) per_row: usize,
    /// `[rows, per_row]`
    pub(crate) values: Vec<f32>,
}

/// The update of one row, with all that is the same for every row of a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SparseOptimizer {
    config: OptimizerConfig,
    rate: f32,
    epsilon: f32,
    weight_decay: f32,
    scale: f32,
}

impl OptimizerConfig {
    /// State values of a row of `width` weights.
    pub(crate) fn per_row(&self, width: usize) -> usize {
        match self {
            Self::Sgd => 0,
            Self::RowWiseAdagrad { .. } => 1,
            Self::Adagrad { .. } => width,
            Self::Adam { .. } => 2 * width,
        }
    }
}

impl RowState {
    /// Zeros for a table.
    pub(crate) fn new(config: &OptimizerConfig, rows: usize, width: usize) -> Self {
        let per_row = config.per_row(width);
        Self { per_row, values: vec![0.0; rows * per_row] }
    }
}

impl SparseOptimizer {
    /// The optimiser at `step`, from 1; gradients are multiplied by `scale` first (clipping).
    pub(crate) fn new(config: OptimizerConfig, learning_rate: f64, weight_decay: f64, scale: f64, step: u64) -> Self {
        let (rate, epsilon) = match config {
            OptimizerConfig::Sgd => (learning_rate as f32, 0.0),
            OptimizerConfig::Adagrad { epsilon } | OptimizerConfig::RowWiseAdagrad { epsilon } => {
                (learning_rate as f32, epsilon)
            }
            OptimizerConfig::Adam { beta_1, beta_2, epsilon } => {
                bias_corrected(learning_rate, beta_1, beta_2, epsilon, step)
            }
        };
        Self { config, rate, epsilon, weight_decay: weight_decay as f32, scale: scale as f32 }
    }

    /// One step on one row.
    ///
    /// # Shapes
    /// - weight, gradient: `[width]`; the gradient is used up
    /// - state: `[per_row]`
    #[inline]
    pub(crate) fn update(&self, weight: &mut [f32], gradient: &mut [f32], state: &mut [f32]) {
        let width = weight.len();
        for (g, w) in gradient.iter_mut().zip(weight.iter()) {
            *g = *g * self.scale + self.weight_decay * w;
        }
        match self.config {
            OptimizerConfig::Sgd => weight.iter_mut().zip(gradient).for_each(|(w, g)| *w -= self.rate * *g),
            OptimizerConfig::Adagrad { .. } => {
                for ((w, g), s) in weight.iter_mut().zip(gradient).zip(state) {
                    *s += *g * *g;
                    *w -= self.rate * *g / (s.sqrt() + self.epsilon);
                }
            }
            OptimizerConfig::RowWiseAdagrad { .. } => {
                let squares: f32 = gradient.iter().map(|g| *g * *g).sum();
                state[0] += squares / width as f32;
                let rate = self.rate / (state[0].sqrt() + self.epsilon);
                weight.iter_mut().zip(gradient).for_each(|(w, g)| *w -= rate * *g);
            }
            OptimizerConfig::Adam { beta_1, beta_2, .. } => {
                let (first, second) = state.split_at_mut(width);
                for (((w, g), m), v) in weight.iter_mut().zip(gradient).zip(first).zip(second) {
                    *m = beta_1 * *m + (1.0 - beta_1) * *g;
                    *v = beta_2 * *v + (1.0 - beta_2) * *g * *g;
                    *w -= self.rate * *m / (v.sqrt() + self.epsilon);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_steps(config: OptimizerConfig) -> Vec<f32> {
        let mut weight = [1.0, -2.0];
        let mut state = RowState::new(&config, 1, 2);
        for step in 1..=2 {
            SparseOptimizer::new(config, 0.1, 0.0, 1.0, step).update(&mut weight, &mut [0.5, -2.0], &mut state.values);
        }
        weight.to_vec()
    }

    fn close(found: &[f32], expected: [f32; 2]) {
        assert!(found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-6), "{found:?} against {expected:?}");
    }

    #[test]
    fn two_steps_equal_hand_computation() {
        close(&two_steps(OptimizerConfig::Sgd), [0.9, -1.6]);
        // Adagrad: steps of 0.1 and 0.1 / √2 whatever the gradient's size.
        let adagrad = 0.1 + 0.1 / 2.0_f32.sqrt();
        close(&two_steps(OptimizerConfig::Adagrad { epsilon: 1e-10 }), [1.0 - adagrad, -2.0 + adagrad]);
        // Row-wise: s = (0.25 + 4) / 2 = 2.125, then 4.25.
        let rate = 0.1 / 2.125_f32.sqrt() + 0.1 / 4.25_f32.sqrt();
        close(&two_steps(OptimizerConfig::RowWiseAdagrad { epsilon: 1e-10 }), [1.0 - 0.5 * rate, -2.0 + 2.0 * rate]);
        // Adam with a constant gradient: m̂ = g, v̂ = g², steps of 0.1.
        close(&two_steps(OptimizerConfig::default()), [0.8, -1.8]);
    }

    #[test]
    fn decay_comes_after_the_scale() {
        let mut weight = [2.0];
        let sgd = SparseOptimizer::new(OptimizerConfig::Sgd, 0.1, 0.5, 0.25, 1);
        sgd.update(&mut weight, &mut [4.0], &mut []);
        assert!((weight[0] - 1.8).abs() < 1e-6, "2 - 0.1 · (4 · 0.25 + 0.5 · 2)");
    }
}
