//! What a caller can get wrong, and when a metric has no value.
//!
//! Two kinds of "no number", kept apart:
//!
//! - [`Error`]: the input is not what the function takes (a NaN score, k = 0). Nothing is computed; the message names the row and the mend.
//! - [`Undefined`]: the input is fine, but the metric is not defined on it (ROC AUC of a single class). A summary shows an empty value
//!   and the reason, never 0, 0.5 or NaN.
//!
//! ```
//! use slatewise_eval::{Predictions, Undefined, prediction::roc_auc};
//!
//! let only_clicks = Predictions::new(&[0.2_f32, 0.9], &[true, true])?;
//! assert_eq!(roc_auc(&only_clicks), Err(Undefined::NoNegative));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

/// Input that a metric or the report refuses. Rows are counted from 1.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No rows at all.
    #[error("{what}: there are no rows; pass at least one")]
    Empty {
        /// The argument.
        what: &'static str,
    },
    /// Two columns of one table differ in length.
    #[error("{left} has {left_len} rows and {right} has {right_len}; pass one value of each per row")]
    UnequalLengths {
        /// First argument.
        left: &'static str,
        /// Its length.
        left_len: usize,
        /// Second argument.
        right: &'static str,
        /// Its length.
        right_len: usize,
    },
    /// NaN or infinite value.
    #[error("{what}, row {row}: {value} is not a finite number; drop the row or repair what produced it")]
    NotFinite {
        /// The argument.
        what: &'static str,
        /// Row, counted from 1.
        row: usize,
        /// What stands there.
        value: f64,
    },
    /// A label of a binary task that is neither 0 nor 1.
    #[error(
        "label, row {row}: {value} is neither 0 nor 1; map the label to 0 and 1, or give masked rows weight 0 and label 0"
    )]
    LabelNotBinary {
        /// Row, counted from 1.
        row: usize,
        /// What stands there.
        value: f64,
    },
    /// A weight or gain below zero.
    #[error("{what}, row {row}: {value} is below 0; pass values of 0 or more")]
    Negative {
        /// The argument.
        what: &'static str,
        /// Row, counted from 1.
        row: usize,
        /// What stands there.
        value: f64,
    },
    /// A confidence level outside (0, 1).
    #[error("level {level} is not between 0 and 1; pass 0.95 for a 95 % interval")]
    Level {
        /// What was passed.
        level: f64,
    },
    /// An item index at or beyond the catalogue's end.
    #[error("{what}, row {row}: item {item} is not in the catalogue of {items} items; pass item indices below {items}")]
    UnknownItem {
        /// The argument.
        what: &'static str,
        /// Row (list, transition), counted from 1.
        row: usize,
        /// The item index.
        item: usize,
        /// Number of items in the catalogue.
        items: usize,
    },
    /// The same item twice in one list.
    #[error("list {row}: item {item} stands in it twice; keep its first place only")]
    DuplicateItem {
        /// List, counted from 1.
        row: usize,
        /// The item index.
        item: usize,
    },
    /// An item attribute that the catalogue does not have.
    #[error("attribute `{name}` is not in the catalogue; it has: {known}")]
    UnknownAttribute {
        /// What was asked for.
        name: String,
        /// The catalogue's attributes, joined by commas.
        known: String,
    },
    /// A metric without a value, where the caller cannot go on without it.
    #[error(transparent)]
    Undefined(#[from] Undefined),
    /// A plot that could not be drawn.
    #[error("plot `{title}` could not be drawn: {reason}; check its numbers and its size")]
    Plot {
        /// The plot's title.
        title: String,
        /// What the drawing library said.
        reason: String,
    },
}

/// Why a metric has no value on valid input.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Undefined {
    /// No row has label 1 and a weight above 0.
    #[error("no row has label 1")]
    NoPositive,
    /// No row has label 0 and a weight above 0.
    #[error("no row has label 0")]
    NoNegative,
    /// No row counts: all weights are 0.
    #[error("all weights are 0")]
    NoWeight,
    /// Zero places, bins or resamples.
    #[error("{what} is 0; pass 1 or more")]
    Zero {
        /// What is 0.
        what: &'static str,
    },
    /// The metric needs probabilities.
    #[error("the score {score} in row {row} is not a probability; pass the model's sigmoid output, not its logit")]
    NotProbability {
        /// First such row, counted from 1.
        row: usize,
        /// Its score.
        score: f64,
    },
    /// A list judged against nothing.
    #[error("no item is relevant")]
    NoRelevantItem,
    /// Nothing was recommended.
    #[error("no item was recommended")]
    NoExposure,
    /// A mean over nothing.
    #[error("there is nothing to average")]
    NoSample,
    /// No list holds two items.
    #[error("no list holds two items")]
    NoPair,
    /// A recommended item whose share of the training log is zero has infinite self-information.
    #[error("item {item} was recommended but never occurs in the training log")]
    NeverSeen {
        /// The item index.
        item: usize,
    },
}

/// A metric's value, or why it has none.
pub type Metric = Result<f64, Undefined>;

/// Splits a metric into a value for the summary and a warning `name: reason`.
pub(crate) fn value_or_warning(name: &str, metric: Metric, warnings: &mut Vec<String>) -> Option<f64> {
    metric.inspect_err(|reason| warnings.push(format!("{name}: {reason}"))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_one_line_and_name_the_mend() {
        let error = Error::NotFinite { what: "score", row: 2, value: f64::NAN };
        assert_eq!(
            error.to_string(),
            "score, row 2: NaN is not a finite number; drop the row or repair what produced it"
        );
        let mut warnings = Vec::new();
        assert_eq!(value_or_warning("roc_auc", Err(Undefined::NoNegative), &mut warnings), None);
        assert_eq!(warnings, ["roc_auc: no row has label 0"]);
    }
}
