//! The critics of RMTL, one per task.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use slatewise_model::{Mlp, MlpConfig};

/// Q_k(s, w) of every task, each a network of its own.
#[derive(Module, Debug)]
pub(super) struct Critics {
    of_task: Vec<Mlp>,
}

impl Critics {
    /// Draws the weights for rows of `input` = W + K numbers, task by task.
    pub(super) fn new(input: usize, hidden: &[usize], tasks: usize, rng: &mut ChaCha8Rng, device: &Device) -> Self {
        Self { of_task: (0..tasks).map(|_| network(input, hidden, 1, rng, device)).collect() }
    }

    /// Q_k(s, w).
    ///
    /// # Shapes
    /// `rows [B, W]`, `weights [B, K]` → `[B, T]`
    pub(super) fn forward(&self, rows: Tensor<2>, weights: Tensor<2>) -> Tensor<2> {
        let input = Tensor::cat(vec![rows, weights], 1);
        Tensor::cat(self.of_task.iter().map(|critic| critic.forward(input.clone())).collect(), 1)
    }
}

/// Hidden layers and a linear one.
pub(super) fn network(input: usize, hidden: &[usize], outputs: usize, rng: &mut ChaCha8Rng, device: &Device) -> Mlp {
    let widths: Vec<usize> = hidden.iter().copied().chain([outputs]).collect();
    MlpConfig::new(widths).init(input, rng, device)
}

/// Rows of `width` numbers as a tensor `[B, width]`.
pub(super) fn upload(values: Vec<f32>, width: usize, device: &Device) -> Tensor<2> {
    let shape = [values.len() / width, width];
    Tensor::from_data(TensorData::new(values, shape), device)
}
