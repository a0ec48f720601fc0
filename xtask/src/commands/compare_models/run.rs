//! One training: rows from disk, shuffled and read ahead, until the validation loss stops falling; then the test file.

use anyhow::{Context, Result, ensure};
use burn::tensor::Device;
use serde::Serialize;
use slatewise_eval::Predictions;
use slatewise_eval::prediction::BinarySummary;
use slatewise_features::{Prefetch, RowFile};
use slatewise_model::{ModelSpec, MultiTaskModel, Ranker};

use super::config::CompareConfig;
use crate::commands::early_stopping::{AHEAD, Training, only};
use crate::seeds::Seeds;

/// Rows per batch when nothing is learned.
const EVALUATION_ROWS: usize = 8192;

/// How one training did on the test file, per task of its model.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Outcome {
    pub(super) epochs: usize,
    pub(super) tasks: Vec<TaskOutcome>,
}

/// One task's metrics.
#[derive(Debug, Clone, Serialize)]
pub(super) struct TaskOutcome {
    pub(super) roc_auc: f64,
    pub(super) log_loss: f64,
}

/// The encoded rows of the three parts.
pub(super) struct Parts {
    pub(super) train: RowFile,
    pub(super) validation: RowFile,
    pub(super) test: RowFile,
}

/// Trains a model of this shape and judges it. `tasks` are the columns of the labels that its tasks stand for.
pub(super) fn train_and_judge(
    config: &CompareConfig,
    spec: &ModelSpec,
    balance: &slatewise_model::BalanceConfig,
    tasks: &[usize],
    parts: &Parts,
    seeds: Seeds,
    device: &Device,
) -> Result<Outcome> {
    let rows = config.compare.batch_rows;
    let training = Training {
        trainer: &config.trainer,
        rows: &parts.train,
        batch_rows: rows,
        steps_per_epoch: (parts.train.rows() as usize).div_ceil(rows),
        patience: config.compare.patience,
        seeds,
        device,
    };
    let all = parts.train.schema().tasks.len();
    let loss = |model: &MultiTaskModel| -> Result<f64> {
        Ok(judge(model, tasks, all, &parts.validation, device)?.iter().map(|task| task.log_loss).sum())
    };
    let best = training.run(spec, balance, tasks, || Ok(()), loss)?;
    Ok(Outcome { epochs: best.epoch, tasks: judge(&best.model, tasks, all, &parts.test, device)? })
}

fn judge(
    model: &MultiTaskModel,
    tasks: &[usize],
    all: usize,
    part: &RowFile,
    device: &Device,
) -> Result<Vec<TaskOutcome>> {
    let ranker = Ranker::new(model.clone(), device);
    let mut scores: Vec<(Vec<f32>, Vec<f32>)> = vec![Default::default(); tasks.len()];
    for batch in Prefetch::new(part.in_order(EVALUATION_ROWS)?, AHEAD)? {
        let batch = only(batch?, tasks, all);
        let predicted = ranker.binary(&batch.features)?;
        for (index, (&score, &label)) in predicted.iter().zip(&batch.labels.value).enumerate() {
            if batch.labels.weight[index] > 0.0 {
                let (of_task, labels) = &mut scores[index % tasks.len()];
                of_task.push(score);
                labels.push(label);
            }
        }
    }
    let summaries = scores.iter().map(|(scores, labels)| {
        ensure!(!scores.is_empty(), "a task has no labelled row in a part of the data");
        let summary = BinarySummary::new(&Predictions::new(scores, labels)?);
        let missing = || summary.warnings.join("; ");
        Ok(TaskOutcome {
            roc_auc: summary.roc_auc.with_context(missing)?,
            log_loss: summary.log_loss.with_context(missing)?,
        })
    });
    summaries.collect()
}
