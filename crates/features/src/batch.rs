//! `FeatureBatch` and `LabelBatch`: host arrays, row-major, ready for one upload.
//!
//! ```text
//!               field 0   field 1   field 2               dense 0  dense 1
//! row 0   ids [    17   |    3    |   204  ]   values   [   0.31 |  -1.20 ]
//! row 1       [    17   |    9    |    12  ]            [   0.00 |   0.48 ]
//!               └ rows of the field's embedding table      └ normalised numbers
//!
//!               task 0   task 1   task 2
//! row 0   y   [    1   |   0    |   57   ]   w  [  1  |  1  |  1  ]
//! row 1       [    0   |   ·    |    ·   ]      [  4  |  0  |  0  ]   w = 0: masked, no loss, no gradient
//! ```

use serde::{Deserialize, Serialize};

/// Encoded features of some rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FeatureBatch {
    /// Number of rows `B`.
    pub rows: usize,
    /// Shape `[B, F]`: per categorical field the row in that field's embedding table.
    pub ids: Vec<u32>,
    /// Shape `[B, D]`: normalised numbers, always finite.
    pub dense: Vec<f32>,
}

/// Labels of the same rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LabelBatch {
    /// Shape `[B, T]`: 0 or 1 for a binary task, the item index for a choice; 0 where masked.
    pub value: Vec<f32>,
    /// Shape `[B, T]`: weight of the label in the loss, ≥ 0; 0 masks it.
    pub weight: Vec<f32>,
    /// Shape `[B]`: which rows were shown together, one id per slate, its rows consecutive; empty where no task asks.
    pub slate: Vec<u32>,
}

/// Rows with their labels.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    /// What the model sees.
    pub features: FeatureBatch,
    /// What it learns.
    pub labels: LabelBatch,
}

/// What the model must know of the encoder: tables, fields and the number of dense values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureLayout {
    /// Embedding tables; fields that speak of the same thing (the item shown, the item clicked before) share one.
    pub tables: Vec<TableLayout>,
    /// Per categorical field, in the order of `FeatureBatch::ids`.
    pub fields: Vec<FieldLayout>,
    /// Names of the dense values, in the order of `FeatureBatch::dense`.
    pub dense: Vec<String>,
}

/// One embedding table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableLayout {
    /// Name, unique.
    pub name: String,
    /// Number of rows; row 0 stands for "unknown or absent".
    pub rows: usize,
    /// Embedding width.
    pub width: usize,
}

/// One categorical field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldLayout {
    /// Name, unique.
    pub name: String,
    /// Index into `FeatureLayout::tables`.
    pub table: usize,
}

impl Batch {
    /// Appends the rows of another batch of the same shapes.
    pub(crate) fn append(&mut self, more: &Self) {
        self.features.rows += more.features.rows;
        self.features.ids.extend_from_slice(&more.features.ids);
        self.features.dense.extend_from_slice(&more.features.dense);
        self.labels.value.extend_from_slice(&more.labels.value);
        self.labels.weight.extend_from_slice(&more.labels.weight);
        self.labels.slate.extend_from_slice(&more.labels.slate);
    }
}

impl FeatureLayout {
    /// Width of the model's input: the fields' embeddings side by side, then the dense values.
    pub fn input_width(&self) -> usize {
        self.fields.iter().map(|f| self.tables[f.table].width).sum::<usize>() + self.dense.len()
    }
}

impl LabelBatch {
    /// The labels of some of `all` tasks, in the order given; slates stay.
    ///
    /// # Shapes
    /// values and weights `[B, all]` → `[B, tasks]`
    #[must_use]
    pub fn select(self, tasks: &[usize], all: usize) -> Self {
        let keep = |values: &[f32]| -> Vec<f32> {
            values.chunks_exact(all).flat_map(|row| tasks.iter().map(|&task| row[task])).collect()
        };
        Self { value: keep(&self.value), weight: keep(&self.weight), slate: self.slate }
    }
}

impl FeatureBatch {
    /// The chosen rows, in the order given.
    ///
    /// # Shapes
    /// `rows [R]`, each below `self.rows` → ids `[R, F]`, dense `[R, D]`
    pub fn select(&self, rows: &[usize]) -> Self {
        let (fields, dense) = (self.ids.len() / self.rows.max(1), self.dense.len() / self.rows.max(1));
        Self {
            rows: rows.len(),
            ids: rows.iter().flat_map(|&row| &self.ids[row * fields..][..fields]).copied().collect(),
            dense: rows.iter().flat_map(|&row| &self.dense[row * dense..][..dense]).copied().collect(),
        }
    }
}
