//! REINFORCE with a learned baseline: what turned out better than expected is done more often.
//!
//! ```text
//! after every K episodes, over their steps
//!   G_t = r_t + γ r_{t+1} + γ² r_{t+2} + ...                      to the episode's end; + γ^n V(s_{t+n}) where it was cut short
//!   minimise   mean of −(G_t − V(s_t; w)) ln π(a_t | s_t; θ) + c_v ½ (V(s_t; w) − G_t)²           one gradient step
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | K, γ, c_v | `config.episodes`, `.discount`, `.value_coefficient` |
//! | G_t − V(s_t; w), of the weights before the step | `batch.advantages` |
//!
//! Differences from the papers:
//! 1. Steps count alike: the factor γ^t of Sutton & Barto's update is left out, as is usual.
//! 2. One Adam step on the mean over K episodes in place of a step of gradient ascent per visited state; policy and baseline have one
//!    step size, and the gradient over all weights is scaled to a norm of at most `gradient_clip`.
//! 3. A truncated episode is bootstrapped from; only a termination ends it.
//! 4. Over several environments, an episode under way at an update goes on by the new policy, and its earlier steps are learned from
//!    when it ends. With one environment every step is the current policy's.
//!
//! Reference: Williams 1992, "Simple statistical gradient-following algorithms for connectionist reinforcement learning"; Sutton & Barto
//! 2018, section 13.4.

use burn::tensor::Device;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::actor_critic::ActorCritic;
use super::gathered::{Gathered, PolicyLearner};
use super::network_policy::NetworkPolicy;
use crate::error::Error;
use crate::policy::Policy;
use crate::replay::EncodedState;
use crate::state::Encoder;
use crate::support::Support;

/// Settings of REINFORCE. The papers leave them open: the values are ours, but for those of CleanRL's PPO where named.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReinforceConfig {
    /// Widths of the hidden layers of either network (as CleanRL).
    pub hidden: Vec<usize>,
    /// γ in [0, 1] (as CleanRL).
    pub discount: f64,
    /// Adam's step size, > 0.
    pub learning_rate: f64,
    /// K ≥ 1: episodes per gradient step.
    pub episodes: usize,
    /// c_v ≥ 0 (as CleanRL).
    pub value_coefficient: f64,
    /// Largest norm of the gradient over all weights, > 0.
    pub gradient_clip: f64,
}

impl Default for ReinforceConfig {
    fn default() -> Self {
        Self {
            hidden: vec![64, 64],
            discount: 0.99,
            learning_rate: 3e-3,
            episodes: 4,
            value_coefficient: 0.5,
            gradient_clip: 10.0,
        }
    }
}

impl ReinforceConfig {
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
            ("episodes", self.episodes >= 1, "must be at least 1"),
            (
                "value_coefficient",
                self.value_coefficient.is_finite() && self.value_coefficient >= 0.0,
                "must be a number of at least 0",
            ),
            ("gradient_clip", positive(self.gradient_clip), "must be a number above 0"),
        ];
        checks.into_iter().try_for_each(|(name, holds, problem)| Error::unless(holds, key, name, || problem.to_owned()))
    }
}

/// The learner.
pub struct Reinforce<R> {
    pub(super) config: ReinforceConfig,
    pub(super) networks: ActorCritic<R>,
}

impl<R> Reinforce<R> {
    /// A learner on `device` (without autodiff) with weights drawn from `rng`; small networks are fastest on the CPU.
    pub fn new<O>(encoder: R, actions: usize, config: ReinforceConfig, device: &Device, rng: &mut ChaCha8Rng) -> Self
    where
        R: Encoder<O>,
    {
        let networks = ActorCritic::new(encoder, actions, &config.hidden, 1e-8, device, rng);
        Self { config, networks }
    }

    /// The policy as it is now, to be judged or cloned.
    pub fn network_policy(&self) -> &NetworkPolicy<R> {
        &self.networks.policy
    }

    /// Restricts actions to those that are allowed in a state, or lifts the restriction; before the first step.
    pub fn set_support(&mut self, support: Option<Support>) {
        self.networks.policy.set_support(support);
    }

    /// Gradient steps taken.
    pub fn gradient_steps(&self) -> u64 {
        self.networks.gradient_steps
    }
}

impl<O, R: Encoder<O>> PolicyLearner<O> for Reinforce<R> {
    fn represent(&self, observation: &O) -> EncodedState {
        self.networks.policy.represent(observation)
    }

    fn policy(&mut self) -> &mut dyn Policy<O> {
        &mut self.networks.policy
    }

    fn is_due(&self, gathered: &Gathered) -> bool {
        gathered.episodes >= self.config.episodes
    }

    fn learn(&mut self, gathered: &mut Gathered, _rng: &mut ChaCha8Rng) {
        let networks = &mut self.networks;
        // With λ = 1 an advantage is the return less the baseline.
        let batch = networks.batch(&gathered.take_episodes(), self.config.discount, 1.0);
        let all: Vec<usize> = (0..batch.returns.len()).collect();
        let judged = networks.judge(&batch, &all);
        let advantage = networks.column(batch.advantages.iter().copied());
        let error = judged.value - networks.column(batch.returns.iter().copied());
        let loss = (judged.log_probability * advantage).mean().neg()
            + error.square().mean() * (0.5 * self.config.value_coefficient);
        networks.descend(&loss, self.config.learning_rate, self.config.gradient_clip);
    }
}
