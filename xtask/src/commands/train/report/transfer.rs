//! What each task gains or loses beside the others: the model against the single-task twins.

use slatewise_eval::interval::Interval;
use slatewise_eval::report::{Block, Callout, Cell, Column, NumberFormat, Section, Table};

use crate::commands::train::twins::{LossTransfer, Transfer, TransferVerdict};

const FOUR: NumberFormat = NumberFormat::Decimals(4);

pub(super) fn section(transfer: &[Transfer]) -> Section {
    let mut section = Section::new("transfer", "Transfer between the tasks").paragraph(
        "Each task was learned alone too, by a twin of the same layout, trunk and widths, with the same data, seed and trainer. Differences are multi-task minus single-task on the same test sessions: a loss above 0, or an AUC below 0, is negative transfer.",
    );
    for task in transfer {
        let lost = task.losses.iter().filter(|loss| loss.verdict == TransferVerdict::Negative);
        let lost: Vec<&str> = lost.map(|loss| loss.metric).collect();
        if !lost.is_empty() {
            let text = format!("{} is better alone, by {}.", task.task, lost.join(", "));
            section = section.block(Block::Callout(Callout::warning("Negative transfer", text)));
        }
    }
    section.block(Block::Table(losses(transfer))).block(Block::Table(auc(transfer)))
}

fn losses(transfer: &[Transfer]) -> Table {
    let mut table = Table::new(vec![
        Column::text("Task"),
        Column::text("Metric"),
        Column::number("Sessions", NumberFormat::Count),
        Column::number("Multi-task", FOUR),
        Column::number("Single-task", FOUR),
        Column::number("Difference", FOUR),
        Column::number("p, corrected", FOUR),
        Column::text("Verdict"),
    ])
    .caption("Means over test sessions; the difference with its paired bootstrap interval over sessions, and the p-value of a sign-flip test, corrected (Holm) over all rows of this table. One seed: how much another one would change, compare-models says.");
    for task in transfer {
        for loss in &task.losses {
            table = table.row([
                task.task.as_str().into(),
                loss.metric.into(),
                loss.sessions.into(),
                loss.multi_task.into(),
                loss.single_task.into(),
                Cell::Interval(interval(loss)),
                loss.p_corrected.into(),
                loss.verdict.words().into(),
            ]);
        }
    }
    table
}

fn interval(loss: &LossTransfer) -> Interval {
    Interval { mean: loss.difference, bounds: loss.bounds, level: loss.level, samples: loss.sessions }
}

fn auc(transfer: &[Transfer]) -> Table {
    let mut table = Table::new(vec![
        Column::text("Task"),
        Column::number("AUC, multi-task", FOUR),
        Column::number("AUC, single-task", FOUR),
        Column::number("Difference", FOUR),
        Column::number("Twin's epoch", NumberFormat::Count),
    ])
    .caption("Over all test rows. An area under the curve is no mean over sessions, so it has no interval here.");
    for task in transfer {
        let of = |auc: Option<f64>| auc.map_or(Cell::Empty, Cell::from);
        let auc = task.roc_auc.as_ref();
        table = table.row([
            task.task.as_str().into(),
            of(auc.map(|auc| auc.multi_task)),
            of(auc.map(|auc| auc.single_task)),
            of(auc.map(|auc| auc.difference)),
            task.twin_epoch.into(),
        ]);
    }
    table
}
