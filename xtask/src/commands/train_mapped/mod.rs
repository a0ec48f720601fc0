//! `cargo xtask train` on a mapped log: from anybody's files to a judged multi-task model and a report.
//!
//! ```text
//! 1 data ─▶ 2 gates ─▶ 3 features ─▶ 4 model ─▶ 5 evaluation        3 to 5 once per split: chronological and random, side by side
//! ```

mod features;
mod learn;
mod record;
mod report;

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;
use slatewise_data::log::engine::{ColumnProfile, Engine, Parts};
use slatewise_data::log::schema::TypedSchema;
use slatewise_data::log::{Counts, LogError};
use slatewise_eval::gates::{Finding, splits as split_scores};
use slatewise_features::TableEncoder;

pub(crate) use self::features::{encode, may_be_feature, table_spec, tasks};
use self::learn::Learned;
use crate::args::TrainArguments;
use crate::console::Console;
use crate::device::{self, Chosen};
use crate::mapped::clean::{Cleaning, anonymous, engine, lines};
use crate::mapped::config::{MappedConfig, OnLeak, SplitKind};
use crate::mapped::parts::Kept;
use crate::mapped::{gates, parts};
use crate::run_dir::{RunDir, in_repository};
use crate::seeds::Seeds;

/// What the run found.
struct Findings {
    config: MappedConfig,
    counts: Counts,
    schema: TypedSchema,
    profile: Vec<ColumnProfile>,
    gates: Vec<Finding>,
    /// Columns that were left out because they give a label away.
    left_out: Vec<String>,
    /// One per split, that of the kept model first.
    splits: Vec<SplitRun>,
}

/// One split, and the model trained on it.
struct SplitRun {
    kind: SplitKind,
    parts: Parts,
    encoder: TableEncoder,
    learned: Learned,
}

/// Runs the command.
///
/// # Errors
/// Anything that the user can mend, in one line; the run directory then does not come to be.
pub(crate) fn run(arguments: &TrainArguments, path: &Path) -> Result<()> {
    let started = Instant::now();
    let console = Console::new();
    let now = Timestamp::now();
    ensure!(
        !arguments.twins,
        "--twins: not for mapped logs; `cargo xtask compare-models` trains single-task twins on a table"
    );
    let mut config = MappedConfig::read(path)?;
    config.seed = arguments.seed.unwrap_or(config.seed);
    let chosen = device::choose(arguments.device)?;
    let runs = arguments.runs.clone().unwrap_or_else(|| in_repository("runs"));
    let run = RunDir::create(&runs, &config.name, &now)?;
    run.write("config.toml", config.to_toml()?.as_bytes())?;
    console.line(format!("{}, seed {}, {} ({})", path.display(), config.seed, chosen.name, chosen.reason));

    let work = run.path("rows");
    std::fs::create_dir(&work).context("making the folder for rows")?;
    let engine = engine(config.engine.memory_megabytes, &work)?;
    let road = Road { run: &run, work: &work, engine: &engine, now, keep_rows: arguments.keep_rows };
    let findings = road.find(config, &chosen, console)?;
    console.stage(&format!("Evaluation: test rows of the {} split", findings.splits[0].kind.name()));
    findings.splits[0].learned.test.iter().for_each(|task| console.line(task.line()));
    report::side_by_side_lines(&findings)?.iter().for_each(|line| console.line(line));

    drop(engine);
    record::save(&run, &findings, &chosen, &now, started.elapsed())?;
    if arguments.keep_rows {
        std::fs::remove_dir_all(work.join("spill")).context("removing the folder for spilled rows")?;
    } else {
        std::fs::remove_dir_all(&work).context("removing the folder for rows")?;
    }
    let finished = run.finish()?;
    let open = finished.join("report.html");
    console.line(format!("\n{:.0} s; open {}", started.elapsed().as_secs_f64(), open.display()));
    Ok(())
}

/// Where a run works.
#[derive(Clone, Copy)]
struct Road<'a> {
    run: &'a RunDir,
    /// Folder of rows on their way.
    work: &'a Path,
    engine: &'a Engine,
    now: Timestamp,
    /// Whether the rows stay when the run is over.
    keep_rows: bool,
}

impl Road<'_> {
    /// Goes from the files to judged models.
    fn find(self, config: MappedConfig, chosen: &Chosen, console: Console) -> Result<Findings> {
        let Self { run, work, engine, now, keep_rows } = self;
        console.stage("1/4  Data: read, type, set aside, join, derive, split");
        let begun = Instant::now();
        let cleaning =
            Cleaning { schema: &config.schema, engine, folder: work, now, seed: Seeds(config.seed).number("noise") };
        let quarantine = work.join("quarantine.csv");
        // Whether kept rows are anonymous is asked of the file.
        let cleaned = if keep_rows { cleaning.run() } else { cleaning.passing(None) };
        let cleaned = cleaned.map_err(|error| outliving(error, &quarantine, run))?;
        std::fs::rename(&quarantine, run.path("quarantine.csv")).context("moving quarantine.csv")?;
        let counts = cleaned.counts.clone();
        console.line(lines(&counts));
        console.line(cleaned.pace());
        if keep_rows {
            anonymous(&config.schema, &cleaned, engine)?.iter().for_each(|said| console.line(said));
        }
        cleaned.tables.iter().for_each(|(name, counts)| console.line(format!("table {name}: {}", lines(counts))));
        let kinds = parts::kinds(&config, &cleaned.schema)?;
        let kept = if keep_rows { Kept::Whole } else { Kept::Parts };
        let divided = parts::divide(&config, &cleaned, &kinds, engine, (work, kept))?;
        let (schema, made) = (divided.schema, divided.splits);
        made.iter().flat_map(|(kind, parts)| parts::lines(*kind, parts)).for_each(|line| console.line(line));
        for (kind, error) in divided.without {
            console.line(format!("no {} split beside it: {error}", kind.name()));
        }
        let profile = engine.profile(&made[0].1.train.path, &schema)?;
        console.line(format!("({:.1} s)", begun.elapsed().as_secs_f64()));

        console.stage("2/4  Gates: what gives a label away, what drifts, what repeats");
        let learned = tasks(&config, &schema)?;
        let mut looked = gates::look(&config, &schema, &learned, &made, engine)?;
        looked.iter().for_each(|finding| console.line(finding.to_string()));
        if looked.is_empty() {
            console.line("nothing found");
        }
        if let Some(stop) = gates::stops(&looked) {
            bail!("{stop}");
        }
        let leaks = gates::leaks(&looked);
        let left_out = match config.gates.on_leak {
            _ if leaks.is_empty() => Vec::new(),
            OnLeak::Warn => Vec::new(),
            OnLeak::Drop => leaks,
            OnLeak::Stop => bail!("{}", gates::refusal(&leaks, &schema)),
        };

        let mut splits = Vec::new();
        for (kind, parts) in made {
            console.stage(&format!("3/4  Features: fitted on the train rows of the {} split", kind.name()));
            let spec = table_spec(&config, &schema, &profile, &parts, &left_out)?;
            let encoder = TableEncoder::fit(&spec)?;
            if splits.is_empty() {
                encoder
                    .summary()
                    .iter()
                    .for_each(|f| console.line(format!("{:<28} {:<12} {}", f.name, f.kind, f.detail)));
            }
            console.line(format!("fitted on {} train rows", encoder.train_rows()));
            let folder = work.join(kind.name());
            let rows = encode(&spec, &encoder, &folder)?;
            console.stage(&format!("4/4  Model: one shared trunk, a head per task, {} split", kind.name()));
            let seeds = Seeds(config.seed);
            let learned = learn::learn(&config, &encoder, &rows, seeds, chosen, console)?;
            drop(rows);
            for name in ["train.rows", "validation.rows", "test.rows"] {
                std::fs::remove_file(folder.join(name)).with_context(|| format!("removing {name}"))?;
            }
            splits.push(SplitRun { kind, parts, encoder, learned });
        }
        looked.extend(flattery(&splits)?);
        Ok(Findings { config, counts, schema, profile, gates: looked, left_out, splits })
    }
}

/// How much better each task looks on a random split than on the chronological one, beyond chance.
fn flattery(splits: &[SplitRun]) -> Result<Vec<Finding>> {
    let of = |kind: SplitKind| splits.iter().find(|split| split.kind == kind);
    let (Some(random), Some(chronological)) = (of(SplitKind::Random), of(SplitKind::Chronological)) else {
        return Ok(Vec::new());
    };
    let mut findings = Vec::new();
    for (at_random, in_order) in random.learned.test.iter().zip(&chronological.learned.test) {
        if let (Some(at_random), Some(in_order)) = (at_random.auc()?, in_order.auc()?) {
            findings.extend(split_scores("AUC", &at_random, &in_order, 0.95)?.1);
        }
    }
    Ok(findings)
}

/// Saves the quarantine of a run that fails because of it: its folder goes, and the rows are what the user wants to see.
fn outliving(error: anyhow::Error, quarantine: &Path, run: &RunDir) -> anyhow::Error {
    let saved = run.beside("quarantine.csv");
    if std::fs::copy(quarantine, &saved).is_err() {
        return error;
    }
    match error.downcast::<LogError>() {
        Ok(LogError::TooManyQuarantined { quarantined, read, allowed, most, .. }) => {
            LogError::TooManyQuarantined { quarantined, read, allowed, most, quarantine: saved }.into()
        }
        Ok(error) => {
            anyhow::Error::new(error).context(format!("rows that were set aside stand in {}", saved.display()))
        }
        Err(error) => error,
    }
}
