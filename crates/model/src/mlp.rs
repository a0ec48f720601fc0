//! `Mlp`: a stack of dense layers, the one building block of trunks, towers and Q-networks.
//!
//! ```text
//! h₀ = x                               [B, input]
//! hᵢ = relu(hᵢ₋₁ Wᵢ + bᵢ)              [B, widths[i]]      i < n
//! y  = hₙ₋₁ Wₙ + bₙ                    [B, widths[n]]      relu as well with `activate_last`
//! ```
//!
//! Weights are drawn on the host from the caller's generator, U(-k, k) with k = 1/√fan_in for weight and bias, which is
//! what PyTorch's `nn.Linear` does (He et al. 2015 with a = √5). A device's own generator may be global to the process,
//! so a network drawn from it would depend on whatever else ran before.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use rand::SeedableRng;
//! use slatewise_model::MlpConfig;
//!
//! let device = Device::flex();
//! let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
//! let network = MlpConfig::new([128, 14]).init(64, &mut rng, &device);
//! assert_eq!(network.forward(Tensor::zeros([32, 64], &device)).dims(), [32, 14]);
//! ```

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData, activation};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Shape of an [`Mlp`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MlpConfig {
    /// Output width of each layer; the last one is the output of the network.
    pub widths: Vec<usize>,
    /// Whether the last layer has a ReLU too; off for logits and action values, on inside a larger network.
    pub activate_last: bool,
}

impl MlpConfig {
    /// Layers of the given output widths, the last one linear.
    pub fn new(widths: impl Into<Vec<usize>>) -> Self {
        Self { widths: widths.into(), activate_last: false }
    }

    /// The same layers, with a ReLU after the last one as well.
    #[must_use]
    pub fn with_activated_last(mut self) -> Self {
        self.activate_last = true;
        self
    }

    /// Width of what [`Mlp::forward`] returns; `input` where there are no layers.
    pub fn output(&self, input: usize) -> usize {
        self.widths.last().copied().unwrap_or(input)
    }

    /// Draws the weights for an input of `input` values, layer by layer, weight before bias.
    pub fn init(&self, input: usize, rng: &mut ChaCha8Rng, device: &Device) -> Mlp {
        let mut width = input;
        let layers = self.widths.iter().map(|&next| linear(std::mem::replace(&mut width, next), next, rng, device));
        Mlp { layers: layers.collect(), threshold: None, activate_last: self.activate_last }
    }
}

/// Dense layers with ReLU between them.
#[derive(Module, Debug)]
pub struct Mlp {
    layers: Vec<Linear>,
    threshold: Option<Param<Tensor<1>>>,
    #[module(skip)]
    activate_last: bool,
}

impl Mlp {
    /// The same network, whose one output, without its bias, is added to each of these values instead: one score against
    /// several thresholds.
    pub(crate) fn with_thresholds(mut self, values: Vec<f32>, device: &Device) -> Self {
        if let Some(last) = self.layers.last_mut() {
            assert_eq!(last.weight.dims()[1], 1, "thresholds need a network of one output");
            last.bias = None;
        }
        let count = values.len();
        self.threshold = Some(Param::from_data(TensorData::new(values, [count]), device));
        self
    }

    /// Applies the layers in turn; a network without layers returns its input.
    ///
    /// # Shapes
    /// - x: `[B, input]`
    /// - output: `[B, widths.last()]`, or `[B, thresholds]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let Some((last, inner)) = self.layers.split_last() else { return x };
        let x = inner.iter().fold(x, |x, layer| activation::relu(layer.forward(x)));
        let y = last.forward(x);
        let y = match &self.threshold {
            Some(threshold) => y + threshold.val().unsqueeze(),
            None => y,
        };
        if self.activate_last { activation::relu(y) } else { y }
    }

    /// The layers, first to last.
    pub fn layers(&self) -> &[Linear] {
        &self.layers
    }
}

/// A layer y = x W + b with W `[input, output]` and b `[output]` from U(-1/√input, 1/√input).
fn linear(input: usize, output: usize, rng: &mut ChaCha8Rng, device: &Device) -> Linear {
    let layer = weight_only(input, output, rng, device);
    let bias = uniform(output, 1.0 / (input.max(1) as f32).sqrt(), rng);
    Linear { bias: Some(Param::from_data(TensorData::new(bias, [output]), device)), ..layer }
}

/// A layer y = x W without a bias, W `[input, output]` from U(-1/√input, 1/√input).
pub(crate) fn weight_only(input: usize, output: usize, rng: &mut ChaCha8Rng, device: &Device) -> Linear {
    let weight = uniform(input * output, 1.0 / (input.max(1) as f32).sqrt(), rng);
    Linear { weight: Param::from_data(TensorData::new(weight, [input, output]), device), bias: None }
}

/// `count` values from U(-bound, bound).
pub(crate) fn uniform(count: usize, bound: f32, rng: &mut ChaCha8Rng) -> Vec<f32> {
    (0..count).map(|_| rng.random_range(-bound..bound)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn values(tensor: Tensor<2>) -> Vec<f32> {
        tensor.into_data().iter::<f32>().collect()
    }

    /// One hidden unit pair with weights set by hand: relu(x W₁ + b₁) W₂ + b₂.
    fn by_hand(activate_last: bool) -> Mlp {
        let device = Device::flex();
        let layer = |weight: Vec<f32>, shape: [usize; 2], bias: Vec<f32>| Linear {
            bias: Some(Param::from_data(TensorData::new(bias, [shape[1]]), &device)),
            weight: Param::from_data(TensorData::new(weight, shape), &device),
        };
        let first = layer(vec![1.0, -1.0, 2.0, 0.5], [2, 2], vec![0.0, 1.0]);
        let second = layer(vec![1.0, -3.0], [2, 1], vec![0.25]);
        Mlp { layers: vec![first, second], threshold: None, activate_last }
    }

    #[test]
    fn forward_equals_hand_computation() {
        let x = Tensor::<2>::from_data([[1.0, 2.0], [-1.0, 0.0]], &Device::flex());
        // row 0: hidden = relu([5, 1]) = [5, 1];  y = 5 - 3 + 0.25 = 2.25
        // row 1: hidden = relu([-1, 2]) = [0, 2]; y = -6 + 0.25 = -5.75
        assert_eq!(values(by_hand(false).forward(x.clone())), [2.25, -5.75]);
        assert_eq!(values(by_hand(true).forward(x)), [2.25, 0.0]);
    }

    #[test]
    fn thresholds_replace_the_bias() {
        let device = Device::flex();
        let x = Tensor::<2>::from_data([[1.0, 2.0], [-1.0, 0.0]], &device);
        // The score is 2 in row 0 and -6 in row 1, without the bias of 0.25.
        let network = by_hand(false).with_thresholds(vec![1.0, 0.0, -0.5], &device);
        assert_eq!(values(network.forward(x)), [3.0, 2.0, 1.5, -5.0, -6.0, -6.5]);
    }

    #[test]
    fn weights_come_from_the_generator_alone_and_stay_within_the_bound() {
        let draw = |seed| {
            let network = MlpConfig::new([8, 3]).init(25, &mut ChaCha8Rng::seed_from_u64(seed), &Device::flex());
            values(network.layers()[0].weight.val())
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert!(draw(1).iter().all(|w| w.abs() <= 0.2), "1/√25 bounds the first layer");
    }

    #[test]
    fn a_network_without_layers_is_the_identity() {
        let device = Device::flex();
        let network = MlpConfig::new([]).init(2, &mut ChaCha8Rng::seed_from_u64(0), &device);
        let x = Tensor::<2>::from_data([[1.0, -2.0]], &device);
        assert_eq!(values(network.forward(x)), [1.0, -2.0]);
    }
}
