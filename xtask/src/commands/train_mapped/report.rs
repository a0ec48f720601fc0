//! The report of a run on a mapped log.

use anyhow::Result;
use slatewise_eval::gates;
use slatewise_eval::report::{
    Block, Callout, Cell, Column, Fact, LinePlot, NumberFormat, Plot, ReliabilityPlot, Report, Section, Series, Table,
};

use super::record::Run;
use super::{Findings, SplitRun};
use crate::mapped::report as shared;

/// Puts the report together.
///
/// # Errors
/// A metric that cannot be computed.
pub(super) fn build(findings: &Findings, run: &Run) -> Result<Report> {
    let kept = &findings.splits[0];
    let mut report = Report::new(findings.config.name.clone())
        .subtitle(format!("{} · seed {} · {} · {:.0} s", run.started, run.seed, run.device, run.seconds))
        .fact(Fact::number("Rows kept", findings.counts.rows_kept as f64, NumberFormat::Count))
        .fact(Fact::number("Rows set aside", findings.counts.rows_quarantined() as f64, NumberFormat::Count));
    for task in &kept.learned.test {
        if let Some(binary) = &task.binary {
            let fact = Fact::number(format!("AUC, {}", task.task), binary.roc_auc, NumberFormat::Decimals(4));
            report = report.fact(fact.note(format!("test rows, {} split", kept.kind.name())));
        }
    }
    Ok(report
        .section(splits(findings))
        .section(gates_section(findings))
        .section(predictions(kept))
        .section(training(kept))
        .section(shared::counts(&findings.counts))
        .section(shared::columns(&findings.schema, &findings.profile))
        .section(features(kept)))
}

/// Both splits beside each other: what a random one hides.
fn splits(findings: &Findings) -> Section {
    let mut table = Table::new(vec![
        Column::text("Task"),
        Column::text("Split"),
        Column::number("Train rows", NumberFormat::Count),
        Column::number("Test rows", NumberFormat::Count),
        Column::number("Base rate, train", NumberFormat::Percent(1)),
        Column::number("Base rate, test", NumberFormat::Percent(1)),
        Column::number("AUC", NumberFormat::Decimals(4)),
        Column::number("Log loss", NumberFormat::Decimals(4)),
        Column::number("Relative squared error", NumberFormat::Decimals(4)),
        Column::number("Future rows in train", NumberFormat::Count),
    ])
    .caption("Test rows. The chronological split is what a deployed model meets: it learns from the past and predicts what comes later. The kept model is that of the first row of each task.");
    let tasks = findings.splits[0].learned.test.len();
    for task in 0..tasks {
        for split in &findings.splits {
            let judged = &split.learned.test[task];
            let base = |positives: Option<u64>, rows: u64| positives.map(|n| n as f64 / (rows as f64).max(1.0));
            let (train, test) = (&split.parts.train, &split.parts.test);
            let shown = |value: Option<f64>| value.map_or(Cell::Empty, Cell::Number);
            table = table.row([
                judged.task.as_str().into(),
                split.kind.name().into(),
                (train.rows as f64).into(),
                (test.rows as f64).into(),
                shown(base(train.positives.get(&judged.task).copied(), train.rows)),
                shown(base(test.positives.get(&judged.task).copied(), test.rows)),
                shown(judged.binary.as_ref().and_then(|summary| summary.roc_auc)),
                shown(judged.binary.as_ref().and_then(|summary| summary.log_loss)),
                shown(judged.number.as_ref().map(|summary| summary.relative_squared_error)),
                (split.parts.future_rows_in_train as f64).into(),
            ]);
        }
    }
    Section::new("splits", "What to expect").block(Block::Table(table))
}

/// What the gates found, or that they found nothing.
fn gates_section(findings: &Findings) -> Section {
    let section = gates::section(&findings.gates);
    if findings.left_out.is_empty() {
        return section;
    }
    let text = format!("{}: each gives a label away, and gates.on_leak is \"drop\".", findings.left_out.join(", "));
    section.block(Block::Callout(Callout::warning("Left out of the features", text)))
}

fn predictions(kept: &SplitRun) -> Section {
    let number = NumberFormat::Decimals;
    let mut table = Table::new(vec![
        Column::text("Task"),
        Column::number("Rows", NumberFormat::Count),
        Column::number("Base rate", NumberFormat::Percent(2)),
        Column::number("AUC", number(4)),
        Column::number("Log loss", number(4)),
        Column::number("Normalised entropy", number(4)),
        Column::number("Calibration ratio", number(3)),
        Column::number("ECE", number(4)),
        Column::number("RMSE", number(4)),
        Column::number("MAE", number(4)),
        Column::number("XAUC", number(4)),
    ])
    .caption("Test rows of the kept model. Normalised entropy below 1 is better than always predicting the base rate; a calibration ratio of 1 means as many positives as predicted.");
    let mut reliability = ReliabilityPlot::new("Predicted against observed, per task")
        .caption("Ten bins of equal mass; the area of a dot grows with its rows.");
    let mut plotted = false;
    for task in &kept.learned.test {
        let (binary, value) = (task.binary.as_ref(), task.number.as_ref());
        let shown = |value: Option<f64>| value.map_or(Cell::Empty, Cell::Number);
        table = table.row([
            task.task.as_str().into(),
            task.rows.into(),
            shown(binary.and_then(|b| b.positive_rate)),
            shown(binary.and_then(|b| b.roc_auc)),
            shown(binary.and_then(|b| b.log_loss)),
            shown(binary.and_then(|b| b.normalised_entropy)),
            shown(binary.and_then(|b| b.calibration_ratio)),
            shown(binary.and_then(|b| b.ece_equal_mass)),
            shown(value.and_then(|v| v.root_mean_squared_error)),
            shown(value.and_then(|v| v.mean_absolute_error)),
            shown(value.and_then(|v| v.xauc)),
        ]);
        if let Some(binary) = binary {
            reliability = reliability.task(task.task.clone(), binary.reliability.clone());
            plotted = true;
        }
    }
    let section = Section::new("predictions", "Predictions").block(Block::Table(table));
    if plotted { section.block(Block::Plot(Plot::Reliability(reliability))) } else { section }
}

fn training(kept: &SplitRun) -> Section {
    let epochs = &kept.learned.epochs;
    let curve = |of: &dyn Fn(usize) -> Option<f64>| -> Vec<(f64, f64)> {
        (0..epochs.len()).filter_map(|epoch| Some(((epoch + 1) as f64, of(epoch)?))).collect()
    };
    let mut loss = LinePlot::new("Validation loss", "epoch", "loss");
    let mut auc = LinePlot::new("Validation AUC", "epoch", "AUC");
    let mut any_auc = false;
    for (task, judged) in kept.learned.test.iter().enumerate() {
        loss = loss.series(Series::new(judged.task.clone(), curve(&|epoch| epochs[epoch].loss[task])));
        let points = curve(&|epoch| epochs[epoch].auc[task]);
        if !points.is_empty() {
            auc = auc.series(Series::new(judged.task.clone(), points));
            any_auc = true;
        }
    }
    let mut plots = vec![Plot::Line(loss)];
    if any_auc {
        plots.push(Plot::Line(auc));
    }
    Section::new("training", "Training")
        .paragraph(format!("The weights of epoch {} were kept, the lowest validation loss.", kept.learned.best_epoch))
        .block(Block::Row(plots))
}

fn features(kept: &SplitRun) -> Section {
    let mut table = Table::new(vec![Column::text("Feature"), Column::text("Kind"), Column::text("Fitted")])
        .caption(format!("Fitted on {} train rows of the {} split.", kept.encoder.train_rows(), kept.kind.name()));
    for feature in kept.encoder.summary() {
        table = table.row([Cell::from(feature.name), feature.kind.into(), feature.detail.into()]);
    }
    Section::new("features", "Features").block(Block::Table(table))
}

/// The splits' AUCs in a line per task.
///
/// # Errors
/// None so far: what is undefined is left out.
pub(super) fn side_by_side_lines(findings: &Findings) -> Result<Vec<String>> {
    let [kept, other] = findings.splits.as_slice() else { return Ok(Vec::new()) };
    let pairs = kept.learned.test.iter().zip(&other.learned.test);
    let line = |(a, b): (&super::learn::Judged, &super::learn::Judged)| {
        let auc = |judged: &super::learn::Judged| judged.binary.as_ref().and_then(|summary| summary.roc_auc);
        let (ours, theirs) = (auc(a)?, auc(b)?);
        Some(format!(
            "{:<18} AUC {ours:.4} by the {} split, {theirs:.4} by the {} one",
            a.task,
            kept.kind.name(),
            other.kind.name()
        ))
    };
    Ok(pairs.filter_map(line).collect())
}
