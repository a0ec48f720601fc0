//! `compare`: does one run differ from another, unit by unit?
//!
//! ```text
//! A, B    two CSV files, first column the unit (user, session), the others metrics,
//!         an empty cell where a metric is undefined for a unit;
//!         or two run directories, whose units/*.csv are matched by their names
//! ```
//!
//! 1. **Read** (`read.rs`): join by unit and by metric; count what has no partner. A unit that stands in a file twice
//!    is refused by its line.
//! 2. **Compare**: `slatewise_eval::comparison`, on the units that both runs have. The difference is B − A. The
//!    p-values are corrected over all metrics of all files, since all of them are looked at. The column `rows` says how
//!    many rows a unit has; it is no metric.
//! 3. **Say it** (`show.rs`): who is better, by which metric, or that no difference is shown; as a table, as JSON, as a
//!    page with a forest plot.

mod read;
mod show;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};
use slatewise_eval::comparison::{Comparison, ComparisonConfig, Correction, compare};

use self::read::{Joined, join};
use crate::output::Output;
use crate::seeds::Seeds;

/// Metrics of which less is more, without their @k.
const LOWER_IS_BETTER: [&str; 10] = [
    "log_loss",
    "logloss",
    "brier",
    "brier_score",
    "mae",
    "rmse",
    "mse",
    "ece",
    "normalized_entropy",
    "normalised_entropy",
];

/// What `compare` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The run to compare with: a per-unit CSV file, or a run directory.
    #[arg(value_name = "A")]
    a: PathBuf,
    /// The run that is judged: likewise.
    #[arg(value_name = "B")]
    b: PathBuf,
    /// Confidence level of the intervals; a corrected p-value of at most 1 − level counts as a difference.
    #[arg(long, value_name = "LEVEL", default_value_t = 0.95)]
    level: f64,
    /// Resamples of the bootstrap.
    #[arg(long, value_name = "N", default_value_t = 2000)]
    resamples: usize,
    /// Sign patterns of the permutation test, where there are too many to try them all.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    permutations: usize,
    /// Seed of the resamples and of the sign patterns.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Correction for the number of metrics.
    #[arg(long, value_enum, default_value_t = CorrectionChoice::Holm)]
    correction: CorrectionChoice,
    /// Further metrics of which less is more, besides losses and errors, which are known by name.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    lower_is_better: Vec<String>,
    #[command(flatten)]
    output: Output,
}

/// Corrections by their names on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CorrectionChoice {
    /// Holm: chance of any false claim.
    Holm,
    /// Benjamini-Hochberg: share of false claims.
    Bh,
}

/// What was compared, and what came of it.
struct Findings {
    joined: Vec<Joined>,
    /// Every metric of every file, in the order of `joined`.
    comparisons: Vec<Comparison>,
    level: f64,
    lower_is_better: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let (joined, lonely_files) = join(&arguments.a, &arguments.b)?;
    let config = ComparisonConfig {
        level: arguments.level,
        resamples: arguments.resamples,
        permutations: arguments.permutations,
        correction: match arguments.correction {
            CorrectionChoice::Holm => Correction::Holm,
            CorrectionChoice::Bh => Correction::BenjaminiHochberg,
        },
    };
    let pairs: Vec<_> = joined.iter().flat_map(|file| file.aligned.metrics.iter().cloned()).collect();
    let comparisons = compare(&pairs, &config, &mut Seeds(arguments.seed).stream("compare"))?;
    let lower_is_better = arguments.lower_is_better.clone();
    let findings = Findings { joined, comparisons, level: arguments.level, lower_is_better };
    let flat = show::flat(&findings, &lonely_files);
    // That equal runs have no effect size is for programs; people see the difference of 0.
    let remarks: Vec<&str> =
        flat.warnings().iter().map(String::as_str).filter(|text| !text.contains("/effect_size: ")).collect();
    arguments.output.write_page(|| show::report(&findings, &remarks))?;
    if arguments.output.json {
        flat.print(true);
    } else {
        show::print_table(&findings, &remarks);
    }
    Ok(())
}

impl Findings {
    /// Whether less of a metric is more; its name may carry the file's stem and an @k.
    fn lower_is_better(&self, name: &str) -> bool {
        let metric = name.rsplit('/').next().unwrap_or(name);
        let stem = metric.split('@').next().unwrap_or(metric);
        let known = |lower: &str| stem == lower || stem.ends_with(&format!("_{lower}"));
        LOWER_IS_BETTER.iter().any(|lower| known(lower))
            || self.lower_is_better.iter().any(|named| named == metric || named == stem || named == name)
    }

    /// The comparisons of each file.
    fn by_file(&self) -> impl Iterator<Item = (&Joined, &[Comparison])> {
        let mut rest = &self.comparisons[..];
        self.joined.iter().map(move |file| {
            let (of_file, others) = rest.split_at(file.aligned.metrics.len());
            rest = others;
            (file, of_file)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Findings;

    #[test]
    fn losses_are_known_by_name() {
        let lower_is_better = vec!["latency".to_owned()];
        let findings = Findings { joined: vec![], comparisons: vec![], level: 0.95, lower_is_better };
        for name in ["log_loss", "task_click/brier", "weighted_logloss", "mae@5", "latency@10", "next/latency"] {
            assert!(findings.lower_is_better(name), "{name}");
        }
        for name in ["ndcg@10", "auc", "task_logloss/auc", "grace"] {
            assert!(!findings.lower_is_better(name), "{name}");
        }
    }
}
