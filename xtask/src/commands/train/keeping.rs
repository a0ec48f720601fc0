//! Keeping a training: checkpoints on the way, the best epoch's weights, and a stop that loses nothing.
//!
//! ```text
//! training/step-00001200/   model, optimiser, counters, and this file's `Progress`
//! training/best-0003/       the weights of the best epoch so far
//! ```

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use slatewise_model::{Checkpoint, MultiTaskModel, Trainer, TrainingDirectory};

use super::fit::Epoch;
use crate::console::Console;
use crate::run_dir::RunDir;

/// A training that was asked to stop, after it had written a checkpoint.
#[derive(Debug, thiserror::Error)]
#[error("stopped at {place}; go on with: cargo xtask train --resume {}", partial.display())]
pub(crate) struct Interrupted {
    place: String,
    partial: PathBuf,
}

/// Where a training stands, as the caller of the trainer knows it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Progress {
    /// The epoch that runs, from 1.
    pub(super) epoch: usize,
    /// Batches of it that were trained on.
    pub(super) batches: usize,
    /// The window of the row file that the next batch begins in, and how many of its rows were given out.
    pub(super) window: usize,
    pub(super) window_row: usize,
    /// Whether training is over.
    pub(super) finished: bool,
    /// The best epoch so far, and its validation loss.
    pub(super) best: Option<(usize, f64)>,
    /// The epochs that are over.
    pub(super) epochs: Vec<Epoch>,
}

/// The training's directory, and whether to stop.
pub(super) struct Keeping {
    directory: TrainingDirectory,
    partial: PathBuf,
    training: PathBuf,
    every: Duration,
    saved: Cell<Instant>,
    stop: Arc<AtomicBool>,
    /// While set, a signal ends the process as it does by default.
    idle: Arc<AtomicBool>,
}

impl Keeping {
    /// Locks the run's training directory and listens for Ctrl-C and SIGTERM until it is dropped.
    pub(super) fn new(run: &RunDir, every_seconds: u64) -> Result<Self> {
        let training = run.training();
        let directory = TrainingDirectory::open(&training)?;
        let (stop, idle) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_default(signal, Arc::clone(&idle)).context("listening for signals")?;
            flag::register(signal, Arc::clone(&stop)).context("listening for signals")?;
        }
        let (partial, every) = (run.partial().to_path_buf(), Duration::from_secs(every_seconds));
        Ok(Self { directory, partial, training, every, saved: Cell::new(Instant::now()), stop, idle })
    }

    /// The training as it was saved last, if it was.
    pub(super) fn resume(&self, device: &Device, console: Console) -> Result<Option<(Trainer, Progress)>> {
        if self.directory.checkpoints()?.is_empty() {
            return Ok(None);
        }
        let resumed = self.directory.resume(device)?;
        for refused in &resumed.refused {
            console.line(format!("passed over: {refused}"));
        }
        let progress: Progress = resumed.caller.try_into().context("the checkpoint's progress")?;
        console.line(format!("going on at epoch {}, batch {}", progress.epoch, progress.batches));
        Ok(Some((resumed.trainer, progress)))
    }

    /// Saves now.
    pub(super) fn save(&self, trainer: &mut Trainer, encoder: &serde_json::Value, progress: &Progress) -> Result<()> {
        let caller = toml::Table::try_from(progress).context("the training's progress as TOML")?;
        self.directory.save(trainer, encoder, &caller)?;
        self.saved.set(Instant::now());
        Ok(())
    }

    /// Saves when it is time, or when the run was asked to stop, which is then the error.
    pub(super) fn after_step(
        &self,
        trainer: &mut Trainer,
        encoder: &serde_json::Value,
        progress: &Progress,
    ) -> Result<()> {
        if self.stop.load(Ordering::Relaxed) || self.saved.get().elapsed() >= self.every {
            self.save(trainer, encoder, progress)?;
        }
        self.check(|| format!("epoch {}, batch {}", progress.epoch, progress.batches))
    }

    /// An error when the run was asked to stop; nothing is saved.
    pub(super) fn check(&self, place: impl FnOnce() -> String) -> Result<()> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Interrupted { place: place(), partial: self.partial.clone() }.into());
        }
        Ok(())
    }

    /// Keeps the best epoch's weights; two of them, because the checkpoint before the last may name the one before.
    pub(super) fn save_best(&self, epoch: usize, model: &MultiTaskModel) -> Result<()> {
        let path = self.best(epoch);
        if path.exists() {
            fs::remove_dir_all(&path).with_context(|| format!("{}: cannot remove it", path.display()))?;
        }
        Checkpoint::new(model.clone(), serde_json::Value::Null).save(&path)?;
        let mut old: Vec<PathBuf> = (1..epoch).map(|epoch| self.best(epoch)).filter(|path| path.exists()).collect();
        old.pop();
        for path in old {
            fs::remove_dir_all(&path).with_context(|| format!("{}: cannot remove it", path.display()))?;
        }
        Ok(())
    }

    /// The best epoch's weights.
    pub(super) fn load_best(&self, epoch: usize, device: &Device) -> Result<MultiTaskModel> {
        Ok(Checkpoint::load(&self.best(epoch), device)?.model)
    }

    fn best(&self, epoch: usize) -> PathBuf {
        self.training.join(format!("best-{epoch:04}"))
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        self.idle.store(true, Ordering::Relaxed);
    }
}
