//! `MappedConfig`: a run on any log, by a mapping. Whatever it leaves out is taken from `defaults.toml`, next to this file.
//!
//! ```toml
//! name = "bank"
//! [schema]                      # the only part without defaults: see `slatewise_data::log::Schema`
//! files = ["calls.csv"]
//! [[schema.feedback]]
//! name = "subscribed"
//! column = "y"
//! ```
//!
//! A config may extend a ready-made mapping and name its own files:
//!
//! ```toml
//! extends = "schemas/otto.toml"
//! name = "shop"
//! [schema]
//! files = ["/data/otto/*.jsonl"]
//! ```

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use slatewise_data::log::Schema;
use slatewise_data::log::engine::DeriveSpec;
use slatewise_eval::gates::LeakConfig;
use slatewise_features::tabular::{
    CalendarColumn, CategoricalColumn, CrossColumn, NumericColumn, TableTask, TargetColumn, VectorColumn,
};
use slatewise_model::{HeadsConfig, ModelConfig, TrainerConfig};
use toml::Table;

use crate::config::{expect_folder_name, merge, read_table};

const DEFAULTS: &str = include_str!("defaults.toml");

/// A run on a mapped log.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MappedConfig {
    /// Names the run directory; letters, digits, `-` and `_`.
    pub(crate) name: String,
    /// Seed of every random stream.
    pub(crate) seed: u64,
    pub(crate) schema: Schema,
    #[serde(default)]
    pub(crate) derive: DeriveSpec,
    pub(crate) split: SplitChoice,
    pub(crate) gates: GatesConfig,
    pub(crate) features: FeaturesConfig,
    /// What is learned; every binary feedback of the schema unless declared.
    #[serde(default)]
    pub(crate) tasks: Vec<TableTask>,
    #[serde(default, skip_serializing_if = "HeadsConfig::is_empty")]
    pub(crate) heads: HeadsConfig,
    pub(crate) model: ModelConfig,
    pub(crate) trainer: TrainerConfig,
    pub(crate) loader: MappedLoader,
    pub(crate) evaluation: MappedEvaluation,
    pub(crate) engine: EngineMemory,
}

/// How rows are divided, under `[split]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SplitChoice {
    /// The split of the model that is kept; chronological where the rows have an order, unless declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<SplitKind>,
    /// What orders the rows: their time, or their place in the files; the time, if there is one, unless declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) order: Option<RowOrder>,
    /// Share of the rows that decides when training stops, above 0.
    pub(crate) validation: f64,
    /// Share of the rows that judges, above 0.
    pub(crate) test: f64,
    /// Column whose rows a random split keeps together, such as `user`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<String>,
    /// Whether a model is trained on the other split as well.
    pub(crate) both: bool,
}

/// A way to divide rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SplitKind {
    /// The last rows judge.
    Chronological,
    /// Any rows judge.
    Random,
}

/// What orders rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RowOrder {
    /// The schema's time.
    Time,
    /// The place in the files.
    Row,
}

impl SplitKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Chronological => "chronological",
            Self::Random => "random",
        }
    }
}

/// What the gates look at, under `[gates]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GatesConfig {
    /// What happens when a column gives a label away.
    pub(crate) on_leak: OnLeak,
    #[serde(default)]
    pub(crate) leak: LeakConfig,
}

/// What happens when a column gives a label away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnLeak {
    /// The run stops until the schema says when the column is known.
    Stop,
    /// The column is left out, and the report says so.
    Drop,
    /// The column stays, and the report says so.
    Warn,
}

/// What the model sees, under `[features]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FeaturesConfig {
    /// Whether features are proposed for every column that none of the lists below names.
    pub(crate) propose: bool,
    /// Columns that are no features.
    #[serde(default)]
    pub(crate) exclude: Vec<String>,
    #[serde(default)]
    pub(crate) categorical: Vec<CategoricalColumn>,
    #[serde(default)]
    pub(crate) numeric: Vec<NumericColumn>,
    #[serde(default)]
    pub(crate) cross: Vec<CrossColumn>,
    #[serde(default)]
    pub(crate) calendar: Vec<CalendarColumn>,
    #[serde(default)]
    pub(crate) target: Vec<TargetColumn>,
    #[serde(default)]
    pub(crate) vector: Vec<VectorColumn>,
}

/// How rows are given to the model, under `[loader]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MappedLoader {
    /// Rows per step.
    pub(crate) batch_rows: usize,
}

/// When training stops, under `[evaluation]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MappedEvaluation {
    /// Epochs without a better validation loss after which training stops, ≥ 1.
    pub(crate) patience: usize,
}

/// How much memory plans may take before they spill to disk, under `[engine]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EngineMemory {
    /// In 10⁶ bytes, ≥ 64; the process takes about twice as much.
    pub(crate) memory_megabytes: usize,
}

/// Whether a config file speaks of a mapped log.
///
/// # Errors
/// The file cannot be read, or is no TOML.
pub(crate) fn is_mapped(path: &Path) -> Result<bool> {
    Ok(read_table(path)?.contains_key("schema"))
}

impl MappedConfig {
    /// Reads a config with all that it extends and the defaults, and checks it. Without a name it is called by its file.
    ///
    /// # Errors
    /// A file that cannot be read, a key that is unknown or missing, a value out of its range.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let mut given = read_table(path)?;
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("log");
        let plain: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        given.entry("name").or_insert(plain.into());
        let mut whole: Table = toml::from_str(DEFAULTS).context("the defaults")?;
        merge(&mut whole, given);
        let config: Self = whole.try_into().with_context(|| path.display().to_string())?;
        config.validate().with_context(|| path.display().to_string())?;
        Ok(config)
    }

    fn validate(&self) -> Result<()> {
        expect_folder_name(&self.name)?;
        self.schema.check()?;
        self.trainer.validate()?;
        let SplitChoice { validation, test, .. } = self.split;
        ensure!(
            validation > 0.0 && test > 0.0 && validation + test < 1.0,
            "split: validation and test are shares above 0 that leave rows to learn from, not {validation} and {test}"
        );
        ensure!(self.loader.batch_rows >= 1, "loader.batch_rows: at least 1, not {}", self.loader.batch_rows);
        ensure!(self.evaluation.patience >= 1, "evaluation.patience: at least 1, not {}", self.evaluation.patience);
        ensure!(
            self.engine.memory_megabytes >= 64,
            "engine.memory_megabytes: at least 64, not {}",
            self.engine.memory_megabytes
        );
        Ok(())
    }

    /// The resolved config as TOML.
    ///
    /// # Errors
    /// A value that TOML cannot hold.
    pub(crate) fn to_toml(&self) -> Result<String> {
        Ok(toml::to_string_pretty(self)?)
    }
}
