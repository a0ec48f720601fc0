//! `Ranker`: a model on its inference device, host arrays in and host arrays out.
//!
//! ```text
//! FeatureBatch [B, ...] ──► chunks of rows ──► upload → model → σ or log-softmax ──► Vec<f32>
//!
//! binary          probabilities [B, T_binary]      row r, task t at r · T_binary + t, tasks as in `binary_tasks()`
//! choice          log-probabilities [B, classes]   row r, item i at r · classes + i
//! values          [B], in the label's unit         regression, watch time, expected level, score within a slate
//! probabilities   [B, classes]                     levels of an ordinal, classes of a multi-class task
//! ```
//!
//! A binary task that comes `after` another is predicted over the entire space: P(click and buy), not P(buy given click).
//! [`Ranker::conditional`] gives the latter.
//!
//! Chunks bound the memory of the device whatever the size of the batch; on the CPU they are small, so that they run side
//! by side, and depend on the batch's rows alone, not on the number of threads. No gradient is kept. A prediction depends on
//! its own row only, not on what else stands in the batch.

use crate::batch_parts::{divide, side_by_side};
use crate::error::device_error;
use crate::prediction::over_the_chain;
use crate::{Error, ModelSpec, MultiTaskModel, TaskLogits, TaskRows, upload};
use burn::tensor::{Device, Tensor, activation};
use slatewise_features::FeatureBatch;
use std::ops::Range;

/// Most rows that go to a GPU at once.
const CHUNK_ROWS: usize = 8192;

/// Most rows of a chunk on the CPU, in a batch of more than [`SMALL_BATCH`] rows.
const CPU_CHUNK_ROWS: usize = 256;

/// Most rows of a chunk on the CPU in a smaller batch, where it is more to have a chunk for every thread.
const SMALL_CHUNK_ROWS: usize = 64;

/// Rows of a batch that is still small.
const SMALL_BATCH: usize = 512;

/// A model ready to predict.
#[derive(Debug, Clone)]
pub struct Ranker {
    model: MultiTaskModel,
    device: Device,
    binary: Vec<usize>,
    choice: Vec<usize>,
    value: Vec<usize>,
    classified: Vec<usize>,
    chains: Vec<(usize, Vec<usize>)>,
}

/// Predictions of all tasks for the rows of a batch.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Predictions {
    /// `[B, T]`: probabilities of the binary tasks, columns as in [`Ranker::binary_tasks`]; of one that comes `after`
    /// another, the probability that both happen.
    pub binary: Vec<f32>,
    /// Per choice task, in the order of [`Ranker::choice_tasks`], `[B, classes]`: log-probabilities.
    pub choice: Vec<Vec<f32>>,
    /// Per task of [`Ranker::value_tasks`], `[B]`, in the label's unit: a regression's mean or quantile, seconds watched, the
    /// expected level of an ordinal (from 0), the score of a row within its slate
    /// ([`slate_probabilities`](crate::slate_probabilities) takes it from there).
    pub values: Vec<Vec<f32>>,
    /// Per task of [`Ranker::probability_tasks`], `[B, classes]`: probability of each level or class.
    pub probabilities: Vec<Vec<f32>>,
}

impl Ranker {
    /// Takes a model to `device`, for inference.
    pub fn new(model: MultiTaskModel, device: &Device) -> Self {
        let device = device.clone().without_autodiff();
        let spec = model.spec();
        Self {
            binary: spec.binary_tasks(),
            choice: spec.choice_tasks(),
            value: spec.indices(|task| task.head.has_value()),
            classified: spec.indices(|task| task.head.has_probabilities()),
            chains: spec.chained_columns(),
            model: model.to_device(&device),
            device,
        }
    }

    /// The model.
    pub fn model(&self) -> &MultiTaskModel {
        &self.model
    }

    /// Shapes and tasks of the model.
    pub fn spec(&self) -> &ModelSpec {
        self.model.spec()
    }

    /// Column of [`binary`](Self::binary) → index in [`ModelSpec::tasks`].
    pub fn binary_tasks(&self) -> &[usize] {
        &self.binary
    }

    /// Element of [`Predictions::choice`] → index in [`ModelSpec::tasks`].
    pub fn choice_tasks(&self) -> &[usize] {
        &self.choice
    }

    /// Element of [`Predictions::values`] → index in [`ModelSpec::tasks`].
    pub fn value_tasks(&self) -> &[usize] {
        &self.value
    }

    /// Element of [`Predictions::probabilities`] → index in [`ModelSpec::tasks`].
    pub fn probability_tasks(&self) -> &[usize] {
        &self.classified
    }

    /// Probabilities of the binary tasks, `[B, T]`, columns as in [`binary_tasks`](Self::binary_tasks); of one that comes
    /// `after` another, the probability that both happen.
    ///
    /// # Errors
    /// Where the batch does not fit the model, or the device fails.
    pub fn binary(&self, features: &FeatureBatch) -> Result<Vec<f32>, Error> {
        let mut probability = self.conditional(features)?;
        over_the_chain(&mut probability, &self.chains, self.binary.len());
        Ok(probability)
    }

    /// As [`binary`](Self::binary), but of a task that comes `after` another the probability given that the other
    /// happened: σ of its own logit.
    ///
    /// # Errors
    /// As [`binary`](Self::binary).
    pub fn conditional(&self, features: &FeatureBatch) -> Result<Vec<f32>, Error> {
        Ok(self.run(features, &self.binary)?.binary)
    }

    /// Predictions `[B]` in the label's unit by the regression, watch time, ordinal or slate task of this name.
    ///
    /// # Errors
    /// [`Error::UnknownTask`]; where the batch does not fit the model, or the device fails.
    pub fn values(&self, task: &str, features: &FeatureBatch) -> Result<Vec<f32>, Error> {
        let task = self.spec().find(task, "regression, watch time, ordinal or slate", &self.value)?;
        Ok(self.run(features, &[task])?.values.swap_remove(0))
    }

    /// Probabilities `[B, classes]` of the levels or classes by the ordinal or multi-class task of this name.
    ///
    /// # Errors
    /// [`Error::UnknownTask`]; where the batch does not fit the model, or the device fails.
    pub fn probabilities(&self, task: &str, features: &FeatureBatch) -> Result<Vec<f32>, Error> {
        let task = self.spec().find(task, "ordinal or multi-class", &self.classified)?;
        Ok(self.run(features, &[task])?.probabilities.swap_remove(0))
    }

    /// Log-probabilities of the items by the choice task of this name, `[B, classes]`.
    ///
    /// # Errors
    /// [`Error::UnknownTask`]; where the batch does not fit the model, or the device fails.
    pub fn choice(&self, task: &str, features: &FeatureBatch) -> Result<Vec<f32>, Error> {
        let task = self.spec().find(task, "choice", &self.choice)?;
        Ok(self.run(features, &[task])?.choice.swap_remove(0))
    }

    /// Predictions of all tasks, the trunk run once.
    ///
    /// # Errors
    /// Where the batch does not fit the model, or the device fails.
    pub fn predict(&self, features: &FeatureBatch) -> Result<Predictions, Error> {
        let all: Vec<usize> = (0..self.spec().tasks.len()).collect();
        let mut predictions = self.run(features, &all)?;
        over_the_chain(&mut predictions.binary, &self.chains, self.binary.len());
        Ok(predictions)
    }

    /// Predictions of the given tasks, chunk by chunk; binary ones by their own logits.
    fn run(&self, features: &FeatureBatch, tasks: &[usize]) -> Result<Predictions, Error> {
        let rows: Vec<TaskRows> = (0..self.spec().tasks.len())
            .map(|task| if tasks.contains(&task) { TaskRows::All } else { TaskRows::Nothing })
            .collect();
        let empty = |of_kind: &[usize]| vec![Vec::new(); tasks.iter().filter(|task| of_kind.contains(task)).count()];
        let mut predictions = Predictions {
            binary: Vec::new(),
            choice: empty(&self.choice),
            values: empty(&self.value),
            probabilities: empty(&self.classified),
        };
        let chunks = self.chunks(features.rows);
        if chunks.len() == 1 {
            self.extend(&mut predictions, features, &rows)?;
            return Ok(predictions);
        }
        let run = |chunk| {
            let mut of_chunk = predictions.clone();
            self.extend(&mut of_chunk, &rows_of(features, chunk), &rows).map(|()| of_chunk)
        };
        let of_chunks =
            if self.on_cpu() { side_by_side(chunks, run) } else { chunks.into_iter().map(run).collect::<Vec<_>>() };
        for of_chunk in of_chunks {
            predictions.append(of_chunk?);
        }
        Ok(predictions)
    }

    fn on_cpu(&self) -> bool {
        self.device == Device::flex()
    }

    fn chunks(&self, rows: usize) -> Vec<Range<usize>> {
        let most = match self.on_cpu() {
            true if rows <= SMALL_BATCH => SMALL_CHUNK_ROWS,
            true => CPU_CHUNK_ROWS,
            false => CHUNK_ROWS,
        };
        divide(rows, most)
    }

    fn extend(&self, predictions: &mut Predictions, features: &FeatureBatch, rows: &[TaskRows]) -> Result<(), Error> {
        if features.rows == 0 {
            return Ok(());
        }
        let (features, _) = upload(features, None, &self.model, &self.device)?;
        let TaskLogits(mut logits) = self.model.forward(&features, rows);
        let binary: Vec<Tensor<2>> = self.binary.iter().filter_map(|&task| logits[task].take()).collect();
        if !binary.is_empty() {
            append(&mut predictions.binary, activation::sigmoid(Tensor::cat(binary, 1)))?;
        }
        let choice = self.choice.iter().filter_map(|&task| logits[task].take());
        for (logits, out) in choice.zip(&mut predictions.choice) {
            append(out, activation::log_softmax(logits, 1))?;
        }
        let (mut values, mut probabilities) = (predictions.values.iter_mut(), predictions.probabilities.iter_mut());
        for (task, logits) in logits.into_iter().enumerate() {
            let (Some(logits), head) = (logits, self.spec().tasks[task].head) else { continue };
            let mut probabilities = probabilities.by_ref().take(usize::from(head.has_probabilities()));
            if !head.has_value() {
                probabilities.try_for_each(|out| append(out, activation::softmax(logits.clone(), 1)))?;
                continue;
            }
            let mut of_head = Vec::new();
            append(&mut of_head, logits)?;
            values.by_ref().take(1).for_each(|out| out.extend(head.values(&of_head)));
            probabilities.for_each(|out| out.extend(head.level_probabilities(&of_head)));
        }
        Ok(())
    }
}

impl Predictions {
    /// Adds the predictions for the rows that follow.
    fn append(&mut self, mut next: Self) {
        self.binary.append(&mut next.binary);
        let groups = [(&mut self.choice, next.choice), (&mut self.values, next.values)];
        for (all, next) in groups.into_iter().chain([(&mut self.probabilities, next.probabilities)]) {
            all.iter_mut().zip(next).for_each(|(all, mut next)| all.append(&mut next));
        }
    }
}

/// Consecutive rows of a batch.
fn rows_of(features: &FeatureBatch, rows: Range<usize>) -> FeatureBatch {
    let (fields, dense) = (features.ids.len() / features.rows, features.dense.len() / features.rows);
    FeatureBatch {
        rows: rows.len(),
        ids: features.ids[rows.start * fields..rows.end * fields].to_vec(),
        dense: features.dense[rows.start * dense..rows.end * dense].to_vec(),
    }
}

/// Reads a device tensor and appends its values, row by row.
fn append(values: &mut Vec<f32>, tensor: Tensor<2>) -> Result<(), Error> {
    let data = tensor.try_into_data().map_err(device_error)?;
    match data.as_slice::<f32>() {
        Ok(slice) => values.extend_from_slice(slice),
        Err(_) => values.extend(data.iter::<f32>()),
    }
    Ok(())
}
