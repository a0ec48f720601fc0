//! Every metric of labels of 0 and 1, under the names of the golden files.

use std::cell::LazyCell;

use anyhow::Result;
use slatewise_eval::prediction::{
    Predictions, ReliabilityBin, SortedScores, brier_score, calibration_ratio, expected_calibration_error, grouped_auc,
    log_loss, maximum_calibration_error, normalised_entropy, relative_information_gain, row_order_bins,
};
use slatewise_eval::{Metric, Undefined};

use super::read::Examples;
use super::selection::Selection;

type Bins = Result<Vec<ReliabilityBin>, Undefined>;

/// Fills in the metrics; returns the bins of the reliability diagram, if they were computed.
pub(super) fn measure(examples: &Examples, selection: &mut Selection) -> Result<Option<Vec<ReliabilityBin>>> {
    let predictions = Predictions::new(&examples.score, &examples.label)?;
    let equal_mass = {
        let sorted = LazyCell::new(|| SortedScores::new(&predictions));
        ranking_and_loss(selection, &predictions, || &*sorted);
        calibration(selection, || &*sorted)
    };
    row_order(selection, &predictions);
    within_users(selection, examples, &predictions)?;
    weighted(selection, examples, &predictions)?;
    Ok(equal_mass.and_then(Result::ok))
}

fn ranking_and_loss<'s>(
    selection: &mut Selection,
    predictions: &Predictions<'_, f64, f64>,
    sorted: impl Fn() -> &'s SortedScores<f64>,
) {
    selection.count("n", || predictions.len());
    selection.count("n_pos", || predictions.rows().filter(|row| row.outcome > 0.0).count());
    selection.metric("auc", || sorted().roc_auc());
    selection.metric("average_precision", || sorted().average_precision());
    selection.metric("pr_auc_trapezoid", || sorted().pr_auc_trapezoid());
    let loss = LazyCell::new(|| log_loss(predictions));
    selection.metric("logloss", || loss.clone());
    let mut outcomes = predictions.rows().map(|row| row.outcome);
    let first = outcomes.next();
    if outcomes.all(|outcome| Some(outcome) == first) {
        // The name of the same number in the golden files, where scikit-learn must be told both labels.
        selection.metric("logloss_with_labels_0_1", || loss.clone());
    }
    selection.metric("brier", || brier_score(predictions));
    selection.metric("normalized_entropy", || normalised_entropy(predictions));
    selection.metric("relative_information_gain", || relative_information_gain(predictions));
    selection.metric("calibration_ratio_pred_over_true", || calibration_ratio(predictions));
}

/// Returns the bins of equal mass, if they are asked for.
fn calibration<'s>(selection: &mut Selection, sorted: impl Fn() -> &'s SortedScores<f64>) -> Option<Bins> {
    let ten = LazyCell::new(|| sorted().equal_width_bins(10));
    selection.metric("ece_10_equal_width", || of(&ten, expected_calibration_error));
    selection.metric("mce_10_equal_width", || of(&ten, maximum_calibration_error));
    selection.metric("ece_15_equal_width", || of(&sorted().equal_width_bins(15), expected_calibration_error));
    let equal_mass = selection.has("ece_10_equal_mass").then(|| sorted().equal_mass_bins(10));
    if let Some(bins) = &equal_mass {
        selection.metric("ece_10_equal_mass", || of(bins, expected_calibration_error));
    }
    equal_mass
}

fn of(bins: &Bins, error: fn(&[ReliabilityBin]) -> Metric) -> Metric {
    bins.clone().and_then(|bins| error(&bins))
}

fn row_order(selection: &mut Selection, predictions: &Predictions<'_, f64, f64>) {
    let key = "ece_10_equal_mass_stable_sort";
    if !selection.has(key) {
        return;
    }
    let found = row_order_bins(predictions, 10);
    let row_order_matters = found.as_ref().is_ok_and(|found| found.depends_on_row_order);
    selection.metric(key, || of(&found.map(|found| found.bins), expected_calibration_error));
    if row_order_matters {
        selection.flat.warning(
            "ece_10_equal_mass_stable_sort: tied scores straddle an edge, so the order of rows in the file changes it; \
             ece_10_equal_mass does not depend on that",
        );
    }
}

fn within_users(selection: &mut Selection, examples: &Examples, predictions: &Predictions<'_, f64, f64>) -> Result<()> {
    let keys = ["gauc", "gauc_impression_weighted", "gauc_click_weighted", "gauc_unweighted_mean"];
    let counts = ["gauc_users_skipped_single_class", "gauc_users_used"];
    if !selection.has_prefix("gauc") {
        return Ok(());
    }
    let Some(user) = &examples.user else {
        let reason = format!("the file has no column `{}`; name the user's with --user-column", examples.user_column);
        selection.undefined(&keys, &reason);
        selection.undefined(&counts, &reason);
        return Ok(());
    };
    let gauc = grouped_auc(predictions, &user.code, user.names.len())?;
    selection.metric(keys[0], || gauc.impression_weighted());
    selection.metric(keys[1], || gauc.impression_weighted());
    selection.metric(keys[2], || gauc.click_weighted());
    selection.metric(keys[3], || gauc.unweighted());
    selection.count(counts[0], || gauc.skipped());
    selection.count(counts[1], || gauc.used());
    Ok(())
}

fn weighted(selection: &mut Selection, examples: &Examples, predictions: &Predictions<'_, f64, f64>) -> Result<()> {
    let keys = ["weighted_auc", "weighted_logloss", "weighted_brier", "weighted_ap"];
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
    let weighted = predictions.with_weights(weight)?;
    let sorted = LazyCell::new(|| SortedScores::new(&weighted));
    selection.metric(keys[0], || sorted.roc_auc());
    selection.metric(keys[1], || log_loss(&weighted));
    selection.metric(keys[2], || brier_score(&weighted));
    selection.metric(keys[3], || sorted.average_precision());
    Ok(())
}
