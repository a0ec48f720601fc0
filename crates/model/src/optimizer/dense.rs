//! `DenseOptimizer`: one step on every parameter of a network, on its device.
//!
//! burn's own optimisers key their state by a random parameter id and read it back onto the default device; here the
//! state stands in the order in which the network names its parameters, so that a checkpoint holds it under their names and
//! training resumes to the bit.

use super::{OptimizerConfig, bias_corrected};
use crate::Error;
use crate::error::device_error;
use burn::module::{Module, ModuleMapper, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};

/// The optimiser's state for a whole network.
#[derive(Debug, Clone)]
pub struct DenseOptimizer {
    config: OptimizerConfig,
    weight_decay: f64,
    /// Per parameter in the network's order; none before its first gradient.
    state: Vec<Vec<Tensor<1>>>,
}

/// Applies one step while walking over the parameters.
struct Step<'a> {
    optimizer: &'a mut DenseOptimizer,
    gradients: &'a mut GradientsParams,
    rate: f32,
    epsilon: f32,
    place: usize,
}

impl DenseOptimizer {
    /// An optimiser without state; `weight_decay` is λ of an L2 term.
    pub fn new(config: OptimizerConfig, weight_decay: f64) -> Self {
        Self { config, weight_decay, state: Vec::new() }
    }

    /// One step, the `step`-th of the run, counted from 1. A parameter without a gradient stays as it is.
    pub fn step<M: Module>(&mut self, network: M, gradients: &mut GradientsParams, learning_rate: f64, step: u64) -> M {
        let (rate, epsilon) = match self.config {
            OptimizerConfig::Sgd => (learning_rate as f32, 0.0),
            OptimizerConfig::Adagrad { epsilon } | OptimizerConfig::RowWiseAdagrad { epsilon } => {
                (learning_rate as f32, epsilon)
            }
            OptimizerConfig::Adam { beta_1, beta_2, epsilon } => {
                bias_corrected(learning_rate, beta_1, beta_2, epsilon, step)
            }
        };
        network.map(&mut Step { optimizer: self, gradients, rate, epsilon, place: 0 })
    }

    /// The state per parameter, on the host: nothing, or as many arrays as the optimiser keeps.
    ///
    /// # Errors
    /// The device cannot be read.
    pub fn host_state(&self) -> Result<Vec<Vec<Vec<f32>>>, Error> {
        let read = |tensor: &Tensor<1>| -> Result<Vec<f32>, Error> {
            Ok(tensor.clone().try_into_data().map_err(device_error)?.iter::<f32>().collect())
        };
        self.state.iter().map(|arrays| arrays.iter().map(read).collect()).collect()
    }

    /// Puts back a state of host arrays.
    pub fn restore(&mut self, state: Vec<Vec<Vec<f32>>>, device: &Device) {
        let upload = |values: Vec<f32>| {
            let count = values.len();
            Tensor::from_data(TensorData::new(values, [count]), device)
        };
        self.state = state.into_iter().map(|arrays| arrays.into_iter().map(upload).collect()).collect();
    }

    /// The update to subtract, and the new state.
    fn update(&self, g: Tensor<1>, state: Vec<Tensor<1>>, rate: f32, epsilon: f32) -> (Tensor<1>, Vec<Tensor<1>>) {
        match self.config {
            OptimizerConfig::Sgd => (g * rate, state),
            OptimizerConfig::Adagrad { .. } | OptimizerConfig::RowWiseAdagrad { .. } => {
                let square = g.clone().square();
                let sum = match state.into_iter().next() {
                    Some(sum) => sum + square,
                    None => square,
                };
                (g * rate / (sum.clone().sqrt() + epsilon), vec![sum])
            }
            OptimizerConfig::Adam { beta_1, beta_2, .. } => {
                let (fresh_m, fresh_v) = (g.clone() * (1.0 - beta_1), g.square() * (1.0 - beta_2));
                let mut state = state.into_iter();
                let (m, v) = match (state.next(), state.next()) {
                    (Some(m), Some(v)) => (m * beta_1 + fresh_m, v * beta_2 + fresh_v),
                    _ => (fresh_m, fresh_v),
                };
                (m.clone() * rate / (v.clone().sqrt() + epsilon), vec![m, v])
            }
        }
    }
}

impl ModuleMapper for Step<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let place = self.place;
        self.place += 1;
        if self.optimizer.state.len() <= place {
            self.optimizer.state.push(Vec::new());
        }
        let Some(gradient) = self.gradients.remove::<D>(param.id) else { return param };
        let optimizer = &mut *self.optimizer;
        let (rate, epsilon) = (self.rate, self.epsilon);
        param.map(|tensor| {
            let trained = tensor.is_require_grad();
            let (inner, shape) = (tensor.inner(), gradient.dims());
            let count: usize = shape.iter().product();
            let mut g: Tensor<1> = gradient.reshape([count]);
            if optimizer.weight_decay > 0.0 {
                g = g + inner.clone().reshape([count]) * optimizer.weight_decay;
            }
            let state = std::mem::take(&mut optimizer.state[place]);
            let (change, state) = optimizer.update(g, state, rate, epsilon);
            optimizer.state[place] = state;
            let updated = Tensor::from_inner(inner - change.reshape(shape));
            updated.set_require_grad(trained)
        })
    }
}
