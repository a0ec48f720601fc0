//! `QNetwork`: the action values of a network, frozen: what a DQN knew at one moment.
//!
//! ```text
//! observations ──encoder──▶ rows [N, W] ──network──▶ Q [N, A]        one forward pass for all
//! ```

use burn::tensor::{Device, Tensor, TensorData};

use super::network::ValueNetwork;
use super::return_model::ReturnModel;
use crate::policy::ActionValues;
use crate::state::Encoder;

/// A network with the encoder of its inputs.
#[derive(Debug, Clone)]
pub struct QNetwork<R> {
    pub(crate) encoder: R,
    pub(crate) network: ValueNetwork,
    pub(crate) returns: ReturnModel,
    pub(crate) actions: usize,
    pub(crate) device: Device,
}

impl<R> QNetwork<R> {
    /// The weights, without autodiff.
    pub fn network(&self) -> &ValueNetwork {
        &self.network
    }
}

impl<O, R: Encoder<O>> ActionValues<O> for QNetwork<R> {
    fn actions(&self) -> usize {
        self.actions
    }

    fn action_values(&self, observations: &mut dyn Iterator<Item = &O>, values: &mut Vec<f64>) {
        let network = |rows| self.returns.action_values(self.network.forward(rows, None), self.actions);
        forward(&self.encoder, network, &self.device, observations, values);
    }
}

/// Appends Q of every observation.
///
/// # Shapes
/// N observations → `values` grows by `[N, A]`
pub(super) fn forward<'o, O: 'o, R: Encoder<O>>(
    encoder: &R,
    network: impl FnOnce(Tensor<2>) -> Tensor<2>,
    device: &Device,
    observations: impl Iterator<Item = &'o O>,
    values: &mut Vec<f64>,
) {
    let (width, mut rows) = (encoder.width(), Vec::new());
    for observation in observations {
        let start = rows.len();
        rows.resize(start + width, 0.0);
        encoder.encode(observation, &mut rows[start..]);
    }
    let shape = [rows.len() / width, width];
    let q = network(Tensor::from_data(TensorData::new(rows, shape), device));
    values.extend(q.into_data().iter::<f32>().map(f64::from));
}
