//! Stages 4 and 5: one training on one split, and its test part judged.

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use slatewise_eval::Predictions;
use slatewise_eval::gates::{SplitScore, delong};
use slatewise_eval::interval::{Interval, normal_interval};
use slatewise_eval::prediction::{BinarySummary, Regression, mean_absolute_error, root_mean_squared_error, xauc};
use slatewise_features::tabular::{LabelKind, TableTask};
use slatewise_features::{Prefetch, RowFile, TableEncoder};
use slatewise_model::{Head, ModelSpec, MultiTaskModel, Ranker, TaskShape, Transform};

use super::features::Rows;
use crate::commands::early_stopping::{AHEAD, Training};
use crate::console::Console;
use crate::device::Chosen;
use crate::mapped::config::MappedConfig;
use crate::seeds::Seeds;

/// Rows of each label that an AUC needs before anything is said about its error.
const FEWEST: usize = 10;
/// Rows per batch when nothing is learned.
const EVALUATION_ROWS: usize = 8192;

/// One task on one part.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Judged {
    pub(super) task: String,
    /// Rows on which the label is defined.
    pub(super) rows: usize,
    /// A binary task's metrics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) binary: Option<BinarySummary>,
    /// A number's metrics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) number: Option<NumberSummary>,
    /// Predictions and labels, for intervals.
    #[serde(skip)]
    pub(super) score: Vec<f32>,
    #[serde(skip)]
    pub(super) label: Vec<f32>,
}

/// How predictions of a number did.
#[derive(Debug, Clone, Serialize)]
pub(super) struct NumberSummary {
    pub(super) mean_absolute_error: Option<f64>,
    pub(super) root_mean_squared_error: Option<f64>,
    /// Squared error over that of the part's own mean; below 1 is better than the mean.
    pub(super) relative_squared_error: f64,
    pub(super) xauc: Option<f64>,
}

/// One epoch's validation.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Epoch {
    /// Per task: log loss of a binary one, relative squared error of a number.
    pub(super) loss: Vec<Option<f64>>,
    /// Per task, for binary ones.
    pub(super) auc: Vec<Option<f64>>,
}

/// A trained and judged model.
pub(super) struct Learned {
    pub(super) model: MultiTaskModel,
    pub(super) epochs: Vec<Epoch>,
    pub(super) best_epoch: usize,
    pub(super) test: Vec<Judged>,
}

/// Trains on the train rows until the validation rows' loss stops falling, then judges the test rows.
///
/// # Errors
/// A head that a task cannot have, a loss that is no number, a task without labels.
pub(super) fn learn(
    config: &MappedConfig,
    encoder: &TableEncoder,
    rows: &Rows,
    seeds: Seeds,
    chosen: &Chosen,
    console: Console,
) -> Result<Learned> {
    let shapes = config.heads.apply(encoder.tasks().iter().map(shape).collect())?;
    for shape in &shapes {
        let known = matches!(shape.head, Head::Binary { .. } | Head::Regression { .. } | Head::WatchTime { .. });
        ensure!(known, "heads.{}: a mapped log's tasks are binary, regression or watch time", shape.name);
    }
    let spec = ModelSpec { config: config.model.clone(), layout: encoder.layout(), tasks: shapes };
    spec.validate()?;
    let batch_rows = config.loader.batch_rows;
    let steps = (rows.train.rows() as usize).div_ceil(batch_rows);
    let training = Training {
        trainer: &config.trainer,
        rows: &rows.train,
        batch_rows,
        steps_per_epoch: steps,
        patience: config.evaluation.patience,
        seeds,
        device: &chosen.device,
    };
    let bar = console.bar("training", (config.trainer.epochs * steps) as u64);
    let all: Vec<usize> = (0..spec.tasks.len()).collect();
    let mut epochs = Vec::new();
    let best = training.run(
        &spec,
        &config.trainer.balance,
        &all,
        || {
            bar.advance(1);
            Ok(())
        },
        |model| {
            let judged = judge(model, encoder.tasks(), &rows.validation, chosen)?;
            epochs.push(Epoch {
                loss: judged.iter().map(Judged::loss).collect(),
                auc: judged.iter().map(|task| task.binary.as_ref().and_then(|summary| summary.roc_auc)).collect(),
            });
            Ok(judged
                .iter()
                .zip(encoder.tasks())
                .map(|(judged, task)| f64::from(task.loss_weight) * judged.loss().unwrap_or(0.0))
                .sum())
        },
    )?;
    let seconds = bar.finish().as_secs_f64();
    console.line(format!(
        "{} epochs in {seconds:.1} s; kept epoch {}, the lowest validation loss",
        epochs.len(),
        best.epoch
    ));
    let test = judge(&best.model, encoder.tasks(), &rows.test, chosen)?;
    Ok(Learned { model: best.model, epochs, best_epoch: best.epoch, test })
}

/// A task's head unless `[heads]` says otherwise.
fn shape(task: &TableTask) -> TaskShape {
    let head = match task.label.kind() {
        LabelKind::Binary => Head::binary(),
        LabelKind::Number => Head::Regression { transform: Transform::default(), quantile: None },
    };
    TaskShape { loss_weight: task.loss_weight, ..TaskShape::of(task.name.clone(), head) }
}

fn judge(model: &MultiTaskModel, tasks: &[TableTask], part: &RowFile, chosen: &Chosen) -> Result<Vec<Judged>> {
    let ranker = Ranker::new(model.clone(), &chosen.device);
    let mut scores: Vec<(Vec<f32>, Vec<f32>)> = vec![Default::default(); tasks.len()];
    let binary = ranker.binary_tasks().to_vec();
    let values = ranker.value_tasks().to_vec();
    for batch in Prefetch::new(part.in_order(EVALUATION_ROWS)?, AHEAD)? {
        let batch = batch?;
        let predicted = ranker.predict(&batch.features)?;
        for row in 0..batch.features.rows {
            let mut push = |task: usize, score: f32| {
                let place = row * tasks.len() + task;
                if batch.labels.weight[place] > 0.0 {
                    scores[task].0.push(score);
                    scores[task].1.push(batch.labels.value[place]);
                }
            };
            binary
                .iter()
                .enumerate()
                .for_each(|(column, &task)| push(task, predicted.binary[row * binary.len() + column]));
            values.iter().enumerate().for_each(|(column, &task)| push(task, predicted.values[column][row]));
        }
    }
    let judged = tasks.iter().zip(scores).map(|(task, (score, label))| {
        ensure!(
            !score.is_empty(),
            "task {}: no row of a part has a label; give the part a larger share under [split]",
            task.name
        );
        let (binary, number) = match task.label.kind() {
            LabelKind::Binary => (Some(BinarySummary::new(&Predictions::new(&score, &label)?)), None),
            LabelKind::Number => (None, Some(NumberSummary::new(&score, &label)?)),
        };
        Ok(Judged { task: task.name.clone(), rows: score.len(), binary, number, score, label })
    });
    judged.collect::<Result<_>>().context("judging")
}

impl Judged {
    /// What early stopping looks at.
    fn loss(&self) -> Option<f64> {
        match (&self.binary, &self.number) {
            (Some(binary), _) => binary.log_loss,
            (None, number) => number.as_ref().map(|number| number.relative_squared_error),
        }
    }

    /// A binary task's AUC with its standard error; none where a class has too few rows.
    ///
    /// # Errors
    /// A score that is no finite number.
    pub(super) fn auc(&self) -> Result<Option<SplitScore>> {
        if self.binary.is_none() {
            return Ok(None);
        }
        let label: Vec<bool> = self.label.iter().map(|&label| label > 0.5).collect();
        let positives = label.iter().filter(|&&label| label).count();
        if positives.min(label.len() - positives) < FEWEST {
            return Ok(None);
        }
        let score: Vec<f64> = self.score.iter().map(|&score| f64::from(score)).collect();
        Ok(Some(delong(&score, &label)?))
    }

    /// The AUC with its 95 % interval, without one where it has none.
    pub(super) fn auc_interval(&self) -> Option<Interval> {
        let mean = self.binary.as_ref()?.roc_auc?;
        let scored = self.auc().ok().flatten();
        let interval = scored.and_then(|s| normal_interval(s.value, Some(s.standard_error), s.rows, 0.95).ok());
        Some(interval.unwrap_or(Interval { mean, bounds: None, level: 0.95, samples: self.rows }))
    }

    /// A line for the console.
    pub(super) fn line(&self) -> String {
        let number = |x: Option<f64>| x.map_or_else(|| "undefined".to_owned(), |x| format!("{x:.4}"));
        match (&self.binary, &self.number) {
            (Some(binary), _) => format!(
                "{:<18} {:>9} rows  base rate {:>6.2} %  AUC {}  log loss {}  calibration {}",
                self.task,
                self.rows,
                100.0 * binary.positive_rate.unwrap_or(f64::NAN),
                number(binary.roc_auc),
                number(binary.log_loss),
                number(binary.calibration_ratio)
            ),
            (None, Some(summary)) => format!(
                "{:<18} {:>9} rows  RMSE {}  MAE {}  squared error relative to the mean's {:.4}",
                self.task,
                self.rows,
                number(summary.root_mean_squared_error),
                number(summary.mean_absolute_error),
                summary.relative_squared_error
            ),
            (None, None) => format!("{:<18} {:>9} rows", self.task, self.rows),
        }
    }
}

impl NumberSummary {
    fn new(score: &[f32], label: &[f32]) -> Result<Self> {
        let rows = Regression::new(score, label)?;
        let mean = label.iter().map(|&y| f64::from(y)).sum::<f64>() / label.len() as f64;
        let spread: f64 = label.iter().map(|&y| (f64::from(y) - mean).powi(2)).sum();
        let error: f64 = score.iter().zip(label).map(|(&p, &y)| (f64::from(p) - f64::from(y)).powi(2)).sum();
        Ok(Self {
            mean_absolute_error: mean_absolute_error(&rows).ok(),
            root_mean_squared_error: root_mean_squared_error(&rows).ok(),
            relative_squared_error: error / spread.max(f64::MIN_POSITIVE),
            xauc: xauc(&rows).ok(),
        })
    }
}
