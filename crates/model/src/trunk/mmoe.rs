//! MMoE, multi-gate mixture-of-experts: several networks, and a gate per task that says how much of each it wants.
//!
//! ```text
//! eᵢ(x) = MLPᵢ(x)                              expert i of n      [B, input] → [B, hidden]
//! gₖ(x) = softmax(Wₖ x)                        gate of task k     [B, input] → [B, n]
//! hₖ(x) = Σᵢ gₖ(x)ᵢ eᵢ(x)                      section 4.2        [B, hidden]
//! ```
//!
//! | symbol | here |
//! |---|---|
//! | n | `experts` |
//! | fᵢ, "expert" | `expert[i]` |
//! | W_gk | `gate[k].weight` |
//!
//! Differences from the paper: 1. experts may have several layers (the paper's experiments use one); 2. the gates'
//! weights start from U(-1/√input, 1/√input) like every other layer, where the paper says nothing.
//!
//! In training all gates run as one product, and so do all mixtures; for a prediction on one row, putting the gates'
//! weights together would cost more than their products. Experts run one by one: on the CPU that measured faster,
//! backwards included, than one packed matrix for their first layers, whose gradients autodiff has to put together again
//! from slices.
//!
//! # Reference
//! Ma, Zhao, Yi, Chen, Hong, Chi 2018, "Modeling Task Relationships in Multi-task Learning with Multi-gate
//! Mixture-of-Experts", KDD.

use super::gate::{Gate, mixtures};
use super::{validate_count, validate_widths};
use crate::mlp::weight_only;
use crate::{Error, Mlp, MlpConfig};
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::module::linear;
use burn::tensor::{Device, Tensor, activation};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Shape of an [`Mmoe`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MmoeConfig {
    /// Number of experts, at least 1; 4 to 8 are usual.
    pub experts: usize,
    /// Output width of each layer of an expert; the last one is the width of the representation.
    pub widths: Vec<usize>,
}

/// Experts shared by all tasks and one gate per task.
#[derive(Module, Debug)]
pub struct Mmoe {
    expert: Vec<Mlp>,
    gate: Vec<Linear>,
}

impl MmoeConfig {
    /// Draws the weights for `input` values and `tasks` tasks: experts first, then gates.
    pub fn init(&self, input: usize, tasks: usize, rng: &mut ChaCha8Rng, device: &Device) -> Mmoe {
        let expert = MlpConfig::new(self.widths.clone()).with_activated_last();
        Mmoe {
            expert: (0..self.experts).map(|_| expert.init(input, rng, device)).collect(),
            gate: (0..tasks).map(|_| weight_only(input, self.experts, rng, device)).collect(),
        }
    }

    pub(super) fn validate(&self) -> Result<(), Error> {
        validate_count("model.trunk.experts", self.experts, "give at least one expert; 4 to 8 are usual")?;
        validate_widths(&self.widths)
    }
}

impl Mmoe {
    /// One mixture of the experts per task.
    ///
    /// # Shapes
    /// - x: `[B, input]`
    /// - output: per task `[B, hidden]`
    pub fn forward(&self, x: Tensor<2>) -> Vec<Tensor<2>> {
        let outputs = self.expert.iter().map(|expert| expert.forward(x.clone())).collect();
        mixtures(outputs, self.gates(x))
    }

    /// [`gates`](Self::gates), task by task.
    pub(super) fn named_gates(&self, x: Tensor<2>) -> Vec<Gate> {
        let gates = self.gates(x);
        let gate = |task: usize| Gate {
            name: format!("task.{task}"),
            weight: gates.clone().narrow(1, task, 1).squeeze_dim(1),
            experts: (0..self.expert.len()).collect(),
        };
        (0..self.gate.len()).map(gate).collect()
    }

    /// Outputs of the experts, `[B, hidden]` each.
    pub(super) fn named_experts(&self, x: &Tensor<2>) -> Vec<(String, Tensor<2>)> {
        let experts = self.expert.iter().enumerate();
        experts.map(|(i, expert)| (format!("expert.{i}"), expert.forward(x.clone()))).collect()
    }

    /// The gates' weights, each row of each task summing to 1.
    ///
    /// # Shapes
    /// - x: `[B, input]`
    /// - output: `[B, tasks, experts]`
    pub fn gates(&self, x: Tensor<2>) -> Tensor<3> {
        let [rows, tasks, experts] = [x.dims()[0], self.gate.len(), self.expert.len()];
        let scores = if x.is_autodiff() {
            let weight = Tensor::cat(self.gate.iter().map(|gate| gate.weight.val()).collect(), 1);
            linear(x, weight, None)
        } else {
            Tensor::cat(self.gate.iter().map(|gate| gate.forward(x.clone())).collect(), 1)
        };
        activation::softmax(scores.reshape([rows, tasks, experts]), 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().iter::<f32>().collect()
    }

    /// The equation term by term, gate by gate, equals `forward`.
    #[test]
    fn forward_equals_the_equation_written_out() {
        let device = Device::flex();
        for widths in [vec![3], vec![4, 3], vec![5, 4, 3]] {
            let mut rng = ChaCha8Rng::seed_from_u64(11);
            let mmoe = MmoeConfig { experts: 3, widths }.init(6, 2, &mut rng, &device);
            let x =
                Tensor::<2>::from_data([[0.5, -1.0, 2.0, 0.1, 0.0, 1.0], [1.0, 1.0, -0.5, 0.3, -2.0, 0.7]], &device);
            let found = mmoe.forward(x.clone());
            for (task, gate) in mmoe.gate.iter().enumerate() {
                let weight = activation::softmax(x.clone().matmul(gate.weight.val()), 1);
                let terms = mmoe.expert.iter().enumerate();
                let terms = terms.map(|(i, expert)| expert.forward(x.clone()) * weight.clone().narrow(1, i, 1));
                let expected = terms.reduce(|sum, term| sum + term).map(values).unwrap_or_default();
                for (found, expected) in values(found[task].clone()).iter().zip(expected) {
                    assert!((found - expected).abs() < 1e-6, "task {task}: {found} against {expected}");
                }
            }
        }
    }

    #[test]
    fn gates_are_distributions_over_the_experts() {
        let device = Device::flex();
        let mmoe = MmoeConfig { experts: 4, widths: vec![8] }.init(3, 2, &mut ChaCha8Rng::seed_from_u64(1), &device);
        let gates = mmoe.gates(Tensor::from_data([[1.0, 2.0, 3.0], [-9.0, 0.0, 9.0]], &device));
        assert_eq!(gates.dims(), [2, 2, 4]);
        assert!(values(gates.sum_dim(2)).iter().all(|sum| (sum - 1.0).abs() < 1e-6));
    }
}
