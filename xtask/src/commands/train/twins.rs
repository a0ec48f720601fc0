//! `--twins`: each task learned alone, by the same data, seed and trainer, and what it gains or loses beside the others.
//!
//! ```text
//! twin of task k        ModelSpec::single_task(k): the same layout, trunk and widths, one tower; fixed weights
//! transfer of metric m  m(multi-task) − m(twin), on the same test sessions
//! ```
//!
//! A loss that is higher beside the others, by a test over sessions, is negative transfer. The intervals and p-values are
//! those of `cargo xtask compare` (`slatewise_eval::comparison`): differences of session means, resampled by session, one
//! seed. `compare-models` varies the seed instead. The area under the curve is no mean over sessions, so its difference
//! stands without an interval.

use anyhow::{Result, ensure};
use serde::Serialize;
use slatewise_data::TaskSet;
use slatewise_eval::comparison::{ComparisonConfig, Outcome, Pairs, Verdict, compare};
use slatewise_features::{RowFile, Source};
use slatewise_model::{BalanceConfig, MultiTaskModel, Ranker};

use super::data::Data;
use super::evaluate::{Evaluation, TaskRows, judge_tasks, predict_tasks, summarise};
use super::fit::{Fitted, steps_per_epoch};
use super::keeping::Keeping;
use super::units::session_means;
use crate::commands::early_stopping::Training;
use crate::config::RunConfig;
use crate::console::Console;
use crate::device::Chosen;
use crate::seeds::Seeds;

/// One task learned alone, judged on test sessions.
pub(super) struct Twin {
    /// The epoch whose weights were kept.
    epoch: usize,
    auc: Option<f64>,
    rows: TaskRows,
}

/// What one task gains or loses beside the others.
#[derive(Debug, Serialize)]
pub(super) struct Transfer {
    pub(super) task: String,
    /// The twin's epoch whose weights were kept.
    pub(super) twin_epoch: usize,
    /// Over all rows of a binary task.
    pub(super) roc_auc: Option<AucTransfer>,
    /// Means over sessions; less is more.
    pub(super) losses: Vec<LossTransfer>,
}

/// Areas under the curve.
#[derive(Debug, Serialize)]
pub(super) struct AucTransfer {
    pub(super) multi_task: f64,
    pub(super) single_task: f64,
    /// Multi-task minus single-task.
    pub(super) difference: f64,
}

/// One loss.
#[derive(Debug, Serialize)]
pub(super) struct LossTransfer {
    pub(super) metric: &'static str,
    pub(super) sessions: usize,
    pub(super) multi_task: f64,
    pub(super) single_task: f64,
    /// Multi-task minus single-task.
    pub(super) difference: f64,
    /// Confidence level of the bounds and of the verdict.
    pub(super) level: f64,
    /// Of the difference, by the bootstrap over sessions.
    pub(super) bounds: Option<(f64, f64)>,
    /// Of the sign-flip test, corrected over all losses of all tasks.
    pub(super) p_corrected: f64,
    pub(super) verdict: TransferVerdict,
}

/// What the test says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TransferVerdict {
    /// The task is better beside the others.
    Positive,
    /// It is better alone.
    Negative,
    /// The sessions do not tell.
    NoneShown,
}

/// Trains every task's twin and lets it predict the test sessions; none unless the config asks for them.
pub(super) fn learn(
    config: &RunConfig,
    data: &Data,
    fitted: &Fitted,
    rows: &RowFile,
    chosen: &Chosen,
    keeping: &Keeping,
    console: Console,
) -> Result<Vec<Twin>> {
    if !config.evaluation.twins {
        return Ok(Vec::new());
    }
    console.stage("     Twins: each task learned alone");
    let training = Training {
        trainer: &config.trainer,
        rows,
        batch_rows: config.loader.batch_rows,
        steps_per_epoch: steps_per_epoch(config, data),
        patience: config.evaluation.patience,
        seeds: Seeds(config.seed),
        device: &chosen.device,
    };
    let spec = fitted.ranker.model().spec();
    let mut twins = Vec::with_capacity(spec.tasks.len());
    for (task, declared) in config.tasks.iter().enumerate() {
        let alone = TaskSet::resolve(&config.tasks[task..=task], &data.loaded.log.catalogue)?;
        let source = Source { log: &data.loaded.log, encoder: &fitted.encoder, tasks: &alone };
        let ranker = |model: &MultiTaskModel| Ranker::new(model.clone(), &chosen.device);
        let loss = |model: &MultiTaskModel| -> Result<f64> {
            let judged = judge_tasks(source, data.split.validation.clone(), &ranker(model))?;
            Ok(judged[0].loss.unwrap_or(0.0))
        };
        let named = || format!("the twin of `{}`", declared.name);
        let bar = console.bar(&declared.name, (training.steps_per_epoch * config.trainer.epochs) as u64);
        let step = || {
            bar.advance(1);
            keeping.check(named)
        };
        let best = training.run(&spec.single_task(task), &BalanceConfig::default(), &[task], step, loss);
        let best =
            best.map_err(|error| if error.is::<super::Interrupted>() { error } else { error.context(named()) })?;
        let mut predicted = predict_tasks(source, data.split.test.clone(), &ranker(&best.model))?;
        let auc = summarise(source, &predicted)?[0].auc();
        let seconds = bar.finish().as_secs_f64();
        console.line(format!("{:<14} {seconds:>6.1} s, epoch {} kept", declared.name, best.epoch));
        twins.push(Twin { epoch: best.epoch, auc, rows: predicted.swap_remove(0) });
    }
    Ok(twins)
}

/// What each task gains or loses; empty without twins.
pub(super) fn transfer(config: &RunConfig, evaluation: &Evaluation, twins: &[Twin]) -> Result<Vec<Transfer>> {
    let mut pairs = Vec::new();
    for (task, twin) in twins.iter().enumerate() {
        pairs.push(loss_pairs(&evaluation.task_rows[task], &twin.rows)?);
    }
    let flat: Vec<Pairs> = pairs.iter().flatten().map(|(_, pairs)| pairs.clone()).collect();
    if flat.is_empty() {
        return Ok(Vec::new());
    }
    let judging = ComparisonConfig::default();
    let compared = compare(&flat, &judging, &mut Seeds(config.seed).stream("twins"))?;
    let mut compared = compared.into_iter();
    let results = twins.iter().zip(&pairs).zip(&evaluation.tasks).map(|((twin, pairs), result)| {
        let losses = pairs.iter().zip(compared.by_ref()).filter_map(|((metric, _), comparison)| {
            // A task without labelled test rows has nothing to compare.
            let outcome = comparison.outcome.ok()?;
            Some(loss_transfer(metric, comparison.units, &outcome, judging.level))
        });
        let roc_auc = result.auc().zip(twin.auc).map(|(multi_task, single_task)| AucTransfer {
            multi_task,
            single_task,
            difference: multi_task - single_task,
        });
        Ok(Transfer { task: result.task.clone(), twin_epoch: twin.epoch, roc_auc, losses: losses.collect() })
    });
    results.collect()
}

/// Per loss of a task its session means, the twin's first.
fn loss_pairs(multi: &TaskRows, twin: &TaskRows) -> Result<Vec<(&'static str, Pairs)>> {
    let (multi, twin) = (session_means(multi)?, session_means(twin)?);
    ensure!(multi.session == twin.session, "a model and its twin were judged on different sessions");
    let columns = multi.metrics.into_iter().zip(twin.metrics);
    let pairs = columns.map(|((name, b), (_, a))| (name, Pairs { name: name.to_owned(), a, b, left_out: 0 }));
    Ok(pairs.collect())
}

fn loss_transfer(metric: &'static str, sessions: usize, outcome: &Outcome, level: f64) -> LossTransfer {
    LossTransfer {
        metric,
        sessions,
        multi_task: outcome.mean_b,
        single_task: outcome.mean_a,
        difference: outcome.difference.mean,
        level,
        bounds: outcome.difference.bounds,
        p_corrected: outcome.p_corrected,
        verdict: match outcome.verdict(level, true) {
            Verdict::AIsBetter => TransferVerdict::Negative,
            Verdict::BIsBetter => TransferVerdict::Positive,
            Verdict::NoDifferenceShown => TransferVerdict::NoneShown,
        },
    }
}

impl TransferVerdict {
    /// In words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Positive => "better together",
            Self::Negative => "better alone",
            Self::NoneShown => "no difference shown",
        }
    }
}

/// A line per task.
pub(super) fn lines(transfer: &[Transfer]) -> Vec<String> {
    let line = |task: &Transfer| {
        let mut text = format!("{:<14} against its twin:", task.task);
        if let Some(auc) = &task.roc_auc {
            text += &format!(" AUC {:+.4}", auc.difference);
        }
        for loss in &task.losses {
            let bounds = loss.bounds.map_or_else(String::new, |(low, high)| format!(" [{low:+.4}, {high:+.4}]"));
            text += &format!("  {} {:+.4}{bounds}, {}", loss.metric, loss.difference, loss.verdict.words());
        }
        text
    };
    transfer.iter().map(line).collect()
}
