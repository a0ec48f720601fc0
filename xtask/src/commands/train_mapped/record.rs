//! What the run leaves behind: numbers, circumstances, weights and encoder, report.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::Serialize;
use slatewise_data::artefact::sha256_file;
use slatewise_data::log::Counts;
use slatewise_eval::gates::Finding;
use slatewise_model::Checkpoint;

use super::learn::{Epoch, Judged};
use super::{Findings, SplitRun, report};
use crate::device::Chosen;
use crate::run_dir::RunDir;

/// `metrics.json`: numbers only, so that the same seed gives the same bytes on the CPU.
#[derive(Debug, Serialize)]
struct Metrics<'a> {
    counts: &'a Counts,
    gates: &'a [Finding],
    left_out: &'a [String],
    splits: BTreeMap<&'static str, SplitMetrics<'a>>,
}

#[derive(Debug, Serialize)]
struct SplitMetrics<'a> {
    kept: bool,
    train_rows: u64,
    validation_rows: u64,
    test_rows: u64,
    future_rows_in_train: u64,
    best_epoch: usize,
    epochs: &'a [Epoch],
    test: &'a [Judged],
}

/// `run.json`: the circumstances.
#[derive(Debug, Serialize)]
pub(super) struct Run {
    name: String,
    pub(super) started: String,
    pub(super) seconds: f64,
    pub(super) seed: u64,
    pub(super) device: String,
    threads: usize,
    /// The files read, with the SHA-256 of each.
    files: Vec<(String, String)>,
    slatewise: &'static str,
}

/// Writes everything.
///
/// # Errors
/// A disk that does not take it.
pub(super) fn save(
    run: &RunDir,
    findings: &Findings,
    chosen: &Chosen,
    now: &Timestamp,
    elapsed: Duration,
) -> Result<()> {
    let metrics = Metrics {
        counts: &findings.counts,
        gates: &findings.gates,
        left_out: &findings.left_out,
        splits: findings
            .splits
            .iter()
            .enumerate()
            .map(|(place, split)| (split.kind.name(), of(place, split)))
            .collect(),
    };
    let files = findings.schema.files.iter().map(|path| Ok((path.display().to_string(), sha256_file(path)?)));
    let record = Run {
        name: findings.config.name.clone(),
        started: now.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        seconds: elapsed.as_secs_f64(),
        seed: findings.config.seed,
        device: chosen.name.clone(),
        threads: rayon::current_num_threads(),
        files: files.collect::<Result<_>>()?,
        slatewise: env!("CARGO_PKG_VERSION"),
    };
    let report = report::build(findings, &record)?;
    run.write("metrics.json", &json(&metrics)?)?;
    run.write("run.json", &json(&record)?)?;
    run.write("columns.json", &json(&findings.schema)?)?;
    run.write("report.html", report.to_html()?.as_bytes())?;
    run.write("report.md", report.to_markdown().as_bytes())?;
    let kept = &findings.splits[0];
    let encoder = serde_json::to_value(&kept.encoder).context("writing the encoder")?;
    Checkpoint::new(kept.learned.model.clone(), encoder).save(&run.path("checkpoint"))?;
    Ok(())
}

fn of(place: usize, split: &SplitRun) -> SplitMetrics<'_> {
    SplitMetrics {
        kept: place == 0,
        train_rows: split.parts.train.rows,
        validation_rows: split.parts.validation.rows,
        test_rows: split.parts.test.rows,
        future_rows_in_train: split.parts.future_rows_in_train,
        best_epoch: split.learned.best_epoch,
        epochs: &split.learned.epochs,
        test: &split.learned.test,
    }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value).context("writing numbers as JSON")?;
    bytes.push(b'\n');
    Ok(bytes)
}
