//! `metrics catalog`: what do recommendations do to the catalogue?
//!
//! ```text
//! recs    user_id, rank, item_id [, relevant]        ranks 1, 2, … per user; place k holds the item of rank k
//! items   item_id [, category] [, e0, e1, …]          the whole catalogue, shown or not
//! train   user_id, item_id                            one row per event
//! ```
//!
//! 1. **Read** (`items.rs`, `read.rs`). An item that the items file lacks, a repeated item or rank in a user's list, a
//!    rank that is no whole number from 1: refused by file, row and column. Items are numbered by their ids (shorter
//!    first, then by text), which settles ties in popularity, and users by theirs: no order of rows in any file changes
//!    a number.
//! 2. **Measure** (`measure.rs`). Every metric of `slatewise_eval::catalog` per k, under the names of the golden files.
//!    Lists shorter than k count with the places they have. What a file does not say (relevance, categories,
//!    embeddings) leaves its metrics null, with the reason.
//! 3. **Say it**: JSON, aligned text, and the page (`page.rs`).

mod items;
mod measure;
mod page;
mod read;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;

use self::read::Inputs;
use super::per_k;
use crate::output::Output;

/// What `metrics catalog` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The recommended lists: columns user_id, rank, item_id and, where known, relevant.
    #[arg(long, value_name = "FILE")]
    recs: PathBuf,
    /// The catalogue: columns item_id and, where known, category and embedding columns e0, e1, ….
    #[arg(long, value_name = "FILE")]
    items: PathBuf,
    /// The training log: columns user_id and item_id, one row per event.
    #[arg(long, value_name = "FILE")]
    train: PathBuf,
    /// Lengths at which the lists are judged.
    #[arg(long, value_name = "K", value_delimiter = ',', default_value = "1,5,10")]
    k: Vec<usize>,
    /// Which items are the tail: this share of the items seen in training, or, above 1, those seen at most so many
    /// times.
    #[arg(long, value_name = "RATIO", default_value_t = 0.1)]
    tail_ratio: f64,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    columns: Columns,
}

/// Names of the columns in the files.
#[derive(Debug, Args)]
struct Columns {
    /// Column of the user, in recs and train.
    #[arg(long, value_name = "NAME", default_value = "user_id")]
    user_column: String,
    /// Column of the item, in all three files.
    #[arg(long, value_name = "NAME", default_value = "item_id")]
    item_column: String,
    /// Column of the item in the items file, if it has another name there.
    #[arg(long, value_name = "NAME")]
    items_item_column: Option<String>,
    /// Column of the user in the training log, if it has another name there.
    #[arg(long, value_name = "NAME")]
    train_user_column: Option<String>,
    /// Column of the item in the training log, if it has another name there.
    #[arg(long, value_name = "NAME")]
    train_item_column: Option<String>,
    /// Column of the rank in recs.
    #[arg(long, value_name = "NAME", default_value = "rank")]
    rank_column: String,
    /// Column that is above 0 where the item is relevant to the user, in recs [default: relevant, if there].
    #[arg(long, value_name = "NAME")]
    relevant_column: Option<String>,
    /// Column of the category in the items file [default: category, if there].
    #[arg(long, value_name = "NAME")]
    category_column: Option<String>,
    /// What stands between several categories of one item, such as `|`.
    #[arg(long, value_name = "TEXT")]
    category_separator: Option<String>,
    /// Embedding columns of the items file are this and a number [default: e, if there].
    #[arg(long, value_name = "PREFIX")]
    embedding_prefix: Option<String>,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let lengths = per_k::ascending(&arguments.k)?;
    if !(arguments.tail_ratio > 0.0 && arguments.tail_ratio.is_finite()) {
        bail!("--tail-ratio: {} is not above 0; pass a share such as 0.1, or a count above 1", arguments.tail_ratio);
    }
    let inputs = Inputs::read(arguments)?;
    let flat = measure::measure(&inputs, &lengths, arguments.tail_ratio)?;
    arguments.output.tell(&flat, || page::report(&flat, &inputs, &lengths))
}
