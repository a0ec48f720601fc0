//! Training curves, and each task's predictions on test sessions.

use slatewise_data::TaskKind;
use slatewise_eval::report::{Block, Column, LinePlot, NumberFormat, Plot, ReliabilityPlot, Section, Series, Table};

use super::Findings;

pub(super) fn training(findings: &Findings<'_>) -> Section {
    let epochs = &findings.fitted.epochs;
    let plots = findings.config.tasks.iter().enumerate().map(|(task, spec)| {
        let train = epochs.iter().filter_map(|e| Some((e.epoch as f64, e.train.tasks[task].mean?)));
        let validation = epochs.iter().filter_map(|e| Some((e.epoch as f64, e.validation[task].loss?)));
        Plot::Line(
            LinePlot::new(format!("{}: loss", spec.name), "epoch", "nats per row")
                .series(Series::new("train", train.collect()))
                .series(Series::new("validation", validation.collect())),
        )
    });
    let mut auc = LinePlot::new("AUC on validation sessions", "epoch", "AUC");
    for (task, spec) in findings.config.tasks.iter().enumerate().filter(|(_, spec)| spec.kind() == TaskKind::Binary) {
        let points = epochs.iter().filter_map(|e| Some((e.epoch as f64, e.validation[task].auc()?)));
        auc = auc.series(Series::new(spec.name.clone(), points.collect()));
    }
    let best = findings.fitted.best_epoch;
    Section::new("training", "Training")
        .paragraph(format!(
            "One shared trunk and a head per task, trained together; the weights of epoch {best} were kept, the lowest total validation loss. A masked label (such as the next item of a session that ends) has no loss."
        ))
        .block(Block::Row(plots.chain([Plot::Line(auc)]).collect()))
}

pub(super) fn predictions(findings: &Findings<'_>) -> Section {
    let number = |decimals| NumberFormat::Decimals(decimals);
    let mut table = Table::new(vec![
        Column::text("Task"),
        Column::number("Rows", NumberFormat::Count),
        Column::number("Base rate", NumberFormat::Percent(1)),
        Column::number("AUC", number(4)),
        Column::number("Log loss", number(4)),
        Column::number("Normalised entropy", number(4)),
        Column::number("Calibration ratio", number(3)),
        Column::number("ECE", number(4)),
    ])
    .caption("Test sessions. Normalised entropy below 1 is better than always predicting the base rate; a calibration ratio of 1 means as many positives as predicted. A choice has a log loss only.");
    let mut reliability = ReliabilityPlot::new("Predicted against observed, per task")
        .caption("Ten bins of equal mass; the area of a dot grows with its rows.");
    for result in &findings.evaluation.tasks {
        let (name, rows) = (result.task.as_str().into(), result.rows.into());
        let Some(binary) = &result.binary else {
            let none = || slatewise_eval::report::Cell::Empty;
            table = table.row([name, rows, none(), none(), result.loss.into()]);
            continue;
        };
        table = table.row([
            name,
            rows,
            binary.positive_rate.into(),
            binary.roc_auc.into(),
            binary.log_loss.into(),
            binary.normalised_entropy.into(),
            binary.calibration_ratio.into(),
            binary.ece_equal_mass.into(),
        ]);
        reliability = reliability.task(result.task.clone(), binary.reliability.clone());
    }
    Section::new("predictions", "Predictions")
        .block(Block::Table(table))
        .block(Block::Plot(Plot::Reliability(reliability)))
}
