//! `FieldEmbedding`: rows of learned tables, one lookup per categorical field, side by side.
//!
//! ```text
//! ids [B, F]           tables                        output [B, Σ width of the fields]
//! item   17  ─────────► item   [rows, 16] ──┐
//! last    3  ─────────► item   [rows, 16] ──┼──►  [ item₁₇ | item₃ | colour₅ ]
//! colour  5  ─────────► colour [rows,  4] ──┘        16       16       4
//! ```
//!
//! Fields that name the same table share its rows, so that what is learned of an item as shown is known of it as
//! clicked. Neighbouring fields of one table are looked up in one gather.
//!
//! The gradient of a table is dense: a step costs time and memory in proportion to the table's rows. That is right for
//! tables of thousands of rows; millions need a store whose update touches only the rows of the batch.
//!
//! Initial values are U(-k, k) with k = 1/√width, so that a row's length is about 0.58 whatever the width; row 0,
//! "unknown or absent", is zero: a value never seen in training then adds nothing, instead of noise.

use crate::mlp::uniform;
use burn::module::{Module, Param};
use burn::nn::Embedding;
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use slatewise_features::{FeatureLayout, TableLayout};

/// The tables of a model and which field looks up which.
#[derive(Module, Debug)]
pub struct FieldEmbedding {
    table: Vec<Embedding>,
    #[module(skip)]
    runs: Vec<FieldRun>,
}

/// Neighbouring fields that share a table.
#[derive(Debug, Clone, Copy, PartialEq)]
struct FieldRun {
    table: usize,
    first: usize,
    fields: usize,
}

impl FieldEmbedding {
    /// Draws the tables of `layout`, in its order.
    pub fn new(layout: &FeatureLayout, rng: &mut ChaCha8Rng, device: &Device) -> Self {
        let table = layout.tables.iter().map(|table| draw(table, rng, device)).collect();
        Self { table, runs: runs(layout) }
    }

    /// The embeddings of the fields, side by side in field order.
    ///
    /// # Shapes
    /// - ids: `[B, F]`
    /// - output: `[B, Σ width]`
    pub fn forward(&self, ids: &Tensor<2, Int>) -> Tensor<2> {
        Tensor::cat(self.columns(ids), 1)
    }

    /// The same embeddings as blocks, for a caller that has more columns to put beside them.
    ///
    /// # Shapes
    /// - ids: `[B, F]`
    /// - output: blocks `[B, width of some neighbouring fields]`, in field order
    pub(crate) fn columns(&self, ids: &Tensor<2, Int>) -> Vec<Tensor<2>> {
        let [rows, fields] = ids.dims();
        let expected: usize = self.runs.iter().map(|run| run.fields).sum();
        assert_eq!(fields, expected, "ids of shape [{rows}, {fields}] for {expected} fields");
        let lookup = |run: &FieldRun| {
            let table = &self.table[run.table];
            let [_, width] = table.weight.dims();
            table.forward(ids.clone().narrow(1, run.first, run.fields)).reshape([rows, run.fields * width])
        };
        self.runs.iter().map(lookup).collect()
    }
}

fn draw(table: &TableLayout, rng: &mut ChaCha8Rng, device: &Device) -> Embedding {
    let bound = 1.0 / (table.width.max(1) as f32).sqrt();
    let mut weight = uniform(table.rows * table.width, bound, rng);
    weight.iter_mut().take(table.width).for_each(|value| *value = 0.0);
    Embedding { weight: Param::from_data(TensorData::new(weight, [table.rows, table.width]), device) }
}

fn runs(layout: &FeatureLayout) -> Vec<FieldRun> {
    let mut runs: Vec<FieldRun> = Vec::new();
    for (index, field) in layout.fields.iter().enumerate() {
        match runs.last_mut() {
            Some(run) if run.table == field.table => run.fields += 1,
            _ => runs.push(FieldRun { table: field.table, first: index, fields: 1 }),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use slatewise_features::FieldLayout;

    /// Fields item, last, colour, next; item and last are neighbours of one table, next comes back to it.
    fn layout() -> FeatureLayout {
        let table = |name: &str, rows, width| TableLayout { name: name.into(), rows, width };
        let field = |name: &str, table| FieldLayout { name: name.into(), table };
        FeatureLayout {
            tables: vec![table("item", 3, 2), table("colour", 2, 1)],
            fields: vec![field("item", 0), field("last", 0), field("colour", 1), field("next", 0)],
            dense: vec![],
        }
    }

    fn by_hand() -> FieldEmbedding {
        let device = Device::flex();
        let table = |data: Vec<f32>, shape: [usize; 2]| Embedding {
            weight: Param::from_data(TensorData::new(data, shape), &device),
        };
        let items = table(vec![0.0, 0.5, 1.0, 1.5, 2.0, 2.5], [3, 2]);
        FieldEmbedding { table: vec![items, table(vec![7.0, 8.0], [2, 1])], runs: runs(&layout()) }
    }

    #[test]
    fn neighbours_of_one_table_are_one_run() {
        let expected = [(0, 0, 2), (1, 2, 1), (0, 3, 1)];
        let found: Vec<_> = runs(&layout()).iter().map(|run| (run.table, run.first, run.fields)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn rows_stand_in_field_order() {
        let ids = Tensor::<2, Int>::from_data([[2, 1, 1, 0], [0, 0, 0, 2]], &Device::flex());
        let output = by_hand().forward(&ids);
        assert_eq!(output.dims(), [2, 7]);
        let values: Vec<f32> = output.into_data().iter::<f32>().collect();
        let expected = [[2.0, 2.5, 1.0, 1.5, 8.0, 0.0, 0.5], [0.0, 0.5, 0.0, 0.5, 7.0, 2.0, 2.5]];
        assert_eq!(values, expected.concat());
    }

    #[test]
    fn a_shared_table_gathers_the_gradient_of_all_its_fields() {
        let device = Device::flex().autodiff();
        let embedding = by_hand().train();
        let ids = Tensor::<2, Int>::from_data([[2, 2, 0, 1]], &device);
        let gradients = embedding.forward(&ids).sum().backward();
        let gradient = embedding.table[0].weight.val().grad(&gradients).map(Tensor::into_data);
        let values: Vec<f32> = gradient.iter().flat_map(|data| data.iter::<f32>()).collect();
        assert_eq!(values, [0.0, 0.0, 1.0, 1.0, 2.0, 2.0], "row 2 was looked up twice, row 1 once");
    }

    #[test]
    fn the_unknown_row_starts_at_zero() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let embedding = FieldEmbedding::new(&layout(), &mut rng, &Device::flex());
        let values: Vec<f32> = embedding.table[0].weight.val().into_data().iter::<f32>().collect();
        assert_eq!(values[..2], [0.0, 0.0]);
        assert!(values[2..].iter().all(|value| *value != 0.0 && value.abs() <= 0.7072), "U(-1/√2, 1/√2)");
    }
}
