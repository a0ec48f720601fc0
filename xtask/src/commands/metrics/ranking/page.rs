//! The page of `metrics ranking`.

use std::path::Path;

use slatewise_eval::report::{Block, Callout, Fact, NumberFormat, Report, Section};

use super::super::per_k;
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
        .block(Block::Table(per_k::table(flat, cutoffs, "")))
        .paragraph("Means over all judged users, those without relevant items counting 0:")
        .block(Block::Table(per_k::table(flat, cutoffs, ZERO)));
    for warning in flat.warnings() {
        section = section.block(Block::Callout(Callout::warning("Note", warning.as_str())));
    }
    report.section(section)
}
