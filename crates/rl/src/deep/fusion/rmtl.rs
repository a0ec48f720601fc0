//! RMTL over fusion weights: an actor says how much each task's score counts, and a critic per task says what that earns its task.
//!
//! After Liu et al. 2023, "Multi-task recommendations with reinforcement learning" (WWW), an actor-critic after Lillicrap et al. 2016 with
//! a critic for each task:
//!
//! ```text
//! after (s, w, r₁ ... r_T, s')      y_k = r_k + γ Q_k(s', π(s'; φ⁻); θ_k⁻)
//! critics   minimise  mean over a minibatch of  Σ_k huber(Q_k(s, w; θ_k) − y_k)
//! actor     ascend    mean over a minibatch of  Σ_k λ_k Q_k(s, π(s; φ); θ_k) − ½ c ‖h(s; φ)‖²
//! targets   θ⁻ ← (1 − τ) θ⁻ + τ θ,  φ⁻ ← (1 − τ) φ⁻ + τ φ
//! acting    w = squash(h(s; φ) + σ n),  n ~ N(0, I);  judged w = π(s) = squash(h(s; φ))
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | s `[B, W]`, w `[B, K]`, r `[B, T]`, s' | `FusionTransition` |
//! | h, φ; π | `actor`; `weights` |
//! | Q_k, θ_k | `critics` (`networks.rs`) |
//! | λ `[T]`, γ, τ, σ | `reward_weights`, `config.discount`, `.target_rate`, `.exploration` |
//! | c | `config.output_penalty` |
//! | squash | `WeightSpace` |
//!
//! Differences from the paper; the first two make another algorithm of it, which keeps the critic per task and the sum over tasks:
//! 1. The paper's actor is the multi-task model itself and its action the predictions for the tasks, a session long; what it improves
//!    is that model, fine-tuned by its critics. Here the predictions are given, and the action is how they are fused when items are ranked.
//! 2. The paper's critics weigh the tasks' losses in training, 1 − ε Q_k; that is [`rmtl_loss_weights`], and nothing here calls it. Its
//!    reward is the negative cross-entropy of a prediction, known from the log; here it is what users did under the weights.
//! 3. A critic sees all K weights; the paper's sees its own task's prediction alone.
//! 4. Critics share nothing; the paper's share the layers below.
//! 5. λ_k is a setting that may change at any time: critics know rewards, not λ.
//! 6. Noise is Gaussian, before squashing, and its density is reported; the authors' code has an Ornstein-Uhlenbeck process.
//! 7. The Huber loss and a clipped gradient in place of a squared error.
//! 8. The actor's outputs are drawn to 0 a little (c): critics that are still wrong push weights into a corner, where squashing has no slope left
//!    to bring them back and exploration ends.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use slatewise_model::{DenseOptimizer, Mlp, OptimizerConfig, clip_on_device};

use super::config::RmtlConfig;
use super::networks::{Critics, network, upload};
use super::replay::{Columns, FusionReplay, FusionTransition, Widths};
use super::weight_space::WeightSpace;
use crate::deep::{huber, soft_update};

/// Gradient steps between two readings of the losses: a reading waits for the device.
const LOSSES_EVERY: u64 = 100;

/// The paper's weights of the tasks' losses, 1 − ε Q_k: a task whose value is low is to weigh more.
///
/// # Shapes
/// `values [T]`: Q_k → `[T]`
///
/// # Reference
/// Liu et al. 2023, section 3 (the adaptive weights of its loss).
pub fn rmtl_loss_weights(values: &[f64], epsilon: f64) -> Vec<f64> {
    values.iter().map(|value| 1.0 - epsilon * value).collect()
}

/// Weights, and how likely they were.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FusionDecision {
    /// `[K]`
    pub weights: Vec<f64>,
    /// ln of the density of the weights, with respect to the first K − 1 of them on a simplex, to all K of them in an interval.
    pub log_density: f64,
}

/// An actor by itself: the policy, kept while its learner goes on.
#[derive(Debug, Clone)]
pub struct FusionActor {
    network: Mlp,
    space: WeightSpace,
    width: usize,
    device: Device,
}

impl FusionActor {
    /// π(s) of several states in one forward pass.
    ///
    /// # Shapes
    /// `rows [B, W]`, flat → `[B]` weights `[K]`
    pub fn weights(&self, rows: Vec<f32>) -> Vec<Vec<f64>> {
        self.outputs(rows).iter().map(|outputs| self.space.squash(outputs)).collect()
    }

    /// The network whose outputs are squashed to weights.
    pub fn network(&self) -> &Mlp {
        &self.network
    }

    pub(super) fn set_network(&mut self, network: Mlp) {
        self.network = network;
    }

    /// h(s) of every row.
    fn outputs(&self, rows: Vec<f32>) -> Vec<Vec<f64>> {
        let (count, width) = (rows.len(), self.width);
        assert!(count.is_multiple_of(width), "rows of shape [{count}] for a width of [{width}]");
        if count == 0 {
            return Vec::new();
        }
        let outputs = self.network.forward(upload(rows, width, &self.device));
        let columns = outputs.dims()[1];
        host(outputs).chunks_exact(columns).map(<[f64]>::to_vec).collect()
    }
}

/// The losses of one minibatch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RmtlLosses {
    /// Gradient steps of the critics so far.
    pub step: u64,
    /// `[T]`: each critic's.
    pub critics: Vec<f32>,
}

/// The learner.
pub struct Rmtl {
    pub(super) widths: Widths,
    pub(super) config: RmtlConfig,
    pub(super) reward_weights: Vec<f64>,
    pub(super) device: Device,
    training_device: Device,
    pub(super) actor: Mlp,
    /// φ without autodiff, to act with.
    pub(super) acting: FusionActor,
    pub(super) critics: Critics,
    pub(super) target_actor: Mlp,
    pub(super) target_critics: Critics,
    pub(super) actor_optimizer: DenseOptimizer,
    pub(super) critic_optimizer: DenseOptimizer,
    pub(super) replay: FusionReplay,
    pub(super) received: u64,
    pub(super) gradient_steps: u64,
    pub(super) actor_steps: u64,
    pub(super) losses: Vec<RmtlLosses>,
}

impl Rmtl {
    /// A learner on `device` (without autodiff) of K = `weights` for rows of `width` numbers, with networks drawn from `rng`; it has as many
    /// tasks as `config.reward_weights`, and settings that [`RmtlConfig::validate`] accepts.
    pub fn new(width: usize, weights: usize, config: RmtlConfig, device: &Device, rng: &mut ChaCha8Rng) -> Self {
        let (training_device, hidden) = (device.clone().autodiff(), &config.hidden);
        let widths = Widths { row: width, weights, tasks: config.reward_weights.len() };
        let actor = network(width, hidden, config.space.outputs(weights), rng, &training_device);
        let critics = Critics::new(width + weights, hidden, widths.tasks, rng, &training_device);
        Self {
            widths,
            reward_weights: config.reward_weights.clone(),
            device: device.clone(),
            training_device,
            acting: FusionActor { network: actor.valid(), space: config.space, width, device: device.clone() },
            target_actor: actor.valid(),
            target_critics: critics.valid(),
            actor,
            critics,
            actor_optimizer: DenseOptimizer::new(OptimizerConfig::default(), 0.0),
            critic_optimizer: DenseOptimizer::new(OptimizerConfig::default(), 0.0),
            replay: FusionReplay::new(config.replay_capacity, widths),
            received: 0,
            gradient_steps: 0,
            actor_steps: 0,
            losses: Vec::new(),
            config,
        }
    }

    /// Settings.
    pub fn config(&self) -> &RmtlConfig {
        &self.config
    }

    /// Gradient steps of the critics.
    pub fn gradient_steps(&self) -> u64 {
        self.gradient_steps
    }

    /// Gradient steps of the actor.
    pub fn actor_steps(&self) -> u64 {
        self.actor_steps
    }

    /// The critics' losses, once in a while.
    pub fn losses(&self) -> &[RmtlLosses] {
        &self.losses
    }

    /// λ.
    pub fn reward_weights(&self) -> &[f64] {
        &self.reward_weights
    }

    /// Sets λ, one per task, for the actor's steps from now on: those of a [`Lagrangian`](super::Lagrangian), or of another wish.
    ///
    /// # Shapes
    /// `reward_weights [T]`
    pub fn set_reward_weights(&mut self, reward_weights: Vec<f64>) {
        let (given, tasks) = (reward_weights.len(), self.widths.tasks);
        assert!(given == tasks, "reward weights of shape [{given}] for critics of shape [{tasks}]");
        self.reward_weights = reward_weights;
    }

    /// The actor as it is now.
    pub fn actor(&self) -> &FusionActor {
        &self.acting
    }

    /// π(s): the weights without exploration.
    ///
    /// # Shapes
    /// `row [W]` → `[K]`
    pub fn weights(&self, row: &[f32]) -> Vec<f64> {
        self.acting.weights(row.to_vec()).remove(0)
    }

    /// Weights explored around π(s), with their density.
    ///
    /// # Shapes
    /// `row [W]`
    pub fn decide(&self, row: &[f32], rng: &mut ChaCha8Rng) -> FusionDecision {
        self.decide_all(row.to_vec(), rng).remove(0)
    }

    /// The same for several states in one forward pass.
    ///
    /// # Shapes
    /// `rows [B, W]`, flat → `[B]`
    pub fn decide_all(&self, rows: Vec<f32>, rng: &mut ChaCha8Rng) -> Vec<FusionDecision> {
        self.acting.outputs(rows).iter().map(|mean| self.explore(mean, rng)).collect()
    }

    fn explore(&self, mean: &[f64], rng: &mut ChaCha8Rng) -> FusionDecision {
        let deviation = self.config.exploration;
        let noise = |mean: &f64| {
            let noise: f64 = StandardNormal.sample(rng);
            mean + deviation * noise
        };
        let explored: Vec<f64> = mean.iter().map(noise).collect();
        let log_density = self.config.space.log_density(&explored, mean, deviation);
        FusionDecision { weights: self.config.space.squash(&explored), log_density }
    }

    /// Q_k(s, w) of every task.
    ///
    /// # Shapes
    /// `row [W]`, `weights [K]` → `[T]`
    pub fn values(&self, row: &[f32], weights: &[f64]) -> Vec<f64> {
        let (given, expected) = (weights.len(), self.widths.weights);
        assert!(given == expected, "weights of shape [{given}], expected [{expected}]");
        let narrow: Vec<f32> = weights.iter().map(|&x| x as f32).collect();
        let (row, weights) = (self.rows(row.to_vec(), &self.device), upload(narrow, expected, &self.device));
        host(self.critics.valid().forward(row, weights))
    }

    /// Keeps a transition and, every `learn_every`-th time, takes a gradient step.
    pub fn update(&mut self, transition: &FusionTransition, rng: &mut ChaCha8Rng) {
        self.replay.push(transition);
        self.received += 1;
        if self.received.is_multiple_of(self.config.learn_every) && self.replay.len() >= self.config.learning_starts {
            self.learn(rng);
        }
    }

    /// Keeps logged transitions, then takes as many gradient steps as look at them `passes` times.
    pub fn learn_offline(&mut self, transitions: &[FusionTransition], passes: usize, rng: &mut ChaCha8Rng) {
        transitions.iter().for_each(|transition| self.replay.push(transition));
        for _ in 0..(passes * transitions.len()).div_ceil(self.config.batch_size) {
            self.learn(rng);
        }
    }

    /// Forgets the transitions kept; the networks stay.
    pub fn forget(&mut self) {
        self.replay = FusionReplay::new(self.config.replay_capacity, self.widths);
    }

    /// One gradient step of the critics and, every `actor_every`-th time, of the actor, on a minibatch drawn uniformly from what is
    /// kept; none where nothing is.
    pub fn learn(&mut self, rng: &mut ChaCha8Rng) {
        if self.replay.len() == 0 {
            return;
        }
        let batch = self.replay.sample(self.config.batch_size, rng);
        let targets = self.targets(&batch);
        self.improve_critics(&batch, targets);
        if self.gradient_steps.is_multiple_of(self.config.actor_every) {
            self.improve_actor(batch.row);
        }
        let rate = self.config.target_rate;
        self.target_critics = soft_update(self.target_critics.clone(), &self.critics.valid(), rate);
        self.target_actor = soft_update(self.target_actor.clone(), &self.acting.network, rate);
    }

    /// One gradient step of the actor alone, as after λ was changed: the critics stay.
    pub fn learn_actor(&mut self, rng: &mut ChaCha8Rng) {
        if self.replay.len() > 0 {
            let batch = self.replay.sample(self.config.batch_size, rng);
            self.improve_actor(batch.row);
        }
    }

    /// y of every row and task.
    ///
    /// # Shapes
    /// `[B, T]`
    pub(super) fn targets(&self, batch: &Columns) -> Vec<f32> {
        let next = self.rows(batch.next_row.clone(), &self.device);
        let weights = self.config.space.squash_rows(self.target_actor.forward(next.clone()));
        let values = host(self.target_critics.forward(next, weights));
        let tasks = self.widths.tasks;
        let targets = batch.rewards.iter().zip(values).enumerate().map(|(place, (&reward, value))| {
            let discount = self.config.discount * f64::from(batch.discount[place / tasks]);
            (f64::from(reward) + discount * value) as f32
        });
        targets.collect()
    }

    fn improve_critics(&mut self, batch: &Columns, targets: Vec<f32>) {
        let Widths { weights, tasks, .. } = self.widths;
        let (rows, device) = (self.rows(batch.row.clone(), &self.training_device), &self.training_device);
        let values = self.critics.forward(rows, upload(batch.weights.clone(), weights, device));
        // [B, T] → [1, T]: each critic's mean.
        let of_task = huber(values - upload(targets, tasks, device)).mean_dim(0);
        let mut gradients = GradientsParams::from_grads(of_task.clone().sum().backward(), &self.critics);
        clip_on_device(&mut gradients, &self.critics, self.config.gradient_clip);
        self.gradient_steps += 1;
        let (critics, rate) = (self.critics.clone(), self.config.critic_learning_rate);
        self.critics = self.critic_optimizer.step(critics, &mut gradients, rate, self.gradient_steps);
        if self.gradient_steps.is_multiple_of(LOSSES_EVERY) {
            let critics = of_task.into_data().iter::<f32>().collect();
            self.losses.push(RmtlLosses { step: self.gradient_steps, critics });
        }
    }

    fn improve_actor(&mut self, rows: Vec<f32>) {
        let rows = self.rows(rows, &self.training_device);
        let outputs = self.actor.forward(rows.clone());
        let penalty = outputs.clone().square().sum_dim(1).mean() * (0.5 * self.config.output_penalty);
        let weights = self.config.space.squash_rows(outputs);
        let values = self.critics.forward(rows, weights);
        let counts: Vec<f32> = self.reward_weights.iter().map(|&x| x as f32).collect();
        let loss =
            (values * upload(counts, self.widths.tasks, &self.training_device)).sum_dim(1).mean().neg() + penalty;
        let mut gradients = GradientsParams::from_grads(loss.backward(), &self.actor);
        clip_on_device(&mut gradients, &self.actor, self.config.gradient_clip);
        self.actor_steps += 1;
        let (actor, rate) = (self.actor.clone(), self.config.actor_learning_rate);
        self.actor = self.actor_optimizer.step(actor, &mut gradients, rate, self.actor_steps);
        self.acting.set_network(self.actor.valid());
    }

    fn rows(&self, values: Vec<f32>, device: &Device) -> Tensor<2> {
        let (count, width) = (values.len(), self.widths.row);
        assert!(count.is_multiple_of(width), "rows of shape [{count}] for a width of [{width}]");
        upload(values, width, device)
    }
}

/// Brings values to the host.
fn host(values: Tensor<2>) -> Vec<f64> {
    values.into_data().iter::<f32>().map(f64::from).collect()
}
