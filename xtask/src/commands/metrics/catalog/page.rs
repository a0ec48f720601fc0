//! The page of `metrics catalog`.

use slatewise_eval::report::{Block, Callout, Cell, Column, Fact, NumberFormat, Report, Section, Table};

use super::read::Inputs;
use crate::flat::Flat;

/// One row per metric, one column per k.
pub(super) fn report(flat: &Flat, inputs: &Inputs, lengths: &[usize]) -> Report {
    let count = |label: &str, value: usize| Fact::number(label, value as f64, NumberFormat::Count);
    let mut section = Section::new("metrics", "Catalogue metrics").block(Block::Table(table(flat, lengths)));
    for warning in flat.warnings() {
        section = section.block(Block::Callout(Callout::info("Note", warning.as_str())));
    }
    Report::new("Recommendations and the catalogue")
        .fact(count("Lists", inputs.lists.items.len()))
        .fact(count("Catalogue items", inputs.items.names.len()))
        .fact(count("Training events", inputs.train.rows))
        .section(section)
}

fn table(flat: &Flat, lengths: &[usize]) -> Table {
    let values: Vec<(&str, Option<f64>)> = flat.numbers().collect();
    let mut columns = vec![Column::text("Metric")];
    columns.extend(lengths.iter().map(|k| Column::number(format!("k = {k}"), NumberFormat::Decimals(4))));
    let first = lengths.first().copied().unwrap_or(1);
    let names = values.iter().filter_map(|(key, _)| key.strip_suffix(&format!("@{first}")));
    names.fold(Table::new(columns), |table, name| {
        // The name of serendipity repeats k.
        let stem = name.replace(&format!("_top{first}_"), "_topk_");
        let cell = |&k: &usize| {
            let key = format!("{}@{k}", stem.replace("_topk_", &format!("_top{k}_")));
            let value = values.iter().find(|(name, _)| *name == key).and_then(|(_, value)| *value);
            value.map_or_else(|| Cell::undefined("see the notes"), Cell::Number)
        };
        table.row(std::iter::once(Cell::from(stem.as_str())).chain(lengths.iter().map(cell)))
    })
}
