//! Discrete BCQ: Q-learning among the actions that the log is likely to take.
//!
//! Fujimoto, Conti, Ghavamzadeh & Pineau 2019, "Benchmarking batch deep reinforcement learning algorithms" (algorithm 1), the discrete form
//! of Fujimoto, Meger & Precup 2019, "Off-policy deep reinforcement learning without exploration":
//!
//! ```text
//! A(s')  = { a : G(a | s') / max_b G(b | s') > τ }
//! a'     = argmax over A(s') of Q(s', a'; θ);      y = r + γ Q(s', a'; θ⁻)
//! minimise over θ, ω   mean of  huber(Q(s, a; θ) − y)  −  ln G_ω(a | s)  +  c · mean of the squared outputs of G
//! θ⁻ ← (1 − ρ) θ⁻ + ρ θ
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | s `[B, W]`, a, r, s' `[B, W]` | `batch.observation`, `.action`, `.reward`, `.next_observation` |
//! | γ, and 0 after a termination | `config.discount * batch.discount` |
//! | G, τ | `generator`, `config.threshold` |
//! | c, ρ | `config.output_penalty`, `config.target_rate` |
//!
//! Differences from the paper:
//! 1. Inputs are rows of numbers; Q and G are two MLPs that share nothing, as in the authors' code for such inputs.
//! 2. Acting is greedy within A(s); the authors act at random one time in a thousand.
//!
//! τ = 0 is double Q-learning, τ → 1 behavior cloning.

use burn::module::Module;
use burn::tensor::{Device, activation};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use slatewise_model::Mlp;

use super::learner::{LossReading, OfflineLearner, encode_rows, note};
use super::network::{Space, Trained, check_common, check_not_negative, check_share, cross_entropy, read};
use crate::deep::{huber, soft_update};
use crate::error::Error;
use crate::policy::ActionValues;
use crate::replay::ReplayBatch;
use crate::state::Encoder;
use crate::value_learning::double_q_learning_target;

/// Settings of discrete BCQ, with the value of the authors' code for rows of numbers where it differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BcqConfig {
    /// Widths of the hidden layers of either network (authors: 256, 256).
    pub hidden: Vec<usize>,
    /// γ in [0, 1] (authors: 0.99).
    pub discount: f64,
    /// Adam's step size, > 0 (authors: 0.0003).
    pub learning_rate: f64,
    /// τ in [0, 1] (paper: 0.3).
    pub threshold: f64,
    /// c ≥ 0 (authors: 0.01).
    pub output_penalty: f64,
    /// ρ in [0, 1] (authors: 0.005 for rows of numbers, a copy every 8,000 steps for frames).
    pub target_rate: f64,
}

impl Default for BcqConfig {
    fn default() -> Self {
        Self {
            hidden: vec![64, 64],
            discount: 0.99,
            learning_rate: 3e-4,
            threshold: 0.3,
            output_penalty: 0.01,
            target_rate: 0.005,
        }
    }
}

impl BcqConfig {
    /// Checks the settings; `key` is their place in the config.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn validate(&self, key: &str) -> Result<(), Error> {
        check_common(key, &self.hidden, self.discount, self.learning_rate)?;
        check_share(key, "threshold", self.threshold)?;
        check_not_negative(key, "output_penalty", self.output_penalty)?;
        check_share(key, "target_rate", self.target_rate)
    }
}

/// Sets the values of actions whose probability is not above `threshold` times the largest one to −∞; the likeliest always stays.
///
/// # Shapes
/// `values [A]`, `probabilities [A]`
pub fn likely_actions(values: &mut [f64], probabilities: &[f64], threshold: f64) {
    let (shape, of) = (values.len(), probabilities.len());
    assert!(shape == of, "values of shape [{shape}] under probabilities of shape [{of}]");
    let most = probabilities.iter().copied().fold(0.0, f64::max);
    for (value, &probability) in values.iter_mut().zip(probabilities) {
        if probability <= threshold * most && probability < most {
            *value = f64::NEG_INFINITY;
        }
    }
}

/// r_t + γ_t q_t_value\[argmax of q_t_selector among likely actions\].
///
/// # Shapes
/// `q_t_value [A]`, `q_t_selector [A]`, which is masked, `probabilities_t [A]`
pub fn bcq_target(
    (r_t, discount_t): (f64, f64),
    q_t_value: &[f64],
    q_t_selector: &mut [f64],
    probabilities_t: &[f64],
    threshold: f64,
) -> f64 {
    likely_actions(q_t_selector, probabilities_t, threshold);
    double_q_learning_target(r_t, discount_t, q_t_value, q_t_selector)
}

/// Q and G; they share nothing.
#[derive(Module, Debug)]
struct Networks {
    values: Mlp,
    generator: Mlp,
}

/// The learner; what it acts on is Q, −∞ for unlikely actions.
pub struct Bcq<R> {
    encoder: R,
    config: BcqConfig,
    space: Space,
    networks: Trained<Networks>,
    target: Mlp,
    updates: u64,
    losses: Vec<LossReading>,
}

impl<R> Bcq<R> {
    /// A learner on `device` (without autodiff) with weights drawn from `rng`, those of Q first.
    pub fn new<O>(encoder: R, actions: usize, config: BcqConfig, device: &Device, rng: &mut ChaCha8Rng) -> Self
    where
        R: Encoder<O>,
    {
        let space = Space::new(encoder.width(), actions, device);
        let values = space.network(space.width, &config.hidden, actions, rng);
        let generator = space.network(space.width, &config.hidden, actions, rng);
        let networks = Trained::new(Networks { values, generator });
        let target = networks.acting.values.clone();
        Self { encoder, config, space, networks, target, updates: 0, losses: Vec::new() }
    }

    /// G(· | s) `[N, A]` of rows `[N, W]`.
    pub fn behavior_probabilities(&self, rows: &[f32]) -> Vec<f64> {
        let rows = self.space.rows(rows, self.space.width);
        read(activation::softmax(self.networks.acting.generator.forward(rows), 1))
    }

    fn targets(&self, batch: &ReplayBatch) -> Vec<f64> {
        let (actions, config) = (self.space.actions, &self.config);
        let next = self.space.rows(&batch.next_observation, self.space.width);
        let q_value = read(self.target.forward(next.clone()));
        let mut q_selector = read(self.networks.acting.values.forward(next));
        let probabilities = self.behavior_probabilities(&batch.next_observation);
        let rows = q_value.chunks_exact(actions).zip(q_selector.chunks_exact_mut(actions));
        let rows = rows.zip(probabilities.chunks_exact(actions)).zip(batch.reward.iter().zip(&batch.discount));
        rows.map(|(((value, selector), probabilities), (&r_t, &d_t))| {
            let (r_t, discount_t) = (f64::from(r_t), config.discount * f64::from(d_t));
            bcq_target((r_t, discount_t), value, selector, probabilities, config.threshold)
        })
        .collect()
    }
}

impl<R> OfflineLearner for Bcq<R> {
    fn update(&mut self, batch: &ReplayBatch) {
        self.space.check(batch);
        let targets = self.space.column(self.targets(batch).into_iter());
        let rows = self.space.training_rows(batch.observation.clone(), self.space.width);
        let taken = self.space.taken(&batch.action);
        let Networks { values, generator } = &self.networks.online;
        let of_values = huber(values.forward(rows.clone()).gather(1, taken.clone()) - targets).mean();
        let outputs = generator.forward(rows);
        let penalty = outputs.clone().square().mean() * self.config.output_penalty;
        let of_generator = cross_entropy(outputs, taken).mean();
        let loss = of_values.clone() + of_generator.clone() + penalty;
        self.networks.descend(&loss, self.config.learning_rate);
        self.target = soft_update(self.target.clone(), &self.networks.acting.values, self.config.target_rate);
        self.updates += 1;
        note(&mut self.losses, self.updates, [("values", of_values), ("generator", of_generator)]);
    }

    fn updates(&self) -> u64 {
        self.updates
    }

    fn losses(&self) -> &[LossReading] {
        &self.losses
    }

    fn row_values(&self, rows: &[f32]) -> Vec<f64> {
        let actions = self.space.actions;
        let mut q = read(self.networks.acting.values.forward(self.space.rows(rows, self.space.width)));
        let probabilities = self.behavior_probabilities(rows);
        for (values, probabilities) in q.chunks_exact_mut(actions).zip(probabilities.chunks_exact(actions)) {
            likely_actions(values, probabilities, self.config.threshold);
        }
        q
    }
}

impl<O, R: Encoder<O>> ActionValues<O> for Bcq<R> {
    fn actions(&self) -> usize {
        self.space.actions
    }

    fn action_values(&self, observations: &mut dyn Iterator<Item = &O>, values: &mut Vec<f64>) {
        values.extend(self.row_values(&encode_rows(&self.encoder, observations)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_equal_hand_computation() {
        // G = (0.6, 0.3, 0.1): ratios 1, 0.5, 1/6. Above 0.3 are the first two; of them the selector prefers the second.
        let (value, selector, g) = ([10.0, 20.0, 90.0], [1.0, 2.0, 9.0], [0.6, 0.3, 0.1]);
        let target = |threshold| bcq_target((1.0, 0.5), &value, &mut selector.clone(), &g, threshold);
        assert_eq!(target(0.3), 1.0 + 0.5 * 20.0);
        assert_eq!(target(0.0), 1.0 + 0.5 * 90.0); // double Q-learning
        assert_eq!(target(1.0), 1.0 + 0.5 * 10.0); // the likeliest alone
        assert_eq!(bcq_target((1.0, 0.0), &value, &mut selector.clone(), &g, 0.3), 1.0);
    }

    #[test]
    fn unlikely_actions_are_masked_and_the_likeliest_stays() {
        let mut values = [5.0, 6.0, 7.0];
        likely_actions(&mut values, &[0.5, 0.15, 0.35], 0.3); // 0.15 is 0.3 of 0.5: not above
        assert_eq!(values, [5.0, f64::NEG_INFINITY, 7.0]);
        let mut equal = [1.0, 2.0];
        likely_actions(&mut equal, &[0.5, 0.5], 1.0);
        assert_eq!(equal, [1.0, 2.0]);
    }
}
