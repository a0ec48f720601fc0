//! Data quality, and the assumptions in plain words.

use slatewise_eval::report::{Block, Callout, Cell, Column, Fact, NumberFormat, Section, Table};

use super::{Findings, grouped};

pub(super) fn section(findings: &Findings<'_>) -> Section {
    let report = &findings.data.loaded.cleaning;
    let count = |label: &str, value: u64| Fact::number(label, value as f64, NumberFormat::Count);
    let section = Section::new("data", "Data")
        .paragraph("Every row read is accounted for once: kept, dropped as a repetition, set aside in quarantine.csv with its line, column, value and rule, or left out because only a share of the sessions was asked for.")
        .block(Block::Facts(vec![
            count("Rows read", report.rows_read),
            count("Kept", report.rows_kept),
            count("Repetitions dropped", report.duplicates_dropped),
            count("Quarantined", report.rows_quarantined()),
            count("Left out by share", report.rows_left_out),
            count("Cells repaired", report.cells_repaired()),
        ]));
    let mut faults = Table::new(vec![
        Column::text("What was found"),
        Column::text("Where"),
        Column::number("Rows", NumberFormat::Count),
    ]);
    for (rule, &rows) in &report.quarantined {
        faults = faults.row([format!("quarantined: {rule}").into(), "see quarantine.csv".into(), (rows as f64).into()]);
    }
    for repair in &report.repaired {
        let place = format!("column {}", repair.column);
        faults = faults.row([format!("repaired: {}", repair.repair).into(), place.into(), (repair.rows as f64).into()]);
    }
    let section = if faults.rows.is_empty() { section } else { section.block(Block::Table(faults)) };
    section.block(Block::Table(split(findings))).block(Block::Table(features(findings)))
}

fn split(findings: &Findings<'_>) -> Table {
    let log = &findings.data.loaded.log;
    let mut table = Table::new(vec![
        Column::text("Part"),
        Column::text("Days"),
        Column::number("Sessions", NumberFormat::Count),
        Column::number("Clicks", NumberFormat::Count),
        Column::number("Impressions", NumberFormat::Count),
    ])
    .caption("Split by the day on which a session began; whatever is fitted sees train rows only.");
    for (part, sessions) in findings.data.split.parts() {
        let days =
            log.days_in(&sessions).map_or_else(String::new, |days| format!("{} to {}", days.start(), days.end()));
        table = table.row([
            part.into(),
            days.into(),
            sessions.len().into(),
            log.slates_in(&sessions).len().into(),
            log.impressions_in(&sessions).len().into(),
        ]);
    }
    table
}

fn features(findings: &Findings<'_>) -> Table {
    let mut table = Table::new(vec![Column::text("Feature"), Column::text("Kind"), Column::text("Fitted")])
        .caption(format!("Fitted on {} train impressions.", grouped(findings.fitted.encoder.train_rows())));
    for feature in findings.fitted.encoder.summary() {
        table = table.row([Cell::from(feature.name), feature.kind.into(), feature.detail.into()]);
    }
    table
}

/// What had to be taken for granted; nobody should have to read the code for it.
pub(super) fn assumptions(findings: &Findings<'_>) -> Section {
    let simulator = &findings.config.policy.simulator;
    let tau = simulator.patience_exponent;
    let info = |title: &str, text: String| Block::Callout(Callout::info(title, text));
    Section::new("assumptions", "Assumptions")
        .block(info(
            "Impressions are rebuilt",
            "The shop logged clicks only. Every product stands on one listing page, so a click is taken to mean that everything on that page was seen, at its logged place, and one product was chosen. The catalogue and its pages are those of the whole period.".to_owned(),
        ))
        .block(info(
            "A premium click stands for a purchase",
            "A click on a product dearer than its category's mean earns what other shops pay for a purchase. The shop itself logged no purchases.".to_owned(),
        ))
        .block(info(
            "How visitors meet a page that they did not choose",
            format!("The log only holds pages that visitors went to. A page that a visitor would choose k times less often than their favourite is taken to hold them k^{tau} times less often (patience exponent τ = {tau}). The log cannot tell the true τ, so values are given for several."),
        ))
        .block(info(
            "Two simulators",
            "Policies learn in a simulator fitted on train sessions through the multi-task model, and are judged in one counted from test sessions. Both know of a visitor only the last click and the number of clicks. A gain in the judge's simulator is a reason to run an experiment with visitors, not a substitute for one.".to_owned(),
        ))
        .block(info(
            "No propensities",
            "The shop did not log the probability with which it showed a page, so there is no importance-weighted estimate here.".to_owned(),
        ))
}
