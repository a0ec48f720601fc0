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
//! 3. The error is clipped by the Huber loss, as in the paper; besides, the gradient over all weights is scaled to a norm of at most
//!    `gradient_clip`. Rewards are not clipped.
//! 4. C counts gradient steps, not frames, and acting is batched over parallel environments.
//! 5. While a `Support` is set (offline), actions that the log hardly shows are left out of targets and of choices.
//! 6. A truncated episode is bootstrapped from; only a termination ends it.
//!
//! What later papers added is switched on in the config, one by one, and each has a file: `n_step` and `prioritised`
//! (`../replay/`), `duelling` (`network.rs`), `noisy` (`noisy.rs`), `returns` (`categorical.rs`: C51, `quantile.rs`: QR-DQN). All of them are
//! Rainbow (`rainbow.rs`). Where they meet this file: with priorities a row's loss is multiplied by its importance weight, and with a
//! distribution Q is its mean, y a row of N numbers and the Huber loss another.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use slatewise_model::{DenseOptimizer, OptimizerConfig, clip_on_device};

use super::item_network::{ItemFeatures, ItemNetwork};
use super::network::{ValueNetwork, ValueNetworkConfig};
use super::noisy::Noise;
use super::q_network::{QNetwork, forward};
use crate::learner::{Learner, Place};
use crate::policy::ActionValues;
use crate::replay::{EncodedState, NStep, Priorities, ReplayBatch, ReplayBuffer};
use crate::state::Encoder;
use crate::support::Support;
use crate::transition::{Trajectory, Transition};
use crate::value_learning::argmax;

mod config;
mod state;

pub use config::DqnConfig;

/// Gradient steps between two readings of the loss: a reading waits for the device.
const LOSS_EVERY: u64 = 100;

/// The learner.
pub struct Dqn<R> {
    encoder: R,
    states: usize,
    width: usize,
    actions: usize,
    config: DqnConfig,
    device: Device,
    training_device: Device,
    online: ValueNetwork,
    /// θ without autodiff, to act and to choose with.
    acting: ValueNetwork,
    target: ValueNetwork,
    optimizer: DenseOptimizer,
    replay: ReplayBuffer,
    priorities: Option<Priorities>,
    n_step: NStep<EncodedState>,
    noise: Option<Noise>,
    support: Option<Support>,
    received: u64,
    gradient_steps: u64,
    losses: Vec<(u64, f32)>,
    batch: ReplayBatch,
    scratch: Scratch,
}

/// Memory that is used again from one gradient step to the next.
#[derive(Default)]
struct Scratch {
    outputs_t: Vec<f64>,
    q_t_selector: Vec<f64>,
    target: Vec<f64>,
    probabilities: Vec<f64>,
}

impl<R> Dqn<R> {
    /// A learner on `device` (without autodiff) with weights drawn from `rng`; small networks are fastest on the CPU.
    pub fn new<O>(encoder: R, actions: usize, config: DqnConfig, device: &Device, rng: &mut ChaCha8Rng) -> Self
    where
        R: Encoder<O>,
    {
        let (states, width) = (encoder.states(), encoder.width());
        let training_device = device.clone().autodiff();
        let shape = ValueNetworkConfig {
            input: width,
            hidden: config.hidden.clone(),
            actions,
            outputs: config.returns.outputs(),
            duelling: config.duelling,
        };
        let online = shape.init(config.noisy, rng, &training_device);
        Self::around(encoder, (states, width), actions, online, config, device, rng)
    }

    /// A learner whose actions are items, told by their features: Q(s, a) of thousands of them from two towers
    /// ([`ItemNetwork`](super::ItemNetwork)). Of the settings, those of the network beside `hidden` (`duelling`, `noisy`, `returns`)
    /// stay at their defaults.
    pub fn over_items<O>(
        encoder: R,
        items: &ItemFeatures,
        config: DqnConfig,
        device: &Device,
        rng: &mut ChaCha8Rng,
    ) -> Self
    where
        R: Encoder<O>,
    {
        let plain = !config.duelling && config.noisy.is_none() && config.returns.outputs() == 1;
        assert!(plain, "a network over items is neither duelling nor noisy, and learns a return's mean: {config:?}");
        let (states, width) = (encoder.states(), encoder.width());
        let network = ItemNetwork::new(width, &config.hidden, items, rng, &device.clone().autodiff());
        let online = ValueNetwork::Items(network);
        Self::around(encoder, (states, width), items.items(), online, config, device, rng)
    }

    /// A learner around a network; `states` of the encoder and the `width` of its rows.
    fn around(
        encoder: R,
        (states, width): (usize, usize),
        actions: usize,
        online: ValueNetwork,
        config: DqnConfig,
        device: &Device,
        rng: &mut ChaCha8Rng,
    ) -> Self {
        let training_device = device.clone().autodiff();
        let acting = online.valid();
        Self {
            encoder,
            states,
            width,
            actions,
            device: device.clone(),
            training_device,
            target: acting.clone(),
            noise: acting.draw(rng),
            acting,
            online,
            optimizer: DenseOptimizer::new(OptimizerConfig::default(), 0.0),
            replay: ReplayBuffer::new(config.replay_capacity, width),
            priorities: config.prioritised.map(|prioritised| Priorities::new(prioritised, config.replay_capacity)),
            n_step: NStep::new(config.n_step, config.discount),
            support: None,
            received: 0,
            gradient_steps: 0,
            losses: Vec::new(),
            batch: ReplayBatch::default(),
            scratch: Scratch::default(),
            config,
        }
    }

    /// Q of some actions at one observation, without noise and without the log's support; over items, only theirs are computed.
    ///
    /// # Shapes
    /// `candidates [C]`, each below the number of actions → `[C]`
    pub fn candidate_values<O>(&self, observation: &O, candidates: &[usize]) -> Vec<f64>
    where
        R: Encoder<O>,
    {
        let mut values = Vec::new();
        let network = |rows: Tensor<2>| match &self.acting {
            ValueNetwork::Items(network) => {
                let items: Vec<i32> = candidates.iter().map(|&item| item as i32).collect();
                let items = Tensor::from_data(TensorData::new(items, [candidates.len()]), &self.device);
                network.forward(rows, Some(items))
            }
            other => self.config.returns.action_values(other.forward(rows, None), self.actions),
        };
        forward(&self.encoder, network, &self.device, std::iter::once(observation), &mut values);
        match &self.acting {
            ValueNetwork::Items(_) => values,
            _ => candidates.iter().map(|&action| values[action]).collect(),
        }
    }

    /// What the network θ says now, without noise and without the log's support.
    pub fn snapshot(&self) -> QNetwork<R>
    where
        R: Clone,
    {
        QNetwork {
            encoder: self.encoder.clone(),
            network: self.acting.clone(),
            returns: self.config.returns,
            actions: self.actions,
            device: self.device.clone(),
        }
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
        match &self.priorities {
            Some(priorities) => {
                priorities.sample(self.config.batch_size, self.gradient_steps, &mut batch, rng);
                self.replay.gather(&mut batch);
            }
            None => self.replay.sample(self.config.batch_size, &mut batch, rng),
        }
        // Set y.
        let targets = self.targets(&batch, rng);
        // Perform a gradient descent step on huber(Q(s, a; θ) − y).
        let noise = self.acting.draw(rng);
        let [loss, error] = self.losses_of_rows(&batch, targets, noise.as_ref());
        let loss = match &self.priorities {
            Some(_) => loss * self.upload(batch.weight.clone(), 1),
            None => loss,
        };
        let loss = loss.mean();
        let mut gradients = GradientsParams::from_grads(loss.backward(), &self.online);
        clip_on_device(&mut gradients, &self.online, f64::from(self.config.gradient_clip));
        self.gradient_steps += 1;
        let (network, rate) = (self.online.clone(), self.config.learning_rate);
        self.online = self.optimizer.step(network, &mut gradients, rate, self.gradient_steps);
        self.acting = self.online.valid();
        if let Some(priorities) = &mut self.priorities {
            read(error, &mut self.scratch.target);
            batch
                .index
                .iter()
                .zip(&self.scratch.target)
                .for_each(|(&index, &error)| priorities.set_error(index, error));
        }
        // Every C steps reset θ⁻ = θ.
        if self.gradient_steps.is_multiple_of(self.config.target_update_every) {
            self.target = self.acting.clone();
        }
        if self.gradient_steps.is_multiple_of(LOSS_EVERY) {
            self.losses.push((self.gradient_steps, loss.into_scalar::<f32>()));
        }
        self.batch = batch;
    }

    /// Loss and priority of every row of a minibatch.
    ///
    /// # Shapes
    /// `targets [B, N]` → `[B, 1]` both
    fn losses_of_rows(&self, batch: &ReplayBatch, targets: Vec<f32>, noise: Option<&Noise>) -> [Tensor<2>; 2] {
        let (rows, outputs) = (batch.action.len(), self.config.returns.outputs());
        let columns = batch.action.iter().flat_map(|&action| {
            let first = action as usize * outputs;
            (first..first + outputs).map(|column| column as i32)
        });
        let columns = TensorData::new(columns.collect::<Vec<i32>>(), [rows, outputs]);
        let columns = Tensor::<2, Int>::from_data(columns, &self.training_device);
        let outputs_tm1 = self.online.forward(self.upload(batch.observation.clone(), self.width), noise);
        self.config.returns.loss(outputs_tm1.gather(1, columns), self.upload(targets, outputs))
    }

    /// y of every row of a minibatch.
    ///
    /// # Shapes
    /// `[B, N]`, N = 1 where a return's mean is learned
    fn targets(&mut self, batch: &ReplayBatch, rng: &mut ChaCha8Rng) -> Vec<f32> {
        let (rows, actions, returns) = (batch.action.len(), self.actions, self.config.returns);
        let outputs = returns.outputs();
        let next = TensorData::new(batch.next_observation.clone(), [rows, self.width]);
        let next = Tensor::<2>::from_data(next, &self.device);
        let outputs_t = self.target.forward(next.clone(), self.target.draw(rng).as_ref());
        // Who chooses a*: the online network if doubled, else the target network itself.
        let chooser = match self.config.double {
            true => self.acting.forward(next, self.acting.draw(rng).as_ref()),
            false => outputs_t.clone(),
        };
        let Scratch { outputs_t: values, q_t_selector, target, probabilities } = &mut self.scratch;
        read(returns.action_values(chooser, actions), q_t_selector);
        read(outputs_t, values);
        if let Some(support) = &self.support {
            for (q_t, &cell) in q_t_selector.chunks_exact_mut(actions).zip(&batch.next_cell) {
                support.mask(cell as usize, q_t);
            }
        }
        let mut targets = Vec::with_capacity(rows * outputs);
        for (index, q_t) in q_t_selector.chunks_exact(actions).enumerate() {
            let of_best = (index * actions + argmax(q_t)) * outputs;
            let (r_t, discount_t) =
                (f64::from(batch.reward[index]), self.config.discount * f64::from(batch.discount[index]));
            target.clear();
            target.resize(outputs, 0.0);
            returns.target(r_t, discount_t, &values[of_best..of_best + outputs], target, probabilities);
            targets.extend(target.iter().map(|&y| y as f32));
        }
        targets
    }

    /// Brings rows of `width` numbers to where gradients are taken.
    fn upload(&self, values: Vec<f32>, width: usize) -> Tensor<2> {
        let rows = values.len() / width;
        Tensor::from_data(TensorData::new(values, [rows, width]), &self.training_device)
    }

    /// Puts a transition into the replay buffer, together with the n − 1 after it once they are known.
    fn store(&mut self, transition: &Transition<EncodedState>, place: Place) {
        let (replay, priorities) = (&mut self.replay, &mut self.priorities);
        self.n_step.push(transition, place, |joined| {
            let index = replay.push(joined);
            if let Some(priorities) = priorities {
                priorities.push(index);
            }
        });
    }

    /// Appends Q, with noise or without, within the support.
    fn values<O>(&self, observations: &mut dyn Iterator<Item = &O>, noise: Option<&Noise>, values: &mut Vec<f64>)
    where
        R: Encoder<O>,
    {
        let (first, mut cells) = (values.len(), Vec::new());
        let noted = observations.inspect(|observation| {
            cells.extend(self.support.as_ref().map(|_| self.encoder.state(observation)));
        });
        let network = |rows| self.config.returns.action_values(self.acting.forward(rows, noise), self.actions);
        forward(&self.encoder, network, &self.device, noted, values);
        if let Some(support) = &self.support {
            for (row, cell) in values[first..].chunks_exact_mut(self.actions).zip(cells) {
                support.mask(cell, row);
            }
        }
    }
}

/// ½ d² where |d| ≤ 1 and |d| − ½ beyond: with c = clamp(d, −1, 1), that is c (d − ½ c), whose derivative is c.
///
/// # Shapes
/// `error [B, 1]` → `[B, 1]`
pub(crate) fn huber(error: Tensor<2>) -> Tensor<2> {
    let clipped = error.clone().clamp(-1.0, 1.0);
    clipped.clone() * (error - clipped * 0.5)
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
        self.values(observations, None, values);
    }
}

impl<O, R: Encoder<O>> Learner<O> for Dqn<R> {
    type State = EncodedState;

    fn represent(&self, observation: &O) -> EncodedState {
        let mut row = vec![0.0; self.width];
        self.encoder.encode(observation, &mut row);
        EncodedState { row, cell: self.encoder.state(observation) }
    }

    fn exploring_values(&self, observations: &mut dyn Iterator<Item = &O>, values: &mut Vec<f64>) {
        self.values(observations, self.noise.as_ref(), values);
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
        self.n_step = NStep::new(self.config.n_step, self.config.discount);
        self.priorities = self.config.prioritised.map(|config| Priorities::new(config, self.config.replay_capacity));
    }

    fn begin(&mut self, slot: usize) {
        self.n_step.begin(slot);
    }

    fn update(&mut self, transition: &Transition<EncodedState>, place: Place, rng: &mut ChaCha8Rng) {
        self.store(transition, place);
        self.received += 1;
        if !self.received.is_multiple_of(self.config.learn_every) {
            return;
        }
        if self.replay.len() >= self.config.learning_starts {
            self.learn(rng);
        }
        self.noise = self.acting.draw(rng);
    }

    /// Fills the replay buffer with the log, then takes as many gradient steps as look at it `passes` times.
    fn learn_offline(&mut self, trajectories: &[Trajectory<EncodedState>], passes: usize, rng: &mut ChaCha8Rng) {
        self.set_support(Some(self.support_of(trajectories)));
        let mut logged = 0;
        for Trajectory { transitions } in trajectories {
            self.n_step.begin(0);
            for (index, transition) in transitions.iter().enumerate() {
                self.store(transition, Place { slot: 0, last: index + 1 == transitions.len() });
                logged += 1;
            }
        }
        for _ in 0..(passes * logged).div_ceil(self.config.batch_size) {
            self.learn(rng);
        }
    }
}

#[cfg(test)]
mod tests;
