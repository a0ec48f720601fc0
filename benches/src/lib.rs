//! The workload that all benches share: the e-shop clickstream that ships, under the config that ships.
//!
//! ```text
//! Workload { log, split, tasks, spec }   165,474 clicks, 2.8 million impressions, 217 items, 14 pages
//! ```
#![expect(clippy::expect_used, reason = "a bench that cannot go on may panic")]

use std::path::Path;

use slatewise_data::{ImpressionLog, LogSource, Split, SplitConfig, TaskSet, TaskSpec};
use slatewise_features::FeatureSpec;
use slatewise_model::ModelConfig;
use toml::{Table, Value};

// Tensors and slates come and go: the same allocator as in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The shipped log, read and cleaned, with what the shipped config declares.
#[derive(Debug)]
pub struct Workload {
    /// The log.
    pub log: ImpressionLog,
    /// Its parts by day.
    pub split: Split,
    /// Its tasks.
    pub tasks: TaskSet,
    /// Its features.
    pub features: FeatureSpec,
    /// The model.
    pub model: ModelConfig,
}

/// The shipped config's section `[data]`, its path made absolute.
pub fn log_source() -> LogSource {
    let mut source: LogSource = section(&config(), "data");
    source.path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs").join(source.path);
    source
}

/// Reads the workload.
pub fn workload() -> Workload {
    let config = config();
    let log = slatewise_data::load(&log_source()).expect("the shipped log loads").log;
    let split = section::<SplitConfig>(&config, "split").split(&log).expect("the shipped log splits");
    let tasks = section::<Vec<TaskSpec>>(&config, "tasks");
    let tasks = TaskSet::resolve(&tasks, &log.catalogue).expect("the shipped tasks fit");
    Workload { log, split, tasks, features: section(&config, "features"), model: section(&config, "model") }
}

fn config() -> Table {
    toml::from_str(include_str!("../../configs/eshop.toml")).expect("the shipped config is TOML")
}

fn section<'de, T: serde::Deserialize<'de>>(config: &Table, name: &str) -> T {
    config.get(name).cloned().unwrap_or(Value::Boolean(false)).try_into().expect("the shipped config is sound")
}
