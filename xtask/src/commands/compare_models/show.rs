//! The comparison as a line per model, as a flat object, and as a table.

use anyhow::Result;
use slatewise_eval::interval::{Interval, paired_differences, student_t_interval};
use slatewise_eval::report::{Block, Cell, Column, NumberFormat, Report, Section, Table};

use super::Judged;
use super::config::CompareConfig;
use super::run::{Outcome, TaskOutcome};
use crate::flat::Flat;
use crate::output::Output;

const LEVEL: f64 = 0.95;
/// Where a metric stands in an outcome.
type Metric = fn(&TaskOutcome) -> f64;
/// Metrics by key and heading.
const METRICS: [(&str, &str, Metric); 2] =
    [("roc_auc", "AUC", |task| task.roc_auc), ("log_loss", "log loss", |task| task.log_loss)];

/// A metric of one task over the seeds, with the twin's and the difference.
struct Measured {
    multi: Interval,
    twin: Interval,
    /// Multi-task minus single-task, seed by seed.
    transfer: Interval,
}

fn measure(judged: &Judged, task: usize, metric: Metric) -> Result<Measured> {
    let multi: Vec<f64> = judged.multi.iter().map(|outcome| metric(&outcome.tasks[task])).collect();
    let twin: Vec<f64> = judged.twins[task].iter().map(|outcome| metric(&outcome.tasks[0])).collect();
    Ok(Measured {
        multi: student_t_interval(&multi, LEVEL)?,
        twin: student_t_interval(&twin, LEVEL)?,
        transfer: student_t_interval(&paired_differences(&multi, &twin)?, LEVEL)?,
    })
}

fn mean_epochs(outcomes: &[Outcome]) -> f64 {
    outcomes.iter().map(|outcome| outcome.epochs as f64).sum::<f64>() / outcomes.len().max(1) as f64
}

/// One model in one line.
pub(super) fn line(judged: &Judged, tasks: &[String], seconds: f64) -> Result<String> {
    let mut text = format!("{:<16} {seconds:>6.1} s", judged.name);
    for (task, name) in tasks.iter().enumerate() {
        let auc = measure(judged, task, METRICS[0].2)?;
        text += &format!("   {name} AUC {:.4} (alone {:.4})", auc.multi.mean, auc.twin.mean);
    }
    Ok(text)
}

/// Prints everything and writes the page.
pub(super) fn tell(config: &CompareConfig, tasks: &[String], judged: &[Judged], output: &Output) -> Result<()> {
    let mut flat = Flat::default();
    flat.count("seeds", config.compare.seeds);
    let mut report = Report::new(format!("{}: multi-task models compared", config.name)).subtitle(format!(
        "{} seeds each; mean and {:.0} % interval (Student's t); transfer is multi-task minus single-task, seed by seed",
        config.compare.seeds,
        100.0 * LEVEL
    ));
    for (task, name) in tasks.iter().enumerate() {
        let mut section = Section::new(name.clone(), name.clone());
        for (key, heading, metric) in METRICS {
            let format = NumberFormat::Decimals(4);
            let mut table = Table::new(vec![
                Column::text("model"),
                Column::number(heading, format),
                Column::number(format!("{heading}, single task"), format),
                Column::number("transfer", format),
                Column::number("epochs", NumberFormat::Decimals(1)),
            ]);
            for judged in judged {
                let measured = measure(judged, task, metric)?;
                let prefix = format!("{}.{name}.{key}", judged.name);
                for (part, interval) in
                    [("", &measured.multi), (".single_task", &measured.twin), (".transfer", &measured.transfer)]
                {
                    flat.number(format!("{prefix}{part}"), interval.mean);
                    if let Some((lower, upper)) = interval.bounds {
                        flat.number(format!("{prefix}{part}.lower"), lower);
                        flat.number(format!("{prefix}{part}.upper"), upper);
                    }
                }
                table = table.row([
                    Cell::Text(judged.name.clone()),
                    Cell::Interval(measured.multi),
                    Cell::Interval(measured.twin),
                    Cell::Interval(measured.transfer),
                    Cell::Number(mean_epochs(&judged.multi)),
                ]);
            }
            section = section.block(Block::Table(table));
        }
        report = report.section(section);
    }
    for judged in judged {
        for (task, name) in tasks.iter().enumerate() {
            let transfer = measure(judged, task, METRICS[0].2)?.transfer;
            if transfer.bounds.is_some_and(|(_, upper)| upper < 0.0) {
                flat.warning(format!("{}: negative transfer on {name}: AUC {:+.4}", judged.name, transfer.mean));
            }
        }
    }
    if output.json {
        return output.tell(&flat, || report);
    }
    #[expect(clippy::print_stdout, reason = "standard output is where a command gives its result")]
    {
        println!("\n{}", report.to_markdown());
        flat.warnings().iter().for_each(|warning| println!("warning: {warning}"));
    }
    output.write_page(|| report)
}
