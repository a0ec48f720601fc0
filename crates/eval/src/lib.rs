//! The judge: prediction, ranking and catalogue metrics, off-policy evaluation, intervals, comparisons and the report.
//!
//! The crate knows no models and no tensors: everything is a function of slices and small structs, so that it judges whatever wrote down
//! its scores. The job, step by step:
//!
//! 1. **Prediction** ([`prediction`]): are the scores of each task right? ROC AUC, also within users (GAUC), average
//!    precision, log loss, Brier score, normalised entropy, calibration, one [`prediction::BinarySummary`] per yes-or-no
//!    task; MAE, RMSE and XAUC of numbers such as watch time.
//! 2. **Ranking** ([`ranking`]): does the right item stand high? HR@k, NDCG@k, MRR of next-item scores over transitions
//!    and over sessions ([`ranking::NextItemEvaluation`]); NDCG, recall, precision, MAP of lists with judgements
//!    ([`ranking::JudgedRun`]). Ties have one policy, which no order of rows can change.
//! 3. **Catalogue** ([`catalog`]): what becomes of the shop? Coverage, Gini, entropy, popularity, tail share, novelty, serendipity, diversity by
//!    attributes or embeddings, calibration of categories; [`catalog::diversity_gain`] is the step-by-step form that a reward can use.
//! 4. **Intervals** ([`interval`]): how sure is that? Student's t over seeds, the bootstrap over sessions, paired differences.
//! 5. **Comparison** ([`comparison`]): does one run differ from another on the same units? Sign-flip test, corrected for the number of metrics.
//!    Between goals that pull apart: [`pareto`], the front that no other point dominates.
//! 6. **Off-policy** ([`off_policy`]): what would another policy have earned on this log? 25 estimators, judged by their weights and
//!    refused where the log cannot say.
//! 7. **Gates** ([`gates`]): does the data flatter? Columns that give the label away, drift, propensities that do not hold, random splits.
//! 8. **Report** ([`report`]): say it, as JSON, Markdown and one HTML page.
//!
//! ```
//! use slatewise_eval::prediction::BinarySummary;
//! use slatewise_eval::ranking::NextItemEvaluation;
//! use slatewise_eval::report::{Fact, NumberFormat, Report};
//! use slatewise_eval::Predictions;
//!
//! // Scores and labels of one task.
//! let click = BinarySummary::new(&Predictions::new(&[0.9_f32, 0.2, 0.4, 0.1], &[1.0_f32, 0.0, 0.0, 1.0])?);
//! assert_eq!(click.roc_auc, Some(0.5));
//!
//! // Scores of three items after a click of session 1, and the item that came next.
//! let mut next_item = NextItemEvaluation::new(&[1, 2])?;
//! next_item.push(1, &[0.1_f32, 0.7, 0.2], 2)?;
//! assert_eq!(next_item.summary()?.over_sessions.hit_rate, [0.0, 1.0]);
//!
//! let report = Report::new("Sample").fact(Fact::number("AUC", click.roc_auc, NumberFormat::Decimals(3)));
//! assert!(report.to_markdown().contains("**AUC**: 0.500"));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```
//!
//! # When there is no number
//!
//! Bad input (a NaN score, an item beyond the catalogue) is an [`Error`] that names the row, counted from 1, and the mend. A metric that
//! the input does not define (ROC AUC of a single class) is [`Undefined`] with its reason: a summary leaves it empty and lists the reason
//! in `warnings`, the report prints "undefined". Nothing is dropped in silence and nothing undefined turns into 0, 0.5 or NaN.

pub mod catalog;
pub mod comparison;
mod error;
mod exact_sum;
pub mod gates;
pub mod interval;
pub mod off_policy;
pub mod pareto;
pub mod prediction;
pub mod ranking;
pub mod report;

pub use error::{Error, Metric, Undefined};
pub use interval::Interval;
pub use prediction::Predictions;
