//! Stages 2 and 3: features fitted on train rows, then the multi-task model, epoch by epoch.
//!
//! The loop is here, with the caller: the trainer takes steps, the validation sessions judge each epoch, and the weights of the best one are kept. Train rows come from disk, prepared ahead on another thread (`rows.rs`).

use std::ops::Range;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use slatewise_features::{EpochPosition, FeatureEncoder, Prefetch, RowFile, Source};
use slatewise_model::{EpochLosses, Ranker, Trainer, TrainerConfig};

use super::data::Data;
use super::evaluate::{TaskResult, judge_tasks};
use super::keeping::{Keeping, Progress};
use crate::commands::early_stopping::AHEAD;
use crate::config::RunConfig;
use crate::console::Console;
use crate::device::Chosen;
use crate::seeds::Seeds;

/// One epoch: what it cost on train rows, and how it did on validation rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Epoch {
    pub(super) epoch: usize,
    pub(super) train: EpochLosses,
    pub(super) validation: Vec<TaskResult>,
    /// Σ loss weight · validation loss: what early stopping looks at.
    pub(super) validation_loss: f64,
}

/// A fitted encoder, the best epoch's model, and how training went.
pub(super) struct Fitted {
    pub(super) encoder: FeatureEncoder,
    pub(super) ranker: Ranker,
    pub(super) epochs: Vec<Epoch>,
    pub(super) best_epoch: usize,
}

/// Fits the declared features on train rows.
pub(super) fn fit_features(config: &RunConfig, data: &Data, console: Console) -> Result<FeatureEncoder> {
    console.stage("2/6  Features: fitted on train rows only");
    let encoder = FeatureEncoder::fit(&config.features, &data.loaded.log, data.split.train.clone())?;
    for feature in encoder.summary() {
        console.line(format!("{:<20} {:<12} {}", feature.name, feature.kind, feature.detail));
    }
    console.line(format!("fitted on {} train impressions", encoder.train_rows()));
    Ok(encoder)
}

/// Trains until the epochs are used up or the validation loss stops falling; goes on where a checkpoint was left.
pub(super) fn train(
    config: &RunConfig,
    data: &Data,
    encoder: FeatureEncoder,
    rows: &RowFile,
    chosen: &Chosen,
    keeping: &Keeping,
    console: Console,
) -> Result<Fitted> {
    console.stage("3/6  Model: one shared trunk, a head per task");
    let seeds = Seeds(config.seed);
    let log = &data.loaded.log;
    let source = Source { log, encoder: &encoder, tasks: &data.tasks };
    let saved_encoder = serde_json::to_value(&encoder).context("the encoder as JSON")?;
    let steps = steps_per_epoch(config, data);
    let (mut trainer, mut progress) = match keeping.resume(&chosen.device, console)? {
        Some(resumed) => resumed,
        None => {
            let shapes = config.task_shapes(log.catalogue.len())?;
            let model = config.model.init(&encoder.layout(), &shapes, &mut seeds.stream("model"), &chosen.device)?;
            let trainer = TrainerConfig { balance_seed: seeds.number("balance"), ..config.trainer.clone() };
            let trainer = Trainer::new(model, &trainer, steps, &chosen.device)?;
            (trainer, Progress { epoch: 1, ..Progress::default() })
        }
    };
    while !progress.finished {
        let epoch = progress.epoch;
        let begun = rows.epoch(config.loader.batch_rows, &mut seeds.stream(&format!("shuffle {epoch}")))?.position();
        let batches = rows.resume(progress.position(begun))?;
        let bar = console.bar(&format!("epoch {epoch} of {}", config.trainer.epochs), steps as u64);
        bar.advance(progress.batches as u64);
        for batch in Prefetch::new(batches.with_positions(), AHEAD)? {
            let (batch, behind) = batch?;
            trainer.step(&batch)?;
            progress.pass(&behind);
            keeping.after_step(&mut trainer, &saved_encoder, &progress)?;
            bar.advance(1);
        }
        let train = trainer.finish_epoch()?;
        let seconds = bar.finish().as_secs_f64();
        let model = trainer.snapshot();
        let validation = judge_tasks(source, data.split.validation.clone(), &Ranker::new(model, &chosen.device))?;
        let epoch = Epoch { epoch, train, validation_loss: weighted_loss(config, &validation), validation };
        console.line(epoch_line(&epoch, seconds));
        if progress.push(epoch, config) {
            keeping.save_best(progress.epoch - 1, &trainer.snapshot())?;
        }
        keeping.save(&mut trainer, &saved_encoder, &progress)?;
    }
    let (best_epoch, _) = progress.best.context("no epoch has a validation loss that is a number")?;
    let model = keeping.load_best(best_epoch, &chosen.device)?;
    console.line(format!("kept the weights of epoch {best_epoch}, the lowest validation loss"));
    Ok(Fitted { ranker: Ranker::new(model, &chosen.device), encoder, epochs: progress.epochs, best_epoch })
}

impl Progress {
    /// Where the epoch goes on that begins there.
    fn position(&self, begun: EpochPosition) -> EpochPosition {
        let Self { batches, window, window_row, .. } = *self;
        EpochPosition { batches_done: batches as u64, window, window_row, ..begun }
    }

    /// Counts a batch that was learned from.
    fn pass(&mut self, behind: &EpochPosition) {
        self.batches = behind.batches_done as usize;
        (self.window, self.window_row) = (behind.window, behind.window_row);
    }

    /// Adds an epoch and turns to the next; true when it is the best so far.
    fn push(&mut self, epoch: Epoch, config: &RunConfig) -> bool {
        let (number, loss) = (epoch.epoch, epoch.validation_loss);
        self.epochs.push(epoch);
        (self.epoch, self.batches, self.window, self.window_row) = (number + 1, 0, 0, 0);
        let better = self.best.is_none_or(|(_, best)| loss < best);
        if better {
            self.best = Some((number, loss));
        }
        let stale = self.best.is_some_and(|(best, _)| number - best >= config.evaluation.patience);
        self.finished = stale || number >= config.trainer.epochs;
        better
    }
}

/// Steps of an epoch, in expectation over which unclicked rows are kept.
pub(super) fn steps_per_epoch(config: &RunConfig, data: &Data) -> usize {
    (rows_drawn(config, data, &data.split.train) / config.loader.batch_rows as f64).ceil() as usize
}

/// Rows that a training pass over some sessions draws, in expectation over which unclicked rows are kept.
pub(super) fn rows_drawn(config: &RunConfig, data: &Data, sessions: &Range<u32>) -> f64 {
    let log = &data.loaded.log;
    let (rows, clicked) = (log.impressions_in(sessions).len(), log.slates_in(sessions).len());
    clicked as f64 + (rows - clicked) as f64 * config.loader.unclicked_rate
}

fn weighted_loss(config: &RunConfig, results: &[TaskResult]) -> f64 {
    config
        .tasks
        .iter()
        .zip(results)
        .map(|(task, result)| f64::from(task.loss_weight) * result.loss.unwrap_or(0.0))
        .sum()
}

fn epoch_line(epoch: &Epoch, seconds: f64) -> String {
    let mut text = format!("epoch {:<2} {seconds:>5.1} s  loss train/validation", epoch.epoch);
    for (train, validation) in epoch.train.tasks.iter().zip(&epoch.validation) {
        let number = |x: Option<f64>| x.map_or_else(|| "–".to_owned(), |x| format!("{x:.4}"));
        text += &format!("\n   {:<14} {} / {}", train.task, number(train.mean), number(validation.loss));
        if let Some(auc) = validation.auc() {
            text += &format!("   AUC {auc:.4}");
        }
    }
    text
}
