//! TD3+BC: an actor of continuous actions that climbs its critic, held near the logged actions by a term of behaviour cloning.
//!
//! Fujimoto & Gu 2021, "A minimalist approach to offline reinforcement learning", equation 5, over TD3 (Fujimoto, van Hoof & Meger 2018):
//!
//! ```text
//! ã  = clamp(π(s'; φ⁻) + clamp(ε, −c, c), −1, 1),   ε ~ N(0, σ)
//! y  = r + γ min_i Q_i(s', ã; θ⁻)
//! θ  minimise the mean of  Σ_i (Q_i(s, a; θ) − y)²
//! φ  every d updates: minimise the mean of  −λ Q_1(s, π(s; φ)) + (π(s; φ) − a)²,   λ = α / mean |Q_1(s, π(s; φ))|
//!    and then θ⁻ ← (1 − ρ) θ⁻ + ρ θ,  φ⁻ ← (1 − ρ) φ⁻ + ρ φ
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | s `[B, W]`, a `[B, K]`, r, s' `[B, W]` | `batch.observation`, `.action`, `.reward`, `.next_observation` |
//! | γ, and 0 after a termination | `config.discount * batch.discount` |
//! | α, σ, c, d, ρ | `config.alpha`, `.noise`, `.noise_clip`, `.actor_every`, `.target_rate` |
//! | Q_1 and Q_2, π | `critics`, `actor`: an MLP under tanh |
//!
//! λ makes α independent of the scale of rewards; it is a number, no gradient flows through it.
//!
//! Differences from the paper:
//! 1. |Q| in λ is that of the actor's actions, as in the authors' code; the paper's text averages over logged pairs.
//! 2. Actions lie in [−1, 1]; others are to be rescaled.
//! 3. Observations are scaled to mean 0 and deviation 1 by a `RowScale` that the learner keeps, so that it acts on raw rows.
//!
//! α = 0 clones behaviour: the actor becomes the mean logged action.

use burn::tensor::{Device, Tensor, activation};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use slatewise_model::Mlp;

use super::continuous_log::{ContinuousBatch, ContinuousLog, RowScale};
use super::learner::{LossReading, check_minibatches, note};
use super::network::{Space, Trained, Twins, check_common, check_not_negative, check_share, read};
use crate::deep::soft_update;
use crate::error::Error;
use crate::value_learning::sarsa_target;

/// Settings of TD3+BC, with the paper's value where it differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Td3BcConfig {
    /// Widths of the hidden layers of every network (paper: 256, 256).
    pub hidden: Vec<usize>,
    /// γ in [0, 1] (paper: 0.99).
    pub discount: f64,
    /// Adam's step size, > 0 (paper: 0.0003).
    pub learning_rate: f64,
    /// α ≥ 0 (paper: 2.5).
    pub alpha: f64,
    /// σ ≥ 0 (paper: 0.2).
    pub noise: f64,
    /// c ≥ 0 (paper: 0.5).
    pub noise_clip: f64,
    /// d ≥ 1 (paper: 2).
    pub actor_every: u64,
    /// ρ in [0, 1] (paper: 0.005).
    pub target_rate: f64,
}

impl Default for Td3BcConfig {
    fn default() -> Self {
        Self {
            hidden: vec![64, 64],
            discount: 0.99,
            learning_rate: 3e-4,
            alpha: 2.5,
            noise: 0.2,
            noise_clip: 0.5,
            actor_every: 2,
            target_rate: 0.005,
        }
    }
}

impl Td3BcConfig {
    /// Checks the settings; `key` is their place in the config.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn validate(&self, key: &str) -> Result<(), Error> {
        check_common(key, &self.hidden, self.discount, self.learning_rate)?;
        for (name, x) in [("alpha", self.alpha), ("noise", self.noise), ("noise_clip", self.noise_clip)] {
            check_not_negative(key, name, x)?;
        }
        Error::unless(self.actor_every >= 1, key, "actor_every", || "must be at least 1".to_owned())?;
        check_share(key, "target_rate", self.target_rate)
    }
}

/// clamp(action + clamp(noise, −clip, clip), −1, 1).
pub fn smoothed_action(action: f64, noise: f64, clip: f64) -> f64 {
    (action + noise.clamp(-clip, clip)).clamp(-1.0, 1.0)
}

/// λ = α / mean |Q|; α where all values are 0.
///
/// # Shapes
/// `q [B]`, B ≥ 1
pub fn critic_weight(alpha: f64, q: &[f64]) -> f64 {
    let mean = q.iter().map(|q| q.abs()).sum::<f64>() / q.len() as f64;
    if mean > 0.0 { alpha / mean } else { alpha }
}

/// The learner.
pub struct Td3Bc {
    config: Td3BcConfig,
    scale: RowScale,
    /// `actions` are the numbers K of an action.
    space: Space,
    critics: Trained<Twins>,
    actor: Trained<Mlp>,
    target_critics: Twins,
    target_actor: Mlp,
    updates: u64,
    losses: Vec<LossReading>,
}

impl Td3Bc {
    /// A learner on `device` (without autodiff) of actions of `action_width` numbers, for rows as wide as `scale`; weights are drawn from
    /// `rng`, those of the critics first.
    pub fn new(
        scale: RowScale,
        action_width: usize,
        config: Td3BcConfig,
        device: &Device,
        rng: &mut ChaCha8Rng,
    ) -> Self {
        let space = Space::new(scale.mean.len(), action_width, device);
        let mut critic = || space.network(space.width + action_width, &config.hidden, 1, rng);
        let critics = Trained::new(Twins { first: critic(), second: critic() });
        let actor = Trained::new(space.network(space.width, &config.hidden, action_width, rng));
        let (target_critics, target_actor) = (critics.acting.clone(), actor.acting.clone());
        Self { config, scale, space, critics, actor, target_critics, target_actor, updates: 0, losses: Vec::new() }
    }

    /// Takes gradient steps on minibatches of `batch_size` ≥ 1 transitions drawn uniformly from a log.
    ///
    /// # Errors
    /// An empty log, or minibatches of nothing.
    pub fn train(
        &mut self,
        log: &ContinuousLog,
        updates: u64,
        batch_size: usize,
        rng: &mut ChaCha8Rng,
    ) -> Result<(), Error> {
        check_minibatches(log.len(), batch_size)?;
        let mut batch = ContinuousBatch::default();
        for _ in 0..updates {
            log.sample(batch_size, &mut batch, rng);
            self.update(&batch, rng);
        }
        Ok(())
    }

    /// Takes one gradient step of the critics, and every `actor_every`-th time one of the actor; target noise is drawn from `rng`.
    pub fn update(&mut self, batch: &ContinuousBatch, rng: &mut ChaCha8Rng) {
        self.check(batch);
        self.updates += 1;
        let observation = self.scale.apply(&batch.observation);
        let targets = self.space.column(self.targets(batch, rng).into_iter());
        let (width, action_width) = (self.space.width, self.space.actions);
        let rows = self.space.training_rows(observation, width);
        let actions = self.space.training_rows(batch.action.clone(), action_width);
        let pairs = Tensor::cat(vec![rows.clone(), actions.clone()], 1);
        let error = |critic: &Mlp| (critic.forward(pairs.clone()) - targets.clone()).square().mean();
        let Twins { first, second } = &self.critics.online;
        let of_critics = error(first) + error(second);
        self.critics.descend(&of_critics, self.config.learning_rate);
        note(&mut self.losses, self.updates, [("critics", of_critics)]);
        if self.updates.is_multiple_of(self.config.actor_every) {
            self.improve_actor(rows, actions);
        }
    }

    /// One step of the actor and of all targets.
    fn improve_actor(&mut self, rows: Tensor<2>, logged: Tensor<2>) {
        let actions = activation::tanh(self.actor.online.forward(rows.clone()));
        let q = self.critics.online.first.forward(Tensor::cat(vec![rows, actions.clone()], 1));
        let weight = critic_weight(self.config.alpha, &read(q.clone().inner()));
        let imitation = (actions - logged).square().mean();
        let loss = q.mean().neg() * weight + imitation.clone();
        self.actor.descend(&loss, self.config.learning_rate);
        self.target_critics = soft_update(self.target_critics.clone(), &self.critics.acting, self.config.target_rate);
        self.target_actor = soft_update(self.target_actor.clone(), &self.actor.acting, self.config.target_rate);
        note(&mut self.losses, self.updates, [("actor", loss), ("imitation", imitation)]);
    }

    /// y `[B]`.
    fn targets(&self, batch: &ContinuousBatch, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let Td3BcConfig { discount, noise, noise_clip, .. } = self.config;
        let next = self.space.rows(&self.scale.apply(&batch.next_observation), self.space.width);
        let actions = read(activation::tanh(self.target_actor.forward(next.clone())));
        let smoothed = actions.into_iter().map(|action| {
            let draw: f64 = StandardNormal.sample(rng);
            smoothed_action(action, noise * draw, noise_clip) as f32
        });
        let smoothed = self.space.rows(&smoothed.collect::<Vec<f32>>(), self.space.actions);
        let q = read(self.target_critics.smaller(Tensor::cat(vec![next, smoothed], 1)));
        let outcomes = batch.reward.iter().zip(&batch.discount).zip(q);
        outcomes.map(|((&r_t, &d_t), q_t)| sarsa_target(f64::from(r_t), discount * f64::from(d_t), &[q_t], 0)).collect()
    }

    fn check(&self, batch: &ContinuousBatch) {
        let (size, width, action_width) = (batch.reward.len(), self.space.width, self.space.actions);
        let (before, action, after) = (batch.observation.len(), batch.action.len(), batch.next_observation.len());
        let fits = size >= 1 && before == size * width && after == size * width && action == size * action_width;
        assert!(
            fits,
            "a batch of shapes [{before}], [{action}], [{after}] for [{size}, {width}], [{size}, {action_width}]"
        );
    }

    /// π(s) of raw rows.
    ///
    /// # Shapes
    /// `rows [N, W]` → `[N, K]`, each in [−1, 1]
    pub fn actions(&self, rows: &[f32]) -> Vec<f64> {
        let rows = self.space.rows(&self.scale.apply(rows), self.space.width);
        read(activation::tanh(self.actor.acting.forward(rows)))
    }

    /// min_i Q_i(s, a) of raw rows.
    ///
    /// # Shapes
    /// `rows [N, W]`, `actions [N, K]` → `[N]`
    pub fn pair_values(&self, rows: &[f32], actions: &[f32]) -> Vec<f64> {
        let rows = self.space.rows(&self.scale.apply(rows), self.space.width);
        let actions = self.space.rows(actions, self.space.actions);
        read(self.critics.acting.smaller(Tensor::cat(vec![rows, actions], 1)))
    }

    /// Gradient steps of the critics.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// Losses of the first update and of every hundredth, in order; the actor's only where it took a step.
    pub fn losses(&self) -> &[LossReading] {
        &self.losses
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::deep::ContinuousTransition;
    use rand::{RngExt, SeedableRng};

    #[test]
    fn smoothing_and_weight_equal_hand_computation() {
        assert_eq!(smoothed_action(0.2, 0.1, 0.5), 0.2 + 0.1);
        assert_eq!(smoothed_action(0.2, -3.0, 0.5), 0.2 - 0.5);
        assert_eq!(smoothed_action(0.9, 0.4, 0.5), 1.0);
        assert_eq!(critic_weight(2.5, &[-1.0, 4.0]), 1.0); // 2.5 / 2.5
        assert_eq!(critic_weight(2.5, &[0.0, 0.0]), 2.5);
    }

    #[test]
    fn targets_follow_the_equation() {
        let config = Td3BcConfig { noise: 0.0, discount: 0.9, ..Td3BcConfig::default() };
        let scale = RowScale { mean: vec![1.0, 0.0], deviation: vec![2.0, 1.0] };
        let learner = Td3Bc::new(scale, 2, config, &Device::flex(), &mut ChaCha8Rng::seed_from_u64(1));
        let next = vec![0.5, -0.5];
        let action: Vec<f32> = learner.actions(&next).into_iter().map(|x| x as f32).collect();
        let q = learner.pair_values(&next, &action)[0]; // online and targets are still equal
        let batch = ContinuousBatch {
            observation: vec![0.0; 4],
            action: vec![0.0; 4],
            reward: vec![2.0; 2],
            discount: vec![1.0, 0.0],
            next_observation: next.repeat(2),
        };
        let found = learner.targets(&batch, &mut ChaCha8Rng::seed_from_u64(1));
        assert!((found[0] - (2.0 + 0.9 * q)).abs() < 1e-6, "{found:?} with {q}");
        assert_eq!(found[1], 2.0);
    }

    /// Actions of two numbers, uniform within 0.6 of (0.2 x, −0.1); the best is (0.5 x, −0.4), within the log's range. Two steps: the first
    /// state's reward is that of its action, and so is the second's.
    fn log() -> ContinuousLog {
        let (mut log, mut rng) = (ContinuousLog::new(1, 2), ChaCha8Rng::seed_from_u64(5));
        for _ in 0..2_000 {
            let x: f32 = if rng.random::<bool>() { 1.0 } else { -1.0 };
            let mut draw = |mean: f32| mean + rng.random_range(-0.6..0.6_f32);
            let action = vec![draw(0.2 * x), draw(-0.1)];
            let miss = (action[0] - 0.5 * x).powi(2) + (action[1] + 0.4).powi(2);
            let goes_on = x > 0.0;
            log.push(&ContinuousTransition {
                observation: vec![x],
                action,
                reward: f64::from(-miss),
                discount: f64::from(u8::from(goes_on)),
                next_observation: vec![-1.0],
            })
            .unwrap();
        }
        log
    }

    fn learned(alpha: f64) -> Vec<f64> {
        let (log, mut rng) = (log(), ChaCha8Rng::seed_from_u64(2));
        let config = Td3BcConfig {
            hidden: vec![32, 32],
            learning_rate: 3e-3,
            alpha,
            target_rate: 0.02,
            ..Td3BcConfig::default()
        };
        let mut learner = Td3Bc::new(log.row_scale(), 2, config, &Device::flex(), &mut rng);
        learner.train(&log, 2_500, 64, &mut rng).unwrap();
        assert!(learner.losses().iter().all(|reading| reading.loss.is_finite()));
        learner.actions(&[1.0, -1.0])
    }

    #[test]
    fn the_best_action_is_found_and_without_critic_the_mean_one() {
        let near = |found: &[f64], expected: [f64; 4], tolerance: f64| {
            found.iter().zip(expected).all(|(f, e)| (f - e).abs() < tolerance)
        };
        let best = learned(2.5);
        assert!(near(&best, [0.5, -0.4, -0.5, -0.4], 0.12), "{best:?}");
        let cloned = learned(0.0);
        assert!(near(&cloned, [0.2, -0.1, -0.2, -0.1], 0.08), "{cloned:?}");
    }

    #[test]
    fn one_seed_gives_one_actor() {
        let log = log();
        let learn = || {
            let mut rng = ChaCha8Rng::seed_from_u64(3);
            let mut learner = Td3Bc::new(log.row_scale(), 2, Td3BcConfig::default(), &Device::flex(), &mut rng);
            learner.train(&log, 20, 16, &mut rng).unwrap();
            learner.actions(&[1.0, -1.0])
        };
        assert_eq!(learn(), learn());
    }
}
