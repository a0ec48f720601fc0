//! `upload`: the one function that takes a batch from the host to the device.
//!
//! ```text
//! FeatureBatch  ids u32 [B, F], every one within its table ──► embeddings, gathered on the host ─┐
//!               dense   [B, D] ──────────────────────────────────────────────────────────────────┴─► x [B, input]
//! LabelBatch    ──► see `labels.rs`
//! ```
//!
//! Everything a batch can have wrong is found here: a lookup would panic on an id outside its table, or a backend read past
//! it. The ids themselves go to the device only where a wide part asks for them.

use crate::labels::upload_labels;
use crate::{DeviceLabels, Error, ModelSpec, MultiTaskModel};
use burn::tensor::{Device, Int, Tensor, TensorData};
use slatewise_features::{FeatureBatch, LabelBatch};

/// Features on the device.
#[derive(Debug, Clone)]
pub struct DeviceFeatures {
    /// Number of rows `B`, at least 1.
    pub rows: usize,
    /// `[B, input]`: the fields' embeddings side by side, then the dense values.
    pub x: Tensor<2>,
    /// `[B, F]`, where the model has a wide part.
    pub ids: Option<Tensor<2, Int>>,
    /// Where they lie.
    pub device: Device,
}

/// Takes features, and labels where there are any, to `device`.
///
/// # Errors
/// [`Error::BatchSize`], [`Error::UnknownId`] or [`Error::InvalidLabel`] where the batch does not fit the model.
pub fn upload(
    features: &FeatureBatch,
    labels: Option<&LabelBatch>,
    model: &MultiTaskModel,
    device: &Device,
) -> Result<(DeviceFeatures, Option<DeviceLabels>), Error> {
    check_features(features, model.spec())?;
    let rows = model.embedding.rows_of(&features.ids);
    let on_device = upload_features(features, &rows, model, device);
    let labels = labels.map(|labels| upload_labels(labels, features.rows, model.spec(), device)).transpose()?;
    Ok((on_device, labels))
}

/// Takes checked features to `device`; `rows` are those of the embedding tables.
pub(crate) fn upload_features(
    batch: &FeatureBatch,
    rows: &[u32],
    model: &MultiTaskModel,
    device: &Device,
) -> DeviceFeatures {
    FeatureSlice { rows: batch.rows, ids: &batch.ids, lookups: rows, dense: &batch.dense }.upload(model, device)
}

/// Consecutive rows of a checked batch.
pub(crate) struct FeatureSlice<'a> {
    pub(crate) rows: usize,
    /// `[rows, F]`
    pub(crate) ids: &'a [u32],
    /// Rows of the embedding tables, `[rows, lookups]`.
    pub(crate) lookups: &'a [u32],
    /// `[rows, D]`
    pub(crate) dense: &'a [f32],
}

impl FeatureSlice<'_> {
    /// The rows on `device`, their embeddings gathered.
    pub(crate) fn upload(&self, model: &MultiTaskModel, device: &Device) -> DeviceFeatures {
        let x = model.embedding.gather(self.rows, self.lookups, self.dense);
        let x = Tensor::from_data(TensorData::new(x, [self.rows, model.embedding.input()]), device);
        let ids = model.network.wide.iter().any(|wide| !wide.is_empty()).then(|| {
            let ids: Vec<i32> = self.ids.iter().map(|&id| id as i32).collect();
            Tensor::from_data(TensorData::new(ids, [self.rows, model.spec().layout.fields.len()]), device)
        });
        DeviceFeatures { rows: self.rows, x, ids, device: device.clone() }
    }
}

/// Checks that a batch fits the model.
pub(crate) fn check_features(batch: &FeatureBatch, spec: &ModelSpec) -> Result<(), Error> {
    let (rows, fields, dense) = (batch.rows, spec.layout.fields.len(), spec.layout.dense.len());
    if rows == 0 {
        return Err(Error::EmptyBatch);
    }
    check_size("ids", rows, fields, batch.ids.len())?;
    check_size("dense", rows, dense, batch.dense.len())?;
    let table_rows: Vec<u32> = spec
        .layout
        .fields
        .iter()
        .map(|field| u32::try_from(spec.layout.tables[field.table].rows).unwrap_or(u32::MAX))
        .collect();
    for (row, of_row) in batch.ids.chunks_exact(fields.max(1)).enumerate() {
        for (field, (&id, &rows)) in of_row.iter().zip(&table_rows).enumerate() {
            if id >= rows {
                let field = spec.layout.fields[field].name.clone();
                return Err(Error::UnknownId { row, field, id, rows: rows as usize });
            }
        }
    }
    Ok(())
}

pub(crate) fn check_size(array: &'static str, rows: usize, columns: usize, found: usize) -> Result<(), Error> {
    let expected = rows * columns;
    if found == expected { Ok(()) } else { Err(Error::BatchSize { array, rows, expected, found }) }
}
