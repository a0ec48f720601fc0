//! Prediction metrics: how good is a score for a yes-or-no outcome?
//!
//! | question | metric | file |
//! |---|---|---|
//! | do positives stand above negatives? | ROC AUC | `roc_auc.rs` |
//! | are the probabilities good, all in all? | log loss, Brier score, normalised entropy | `log_loss.rs`, `brier.rs`, `normalised_entropy.rs` |
//! | do they mean what they say? | calibration ratio, reliability bins, ECE | `calibration.rs`, `reliability.rs` |
//! | all of it, for one task | [`BinarySummary`] | `binary_summary.rs` |
//!
//! Every metric is a function of one checked record, [`Predictions`]. A row of weight 0 (a masked label) counts nowhere. None depends on
//! the order of the rows.

mod binary_summary;
mod brier;
mod calibration;
mod log_loss;
mod normalised_entropy;
mod predictions;
mod reliability;
mod roc_auc;

pub use binary_summary::BinarySummary;
pub use brier::brier_score;
pub use calibration::calibration_ratio;
pub use log_loss::log_loss;
pub use normalised_entropy::normalised_entropy;
pub(crate) use predictions::check_not_negative;
pub use predictions::{Predictions, Row, Score, Truth};
pub use reliability::{ReliabilityBin, equal_mass_bins, equal_width_bins, expected_calibration_error};
pub use roc_auc::roc_auc;
