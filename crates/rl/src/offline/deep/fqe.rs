//! FQE: fitted Q evaluation, what a given policy is worth by the log alone.
//!
//! Le, Voloshin & Yue 2019, "Batch policy learning under constraints" (algorithm 3):
//!
//! ```text
//! y = r + γ Σ_a' π(a' | s') Q(s', a'; θ⁻);    minimise over θ   mean of  (Q(s, a; θ) − y)²;    θ⁻ ← (1 − ρ) θ⁻ + ρ θ
//! V(π) = mean over starts of  Σ_a π(a | s) Q(s, a; θ)
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | s `[B, W]`, a, r, s' `[B, W]` | `batch.observation`, `.action`, `.reward`, `.next_observation` |
//! | γ, and 0 after a termination | `config.discount * batch.discount` |
//! | π(· given s') `[B, A]` | `next_probabilities` |
//!
//! Differences from the paper:
//! 1. θ⁻ follows by Polyak averaging over minibatches; the paper fits anew to fixed targets in every round.
//!
//! It chooses nothing, so nothing is maximised over errors; but where the policy goes where the log never was, Q is a guess.

use burn::tensor::Device;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use slatewise_model::Mlp;

use super::learner::{LossReading, check_minibatches, note};
use super::log::OfflineLog;
use super::network::{Space, Trained, check_common, check_share, read};
use crate::deep::soft_update;
use crate::error::Error;
use crate::replay::ReplayBatch;
use crate::value_learning::expected_sarsa_target;

/// Settings of FQE; the paper leaves the network open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FqeConfig {
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// γ in [0, 1].
    pub discount: f64,
    /// Adam's step size, > 0.
    pub learning_rate: f64,
    /// ρ in [0, 1].
    pub target_rate: f64,
}

impl Default for FqeConfig {
    fn default() -> Self {
        Self { hidden: vec![64, 64], discount: 0.99, learning_rate: 3e-4, target_rate: 0.005 }
    }
}

impl FqeConfig {
    /// Checks the settings; `key` is their place in the config.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn validate(&self, key: &str) -> Result<(), Error> {
        check_common(key, &self.hidden, self.discount, self.learning_rate)?;
        check_share(key, "target_rate", self.target_rate)
    }
}

/// The evaluator of one policy.
pub struct Fqe {
    config: FqeConfig,
    space: Space,
    values: Trained<Mlp>,
    target: Mlp,
    updates: u64,
    losses: Vec<LossReading>,
}

impl Fqe {
    /// An evaluator on `device` (without autodiff) over rows of `width` numbers, with weights drawn from `rng`.
    pub fn new(width: usize, actions: usize, config: FqeConfig, device: &Device, rng: &mut ChaCha8Rng) -> Self {
        let space = Space::new(width, actions, device);
        let values = Trained::new(space.network(width, &config.hidden, actions, rng));
        let target = values.acting.clone();
        Self { config, space, values, target, updates: 0, losses: Vec::new() }
    }

    /// One gradient step on a minibatch under the policy's probabilities at its next rows.
    ///
    /// # Shapes
    /// `next_probabilities [B, A]`
    pub fn update(&mut self, batch: &ReplayBatch, next_probabilities: &[f64]) {
        self.space.check(batch);
        let (actions, size, got) = (self.space.actions, batch.action.len(), next_probabilities.len());
        assert!(got == size * actions, "probabilities of shape [{got}] for [{size}, {actions}]");
        let next = read(self.target.forward(self.space.rows(&batch.next_observation, self.space.width)));
        let rows = next.chunks_exact(actions).zip(next_probabilities.chunks_exact(actions));
        let targets = rows.zip(batch.reward.iter().zip(&batch.discount)).map(|((q_t, p_t), (&r_t, &d_t))| {
            expected_sarsa_target(f64::from(r_t), self.config.discount * f64::from(d_t), q_t, p_t)
        });
        let targets = self.space.column(targets);
        let q = self.values.online.forward(self.space.training_rows(batch.observation.clone(), self.space.width));
        let loss = (q.gather(1, self.space.taken(&batch.action)) - targets).square().mean();
        self.values.descend(&loss, self.config.learning_rate);
        self.target = soft_update(self.target.clone(), &self.values.acting, self.config.target_rate);
        self.updates += 1;
        note(&mut self.losses, self.updates, [("values", loss)]);
    }

    /// Takes gradient steps on minibatches of a log; `policy` gives π `[B, A]` of rows `[B, W]`.
    ///
    /// # Errors
    /// An empty log, or minibatches of nothing.
    pub fn fit(
        &mut self,
        log: &OfflineLog,
        policy: impl Fn(&[f32]) -> Vec<f64>,
        updates: u64,
        batch_size: usize,
        rng: &mut ChaCha8Rng,
    ) -> Result<(), Error> {
        check_minibatches(log.len(), batch_size)?;
        let mut batch = ReplayBatch::default();
        for _ in 0..updates {
            log.sample(batch_size, &mut batch, rng);
            self.update(&batch, &policy(&batch.next_observation));
        }
        Ok(())
    }

    /// Q of the policy.
    ///
    /// # Shapes
    /// `rows [N, W]` → `[N, A]`
    pub fn row_values(&self, rows: &[f32]) -> Vec<f64> {
        read(self.values.acting.forward(self.space.rows(rows, self.space.width)))
    }

    /// Mean over rows of Σ_a π(a | s) Q(s, a): the policy's value from these starts on.
    ///
    /// # Shapes
    /// `rows [N, W]`, N ≥ 1, `probabilities [N, A]`
    pub fn value(&self, rows: &[f32], probabilities: &[f64]) -> f64 {
        let q = self.row_values(rows);
        let (values, of) = (q.len(), probabilities.len());
        assert!(values == of && values > 0, "values of shape [{values}] under probabilities of shape [{of}]");
        let sum: f64 = q.iter().zip(probabilities).map(|(q, p)| q * p).sum();
        sum / (values / self.space.actions) as f64
    }

    /// Gradient steps taken.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// The loss of the first update and of every hundredth, in order.
    pub fn losses(&self) -> &[LossReading] {
        &self.losses
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::deep::Gathering;
    use crate::policy::UniformRandom;
    use crate::state::Identity;
    use crate::streams::Streams;
    use crate::testing::ChainMdp;
    use rand::SeedableRng;

    /// Random steps in a chain of three; the policy to be judged goes on with 0.8 and quits (0.1) with 0.2, γ = 0.9:
    /// V2 = 0.82; Q(1, go) = 0.738, V1 = 0.6104; Q(0, go) = 0.549 36, V0 = 0.459 488.
    #[test]
    fn a_policy_that_the_log_did_not_follow_is_worth_what_it_is() {
        let (encoder, mut rng) = (Identity { states: 3 }, ChaCha8Rng::seed_from_u64(1));
        let gathering = Gathering { encoder, reward: |reward: &f64, _: &usize| *reward };
        let (chain, mut random) = (ChainMdp::new(3, 0.0), UniformRandom { actions: 2 });
        let trajectories = gathering.run(chain, &mut random, 600, &mut Streams::new(1));
        let log = OfflineLog::from_trajectories(3, 2, &trajectories).unwrap();
        let config = FqeConfig { hidden: vec![], discount: 0.9, learning_rate: 0.02, target_rate: 0.05 };
        let mut fqe = Fqe::new(3, 2, config, &Device::flex(), &mut rng);
        let policy = |rows: &[f32]| [0.8, 0.2].repeat(rows.len() / 3);
        fqe.fit(&log, policy, 1_200, 32, &mut rng).unwrap();
        let value = fqe.value(&[1.0, 0.0, 0.0], &[0.8, 0.2]);
        let q = fqe.row_values(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
        let expected = [0.549_36, 0.1, 0.738, 0.1, 1.0, 0.1];
        assert!(q.iter().zip(expected).all(|(f, e)| (f - e).abs() < 0.01), "{q:?}");
        assert!((value - 0.459_488).abs() < 0.01, "{value}");
    }
}
