//! DQN: Q-learning with a network, steadied by replay and by a target network that lags behind.
//!
//! Mnih et al. 2015, "Human-level control through deep reinforcement learning" (algorithm 1); van Hasselt, Guez & Silver 2016, "Deep
//! reinforcement learning with double Q-learning":
//!
//! ```text
//! y = r + γ max_a' Q(s', a'; θ⁻)                        or, doubled,  r + γ Q(s', argmax_a' Q(s', a'; θ); θ⁻)
//! minimise over θ   mean over a minibatch of  huber(Q(s, a; θ) − y);   every C gradient steps  θ⁻ ← θ
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | s `[B, W]`, a, r, s' `[B, W]` | `batch.observation`, `.action`, `.reward`, `.next_observation` |
//! | γ, and 0 after a termination | `config.discount * batch.discount` |
//! | θ, θ⁻ | `online`, `target` |
//! | D, B, C | `replay`, `config.batch_size`, `config.target_update_every` |
//!
//! Differences from the paper:
//! 1. Inputs are a row of numbers from a declared encoder, not frames; the network is an MLP.
//! 2. Adam (ε 1e-8) in place of RMSProp.
//! 3. The error is clipped by the Huber loss, as in the paper; besides, each weight tensor's gradient is scaled to a norm of at most
//!    `gradient_clip`. Rewards are not clipped.
//! 4. C counts gradient steps, not frames, and acting is batched over parallel environments.
//! 5. While a `Support` is set (offline), actions that the log hardly shows are left out of targets and of choices.
//! 6. A truncated episode is bootstrapped from; only a termination ends it.

use burn::grad_clipping::GradientClippingConfig;
use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use slatewise_model::{Mlp, MlpConfig};

use super::q_network::{QNetwork, forward};
use crate::error::Error;
use crate::learner::{Learner, Place};
use crate::policy::ActionValues;
use crate::replay::{EncodedState, ReplayBatch, ReplayBuffer};
use crate::state::Encoder;
use crate::support::Support;
use crate::transition::{Trajectory, Transition};
use crate::value_learning::{double_q_learning_target, q_learning_target};

/// Gradient steps between two readings of the loss: a reading waits for the device.
const LOSS_EVERY: u64 = 100;

/// Settings of a DQN, with the value of Mnih et al. 2015 (extended data, table 1) where it differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DqnConfig {
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// γ in [0, 1] (paper: 0.99).
    pub discount: f64,
    /// Adam's step size, > 0 (paper: 0.00025 with RMSProp).
    pub learning_rate: f64,
    /// B ≥ 1 (paper: 32).
    pub batch_size: usize,
    /// Transitions kept, ≥ `batch_size` (paper: 1,000,000).
    pub replay_capacity: usize,
    /// Transitions seen before learning starts, ≥ 1 (paper: 50,000).
    pub learning_starts: usize,
    /// Transitions per gradient step, ≥ 1 (paper: 4).
    pub learn_every: u64,
    /// C: gradient steps between two updates of the target network, ≥ 1 (paper: 10,000 frames' worth).
    pub target_update_every: u64,
    /// Whether the online network chooses the action that the target network judges (van Hasselt et al. 2016).
    pub double: bool,
    /// Largest norm of one weight tensor's gradient, > 0 (paper: none).
    pub gradient_clip: f32,
    /// Times that an action must occur in a discrete state of the log to be allowed offline; see `Support`.
    pub min_support: u32,
}

impl Default for DqnConfig {
    fn default() -> Self {
        Self {
            hidden: vec![64, 64],
            discount: 0.95,
            learning_rate: 5e-4,
            batch_size: 64,
            replay_capacity: 200_000,
            learning_starts: 1_000,
            learn_every: 4,
            target_update_every: 250,
            double: true,
            gradient_clip: 10.0,
            min_support: 20,
        }
    }
}

impl DqnConfig {
    /// Checks the settings; `key` is their place in the config.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn validate(&self, key: &str) -> Result<(), Error> {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        let checks = [
            ("hidden", self.hidden.iter().all(|&width| width >= 1), "every width must be at least 1"),
            ("discount", (0.0..=1.0).contains(&self.discount), "must lie in [0, 1]"),
            ("learning_rate", positive(self.learning_rate), "must be a number above 0"),
            ("batch_size", self.batch_size >= 1, "must be at least 1"),
            ("replay_capacity", self.replay_capacity >= self.batch_size, "must be at least batch_size"),
            ("learning_starts", self.learning_starts >= 1, "must be at least 1"),
            ("learn_every", self.learn_every >= 1, "must be at least 1"),
            ("target_update_every", self.target_update_every >= 1, "must be at least 1"),
            ("gradient_clip", positive(f64::from(self.gradient_clip)), "must be a number above 0"),
        ];
        checks.into_iter().try_for_each(|(name, holds, problem)| Error::unless(holds, key, name, || problem.to_owned()))
    }
}

/// The learner.
pub struct Dqn<R> {
    encoder: R,
    states: usize,
    width: usize,
    actions: usize,
    config: DqnConfig,
    device: Device,
    training_device: Device,
    online: Mlp,
    target: Mlp,
    optimizer: ModuleOptimizer,
    replay: ReplayBuffer,
    batch: ReplayBatch,
    support: Option<Support>,
    received: u64,
    gradient_steps: u64,
    losses: Vec<(u64, f32)>,
    q_t_value: Vec<f64>,
    q_t_selector: Vec<f64>,
}

impl<R> Dqn<R> {
    /// A learner on `device` (without autodiff) with weights drawn from `rng`; small networks are fastest on the CPU.
    pub fn new<O>(encoder: R, actions: usize, config: DqnConfig, device: &Device, rng: &mut ChaCha8Rng) -> Self
    where
        R: Encoder<O>,
    {
        let (states, width) = (encoder.states(), encoder.width());
        let training_device = device.clone().autodiff();
        let widths: Vec<usize> = config.hidden.iter().copied().chain([actions]).collect();
        let online = MlpConfig::new(widths).init(width, rng, &training_device);
        let clipping = GradientClippingConfig::Norm(config.gradient_clip);
        let adam = AdamConfig::new().with_epsilon(1e-8).with_grad_clipping(Some(clipping));
        Self {
            encoder,
            states,
            width,
            actions,
            device: device.clone(),
            training_device,
            target: online.valid(),
            online,
            optimizer: adam.init(),
            replay: ReplayBuffer::new(config.replay_capacity, width),
            batch: ReplayBatch::default(),
            support: None,
            received: 0,
            gradient_steps: 0,
            losses: Vec::new(),
            q_t_value: Vec::new(),
            q_t_selector: Vec::new(),
            config,
        }
    }

    /// What the network θ says now, without the log's support.
    pub fn snapshot(&self) -> QNetwork<R>
    where
        R: Clone,
    {
        let network = self.online.valid();
        QNetwork { encoder: self.encoder.clone(), network, actions: self.actions, device: self.device.clone() }
    }

    /// Settings.
    pub fn config(&self) -> &DqnConfig {
        &self.config
    }

    /// Gradient steps taken.
    pub fn gradient_steps(&self) -> u64 {
        self.gradient_steps
    }

    /// (gradient step, minibatch loss), once in a while.
    pub fn losses(&self) -> &[(u64, f32)] {
        &self.losses
    }

    /// Takes one gradient step on a minibatch from the replay buffer.
    pub fn learn(&mut self, rng: &mut ChaCha8Rng) {
        // Sample a random minibatch of transitions from D.
        let mut batch = std::mem::take(&mut self.batch);
        self.replay.sample(self.config.batch_size, &mut batch, rng);
        // Set y.
        let targets = self.targets(&batch);
        // Perform a gradient descent step on huber(Q(s, a; θ) − y).
        let rows = targets.len();
        let observation = TensorData::new(batch.observation.clone(), [rows, self.width]);
        let action: Vec<i32> = batch.action.iter().map(|&action| action as i32).collect();
        let action = Tensor::<2, Int>::from_data(TensorData::new(action, [rows, 1]), &self.training_device);
        let y = Tensor::<2>::from_data(TensorData::new(targets, [rows, 1]), &self.training_device);
        let q_tm1 = self.online.forward(Tensor::from_data(observation, &self.training_device));
        let loss = huber(q_tm1.gather(1, action) - y);
        let gradients = GradientsParams::from_grads(loss.backward(), &self.online);
        self.online = self.optimizer.step(self.config.learning_rate, self.online.clone(), gradients);
        self.gradient_steps += 1;
        // Every C steps reset θ⁻ = θ.
        if self.gradient_steps.is_multiple_of(self.config.target_update_every) {
            self.target = self.online.valid();
        }
        if self.gradient_steps.is_multiple_of(LOSS_EVERY) {
            self.losses.push((self.gradient_steps, loss.into_scalar::<f32>()));
        }
        self.batch = batch;
    }

    /// y of every row of a minibatch.
    fn targets(&mut self, batch: &ReplayBatch) -> Vec<f32> {
        let next = TensorData::new(batch.next_observation.clone(), [batch.action.len(), self.width]);
        let next = Tensor::<2>::from_data(next, &self.device);
        if self.config.double {
            read(self.online.valid().forward(next.clone()), &mut self.q_t_selector);
        }
        read(self.target.forward(next), &mut self.q_t_value);
        if let Some(support) = &self.support {
            let chooser = if self.config.double { &mut self.q_t_selector } else { &mut self.q_t_value };
            for (q_t, &cell) in chooser.chunks_exact_mut(self.actions).zip(&batch.next_cell) {
                support.mask(cell as usize, q_t);
            }
        }
        let target = |index: usize| {
            let row = index * self.actions..(index + 1) * self.actions;
            let (r_t, discount_t) =
                (f64::from(batch.reward[index]), self.config.discount * f64::from(batch.discount[index]));
            if self.config.double {
                let (q_t_value, q_t_selector) = (&self.q_t_value[row.clone()], &self.q_t_selector[row]);
                double_q_learning_target(r_t, discount_t, q_t_value, q_t_selector) as f32
            } else {
                q_learning_target(r_t, discount_t, &self.q_t_value[row]) as f32
            }
        };
        (0..batch.action.len()).map(target).collect()
    }
}

/// Mean of ½ d² where |d| ≤ 1 and |d| − ½ beyond: with c = clamp(d, −1, 1), that is c (d − ½ c), whose derivative is c.
///
/// # Shapes
/// `error [B, 1]` → `[1]`
fn huber(error: Tensor<2>) -> Tensor<1> {
    let clipped = error.clone().clamp(-1.0, 1.0);
    (clipped.clone() * (error - clipped * 0.5)).mean()
}

/// Brings values to the host, into memory that is used again.
fn read(values: Tensor<2>, into: &mut Vec<f64>) {
    into.clear();
    into.extend(values.into_data().iter::<f32>().map(f64::from));
}

impl<O, R: Encoder<O>> ActionValues<O> for Dqn<R> {
    fn actions(&self) -> usize {
        self.actions
    }

    fn action_values(&self, observations: &mut dyn Iterator<Item = &O>, values: &mut Vec<f64>) {
        let (first, mut cells) = (values.len(), Vec::new());
        let noted = observations.inspect(|observation| {
            cells.extend(self.support.as_ref().map(|_| self.encoder.state(observation)));
        });
        forward(&self.encoder, &self.online.valid(), &self.device, noted, values);
        if let Some(support) = &self.support {
            for (row, cell) in values[first..].chunks_exact_mut(self.actions).zip(cells) {
                support.mask(cell, row);
            }
        }
    }
}

impl<O, R: Encoder<O>> Learner<O> for Dqn<R> {
    type State = EncodedState;

    fn represent(&self, observation: &O) -> EncodedState {
        let mut row = vec![0.0; self.width];
        self.encoder.encode(observation, &mut row);
        EncodedState { row, cell: self.encoder.state(observation) }
    }

    fn support_of(&self, trajectories: &[Trajectory<EncodedState>]) -> Support {
        Support::count(trajectories, self.states, self.actions, self.config.min_support, |state| state.cell)
    }

    fn set_support(&mut self, support: Option<Support>) {
        self.support = support;
    }

    /// Lifts the support and forgets the logged transitions; the network keeps what it learned from them.
    fn go_online(&mut self) {
        self.support = None;
        self.replay = ReplayBuffer::new(self.config.replay_capacity, self.width);
    }

    fn update(&mut self, transition: &Transition<EncodedState>, _place: Place, rng: &mut ChaCha8Rng) {
        self.replay.push(transition);
        self.received += 1;
        if self.replay.len() >= self.config.learning_starts && self.received.is_multiple_of(self.config.learn_every) {
            self.learn(rng);
        }
    }

    /// Fills the replay buffer with the log, then takes as many gradient steps as look at it `passes` times.
    fn learn_offline(&mut self, trajectories: &[Trajectory<EncodedState>], passes: usize, rng: &mut ChaCha8Rng) {
        self.set_support(Some(self.support_of(trajectories)));
        let mut logged = 0;
        for transition in trajectories.iter().flat_map(|trajectory| &trajectory.transitions) {
            self.replay.push(transition);
            logged += 1;
        }
        for _ in 0..(passes * logged).div_ceil(self.config.batch_size) {
            self.learn(rng);
        }
    }
}

#[cfg(test)]
mod tests;
