//! `OfflineLearner`: what all learners from logs of discrete actions have in common; `train_offline`: the loop.
//!
//! ```text
//! updates times:   batch ~ log;  learner.update(&batch)
//! judged:          EpsilonGreedy::greedy(&learner)  in a rollout;  learner.row_values(rows)  for Fqe
//! ```

use burn::tensor::Tensor;
use rand_chacha::ChaCha8Rng;

use super::log::OfflineLog;
use crate::error::Error;
use crate::replay::ReplayBatch;
use crate::state::Encoder;
use crate::value_learning::argmax;

/// Updates between two readings of the losses: a reading waits for the device.
const LOSS_EVERY: u64 = 100;

/// One loss of one minibatch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LossReading {
    /// The update it belongs to, from 1 on.
    pub update: u64,
    /// Which loss, such as "values" or "policy".
    pub name: &'static str,
    /// Mean over the minibatch.
    pub loss: f32,
}

/// A learner from minibatches of a log.
pub trait OfflineLearner {
    /// Takes one gradient step on a minibatch of the width and actions that the learner was made for.
    fn update(&mut self, batch: &ReplayBatch);

    /// Gradient steps taken.
    fn updates(&self) -> u64;

    /// Every loss of the first update and of every hundredth, in order.
    fn losses(&self) -> &[LossReading];

    /// What the learner acts on greedily: values or log-probabilities; −∞ for an action that it never takes.
    ///
    /// # Shapes
    /// `rows [N, W]` → `[N, A]`
    fn row_values(&self, rows: &[f32]) -> Vec<f64>;
}

/// Lets a learner take gradient steps on minibatches of `batch_size` ≥ 1 transitions drawn uniformly from a log.
///
/// # Errors
/// An empty log, or minibatches of nothing.
pub fn train_offline(
    learner: &mut (impl OfflineLearner + ?Sized),
    log: &OfflineLog,
    updates: u64,
    batch_size: usize,
    rng: &mut ChaCha8Rng,
) -> Result<(), Error> {
    check_minibatches(log.len(), batch_size)?;
    let mut batch = ReplayBatch::default();
    for _ in 0..updates {
        log.sample(batch_size, &mut batch, rng);
        learner.update(&batch);
    }
    Ok(())
}

pub(super) fn check_minibatches(logged: usize, batch_size: usize) -> Result<(), Error> {
    Error::unless(logged >= 1, "log", "transitions", || "there are none; log at least one".to_owned())?;
    Error::unless(batch_size >= 1, "offline", "batch_size", || "must be at least 1".to_owned())
}

/// The greedy policy of values: all probability on the best action of each row, the lowest index among equals.
///
/// # Shapes
/// `values [N, A]` → `[N, A]`
pub fn greedy_probabilities(values: &[f64], actions: usize) -> Vec<f64> {
    let mut probabilities = vec![0.0; values.len()];
    for (row, of) in probabilities.chunks_exact_mut(actions).zip(values.chunks_exact(actions)) {
        row[argmax(of)] = 1.0;
    }
    probabilities
}

/// Rows of observations, beside each other.
pub(super) fn encode_rows<'o, O: 'o, R: Encoder<O>>(
    encoder: &R,
    observations: impl Iterator<Item = &'o O>,
) -> Vec<f32> {
    let (width, mut rows) = (encoder.width(), Vec::new());
    for observation in observations {
        let start = rows.len();
        rows.resize(start + width, 0.0);
        encoder.encode(observation, &mut rows[start..]);
    }
    rows
}

/// Keeps the losses of an update where it is time to read them.
pub(super) fn note<const N: usize>(
    readings: &mut Vec<LossReading>,
    update: u64,
    losses: [(&'static str, Tensor<1>); N],
) {
    if update == 1 || update.is_multiple_of(LOSS_EVERY) {
        let read =
            |(name, loss): (&'static str, Tensor<1>)| LossReading { update, name, loss: loss.into_scalar::<f32>() };
        readings.extend(losses.map(read));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greedy_probabilities_are_on_the_first_of_the_best() {
        let values = [1.0, 3.0, 3.0, f64::NEG_INFINITY, -2.0, -5.0];
        assert_eq!(greedy_probabilities(&values, 3), [0.0, 1.0, 0.0, 0.0, 1.0, 0.0]);
    }
}
