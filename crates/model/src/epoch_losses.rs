//! `EpochLosses`: the mean loss of each task over an epoch, and the log it is computed from.
//!
//! ```text
//! step s:   Lₖ(s) on the device [T],   Wₖ(s) = sum of the batch's weights of task k
//! epoch:    Lₖ = Σₛ Wₖ(s) Lₖ(s) / Σₛ Wₖ(s)       in f64: the mean over all labelled rows, whatever the batches
//! ```

use crate::error::device_error;
use crate::{Error, ModelSpec};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How many steps' losses wait on a device that is slow to answer before they are read: one round trip instead of 64.
const READ_EVERY: usize = 64;

/// Where a training stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchPlace {
    /// Epoch, from 1.
    pub epoch: usize,
    /// Batch of the epoch, from 1; those without labels count too.
    pub batch: usize,
    /// The optimiser's step that the batch is for, from 1 over the whole run.
    pub step: usize,
}

impl fmt::Display for BatchPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch {}, batch {} (step {})", self.epoch, self.batch, self.step)
    }
}

/// What an epoch of training cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochLosses {
    /// Steps of the optimiser.
    pub steps: usize,
    /// Rows seen.
    pub rows: u64,
    /// Σ loss weight · mean loss over the tasks that had labels.
    pub total: f64,
    /// Per task, in task order.
    pub tasks: Vec<TaskLoss>,
}

/// The loss of one task over an epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskLoss {
    /// Name of the task.
    pub task: String,
    /// Weighted mean over the rows whose label counts, `None` where there was none: nats for a cross-entropy, the label's (transformed)
    /// units or their square for a regression.
    pub mean: Option<f64>,
    /// Sum of the labels' weights.
    pub weight: f64,
}

/// Losses of the running epoch, the newest perhaps still on the device.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LossLog {
    names: Vec<String>,
    loss_weight: Vec<f64>,
    /// Above it a task's loss on a batch is an error; a setting of the trainer, which is saved elsewhere.
    #[serde(skip)]
    max_loss: Option<f64>,
    #[serde(skip)]
    waiting: Vec<Waiting>,
    weighted_loss: Vec<f64>,
    weight: Vec<f64>,
    steps: usize,
    rows: u64,
    epochs_before: usize,
    /// Batches of the epoch that were begun.
    batches: usize,
}

/// Losses `[T]` of a step that are still on the device.
#[derive(Debug, Clone)]
struct Waiting {
    losses: Tensor<1>,
    weight_sum: Vec<f64>,
    place: BatchPlace,
}

impl LossLog {
    pub(crate) fn new(spec: &ModelSpec, max_loss: Option<f64>) -> Self {
        let tasks = spec.tasks.len();
        Self {
            names: spec.tasks.iter().map(|task| task.name.clone()).collect(),
            loss_weight: spec.tasks.iter().map(|task| f64::from(task.loss_weight)).collect(),
            max_loss,
            waiting: Vec::new(),
            weighted_loss: vec![0.0; tasks],
            weight: vec![0.0; tasks],
            steps: 0,
            rows: 0,
            epochs_before: 0,
            batches: 0,
        }
    }

    /// Goes on with a log that was saved, under the limit of this one.
    pub(crate) fn take_up(&mut self, saved: Self) {
        *self = Self { max_loss: self.max_loss, ..saved };
    }

    /// Begins a batch, which is for the `step`-th step.
    pub(crate) fn begin(&mut self, step: usize) -> BatchPlace {
        self.batches += 1;
        BatchPlace { epoch: self.epochs_before + 1, batch: self.batches, step }
    }

    /// Counts a batch that had nothing to learn.
    pub(crate) fn skip(&mut self, rows: usize) {
        self.rows += rows as u64;
    }

    /// Refuses losses `[T]` of a step that are not finite or above the limit.
    pub(crate) fn check(&self, losses: &[f32]) -> Result<(), Error> {
        let max_loss = self.max_loss.unwrap_or(f64::INFINITY);
        for (task, &value) in self.names.iter().zip(losses) {
            if !value.is_finite() {
                return Err(Error::NonFiniteLoss { task: task.clone(), value });
            }
            if f64::from(value) > max_loss {
                return Err(Error::LossTooLarge { task: task.clone(), value, max_loss });
            }
        }
        Ok(())
    }

    /// Takes the losses `[T]` of a step that passed [`check`](Self::check).
    pub(crate) fn record(&mut self, losses: &[f32], weight_sum: &[f64], rows: usize) {
        self.rows += rows as u64;
        self.add(losses, weight_sum);
    }

    /// Takes the losses `[T]` of a step from the device, and reads and checks what waits when enough does.
    pub(crate) fn push(
        &mut self,
        losses: Tensor<1>,
        weight_sum: &[f64],
        rows: usize,
        place: BatchPlace,
    ) -> Result<(), Error> {
        self.waiting.push(Waiting { losses, weight_sum: weight_sum.to_vec(), place });
        self.rows += rows as u64;
        if self.waiting.len() == READ_EVERY { self.read() } else { Ok(()) }
    }

    /// Takes what waits from the device.
    pub(crate) fn read(&mut self) -> Result<(), Error> {
        let waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() {
            return Ok(());
        }
        let losses = waiting.iter().map(|step| step.losses.clone()).collect();
        let data = Tensor::cat(losses, 0).try_into_data().map_err(device_error)?;
        let losses: Vec<f32> = data.iter::<f32>().collect();
        for (losses, step) in losses.chunks_exact(self.names.len()).zip(&waiting) {
            self.check(losses).map_err(|error| error.at(step.place))?;
            self.add(losses, &step.weight_sum);
        }
        Ok(())
    }

    fn add(&mut self, losses: &[f32], weight_sum: &[f64]) {
        for (task, (&loss, &weight)) in losses.iter().zip(weight_sum).enumerate() {
            self.weighted_loss[task] += weight * f64::from(loss);
            self.weight[task] += weight;
        }
        self.steps += 1;
    }

    /// Closes the epoch and starts the next.
    pub(crate) fn finish(&mut self) -> Result<EpochLosses, Error> {
        self.read()?;
        let tasks = self.names.iter().zip(self.weighted_loss.iter().zip(&self.weight));
        let tasks: Vec<TaskLoss> = tasks
            .map(|(name, (&loss, &weight))| {
                let mean = (weight > 0.0).then(|| loss / weight);
                TaskLoss { task: name.clone(), mean, weight }
            })
            .collect();
        let total = tasks.iter().zip(&self.loss_weight).filter_map(|(task, &weight)| Some(weight * task.mean?)).sum();
        let epoch = EpochLosses { steps: self.steps, rows: self.rows, total, tasks };
        self.epochs_before += 1;
        (self.steps, self.rows, self.batches) = (0, 0, 0);
        self.weighted_loss.fill(0.0);
        self.weight.fill(0.0);
        Ok(epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn log(max_loss: Option<f64>) -> LossLog {
        LossLog {
            names: vec!["click".into(), "next".into(), "silent".into()],
            loss_weight: vec![1.0, 2.0, 1.0],
            max_loss,
            waiting: vec![],
            weighted_loss: vec![0.0; 3],
            weight: vec![0.0; 3],
            steps: 0,
            rows: 0,
            epochs_before: 0,
            batches: 0,
        }
    }

    fn push(log: &mut LossLog, step: usize, losses: [f32; 3], weight_sum: [f64; 3], rows: usize) -> Result<(), Error> {
        let place = log.begin(step);
        log.push(Tensor::from_data(losses, &Device::flex()), &weight_sum, rows, place)
    }

    #[test]
    fn means_are_over_rows_and_not_over_batches() -> Result<(), Error> {
        let (mut waited, mut told) = (log(None), log(None));
        for (step, (losses, weights, rows)) in
            [([1.0, 4.0, 0.0], [30.0, 1.0, 0.0], 30), ([2.0, 0.0, 0.0], [10.0, 0.0, 0.0], 10)].into_iter().enumerate()
        {
            push(&mut waited, step + 1, losses, weights, rows)?;
            told.record(&losses, &weights, rows);
        }
        waited.skip(5);
        told.skip(5);
        let epoch = waited.finish()?;
        let means: Vec<Option<f64>> = epoch.tasks.iter().map(|task| task.mean).collect();
        assert_eq!(means, [Some(1.25), Some(4.0), None]);
        assert_eq!((epoch.steps, epoch.rows, epoch.total), (2, 45, 1.25 + 2.0 * 4.0));
        assert_eq!(told.finish()?, epoch, "read at every step or in blocks");
        assert_eq!(waited.finish()?.rows, 0, "the next epoch starts empty");
        Ok(())
    }

    /// One step in the first epoch; in the second, batch 1 has no labels, so that batch 5 is the fifth step of all.
    #[test]
    fn what_is_read_late_names_the_batch_and_the_task() -> Result<(), Error> {
        let place = "epoch 2, batch 5 (step 5): the loss of task `next` is ";
        for (loss, problem) in [(f32::NAN, "NaN: lower "), (f32::INFINITY, "inf: lower "), (7.5, "7.5, above ")] {
            let mut log = log(Some(7.0));
            push(&mut log, 1, [1.0, 7.0, 0.0], [1.0; 3], 1)?;
            log.finish()?;
            log.begin(2);
            log.skip(1);
            for step in 0..READ_EVERY {
                let second = if step == 3 { loss } else { 1.0 };
                let read = push(&mut log, step + 2, [1.0, second, 0.0], [1.0; 3], 1);
                let message = read.err().map(|error| error.to_string()).unwrap_or_default();
                let expected = if step == READ_EVERY - 1 { format!("{place}{problem}") } else { String::new() };
                assert!(message.starts_with(&expected) && message.is_empty() == expected.is_empty(), "{message}");
            }
        }
        Ok(())
    }
}
