//! `Trained`: a network that learns by Adam, with its copy to act with; `Space`: where its rows live.
//!
//! ```text
//! rows [B, W] ──Space──▶ tensors, with gradients or without        loss ──Trained::descend──▶ online ──▶ acting
//! ```

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Int, Tensor, TensorData, activation};
use rand_chacha::ChaCha8Rng;
use slatewise_model::{DenseOptimizer, Mlp, MlpConfig, OptimizerConfig};

use crate::error::Error;
use crate::replay::ReplayBatch;

/// Rows of W numbers, A actions, and the device, with gradients and without.
#[derive(Debug, Clone)]
pub(super) struct Space {
    pub(super) width: usize,
    pub(super) actions: usize,
    device: Device,
    training_device: Device,
}

impl Space {
    pub(super) fn new(width: usize, actions: usize, device: &Device) -> Self {
        Self { width, actions, device: device.clone(), training_device: device.clone().autodiff() }
    }

    /// An MLP from `input` numbers, its weights drawn from `rng`.
    pub(super) fn network(&self, input: usize, hidden: &[usize], outputs: usize, rng: &mut ChaCha8Rng) -> Mlp {
        let widths: Vec<usize> = hidden.iter().copied().chain([outputs]).collect();
        MlpConfig::new(widths).init(input, rng, &self.training_device)
    }

    /// Rows of `width` numbers where no gradient is taken.
    pub(super) fn rows(&self, values: &[f32], width: usize) -> Tensor<2> {
        upload(values.to_vec(), width, &self.device)
    }

    /// Rows of `width` numbers where gradients are taken.
    pub(super) fn training_rows(&self, values: Vec<f32>, width: usize) -> Tensor<2> {
        upload(values, width, &self.training_device)
    }

    /// One number per row, where gradients are taken.
    pub(super) fn column(&self, values: impl Iterator<Item = f64>) -> Tensor<2> {
        self.training_rows(values.map(|x| x as f32).collect(), 1)
    }

    /// The actions taken as indices `[B, 1]`, where gradients are taken.
    pub(super) fn taken(&self, actions: &[u32]) -> Tensor<2, Int> {
        let taken: Vec<i32> = actions.iter().map(|&action| action as i32).collect();
        Tensor::from_data(TensorData::new(taken, [actions.len(), 1]), &self.training_device)
    }

    /// Asserts that a batch holds rows of this width.
    pub(super) fn check(&self, batch: &ReplayBatch) {
        let (size, width) = (batch.action.len(), self.width);
        let (before, after) = (batch.observation.len(), batch.next_observation.len());
        let fits = size >= 1 && before == size * width && after == size * width;
        assert!(fits, "a batch of shapes [{before}] and [{after}] for [{size}, {width}]");
    }
}

fn upload(values: Vec<f32>, width: usize, device: &Device) -> Tensor<2> {
    let shape = [values.len() / width, width];
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Brings values to the host.
pub(super) fn read(values: Tensor<2>) -> Vec<f64> {
    values.into_data().iter::<f32>().map(f64::from).collect()
}

/// A network and its optimiser.
pub(super) struct Trained<M> {
    pub(super) online: M,
    /// The same without autodiff.
    pub(super) acting: M,
    optimizer: DenseOptimizer,
    steps: u64,
}

impl<M: Module> Trained<M> {
    pub(super) fn new(online: M) -> Self {
        let acting = online.valid();
        Self { online, acting, optimizer: DenseOptimizer::new(OptimizerConfig::default(), 0.0), steps: 0 }
    }

    /// One Adam step on a loss; of its other networks it takes no gradients.
    pub(super) fn descend(&mut self, loss: &Tensor<1>, learning_rate: f64) {
        let mut gradients = GradientsParams::from_grads(loss.backward(), &self.online);
        self.steps += 1;
        self.online = self.optimizer.step(self.online.clone(), &mut gradients, learning_rate, self.steps);
        self.acting = self.online.valid();
    }
}

/// Two networks of one shape that learn the same: the smaller of their values is the safer one.
#[derive(Module, Debug)]
pub(super) struct Twins {
    pub(super) first: Mlp,
    pub(super) second: Mlp,
}

impl Twins {
    /// The smaller value of both, element by element.
    pub(super) fn smaller(&self, rows: Tensor<2>) -> Tensor<2> {
        self.first.forward(rows.clone()).min_pair(self.second.forward(rows))
    }
}

/// −ln softmax(outputs)\[taken\], which is also logsumexp(outputs) − outputs\[taken\].
///
/// # Shapes
/// `outputs [B, A]`, `taken [B, 1]` → `[B, 1]`
pub(super) fn cross_entropy(outputs: Tensor<2>, taken: Tensor<2, Int>) -> Tensor<2> {
    activation::log_softmax(outputs, 1).gather(1, taken).neg()
}

/// Checks what the settings of all learners have in common; `key` is their place in the config.
pub(super) fn check_common(key: &str, hidden: &[usize], discount: f64, learning_rate: f64) -> Result<(), Error> {
    let wide = hidden.iter().all(|&width| width >= 1);
    Error::unless(wide, key, "hidden", || "every width must be at least 1".to_owned())?;
    check_share(key, "discount", discount)?;
    let positive = learning_rate.is_finite() && learning_rate > 0.0;
    Error::unless(positive, key, "learning_rate", || "must be a number above 0".to_owned())
}

/// Checks that a setting lies in [0, 1].
pub(super) fn check_share(key: &str, name: &str, share: f64) -> Result<(), Error> {
    Error::unless((0.0..=1.0).contains(&share), key, name, || format!("{share} must lie in [0, 1]"))
}

/// Checks that a setting is a number of at least 0.
pub(super) fn check_not_negative(key: &str, name: &str, x: f64) -> Result<(), Error> {
    Error::unless(x.is_finite() && x >= 0.0, key, name, || format!("{x} must be a number of at least 0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cross_entropy_equals_hand_computation() {
        let space = Space::new(1, 2, &Device::flex());
        let outputs = space.training_rows(vec![0.0, 0.0, 3.0_f32.ln(), 0.0], 2);
        let found = read(cross_entropy(outputs, space.taken(&[1, 0])));
        // ln 2 where both are equal; −ln(3/4) where one is three times as likely.
        let near = found.iter().zip([2.0_f64.ln(), (4.0_f64 / 3.0).ln()]).all(|(f, e)| (f - e).abs() < 1e-6);
        assert!(near, "{found:?}");
    }
}
