//! Stage 1: the log, cleaned, its impressions rebuilt, split by time, its tasks resolved.

use std::time::Instant;

use anyhow::{Context, Result};
use slatewise_data::{CleaningReport, LoadedLog, Split, TaskSet};

use crate::config::RunConfig;
use crate::console::Console;
use crate::run_dir::RunDir;

/// The log and what was decided about it.
pub(super) struct Data {
    pub(super) loaded: LoadedLog,
    pub(super) split: Split,
    pub(super) tasks: TaskSet,
}

pub(super) fn prepare(config: &RunConfig, run: &RunDir, console: Console) -> Result<Data> {
    console.stage("1/6  Data: read, clean, rebuild the impressions, split by day");
    let started = Instant::now();
    let loaded = slatewise_data::load(&config.data)?;
    let split = config.split.split(&loaded.log)?;
    let tasks = TaskSet::resolve(&config.tasks, &loaded.log.catalogue)?;
    loaded.quarantine.write_csv(run.path("quarantine.csv")).context("writing quarantine.csv")?;
    console.line(format!("{} ({:.1} s)", config.data.path.display(), started.elapsed().as_secs_f64()));
    console.line(cleaning_lines(&loaded.cleaning));
    let log = &loaded.log;
    for (part, sessions) in split.parts() {
        let slates = log.session_offset[sessions.end as usize] - log.session_offset[sessions.start as usize];
        let days = log.days_in(&sessions).map_or_else(String::new, |d| format!("{} to {}", d.start(), d.end()));
        console.line(format!("{part:<11} {:>7} sessions  {slates:>8} clicks   {days}", sessions.len()));
    }
    Ok(Data { loaded, split, tasks })
}

/// What the cleaning did, in three lines.
fn cleaning_lines(report: &CleaningReport) -> String {
    let mut lines = format!(
        "rows read {}, kept {}, repeated and dropped {}, quarantined {}",
        report.rows_read,
        report.rows_kept,
        report.duplicates_dropped,
        report.rows_quarantined()
    );
    if report.rows_left_out > 0 {
        lines += &format!(", left out by data.sessions_share {}", report.rows_left_out);
    }
    for (rule, rows) in &report.quarantined {
        lines += &format!("\nquarantined by {rule}: {rows} (see quarantine.csv)");
    }
    for count in &report.repaired {
        lines += &format!("\nrepaired in `{}`: {} ({})", count.column, count.rows, count.repair);
    }
    lines += &format!(
        "\n{} sessions, {} items on {} listings, {} impressions rebuilt",
        report.sessions, report.items, report.listings, report.impressions
    );
    lines
}
