//! `FieldColumns`: where named fields stand in the trunk's input.
//!
//! ```text
//! x [B, input]:   item 0..16 │ last_item 16..32 │ surface 32..36 │ dense 36..
//! ["surface", "item"]  →  32..36, 0..16        [B, 20], in the order of the names
//! ```

use burn::tensor::Tensor;
use slatewise_features::FeatureLayout;
use std::ops::Range;

/// The columns of some fields' embeddings.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FieldColumns {
    ranges: Vec<Range<usize>>,
}

impl FieldColumns {
    /// Columns of the named fields of `layout`, which must exist.
    pub(super) fn new(layout: &FeatureLayout, names: &[String]) -> Self {
        let unknown = unknown_fields(layout, names);
        assert!(unknown.is_empty(), "fields {unknown:?} of a layout with {:?}", layout.fields);
        let mut end = 0;
        let places = layout.fields.iter().map(|field| {
            let start = end;
            end += layout.tables[field.table].width;
            (field.name.as_str(), start..end)
        });
        let places: Vec<_> = places.collect();
        let of_name = |name: &String| places.iter().find(|place| place.0 == name.as_str()).map(|place| place.1.clone());
        Self { ranges: names.iter().filter_map(of_name).collect() }
    }

    /// Number of columns.
    pub(super) fn width(&self) -> usize {
        self.ranges.iter().map(ExactSizeIterator::len).sum()
    }

    /// The columns beside `rest`, one copy for both.
    ///
    /// # Shapes
    /// - x: `[B, input]`
    /// - rest: `[B, m]`
    /// - output: `[B, width + m]`
    pub(super) fn beside(&self, x: &Tensor<2>, rest: Tensor<2>) -> Tensor<2> {
        let columns = self.ranges.iter().map(|range| x.clone().narrow(1, range.start, range.len()));
        Tensor::cat(columns.chain([rest]).collect(), 1)
    }
}

/// The names that are no fields of `layout`.
pub(super) fn unknown_fields<'a>(layout: &FeatureLayout, names: &'a [String]) -> Vec<&'a str> {
    let known = |name: &str| layout.fields.iter().any(|field| field.name == name);
    names.iter().map(String::as_str).filter(|name| !known(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};
    use slatewise_features::{FieldLayout, TableLayout};

    #[test]
    fn columns_follow_the_widths_of_the_fields_tables() {
        let table = |name: &str, width| TableLayout { name: name.into(), rows: 3, width };
        let field = |name: &str, table| FieldLayout { name: name.into(), table };
        let layout = FeatureLayout {
            tables: vec![table("surface", 1), table("item", 2)],
            fields: vec![field("item", 1), field("last_item", 1), field("surface", 0)],
            dense: vec!["price".into()],
        };
        let columns = FieldColumns::new(&layout, &["surface".into(), "item".into()]);
        assert_eq!((columns.ranges.clone(), columns.width()), (vec![4..5, 0..2], 3));
        let x = Tensor::<2>::from_data([[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]], &Device::flex());
        let found = columns.beside(&x, Tensor::from_data([[8.0, 9.0]], &Device::flex()));
        found.into_data().assert_eq(&TensorData::from([[4.0_f32, 0.0, 1.0, 8.0, 9.0]]), true);
        assert_eq!(unknown_fields(&layout, &["item".into(), "price".into()]), ["price"]);
    }
}
