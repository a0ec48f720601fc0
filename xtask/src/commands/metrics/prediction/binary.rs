//! Every metric of labels of 0 and 1, under the names of the golden files.

use anyhow::Result;
use slatewise_eval::prediction::{
    Predictions, ReliabilityBin, SortedScores, brier_score, calibration_ratio, expected_calibration_error, grouped_auc,
    log_loss, maximum_calibration_error, normalised_entropy, relative_information_gain, row_order_bins,
};
use slatewise_eval::{Metric, Undefined};

use super::read::Examples;
use crate::flat::Flat;

type Bins = Result<Vec<ReliabilityBin>, Undefined>;

/// The metrics, and the bins of the reliability diagram.
pub(super) fn measure(examples: &Examples) -> Result<(Flat, Option<Vec<ReliabilityBin>>)> {
    let predictions = Predictions::new(&examples.score, &examples.label)?;
    let mut flat = Flat::default();
    let equal_mass = {
        let sorted = SortedScores::new(&predictions);
        ranking_and_loss(&mut flat, &predictions, &sorted);
        calibration(&mut flat, &predictions, &sorted)
    };
    within_users(&mut flat, examples, &predictions)?;
    weighted(&mut flat, examples, &predictions)?;
    Ok((flat, equal_mass.ok()))
}

fn ranking_and_loss(flat: &mut Flat, predictions: &Predictions<'_, f64, f64>, sorted: &SortedScores<f64>) {
    flat.count("n", sorted.rows());
    flat.count("n_pos", sorted.positives());
    flat.metric("auc", &sorted.roc_auc());
    flat.metric("average_precision", &sorted.average_precision());
    flat.metric("pr_auc_trapezoid", &sorted.pr_auc_trapezoid());
    let loss = log_loss(predictions);
    flat.metric("logloss", &loss);
    if sorted.positives() == 0 || sorted.positives() == sorted.rows() {
        // The name of the same number in the golden files, where scikit-learn must be told both labels.
        flat.metric("logloss_with_labels_0_1", &loss);
    }
    flat.metric("brier", &brier_score(predictions));
    flat.metric("normalized_entropy", &normalised_entropy(predictions));
    flat.metric("relative_information_gain", &relative_information_gain(predictions));
    flat.metric("calibration_ratio_pred_over_true", &calibration_ratio(predictions));
}

/// Returns the bins of equal mass.
fn calibration(flat: &mut Flat, predictions: &Predictions<'_, f64, f64>, sorted: &SortedScores<f64>) -> Bins {
    let of = |bins: &Bins, error: fn(&[ReliabilityBin]) -> Metric| bins.clone().and_then(|bins| error(&bins));
    let ten = sorted.equal_width_bins(10);
    let equal_mass = sorted.equal_mass_bins(10);
    flat.metric("ece_10_equal_width", &of(&ten, expected_calibration_error));
    flat.metric("mce_10_equal_width", &of(&ten, maximum_calibration_error));
    flat.metric("ece_15_equal_width", &of(&sorted.equal_width_bins(15), expected_calibration_error));
    flat.metric("ece_10_equal_mass", &of(&equal_mass, expected_calibration_error));
    let in_row_order = row_order_bins(predictions, 10);
    let row_order_matters = in_row_order.as_ref().is_ok_and(|found| found.depends_on_row_order);
    flat.metric(
        "ece_10_equal_mass_stable_sort",
        &of(&in_row_order.map(|found| found.bins), expected_calibration_error),
    );
    if row_order_matters {
        flat.warning(
            "ece_10_equal_mass_stable_sort: tied scores straddle an edge, so the order of rows in the file changes it; \
             ece_10_equal_mass does not depend on that",
        );
    }
    equal_mass
}

fn within_users(flat: &mut Flat, examples: &Examples, predictions: &Predictions<'_, f64, f64>) -> Result<()> {
    let keys = ["gauc", "gauc_impression_weighted", "gauc_click_weighted", "gauc_unweighted_mean"];
    let counts = ["gauc_users_skipped_single_class", "gauc_users_used"];
    let Some(user) = &examples.user else {
        let reason = format!("the file has no column `{}`; name the user's with --user-column", examples.user_column);
        keys.into_iter().chain(counts).for_each(|key| flat.undefined(key, &reason));
        return Ok(());
    };
    let gauc = grouped_auc(predictions, &user.code, user.names.len())?;
    let impression_weighted = gauc.impression_weighted();
    flat.metric(keys[0], &impression_weighted);
    flat.metric(keys[1], &impression_weighted);
    flat.metric(keys[2], &gauc.click_weighted());
    flat.metric(keys[3], &gauc.unweighted());
    flat.count(counts[0], gauc.skipped());
    flat.count(counts[1], gauc.used());
    Ok(())
}

fn weighted(flat: &mut Flat, examples: &Examples, predictions: &Predictions<'_, f64, f64>) -> Result<()> {
    let keys = ["weighted_auc", "weighted_logloss", "weighted_brier", "weighted_ap"];
    let Some(weight) = &examples.weight else {
        let reason = format!("the file has no column `{}`; name it with --weight-column", examples.weight_column);
        keys.into_iter().for_each(|key| flat.undefined(key, &reason));
        return Ok(());
    };
    let weighted = predictions.with_weights(weight)?;
    let sorted = SortedScores::new(&weighted);
    flat.metric(keys[0], &sorted.roc_auc());
    flat.metric(keys[1], &log_loss(&weighted));
    flat.metric(keys[2], &brier_score(&weighted));
    flat.metric(keys[3], &sorted.average_precision());
    Ok(())
}
