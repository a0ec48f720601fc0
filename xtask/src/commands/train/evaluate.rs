//! Stage 4: the model on held-out sessions: each task's predictions, the next item beside the baselines, and the model's health.

use std::ops::Range;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use slatewise_data::TaskKind;
use slatewise_eval::Predictions;
use slatewise_eval::prediction::BinarySummary;
use slatewise_features::{EpochLoader, Source};
use slatewise_model::Ranker;

use super::data::Data;
use super::fit::Fitted;
use super::health::{self, Health};
use super::next_item::{NextItemResult, judge_next_item};
use crate::config::RunConfig;
use crate::console::Console;
use crate::device::Chosen;

/// Rows per batch when nothing is learned.
const EVALUATION_ROWS: usize = 16_384;

/// How one task's predictions did.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct TaskResult {
    pub(super) task: String,
    pub(super) kind: TaskKind,
    /// Rows on which the label is defined.
    pub(super) rows: usize,
    /// Mean negative log-likelihood in nats; none without rows.
    pub(super) loss: Option<f64>,
    /// The metrics of a binary task.
    pub(super) binary: Option<BinarySummary>,
}

impl TaskResult {
    pub(super) fn auc(&self) -> Option<f64> {
        self.binary.as_ref().and_then(|summary| summary.roc_auc)
    }
}

/// What the evaluation found.
pub(super) struct Evaluation {
    pub(super) tasks: Vec<TaskResult>,
    /// What `tasks` sums up.
    pub(super) task_rows: Vec<TaskRows>,
    pub(super) next_item: Vec<NextItemResult>,
    pub(super) health: Health,
}

/// Judges the best epoch's model on the test sessions; its health is measured on validation sessions.
pub(super) fn evaluate(
    config: &RunConfig,
    data: &Data,
    fitted: &Fitted,
    chosen: &Chosen,
    console: Console,
) -> Result<Evaluation> {
    console.stage("4/6  Evaluation: the test sessions, which nothing was fitted on");
    let source = Source { log: &data.loaded.log, encoder: &fitted.encoder, tasks: &data.tasks };
    let task_rows = predict_tasks(source, data.split.test.clone(), &fitted.ranker)?;
    let tasks = summarise(source, &task_rows)?;
    for result in &tasks {
        console.line(task_line(result));
    }
    let next_item = judge_next_item(config, data, fitted)?;
    for result in &next_item {
        console.line(next_item_line(result));
    }
    let health = health::measure(config, data, source, fitted.ranker.model(), &chosen.device)?;
    for line in health_lines(&health) {
        console.line(line);
    }
    Ok(Evaluation { tasks, task_rows, next_item, health })
}

fn task_line(result: &TaskResult) -> String {
    let number = |x: Option<f64>| x.map_or_else(|| "undefined".to_owned(), |x| format!("{x:.4}"));
    let Some(binary) = &result.binary else {
        return format!("{:<14} {:>8} rows  logloss {}", result.task, result.rows, number(result.loss));
    };
    format!(
        "{:<14} {:>8} rows  AUC {}  logloss {}  calibration {}",
        result.task,
        result.rows,
        number(binary.roc_auc),
        number(binary.log_loss),
        number(binary.calibration_ratio)
    )
}

fn next_item_line(result: &NextItemResult) -> String {
    let values = &result.ranking.over_transitions;
    let mut text = format!("next item by {:<20} MRR {:.4}", result.recommender, values.mrr);
    for (place, k) in result.ranking.cutoffs.iter().enumerate() {
        text += &format!("  HR@{k} {:.4}", values.hit_rate[place]);
    }
    text
}

/// A line per fault, or one that there is none.
fn health_lines(health: &Health) -> Vec<String> {
    let warnings = health.warnings();
    if warnings.is_empty() {
        return vec!["health of the model: nothing to warn of".to_owned()];
    }
    warnings.into_iter().map(|warning| format!("warning: {}", warning.text)).collect()
}

/// One task's predictions, row by row in the order of the log.
#[derive(Default)]
pub(super) struct TaskRows {
    /// The session of each row.
    pub(super) session: Vec<u32>,
    /// A binary task's probabilities; empty for a choice.
    pub(super) score: Vec<f32>,
    /// A binary task's labels; empty for a choice.
    pub(super) label: Vec<f32>,
    /// A choice's negative log-likelihoods in nats; empty for a binary task.
    pub(super) loss: Vec<f64>,
}

/// How every task's predictions on some sessions did.
pub(super) fn judge_tasks(source: Source<'_>, sessions: Range<u32>, ranker: &Ranker) -> Result<Vec<TaskResult>> {
    summarise(source, &predict_tasks(source, sessions, ranker)?)
}

/// Every task's predictions on the rows of some sessions where its label is defined.
pub(super) fn predict_tasks(source: Source<'_>, sessions: Range<u32>, ranker: &Ranker) -> Result<Vec<TaskRows>> {
    let specs = source.tasks.specs();
    let binary: Vec<usize> = (0..specs.len()).filter(|&task| specs[task].kind() == TaskKind::Binary).collect();
    let mut tasks: Vec<TaskRows> = specs.iter().map(|_| TaskRows::default()).collect();
    // The evaluation loader gives every row in the order of the log.
    let mut session_of_row = source.log.slates_in(&sessions).flat_map(|slate| {
        let session = source.log.session_of(slate);
        source.log.rows_of(slate).map(move |_| session)
    });
    for batch in EpochLoader::evaluation(source, sessions, EVALUATION_ROWS) {
        let session: Vec<u32> = session_of_row.by_ref().take(batch.features.rows).collect();
        let predicted = ranker.binary(&batch.features)?;
        for row in 0..batch.features.rows {
            let labels = row * specs.len();
            for (column, &task) in binary.iter().enumerate() {
                if batch.labels.weight[labels + task] > 0.0 {
                    tasks[task].session.push(session[row]);
                    tasks[task].score.push(predicted[row * binary.len() + column]);
                    tasks[task].label.push(batch.labels.value[labels + task]);
                }
            }
        }
        for task in (0..specs.len()).filter(|&task| specs[task].kind() == TaskKind::Choice) {
            let rows: Vec<usize> =
                (0..batch.features.rows).filter(|row| batch.labels.weight[row * specs.len() + task] > 0.0).collect();
            let log_probability = ranker.choice(&specs[task].name, &batch.features.select(&rows))?;
            for (place, &row) in rows.iter().enumerate() {
                let target = batch.labels.value[row * specs.len() + task] as usize;
                tasks[task].session.push(session[row]);
                tasks[task].loss.push(-f64::from(log_probability[place * source.tasks.classes(task) + target]));
            }
        }
    }
    Ok(tasks)
}

/// The metrics of predictions.
pub(super) fn summarise(source: Source<'_>, tasks: &[TaskRows]) -> Result<Vec<TaskResult>> {
    let results = source.tasks.specs().iter().zip(tasks).map(|(spec, rows)| {
        let (name, kind) = (spec.name.clone(), spec.kind());
        Ok(match kind {
            TaskKind::Binary => {
                let summary = BinarySummary::new(&Predictions::new(&rows.score, &rows.label)?);
                TaskResult { task: name, kind, rows: summary.rows, loss: summary.log_loss, binary: Some(summary) }
            }
            TaskKind::Choice => {
                let (loss, rows) = (rows.loss.iter().sum::<f64>(), rows.loss.len());
                TaskResult { task: name, kind, rows, loss: (rows > 0).then(|| loss / rows as f64), binary: None }
            }
        })
    });
    results.collect()
}
