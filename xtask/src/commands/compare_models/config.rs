//! What `compare-models` reads: a table, and the trunks that are tried on it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use slatewise_features::TableSpec;
use slatewise_features::tabular::TableTask;
use slatewise_model::{EmbeddingConfig, Head, HeadsConfig, OrderedAfter, TaskShape, TrainerConfig, TrunkConfig};

/// A comparison.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CompareConfig {
    /// Names it in the report.
    pub(super) name: String,
    /// The first seed; every seed of the comparison follows from it.
    pub(super) seed: u64,
    pub(super) table: TableSpec,
    #[serde(default, skip_serializing_if = "HeadsConfig::is_empty")]
    pub(super) heads: HeadsConfig,
    pub(super) model: SharedModelConfig,
    pub(super) trainer: TrainerConfig,
    pub(super) compare: Compared,
}

/// What all compared models have in common, under `[model]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SharedModelConfig {
    /// Widths of each tower's hidden layers.
    #[serde(default)]
    pub(super) tower: Vec<usize>,
    #[serde(default)]
    pub(super) embedding: EmbeddingConfig,
}

/// What differs, and how it is judged, under `[compare]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Compared {
    /// Independent trainings per model, at least 2.
    pub(super) seeds: usize,
    /// Rows per batch.
    pub(super) batch_rows: usize,
    /// Epochs without a better validation loss after which a training stops.
    pub(super) patience: usize,
    /// The models.
    pub(super) models: Vec<Candidate>,
}

/// One model of the comparison.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Candidate {
    pub(super) name: String,
    pub(super) trunk: TrunkConfig,
    /// How the tasks' losses are balanced, where it is not by fixed weights.
    #[serde(default)]
    pub(super) balance: slatewise_model::BalanceConfig,
    /// Tasks whose label implies an earlier one's: `after = { purchase = "click" }` (ESMM).
    #[serde(default)]
    pub(super) after: BTreeMap<String, String>,
    /// Tasks that should not be more likely than another: `ordered_after = { purchase = { task = "click", weight = 0.6 } }` (AITM).
    #[serde(default)]
    pub(super) ordered_after: BTreeMap<String, OrderedAfter>,
}

impl CompareConfig {
    /// Reads and checks a config; the table's paths are relative to it.
    ///
    /// # Errors
    /// A file that cannot be read, an unknown key, a value out of its range.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let named = || path.display().to_string();
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{}: cannot read the config; check the path given to --config", path.display()))?;
        let mut config: Self = toml::from_str(&text).with_context(named)?;
        config.table.resolve_from(path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(&PathBuf::from(".")));
        config.validate().with_context(named)?;
        Ok(config)
    }

    fn validate(&self) -> Result<()> {
        self.table.validate()?;
        self.trainer.validate()?;
        let Compared { seeds, batch_rows, patience, models } = &self.compare;
        ensure!(*seeds >= 2, "compare.seeds: at least 2, for an interval, not {seeds}");
        ensure!(*batch_rows >= 1, "compare.batch_rows: at least 1, not {batch_rows}");
        ensure!(*patience >= 1, "compare.patience: at least 1, not {patience}");
        ensure!(!models.is_empty(), "compare.models: name at least one model");
        for task in &self.table.tasks {
            let number = matches!(task.label.kind(), slatewise_features::tabular::LabelKind::Number);
            ensure!(
                !number,
                "table.tasks: {:?} is a number; compare-models judges binary tasks, give `positive`",
                task.name
            );
        }
        self.task_shapes()?;
        ensure!(self.table.test.is_some(), "table.test: name the file that judges");
        for (index, model) in models.iter().enumerate() {
            let twice = models[..index].iter().any(|earlier| earlier.name == model.name);
            ensure!(!twice, "compare.models: two of them are called {:?}; rename one", model.name);
            for (key, task) in model
                .after
                .keys()
                .map(|task| ("after", task))
                .chain(model.ordered_after.keys().map(|task| ("ordered_after", task)))
            {
                let known = self.table.tasks.iter().any(|known| known.name == *task);
                ensure!(known, "compare.models, {:?}, {key}: there is no task {task:?}", model.name);
            }
        }
        Ok(())
    }

    /// The tasks with their heads, after no other.
    ///
    /// # Errors
    /// A head under `[heads]` that its task cannot have.
    pub(super) fn task_shapes(&self) -> Result<Vec<TaskShape>> {
        let shape = |task: &TableTask| TaskShape {
            loss_weight: task.loss_weight,
            ..TaskShape::of(task.name.clone(), Head::binary())
        };
        Ok(self.heads.apply(self.table.tasks.iter().map(shape).collect())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shipped comparison with `more` at its end, which belongs to the last of its models, `heads` before its trainer.
    fn read(heads: &str, more: &str) -> Result<CompareConfig> {
        let shipped = include_str!("../../../../configs/adult.toml");
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("compare.toml");
        std::fs::write(
            &path,
            format!("{}\n{more}\n", shipped.replacen("[trainer]", &format!("{heads}\n[trainer]"), 1)),
        )?;
        CompareConfig::read(&path)
    }

    fn refusal(heads: &str, more: &str) -> String {
        read(heads, more).err().map(|error| format!("{error:#}")).unwrap_or_default()
    }

    #[test]
    fn heads_and_orders_are_read_and_those_of_no_task_refused() -> Result<()> {
        let heads = "[heads]\nincome = { kind = \"binary\", focal_gamma = 2.0 }";
        let order = "ordered_after = { income = { task = \"never_married\", weight = 0.6 } }";
        let config = read(heads, order)?;
        let shapes = config.task_shapes()?;
        assert_eq!(shapes[0].head, Head::Binary { label_smoothing: 0.0, focal_gamma: Some(2.0) });
        assert_eq!(shapes[1].head, Head::binary());
        let order = config.compare.models.last().and_then(|model| model.ordered_after.get("income"));
        assert_eq!(order, Some(&OrderedAfter { task: "never_married".into(), weight: 0.6 }));

        let heads = heads.replace("income", "wage");
        assert!(refusal(&heads, "").contains("`heads.wage`: there is no such task: name one of income, never_married"));
        for key in ["after = { wage = \"income\" }", "ordered_after = { wage = { task = \"income\", weight = 1.0 } }"] {
            let message = refusal("", key);
            assert!(
                message.contains("compare.models, \"independent\", ") && message.contains("no task \"wage\""),
                "{message}"
            );
        }
        Ok(())
    }
}
