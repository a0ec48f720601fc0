//! `MultiTaskModel`: embeddings, a shared trunk and a tower per task.
//!
//! ```text
//! ids   [B, F] ──► embeddings ─┐
//!                              ├─► x [B, input] ──► trunk ──► hₖ [B, hidden] ──► towerₖ ──► logits [B, classes]
//! dense [B, D] ────────────────┘                                 per task k              + wide part, where declared
//!               host, `upload`  │ device, this file
//! ```
//!
//! The embedding tables stay in the host's memory; trunk, towers and wide parts are the network, on the device.
//!
//! A choice has as many logits as there are items, while its label counts on few rows (those clicked, with a click
//! after): its tower therefore runs on chosen rows only, [`TaskRows`].

use crate::{DeviceFeatures, EmbeddingTables, Error, Mlp, ModelSpec, TaskShape, Trunk, WideLogits};
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// A multi-task model with its weights.
#[derive(Debug, Clone)]
pub struct MultiTaskModel {
    pub(crate) embedding: EmbeddingTables,
    pub(crate) network: Network,
    spec: Arc<ModelSpec>,
}

/// What lies on the device: all but the embedding tables.
#[derive(Module, Debug)]
pub(crate) struct Network {
    pub(crate) trunk: Trunk,
    pub(crate) tower: Vec<Mlp>,
    pub(crate) wide: Vec<WideLogits>,
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
        let embedding = EmbeddingTables::new(&spec.layout, &spec.config.embedding, rng);
        let trunk = spec.config.trunk.init(&spec.layout, spec.tasks.len(), rng, device);
        let hidden = spec.config.trunk.output(input);
        let tower = spec.tasks.iter().map(|task| task.tower(&spec.config.tower, hidden, rng, device)).collect();
        let wide =
            |task: &TaskShape| WideLogits::new(&spec.layout, spec.wide_fields(&task.name), task.head.scores(), device);
        let wide = spec.tasks.iter().map(wide).collect();
        Ok(Self { embedding, network: Network { trunk, tower, wide }, spec: Arc::new(spec) })
    }

    /// The shapes the model was built from.
    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// The shapes, for whoever changes the model meanwhile.
    pub(crate) fn shared_spec(&self) -> Arc<ModelSpec> {
        self.spec.clone()
    }

    /// The embedding tables.
    pub fn embedding(&self) -> &EmbeddingTables {
        &self.embedding
    }

    /// The part that all tasks share.
    pub fn trunk(&self) -> &Trunk {
        &self.network.trunk
    }

    /// The same model with its network on another device.
    #[must_use]
    pub fn to_device(self, device: &Device) -> Self {
        Self { network: self.network.to_device(device), ..self }
    }

    /// The model with a network that keeps gradients, and back.
    pub(crate) fn train(self) -> Self {
        Self { network: self.network.train(), ..self }
    }

    /// The model with a network that keeps no gradients.
    pub(crate) fn valid(&self) -> Self {
        self.with_network(self.network.valid())
    }

    /// The same tables and tasks around another network.
    pub(crate) fn with_network(&self, network: Network) -> Self {
        Self { network, embedding: self.embedding.clone(), spec: self.spec.clone() }
    }

    /// The trunk's representation per task, `[B, hidden]` each, in task order.
    pub fn representations(&self, features: &DeviceFeatures) -> Vec<Tensor<2>> {
        self.network.trunk.forward(features.x.clone())
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
            let deep = self.network.tower[task].forward(hidden);
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
        let wide = &self.network.wide[task];
        match &features.ids {
            Some(ids) if !wide.is_empty() => {
                let ids = rows.map_or_else(|| ids.clone(), |rows| ids.clone().select(0, rows.clone()));
                wide.add_to(deep, &ids)
            }
            _ => deep,
        }
    }
}
