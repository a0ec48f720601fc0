//! `EpochLoader`: one pass over the slates of some sessions, as batches with labels.
//!
//! ```text
//! sessions ── shuffle slates ──▶ keep the chosen item, and each other one with probability r, weight 1/r ──▶ Batch
//! ```
//!
//! A slate shows many items and one is chosen, so most rows say little. Keeping unclicked rows with probability r and weighing each kept one by 1/r leaves the expected loss, and hence the calibration, as it was (importance sampling), at a fraction of the cost. Rows are drawn anew in every epoch. A task that learns which row of a slate was chosen compares it with the rows that were kept: all unclicked rows having one chance, the estimate of the choice stays consistent (McFadden 1978, uniform conditioning).
//!
//! [`Source::store`] writes the rows to disk once, from where [`RowFile::epoch`] shuffles and draws them in bounded memory.

use std::ops::Range;
use std::path::Path;

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use slatewise_data::artefact::sha256_hex;
use slatewise_data::{ImpressionLog, TaskSet};

use crate::batch::Batch;
use crate::encoder::{FeatureEncoder, Request};
use crate::error::Error;
use crate::row_file::{RowFile, RowFileWriter, RowSchema};
use crate::session::SessionSoFar;

/// How rows are drawn, under `[loader]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoaderConfig {
    /// Rows per batch, ≥ 1; a batch ends with the slate that reaches it.
    pub batch_rows: usize,
    /// Share of unclicked rows kept in training, in (0, 1].
    pub unclicked_rate: f64,
}

impl LoaderConfig {
    /// Checks the ranges.
    ///
    /// # Errors
    /// Names the key that is out of its range.
    pub fn validate(&self) -> Result<(), Error> {
        if self.batch_rows == 0 {
            return Err(Error::BadLoader { key: "batch_rows", problem: "it must be at least 1".to_owned() });
        }
        if !(self.unclicked_rate > 0.0 && self.unclicked_rate <= 1.0) {
            let problem = format!("it must be above 0 and at most 1, not {}", self.unclicked_rate);
            return Err(Error::BadLoader { key: "unclicked_rate", problem });
        }
        Ok(())
    }
}

/// What a pass reads: the log, the encoder fitted on its train rows and the tasks.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The log.
    pub log: &'a ImpressionLog,
    /// Fitted features.
    pub encoder: &'a FeatureEncoder,
    /// Declared tasks.
    pub tasks: &'a TaskSet,
}

/// Rows that are encoded before they are written.
const STORED_ROWS: usize = 8192;

impl Source<'_> {
    /// What a file of these rows says about them: layout, tasks, the SHA-256 of the encoder as JSON, slates.
    ///
    /// # Errors
    /// [`Error::Json`] if the encoder cannot be written as JSON.
    pub fn row_schema(&self) -> Result<RowSchema, Error> {
        let encoder = sha256_hex(&serde_json::to_vec(self.encoder).map_err(|source| Error::Json { source })?);
        let tasks = self.tasks.specs().iter().map(|task| task.name.clone()).collect();
        Ok(RowSchema { layout: self.encoder.layout(), tasks, encoder, slates: true })
    }

    /// Encodes every row of some sessions into a file that an epoch draws from as
    /// [`EpochLoader::training`] draws from the log: clicked rows always, unclicked ones at `config.unclicked_rate`. The
    /// file is not synced; it is of use to this process alone.
    ///
    /// # Errors
    /// A setting out of its range, or a disk that is full or fails.
    pub fn store(self, sessions: Range<u32>, config: &LoaderConfig, path: impl AsRef<Path>) -> Result<RowFile, Error> {
        config.validate()?;
        let mut writer = RowFileWriter::create(path, self.row_schema()?)?;
        let unclicked = (config.unclicked_rate as f32).max(f32::MIN_POSITIVE);
        let slates = self.log.slates_in(&sessions);
        let mut rates =
            slates.flat_map(|slate| self.log.rows_of(slate)).map(|row| if row.click { 1.0 } else { unclicked });
        for batch in EpochLoader::evaluation(self, sessions.clone(), STORED_ROWS) {
            let rates: Vec<f32> = rates.by_ref().take(batch.features.rows).collect();
            writer.append_drawn(&batch, &rates)?;
        }
        writer.finish_unsynced()
    }
}

/// An iterator over the batches of one epoch.
#[derive(Debug)]
pub struct EpochLoader<'a> {
    source: Source<'a>,
    batch_rows: usize,
    sampling: Option<(f64, ChaCha8Rng)>,
    slates: Vec<u32>,
    next: usize,
}

impl<'a> EpochLoader<'a> {
    /// Shuffled slates with sampled unclicked rows, for training.
    pub fn training(source: Source<'a>, sessions: Range<u32>, config: &LoaderConfig, mut rng: ChaCha8Rng) -> Self {
        let mut slates: Vec<u32> = source.log.slates_in(&sessions).collect();
        slates.shuffle(&mut rng);
        Self { source, batch_rows: config.batch_rows, sampling: Some((config.unclicked_rate, rng)), slates, next: 0 }
    }

    /// Every row in the order of the log, each with weight 1, for evaluation.
    pub fn evaluation(source: Source<'a>, sessions: Range<u32>, batch_rows: usize) -> Self {
        Self { source, batch_rows, sampling: None, slates: source.log.slates_in(&sessions).collect(), next: 0 }
    }

    /// Number of slates of the pass.
    pub fn slates(&self) -> usize {
        self.slates.len()
    }

    /// Number of slates already given out.
    pub fn slates_done(&self) -> usize {
        self.next
    }

    fn push_slate(&mut self, slate: u32, batch: &mut Batch) {
        let Source { log, encoder, tasks } = self.source;
        let session = log.session_of(slate);
        let context: Vec<u32> = log.context.iter().map(|column| column.code[session as usize]).collect();
        let step = (slate - log.session_offset[session as usize]) as usize;
        let history = &log.choices_of(session)[..step];
        let request = Request { context: &context, day: log.session_day[session as usize], history };
        let so_far = SessionSoFar::new(&log.catalogue, &request);
        for row in log.rows_of(slate) {
            let mut weight = 1.0;
            if let (false, Some((rate, rng))) = (row.click, &mut self.sampling) {
                if rng.random::<f64>() >= *rate {
                    continue;
                }
                weight = (1.0 / *rate) as f32;
            }
            encoder.encode_row(&log.catalogue, &so_far, row.item, &mut batch.features);
            for task in 0..tasks.count() {
                let label = tasks.label(task, log, &row);
                batch.labels.value.push(label.unwrap_or(0.0));
                batch.labels.weight.push(label.map_or(0.0, |_| weight));
            }
            batch.labels.slate.push(slate);
        }
    }
}

impl Iterator for EpochLoader<'_> {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let mut batch = Batch::default();
        while batch.features.rows < self.batch_rows && self.next < self.slates.len() {
            let slate = self.slates[self.next];
            self.next += 1;
            self.push_slate(slate, &mut batch);
        }
        (batch.features.rows > 0).then_some(batch)
    }
}
