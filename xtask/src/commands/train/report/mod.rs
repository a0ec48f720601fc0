//! The report of a run, section by section.

mod data;
mod health;
mod model;
mod next_item;
mod policies;
mod transfer;

use anyhow::Result;
use slatewise_eval::report::{Fact, NumberFormat, Report, Section};

use super::data::Data;
use super::evaluate::Evaluation;
use super::fit::Fitted;
use super::policies::Policies;
use super::record::Run;
use super::twins::Transfer;
use crate::config::RunConfig;

/// Everything that a run found.
#[derive(Clone, Copy)]
pub(super) struct Findings<'a> {
    pub(super) config: &'a RunConfig,
    pub(super) data: &'a Data,
    pub(super) fitted: &'a Fitted,
    pub(super) evaluation: &'a Evaluation,
    /// Empty without twins.
    pub(super) transfer: &'a [Transfer],
    pub(super) policies: &'a Policies,
}

pub(super) fn build(findings: &Findings<'_>, run: &Run) -> Result<Report> {
    let mut report = Report::new(format!("slatewise run: {}", run.name)).subtitle(
        "From shopping sessions to a judged policy: cleaned log, multi-task model, user simulators, learned policies.",
    );
    for fact in headline(findings) {
        report = report.fact(fact);
    }
    report = report.section(policies::comparison(findings)).section(data::section(findings));
    report = report.section(model::training(findings)).section(model::predictions(findings));
    if !findings.transfer.is_empty() {
        report = report.section(transfer::section(findings.transfer));
    }
    report = report.section(health::section(&findings.evaluation.health));
    if let Some(section) = next_item::section(findings) {
        report = report.section(section);
    }
    Ok(report
        .section(policies::simulators(findings))
        .section(policies::learning(findings))
        .section(data::assumptions(findings))
        .section(circumstances(run)))
}

/// The few numbers to read first.
fn headline(findings: &Findings<'_>) -> Vec<Fact> {
    let comparison = &findings.policies.comparison;
    let mut facts = vec![
        Fact::number("Impressions", findings.data.loaded.cleaning.impressions as f64, NumberFormat::Count)
            .note(format!("{} sessions", grouped(findings.data.loaded.cleaning.sessions))),
    ];
    if let Some(model) = findings.evaluation.next_item.iter().find(|r| r.recommender == "multi-task model") {
        let mrr = model.ranking.over_transitions.mrr;
        let chain = findings.evaluation.next_item.iter().find(|r| r.recommender == "Markov chain");
        let note = chain.map(|c| format!("Markov chain {:.4}", c.ranking.over_transitions.mrr)).unwrap_or_default();
        facts.push(Fact::number("Next item, MRR", mrr, NumberFormat::Decimals(4)).note(note));
    }
    let kept = comparison.rows.iter().find(|row| comparison.keeps(row));
    if let Some(row) = kept {
        facts.push(
            Fact::number("Return per session", row.value, NumberFormat::Decimals(2))
                .note(format!("{} from the {}", row.policy, row.source)),
        );
        facts.push(
            Fact::number("Gain on best baseline", row.gain, NumberFormat::Decimals(2))
                .note(format!("over {}", comparison.best_baseline)),
        );
    }
    facts
}

/// A count with thousands grouped, for running text.
fn grouped(count: u64) -> String {
    NumberFormat::Count.format(count as f64)
}

fn circumstances(run: &Run) -> Section {
    let versions = run.versions.iter().map(|(name, version)| format!("{name} {version}")).collect::<Vec<_>>();
    Section::new("circumstances", "Circumstances").block(slatewise_eval::report::Block::Facts(vec![
        Fact::new("Started", run.started.clone()),
        Fact::number("Seconds", run.seconds, NumberFormat::Count),
        Fact::new("Seed", run.seed.to_string()),
        Fact::new("Device", run.device.clone()).note(run.device_reason),
        Fact::new("Threads", run.threads.to_string()),
        Fact::new("Versions", versions.join(", ")),
        Fact::new("Data, SHA-256", run.data_sha256.chars().take(16).collect::<String>() + "…"),
    ]))
}
