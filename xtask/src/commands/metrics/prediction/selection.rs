//! `Selection`: the keys that `--only` asks for; the others are neither computed nor shown.

use anyhow::{Result, bail};
use slatewise_eval::Metric;

use super::Task;
use crate::flat::Flat;

const BINARY: [&str; 26] = [
    "n",
    "n_pos",
    "auc",
    "average_precision",
    "pr_auc_trapezoid",
    "logloss",
    "brier",
    "normalized_entropy",
    "relative_information_gain",
    "calibration_ratio_pred_over_true",
    "ece_10_equal_width",
    "mce_10_equal_width",
    "ece_15_equal_width",
    "ece_10_equal_mass",
    "ece_10_equal_mass_stable_sort",
    "gauc",
    "gauc_impression_weighted",
    "gauc_click_weighted",
    "gauc_unweighted_mean",
    "gauc_users_skipped_single_class",
    "gauc_users_used",
    "weighted_auc",
    "weighted_logloss",
    "weighted_brier",
    "weighted_ap",
    "logloss_with_labels_0_1",
];
const REGRESSION: [&str; 7] = ["n", "mae", "rmse", "xauc", "weighted_mae", "weighted_rmse", "weighted_xauc"];

/// What to compute, and where to put it.
pub(super) struct Selection {
    only: Vec<String>,
    pub(super) flat: Flat,
}

impl Selection {
    /// Everything, or the keys named.
    ///
    /// # Errors
    /// A key that the task does not have.
    pub(super) fn new(only: &[String], task: Task) -> Result<Self> {
        let known: &[&str] = match task {
            Task::Binary => &BINARY,
            Task::Regression => &REGRESSION,
        };
        if let Some(unknown) = only.iter().find(|key| !known.contains(&key.as_str())) {
            bail!("--only {unknown}: there is no such key; choose from {}", known.join(", "));
        }
        Ok(Self { only: only.to_vec(), flat: Flat::default() })
    }

    /// Whether a key is asked for.
    pub(super) fn has(&self, key: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == key)
    }

    /// Whether a key that begins so is asked for.
    pub(super) fn has_prefix(&self, prefix: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only.starts_with(prefix))
    }

    /// Adds a metric, computed only if it is asked for.
    pub(super) fn metric(&mut self, key: &str, compute: impl FnOnce() -> Metric) {
        if self.has(key) {
            self.flat.metric(key, &compute());
        }
    }

    /// Adds a count.
    pub(super) fn count(&mut self, key: &str, compute: impl FnOnce() -> usize) {
        if self.has(key) {
            self.flat.count(key, compute());
        }
    }

    /// Adds null and the reason for each key that is asked for.
    pub(super) fn undefined(&mut self, keys: &[&str], reason: &str) {
        for key in keys.iter().filter(|key| self.has(key)).copied().collect::<Vec<_>>() {
            self.flat.undefined(key, reason);
        }
    }
}
