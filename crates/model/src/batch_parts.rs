//! Parts of a batch: on the CPU a step's losses and gradients are computed part by part, side by side.
//!
//! ```text
//! batch [B] ──► rows 0..512     ──► forward ──► losses [T] ──► backward ──► gradients ─┐
//!          └──► rows 512..1024  ──► forward ──► losses [T] ──► backward ──► gradients ─┴─► sum, in the order of the rows
//! ```
//!
//! A tensor library runs one operation after the other and divides only the large ones among threads; parts divide all of
//! them, and what a part computes stays in the processor's caches. Labels weigh as shares of the whole batch, so losses and
//! gradients of the parts add up to the batch's. How a batch is divided depends on its rows alone, and the sums have a fixed
//! order: results are the same on any number of threads.

use crate::gradients::StepGradients;
use crate::labels::CheckedLabels;
use crate::multi_task::Network;
use crate::upload::FeatureSlice;
use crate::{DeviceFeatures, DeviceLabels, MultiTaskModel};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rayon::prelude::*;
use slatewise_features::{Batch, FeatureBatch};
use std::ops::Range;

/// Most rows of a part.
const PART_ROWS: usize = 512;

/// A batch of which every row was checked, and how it is divided.
pub(crate) struct BatchParts<'a> {
    features: &'a FeatureBatch,
    labels: &'a CheckedLabels<'a>,
    /// Rows of the embedding tables, `[B, lookups]`.
    lookups: &'a [u32],
    model: &'a MultiTaskModel,
    device: &'a Device,
    parts: Vec<Range<usize>>,
}

/// A part after its forward pass.
pub(crate) struct Part {
    model: MultiTaskModel,
    features: DeviceFeatures,
    labels: DeviceLabels,
    losses: Tensor<1>,
}

impl<'a> BatchParts<'a> {
    /// Divides a batch, where it can be divided.
    pub(crate) fn new(
        batch: &'a Batch,
        labels: &'a CheckedLabels<'a>,
        lookups: &'a [u32],
        model: &'a MultiTaskModel,
        device: &'a Device,
    ) -> Self {
        let rows = batch.features.rows;
        let on_cpu = device.clone().without_autodiff() == Device::flex();
        let parts = divide(rows, if on_cpu && labels.is_divisible() { PART_ROWS } else { rows });
        Self { features: &batch.features, labels, lookups, model, device, parts }
    }

    /// The network as it is before the step.
    pub(crate) fn network(&self) -> &Network {
        &self.model.network
    }

    /// Whether any label of a task counts, per task.
    pub(crate) fn labelled(&self) -> Vec<bool> {
        self.labels.weight_sum.iter().map(|&sum| sum > 0.0).collect()
    }

    pub(crate) fn task_name(&self, task: usize) -> String {
        self.model.spec().tasks[task].name.clone()
    }

    pub(crate) fn loss_weight(&self, task: usize) -> f32 {
        self.model.spec().tasks[task].loss_weight
    }

    /// Runs `work` on every part after its forward pass; the results in the order of the rows.
    pub(crate) fn map<T: Send>(&self, work: impl Fn(Part) -> T + Sync) -> Vec<T> {
        // Weights are leaves of a graph of their own in each part, as a graph has one lock.
        let network = self.model.network.valid();
        let parts: Vec<_> = self.parts.iter().map(|rows| (rows.clone(), network.clone())).collect();
        side_by_side(parts, |(rows, network)| work(self.forward(rows, network.train())))
    }

    fn forward(&self, rows: Range<usize>, network: Network) -> Part {
        let of_rows = |values: usize| {
            let per_row = values / self.features.rows;
            rows.start * per_row..rows.end * per_row
        };
        let slice = FeatureSlice {
            rows: rows.len(),
            ids: &self.features.ids[of_rows(self.features.ids.len())],
            lookups: &self.lookups[of_rows(self.lookups.len())],
            dense: &self.features.dense[of_rows(self.features.dense.len())],
        };
        let model = self.model.with_network(network);
        let mut features = slice.upload(&model, self.device);
        features.x = features.x.require_grad();
        let labels = self.labels.upload(rows, self.device);
        let losses = model.losses(&features, &labels);
        Part { model, features, labels, losses }
    }
}

impl Part {
    /// Losses `[T]` of this part, without a graph.
    pub(crate) fn losses(&self) -> Tensor<1> {
        self.losses.clone().inner()
    }

    /// The gradient of Σ `weights` · losses.
    pub(crate) fn backward(self, weights: &[f32]) -> StepGradients {
        let network = &self.model.network;
        if self.labels.is_empty() {
            return StepGradients::none(&self.features);
        }
        let weights = Tensor::from_floats(weights, &self.features.device);
        StepGradients::of(&(self.losses * weights).sum(), &self.features, network)
    }

    /// The gradient of each task's loss.
    pub(crate) fn backward_per_task(self) -> Vec<StepGradients> {
        StepGradients::per_task(&self.model, &self.features, &self.labels)
    }
}

/// Maps on rayon's threads, in order; a single item here.
pub(crate) fn side_by_side<A: Send, T: Send>(items: Vec<A>, work: impl Fn(A) -> T + Sync + Send) -> Vec<T> {
    if items.len() == 1 { items.into_iter().map(work).collect() } else { items.into_par_iter().map(work).collect() }
}

/// Parts of nearly equal size, of at most `most` rows.
pub(crate) fn divide(rows: usize, most: usize) -> Vec<Range<usize>> {
    let parts = rows.div_ceil(most).max(1);
    (0..parts).map(|part| part * rows / parts..(part + 1) * rows / parts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_rows_in_order_and_are_nearly_equal() {
        assert_eq!((divide(1, 8).len(), divide(8, 8).len()), (1, 1));
        assert_eq!(divide(9, 8), [0..4, 4..9]);
        assert_eq!(divide(23, 8), [0..7, 7..15, 15..23]);
    }
}
