//! The wide part of a task: logits learned by heart for each value of a few fields, beside what the deep part generalises.
//!
//! Cheng et al. 2016, "Wide & Deep Learning for Recommender Systems":
//!
//! ```text
//! logits = tower(h) + Σ_f W_f[id_f]          W_f [rows of the field's table, classes]
//!          deep: generalises   wide: remembers
//! ```
//!
//! For the next item with `wide = { next_item = ["item"] }` the wide part is a table of item → next item, a first-order
//! Markov chain in logits; what the deep part adds is then a correction for the rest of the session. It starts at zero.
//!
//! Differences from the paper: both parts are trained by the same optimiser (theirs: FTRL for the wide one), and the wide
//! part takes single fields, not their crosses.

use burn::module::{Module, Param};
use burn::tensor::{Device, Int, Tensor};
use slatewise_features::FeatureLayout;

/// The wide part of one task; without fields it adds nothing.
#[derive(Module, Debug)]
pub struct WideLogits {
    weight: Vec<Param<Tensor<2>>>,
    #[module(skip)]
    field: Vec<usize>,
}

impl WideLogits {
    /// Zeros for the named fields of `layout`, which must exist.
    pub(crate) fn new(layout: &FeatureLayout, fields: &[String], classes: usize, device: &Device) -> Self {
        let position = |name: &String| layout.fields.iter().position(|field| field.name == *name);
        let field: Vec<usize> = fields.iter().filter_map(position).collect();
        assert_eq!(field.len(), fields.len(), "wide fields {fields:?} of a layout with {:?}", layout.fields);
        let table = |&field: &usize| {
            let rows = layout.tables[layout.fields[field].table].rows;
            Param::from_tensor(Tensor::zeros([rows, classes], device))
        };
        Self { weight: field.iter().map(table).collect(), field }
    }

    /// Whether there is nothing to add.
    pub fn is_empty(&self) -> bool {
        self.field.is_empty()
    }

    /// Adds the wide part to the deep part's logits.
    ///
    /// # Shapes
    /// - ids: `[R, F]`
    /// - logits, output: `[R, classes]`
    pub fn add_to(&self, logits: Tensor<2>, ids: &Tensor<2, Int>) -> Tensor<2> {
        self.weight.iter().zip(&self.field).fold(logits, |logits, (weight, &field)| {
            logits + weight.val().select(0, ids.clone().narrow(1, field, 1).squeeze_dim::<1>(1))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::TensorData;
    use slatewise_features::{FieldLayout, TableLayout};

    #[test]
    fn rows_of_the_named_field_are_added() {
        let table = |name: &str, rows| TableLayout { name: name.into(), rows, width: 2 };
        let field = |name: &str, table| FieldLayout { name: name.into(), table };
        let layout = FeatureLayout {
            tables: vec![table("colour", 2), table("item", 3)],
            fields: vec![field("colour", 0), field("item", 1)],
            dense: vec![],
        };
        let device = Device::flex();
        let mut wide = WideLogits::new(&layout, &["item".into()], 2, &device);
        let learned = TensorData::new(vec![0.0_f32, 0.0, 1.0, 2.0, 3.0, 4.0], [3, 2]);
        wide.weight[0] = Param::from_tensor(Tensor::from_data(learned, &device));
        let ids = Tensor::<2, Int>::from_data([[1, 2], [0, 1], [0, 0]], &device);
        let logits = wide.add_to(Tensor::ones([3, 2], &device), &ids);
        logits.into_data().assert_eq(&TensorData::from([[4.0_f32, 5.0], [2.0, 3.0], [1.0, 1.0]]), true);
    }
}
