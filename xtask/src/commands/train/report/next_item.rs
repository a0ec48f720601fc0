//! The next item: the model beside popularity and the Markov chain; coverage and diversity of their lists.

use slatewise_eval::report::{Block, Column, LinePlot, NumberFormat, Plot, Section, Series, Table};

use super::{Findings, grouped};
use crate::commands::train::closing::next_item_verdict;
use crate::commands::train::next_item::NextItemResult;

/// List length that the table shows.
const SHOWN: usize = 10;

pub(super) fn section(findings: &Findings<'_>) -> Option<Section> {
    let results = &findings.evaluation.next_item;
    let first = results.first()?;
    let place = first.ranking.cutoff(SHOWN).unwrap_or(first.ranking.cutoffs.len() - 1);
    let k = first.ranking.cutoffs[place];
    let mut section = Section::new("next-item", "Next item").paragraph(format!(
        "At each of {} clicks of {} test sessions, all {} items are ranked by how likely they are to be clicked next.",
        grouped(first.ranking.transitions as u64),
        grouped(first.ranking.sessions as u64),
        findings.data.loaded.log.catalogue.len()
    ));
    if let Some(verdict) = next_item_verdict(findings.evaluation) {
        section = section.paragraph(format!("{verdict}."));
    }
    let curve = |title: &str, label: &str, of: fn(&NextItemResult, usize) -> Option<f64>| {
        let mut plot = LinePlot::new(title, "list length k", label);
        for result in results {
            let points = result.ranking.cutoffs.iter().enumerate();
            let points = points.filter_map(|(place, &k)| Some((k as f64, of(result, place)?)));
            plot = plot.series(Series::new(result.recommender, points.collect()));
        }
        Plot::Line(plot)
    };
    Some(section.block(Block::Table(table(results, place, k))).block(Block::Row(vec![
        curve("Hit rate", "HR@k", |result, place| Some(result.ranking.over_transitions.hit_rate[place])),
        curve("NDCG", "NDCG@k", |result, place| Some(result.ranking.over_transitions.ndcg[place])),
        curve("Catalogue coverage", "share of items in any list", |result, place| result.catalogue[place].coverage),
        curve("Diversity within a list", "mean pairwise distance", |result, place| {
            result.catalogue[place].intra_list_diversity
        }),
    ])))
}

fn table(results: &[NextItemResult], place: usize, k: usize) -> Table {
    let four = NumberFormat::Decimals(4);
    let mut table = Table::new(vec![
        Column::text("Recommender"),
        Column::number(format!("HR@{k}"), four).highest(),
        Column::number(format!("NDCG@{k}"), four).highest(),
        Column::number("MRR", four).highest(),
        Column::number("MRR per session", four).highest(),
        Column::number(format!("Coverage@{k}"), NumberFormat::Percent(1)).highest(),
        Column::number(format!("Diversity@{k}"), NumberFormat::Decimals(3)).highest(),
        Column::number(format!("Novelty@{k} (bits)"), NumberFormat::Decimals(2)).highest(),
    ])
    .caption("Means over transitions, and over sessions where it says so. Ties count by their expected rank.");
    for result in results {
        let (values, catalogue) = (&result.ranking.over_transitions, &result.catalogue[place]);
        table = table.row([
            result.recommender.into(),
            values.hit_rate[place].into(),
            values.ndcg[place].into(),
            values.mrr.into(),
            result.ranking.over_sessions.mrr.into(),
            catalogue.coverage.into(),
            catalogue.intra_list_diversity.into(),
            catalogue.novelty_bits.into(),
        ]);
    }
    table
}
