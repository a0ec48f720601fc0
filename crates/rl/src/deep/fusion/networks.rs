//! The critics of RMTL, one per task, and target networks that follow the learned ones.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
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

/// θ⁻ ← (1 − τ) θ⁻ + τ θ, both without autodiff.
///
/// # Reference
/// Lillicrap et al. 2016, "Continuous control with deep reinforcement learning".
pub(super) fn follow<M: Module>(target: M, learned: &M, rate: f64) -> M {
    let mut parameters = Parameters(Vec::new());
    learned.visit(&mut parameters);
    target.map(&mut Towards { learned: parameters.0.into_iter(), rate })
}

/// The parameters of a network in its order, flat.
struct Parameters(Vec<Tensor<1>>);

impl ModuleVisitor for Parameters {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let values = param.val();
        let count: usize = values.dims().iter().product();
        self.0.push(values.reshape([count]));
    }
}

struct Towards {
    learned: std::vec::IntoIter<Tensor<1>>,
    rate: f64,
}

impl ModuleMapper for Towards {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(learned) = self.learned.next() else { return param };
        let rate = self.rate;
        param.map(|target| {
            let shape = target.dims();
            target * (1.0 - rate) + learned.reshape(shape) * rate
        })
    }
}
