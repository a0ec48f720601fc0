//! The page of `metrics catalog`.

use slatewise_eval::report::{Block, Callout, Fact, NumberFormat, Report, Section};

use super::super::per_k;
use super::read::Inputs;
use crate::flat::Flat;

/// One row per metric, one column per k.
pub(super) fn report(flat: &Flat, inputs: &Inputs, lengths: &[usize]) -> Report {
    let count = |label: &str, value: usize| Fact::number(label, value as f64, NumberFormat::Count);
    let mut section = Section::new("metrics", "Catalogue metrics").block(Block::Table(per_k::table(flat, lengths, "")));
    for warning in flat.warnings() {
        section = section.block(Block::Callout(Callout::info("Note", warning.as_str())));
    }
    Report::new("Recommendations and the catalogue")
        .fact(count("Lists", inputs.lists.items.len()))
        .fact(count("Catalogue items", inputs.items.names.len()))
        .fact(count("Training events", inputs.train.rows))
        .section(section)
}
