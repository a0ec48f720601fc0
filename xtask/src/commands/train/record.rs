//! What a run leaves behind besides its report: numbers, circumstances, weights.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::Serialize;
use slatewise_data::CleaningReport;
use slatewise_model::{Checkpoint, save_weights};
use slatewise_rl::page_agents::PAGE_TASKS;
use slatewise_rl::simulator::FidelityReport;

use super::evaluate::TaskResult;
use super::fit::Epoch;
use super::health::Health;
use super::next_item::NextItemResult;
use super::policies::{Comparison, Curve, LoggedReward, Weights};
use super::report::Findings;
use super::twins::Transfer;
use crate::device::Chosen;
use crate::run_dir::RunDir;

/// `metrics.json`: numbers only, so that the same seed gives the same bytes on the CPU.
#[derive(Debug, Serialize)]
pub(super) struct Metrics<'a> {
    cleaning: &'a CleaningReport,
    epochs: &'a [Epoch],
    best_epoch: usize,
    tasks: &'a [TaskResult],
    /// Only with `--twins`.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    transfer: &'a [Transfer],
    next_item: &'a [NextItemResult],
    health: &'a Health,
    logged_reward: &'a [LoggedReward],
    learner_fidelity: &'a FidelityReport,
    judge_fidelity: &'a FidelityReport,
    learning_curves: &'a [Curve],
    policies: &'a Comparison,
}

impl<'a> Metrics<'a> {
    pub(super) fn new(findings: &Findings<'a>) -> Self {
        Self {
            cleaning: &findings.data.loaded.cleaning,
            epochs: &findings.fitted.epochs,
            best_epoch: findings.fitted.best_epoch,
            tasks: &findings.evaluation.tasks,
            transfer: findings.transfer,
            next_item: &findings.evaluation.next_item,
            health: &findings.evaluation.health,
            logged_reward: &findings.policies.logged_reward,
            learner_fidelity: &findings.policies.learner_fidelity,
            judge_fidelity: &findings.policies.judge_fidelity,
            learning_curves: &findings.policies.curves,
            policies: &findings.policies.comparison,
        }
    }
}

/// `run.json`: the circumstances.
#[derive(Debug, Serialize)]
pub(super) struct Run {
    pub(super) name: String,
    pub(super) started: String,
    pub(super) seconds: f64,
    pub(super) seed: u64,
    pub(super) device: String,
    pub(super) device_reason: &'static str,
    pub(super) threads: usize,
    pub(super) data: String,
    pub(super) data_sha256: String,
    pub(super) versions: BTreeMap<&'static str, String>,
    /// The learned policy that was kept, chosen in the learner's simulator.
    pub(super) policy: String,
}

impl Run {
    pub(super) fn new(findings: &Findings<'_>, chosen: &Chosen, now: &Timestamp, elapsed: Duration) -> Self {
        let versions = [("slatewise", env!("CARGO_PKG_VERSION").to_owned()), ("burn", locked_version("burn"))];
        Self {
            name: findings.config.name.clone(),
            started: now.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
            seconds: elapsed.as_secs_f64(),
            seed: findings.config.seed,
            device: chosen.name.clone(),
            device_reason: chosen.reason,
            threads: rayon::current_num_threads(),
            data: findings.config.data.path.display().to_string(),
            data_sha256: findings.data.loaded.sha256.clone(),
            versions: versions.into(),
            policy: format!(
                "{} ({})",
                findings.policies.comparison.chosen.policy, findings.policies.comparison.chosen.source
            ),
        }
    }
}

/// The version of a dependency that this binary was built with.
fn locked_version(package: &str) -> String {
    let lock = include_str!("../../../../Cargo.lock");
    let entry = format!("name = \"{package}\"\nversion = \"");
    let version = lock.split_once(&entry).and_then(|(_, rest)| rest.split_once('"'));
    version.map_or_else(|| "unknown".to_owned(), |(version, _)| version.to_owned())
}

/// Writes `checkpoint/`: the model with its encoder.
pub(super) fn save_checkpoint(run: &RunDir, findings: &Findings<'_>) -> Result<()> {
    let encoder = serde_json::to_value(&findings.fitted.encoder).context("writing the encoder")?;
    Checkpoint::new(findings.fitted.ranker.model().clone(), encoder).save(&run.path("checkpoint"))?;
    Ok(())
}

/// Writes `policy/`: what each learner of the first seed knows after each phase, with the state and the actions that its numbers are about.
pub(super) fn save_policy(run: &RunDir, findings: &Findings<'_>) -> Result<()> {
    fs::create_dir(run.path("policy")).context("making the folder policy/")?;
    let chosen = findings.policies.comparison.chosen;
    for learned in &findings.policies.weights {
        for phase in &learned.phases {
            let stem = file_stem(learned.name, phase.source);
            let network = format!("{stem}.safetensors");
            let file = run.path(&format!("policy/{network}"));
            let mut meaning = meaning(findings, &phase.weights)?;
            meaning["learner"] = serde_json::json!(learned.name);
            meaning["learned_from"] = serde_json::json!(phase.source);
            meaning["chosen"] = serde_json::json!(chosen.policy == learned.name && chosen.source == phase.source);
            meaning["state"] = serde_json::to_value(&findings.config.policy.state)?;
            let saved = match &phase.weights {
                Weights::PagesNetwork(weights) => Some(save_weights(weights.as_ref(), &file)?),
                Weights::Actor(weights) => Some(save_weights(weights.as_ref(), &file)?),
                Weights::Pages(_) | Weights::Items(_) | Weights::Grid(_) => None,
            };
            if saved.is_some() {
                meaning["network"] = serde_json::json!(network);
            }
            run.write(&format!("policy/{stem}.json"), &super::json(&meaning)?)?;
        }
    }
    Ok(())
}

/// What the numbers of a policy are about: its columns, and the numbers themselves where they are a table.
fn meaning(findings: &Findings<'_>, weights: &Weights) -> Result<serde_json::Value> {
    let (policy, catalogue) = (&findings.config.policy, &findings.data.loaded.log.catalogue);
    let pages: Vec<&str> = catalogue.listings.iter().map(|listing| listing.name.as_str()).collect();
    Ok(match weights {
        Weights::Pages(table) => serde_json::json!({ "actions": pages, "table": table }),
        Weights::PagesNetwork(_) => serde_json::json!({ "actions": pages, "hidden": policy.dqn.hidden }),
        Weights::Items(table) => serde_json::json!({ "pages": pages, "items": catalogue.item_ids, "table": table }),
        Weights::Grid(table) => {
            let grid = policy.fusion.grid()?;
            let weights: Vec<&[f64]> = (0..grid.len()).map(|action| grid.weights(action)).collect();
            serde_json::json!({ "pages": pages, "tasks": PAGE_TASKS, "actions": weights, "table": table })
        }
        Weights::Actor(_) => {
            let critics = &policy.fusion.critics;
            let space = serde_json::to_value(critics.space)?;
            serde_json::json!({ "pages": pages, "tasks": PAGE_TASKS, "space": space, "hidden": critics.hidden })
        }
    })
}

/// Such as `e_pages_by_q_learning_log_then_simulator`.
fn file_stem(learner: &str, source: &str) -> String {
    let words = format!("{learner} {source}").to_ascii_lowercase().replace('-', " ").replace([',', '(', ')'], "");
    words.split_whitespace().collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use super::{file_stem, locked_version};

    #[test]
    fn files_are_named_by_learner_and_source() {
        let stem = file_stem("(e) pages, by Q-learning", "log, then simulator");
        assert_eq!(stem, "e_pages_by_q_learning_log_then_simulator");
    }

    #[test]
    fn versions_come_from_the_lockfile() {
        assert_eq!(locked_version("burn"), "0.22.1");
        assert_eq!(locked_version("no-such-package"), "unknown");
    }
}
