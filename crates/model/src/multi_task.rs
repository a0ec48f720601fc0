//! `MultiTaskModel`: embeddings, a shared trunk and a tower per task.
//!
//! ```text
//! ids   [B, F] ──► embeddings ─┐
//!                              ├─► x [B, input] ──► trunk ──► hₖ [B, hidden] ──► towerₖ ──► logits [B, classes]
//! dense [B, D] ────────────────┘                                 per task k              + wide part, where declared
//! ```
//!
//! A choice has as many logits as there are items, while its label counts on few rows (those clicked, with a click
//! after): its tower therefore runs on chosen rows only, [`TaskRows`].

use crate::loss::{binary_cross_entropy, softmax_cross_entropy};
use crate::{DeviceFeatures, DeviceLabels, Error, FieldEmbedding, Mlp, ModelSpec, TaskShape, Trunk, WideLogits};
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use rand_chacha::ChaCha8Rng;

/// A multi-task model with its weights.
#[derive(Module, Debug)]
pub struct MultiTaskModel {
    embedding: FieldEmbedding,
    trunk: Trunk,
    tower: Vec<Mlp>,
    wide: Vec<WideLogits>,
    #[module(skip)]
    spec: ModelSpec,
}

/// The rows of a batch on which a task's tower runs.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "one per task and batch; a box would only add an indirection")]
pub enum TaskRows {
    /// None: the task is not asked for.
    Nothing,
    /// All of them.
    All,
    /// These, indices `[R]` into the batch.
    Only(Tensor<1, Int>),
}

/// Logits per task, in the order of [`ModelSpec::tasks`]: `[R, classes]` where R rows were asked for.
#[derive(Debug, Clone)]
pub struct TaskLogits(pub Vec<Option<Tensor<2>>>);

impl MultiTaskModel {
    /// Draws a model on `device`: tables, trunk, towers, in that order.
    ///
    /// # Errors
    /// As [`ModelSpec::validate`].
    pub fn new(spec: ModelSpec, rng: &mut ChaCha8Rng, device: &Device) -> Result<Self, Error> {
        spec.validate()?;
        let input = spec.layout.input_width();
        let embedding = FieldEmbedding::new(&spec.layout, rng, device);
        let trunk = spec.config.trunk.init(&spec.layout, spec.tasks.len(), rng, device);
        let hidden = spec.config.trunk.output(input);
        let tower = spec.tasks.iter().map(|task| task.tower(&spec.config.tower, hidden, rng, device)).collect();
        let wide = |task: &TaskShape| WideLogits::new(&spec.layout, spec.wide_fields(&task.name), task.classes, device);
        let wide = spec.tasks.iter().map(wide).collect();
        Ok(Self { embedding, trunk, tower, wide, spec })
    }

    /// The shapes the model was built from.
    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// The input of the trunk: embeddings in field order, then dense values.
    ///
    /// # Shapes
    /// - output: `[B, input]`
    pub fn input(&self, features: &DeviceFeatures) -> Tensor<2> {
        let mut columns = features.ids.as_ref().map(|ids| self.embedding.columns(ids)).unwrap_or_default();
        columns.extend(features.dense.clone());
        Tensor::cat(columns, 1)
    }

    /// The trunk's representation per task, `[B, hidden]` each, in task order.
    pub fn representations(&self, features: &DeviceFeatures) -> Vec<Tensor<2>> {
        self.trunk.forward(self.input(features))
    }

    /// Logits of each task on the rows asked for, one [`TaskRows`] per task.
    pub fn forward(&self, features: &DeviceFeatures, rows: &[TaskRows]) -> TaskLogits {
        let tasks = self.spec.tasks.len();
        assert_eq!(rows.len(), tasks, "{} row selections for {tasks} tasks", rows.len());
        let hidden = self.representations(features).into_iter();
        let logits = hidden.zip(rows).enumerate().map(|(task, (hidden, rows))| {
            let (hidden, rows) = match rows {
                TaskRows::Nothing => return None,
                TaskRows::All => (hidden, None),
                TaskRows::Only(rows) => (hidden.select(0, rows.clone()), Some(rows)),
            };
            let deep = self.tower[task].forward(hidden);
            Some(self.add_wide(task, deep, features, rows))
        });
        TaskLogits(logits.collect())
    }

    /// Adds a task's wide part on the rows asked for; all of them without a selection.
    fn add_wide(
        &self,
        task: usize,
        deep: Tensor<2>,
        features: &DeviceFeatures,
        rows: Option<&Tensor<1, Int>>,
    ) -> Tensor<2> {
        let wide = &self.wide[task];
        match &features.ids {
            Some(ids) if !wide.is_empty() => {
                let ids = rows.map_or_else(|| ids.clone(), |rows| ids.clone().select(0, rows.clone()));
                wide.add_to(deep, &ids)
            }
            _ => deep,
        }
    }

    /// Mean loss of each task over the rows of the batch whose label counts; 0 where there is none.
    ///
    /// # Shapes
    /// - output: `[T]`, in task order, without the tasks' loss weights
    pub fn losses(&self, features: &DeviceFeatures, labels: &DeviceLabels) -> Tensor<1> {
        let rows = labels.rows(&self.spec);
        let TaskLogits(mut logits) = self.forward(features, &rows);
        let mut losses: Vec<Option<Tensor<1>>> = vec![None; logits.len()];
        if let Some(binary) = &labels.binary {
            let tasks = self.spec.binary_tasks();
            let columns = tasks.iter().filter_map(|&task| logits[task].take()).collect();
            let loss = binary_cross_entropy(Tensor::cat(columns, 1), binary.value.clone(), binary.weight.clone());
            tasks.iter().enumerate().for_each(|(column, &task)| losses[task] = Some(loss.clone().narrow(0, column, 1)));
        }
        for (choice, task) in labels.choice.iter().zip(self.spec.choice_tasks()) {
            if let (Some(choice), Some(logits)) = (choice, logits[task].take()) {
                losses[task] = Some(softmax_cross_entropy(logits, choice.target.clone(), choice.weight.clone()));
            }
        }
        let zero = || Tensor::zeros([1], &features.device);
        Tensor::cat(losses.into_iter().map(|loss| loss.unwrap_or_else(zero)).collect(), 0)
    }
}
