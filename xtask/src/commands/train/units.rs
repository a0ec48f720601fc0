//! `units/`: the model's metrics per test session, which `cargo xtask compare` joins with another run's.
//!
//! ```text
//! next_item.csv      session, hit@k and ndcg@k per k, mrr             means over the session's transitions
//! task_<name>.csv    session, log_loss, brier (binary tasks), rows    means over the session's labelled rows
//! ```
//!
//! A session without such rows has no line. `rows` says over how many rows a mean is taken; it is no metric.

use std::fs;

use anyhow::{Context, Result};
use slatewise_eval::Predictions;
use slatewise_eval::prediction::{brier_score, log_loss};

use super::evaluate::TaskRows;
use super::next_item::{MODEL, NextItemResult};
use super::report::Findings;
use crate::run_dir::RunDir;

/// Writes the folder.
pub(super) fn save(run: &RunDir, findings: &Findings<'_>) -> Result<()> {
    fs::create_dir(run.path("units")).context("making the folder units/")?;
    let ids = &findings.data.loaded.log.session_ids;
    let evaluation = findings.evaluation;
    if let Some(result) = evaluation.next_item.iter().find(|result| result.recommender == MODEL) {
        run.write("units/next_item.csv", &next_item(ids, result)?)?;
    }
    for (result, rows) in evaluation.tasks.iter().zip(&evaluation.task_rows).filter(|(result, _)| result.rows > 0) {
        run.write(&format!("units/task_{}.csv", file_stem(&result.task)), &task(ids, rows)?)?;
    }
    Ok(())
}

/// A task's name in a file's name.
fn file_stem(task: &str) -> String {
    task.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect()
}

fn next_item(ids: &[String], result: &NextItemResult) -> Result<Vec<u8>> {
    let cutoffs = &result.ranking.cutoffs;
    let header = cutoffs.iter().map(|k| format!("hit@{k}")).chain(cutoffs.iter().map(|k| format!("ndcg@{k}")));
    let header: Vec<String> = header.chain(["mrr".to_owned()]).collect();
    let lines = result.sessions.iter().map(|(session, values)| {
        let metrics = values.hit_rate.iter().chain(&values.ndcg).chain([&values.mrr]);
        (ids[*session as usize].as_str(), metrics.map(f64::to_string).collect())
    });
    csv(&header, lines)
}

/// A task's metrics per session: means over the session's labelled rows.
pub(super) struct SessionMeans {
    pub(super) session: Vec<u32>,
    /// `log_loss`, and `brier` of a binary task.
    pub(super) metrics: Vec<(&'static str, Vec<f64>)>,
    rows: Vec<usize>,
}

/// The means of a task's rows, in the order of the sessions.
pub(super) fn session_means(rows: &TaskRows) -> Result<SessionMeans> {
    let binary = rows.loss.is_empty();
    let names: &[&str] = if binary { &["log_loss", "brier"] } else { &["log_loss"] };
    let metrics = names.iter().map(|&name| (name, Vec::new())).collect();
    let mut means = SessionMeans { session: Vec::new(), metrics, rows: Vec::new() };
    let mut start = 0;
    // The rows of a session follow each other.
    for of_session in rows.session.chunk_by(|a, b| a == b) {
        let range = start..start + of_session.len();
        start = range.end;
        let values = if binary {
            let predictions = Predictions::new(&rows.score[range.clone()], &rows.label[range.clone()])?;
            vec![log_loss(&predictions)?, brier_score(&predictions)?]
        } else {
            vec![rows.loss[range.clone()].iter().sum::<f64>() / range.len() as f64]
        };
        means.metrics.iter_mut().zip(values).for_each(|((_, column), value)| column.push(value));
        means.session.push(of_session[0]);
        means.rows.push(range.len());
    }
    Ok(means)
}

fn task(ids: &[String], rows: &TaskRows) -> Result<Vec<u8>> {
    let means = session_means(rows)?;
    let header: Vec<String> = means.metrics.iter().map(|(name, _)| *name).chain(["rows"]).map(str::to_owned).collect();
    let lines = means.session.iter().enumerate().map(|(place, &session)| {
        let values = means.metrics.iter().map(|(_, column)| column[place].to_string());
        (ids[session as usize].as_str(), values.chain([means.rows[place].to_string()]).collect())
    });
    csv(&header, lines)
}

fn csv<'a>(header: &[String], lines: impl IntoIterator<Item = (&'a str, Vec<String>)>) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(std::iter::once("session").chain(header.iter().map(String::as_str)))?;
    for (session, values) in lines {
        writer.write_record(std::iter::once(session).chain(values.iter().map(String::as_str)))?;
    }
    writer.into_inner().context("writing units as CSV")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_get_the_means_of_their_rows() -> Result<()> {
        let ids = ["a", "b, c"].map(str::to_owned);
        let binary = TaskRows {
            session: vec![0, 0, 1],
            score: vec![0.5, 0.5, 0.25],
            label: vec![1.0, 0.0, 0.0],
            ..TaskRows::default()
        };
        let text = String::from_utf8(task(&ids, &binary)?)?;
        let ln2 = std::f64::consts::LN_2;
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["session,log_loss,brier,rows", &format!("a,{ln2},0.25,2")]);
        assert!(lines[2].starts_with("\"b, c\",0.287682072") && lines[2].ends_with(",0.0625,1"), "{text}");
        let choice = TaskRows { session: vec![1, 1], loss: vec![1.0, 2.0], ..TaskRows::default() };
        assert_eq!(String::from_utf8(task(&ids, &choice)?)?, "session,log_loss,rows\n\"b, c\",1.5,2\n");
        assert_eq!(file_stem("next item/2"), "next_item_2");
        Ok(())
    }
}
