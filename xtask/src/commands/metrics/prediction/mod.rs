//! `metrics prediction`: how good are scores against what came true?
//!
//! ```text
//! input   score, label [, user_id] [, weight]      one row per prediction
//! ```
//!
//! 1. **Read** (`read.rs`). A score, label or weight that no metric takes is refused by file, row and column; with
//!    `--skip-bad-rows` such rows are left out, counted and told.
//! 2. **Measure**. `--task binary` (`binary.rs`): labels are 0 and 1. `--task regression` (`regression.rs`): labels are
//!    numbers. Each metric comes without weights and, where the file has some, with them under a name of its own. No
//!    order of rows changes a number but that of `ece_10_equal_mass_stable_sort`, which says so.
//! 3. **Say it**: JSON, aligned text, the page (`page.rs`), and a row per user for `compare` (`per_user.rs`).

mod binary;
mod page;
mod per_user;
mod read;
mod regression;
mod selection;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use slatewise_data::artefact::write_atomic;

use self::read::Examples;
use self::selection::Selection;
use crate::output::Output;

/// What `metrics prediction` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The predictions: CSV (.gz too) or Parquet, one row each.
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// What the label is: 0 and 1, or a number such as a watch time.
    #[arg(long, value_enum, default_value_t = Task::Binary)]
    task: Task,
    /// Column of the score: a probability, any score, or the predicted number.
    #[arg(long, value_name = "NAME", default_value = "score")]
    score_column: String,
    /// Column of what came true.
    #[arg(long, value_name = "NAME", default_value = "label")]
    label_column: String,
    /// Column of the user, for GAUC and `--per-user` [default: user_id, if there].
    #[arg(long, value_name = "NAME")]
    user_column: Option<String>,
    /// Column of the row's weight, 0 or more [default: weight, if there].
    #[arg(long, value_name = "NAME")]
    weight_column: Option<String>,
    /// Compute these keys only, such as auc,logloss; by default all.
    #[arg(long, value_name = "KEY,...", value_delimiter = ',')]
    only: Vec<String>,
    /// Leave out rows whose score, label or weight no metric takes, and count them, instead of refusing the file.
    #[arg(long)]
    skip_bad_rows: bool,
    /// Also write the metrics of each user (CSV), for `compare`.
    #[arg(long, value_name = "FILE")]
    per_user: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// What the label is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Task {
    /// 0 or 1.
    Binary,
    /// A number.
    Regression,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut selection = Selection::new(&arguments.only, arguments.task)?;
    let users = arguments.per_user.is_some() || selection.has_prefix("gauc");
    let examples = Examples::read(arguments, users, selection.has_prefix("weighted"))?;
    let reliability = match arguments.task {
        Task::Binary => binary::measure(&examples, &mut selection)?,
        Task::Regression => {
            regression::measure(&examples, &mut selection)?;
            None
        }
    };
    let mut flat = selection.flat;
    flat.count("rows_used", examples.score.len());
    flat.count("rows_rejected", examples.rejected.rows);
    if let Some(row) = examples.rejected.first_row {
        flat.count("rejected_data_row", row);
    }
    examples.rejected.reasons.iter().for_each(|reason| flat.warning(reason));
    if let Some(path) = &arguments.per_user {
        let table = per_user::table(&examples, arguments.task)?;
        write_atomic(path, &table).context("--per-user")?;
    }
    arguments.output.tell(&flat, || page::report(&flat, reliability, &arguments.input))
}
