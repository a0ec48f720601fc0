//! Prediction metrics: how good is a score for a yes-or-no outcome?
//!
//! | question | metric | file |
//! |---|---|---|
//! | do positives stand above negatives? | ROC AUC | `roc_auc.rs` |
//! | the same, within each user | GAUC | `grouped_auc.rs` |
//! | the same, where positives are rare | average precision | `average_precision.rs` |
//! | are the probabilities good, all in all? | log loss, Brier score | `log_loss.rs`, `brier.rs` |
//! | better than the base rate alone? | normalised entropy | `normalised_entropy.rs` |
//! | do they mean what they say? | calibration ratio, reliability bins, ECE, MCE | `calibration.rs`, `reliability.rs` |
//! | all of it, for one task | [`BinarySummary`] | `binary_summary.rs` |
//! | how far off is a number (watch time, price)? | MAE, RMSE | `regression.rs` |
//! | are numbers in the right order? | XAUC | `xauc.rs` |
//!
//! Every metric of a yes-or-no outcome is a function of one checked record, [`Predictions`]; those that go down the
//! scores share its sorted form, [`SortedScores`]. A row of weight 0 (a masked label) counts nowhere.
//!
//! None depends on the order of the rows or on the number of threads, not even in its last bit: sums are exact
//! (`exact_sum.rs`) or run in the order of the scores. The one exception says so in its name, [`row_order_bins`].

mod average_precision;
mod binary_summary;
mod brier;
mod calibration;
mod grouped_auc;
mod log_loss;
mod normalised_entropy;
mod predictions;
mod regression;
mod reliability;
mod roc_auc;
mod row_order_bins;
mod score;
mod sorted_scores;
mod xauc;

pub use average_precision::{average_precision, pr_auc_trapezoid};
pub use binary_summary::BinarySummary;
pub use brier::brier_score;
pub use calibration::calibration_ratio;
pub use grouped_auc::{GroupAuc, GroupedAuc, grouped_auc};
pub use log_loss::log_loss;
pub use normalised_entropy::{normalised_entropy, relative_information_gain};
pub(crate) use predictions::check_not_negative;
pub use predictions::{Predictions, Row};
pub use regression::{Regression, mean_absolute_error, root_mean_squared_error};
pub use reliability::{
    ReliabilityBin, equal_mass_bins, equal_width_bins, expected_calibration_error, maximum_calibration_error,
};
pub use roc_auc::roc_auc;
pub use row_order_bins::{RowOrderBins, row_order_bins};
pub use score::{Score, Truth};
pub use sorted_scores::SortedScores;
pub use xauc::xauc;
