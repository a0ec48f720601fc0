//! Sections that the reports of `data check` and `train` share: counts, columns, findings.

use slatewise_data::log::Counts;
use slatewise_data::log::engine::ColumnProfile;
use slatewise_data::log::schema::{Available, Role, TypedKind, TypedSchema};
use slatewise_eval::report::{Block, Cell, Column, Fact, NumberFormat, Section, Table};

/// What was read, kept, repaired and set aside.
pub(crate) fn counts(counts: &Counts) -> Section {
    let count = |label: &str, value: u64| Fact::number(label, value as f64, NumberFormat::Count);
    let section = Section::new("data", "Data")
        .paragraph("Every row read is counted once: kept, dropped as a repetition, or set aside in quarantine.csv with file, line, column, value and rule.")
        .block(Block::Facts(vec![
            count("Lines", counts.lines),
            count("Rows read", counts.rows_read),
            count("Kept", counts.rows_kept),
            count("Repetitions dropped", counts.duplicates_dropped),
            count("Quarantined", counts.rows_quarantined()),
            count("Cells repaired or noted", counts.repaired.iter().map(|repair| repair.cells).sum()),
        ]));
    let mut table = Table::new(vec![
        Column::text("What was found"),
        Column::text("Where"),
        Column::number("Count", NumberFormat::Count),
    ]);
    for (rule, &rows) in &counts.quarantined {
        table = table.row([format!("quarantined: {rule}").into(), "see quarantine.csv".into(), (rows as f64).into()]);
    }
    if counts.duplicates_kept > 0 {
        table = table.row(["repeated and kept".into(), "whole rows".into(), (counts.duplicates_kept as f64).into()]);
    }
    for repair in &counts.repaired {
        let place = if repair.column.is_empty() { "files".to_owned() } else { format!("column {}", repair.column) };
        table = table.row([repair.repair.replace('_', " ").into(), place.into(), (repair.cells as f64).into()]);
    }
    for (name, &rows) in counts.unmatched.iter().filter(|(_, rows)| **rows > 0) {
        table = table.row(["rows without a partner".into(), format!("table {name}").into(), (rows as f64).into()]);
    }
    for (name, &rows) in counts.repeated_keys.iter().filter(|(_, rows)| **rows > 0) {
        table = table.row(["repeated keys, not used".into(), format!("table {name}").into(), (rows as f64).into()]);
    }
    if table.rows.is_empty() { section } else { section.block(Block::Table(table)) }
}

/// Each column: what it is for, and what stands in it.
pub(crate) fn columns(schema: &TypedSchema, profile: &[ColumnProfile]) -> Section {
    let mut table = Table::new(vec![
        Column::text("Column"),
        Column::text("Role"),
        Column::text("Type"),
        Column::number("Missing", NumberFormat::Percent(1)),
        Column::number("Distinct", NumberFormat::Count),
        Column::text("Least"),
        Column::number("Mean", NumberFormat::Decimals(3)),
        Column::text("Greatest"),
        Column::text("Commonest"),
    ])
    .caption("Distinct values are estimated in large tables. A column known after the outcome is no feature.");
    for column in &schema.columns {
        let Some(found) = profile.iter().find(|found| found.name == column.name) else { continue };
        let known_after = column.available == Some(Available::After);
        let text = |value: &Option<String>| value.as_deref().map_or(Cell::Empty, |value| short(value).into());
        let mean = found.mean.filter(|_| column.kind != TypedKind::Time);
        table = table.row([
            column.name.as_str().into(),
            format!("{}{}", role(&column.role), if known_after { ", known after the outcome" } else { "" }).into(),
            kind(column.kind).into(),
            (found.missing as f64 / (found.rows as f64).max(1.0)).into(),
            found.distinct.map_or(Cell::Empty, |distinct| Cell::Number(distinct as f64)),
            text(&found.min),
            mean.map_or(Cell::Empty, Cell::Number),
            text(&found.max),
            commonest(found).into(),
        ]);
    }
    Section::new("columns", "Columns").block(Block::Table(table))
}

/// The commonest values with their shares, cut to what fits a cell.
fn commonest(found: &ColumnProfile) -> String {
    let share = |rows: u64| 100.0 * rows as f64 / (found.rows as f64).max(1.0);
    let shown = found.top.iter().take(3).map(|(value, rows)| format!("{} ({:.0} %)", short(value), share(*rows)));
    shown.collect::<Vec<_>>().join(", ")
}

/// A value cut to what fits a cell.
fn short(value: &str) -> String {
    match value.char_indices().nth(24) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

fn role(role: &Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Item => "item",
        Role::Session => "session",
        Role::Time => "time",
        Role::Surface => "surface",
        Role::Position => "position",
        Role::Propensity => "propensity",
        Role::Price => "price",
        Role::Feedback => "feedback",
        Role::Context => "context",
        Role::ItemAttribute => "item attribute",
        Role::Other => "other",
    }
}

fn kind(kind: TypedKind) -> &'static str {
    match kind {
        TypedKind::Text => "text",
        TypedKind::Integer => "integer",
        TypedKind::Number => "number",
        TypedKind::Boolean => "boolean",
        TypedKind::Time => "time",
        TypedKind::Vector => "vector",
    }
}
