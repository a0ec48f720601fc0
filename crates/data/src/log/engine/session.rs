//! `Engine`: one memory pool, one spill folder and one set of threads for all plans.
//!
//! ```text
//! EngineConfig ──▶ Engine ──session──▶ Session ──file──▶ named Parquet files, with the order in which their rows stand
//!                                         └─────query──▶ batches, one after the other      (bounded: nothing is collected)
//! ```

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::Column;
use datafusion::dataframe::DataFrame;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::logical_expr::Expr;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::StreamExt as _;
use tokio::runtime::{Builder, Runtime};

use super::pool::TwoPools;
use crate::log::error::LogError;

/// Below this, plans cannot hold the blocks that they work on.
const SMALLEST_MEMORY: usize = 16 << 20;

/// Files of sorted rows that are merged at a time.
const MOST_FILES_MERGED: usize = 12;

/// How much the engine may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineConfig {
    /// Bytes that plans may hold before they write to `spill_folder`, at least 16 MiB. The process holds more: blocks under
    /// way and files being written are not counted; reckon with twice this much.
    pub memory_bytes: usize,
    /// Threads, ≥ 1. They change no result.
    pub threads: usize,
    /// Where rows go that do not fit, and results between two plans; created if it is not there, emptied of both when done.
    pub spill_folder: PathBuf,
}

/// Runs plans over Parquet files. Its methods block, so call none of them inside an asynchronous runtime.
#[derive(Debug)]
pub struct Engine {
    runtime: Runtime,
    environment: Arc<RuntimeEnv>,
    config: EngineConfig,
}

/// How a session joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    /// The smaller table in memory, the larger one passing by in its own order, unsorted and undivided.
    Hash,
    /// Both sorted by the key, on disk if need be.
    SortMerge,
}

impl Engine {
    /// An engine with a memory pool and threads of its own.
    ///
    /// # Errors
    /// [`LogError::Config`] below 16 MiB or one thread; [`LogError::Io`] if the spill folder cannot be made.
    pub fn new(config: &EngineConfig) -> Result<Self, LogError> {
        if config.memory_bytes < SMALLEST_MEMORY {
            let value = config.memory_bytes.to_string();
            return Err(LogError::config("engine.memory_bytes", value, "give it at least 16777216 (16 MiB)"));
        }
        if config.threads == 0 {
            return Err(LogError::config("engine.threads", "0", "give it at least 1"));
        }
        let spill = &config.spill_folder;
        let not_made = |source| LogError::Io {
            path: spill.clone(),
            action: "cannot make the spill folder",
            source,
            mend: "name a folder that can be written",
        };
        std::fs::create_dir_all(spill).map_err(not_made)?;
        let environment = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(TwoPools::new(config.memory_bytes)))
            .with_disk_manager_builder(
                DiskManagerBuilder::default()
                    .with_mode(DiskManagerMode::Directories(vec![spill.clone()]))
                    .with_max_temp_directory_size(u64::MAX)
                    // A merge takes what memory it can get for all files there are, and leaves other sorts none.
                    .with_max_spill_merge_fan_in(MOST_FILES_MERGED),
            )
            // A file is rewritten under its name by the next run: what is remembered of it would be of the old one.
            .with_file_statistics_cache_limit(0)
            .with_metadata_cache_limit(0)
            .with_object_list_cache_limit(0)
            .build_arc()
            .map_err(|source| failed("the engine cannot start", source))?;
        let runtime = Builder::new_multi_thread().worker_threads(config.threads).enable_all().build();
        let runtime = runtime.map_err(|source| LogError::Io {
            path: spill.clone(),
            action: "cannot start the engine's threads",
            source,
            mend: "allow more threads, or set engine.threads lower",
        })?;
        Ok(Self { runtime, environment, config: config.clone() })
    }

    /// A session for one task, named in its errors.
    pub(super) fn session(&self, what: impl Into<String>, join: Join) -> Session<'_> {
        let pool = self.config.memory_bytes;
        // Each partition of each sort and join holds some blocks of rows: in a small pool there are fewer and smaller ones.
        let partitions = self.config.threads.min(pool / SMALLEST_MEMORY).max(1);
        let block = (pool / partitions / 32_768).clamp(256, 8192);
        let mut config = SessionConfig::new().with_target_partitions(partitions).with_batch_size(block);
        let options = config.options_mut();
        // Column names mean themselves: `Age` is not `age`.
        options.sql_parser.enable_ident_normalization = false;
        options.sql_parser.default_null_ordering = "nulls_first".to_owned();
        // Typed rows hold plain texts, and so do the functions of derived columns.
        options.execution.parquet.schema_force_view_types = false;
        options.sql_parser.map_string_types_to_utf8view = false;
        options.execution.parquet.pushdown_filters = false;
        // What a sort keeps back for merging is of no use where it is most of the pool.
        options.execution.sort_spill_reservation_bytes = (pool / (32 * partitions)).min(10 << 20);
        options.execution.sort_pushdown_buffer_capacity = pool / 8;
        options.optimizer.prefer_hash_join = join == Join::Hash;
        // Whoever asks for `Hash` has made sure that the smaller table fits.
        options.optimizer.hash_join_single_partition_threshold = pool;
        options.optimizer.hash_join_single_partition_threshold_rows = usize::MAX;
        options.optimizer.prefer_existing_sort = true;
        let context = SessionContext::new_with_config_rt(config, Arc::clone(&self.environment));
        Session { engine: self, context, what: what.into() }
    }

    /// How to join a table of this size: it may take a quarter of the pool.
    pub(super) fn join_for(&self, rows: u64, bytes: u64) -> Join {
        let held = bytes.saturating_mul(2).saturating_add(rows.saturating_mul(24));
        if held <= self.config.memory_bytes as u64 / 4 { Join::Hash } else { Join::SortMerge }
    }

    /// Bytes that may be held of what is remembered per key.
    pub(super) fn memory_of_keys(&self) -> usize {
        self.config.memory_bytes / 4
    }

    /// Where results between two plans go.
    pub(super) fn spill_folder(&self) -> &Path {
        &self.config.spill_folder
    }
}

/// Tables by name, and plans over them.
pub(super) struct Session<'a> {
    engine: &'a Engine,
    pub(super) context: SessionContext,
    what: String,
}

impl Session<'_> {
    /// Names a Parquet file, whose rows ascend by each of the `orders` (nulls first).
    pub(super) fn file(&self, name: &str, path: &Path, orders: &[Vec<&str>]) -> Result<(), LogError> {
        let add = async || -> Result<(), DataFusionError> {
            let url = ListingTableUrl::parse(url_of(path)?)?;
            let format = ParquetFormat::default().with_options(self.context.copied_table_options().parquet);
            let sorted = |column: &&str| Expr::Column(Column::from_name(*column)).sort(true, true);
            let sorted = orders.iter().map(|order| order.iter().map(sorted).collect()).collect();
            let options = ListingOptions::new(Arc::new(format)).with_file_extension("").with_file_sort_order(sorted);
            let config = ListingTableConfig::new(url).with_listing_options(options);
            let config = config.infer_schema(&self.context.state()).await?;
            self.context.register_table(name, Arc::new(ListingTable::try_new(config)?))?;
            Ok(())
        };
        self.engine.runtime.block_on(add()).map_err(|error| self.failed(error))
    }

    /// The plan of a query.
    pub(super) fn plan(&self, sql: &str) -> Result<DataFrame, LogError> {
        self.engine.runtime.block_on(self.context.sql(sql)).map_err(|error| self.failed(error))
    }

    /// The rows of a table.
    pub(super) fn table(&self, name: &str) -> Result<DataFrame, LogError> {
        self.engine.runtime.block_on(self.context.table(name)).map_err(|error| self.failed(error))
    }

    /// Runs a plan and hands over its batches in order.
    pub(super) fn run(
        &self,
        plan: DataFrame,
        mut each: impl FnMut(RecordBatch) -> Result<(), LogError>,
    ) -> Result<(), LogError> {
        self.engine.runtime.block_on(async {
            let mut batches = plan.execute_stream().await.map_err(|error| self.failed(error))?;
            while let Some(batch) = batches.next().await {
                each(batch.map_err(|error| self.failed(error))?)?;
            }
            Ok(())
        })
    }

    /// Runs a query whose result is small.
    pub(super) fn small(&self, sql: &str) -> Result<Vec<RecordBatch>, LogError> {
        let mut all = Vec::new();
        self.run(self.plan(sql)?, |batch| {
            all.push(batch);
            Ok(())
        })?;
        Ok(all)
    }

    /// What went wrong, and what to do if it was the memory.
    pub(super) fn failed(&self, error: DataFusionError) -> LogError {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => {
                let held = self.engine.config.memory_bytes >> 20;
                let what = format!("{}: it does not fit into {held} MiB; raise engine.memory_bytes", self.what);
                failed(&what, error)
            }
            _ => failed(&self.what, error),
        }
    }
}

/// An error of the engine in one line.
pub(super) fn failed(what: &str, error: DataFusionError) -> LogError {
    LogError::Engine { what: what.to_owned(), source: Box::new(error) }
}

/// The first line of what the engine says.
pub(super) fn first_line(error: &DataFusionError) -> String {
    let text = error.strip_backtrace();
    text.lines().next().unwrap_or_default().trim().to_owned()
}

/// A path as a URL, so that `*`, `[` and spaces in it mean themselves.
fn url_of(path: &Path) -> Result<String, DataFusionError> {
    let path = std::path::absolute(path)?;
    let mut url = "file://".to_owned();
    for byte in path.to_string_lossy().bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => url.push(char::from(byte)),
            // Writing to a string cannot fail.
            _ => drop(write!(url, "%{byte:02X}")),
        }
    }
    Ok(url)
}
