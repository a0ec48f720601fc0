//! `Duelling`: action values as the value of a state plus the advantage of each action.
//!
//! ```text
//! s [B, input] ──► trunk ──► h ──► value      V [B, 1]   ─┐
//!                              └─► advantage  A [B, n]   ─┴─►  Q = V + A − meanₐ A     equation (9)   [B, n]
//! ```
//!
//! Where actions hardly matter, V is learned from every one of them. The mean is taken away because V and A are not determined by Q
//! alone.
//!
//! Differences from the paper: 1. the trunk is a stack of dense layers, theirs convolutional; 2. gradients are not rescaled by 1/√2
//! where the two streams join.
//!
//! Weights are named `trunk.layers.N`, `value.layers.N`, `advantage.layers.N`.
//!
//! # Reference
//! Wang, Schaul, Hessel, van Hasselt, Lanctot, de Freitas 2016, "Dueling Network Architectures for Deep Reinforcement Learning", ICML.

use crate::{Mlp, MlpConfig};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;

/// Shape of a [`Duelling`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuellingConfig {
    /// Widths of the layers that both streams share, each with a ReLU.
    pub trunk: Vec<usize>,
    /// Widths of each stream's hidden layers.
    pub stream: Vec<usize>,
    /// n, the number of actions, at least 1.
    pub actions: usize,
    /// Values per action: 1, or the outputs that describe the distribution of an action's return, each of which is joined by itself.
    pub outputs: usize,
}

/// A network of two streams.
#[derive(Module, Debug)]
pub struct Duelling {
    trunk: Mlp,
    value: Mlp,
    advantage: Mlp,
    #[module(skip)]
    actions: usize,
}

impl DuellingConfig {
    /// Draws the weights for states of `input` numbers: trunk, value, advantage, in that order.
    pub fn init(&self, input: usize, rng: &mut ChaCha8Rng, device: &Device) -> Duelling {
        let trunk = MlpConfig::new(self.trunk.clone()).with_activated_last();
        let hidden = trunk.output(input);
        let stream = |outputs: usize| MlpConfig::new([self.stream.as_slice(), &[outputs]].concat());
        Duelling {
            trunk: trunk.init(input, rng, device),
            value: stream(self.outputs).init(hidden, rng, device),
            advantage: stream(self.actions * self.outputs).init(hidden, rng, device),
            actions: self.actions,
        }
    }
}

impl Duelling {
    /// Action values.
    ///
    /// # Shapes
    /// - states: `[B, input]`
    /// - output: `[B, actions · outputs]`, the outputs of an action beside each other
    pub fn forward(&self, states: Tensor<2>) -> Tensor<2> {
        let hidden = self.trunk.forward(states);
        let (value, advantage) = (self.value.forward(hidden.clone()), self.advantage.forward(hidden));
        join_streams(value, advantage, self.actions)
    }
}

/// Q = V + A − meanₐ A, for each output by itself.
///
/// # Shapes
/// - value: `[B, outputs]`
/// - advantage: `[B, actions · outputs]`
/// - output: `[B, actions · outputs]`
pub fn join_streams(value: Tensor<2>, advantage: Tensor<2>, actions: usize) -> Tensor<2> {
    let [rows, outputs] = value.dims();
    if outputs == 1 {
        return value + advantage.clone() - advantage.mean_dim(1);
    }
    let value = value.reshape([rows, 1, outputs]);
    let advantage = advantage.reshape([rows, actions, outputs]);
    let joined = value + advantage.clone() - advantage.mean_dim(1);
    joined.reshape([rows, actions * outputs])
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn the_mean_over_actions_is_the_value() {
        let device = Device::flex();
        let config = DuellingConfig { trunk: vec![7], stream: vec![5], actions: 4, outputs: 1 };
        let network = config.init(3, &mut ChaCha8Rng::seed_from_u64(2), &device);
        let states = Tensor::<2>::from_data([[0.3, -1.0, 2.0], [1.5, 0.0, -0.4]], &device);
        let q = network.forward(states.clone());
        assert_eq!(q.dims(), [2, 4]);
        let values = |tensor: Tensor<2>| tensor.into_data().iter::<f32>().collect::<Vec<_>>();
        let (mean, value) =
            (values(q.clone().mean_dim(1)), values(network.value.forward(network.trunk.forward(states))));
        assert!(mean.iter().zip(&value).all(|(mean, value)| (mean - value).abs() < 1e-6), "{mean:?} {value:?}");
        assert!(values(q).windows(2).any(|pair| pair[0] != pair[1]), "actions differ");
    }

    #[test]
    fn each_output_is_joined_by_itself() {
        let device = Device::flex();
        let value = Tensor::<2>::from_data([[10.0, 20.0]], &device);
        let advantage = Tensor::<2>::from_data([[1.0, 2.0, 3.0, 8.0]], &device); // action 0: [1, 2], action 1: [3, 8]
        let joined: Vec<f32> = join_streams(value, advantage, 2).into_data().iter::<f32>().collect();
        assert_eq!(joined, [9.0, 17.0, 11.0, 23.0]); // means [2, 5]
    }
}
