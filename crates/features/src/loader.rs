//! `EpochLoader`: one pass over the slates of some sessions, as batches with labels.
//!
//! ```text
//! sessions ── shuffle slates ──▶ keep the chosen item, and each other one with probability r, weight 1/r ──▶ Batch
//! ```
//!
//! A slate shows many items and one is chosen, so most rows say little. Keeping unclicked rows with probability r and weighing each kept one by 1/r leaves the expected loss, and hence the calibration, as it was (importance sampling), at a fraction of the cost. Rows are drawn anew in every epoch.

use std::ops::Range;

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use slatewise_data::{ImpressionLog, TaskSet};

use crate::batch::Batch;
use crate::encoder::{FeatureEncoder, Request};
use crate::error::Error;
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
