//! One training: rows from disk, shuffled and read ahead, until the validation loss stops falling; then the test file.

use anyhow::{Context, Result, ensure};
use burn::tensor::Device;
use serde::Serialize;
use slatewise_eval::Predictions;
use slatewise_eval::prediction::BinarySummary;
use slatewise_features::{Batch, Prefetch, RowFile};
use slatewise_model::{ModelSpec, MultiTaskModel, Ranker, Trainer, TrainerConfig};

use super::config::CompareConfig;
use crate::seeds::Seeds;

/// Batches that are read ahead.
const AHEAD: usize = 4;
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
    let model = MultiTaskModel::new(spec.clone(), &mut seeds.stream("model"), device)?;
    let rows = config.compare.batch_rows;
    let steps = (parts.train.rows() as usize).div_ceil(rows);
    let balance_seed = seeds.number("balance");
    let trainer = TrainerConfig { balance: balance.clone(), balance_seed, ..config.trainer.clone() };
    let mut trainer = Trainer::new(model, &trainer, steps, device)?;
    let all = parts.train.schema().tasks.len();
    let (mut best, mut best_epoch): (Option<(f64, MultiTaskModel)>, usize) = (None, 0);
    for epoch in 1..=config.trainer.epochs {
        let batches = parts.train.epoch(rows, &mut seeds.stream(&format!("shuffle {epoch}")))?;
        for batch in Prefetch::new(batches, AHEAD)? {
            trainer.step(&only(batch?, tasks, all))?;
        }
        trainer.finish_epoch()?;
        let model = trainer.snapshot();
        let loss: f64 = judge(&model, tasks, all, &parts.validation, device)?.iter().map(|task| task.log_loss).sum();
        if best.as_ref().is_none_or(|(lowest, _)| loss < *lowest) {
            (best, best_epoch) = (Some((loss, model)), epoch);
        } else if epoch - best_epoch >= config.compare.patience {
            break;
        }
    }
    let (_, model) = best.context("no epoch has a validation loss that is a number")?;
    Ok(Outcome { epochs: best_epoch, tasks: judge(&model, tasks, all, &parts.test, device)? })
}

/// The labels of some tasks alone.
fn only(mut batch: Batch, tasks: &[usize], all: usize) -> Batch {
    if tasks.len() < all {
        let keep = |values: &[f32]| -> Vec<f32> {
            values.chunks_exact(all).flat_map(|row| tasks.iter().map(|&task| row[task])).collect()
        };
        batch.labels.value = keep(&batch.labels.value);
        batch.labels.weight = keep(&batch.labels.weight);
    }
    batch
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
