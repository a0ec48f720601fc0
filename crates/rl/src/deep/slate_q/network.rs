//! The network of SlateQ: Q̄(s, i) of items by their features, and Q̄(s, ⊥) of choosing nothing.

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use slatewise_model::{Mlp, MlpConfig};

use super::config::{NullValue, SlateQConfig};
use crate::deep::item_network::{ItemFeatures, ItemNetwork};

/// Both towers of the items, and a network of the state alone for the null item where its value is learned.
#[derive(Module, Debug)]
pub(super) struct SlateNetwork {
    items: ItemNetwork,
    null: Option<Mlp>,
}

impl SlateNetwork {
    /// Draws the weights for rows of `input` numbers, the items' first.
    pub(super) fn new(
        input: usize,
        items: &ItemFeatures,
        config: &SlateQConfig,
        rng: &mut ChaCha8Rng,
        device: &Device,
    ) -> Self {
        let hidden = &config.hidden;
        let items = ItemNetwork::new(input, hidden, items, rng, device);
        let widths: Vec<usize> = hidden.iter().copied().chain([1]).collect();
        let null = (config.null == NullValue::Learned).then(|| MlpConfig::new(widths).init(input, rng, device));
        Self { items, null }
    }

    /// Q̄ of some items in every state.
    ///
    /// # Shapes
    /// `rows [B, W]`, `items [C]`, C ≥ 1 → `[B, C]`
    pub(super) fn items(&self, rows: Tensor<2>, items: &[usize]) -> Tensor<2> {
        let index: Vec<i32> = items.iter().map(|&item| item as i32).collect();
        let index = Tensor::from_data(TensorData::new(index, [items.len()]), &rows.device());
        self.items.forward(rows, Some(index))
    }

    /// Q̄(s, ⊥), where it is learned.
    ///
    /// # Shapes
    /// `rows [B, W]` → `[B, 1]`
    pub(super) fn null(&self, rows: Tensor<2>) -> Option<Tensor<2>> {
        self.null.as_ref().map(|network| network.forward(rows))
    }

    /// Q̄ of what was chosen in every state: an item, or nothing.
    ///
    /// # Shapes
    /// `rows [B, W]`, `chosen [B]` → `[B, 1]`
    pub(super) fn chosen(&self, rows: Tensor<2>, chosen: &[Option<usize>]) -> Tensor<2> {
        let (count, device) = (chosen.len(), rows.device());
        // Column b of [B, B] is the item that was chosen in state b; where none was, item 0 stands there and counts for nothing.
        let items: Vec<usize> = chosen.iter().map(|item| item.unwrap_or(0)).collect();
        let diagonal = TensorData::new((0..count as i32).collect::<Vec<i32>>(), [count, 1]);
        let of_items = self.items(rows.clone(), &items).gather(1, Tensor::<2, Int>::from_data(diagonal, &device));
        let Some(of_nothing) = self.null(rows) else { return of_items };
        let was_chosen = chosen.iter().map(|item| if item.is_some() { 1.0_f32 } else { 0.0 });
        let was_chosen = Tensor::from_data(TensorData::new(was_chosen.collect::<Vec<_>>(), [count, 1]), &device);
        of_nothing.clone() + (of_items - of_nothing) * was_chosen
    }
}
