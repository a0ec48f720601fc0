//! `compare-models`: several multi-task models on one table, each beside its single-task twins, over several seeds.
//!
//! ```text
//! table ──► encoded rows on disk ──► per model and seed: train, stop early on validation rows, judge on the test file
//!                               └──► per task a twin: the same widths, that task alone
//! ```
//!
//! The difference between a model and its twin, seed by seed, is the transfer between the tasks: below zero the tasks harm each
//! other. Intervals are Student's t over the seeds.

mod config;
mod run;
mod show;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use slatewise_features::{Part, RowFile, RowFileWriter, TableEncoder};
use slatewise_model::{ModelConfig, ModelSpec, TaskShape};

use self::config::{Candidate, CompareConfig};
use self::run::{Outcome, Parts, train_and_judge};
use crate::args::DeviceChoice;
use crate::console::Console;
use crate::device;
use crate::output::Output;
use crate::seeds::Seeds;

/// What `compare-models` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The comparison (TOML): `[table]`, `[heads]`, `[model]`, `[trainer]` and `[compare]`, as in `configs/adult.toml`.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Where the models train; small models are fastest on the CPU.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Cpu)]
    device: DeviceChoice,
    /// Number of seeds; without it, the config's.
    #[arg(long, value_name = "N")]
    seeds: Option<usize>,
    /// Only the models of these names.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    #[command(flatten)]
    output: Output,
}

/// A model's outcomes, one per seed.
struct Judged {
    name: String,
    multi: Vec<Outcome>,
    /// Per task, one per seed.
    twins: Vec<Vec<Outcome>>,
}

/// Runs the command.
///
/// # Errors
/// Anything that the user can mend, in one line.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut config = CompareConfig::read(&arguments.config)?;
    config.compare.seeds = arguments.seeds.unwrap_or(config.compare.seeds);
    if config.compare.seeds < 2 {
        bail!("--seeds: at least 2, for an interval");
    }
    let known: Vec<String> = config.compare.models.iter().map(|model| model.name.clone()).collect();
    if let Some(name) = arguments.only.iter().find(|name| !known.contains(name)) {
        bail!("--only {name}: there is no such model in the config; it has {}", known.join(", "));
    }
    let console = Console::new();
    let chosen = device::choose(arguments.device)?;
    let encoder = TableEncoder::fit(&config.table)?;
    let folder = tempfile::tempdir().context("making a folder for the encoded rows")?;
    let file = |part, name: &str| encode(&config, &encoder, part, folder.path().join(name));
    let parts = Parts {
        train: file(Part::Train, "train.rows")?,
        validation: file(Part::Validation, "validation.rows")?,
        test: file(Part::Test, "test.rows")?,
    };
    console.line(format!(
        "{}: {} train, {} validation, {} test rows; {} ({})",
        config.name,
        parts.train.rows(),
        parts.validation.rows(),
        parts.test.rows(),
        chosen.name,
        chosen.reason
    ));
    let models = config.compare.models.iter();
    let models = models.filter(|model| arguments.only.is_empty() || arguments.only.contains(&model.name));
    let mut judged = Vec::new();
    for candidate in models {
        let spec = spec(&config, &encoder, candidate)?;
        spec.validate().with_context(|| format!("compare.models, {:?}", candidate.name))?;
        let tasks = spec.tasks.len();
        let bar = console.bar(&candidate.name, (config.compare.seeds * (tasks + 1)) as u64);
        let mut of_model = Judged { name: candidate.name.clone(), multi: vec![], twins: vec![vec![]; tasks] };
        for seed in 0..config.compare.seeds as u64 {
            let seeds = Seeds(Seeds(config.seed).number(&format!("model {seed}")));
            let all: Vec<usize> = (0..tasks).collect();
            let train = |spec: &ModelSpec, balance: &_, tasks: &[usize]| {
                train_and_judge(&config, spec, balance, tasks, &parts, seeds, &chosen.device)
                    .with_context(|| candidate.name.clone())
            };
            of_model.multi.push(train(&spec, &candidate.balance, &all)?);
            bar.advance(1);
            for task in 0..tasks {
                let alone = slatewise_model::BalanceConfig::default();
                of_model.twins[task].push(train(&spec.single_task(task), &alone, &[task])?);
                bar.advance(1);
            }
        }
        let seconds = bar.finish().as_secs_f64();
        console.line(show::line(&of_model, &encoder.task_names(), seconds)?);
        judged.push(of_model);
    }
    show::tell(&config, &encoder.task_names(), &judged, &arguments.output)
}

fn encode(config: &CompareConfig, encoder: &TableEncoder, part: Part, path: PathBuf) -> Result<RowFile> {
    let mut writer = RowFileWriter::create(path, encoder.row_schema()?)?;
    encoder.for_each_batch(&config.table.part(part)?, |batch| writer.append(batch))?;
    Ok(writer.finish()?)
}

fn spec(config: &CompareConfig, encoder: &TableEncoder, candidate: &Candidate) -> Result<ModelSpec> {
    let tasks = config.task_shapes()?.into_iter().map(|task| TaskShape {
        after: candidate.after.get(&task.name).cloned(),
        ordered_after: candidate.ordered_after.get(&task.name).cloned(),
        ..task
    });
    Ok(ModelSpec {
        config: ModelConfig {
            trunk: candidate.trunk.clone(),
            tower: config.model.tower.clone(),
            embedding: config.model.embedding.clone(),
            wide: [].into(),
        },
        layout: encoder.layout(),
        tasks: tasks.collect(),
    })
}
