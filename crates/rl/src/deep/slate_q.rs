//! SlateQ: the long-term value of a slate as the mean of its items' long-term values, weighed by how likely each is to be chosen.
//!
//! Ie et al. 2019, "SlateQ: a tractable decomposition for reinforcement learning with recommendation sets" (IJCAI) and "Reinforcement
//! learning for slate-based recommender systems: a tractable decomposition and practical methodology" (its long form). Where a user
//! chooses at most one item of a slate, and what follows depends on that item alone:
//!
//! ```text
//! Q(s, A)  = Σ_{i ∈ A ∪ {⊥}} P(i | s, A) Q̄(s, i),     P(i | s, A) = v(s, i) / (v(s, ⊥) + Σ_{j ∈ A} v(s, j))
//! after (s, A, chosen i, r, s'):      y = r + γ Q(s', A'; θ⁻),     A' = argmax_A' Q(s', A'), or the slate that was shown next
//! minimise over θ   mean over a minibatch of  huber(Q̄(s, i; θ) − y);   every C gradient steps  θ⁻ ← θ
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | s `[W]`, i, r, s' | `SlateTransition::row`, `.chosen`, `.rewards` under `config.reward_weights`, `.next` |
//! | v(s, i) `[C]`, v(s, ⊥) | `SlateState::scores`, `.null_score`: the caller's choice model |
//! | A, A' | `SlateTransition::slate`, `.next_slate` or the one of `SlateChoice::best` |
//! | Q̄(s, i; θ) `[B, C]`, Q̄(s, ⊥; θ) | `network.rs` |
//! | Q(s, A), argmax_A | `choice.rs` |
//!
//! Differences from the paper:
//! 1. Q̄ is the product of two towers (`../item_network.rs`); the paper's is an MLP over the features of user and item.
//! 2. The null item ⊥ has a value of its own, learned from the transitions in which nothing was chosen, as the decomposition asks where
//!    a session goes on without a choice. RecSim's agent takes it for 0 and leaves such transitions out: `null = "zero"`.
//! 3. The choice model is not learned here: its scores come with every state, as in RecSim. A score that is wrong makes Q(s, A) wrong.
//! 4. `SlateOptimizer::Exact` and position weights: see `choice.rs`.
//! 5. Double Q-learning, the Huber loss and the clipped gradient are those of this crate's DQN; RecSim's agent has a squared error and a
//!    plain target network.
//! 6. Rewards are a row per task, weighed by `reward_weights` as a minibatch is learned from: other weights need no other log.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use rand::RngExt;
use rand::seq::index::sample;
use rand_chacha::ChaCha8Rng;
use slatewise_model::{DenseOptimizer, OptimizerConfig, clip_on_device};

use super::dqn::huber;
use super::item_network::ItemFeatures;

mod choice;
mod config;
mod network;
mod state;
#[cfg(test)]
mod tests;
mod transition;

pub use choice::{SlateChoice, SlateOptimizer, slate_target};
pub use config::{NullValue, SlateQConfig, SlateTarget};
use network::SlateNetwork;
use transition::SlateReplay;
pub use transition::{SlateState, SlateTransition};

/// Gradient steps between two readings of the loss: a reading waits for the device.
const LOSS_EVERY: u64 = 100;

/// A slate, and the probability that it was shown, in this order.
#[derive(Debug, Clone, PartialEq)]
pub struct SlateDecision {
    /// `[k]`: items, the first at the first position.
    pub slate: Vec<usize>,
    /// In (0, 1].
    pub propensity: f64,
}

/// What the network says of one state.
#[derive(Debug, Clone, PartialEq)]
pub struct SlateValues {
    /// Q̄(s, i) `[C]`, in the order of the candidates.
    pub items: Vec<f64>,
    /// Q̄(s, ⊥).
    pub null: f64,
}

impl SlateValues {
    /// The choice before these values.
    fn choice<'a>(&'a self, state: &'a SlateState, positions: &'a [f64]) -> SlateChoice<'a> {
        SlateChoice {
            scores: &state.scores,
            null_score: state.null_score,
            values: &self.items,
            null_value: self.null,
            positions,
        }
    }
}

/// The learner.
pub struct SlateQ {
    width: usize,
    items: usize,
    config: SlateQConfig,
    device: Device,
    training_device: Device,
    online: SlateNetwork,
    /// θ without autodiff, to act and to choose with.
    acting: SlateNetwork,
    target: SlateNetwork,
    optimizer: DenseOptimizer,
    replay: SlateReplay,
    received: u64,
    gradient_steps: u64,
    losses: Vec<(u64, f32)>,
}

impl SlateQ {
    /// A learner on `device` (without autodiff) for rows of `width` numbers, with weights drawn from `rng`; settings that
    /// [`SlateQConfig::validate`] accepts.
    pub fn new(
        width: usize,
        items: &ItemFeatures,
        config: SlateQConfig,
        device: &Device,
        rng: &mut ChaCha8Rng,
    ) -> Self {
        let training_device = device.clone().autodiff();
        let online = SlateNetwork::new(width, items, &config, rng, &training_device);
        let acting = online.valid();
        Self {
            width,
            items: items.items(),
            device: device.clone(),
            training_device,
            target: acting.clone(),
            acting,
            online,
            optimizer: DenseOptimizer::new(OptimizerConfig::default(), 0.0),
            replay: SlateReplay::new(config.replay_capacity),
            received: 0,
            gradient_steps: 0,
            losses: Vec::new(),
            config,
        }
    }

    /// Settings.
    pub fn config(&self) -> &SlateQConfig {
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

    /// Q̄ of the candidates of a state, and of choosing nothing.
    pub fn values(&self, state: &SlateState) -> SlateValues {
        state.check(self.items);
        let mut values = self.values_by(&self.acting, &[state]);
        values.pop().unwrap_or(SlateValues { items: Vec::new(), null: 0.0 })
    }

    /// Q(s, A) of a slate of candidates.
    pub fn slate_value(&self, state: &SlateState, slate: &[usize]) -> f64 {
        self.values(state).choice(state, &self.config.positions).value(&state.places(slate))
    }

    /// The best slate, as the optimiser finds it.
    ///
    /// # Shapes
    /// `[k]` items, fewer where there are fewer candidates
    pub fn slate(&self, state: &SlateState) -> Vec<usize> {
        let values = self.values(state);
        let best = values.choice(state, &self.config.positions).best(self.config.optimizer);
        best.into_iter().map(|place| state.candidates[place]).collect()
    }

    /// With probability `epsilon` in [0, 1] a slate drawn uniformly from all ordered ones, else the best; with its exact propensity.
    pub fn decide(&self, state: &SlateState, epsilon: f64, rng: &mut ChaCha8Rng) -> SlateDecision {
        let best = self.slate(state);
        let (candidates, size) = (state.candidates.len(), best.len());
        let slate = if rng.random::<f64>() < epsilon {
            sample(rng, candidates, size).into_iter().map(|place| state.candidates[place]).collect()
        } else {
            best.clone()
        };
        // 1 / (C (C − 1) ... (C − k + 1)) each.
        let uniform: f64 = (0..size).map(|drawn| 1.0 / (candidates - drawn) as f64).product();
        let greedy = if slate == best { 1.0 - epsilon } else { 0.0 };
        SlateDecision { slate, propensity: epsilon * uniform + greedy }
    }

    /// Keeps a transition and, every `learn_every`-th time, takes a gradient step.
    pub fn update(&mut self, transition: SlateTransition, rng: &mut ChaCha8Rng) {
        self.store(transition);
        self.received += 1;
        if self.received.is_multiple_of(self.config.learn_every)
            && self.replay.transitions.len() >= self.config.learning_starts
        {
            self.learn(rng);
        }
    }

    /// Keeps logged transitions, then takes as many gradient steps as look at them `passes` times.
    pub fn learn_offline(&mut self, transitions: Vec<SlateTransition>, passes: usize, rng: &mut ChaCha8Rng) {
        let logged = transitions.len();
        transitions.into_iter().for_each(|transition| self.store(transition));
        for _ in 0..(passes * logged).div_ceil(self.config.batch_size) {
            self.learn(rng);
        }
    }

    /// Forgets the transitions kept, such as those of a log before learning goes on with fresh ones; the network stays.
    pub fn forget(&mut self) {
        self.replay = SlateReplay::new(self.config.replay_capacity);
    }

    /// Takes one gradient step on a minibatch drawn uniformly from what is kept; none where nothing is.
    pub fn learn(&mut self, rng: &mut ChaCha8Rng) {
        let kept = &self.replay.transitions;
        if kept.is_empty() {
            return;
        }
        let batch: Vec<usize> = (0..self.config.batch_size).map(|_| rng.random_range(0..kept.len())).collect();
        let batch: Vec<&SlateTransition> = batch.into_iter().map(|index| &kept[index]).collect();
        let targets: Vec<f32> = self.targets(&batch).into_iter().map(|y| y as f32).collect();
        let targets = Tensor::from_data(TensorData::new(targets, [batch.len(), 1]), &self.training_device);
        let rows = rows(batch.iter().map(|transition| &transition.row), self.width, &self.training_device);
        let chosen: Vec<Option<usize>> = batch.iter().map(|transition| transition.chosen).collect();
        let loss = huber(self.online.chosen(rows, &chosen) - targets).mean();
        let mut gradients = GradientsParams::from_grads(loss.backward(), &self.online);
        clip_on_device(&mut gradients, &self.online, self.config.gradient_clip);
        self.gradient_steps += 1;
        let (network, rate) = (self.online.clone(), self.config.learning_rate);
        self.online = self.optimizer.step(network, &mut gradients, rate, self.gradient_steps);
        self.acting = self.online.valid();
        if self.gradient_steps.is_multiple_of(self.config.target_update_every) {
            self.target = self.acting.clone();
        }
        if self.gradient_steps.is_multiple_of(LOSS_EVERY) {
            self.losses.push((self.gradient_steps, loss.into_scalar::<f32>()));
        }
    }

    /// Where the null item's value is 0, a transition without a choice teaches nothing and is not kept.
    fn store(&mut self, transition: SlateTransition) {
        transition.check(self.width, self.items, self.config.reward_weights.len());
        if transition.chosen.is_some() || self.config.null == NullValue::Learned {
            self.replay.push(transition);
        }
    }

    /// y of every transition of a minibatch.
    fn targets(&self, batch: &[&SlateTransition]) -> Vec<f64> {
        let states: Vec<&SlateState> = batch.iter().map(|transition| &transition.next).collect();
        let judging = self.values_by(&self.target, &states);
        let choosing = if self.config.double { Some(self.values_by(&self.acting, &states)) } else { None };
        let choosing = choosing.as_ref().unwrap_or(&judging);
        let positions = &self.config.positions;
        let target = |(transition, (judging, choosing)): (&&SlateTransition, (&SlateValues, &SlateValues))| {
            let rewards = transition.rewards.iter().zip(&self.config.reward_weights);
            let reward: f64 = rewards.map(|(reward, weight)| reward * weight).sum();
            let (next, discount) = (&transition.next, self.config.discount * transition.discount);
            if discount == 0.0 {
                return reward;
            }
            let slate = match &transition.next_slate {
                Some(followed) if self.config.target == SlateTarget::Followed => next.places(followed),
                _ => choosing.choice(next, positions).best(self.config.optimizer),
            };
            slate_target(reward, discount, &judging.choice(next, positions), &slate)
        };
        batch.iter().zip(judging.iter().zip(choosing)).map(target).collect()
    }

    /// What a network says of some states: every item that is a candidate in any of them passes its tower once.
    fn values_by(&self, network: &SlateNetwork, states: &[&SlateState]) -> Vec<SlateValues> {
        let mut items: Vec<usize> = states.iter().flat_map(|state| &state.candidates).copied().collect();
        items.sort_unstable();
        items.dedup();
        let rows = rows(states.iter().map(|state| &state.row), self.width, &self.device);
        let host = |tensor: Tensor<2>| tensor.into_data().iter::<f32>().map(f64::from).collect::<Vec<f64>>();
        let null = network.null(rows.clone()).map_or_else(|| vec![0.0; states.len()], host);
        let of_items = if items.is_empty() { Vec::new() } else { host(network.items(rows, &items)) };
        let mut place = vec![usize::MAX; self.items];
        items.iter().enumerate().for_each(|(index, &item)| place[item] = index);
        let values = states.iter().zip(null).enumerate().map(|(row, (state, null))| SlateValues {
            items: state.candidates.iter().map(|&item| of_items[row * items.len() + place[item]]).collect(),
            null,
        });
        values.collect()
    }
}

/// Rows as a tensor `[B, W]`.
fn rows<'a>(rows: impl Iterator<Item = &'a Vec<f32>>, width: usize, device: &Device) -> Tensor<2> {
    let values: Vec<f32> = rows.flatten().copied().collect();
    let shape = [values.len() / width, width];
    Tensor::from_data(TensorData::new(values, shape), device)
}
