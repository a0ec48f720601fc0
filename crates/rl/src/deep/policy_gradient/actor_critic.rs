//! `ActorCritic`: a policy and a value network side by side, what they say of gathered steps, and a gradient step on both.
//!
//! ```text
//! steps ──▶ V(s), V(s') ──advantage.rs──▶ A, G         on the host, once per batch
//! rows  ──▶ ln π(a | s), H(π(· | s)), V(s)             with gradients, once per gradient step
//! ```

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Int, Tensor, TensorData, activation};
use rand_chacha::ChaCha8Rng;
use slatewise_model::{DenseOptimizer, Mlp, MlpConfig, OptimizerConfig, clip_on_device};

use super::advantage::{Outcome, advantages};
use super::gathered::Taken;
use super::network_policy::NetworkPolicy;
use crate::state::Encoder;
use crate::support::Support;

/// What stands in for the preference of an action that is not allowed: exp of it is 0 in f32, and no gradient is NaN.
const NEVER: f32 = -1e9;

/// Both networks; they share nothing.
#[derive(Module, Debug)]
pub(super) struct Networks {
    pub(super) policy: Mlp,
    value: Mlp,
}

/// Gathered steps as columns.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// `[N, W]`
    rows: Vec<f32>,
    /// `[N]`
    cells: Vec<usize>,
    /// `[N]`
    actions: Vec<i32>,
    /// `[N]`: ln π(a | s) when the action was drawn.
    pub(super) log_propensities: Vec<f64>,
    /// `[N]`: A.
    pub(super) advantages: Vec<f64>,
    /// `[N]`: G.
    pub(super) returns: Vec<f64>,
}

/// What the networks say of rows of a batch, with gradients; `[B, 1]` each.
pub(super) struct Judged {
    pub(super) log_probability: Tensor<2>,
    pub(super) entropy: Tensor<2>,
    pub(super) value: Tensor<2>,
}

/// The networks with their optimiser.
pub(super) struct ActorCritic<R> {
    /// The policy without autodiff, to act with.
    pub(super) policy: NetworkPolicy<R>,
    pub(super) gradient_steps: u64,
    pub(super) networks: Networks,
    pub(super) optimizer: DenseOptimizer,
    width: usize,
    training_device: Device,
}

impl<R> ActorCritic<R> {
    /// Two MLPs with the same hidden layers; weights are drawn from `rng`, the policy's first.
    pub(super) fn new<O>(
        encoder: R,
        actions: usize,
        hidden: &[usize],
        adam_epsilon: f32,
        device: &Device,
        rng: &mut ChaCha8Rng,
    ) -> Self
    where
        R: Encoder<O>,
    {
        let (width, training_device) = (encoder.width(), device.clone().autodiff());
        let mut network = |outputs: usize| {
            let widths: Vec<usize> = hidden.iter().copied().chain([outputs]).collect();
            MlpConfig::new(widths).init(width, rng, &training_device)
        };
        let networks = Networks { policy: network(actions), value: network(1) };
        let adam = OptimizerConfig::Adam { beta_1: 0.9, beta_2: 0.999, epsilon: adam_epsilon };
        Self {
            policy: NetworkPolicy::new(encoder, networks.policy.valid(), actions, device),
            gradient_steps: 0,
            networks,
            optimizer: DenseOptimizer::new(adam, 0.0),
            width,
            training_device,
        }
    }

    pub(super) fn support(&self) -> Option<&Support> {
        self.policy.support.as_ref()
    }

    /// Columns of the steps of all slots, with advantages and returns by the values of now.
    pub(super) fn batch(&self, slots: &[Vec<Taken>], discount: f64, lambda: f64) -> Batch {
        let mut batch = Batch::default();
        let mut next_rows = Vec::new();
        for Taken { transition, propensity, .. } in slots.iter().flatten() {
            batch.rows.extend(&transition.observation.row);
            batch.cells.push(transition.observation.cell);
            batch.actions.push(transition.action as i32);
            batch.log_propensities.push(propensity.ln());
            next_rows.extend(&transition.next_observation.row);
        }
        if batch.actions.is_empty() {
            return batch;
        }
        let (values, next_values) = (self.values(batch.rows.clone()), self.values(next_rows));
        let mut value = values.iter().zip(&next_values);
        for steps in slots {
            let outcomes = steps.iter().zip(value.by_ref());
            let outcomes: Vec<Outcome> = outcomes
                .map(|(Taken { transition, last, .. }, (&value, &next_value))| Outcome {
                    reward: transition.reward,
                    discount: transition.discount,
                    value,
                    next_value,
                    last: *last,
                })
                .collect();
            batch.advantages.extend(advantages(&outcomes, discount, lambda));
        }
        batch.returns.extend(batch.advantages.iter().zip(&values).map(|(advantage, value)| advantage + value));
        batch
    }

    /// V of every row.
    ///
    /// # Shapes
    /// `[N, W]` → `[N]`
    pub(super) fn values(&self, rows: Vec<f32>) -> Vec<f64> {
        let shape = [rows.len() / self.width, self.width];
        let rows = Tensor::<2>::from_data(TensorData::new(rows, shape), &self.policy.device);
        self.networks.value.valid().forward(rows).into_data().iter::<f32>().map(f64::from).collect()
    }

    /// What the networks say of some rows of a batch.
    pub(super) fn judge(&self, batch: &Batch, index: &[usize]) -> Judged {
        let (width, actions) = (self.width, self.policy.actions);
        let rows = self.upload(index.iter().flat_map(|&i| &batch.rows[i * width..][..width]).copied().collect(), width);
        let mut preferences = self.networks.policy.forward(rows.clone());
        if let Some(support) = self.support() {
            let allowed = index.iter().flat_map(|&i| support.allowed(batch.cells[i]));
            let mask = allowed.map(|&allowed| if allowed { 0.0 } else { NEVER });
            preferences = preferences + self.upload(mask.collect(), actions);
        }
        let log_probabilities = activation::log_softmax(preferences, 1);
        let taken: Vec<i32> = index.iter().map(|&i| batch.actions[i]).collect();
        let taken = Tensor::<2, Int>::from_data(TensorData::new(taken, [index.len(), 1]), &self.training_device);
        Judged {
            log_probability: log_probabilities.clone().gather(1, taken),
            entropy: (log_probabilities.clone().exp() * log_probabilities).sum_dim(1).neg(),
            value: self.networks.value.forward(rows),
        }
    }

    /// Brings one number per row of `index` to where gradients are taken, `[B, 1]`.
    pub(super) fn column(&self, values: impl Iterator<Item = f64>) -> Tensor<2> {
        self.upload(values.map(|x| x as f32).collect(), 1)
    }

    /// Takes a gradient step on a loss, with the gradient over all weights scaled to a norm of at most `max_norm`.
    pub(super) fn descend(&mut self, loss: &Tensor<1>, learning_rate: f64, max_norm: f64) {
        let mut gradients = GradientsParams::from_grads(loss.backward(), &self.networks);
        clip_on_device(&mut gradients, &self.networks, max_norm);
        self.gradient_steps += 1;
        let networks = self.networks.clone();
        self.networks = self.optimizer.step(networks, &mut gradients, learning_rate, self.gradient_steps);
        self.policy.network = self.networks.policy.valid();
    }

    fn upload(&self, values: Vec<f32>, width: usize) -> Tensor<2> {
        let shape = [values.len() / width, width];
        Tensor::from_data(TensorData::new(values, shape), &self.training_device)
    }
}
