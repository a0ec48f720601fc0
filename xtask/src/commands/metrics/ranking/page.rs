//! The page of `metrics ranking`.

use std::path::Path;

use slatewise_eval::report::{Block, Callout, Cell, Column, Fact, NumberFormat, Report, Section, Table};

use super::measure::ZERO;
use crate::flat::Flat;

/// One table per policy for users without relevant items, and the warnings.
pub(super) fn report(flat: &Flat, cutoffs: &[usize], run: &Path) -> Report {
    let name = run.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let value = |key: &str| flat.numbers().find(|(name, _)| *name == key).and_then(|(_, value)| value);
    let mut report = Report::new("Ranked lists and what was relevant").subtitle(name);
    for (key, label) in [
        ("n_users_averaged", "Users with relevant items"),
        ("n_users_skipped", "Users without"),
        ("n_users_without_list", "Users without a list"),
        ("lists_with_ties", "Lists with ties"),
    ] {
        report = report.fact(Fact::number(label, value(key), NumberFormat::Count));
    }
    let mut section = Section::new("metrics", "Ranking metrics")
        .paragraph("Means over the users who have relevant items:")
        .block(Block::Table(table(flat, cutoffs, "")))
        .paragraph("Means over all judged users, those without relevant items counting 0:")
        .block(Block::Table(table(flat, cutoffs, ZERO)));
    for warning in flat.warnings() {
        section = section.block(Block::Callout(Callout::warning("Note", warning.as_str())));
    }
    report.section(section)
}

/// One row per metric, one column per k.
fn table(flat: &Flat, cutoffs: &[usize], suffix: &str) -> Table {
    let values: Vec<(&str, Option<f64>)> = flat.numbers().collect();
    let mut columns = vec![Column::text("Metric")];
    columns.extend(cutoffs.iter().map(|k| Column::number(format!("k = {k}"), NumberFormat::Decimals(4))));
    let first = format!("@{}{suffix}", cutoffs.first().copied().unwrap_or(1));
    let names = values.iter().filter_map(|(key, _)| key.strip_suffix(&first));
    names.fold(Table::new(columns), |table, name| {
        let cell = |k: &usize| {
            let key = format!("{name}@{k}{suffix}");
            let value = values.iter().find(|(name, _)| *name == key).and_then(|(_, value)| *value);
            value.map_or_else(|| Cell::undefined("see the notes"), Cell::Number)
        };
        table.row(std::iter::once(Cell::from(name)).chain(cutoffs.iter().map(cell)))
    })
}
