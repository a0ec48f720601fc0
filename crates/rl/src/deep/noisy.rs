//! NoisyNet: the network explores by noise on its own weights, whose size it learns.
//!
//! Fortunato et al. 2018, "Noisy networks for exploration" (factorised Gaussian noise, equations 9 to 11; NoisyNet-DQN, algorithm 1):
//!
//! ```text
//! y = (μ_w + σ_w ⊙ ε_w) x + μ_b + σ_b ⊙ ε_b        ε_w[i, j] = f(ε_in[j]) f(ε_out[i]),  ε_b[i] = f(ε_out[i]),  f(x) = sgn(x) √|x|
//! μ ~ U(-1/√p, 1/√p),  σ = σ₀ / √p                 p inputs;  ε_in, ε_out standard normal
//! ```
//!
//! As ε_w is an outer product it is never built: (σ_w ⊙ ε_w) x = f(ε_out) ⊙ (σ_w (f(ε_in) ⊙ x)).
//!
//! | symbol | variable |
//! |---|---|
//! | μ_w `[p, q]`, μ_b `[q]` | `weight`, `bias` |
//! | σ_w `[p, q]`, σ_b `[q]`, σ₀ | `weight_sigma`, `bias_sigma`, `config.sigma` |
//! | f(ε_in) `[p]`, f(ε_out) `[q]` | a pair of `Noise` |
//!
//! Acting is greedy on values with noise, anew every `learn_every` transitions; in a gradient step online, target and choosing network have
//! noise of their own, one draw for the minibatch. Who is judged has none: `snapshot`, and `action_values` of the learner.
//!
//! Differences from the paper: 1. every layer is noisy, where theirs has convolutions without noise; 2. the decision's propensity is
//! that of the choice given the noise.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData, activation};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use slatewise_model::join_streams;

/// Settings of a noisy network.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NoisyConfig {
    /// σ₀ > 0 (paper: 0.5).
    pub sigma: f32,
}

impl Default for NoisyConfig {
    fn default() -> Self {
        Self { sigma: 0.5 }
    }
}

/// One draw for all layers of a network: f(ε_in) and f(ε_out) of each.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Noise {
    pub(super) layers: Vec<[Vec<f32>; 2]>,
}

/// A layer whose weights have a mean and a spread.
#[derive(Module, Debug)]
pub struct NoisyLinear {
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
    weight_sigma: Param<Tensor<2>>,
    bias_sigma: Param<Tensor<1>>,
}

/// Hidden layers, and one stream of action values or two that are joined.
#[derive(Module, Debug)]
pub struct NoisyNetwork {
    trunk: Vec<NoisyLinear>,
    /// Empty unless duelling.
    value: Vec<NoisyLinear>,
    advantage: Vec<NoisyLinear>,
    #[module(skip)]
    actions: usize,
}

impl NoisyConfig {
    pub(super) fn layer(&self, input: usize, output: usize, rng: &mut ChaCha8Rng, device: &Device) -> NoisyLinear {
        let root = (input.max(1) as f32).sqrt();
        let (bound, sigma) = (1.0 / root, self.sigma / root);
        let mut uniform = |count: usize| (0..count).map(|_| rng.random_range(-bound..bound)).collect::<Vec<f32>>();
        let (weight, bias) = (uniform(input * output), uniform(output));
        NoisyLinear {
            weight: Param::from_data(TensorData::new(weight, [input, output]), device),
            bias: Param::from_data(TensorData::new(bias, [output]), device),
            weight_sigma: Param::from_data(TensorData::new(vec![sigma; input * output], [input, output]), device),
            bias_sigma: Param::from_data(TensorData::new(vec![sigma; output], [output]), device),
        }
    }

    /// A network of the shape of [`ValueNetworkConfig`](super::network::ValueNetworkConfig).
    pub(super) fn network(
        &self,
        shape: &super::network::ValueNetworkConfig,
        rng: &mut ChaCha8Rng,
        device: &Device,
    ) -> NoisyNetwork {
        let mut stack = |input: usize, widths: &[usize]| {
            let mut width = input;
            widths.iter().map(|&next| self.layer(std::mem::replace(&mut width, next), next, rng, device)).collect()
        };
        let outputs = shape.actions * shape.outputs;
        let (trunk, stream) = if shape.duelling { shape.streams() } else { (&shape.hidden[..], &[][..]) };
        let hidden = trunk.last().copied().unwrap_or(shape.input);
        NoisyNetwork {
            trunk: stack(shape.input, trunk),
            value: if shape.duelling { stack(hidden, &[stream, &[shape.outputs]].concat()) } else { Vec::new() },
            advantage: stack(hidden, &[stream, &[outputs]].concat()),
            actions: shape.actions,
        }
    }
}

impl NoisyLinear {
    /// y; without noise the mean's.
    ///
    /// # Shapes
    /// - x: `[B, p]`
    /// - noise: f(ε_in) `[p]`, f(ε_out) `[q]`
    /// - output: `[B, q]`
    pub fn forward(&self, x: Tensor<2>, noise: Option<&[Vec<f32>; 2]>) -> Tensor<2> {
        let mean = x.clone().matmul(self.weight.val()) + self.bias.val().unsqueeze();
        let Some(noise) = noise else { return mean };
        let row =
            |values: &Vec<f32>| Tensor::<2>::from_data(TensorData::new(values.clone(), [1, values.len()]), &x.device());
        let (of_inputs, of_outputs) = (row(&noise[0]), row(&noise[1]));
        let spread = (x * of_inputs).matmul(self.weight_sigma.val()) + self.bias_sigma.val().unsqueeze();
        mean + spread * of_outputs
    }
}

impl NoisyNetwork {
    /// What comes out for each action; without noise the means'.
    ///
    /// # Shapes
    /// `[B, input]` → `[B, actions · outputs]`
    pub fn forward(&self, x: Tensor<2>, noise: Option<&Noise>) -> Tensor<2> {
        let mut place = 0;
        let mut next = |layer: &NoisyLinear, x: Tensor<2>| {
            place += 1;
            layer.forward(x, noise.map(|noise| &noise.layers[place - 1]))
        };
        let mut stack = |layers: &[NoisyLinear], mut x: Tensor<2>, activate_last: bool| {
            for (index, layer) in layers.iter().enumerate() {
                x = next(layer, x);
                if activate_last || index + 1 < layers.len() {
                    x = activation::relu(x);
                }
            }
            x
        };
        let hidden = stack(&self.trunk, x, true);
        if self.value.is_empty() {
            return stack(&self.advantage, hidden, false);
        }
        let value = stack(&self.value, hidden.clone(), false);
        join_streams(value, stack(&self.advantage, hidden, false), self.actions)
    }

    /// Draws noise for all layers.
    pub fn draw(&self, rng: &mut ChaCha8Rng) -> Noise {
        let layers = self.trunk.iter().chain(&self.value).chain(&self.advantage);
        let mut side = |count: usize| (0..count).map(|_| scaled(StandardNormal.sample(rng))).collect();
        let shapes = layers.map(|layer| layer.weight.dims());
        Noise { layers: shapes.map(|[inputs, outputs]| [side(inputs), side(outputs)]).collect() }
    }
}

/// f(x) = sgn(x) √|x|.
fn scaled(x: f32) -> f32 {
    x.abs().sqrt().copysign(x)
}

#[cfg(test)]
mod tests {
    use super::super::network::ValueNetworkConfig;
    use super::*;
    use rand::SeedableRng;

    fn values(tensor: Tensor<2>) -> Vec<f32> {
        tensor.into_data().iter::<f32>().collect()
    }

    #[test]
    fn a_layer_equals_hand_computation() {
        let device = Device::flex();
        let layer = NoisyLinear {
            weight: Param::from_data([[1.0], [2.0]], &device),
            bias: Param::from_data([0.5], &device),
            weight_sigma: Param::from_data([[0.1], [0.2]], &device),
            bias_sigma: Param::from_data([0.3], &device),
        };
        let x = Tensor::<2>::from_data([[3.0, -1.0]], &device);
        assert_eq!(values(layer.forward(x.clone(), None)), [1.5]); // 3 − 2 + 0.5
        // w = [1 + 0.1 · 2 · (−4), 2 + 0.2 · 5 · (−4)] = [0.2, −2], b = 0.5 + 0.3 · (−4) = −0.7: 0.6 + 2 − 0.7
        let found = values(layer.forward(x, Some(&[vec![2.0, 5.0], vec![-4.0]])));
        assert!((found[0] - 1.9).abs() < 1e-5, "{found:?}");
        assert_eq!([scaled(4.0), scaled(-9.0)], [2.0, -3.0]);
    }

    #[test]
    fn noise_reaches_every_layer_and_repeats_with_its_seed() {
        let device = Device::flex();
        for duelling in [false, true] {
            let shape = ValueNetworkConfig { input: 3, hidden: vec![8, 8], actions: 2, outputs: 4, duelling };
            let mut rng = ChaCha8Rng::seed_from_u64(1);
            let network = NoisyConfig::default().network(&shape, &mut rng, &device);
            let (one, two) = (network.draw(&mut rng.clone()), network.draw(&mut rng));
            assert_eq!(one, two);
            assert_eq!(one.layers.len(), if duelling { 5 } else { 3 });
            let x = Tensor::<2>::from_data([[0.3, -1.0, 2.0]], &device);
            let outputs = values(network.forward(x.clone(), Some(&one)));
            assert_eq!(outputs.len(), 8);
            for layer in 0..one.layers.len() {
                let mut other = one.clone();
                other.layers[layer][1].iter_mut().for_each(|epsilon| *epsilon = -*epsilon);
                assert_ne!(outputs, values(network.forward(x.clone(), Some(&other))), "layer {layer}");
            }
        }
    }
}
