//! Independent: every task has its own network, and only the embeddings are shared.
//!
//! ```text
//! hₖ = fₖ(x)               [B, input] → [B, hidden], one network per task k
//! hₖ = x                   with no layers: the towers read the input itself
//! ```
//!
//! | symbol | here |
//! |---|---|
//! | fₖ | `bottom[k]` |
//!
//! ESMM is this trunk: its two towers share the embedding tables and nothing else, and its loss on the product of the
//! two probabilities belongs to the losses. It is also what a shared network has to beat: where tasks disagree, sharing
//! less is better, and where they have few labels, sharing more.
//!
//! Differences from the paper: 1. any number of tasks; 2. the tower of a task is split in two, the layers here with a
//! ReLU each and the head's.
//!
//! # Reference
//! Ma, Zhao, Huang, Wang, Hu, Zhu, Gai 2018, "Entire Space Multi-Task Model: An Effective Approach for Estimating
//! Post-Click Conversion Rate", SIGIR.

use super::validate_widths;
use crate::{Error, Mlp, MlpConfig};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Shape of an [`Independent`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndependentConfig {
    /// Output width of each layer of a task's network; none by default, which leaves everything to the towers.
    #[serde(default)]
    pub widths: Vec<usize>,
}

/// One network per task.
#[derive(Module, Debug)]
pub struct Independent {
    bottom: Vec<Mlp>,
}

impl IndependentConfig {
    /// Draws the weights for `input` values and `tasks` tasks, task by task.
    pub fn init(&self, input: usize, tasks: usize, rng: &mut ChaCha8Rng, device: &Device) -> Independent {
        let bottom = MlpConfig::new(self.widths.clone()).with_activated_last();
        Independent { bottom: (0..tasks).map(|_| bottom.init(input, rng, device)).collect() }
    }

    pub(super) fn validate(&self) -> Result<(), Error> {
        if self.widths.is_empty() { Ok(()) } else { validate_widths(&self.widths) }
    }
}

impl Independent {
    /// Each task's own representation.
    ///
    /// # Shapes
    /// - x: `[B, input]`
    /// - output: per task `[B, hidden]`; `[B, input]` without layers
    pub fn forward(&self, x: &Tensor<2>) -> Vec<Tensor<2>> {
        self.bottom.iter().map(|bottom| bottom.forward(x.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn values(tensor: Tensor<2>) -> Vec<f32> {
        tensor.into_data().iter::<f32>().collect()
    }

    #[test]
    fn without_layers_every_task_reads_the_input() {
        let device = Device::flex();
        let config = IndependentConfig { widths: vec![] };
        let trunk = config.init(2, 3, &mut ChaCha8Rng::seed_from_u64(1), &device);
        let found = trunk.forward(&Tensor::from_data([[1.0, -2.0]], &device));
        assert_eq!(found.into_iter().map(values).collect::<Vec<_>>(), vec![vec![1.0, -2.0]; 3]);
        assert_eq!(trunk.num_params(), 0);
    }

    #[test]
    fn a_tasks_loss_moves_its_own_network_only() {
        let device = Device::flex().autodiff();
        let config = IndependentConfig { widths: vec![3, 2] };
        let trunk = config.init(2, 2, &mut ChaCha8Rng::seed_from_u64(1), &Device::flex()).train();
        let hidden = trunk.forward(&Tensor::from_data([[1.0, -2.0], [0.5, 3.0]], &device));
        let gradients = hidden[1].clone().sum().backward();
        let moved = |task: usize| {
            let layer = &trunk.bottom[task].layers()[0];
            layer.weight.val().grad(&gradients).is_some_and(|gradient| values(gradient).iter().any(|g| *g != 0.0))
        };
        assert_eq!([moved(0), moved(1)], [false, true]);
    }
}
