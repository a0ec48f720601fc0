//! `metrics`: the metrics of files that anything may have written.

mod catalog;
mod per_k;
mod prediction;
mod ranking;

use anyhow::Result;
use clap::Subcommand;

/// What to measure.
#[derive(Debug, Subcommand)]
pub(crate) enum Metrics {
    /// Scores against labels of 0 and 1: AUC, log loss, calibration, AUC within users.
    Prediction(prediction::Arguments),
    /// Ranked lists against judgements: NDCG, recall, precision, hit rate, MRR, MAP.
    Ranking(ranking::Arguments),
    /// Recommended lists against the catalogue: coverage, Gini, entropy, diversity, novelty, serendipity.
    Catalog(catalog::Arguments),
}

/// Runs the command.
pub(crate) fn run(metrics: &Metrics) -> Result<()> {
    match metrics {
        Metrics::Prediction(arguments) => prediction::run(arguments),
        Metrics::Ranking(arguments) => ranking::run(arguments),
        Metrics::Catalog(arguments) => catalog::run(arguments),
    }
}
