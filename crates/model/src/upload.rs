//! `upload`: the one function that takes a batch from the host to the device.
//!
//! ```text
//! FeatureBatch  ids u32 [B, F] ──► i32, every id within its table
//!               dense   [B, D] ──► f32
//! LabelBatch            ──► see `labels.rs`
//! ```
//!
//! Everything a batch can have wrong is found here: a backend would panic on an id outside its table, or read past it.

use crate::labels::upload_labels;
use crate::{DeviceLabels, Error, ModelSpec};
use burn::tensor::{Device, Int, Tensor, TensorData};
use slatewise_features::{FeatureBatch, LabelBatch};

/// Features on the device.
#[derive(Debug, Clone)]
pub struct DeviceFeatures {
    /// Number of rows `B`, at least 1.
    pub rows: usize,
    /// `[B, F]`; `None` where the layout has no fields.
    pub ids: Option<Tensor<2, Int>>,
    /// `[B, D]`; `None` where the layout has no dense values.
    pub dense: Option<Tensor<2>>,
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
    spec: &ModelSpec,
    device: &Device,
) -> Result<(DeviceFeatures, Option<DeviceLabels>), Error> {
    let on_device = upload_features(features, spec, device)?;
    let labels = labels.map(|labels| upload_labels(labels, features.rows, spec, device)).transpose()?;
    Ok((on_device, labels))
}

fn upload_features(batch: &FeatureBatch, spec: &ModelSpec, device: &Device) -> Result<DeviceFeatures, Error> {
    let (rows, fields, dense) = (batch.rows, spec.layout.fields.len(), spec.layout.dense.len());
    if rows == 0 {
        return Err(Error::EmptyBatch);
    }
    check_size("ids", rows, fields, batch.ids.len())?;
    check_size("dense", rows, dense, batch.dense.len())?;
    let table_rows: Vec<usize> = spec.layout.fields.iter().map(|field| spec.layout.tables[field.table].rows).collect();
    let mut ids = Vec::with_capacity(batch.ids.len());
    for (row, of_row) in batch.ids.chunks_exact(fields.max(1)).enumerate() {
        for (field, (&id, &rows)) in of_row.iter().zip(&table_rows).enumerate() {
            if id as usize >= rows {
                return Err(Error::UnknownId { row, field: spec.layout.fields[field].name.clone(), id, rows });
            }
            ids.push(id as i32);
        }
    }
    let ids = (fields > 0).then(|| Tensor::from_data(TensorData::new(ids, [rows, fields]), device));
    let dense = (dense > 0).then(|| Tensor::from_data(TensorData::new(batch.dense.clone(), [rows, dense]), device));
    Ok(DeviceFeatures { rows, ids, dense, device: device.clone() })
}

pub(crate) fn check_size(array: &'static str, rows: usize, columns: usize, found: usize) -> Result<(), Error> {
    let expected = rows * columns;
    if found == expected { Ok(()) } else { Err(Error::BatchSize { array, rows, expected, found }) }
}
