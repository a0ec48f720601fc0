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
    let tasks = &findings.splits[0].learned.test;
    let (binary, number) = (tasks.iter().any(|t| t.binary.is_some()), tasks.iter().any(|t| t.number.is_some()));
    let mut columns = vec![
        Column::text("Task"),
        Column::text("Split"),
        Column::number("Train rows", NumberFormat::Count),
        Column::number("of the future", NumberFormat::Count),
        Column::number("Test rows", NumberFormat::Count),
    ];
    if binary {
        columns.push(Column::number("Yes, train", NumberFormat::Percent(1)));
        columns.push(Column::number("Yes, test", NumberFormat::Percent(1)));
        columns.push(Column::number("AUC", NumberFormat::Decimals(4)));
        columns.push(Column::number("Log loss", NumberFormat::Decimals(4)));
    }
    if number {
        columns.push(Column::number("Squared error, relative", NumberFormat::Decimals(4)));
    }
    let mut table = Table::new(columns).caption("Test rows; the interval of an AUC is DeLong's, 95 %. The chronological split is what a deployed model meets: it learns from the past and predicts what comes later. Each task's first row is the kept model. A relative squared error below 1 is better than the test rows' own mean.");
    for task in 0..tasks.len() {
        for split in &findings.splits {
            let judged = &split.learned.test[task];
            let (train, test) = (&split.parts.train, &split.parts.test);
            let share = |positives: Option<&u64>, rows: u64| {
                positives.map_or(Cell::Empty, |&yes| Cell::Number(yes as f64 / (rows as f64).max(1.0)))
            };
            let mut cells: Vec<Cell> = vec![
                judged.task.as_str().into(),
                split.kind.name().into(),
                (train.rows as f64).into(),
                (split.parts.future_rows_in_train as f64).into(),
                (test.rows as f64).into(),
            ];
            if binary {
                cells.push(share(train.positives.get(&judged.task), train.rows));
                cells.push(share(test.positives.get(&judged.task), test.rows));
                cells.push(judged.auc_interval().map_or(Cell::Empty, Cell::Interval));
                cells.push(shown(judged.binary.as_ref().and_then(|summary| summary.log_loss)));
            }
            if number {
                cells.push(shown(judged.number.as_ref().map(|summary| summary.relative_squared_error)));
            }
            table = table.row(cells);
        }
    }
    Section::new("splits", "What to expect").block(Block::Table(table))
}

fn shown(value: Option<f64>) -> Cell {
    value.map_or(Cell::Empty, Cell::Number)
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
    let mut section = Section::new("predictions", "Predictions");
    let mut table = Table::new(vec![
        Column::text("Task"),
        Column::number("Rows", NumberFormat::Count),
        Column::number("Base rate", NumberFormat::Percent(2)),
        Column::number("AUC", number(4)),
        Column::number("Log loss", number(4)),
        Column::number("Normalised entropy", number(4)),
        Column::number("Calibration ratio", number(3)),
        Column::number("ECE", number(4)),
    ])
    .caption("Test rows of the kept model. Normalised entropy below 1 is better than always predicting the base rate; a calibration ratio of 1 means as many positives as predicted.");
    let mut reliability = ReliabilityPlot::new("Predicted against observed, per task")
        .caption("Ten bins of equal mass; the area of a dot grows with its rows.");
    for (task, binary) in kept.learned.test.iter().filter_map(|task| Some((task, task.binary.as_ref()?))) {
        table = table.row([
            task.task.as_str().into(),
            task.rows.into(),
            shown(binary.positive_rate),
            shown(binary.roc_auc),
            shown(binary.log_loss),
            shown(binary.normalised_entropy),
            shown(binary.calibration_ratio),
            shown(binary.ece_equal_mass),
        ]);
        reliability = reliability.task(task.task.clone(), binary.reliability.clone());
    }
    if !table.rows.is_empty() {
        section = section.block(Block::Table(table)).block(Block::Plot(Plot::Reliability(reliability)));
    }
    let mut table = Table::new(vec![
        Column::text("Task"),
        Column::number("Rows", NumberFormat::Count),
        Column::number("RMSE", number(4)),
        Column::number("MAE", number(4)),
        Column::number("Squared error, relative", number(4)),
        Column::number("XAUC", number(4)),
    ])
    .caption("Numbers, in the label's own unit. XAUC is the share of pairs in the right order.");
    for (task, value) in kept.learned.test.iter().filter_map(|task| Some((task, task.number.as_ref()?))) {
        table = table.row([
            task.task.as_str().into(),
            task.rows.into(),
            shown(value.root_mean_squared_error),
            shown(value.mean_absolute_error),
            value.relative_squared_error.into(),
            shown(value.xauc),
        ]);
    }
    if table.rows.is_empty() { section } else { section.block(Block::Table(table)) }
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
