//! `ModelConfig` and `ModelSpec`: what a user writes under `[model]`, and everything that fixes the shapes of a model.
//!
//! ```toml
//! [model]
//! trunk = { kind = "mmoe", experts = 4, widths = [128, 64] }
//! tower = [32]
//! wide = { next_item = ["item"] }    # per task, fields whose logits are learned by heart
//! ```

use crate::{EmbeddingConfig, Error, Head, MultiTaskModel, TaskShape, TrunkConfig};
use burn::tensor::Device;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use slatewise_features::FeatureLayout;
use std::collections::BTreeMap;

/// The section `[model]` of a configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// The part that all tasks share.
    pub trunk: TrunkConfig,
    /// Widths of each tower's hidden layers, before the layer of logits; may be empty.
    #[serde(default)]
    pub tower: Vec<usize>,
    /// How embedding tables are stored.
    #[serde(default)]
    pub embedding: EmbeddingConfig,
    /// Per task, categorical fields that add logits of their own ([`WideLogits`](crate::WideLogits)).
    #[serde(default)]
    pub wide: BTreeMap<String, Vec<String>>,
}

/// Shapes of a model: from this alone it can be built again, and a checkpoint's manifest holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// Widths.
    pub config: ModelConfig,
    /// Input.
    pub layout: FeatureLayout,
    /// Output.
    pub tasks: Vec<TaskShape>,
}

impl ModelConfig {
    /// Draws a model on `device` from the caller's generator: tables, trunk, towers, in that order.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`], [`Error::InvalidTask`] or [`Error::NoFeatures`] where the parts do not make a model.
    pub fn init(
        &self,
        layout: &FeatureLayout,
        tasks: &[TaskShape],
        rng: &mut ChaCha8Rng,
        device: &Device,
    ) -> Result<MultiTaskModel, Error> {
        let spec = ModelSpec { config: self.clone(), layout: layout.clone(), tasks: tasks.to_vec() };
        MultiTaskModel::new(spec, rng, device)
    }
}

impl ModelSpec {
    /// Indices of the binary tasks in [`tasks`](Self::tasks).
    pub fn binary_tasks(&self) -> Vec<usize> {
        self.indices(|task| matches!(task.head, Head::Binary { .. }))
    }

    /// Indices of the choice tasks in [`tasks`](Self::tasks).
    pub fn choice_tasks(&self) -> Vec<usize> {
        self.indices(|task| matches!(task.head, Head::Choice { .. }))
    }

    /// Indices of the tasks that pass.
    pub(crate) fn indices(&self, passes: impl Fn(&TaskShape) -> bool) -> Vec<usize> {
        (0..self.tasks.len()).filter(|&task| passes(&self.tasks[task])).collect()
    }

    /// The single-task twin of a task: the same layout, trunk and widths for that task alone, with its wide part. What a
    /// task loses by being learned beside the others (negative transfer) is measured against it.
    ///
    /// `task` is an index into [`tasks`](Self::tasks).
    pub fn single_task(&self, task: usize) -> Self {
        let shape = TaskShape { after: None, ordered_after: None, ..self.tasks[task].clone() };
        let mut config = self.config.clone();
        config.wide.retain(|name, _| *name == shape.name);
        Self { config, layout: self.layout.clone(), tasks: vec![shape] }
    }

    /// Index of the task of this name among these; `kind` names them in the error.
    pub(crate) fn find(&self, name: &str, kind: &'static str, among: &[usize]) -> Result<usize, Error> {
        among.iter().copied().find(|&task| self.tasks[task].name == name).ok_or_else(|| {
            let known: Vec<&str> = among.iter().map(|&task| self.tasks[task].name.as_str()).collect();
            let known = if known.is_empty() { "none".into() } else { known.join(", ") };
            Error::UnknownTask { task: name.into(), kind, known }
        })
    }

    /// Checks that the parts make a model.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`], [`Error::InvalidTask`] or [`Error::NoFeatures`].
    pub fn validate(&self) -> Result<(), Error> {
        self.config.trunk.validate(&self.layout)?;
        if self.config.tower.contains(&0) {
            let mend = "give positive layer widths, such as [32], or none";
            let value = format!("{:?}", self.config.tower);
            return Err(Error::InvalidConfig { key: "model.tower", value, mend });
        }
        if self.layout.input_width() == 0 {
            return Err(Error::NoFeatures);
        }
        self.config.embedding.validate(&self.layout)?;
        if self.tasks.is_empty() {
            let mend = "declare at least one task under [[tasks]]";
            return Err(Error::InvalidConfig { key: "tasks", value: "empty".into(), mend });
        }
        for (index, task) in self.tasks.iter().enumerate() {
            task.validate()?;
            if self.tasks[..index].iter().any(|earlier| earlier.name == task.name) {
                let problem = "two tasks have this name: rename one of them";
                return Err(Error::InvalidTask { task: task.name.clone(), problem });
            }
        }
        self.validate_chains()?;
        self.validate_wide()
    }

    fn validate_wide(&self) -> Result<(), Error> {
        for (task, fields) in &self.config.wide {
            let value = format!("{task} = {fields:?}");
            if !self.tasks.iter().any(|known| known.name == *task) {
                let mend = "name a task that is declared under [[tasks]]";
                return Err(Error::InvalidConfig { key: "model.wide", value, mend });
            }
            if fields.iter().any(|name| !self.layout.fields.iter().any(|field| field.name == *name)) {
                let mend = "name fields that are declared under [[features.categorical]]";
                return Err(Error::InvalidConfig { key: "model.wide", value, mend });
            }
        }
        Ok(())
    }

    /// Fields of the wide part of a task.
    pub(crate) fn wide_fields(&self, task: &str) -> &[String] {
        self.config.wide.get(task).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SharedBottomConfig;
    use slatewise_features::{FieldLayout, TableLayout};

    fn spec() -> ModelSpec {
        ModelSpec {
            config: ModelConfig {
                trunk: TrunkConfig::SharedBottom(SharedBottomConfig { widths: vec![4] }),
                tower: vec![],
                embedding: EmbeddingConfig::default(),
                wide: [].into(),
            },
            layout: FeatureLayout { tables: vec![], fields: vec![], dense: vec!["price".into()] },
            tasks: vec![TaskShape::of("next", Head::Choice { items: 9 }), TaskShape::of("click", Head::binary())],
        }
    }

    fn message(change: impl FnOnce(&mut ModelSpec)) -> String {
        let mut spec = spec();
        change(&mut spec);
        spec.validate().err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_sound_spec_passes() {
        assert_eq!(message(|_| ()), "");
        assert_eq!((spec().binary_tasks(), spec().choice_tasks()), (vec![1], vec![0]));
    }

    #[test]
    fn every_fault_is_named() {
        let zero_width = TrunkConfig::SharedBottom(SharedBottomConfig { widths: vec![4, 0] });
        assert!(message(|spec| spec.config.trunk = zero_width).starts_with("`model.trunk.widths` is [4, 0]"));
        assert!(message(|spec| spec.config.tower = vec![0]).starts_with("`model.tower` is [0]"));
        let wide = |task: &str, field: &str| [(task.to_owned(), vec![field.to_owned()])].into();
        assert!(message(|spec| spec.config.wide = wide("buy", "item")).contains("a task that is declared"));
        assert!(message(|spec| spec.config.wide = wide("next", "item")).contains("fields that are declared"));
        assert!(message(|spec| spec.layout.dense.clear()).contains("no inputs"));
        assert!(message(|spec| spec.tasks.clear()).starts_with("`tasks` is empty"));
        assert!(message(|spec| spec.tasks[1].name = "next".into()).contains("two tasks have this name"));
        assert!(message(|spec| spec.tasks[0].head = Head::Choice { items: 1 }).contains("at least 2 items"));
        assert!(message(|spec| spec.tasks[1].loss_weight = f32::NAN).contains("`loss_weight`"));
    }

    #[test]
    fn a_single_task_twin_keeps_layout_widths_and_its_own_wide_part() -> Result<(), Error> {
        let mut spec = spec();
        let table = TableLayout { name: "item".into(), rows: 9, width: 2 };
        spec.layout.tables.push(table);
        spec.layout.fields.push(FieldLayout { name: "item".into(), table: 0 });
        let wide = |task: &str| (task.to_owned(), vec!["item".to_owned()]);
        spec.config.wide = [wide("next"), wide("click")].into();
        let twin = spec.single_task(1);
        twin.validate()?;
        assert_eq!(twin.tasks, spec.tasks[1..]);
        assert_eq!((&twin.layout, &twin.config.trunk), (&spec.layout, &spec.config.trunk));
        assert_eq!(twin.config.wide, [wide("click")].into());
        Ok(())
    }

    #[test]
    fn an_unknown_task_lists_the_known_ones() {
        let error = spec().find("buy", "binary", &[1]).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some("there is no binary task `buy`: the model has click"));
    }
}
