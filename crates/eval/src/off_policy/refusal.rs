//! Refusal: when diagnostics fail, there is no estimate, only the reasons and the numbers behind them.
//!
//! | rule | default | why |
//! |---|---|---|
//! | effective sample size ≥ `minimum_effective_sample_size` (but at most half the units) | 10 | below it, intervals miss the truth far more often than they say (docs/off_policy_coverage.md) |
//! | largest weight ≤ `largest_weight_share` of the sum (of three units or more) | 0.5 | one unit would be the estimate |
//! | mean weight within `mean_weight_errors` standard errors of 1, or within `mean_weight_tolerance` | 4, 0.05 | E[w] = 1: the propensities are wrong, or the log lacks actions that the policy takes |
//! | weight lost to clipping ≤ `lost_weight_share` | 0.2 | the estimate would be biased by about that share |
//! | probability on actions that the log never shows ≤ `unsupported_share` | 0.01 | nothing in the log says what they earn |
//!
//! The thresholds are a judgement, not a theorem; they are configurable, and every refusal carries its numbers. Owen, "Monte Carlo
//! theory, methods and examples", §9.3, on why a small effective sample size also makes its own estimate unreliable.
//!
//! ```
//! use slatewise_eval::off_policy::{Refusal, RefusalRules, WeightDiagnostics};
//!
//! let weights = WeightDiagnostics::of((0..1000).map(|i| if i == 0 { 900.0 } else { 0.1 }));
//! let reasons = RefusalRules::default().check(&weights);
//! assert!(matches!(reasons[0], Refusal::EffectiveSampleSize { .. }));
//! assert!(reasons[0].to_string().starts_with("effective sample size 1.2 of 1000 units"));
//! ```

use serde::{Deserialize, Serialize};

use super::weights::WeightDiagnostics;

/// The thresholds of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RefusalRules {
    /// Smallest effective sample size, in units. A log of fewer than twice as many units is held to half of them.
    pub minimum_effective_sample_size: f64,
    /// Largest share of the sum of weights that one unit may have, in (0, 1]. Logs of fewer than three units are exempt.
    pub largest_weight_share: f64,
    /// How many standard errors the mean weight may lie from 1.
    pub mean_weight_errors: f64,
    /// How far the mean weight may lie from 1 in any case.
    pub mean_weight_tolerance: f64,
    /// Share of the weight that clipping may remove, in [0, 1].
    pub lost_weight_share: f64,
    /// Share of the evaluation policy's probability that may fall on actions that the log never shows, in [0, 1].
    pub unsupported_share: f64,
}

impl Default for RefusalRules {
    fn default() -> Self {
        Self {
            minimum_effective_sample_size: 10.0,
            largest_weight_share: 0.5,
            mean_weight_errors: 4.0,
            mean_weight_tolerance: 0.05,
            lost_weight_share: 0.2,
            unsupported_share: 0.01,
        }
    }
}

/// Why an estimate is refused, with its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    /// All weights are 0.
    #[error("all {units} weights are 0: the evaluation policy takes none of the logged actions")]
    AllWeightsZero {
        /// Units in the log.
        units: usize,
    },
    /// Too few effective samples.
    #[error(
        "effective sample size {effective_sample_size:.1} of {units} units, below {required:.1}; the largest weight is {largest:.1}"
    )]
    EffectiveSampleSize {
        /// Kish's effective sample size.
        effective_sample_size: f64,
        /// Units in the log.
        units: usize,
        /// The threshold.
        required: f64,
        /// The largest weight.
        largest: f64,
    },
    /// One unit is most of the estimate.
    #[error("one unit holds {:.0} % of all weight ({largest:.1}), above {:.0} %", 100.0 * share, 100.0 * allowed)]
    LargestWeight {
        /// Its share of the sum.
        share: f64,
        /// Its weight.
        largest: f64,
        /// The threshold.
        allowed: f64,
    },
    /// The mean weight is not near 1.
    #[error(
        "the mean weight is {mean:.3}, {errors:.1} standard errors from 1: the logged propensities are wrong, or the log lacks actions that the evaluation policy takes"
    )]
    MeanWeight {
        /// The mean weight.
        mean: f64,
        /// Its distance from 1 in standard errors.
        errors: f64,
    },
    /// Clipping removed too much.
    #[error("shrinking the weights removes {:.0} % of their mass, above {:.0} %, and as much of the value", 100.0 * share, 100.0 * allowed)]
    LostWeight {
        /// Share of the weight removed.
        share: f64,
        /// The threshold.
        allowed: f64,
    },
    /// The evaluation policy takes actions that the log never shows.
    #[error("the evaluation policy puts {:.1} % of its probability on {actions} actions that the log never shows, above {:.1} %", 100.0 * share, 100.0 * allowed)]
    Unsupported {
        /// Share of its probability.
        share: f64,
        /// Number of such actions.
        actions: usize,
        /// The threshold.
        allowed: f64,
    },
    /// Numbers beyond the range of floating point.
    #[error("the weights or contributions overflow; the largest weight is {largest:e}")]
    Overflow {
        /// The largest weight.
        largest: f64,
    },
}

impl RefusalRules {
    /// The rules that weights as they stand break; none if they pass.
    pub fn check(&self, weights: &WeightDiagnostics) -> Vec<Refusal> {
        let mut refusals = self.check_concentration(weights);
        let distance = (weights.mean - 1.0).abs();
        if let Some(error) = weights.mean_standard_error
            && weights.largest > 0.0
            && distance > self.mean_weight_tolerance
            && distance > self.mean_weight_errors * error
        {
            let errors = if error > 0.0 { distance / error } else { f64::INFINITY };
            refusals.push(Refusal::MeanWeight { mean: weights.mean, errors });
        }
        refusals
    }

    /// The rules that shrunk weights (clipped, sub-Gaussian) break, given the weights that they were made of.
    pub fn check_shrunk(&self, shrunk: &WeightDiagnostics, full: &WeightDiagnostics) -> Vec<Refusal> {
        let mut refusals = self.check_concentration(shrunk);
        // Against the expected mass of 1 too: where huge weights were never drawn, the log's own mass is too small to compare with.
        let share = 1.0 - shrunk.mean / full.mean.max(1.0);
        if shrunk.largest > 0.0 && share > self.lost_weight_share {
            refusals.push(Refusal::LostWeight { share, allowed: self.lost_weight_share });
        }
        refusals
    }

    /// The rule that the actions of the evaluation policy break, if they do.
    pub fn check_support(&self, unsupported_share: f64, unsupported_actions: usize) -> Option<Refusal> {
        (unsupported_share > self.unsupported_share).then_some(Refusal::Unsupported {
            share: unsupported_share,
            actions: unsupported_actions,
            allowed: self.unsupported_share,
        })
    }

    fn check_concentration(&self, weights: &WeightDiagnostics) -> Vec<Refusal> {
        let (units, largest) = (weights.units, weights.largest);
        if largest <= 0.0 {
            return vec![Refusal::AllWeightsZero { units }];
        }
        let mut refusals = Vec::new();
        let required = self.minimum_effective_sample_size.min(units as f64 / 2.0);
        let effective_sample_size = weights.effective_sample_size;
        if effective_sample_size < required {
            refusals.push(Refusal::EffectiveSampleSize { effective_sample_size, units, required, largest });
        }
        if units >= 3 && weights.largest_share > self.largest_weight_share {
            let (share, allowed) = (weights.largest_share, self.largest_weight_share);
            refusals.push(Refusal::LargestWeight { share, largest, allowed });
        }
        refusals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(weights: &[f64]) -> Vec<Refusal> {
        RefusalRules::default().check(&WeightDiagnostics::of(weights.iter().copied()))
    }

    #[test]
    fn weights_of_one_pass_whatever_their_number() {
        for units in [1, 2, 3, 10, 1000] {
            assert_eq!(check(&vec![1.0; units]), []);
        }
        assert_eq!(check(&[0.2]), [], "a single unit has no spread that could fail it");
    }

    #[test]
    fn each_rule_by_itself() {
        assert_eq!(check(&[0.0; 4]), [Refusal::AllWeightsZero { units: 4 }]);
        // Eight of a hundred units carry all weight: ESS 8 of 100, mean 1.
        let mut few = vec![0.0; 100];
        few[..8].fill(12.5);
        assert!(matches!(check(&few)[..], [Refusal::EffectiveSampleSize { required: 10.0, .. }]));
        assert!(matches!(
            check(&[3.5, 0.5, 0.5, 0.5, 0.5])[..],
            [Refusal::EffectiveSampleSize { .. }, Refusal::LargestWeight { .. }]
        ));
        // Half the probability is missing, and the spread is small.
        let halved: Vec<f64> = (0..100).map(|i| if i % 2 == 0 { 0.5 } else { 0.4 }).collect();
        assert!(matches!(check(&halved)[..], [Refusal::MeanWeight { .. }]));
        let rules = RefusalRules::default();
        let (full, clipped) =
            (WeightDiagnostics::of([1.0, 1.0, 2.0, 0.0]), WeightDiagnostics::of([0.5, 0.5, 0.5, 0.0]));
        assert_eq!(rules.check_shrunk(&clipped, &full), [Refusal::LostWeight { share: 0.625, allowed: 0.2 }]);
        assert_eq!(rules.check_support(0.01, 1), None);
        assert!(rules.check_support(0.02, 1).is_some());
    }
}
