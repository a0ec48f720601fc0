//! A training that is not kept: passes over a row file until the validation loss stops falling, and the best epoch's model.
//!
//! `compare-models` trains every model so, and `train` the single-task twins; both mean the same by a twin.

use anyhow::{Context, Result};
use burn::tensor::Device;
use slatewise_features::{Batch, Prefetch, RowFile};
use slatewise_model::{BalanceConfig, ModelSpec, MultiTaskModel, Trainer, TrainerConfig};

use crate::seeds::Seeds;

/// Batches that are read ahead.
pub(crate) const AHEAD: usize = 4;

/// What is passed over, and when to stop.
#[derive(Clone, Copy)]
pub(crate) struct Training<'a> {
    pub(crate) trainer: &'a TrainerConfig,
    pub(crate) rows: &'a RowFile,
    pub(crate) batch_rows: usize,
    /// Steps of an epoch, for the schedule.
    pub(crate) steps_per_epoch: usize,
    /// Epochs without a better validation loss after which training stops.
    pub(crate) patience: usize,
    pub(crate) seeds: Seeds,
    pub(crate) device: &'a Device,
}

/// The best epoch's model.
pub(crate) struct Best {
    pub(crate) model: MultiTaskModel,
    /// From 1.
    pub(crate) epoch: usize,
}

impl Training<'_> {
    /// Trains a model of this shape. `tasks` are the columns of the labels that its tasks stand for; `loss` is the
    /// validation loss of a model; `before_step` may end the training by an error.
    pub(crate) fn run(
        &self,
        spec: &ModelSpec,
        balance: &BalanceConfig,
        tasks: &[usize],
        mut before_step: impl FnMut() -> Result<()>,
        mut loss: impl FnMut(&MultiTaskModel) -> Result<f64>,
    ) -> Result<Best> {
        let Self { seeds, device, .. } = *self;
        let model = MultiTaskModel::new(spec.clone(), &mut seeds.stream("model"), device)?;
        let balance_seed = seeds.number("balance");
        let trainer = TrainerConfig { balance: balance.clone(), balance_seed, ..self.trainer.clone() };
        let mut trainer = Trainer::new(model, &trainer, self.steps_per_epoch, device)?;
        let all = self.rows.schema().tasks.len();
        let mut best: Option<(f64, Best)> = None;
        for epoch in 1..=self.trainer.epochs {
            let batches = self.rows.epoch(self.batch_rows, &mut seeds.stream(&format!("shuffle {epoch}")))?;
            for batch in Prefetch::new(batches, AHEAD)? {
                before_step()?;
                trainer.step(&only(batch?, tasks, all))?;
            }
            trainer.finish_epoch()?;
            let model = trainer.snapshot();
            let loss = loss(&model)?;
            match &best {
                Some((lowest, earlier)) if loss >= *lowest || loss.is_nan() => {
                    if epoch - earlier.epoch >= self.patience {
                        break;
                    }
                }
                _ => best = Some((loss, Best { model, epoch })),
            }
        }
        let (loss, best) = best.context("there is no epoch")?;
        anyhow::ensure!(loss.is_finite(), "no epoch has a validation loss that is a number");
        Ok(best)
    }
}

/// The labels of some tasks alone, of `all`.
pub(crate) fn only(mut batch: Batch, tasks: &[usize], all: usize) -> Batch {
    if tasks.len() < all {
        batch.labels = batch.labels.select(tasks, all);
    }
    batch
}
