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

/// How many steps' losses wait on the device before they are read: one round trip instead of 64.
const READ_EVERY: usize = 64;

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

/// Losses of the running epoch, the newest still on the device.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LossLog {
    names: Vec<String>,
    loss_weight: Vec<f64>,
    #[serde(skip)]
    waiting: Vec<(Tensor<1>, Vec<f64>)>,
    weighted_loss: Vec<f64>,
    weight: Vec<f64>,
    steps: usize,
    steps_before: usize,
    rows: u64,
}

impl LossLog {
    pub(crate) fn new(spec: &ModelSpec) -> Self {
        let tasks = spec.tasks.len();
        Self {
            names: spec.tasks.iter().map(|task| task.name.clone()).collect(),
            loss_weight: spec.tasks.iter().map(|task| f64::from(task.loss_weight)).collect(),
            waiting: Vec::with_capacity(READ_EVERY),
            weighted_loss: vec![0.0; tasks],
            weight: vec![0.0; tasks],
            steps: 0,
            steps_before: 0,
            rows: 0,
        }
    }

    /// Counts a batch that had nothing to learn.
    pub(crate) fn skip(&mut self, rows: usize) {
        self.rows += rows as u64;
    }

    /// Takes the losses `[T]` of a step, and reads what waits when enough does.
    pub(crate) fn push(&mut self, losses: Tensor<1>, weight_sum: &[f64], rows: usize) -> Result<(), Error> {
        self.waiting.push((losses, weight_sum.to_vec()));
        self.rows += rows as u64;
        if self.waiting.len() == READ_EVERY { self.read() } else { Ok(()) }
    }

    /// Takes what waits from the device.
    pub(crate) fn read(&mut self) -> Result<(), Error> {
        let (losses, weights): (Vec<Tensor<1>>, Vec<Vec<f64>>) = self.waiting.drain(..).unzip();
        if losses.is_empty() {
            return Ok(());
        }
        let data = Tensor::cat(losses, 0).try_into_data().map_err(device_error)?;
        let losses: Vec<f32> = data.iter::<f32>().collect();
        for (losses, weights) in losses.chunks_exact(self.names.len()).zip(&weights) {
            for (task, (&loss, &weight)) in losses.iter().zip(weights).enumerate() {
                if !loss.is_finite() {
                    let step = self.steps_before + self.steps;
                    return Err(Error::NonFiniteLoss { step, task: self.names[task].clone(), value: loss });
                }
                self.weighted_loss[task] += weight * f64::from(loss);
                self.weight[task] += weight;
            }
            self.steps += 1;
        }
        Ok(())
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
        self.steps_before += self.steps;
        (self.steps, self.rows) = (0, 0);
        self.weighted_loss.fill(0.0);
        self.weight.fill(0.0);
        Ok(epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn log() -> LossLog {
        LossLog {
            names: vec!["click".into(), "next".into(), "silent".into()],
            loss_weight: vec![1.0, 2.0, 1.0],
            waiting: vec![],
            weighted_loss: vec![0.0; 3],
            weight: vec![0.0; 3],
            steps: 0,
            steps_before: 0,
            rows: 0,
        }
    }

    fn losses(values: [f32; 3]) -> Tensor<1> {
        Tensor::from_data(values, &Device::flex())
    }

    #[test]
    fn means_are_over_rows_and_not_over_batches() -> Result<(), Error> {
        let mut log = log();
        log.push(losses([1.0, 4.0, 0.0]), &[30.0, 1.0, 0.0], 30)?;
        log.push(losses([2.0, 0.0, 0.0]), &[10.0, 0.0, 0.0], 10)?;
        log.skip(5);
        let epoch = log.finish()?;
        let means: Vec<Option<f64>> = epoch.tasks.iter().map(|task| task.mean).collect();
        assert_eq!(means, [Some(1.25), Some(4.0), None]);
        assert_eq!((epoch.steps, epoch.rows, epoch.total), (2, 45, 1.25 + 2.0 * 4.0));
        assert_eq!(log.finish()?.rows, 0, "the next epoch starts empty");
        Ok(())
    }

    #[test]
    fn a_loss_that_is_not_finite_names_step_and_task() -> Result<(), Error> {
        let mut log = log();
        log.push(losses([1.0, 1.0, 0.0]), &[1.0; 3], 1)?;
        log.finish()?;
        for step in 0..READ_EVERY {
            let second = if step == 3 { f32::NAN } else { 1.0 };
            let read = log.push(losses([1.0, second, 0.0]), &[1.0; 3], 1);
            let message = read.err().map(|error| error.to_string());
            let expected = (step == READ_EVERY - 1).then_some("step 4: the loss of task `next` is NaN");
            assert_eq!(message.as_deref().and_then(|message| message.split(": lower").next()), expected);
        }
        Ok(())
    }
}
