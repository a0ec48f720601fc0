//! `RunConfig`: one TOML file says everything that a run does.
//!
//! ```toml
//! extends = "eshop.toml"        # optional: start from another file; tables merge, anything else is replaced
//! name = "eshop-small"
//! [data]
//! sessions_share = 0.05
//! ```
//!
//! Each section is the struct of the crate that it configures; an unknown key is refused. Paths are relative to the file that states them. The resolved config is written into the run directory and is itself a config.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use slatewise_data::{LogSource, SplitConfig, TaskSpec};
use slatewise_features::{FeatureSpec, LoaderConfig};
use slatewise_model::{HeadsConfig, ModelConfig, TaskShape, TrainerConfig};
use slatewise_rl::RewardSpec;
use toml::{Table, Value};

use crate::commands::train::PolicyConfig;

/// How deep `extends` may go; more is surely a circle.
const DEEPEST: usize = 8;

/// A run.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunConfig {
    /// Names the run directory; letters, digits, `-` and `_`.
    pub(crate) name: String,
    /// Seed of every random stream.
    pub(crate) seed: u64,
    pub(crate) data: LogSource,
    pub(crate) split: SplitConfig,
    pub(crate) tasks: Vec<TaskSpec>,
    #[serde(default, skip_serializing_if = "HeadsConfig::is_empty")]
    pub(crate) heads: HeadsConfig,
    pub(crate) features: FeatureSpec,
    pub(crate) loader: LoaderConfig,
    pub(crate) model: ModelConfig,
    pub(crate) trainer: TrainerConfig,
    pub(crate) evaluation: EvaluationConfig,
    pub(crate) reward: RewardSpec,
    pub(crate) policy: PolicyConfig,
}

/// How the model is judged, under `[evaluation]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EvaluationConfig {
    /// List lengths for HR, NDCG, coverage and diversity, ascending, ≥ 1.
    pub(crate) k: Vec<usize>,
    /// Item attributes whose difference is the distance of two items.
    pub(crate) distance: Vec<String>,
    /// Epochs without a better validation loss after which training stops, ≥ 1.
    pub(crate) patience: usize,
    /// Whether each task's single-task twin is trained too, to tell what the tasks do to each other; as long again per task
    /// as the training itself.
    #[serde(default)]
    pub(crate) twins: bool,
}

impl EvaluationConfig {
    fn validate(&self) -> Result<()> {
        let ascending = self.k.first().is_some_and(|&k| k >= 1) && self.k.is_sorted_by(|a, b| a < b);
        ensure!(ascending, "evaluation.k: list lengths must ascend from 1 on, such as [1, 5, 10], not {:?}", self.k);
        ensure!(self.patience >= 1, "evaluation.patience: at least 1, not {}", self.patience);
        ensure!(!self.distance.is_empty(), "evaluation.distance: name at least one item attribute");
        Ok(())
    }
}

impl RunConfig {
    /// Reads a config with all that it extends, and checks it.
    ///
    /// # Errors
    /// A file that cannot be read, a key that is unknown or missing, a value out of its range.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let table = read_table(path)?;
        let config: Self = table.try_into().with_context(|| path.display().to_string())?;
        config.validate().with_context(|| path.display().to_string())?;
        Ok(config)
    }

    fn validate(&self) -> Result<()> {
        expect_folder_name(&self.name)?;
        self.data.check()?;
        // Which heads fit does not depend on how many items there are.
        self.task_shapes(2)?;
        self.loader.validate()?;
        self.trainer.validate()?;
        self.evaluation.validate()?;
        self.reward.validate("reward")?;
        self.policy.validate()
    }

    /// The tasks with their heads, over a catalogue of `items` items.
    ///
    /// # Errors
    /// A head under `[heads]` that its task cannot have.
    pub(crate) fn task_shapes(&self, items: usize) -> Result<Vec<TaskShape>> {
        Ok(self.heads.apply(self.tasks.iter().map(|task| TaskShape::new(task, items)).collect())?)
    }

    /// The resolved config as TOML.
    ///
    /// # Errors
    /// A value that TOML cannot hold.
    pub(crate) fn to_toml(&self) -> Result<String> {
        Ok(toml::to_string_pretty(self)?)
    }
}

/// Refuses a name of a run that would not do as that of its folder.
pub(crate) fn expect_folder_name(name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let named = !name.is_empty() && name.chars().all(plain);
    ensure!(named, "name: use letters, digits, - and _ (it names a folder), not {name:?}");
    Ok(())
}

/// A config file with all that it extends, as TOML; paths to data are those of the file that states them.
///
/// # Errors
/// A file that cannot be read or is no TOML; files that extend each other in a circle.
pub(crate) fn read_table(path: &Path) -> Result<Table> {
    read_extended(path, DEEPEST)
}

fn read_extended(path: &Path, deepest: usize) -> Result<Table> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{}: cannot read the config; check the path given to --config", path.display()))?;
    let mut table: Table = toml::from_str(&text).map_err(|error| syntax(path, &text, &error))?;
    resolve_paths(&mut table, path)?;
    let Some(extends) = table.remove("extends") else { return Ok(table) };
    let Value::String(extends) = extends else {
        bail!("{}: extends: give the path of a config as a string", path.display())
    };
    ensure!(deepest > 0, "{}: extends: the configs extend each other in a circle", path.display());
    let mut whole = read_extended(&beside(path, Path::new(&extends)), deepest - 1)?;
    merge(&mut whole, table);
    Ok(whole)
}

/// A syntax error as one line with its place.
fn syntax(path: &Path, text: &str, error: &toml::de::Error) -> anyhow::Error {
    let place = error.span().map_or(0, |span| span.start.min(text.len()));
    let before = &text.as_bytes()[..place];
    let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|&&b| b != b'\n').count() + 1;
    anyhow::anyhow!("{}:{line}:{column}: not valid TOML: {}", path.display(), error.message().replace('\n', ", "))
}

/// `data.path`, `schema.files` and the files of `schema.tables` are relative to the file that states them; they are made absolute
/// where they exist, so that the resolved config can move.
fn resolve_paths(table: &mut Table, file: &Path) -> Result<()> {
    if let Some(path) = table.get_mut("data").and_then(|data| data.get_mut("path")) {
        resolve(path, "data.path", file)?;
    }
    let Some(schema) = table.get_mut("schema") else { return Ok(()) };
    let mut lists: Vec<&mut Value> = Vec::new();
    if let Value::Table(schema) = schema {
        for (key, value) in schema.iter_mut() {
            match (key.as_str(), value) {
                ("files", files) => lists.push(files),
                ("tables", Value::Array(tables)) => lists.extend(tables.iter_mut().filter_map(|t| t.get_mut("files"))),
                _ => {}
            }
        }
    }
    for files in lists.into_iter().filter_map(Value::as_array_mut) {
        files.iter_mut().try_for_each(|path| resolve(path, "schema.files", file))?;
    }
    Ok(())
}

fn resolve(path: &mut Value, key: &str, file: &Path) -> Result<()> {
    let Value::String(path) = path else { return Ok(()) };
    let whole = beside(file, Path::new(path.as_str()));
    let whole = whole.canonicalize().unwrap_or(whole);
    let Some(text) = whole.to_str() else { bail!("{}: {key}: the path is not valid UTF-8", file.display()) };
    *path = text.to_owned();
    Ok(())
}

fn beside(file: &Path, path: &Path) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join(path)
}

/// Lays `from` over `into`: tables merge, anything else is replaced.
pub(crate) fn merge(into: &mut Table, from: Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(old)), Value::Table(new)) => merge(old, new),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        toml::from_str(text).unwrap_or_default()
    }

    #[test]
    fn tables_merge_and_the_rest_is_replaced() {
        let mut whole = table("a = [1, 2]\n[b]\nc = 1\nd = 2");
        merge(&mut whole, table("a = [3]\n[b]\nc = 4"));
        assert_eq!(whole, table("a = [3]\n[b]\nc = 4\nd = 2"));
    }

    #[test]
    fn a_syntax_error_names_its_place() {
        let text = "a = 1\nb = = 2";
        let error = toml::from_str::<Table>(text).map_err(|e| syntax(Path::new("run.toml"), text, &e).to_string());
        assert!(error.is_err_and(|e| e.starts_with("run.toml:2:5: not valid TOML")));
    }
}
