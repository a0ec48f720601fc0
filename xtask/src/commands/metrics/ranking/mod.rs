//! `metrics ranking`: how good are ranked lists against judgements?
//!
//! ```text
//! run     user_id, item_id, score (or a rank)     what each user was shown, in any order of rows
//! qrels   user_id, item_id, relevance             what is known to be relevant: above 0
//! ```
//!
//! 1. **Read** (`read.rs`). A score or relevance that no metric takes, a pair of user and item that stands twice:
//!    refused by file, row and column. Users and items are numbered by their ids, so that no order of rows changes a
//!    number.
//! 2. **Measure** (`measure.rs`). Every metric of `slatewise_eval::ranking` per k. Users without relevant items are
//!    left out of the plain keys ("skip") and count 0 in those with the suffix `[users_without_relevant=zero]`; the
//!    library's documentation says who counts.
//! 3. **Say it**: JSON, aligned text, the page (`page.rs`), and a row per user for `compare`.

mod measure;
mod page;
mod read;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use slatewise_data::artefact::write_atomic;
use slatewise_eval::ranking::Ties;

use super::per_k;
use crate::output::Output;

/// What `metrics ranking` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The lists: CSV (.gz too) or Parquet, one row per user and item.
    #[arg(long, value_name = "FILE")]
    run: PathBuf,
    /// The judgements, one row per user and item.
    #[arg(long, value_name = "FILE")]
    qrels: PathBuf,
    /// Numbers of leading places that are judged.
    #[arg(long, value_name = "K", value_delimiter = ',', default_value = "1,3,5,10,20")]
    k: Vec<usize>,
    /// What becomes of items with the same score.
    #[arg(long, value_enum, default_value_t = TiePolicy::Expected)]
    ties: TiePolicy,
    /// Also write the metrics of each judged user (CSV), for `compare`.
    #[arg(long, value_name = "FILE")]
    per_user: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    columns: Columns,
}

/// Names of the columns in the files.
#[derive(Debug, Args)]
struct Columns {
    /// Column of the user, in both files.
    #[arg(long, value_name = "NAME", default_value = "user_id")]
    user_column: String,
    /// Column of the item, in both files.
    #[arg(long, value_name = "NAME", default_value = "item_id")]
    item_column: String,
    /// Column of the user in the judgements, if it has another name there.
    #[arg(long, value_name = "NAME")]
    qrels_user_column: Option<String>,
    /// Column of the item in the judgements, if it has another name there.
    #[arg(long, value_name = "NAME")]
    qrels_item_column: Option<String>,
    /// Column of the score in the run; the highest stands first.
    #[arg(long, value_name = "NAME", default_value = "score")]
    score_column: String,
    /// Column of the place in the run, instead of a score; the lowest stands first.
    #[arg(long, value_name = "NAME", conflicts_with = "score_column")]
    rank_column: Option<String>,
    /// Column of the relevance in the judgements, 0 or more.
    #[arg(long, value_name = "NAME", default_value = "relevance")]
    relevance_column: String,
}

/// See [`Ties`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TiePolicy {
    /// Metrics are expected values over the orders of tied items.
    Expected,
    /// Tied items are ordered by id, descending, as trec_eval does.
    Trec,
}

impl From<TiePolicy> for Ties {
    fn from(policy: TiePolicy) -> Self {
        match policy {
            TiePolicy::Expected => Self::Expected,
            TiePolicy::Trec => Self::ItemIdDescending,
        }
    }
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let cutoffs = per_k::ascending(&arguments.k)?;
    let inputs = read::Inputs::read(&arguments.run, &arguments.qrels, &arguments.columns, arguments.ties.into())?;
    let flat = measure::measure(&inputs, &cutoffs, arguments.ties.into())?;
    if let Some(path) = &arguments.per_user {
        let table = measure::per_user(&inputs, &cutoffs, &arguments.columns.user_column)?;
        write_atomic(path, &table).context("--per-user")?;
    }
    arguments.output.tell(&flat, || page::report(&flat, &cutoffs, &arguments.run))
}
