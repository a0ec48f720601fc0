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
    /// A value outside its range.
    #[error("{what}, row {row}: {value} is outside [{low}, {high}]; mend the value or declare a wider range")]
    OutsideRange {
        /// The argument.
        what: &'static str,
        /// Row, counted from 1.
        row: usize,
        /// What stands there.
        value: f64,
        /// Smallest value allowed.
        low: f64,
        /// Largest value allowed.
        high: f64,
    },
    /// A logged propensity that no policy can have.
    #[error(
        "{what}, row {row}: {value} is not above 0 and at most 1; an action that was taken has a positive probability, so mend the log or drop the row"
    )]
    Propensity {
        /// The argument.
        what: &'static str,
        /// Row, counted from 1.
        row: usize,
        /// What stands there.
        value: f64,
    },
    /// Probabilities of a policy that do not sum to 1.
    #[error("{what}, row {row}: the probabilities sum to {sum}, not to 1; normalise them or pass every action's")]
    ProbabilitySum {
        /// The argument.
        what: &'static str,
        /// Row, counted from 1.
        row: usize,
        /// Their sum.
        sum: f64,
    },
    /// An action beyond the evaluation policy's.
    #[error("action, row {row}: {action} is not among the actions 0 to {last}; pass one probability per action")]
    UnknownAction {
        /// Row, counted from 1.
        row: usize,
        /// What stands there.
        action: f64,
        /// The last action.
        last: usize,
    },
    /// A step of a trajectory that is not the next one.
    #[error(
        "step, row {row}: {found} where {expected} should stand; each trajectory counts 0, 1, 2, ... without a gap or a repeat"
    )]
    StepOrder {
        /// Row, counted from 1.
        row: usize,
        /// What stands there.
        found: f64,
        /// The step that is missing.
        expected: usize,
    },
    /// A step after the end of its trajectory.
    #[error("step, row {row}: the trajectory ended in row {end} (done); begin a new trajectory or mend `done`")]
    StepAfterEnd {
        /// Row, counted from 1.
        row: usize,
        /// The row that ended the trajectory.
        end: usize,
    },
    /// The same position twice in a slate.
    #[error("position, row {row}: {position} stands in this slate already, in row {first}; keep one of them")]
    PositionTwice {
        /// Row, counted from 1.
        row: usize,
        /// The row that has it first.
        first: usize,
        /// The position.
        position: f64,
    },
    /// A whole slate's probability that is not the same on all of its rows.
    #[error(
        "joint probability, row {row}: it differs from the other rows of the slate; give the whole slate's on each"
    )]
    JointProbability {
        /// Row, counted from 1.
        row: usize,
    },
    /// A weight beyond the range of floating point.
    #[error(
        "row {row}: the evaluation probability {evaluation} over the propensity {propensity} overflows; mend the propensity"
    )]
    WeightOverflow {
        /// Row, counted from 1.
        row: usize,
        /// Probability under the evaluation policy.
        evaluation: f64,
        /// Logged propensity.
        propensity: f64,
    },
    /// A weight so large or small that products of weights leave the range of floating point.
    #[error(
        "weight, row {row}: {value} is neither 0 nor between 1e-100 and 1e100; rescale the weights, only their ratios count"
    )]
    ExtremeWeight {
        /// Row, counted from 1.
        row: usize,
        /// What stands there.
        value: f64,
    },
    /// A group code at or beyond the number of groups.
    #[error("group, row {row}: {group} is not below the number of groups, {groups}; number the groups from 0")]
    UnknownGroup {
        /// Row, counted from 1.
        row: usize,
        /// The group's code.
        group: usize,
        /// Number of groups.
        groups: usize,
    },
    /// The same user and item in two rows of a run or of its judgements.
    #[error("{what}, row {row}: the item stands in row {first} already, for the same user; keep one of the two")]
    DuplicatePair {
        /// The run or the judgements.
        what: &'static str,
        /// The later row, counted from 1.
        row: usize,
        /// The earlier row, counted from 1.
        first: usize,
    },
    /// A confidence level outside (0, 1).
    #[error("level {level} is not between 0 and 1; pass 0.95 for a 95 % interval")]
    Level {
        /// What was passed.
        level: f64,
    },
    /// A threshold outside its range.
    #[error("{what}: {value} is not between {low} and {high}; mend the threshold")]
    Threshold {
        /// Its key.
        what: &'static str,
        /// What stands there.
        value: f64,
        /// Smallest value allowed.
        low: f64,
        /// Largest value allowed.
        high: f64,
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
    /// The same unit twice in one run.
    #[error("unit `{unit}`, row {row}: it stands in row {first} already; keep one row per unit")]
    DuplicateUnit {
        /// The unit's id.
        unit: String,
        /// The later row, counted from 1.
        row: usize,
        /// The earlier row, counted from 1.
        first: usize,
    },
    /// Two runs that share no unit or no metric.
    #[error("the two runs have no {what} in common; A has {a}; B has {b}; compare runs on the same data")]
    NothingInCommon {
        /// Unit or metric.
        what: &'static str,
        /// What the first has.
        a: String,
        /// What the second has.
        b: String,
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

impl Error {
    /// The row that is to blame, counted from 1 within what was passed; none where no single row is.
    pub fn row(&self) -> Option<usize> {
        match *self {
            Self::NotFinite { row, .. }
            | Self::LabelNotBinary { row, .. }
            | Self::Negative { row, .. }
            | Self::OutsideRange { row, .. }
            | Self::Propensity { row, .. }
            | Self::ProbabilitySum { row, .. }
            | Self::UnknownAction { row, .. }
            | Self::StepOrder { row, .. }
            | Self::StepAfterEnd { row, .. }
            | Self::PositionTwice { row, .. }
            | Self::JointProbability { row }
            | Self::WeightOverflow { row, .. }
            | Self::ExtremeWeight { row, .. }
            | Self::UnknownGroup { row, .. }
            | Self::DuplicatePair { row, .. }
            | Self::UnknownItem { row, .. }
            | Self::DuplicateItem { row, .. }
            | Self::DuplicateUnit { row, .. } => Some(row),
            Self::Empty { .. }
            | Self::UnequalLengths { .. }
            | Self::Level { .. }
            | Self::Threshold { .. }
            | Self::NothingInCommon { .. }
            | Self::UnknownAttribute { .. }
            | Self::Undefined(_)
            | Self::Plot { .. } => None,
        }
    }
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
    /// GAUC where no user has both a positive and a negative row.
    #[error("no group has rows of both labels")]
    NoMixedGroup,
    /// XAUC where all rows have the same true value.
    #[error("no two rows differ in their true value")]
    NoOrderedPair,
    /// A standard error of a single unit.
    #[error("a single unit says nothing about its spread")]
    OneUnit,
    /// Numbers beyond the range of floating point.
    #[error("the sums overflow")]
    Overflow,
    /// A slate estimator whose probabilities the log does not have.
    #[error("the log has no probabilities {what}")]
    NoProbabilities {
        /// Which ones.
        what: &'static str,
    },
    /// An estimator that needs a reward model's predictions.
    #[error("the log has no predictions of a reward model (q_hat)")]
    NoRewardModel,
    /// No user has both a history and a list.
    #[error("no user has both a history and a list")]
    NoHistory,
    /// An embedding of zeros, which is at no angle to any other.
    #[error("item {item} has an embedding of zeros, which has no direction")]
    NoDirection {
        /// The item index.
        item: usize,
    },
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
