//! `cargo xtask data check`: everything that is wrong with a log, before an hour is spent on it.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use jiff::Timestamp;
use slatewise_data::log::schema::Role;
use slatewise_eval::gates::{self as findings, Severity};
use slatewise_eval::report::{Fact, NumberFormat, Report};

use crate::commands::train_mapped::tasks;
use crate::console::Console;
use crate::flat::Flat;
use crate::mapped::clean::{Cleaning, engine, lines};
use crate::mapped::config::MappedConfig;
use crate::mapped::parts::Kept;
use crate::mapped::{gates, parts, report};
use crate::output::Output;
use crate::seeds::Seeds;

/// What `data check` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The mapping, or a config that holds one.
    #[arg(long, value_name = "FILE")]
    schema: PathBuf,
    /// Files, folders or patterns, instead of those that the mapping names.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Keep the rows that were set aside, with file, line, column, value and rule.
    #[arg(long, value_name = "FILE")]
    quarantine: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let console = Console::new();
    let schema = super::schema(&arguments.schema, &arguments.files)?;
    let mut config = MappedConfig::read(&arguments.schema)?;
    config.schema = schema;
    let folder = tempfile::tempdir().context("making a folder for the rows")?;
    let work = folder.path();
    let engine = engine(config.engine.memory_megabytes, work)?;
    let cleaning = Cleaning {
        schema: &config.schema,
        engine: &engine,
        folder: work,
        now: Timestamp::now(),
        seed: Seeds(config.seed).number("noise"),
    };
    let cleaned = cleaning.run();
    let set_aside = work.join("quarantine.csv");
    let mut place = "the file that --quarantine FILE names".to_owned();
    if let Some(path) = arguments.quarantine.as_ref().filter(|_| set_aside.exists()) {
        std::fs::copy(&set_aside, path).with_context(|| format!("--quarantine {}", path.display()))?;
        place = path.display().to_string();
    }
    // The folder goes with this command; what it holds can be kept.
    let cleaned =
        cleaned.map_err(|e| anyhow!("{}", format!("{e:#}").replace(&set_aside.display().to_string(), &place)))?;
    let counts = cleaned.counts.clone();
    console.line(lines(&counts));
    let profile = engine.profile(cleaned.rows.file().context("the clean rows were not written")?, &cleaned.schema)?;
    let kinds = parts::kinds(&config, &cleaned.schema)?;
    let divided = parts::divide(&config, &cleaned, &kinds, &engine, (work, Kept::Parts))?;
    let (schema, made) = (divided.schema, divided.splits);
    if let Some((kind, error)) = divided.without.first() {
        bail!("no {} split: {error}", kind.name());
    }
    for (kind, parts) in &made {
        parts::lines(*kind, parts).iter().for_each(|line| console.line(line));
    }
    // Without a feedback nothing can be learned, and everything else can still be judged.
    let tasks = tasks(&config, &schema).unwrap_or_default();
    let mut found = gates::look(&config, &schema, &tasks, &made, &engine)?;
    found.extend(gates::of_the_mapping(&schema));
    found.iter().for_each(|finding| console.line(finding.to_string()));

    let mut flat = Flat::default();
    for (key, count) in [
        ("lines", counts.lines),
        ("rows_read", counts.rows_read),
        ("rows_kept", counts.rows_kept),
        ("duplicates_dropped", counts.duplicates_dropped),
        ("rows_quarantined", counts.rows_quarantined()),
    ] {
        flat.count(key, count as usize);
    }
    for (rule, &count) in &counts.quarantined {
        flat.count(format!("quarantined.{rule}"), count as usize);
    }
    for severity in [Severity::Notice, Severity::Warning, Severity::Stop] {
        let count = found.iter().filter(|finding| finding.severity == severity).count();
        flat.count(format!("findings.{}", format!("{severity:?}").to_lowercase()), count);
    }
    found.iter().for_each(|finding| flat.warning(finding.to_string()));
    let page = || {
        let users = schema.with_role(&Role::User).count();
        let report = Report::new(format!("{}: is this data sound?", config.name))
            .fact(Fact::number("Rows kept", counts.rows_kept as f64, NumberFormat::Count))
            .fact(Fact::number("Rows set aside", counts.rows_quarantined() as f64, NumberFormat::Count))
            .fact(Fact::number("Findings", found.len() as f64, NumberFormat::Count));
        let report = if users == 0 { report.subtitle("no column is mapped to users") } else { report };
        report
            .section(findings::section(&found))
            .section(report::counts(&counts))
            .section(report::columns(&schema, &profile))
    };
    if arguments.output.json {
        arguments.output.tell(&flat, page)?;
    } else {
        arguments.output.write_page(page)?;
    }
    let stops: Vec<String> = gates::leaks(&found);
    if !stops.is_empty() {
        bail!("{}", gates::refusal(&stops, &schema));
    }
    if let Some(stop) = gates::stops(&found) {
        bail!("{stop}");
    }
    console.line(if tasks.is_empty() {
        "sound, but there is nothing to learn"
    } else {
        "nothing here stops a training"
    });
    Ok(())
}
