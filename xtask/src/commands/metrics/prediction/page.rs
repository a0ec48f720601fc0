//! The page of `metrics prediction`.

use std::path::Path;

use slatewise_eval::prediction::ReliabilityBin;
use slatewise_eval::report::{
    Block, Callout, Cell, Column, Fact, NumberFormat, Plot, ReliabilityPlot, Report, Section, Table,
};

use crate::flat::Flat;

/// The numbers, their warnings, and the reliability diagram where scores are probabilities.
pub(super) fn report(flat: &Flat, reliability: Option<Vec<ReliabilityBin>>, input: &Path) -> Report {
    let name = input.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let value = |key: &str| flat.numbers().find(|(name, _)| *name == key).and_then(|(_, value)| value);
    let mut report = Report::new("Predictions and what came true").subtitle(name);
    for (key, label, format) in [
        ("rows_used", "Rows", NumberFormat::Count),
        ("rows_rejected", "Rows left out", NumberFormat::Count),
        ("auc", "AUC", NumberFormat::Decimals(4)),
        ("gauc", "GAUC", NumberFormat::Decimals(4)),
        ("logloss", "Log loss", NumberFormat::Decimals(4)),
        ("mae", "MAE", NumberFormat::Decimals(4)),
        ("xauc", "XAUC", NumberFormat::Decimals(4)),
    ] {
        if flat.numbers().any(|(name, _)| name == key) {
            report = report.fact(Fact::number(label, value(key), format));
        }
    }
    let mut metrics = Section::new("metrics", "Metrics").block(Block::Table(table(flat)));
    for warning in flat.warnings() {
        metrics = metrics.block(Block::Callout(Callout::warning("Note", warning.as_str())));
    }
    if let Some(bins) = reliability {
        let plot = ReliabilityPlot::new("Predicted and observed rates").task("score", bins).caption(
            "Ten bins that hold equal numbers of rows; tied rows are shared between bins. Below the diagonal \
                 the scores promise too much.",
        );
        report = report.section(Section::new("calibration", "Calibration").block(Block::Plot(Plot::Reliability(plot))));
    }
    report.section(metrics)
}

fn table(flat: &Flat) -> Table {
    let columns = vec![Column::text("Metric"), Column::number("Value", NumberFormat::Decimals(6))];
    flat.numbers().fold(Table::new(columns), |table, (key, value)| {
        table.row([key.into(), value.map_or_else(|| Cell::undefined("see the notes"), Cell::Number)])
    })
}
