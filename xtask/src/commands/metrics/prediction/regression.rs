//! Every metric of labels that are numbers.

use anyhow::Result;
use slatewise_eval::prediction::{Regression, mean_absolute_error, root_mean_squared_error, xauc};

use super::read::Examples;
use super::selection::Selection;

/// Fills in the metrics.
pub(super) fn measure(examples: &Examples, selection: &mut Selection) -> Result<()> {
    let rows = Regression::new(&examples.score, &examples.label)?;
    selection.count("n", || rows.len());
    selection.metric("mae", || mean_absolute_error(&rows));
    selection.metric("rmse", || root_mean_squared_error(&rows));
    selection.metric("xauc", || xauc(&rows));
    let keys = ["weighted_mae", "weighted_rmse", "weighted_xauc"];
    if !selection.has_prefix("weighted") {
        return Ok(());
    }
    let weight = match examples.weights() {
        Ok(weight) => weight,
        Err(reason) => {
            selection.undefined(&keys, &reason);
            return Ok(());
        }
    };
    let weighted = rows.with_weights(weight)?;
    selection.metric(keys[0], || mean_absolute_error(&weighted));
    selection.metric(keys[1], || root_mean_squared_error(&weighted));
    selection.metric(keys[2], || xauc(&weighted));
    Ok(())
}
