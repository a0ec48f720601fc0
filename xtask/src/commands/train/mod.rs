//! `cargo xtask train`: the whole road, from a log to a judged policy and a report.
//!
//! ```text
//! 1 data ─▶ 2 features ─▶ 3 model (─▶ twins) ─▶ 4 evaluation ─▶ 5 reward and simulators ─▶ 6 policies ─▶ run directory
//! ```
//!
//! Each stage is a file here; this one runs them in turn and writes what they found.

mod closing;
mod data;
mod evaluate;
mod fit;
mod health;
mod keeping;
mod next_item;
mod policies;
mod record;
mod report;
mod rows;
mod twins;
mod units;

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;

pub(crate) use self::keeping::Interrupted;
use self::keeping::Keeping;
pub(crate) use self::policies::PolicyConfig;
use self::record::{Metrics, Run};
use self::report::Findings;
use self::rows::StoredRows;
use crate::args::TrainArguments;
use crate::commands::train_mapped;
use crate::config::RunConfig;
use crate::console::Console;
use crate::device;
use crate::mapped::config::is_mapped;
use crate::run_dir::{RunDir, in_repository};

/// Runs the command.
///
/// # Errors
/// Anything that the user can mend, in one line; the run directory then does not come to be.
pub(crate) fn run(arguments: &TrainArguments) -> Result<()> {
    let mapped =
        arguments.config.as_deref().map(|path| Ok::<_, anyhow::Error>((path, is_mapped(path)?))).transpose()?;
    if let Some((path, true)) = mapped {
        return train_mapped::run(arguments, path);
    }
    ensure!(!arguments.keep_rows, "--keep-rows: only for logs by a mapping, whose config has a [schema]");
    let started = Instant::now();
    let console = Console::new();
    let now = Timestamp::now();
    let chosen = device::choose(arguments.device)?;
    let (config, run, named) = match &arguments.resume {
        Some(folder) => {
            let run = RunDir::reopen(folder)?;
            (RunConfig::read(&run.path("config.toml"))?, run, format!("going on with {}", folder.display()))
        }
        None => {
            let path = arguments.config.clone().unwrap_or_else(|| in_repository("configs/eshop.toml"));
            let mut config = RunConfig::read(&path)?;
            config.seed = arguments.seed.unwrap_or(config.seed);
            config.evaluation.twins |= arguments.twins;
            let runs = arguments.runs.clone().unwrap_or_else(|| in_repository("runs"));
            let run = RunDir::create(&runs, &config.name, &now)?;
            run.write("config.toml", config.to_toml()?.as_bytes())?;
            (config, run, path.display().to_string())
        }
    };
    console.line(format!("{named}, seed {}, {} ({})", config.seed, chosen.name, chosen.reason));

    let data = data::prepare(&config, &run, console)?;
    let encoder = fit::fit_features(&config, &data, console)?;
    let keeping = Keeping::new(&run, arguments.checkpoint_every)?;
    let rows = StoredRows::write(&config, &data, &encoder, &run, console)?;
    let fitted = fit::train(&config, &data, encoder, rows.file(), &chosen, &keeping, console)?;
    let twins = twins::learn(&config, &data, &fitted, rows.file(), &chosen, &keeping, console)?;
    // The lock goes last: nobody else may write here while the rows do.
    drop(rows);
    drop(keeping);
    let evaluation = evaluate::evaluate(&config, &data, &fitted, &chosen, console)?;
    let transfer = twins::transfer(&config, &evaluation, &twins)?;
    twins::lines(&transfer).iter().for_each(|line| console.line(line));
    let policies = policies::learn_and_judge(&config, &data, &fitted, console)?;
    closing::print(&evaluation, &policies, console);

    let findings = Findings {
        config: &config,
        data: &data,
        fitted: &fitted,
        evaluation: &evaluation,
        transfer: &transfer,
        policies: &policies,
    };
    let metrics = Metrics::new(&findings);
    let record = Run::new(&findings, &chosen, &now, started.elapsed());
    let report = report::build(&findings, &record)?;
    run.write("metrics.json", &json(&metrics)?)?;
    run.write("run.json", &json(&record)?)?;
    run.write("report.html", report.to_html()?.as_bytes())?;
    run.write("report.md", report.to_markdown().as_bytes())?;
    record::save_checkpoint(&run, &findings)?;
    record::save_policy(&run, &findings)?;
    units::save(&run, &findings)?;
    let finished = run.finish()?;
    console.line(format!(
        "\n{:.0} s; open {}",
        started.elapsed().as_secs_f64(),
        finished.join("report.html").display()
    ));
    Ok(())
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value).context("writing numbers as JSON")?;
    bytes.push(b'\n');
    Ok(bytes)
}
