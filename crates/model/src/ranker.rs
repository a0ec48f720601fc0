//! `Ranker`: a model on its inference device, host arrays in and host arrays out.
//!
//! ```text
//! FeatureBatch [B, ...] ──► chunks of 8192 rows ──► upload → model → σ or log-softmax ──► Vec<f32>
//!
//! binary   probabilities [B, T_binary]      row r, task t at r · T_binary + t, tasks as in `binary_tasks()`
//! choice   log-probabilities [B, classes]   row r, item i at r · classes + i
//! ```
//!
//! Chunks bound the memory of the device whatever the size of the batch. No gradient is kept. A prediction depends on
//! its own row only, not on what else stands in the batch.

use crate::error::device_error;
use crate::{Error, ModelSpec, MultiTaskModel, TaskLogits, TaskRows, upload};
use burn::tensor::{Device, Tensor, activation};
use slatewise_data::TaskKind;
use slatewise_features::FeatureBatch;
use std::ops::Range;

/// Rows that go to the device at once.
const CHUNK_ROWS: usize = 8192;

/// A model ready to predict.
#[derive(Debug, Clone)]
pub struct Ranker {
    model: MultiTaskModel,
    device: Device,
    binary: Vec<usize>,
    choice: Vec<usize>,
}

/// Predictions of all tasks for the rows of a batch.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Predictions {
    /// `[B, T]`: probabilities of the binary tasks, columns as in [`Ranker::binary_tasks`].
    pub binary: Vec<f32>,
    /// Per choice task, in the order of [`Ranker::choice_tasks`], `[B, classes]`: log-probabilities.
    pub choice: Vec<Vec<f32>>,
}

impl Ranker {
    /// Takes a model to `device`, for inference.
    pub fn new(model: MultiTaskModel, device: &Device) -> Self {
        let device = device.clone().without_autodiff();
        let (binary, choice) = (model.spec().binary_tasks(), model.spec().choice_tasks());
        Self { model: model.to_device(&device), device, binary, choice }
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

    /// Probabilities of the binary tasks, `[B, T]`, columns as in [`binary_tasks`](Self::binary_tasks).
    ///
    /// # Errors
    /// Where the batch does not fit the model, or the device fails.
    pub fn binary(&self, features: &FeatureBatch) -> Result<Vec<f32>, Error> {
        Ok(self.run(features, &self.binary)?.binary)
    }

    /// Log-probabilities of the items by the choice task of this name, `[B, classes]`.
    ///
    /// # Errors
    /// [`Error::UnknownTask`]; where the batch does not fit the model, or the device fails.
    pub fn choice(&self, task: &str, features: &FeatureBatch) -> Result<Vec<f32>, Error> {
        let task = self.spec().find(task, TaskKind::Choice)?;
        Ok(self.run(features, &[task])?.choice.swap_remove(0))
    }

    /// Predictions of all tasks, the trunk run once.
    ///
    /// # Errors
    /// Where the batch does not fit the model, or the device fails.
    pub fn predict(&self, features: &FeatureBatch) -> Result<Predictions, Error> {
        let all: Vec<usize> = (0..self.spec().tasks.len()).collect();
        self.run(features, &all)
    }

    /// Predictions of the given tasks, chunk by chunk.
    fn run(&self, features: &FeatureBatch, tasks: &[usize]) -> Result<Predictions, Error> {
        let rows: Vec<TaskRows> = (0..self.spec().tasks.len())
            .map(|task| if tasks.contains(&task) { TaskRows::All } else { TaskRows::Nothing })
            .collect();
        let choices = tasks.iter().filter(|task| self.choice.contains(task)).count();
        let mut predictions = Predictions { binary: Vec::new(), choice: vec![Vec::new(); choices] };
        if features.rows <= CHUNK_ROWS {
            self.extend(&mut predictions, features, &rows)?;
        } else {
            for first in (0..features.rows).step_by(CHUNK_ROWS) {
                let chunk = rows_of(features, first..features.rows.min(first + CHUNK_ROWS));
                self.extend(&mut predictions, &chunk, &rows)?;
            }
        }
        Ok(predictions)
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
        Ok(())
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
