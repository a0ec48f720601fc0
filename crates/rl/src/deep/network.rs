//! `ValueNetwork`: a row of numbers in, what is known of every action's return out.
//!
//! ```text
//! plain      slatewise_model::Mlp        hidden layers, a linear one
//! duelling   slatewise_model::Duelling   the last hidden layer in two streams, V and A
//! noisy      NoisyNetwork                either of them with noise on every weight
//! items      ItemNetwork                 actions told by their features
//! ```

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;
use slatewise_model::{Duelling, DuellingConfig, Mlp, MlpConfig};

use super::item_network::ItemNetwork;
use super::noisy::{Noise, NoisyConfig, NoisyNetwork};

/// Shape of a `ValueNetwork`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueNetworkConfig {
    /// Numbers in a row.
    pub input: usize,
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// Number of actions.
    pub actions: usize,
    /// Numbers per action: 1, or as many as describe its return.
    pub outputs: usize,
    /// Whether state value and advantages are two streams.
    pub duelling: bool,
}

/// The network.
#[derive(Module, Debug)]
pub enum ValueNetwork {
    /// One stream.
    Plain(Mlp),
    /// Two streams.
    Duelling(Duelling),
    /// Noise on every weight.
    Noisy(NoisyNetwork),
    /// Actions told by their features.
    Items(ItemNetwork),
}

impl ValueNetworkConfig {
    /// Hidden layers before the streams divide, and those of each stream: the last one.
    pub(super) fn streams(&self) -> (&[usize], &[usize]) {
        self.hidden.split_at(self.hidden.len().saturating_sub(1))
    }

    /// Draws the weights.
    pub fn init(&self, noisy: Option<NoisyConfig>, rng: &mut ChaCha8Rng, device: &Device) -> ValueNetwork {
        if let Some(noisy) = noisy {
            return ValueNetwork::Noisy(noisy.network(self, rng, device));
        }
        if self.duelling {
            let (trunk, stream) = self.streams();
            let (trunk, stream) = (trunk.to_vec(), stream.to_vec());
            let config = DuellingConfig { trunk, stream, actions: self.actions, outputs: self.outputs };
            return ValueNetwork::Duelling(config.init(self.input, rng, device));
        }
        let widths: Vec<usize> = self.hidden.iter().copied().chain([self.actions * self.outputs]).collect();
        ValueNetwork::Plain(MlpConfig::new(widths).init(self.input, rng, device))
    }
}

impl ValueNetwork {
    /// What comes out for each action; noise matters to a noisy network alone.
    ///
    /// # Shapes
    /// `[B, input]` → `[B, actions · outputs]`, the outputs of an action beside each other
    pub fn forward(&self, x: Tensor<2>, noise: Option<&Noise>) -> Tensor<2> {
        match self {
            Self::Plain(network) => network.forward(x),
            Self::Duelling(network) => network.forward(x),
            Self::Noisy(network) => network.forward(x, noise),
            Self::Items(network) => network.forward(x, None),
        }
    }

    /// Draws noise for all layers; none, and no draw, where the network has no noise.
    pub fn draw(&self, rng: &mut ChaCha8Rng) -> Option<Noise> {
        match self {
            Self::Noisy(network) => Some(network.draw(rng)),
            Self::Plain(_) | Self::Duelling(_) | Self::Items(_) => None,
        }
    }
}
