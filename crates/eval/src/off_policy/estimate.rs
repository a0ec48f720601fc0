//! `Estimator` → `Estimate`: from per-unit contributions to a value with its intervals, or to a refusal.
//!
//! ```text
//! log ── Estimator::contributions ──► Evidence { contributions, weights in use, range }
//!                                          │  judge, once for all estimators
//!                                          ▼
//!                        Estimate { Accepted(value, standard error, intervals) | Refused(reasons) | Undefined(reason) }
//! ```
//!
//! A refused estimate has no value to read by accident: it stands in [`Outcome::Refused`] as `withheld`, beside the reasons.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use serde::Serialize;

use super::contributions::Contributions;
use super::refusal::{Refusal, RefusalRules};
use super::weights::WeightDiagnostics;
use crate::error::{Error, Undefined};
use crate::interval::{Interval, bootstrap_sums, empirical_bernstein_interval, normal_interval, quantile};

/// Estimators whose contributions are held at once.
const GROUP: usize = 4;

/// A way to estimate another policy's value from a log.
pub trait Estimator<Log: ?Sized> {
    /// Name with its parameters, such as `ips` or `switch_dr_tau5`.
    fn name(&self) -> String;

    /// What each unit of the log contributes, and on which weights that rests.
    ///
    /// # Errors
    /// [`Undefined`] inside [`Error::Undefined`] where the log lacks what the estimator needs (q̂, say).
    fn evidence(&self, log: &Log) -> Result<Evidence, Error>;
}

/// What an estimator hands over to be judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Per-unit contributions.
    pub contributions: Contributions,
    /// The weights that the estimate rests on.
    pub weights: WeightUse,
    /// Bounds of a unit's contribution, from the bounds of rewards and weights; none if they are not known.
    pub range: Option<(f64, f64)>,
}

/// How an estimate rests on importance weights.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightUse {
    /// On the weights as they are.
    Full(WeightDiagnostics),
    /// On shrunk weights with nothing in place of what was removed.
    Shrunk {
        /// The shrunk weights.
        shrunk: WeightDiagnostics,
        /// The weights that they were made of.
        full: WeightDiagnostics,
    },
    /// On shrunk weights, a reward model answering for the rest.
    ModelBacked {
        /// The shrunk weights.
        shrunk: WeightDiagnostics,
        /// Share of the weight that the model answers for, in [0, 1].
        model_share: f64,
    },
    /// On a reward model alone: no diagnostic can vouch for it.
    Model,
}

/// How estimates are judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JudgeOptions {
    /// Confidence level of every interval, in (0, 1).
    pub level: f64,
    /// Bootstrap resamples; 0 for no bootstrap.
    pub resamples: usize,
    /// Thresholds of refusal.
    pub rules: RefusalRules,
    /// What the log itself fails, whatever the estimator's weights (actions without support).
    pub support: Option<Refusal>,
}

impl Default for JudgeOptions {
    fn default() -> Self {
        Self { level: 0.95, resamples: 1000, rules: RefusalRules::default(), support: None }
    }
}

/// An estimate as it may be told to people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// The estimator's name.
    pub name: String,
    /// Value, refusal or reason.
    pub outcome: Outcome,
    /// The weights that it rests on; none where it is undefined.
    pub weights: Option<WeightUse>,
}

/// What became of an estimate.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The diagnostics passed.
    Accepted(Accepted),
    /// They did not.
    Refused {
        /// Every rule that was broken.
        reasons: Vec<Refusal>,
        /// What the formula gives; not an estimate, kept so that the refusal can be examined. None where it overflows.
        withheld: Option<f64>,
    },
    /// The log lacks what the estimator needs.
    Undefined(#[serde(serialize_with = "as_text")] Undefined),
}

/// A value that passed, with how sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Accepted {
    /// The estimated value of the evaluation policy.
    pub value: f64,
    /// Its standard error (delta method for ratios); none for a single unit.
    pub standard_error: Option<f64>,
    /// Normal interval.
    pub normal: Interval,
    /// Percentile bootstrap interval over units, if asked for.
    pub bootstrap: Option<Interval>,
    /// Empirical Bernstein interval: holds for any distribution within the range; only for plain means of known range.
    pub bernstein: Option<Interval>,
}

impl Estimate {
    /// The value, if it was accepted.
    pub fn value(&self) -> Option<f64> {
        self.accepted().map(|accepted| accepted.value)
    }

    /// Value and intervals, if it was accepted.
    pub fn accepted(&self) -> Option<&Accepted> {
        match &self.outcome {
            Outcome::Accepted(accepted) => Some(accepted),
            Outcome::Refused { .. } | Outcome::Undefined(_) => None,
        }
    }

    /// Why there is no value, in one line; none if there is one.
    pub fn reason(&self) -> Option<String> {
        match &self.outcome {
            Outcome::Accepted(_) => None,
            Outcome::Refused { reasons, .. } => {
                let reasons: Vec<_> = reasons.iter().map(ToString::to_string).collect();
                Some(format!("refused: {}", reasons.join("; ")))
            }
            Outcome::Undefined(reason) => Some(reason.to_string()),
        }
    }
}

/// Estimates, checks, and either gives intervals or refuses.
///
/// # Errors
/// What the estimator finds wrong with the log, a level outside (0, 1). What is merely undefined is an [`Outcome`].
pub fn judge<Log: ?Sized>(
    estimator: &dyn Estimator<Log>,
    log: &Log,
    options: &JudgeOptions,
    rng: &mut impl Rng,
) -> Result<Estimate, Error> {
    Ok(judge_all(&[estimator], log, options, rng)?.remove(0))
}

/// The same for several estimators, all on the same bootstrap resamples, so that their intervals move together.
///
/// Holds the contributions of a few estimators at a time. An estimate does not depend on which others are judged with it.
///
/// # Errors
/// As [`judge`].
pub fn judge_all<Log: ?Sized>(
    estimators: &[&dyn Estimator<Log>],
    log: &Log,
    options: &JudgeOptions,
    rng: &mut impl Rng,
) -> Result<Vec<Estimate>, Error> {
    if !(options.level > 0.0 && options.level < 1.0) {
        return Err(Error::Level { level: options.level });
    }
    let generator = Xoshiro256PlusPlus::from_rng(rng);
    let mut estimates = Vec::with_capacity(estimators.len());
    for group in estimators.chunks(GROUP) {
        let drafts =
            group.iter().map(|estimator| Draft::of(*estimator, log, options)).collect::<Result<Vec<_>, _>>()?;
        let columns: Vec<&[f64]> = drafts.iter().flat_map(Draft::columns).collect();
        let sums = match columns.first() {
            Some(column) if column.len() > 1 => bootstrap_sums(&columns, options.resamples, &mut generator.clone()),
            _ => Vec::new(),
        };
        let mut first = 0;
        for draft in drafts {
            let own = first..first + draft.columns().len();
            first = own.end;
            let sums: Vec<&[f64]> = sums.iter().map(|sums| &sums[own.clone()]).collect();
            estimates.push(draft.finish(&sums, options)?);
        }
    }
    Ok(estimates)
}

/// An estimate before its intervals.
struct Draft {
    name: String,
    weights: Option<WeightUse>,
    /// Evidence and value where the rules are kept.
    outcome: Result<(Evidence, f64), Outcome>,
}

impl Draft {
    fn of<Log: ?Sized>(estimator: &dyn Estimator<Log>, log: &Log, options: &JudgeOptions) -> Result<Self, Error> {
        let name = estimator.name();
        let evidence = match estimator.evidence(log) {
            Ok(evidence) => evidence,
            Err(Error::Undefined(reason)) => {
                return Ok(Self { name, weights: None, outcome: Err(Outcome::Undefined(reason)) });
            }
            Err(error) => return Err(error),
        };
        let weights = evidence.weights;
        let value = evidence.contributions.value();
        let mut reasons = weights.refusals(options);
        if value == Err(Undefined::Overflow) {
            reasons.push(Refusal::Overflow { largest: weights.largest() });
        }
        let outcome = match value {
            value if !reasons.is_empty() => Err(Outcome::Refused { reasons, withheld: value.ok() }),
            Ok(value) => Ok((evidence, value)),
            Err(reason) => Err(Outcome::Undefined(reason)),
        };
        Ok(Self { name, weights: Some(weights), outcome })
    }

    fn columns(&self) -> Vec<&[f64]> {
        self.outcome.as_ref().map_or_else(|_| Vec::new(), |(evidence, _)| evidence.contributions.columns())
    }

    fn finish(self, sums: &[&[f64]], options: &JudgeOptions) -> Result<Estimate, Error> {
        let Self { name, weights, outcome } = self;
        let outcome = match outcome {
            Err(outcome) => outcome,
            Ok((evidence, value)) => Outcome::Accepted(accepted(&evidence, value, sums, options)?),
        };
        Ok(Estimate { name, outcome, weights })
    }
}

fn accepted(evidence: &Evidence, value: f64, sums: &[&[f64]], options: &JudgeOptions) -> Result<Accepted, Error> {
    let contributions = &evidence.contributions;
    let (samples, level) = (contributions.units(), options.level);
    let influence = contributions.influence()?;
    let standard_error = contributions.standard_error_of(&influence).ok();
    let normal = normal_interval(value, standard_error, samples, level)?;
    let bootstrap = (!sums.is_empty()).then(|| percentile(contributions, value, sums, level));
    let bernstein = match evidence.range {
        Some(range) if contributions.is_mean() && samples > 1 => {
            Some(empirical_bernstein_interval(&influence, range, level)?)
        }
        _ => None,
    };
    Ok(Accepted { value, standard_error, normal, bootstrap, bernstein })
}

/// Percentile interval of the estimate over resamples.
fn percentile(contributions: &Contributions, value: f64, sums: &[&[f64]], level: f64) -> Interval {
    // A resample without any weight has no value; it is as rare as weights are plenty, and refused logs never come here.
    let mut values: Vec<f64> = sums.iter().filter_map(|sums| contributions.value_of_sums(sums)).collect();
    values.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    let bounds = (!values.is_empty()).then(|| (quantile(&values, tail), quantile(&values, 1.0 - tail)));
    Interval { mean: value, bounds, level, samples: contributions.units() }
}

impl WeightUse {
    /// Every rule that these weights break.
    fn refusals(&self, options: &JudgeOptions) -> Vec<Refusal> {
        let rules = &options.rules;
        let mut refusals = match self {
            Self::Full(weights) => rules.check(weights),
            Self::Shrunk { shrunk, full } => rules.check_shrunk(shrunk, full),
            Self::ModelBacked { .. } | Self::Model => return Vec::new(),
        };
        refusals.extend(options.support);
        refusals
    }

    /// The weights in use; none for a model alone.
    pub fn diagnostics(&self) -> Option<&WeightDiagnostics> {
        match self {
            Self::Full(weights) => Some(weights),
            Self::Shrunk { shrunk, .. } | Self::ModelBacked { shrunk, .. } => Some(shrunk),
            Self::Model => None,
        }
    }

    fn largest(&self) -> f64 {
        self.diagnostics().map_or(0.0, |weights| weights.largest)
    }
}

fn as_text<S: serde::Serializer>(reason: &Undefined, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(reason)
}
