//! Every metric of labels that are numbers.

use anyhow::Result;
use slatewise_eval::prediction::{Regression, mean_absolute_error, root_mean_squared_error, xauc};

use super::read::Examples;
use crate::flat::Flat;

/// The metrics.
pub(super) fn measure(examples: &Examples) -> Result<Flat> {
    let rows = Regression::new(&examples.score, &examples.label)?;
    let mut flat = Flat::default();
    flat.count("n", rows.len());
    flat.metric("mae", &mean_absolute_error(&rows));
    flat.metric("rmse", &root_mean_squared_error(&rows));
    flat.metric("xauc", &xauc(&rows));
    let keys = ["weighted_mae", "weighted_rmse", "weighted_xauc"];
    let Some(weight) = &examples.weight else {
        let reason = format!("the file has no column `{}`; name it with --weight-column", examples.weight_column);
        keys.into_iter().for_each(|key| flat.undefined(key, &reason));
        return Ok(flat);
    };
    let weighted = rows.with_weights(weight)?;
    flat.metric(keys[0], &mean_absolute_error(&weighted));
    flat.metric(keys[1], &root_mean_squared_error(&weighted));
    flat.metric(keys[2], &xauc(&weighted));
    Ok(flat)
}
