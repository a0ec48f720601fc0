//! IQL: the value of a state is an upper expectile over what was done there, so no action outside the log is ever asked about.
//!
//! Kostrikov, Nair & Levine 2021, "Offline reinforcement learning with implicit Q-learning", equations 5 to 7:
//!
//! ```text
//! V = argmin_V E_{(s, a) ~ log} [ |τ − 1(Q(s, a) < V(s))| (Q(s, a) − V(s))² ]       V(s) = τ-expectile of Q(s, a), a ~ π_b
//! Q(s, a) = r̂(s, a) + γ Σ P̂(s'|s, a) V(s')
//! π(a|s) ∝ π_b(a|s) min(exp(β (Q(s, a) − V(s))), 100)
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | τ | `expectile` |
//! | β, the inverse temperature | `temperature`, as the paper's code calls it |
//! | γ | `fixed_point.discount` |
//!
//! Differences from the paper:
//! 1. Both losses are at their minimum together: the expectile is computed exactly from sorted values, Q is a mean.
//! 2. The policy that maximises the weighted likelihood (equation 7) is written down; the paper climbs to it.
//! 3. The clip at 100, which only the paper's code has, is kept and stands in `max_weight`.
//! 4. One table Q in place of the smaller of two networks.

use super::fixed_point::FixedPoint;
use super::log::TabularLog;
use super::solution::OfflineSolution;
use crate::error::Error;

/// The learner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Iql {
    /// Discount and accuracy.
    pub fixed_point: FixedPoint,
    /// τ in (0, 1): 0.5 is the value of the log's own policy, towards 1 fitted Q iteration. 0.7 in the paper's MuJoCo tasks.
    pub expectile: f64,
    /// β ≥ 0, per unit of value: 0 is behavior cloning. 3 in the paper's MuJoCo tasks.
    pub temperature: f64,
    /// Largest weight of an action in the policy, above 0. 100 in the paper's code.
    pub max_weight: f64,
}

impl Iql {
    /// With the paper's settings for its MuJoCo tasks and the usual accuracy.
    pub fn new(discount: f64) -> Self {
        Self { fixed_point: FixedPoint::new(discount), expectile: 0.7, temperature: 3.0, max_weight: 100.0 }
    }

    /// Q, V, and the policy by advantage weights.
    ///
    /// # Errors
    /// A setting out of its range; values that do not come to rest.
    pub fn solve(&self, log: &TabularLog) -> Result<OfflineSolution, Error> {
        self.validate()?;
        let behavior_of = |state: usize| log.pairs(state).iter().map(|pair| pair.behavior);
        let mut behavior = Vec::new();
        let mut value = |state: usize, q: &[f64]| {
            behavior.clear();
            behavior.extend(behavior_of(state));
            expectile(q, &behavior, self.expectile)
        };
        let values = self.fixed_point.solve(log, &mut value)?;
        Ok(OfflineSolution::finish(log, &self.fixed_point, &values, |state, q, probabilities| {
            let value = value(state, q);
            for ((probability, behavior), q) in probabilities.iter_mut().zip(behavior_of(state)).zip(&*q) {
                *probability = behavior * advantage_weight(q - value, self.temperature, self.max_weight);
            }
            // The largest Q is not below its expectile, so its weight is about 1 or more.
            let sum: f64 = probabilities.iter().sum();
            probabilities.iter_mut().for_each(|probability| *probability /= sum);
            value
        }))
    }

    fn validate(&self) -> Result<(), Error> {
        let &Self { expectile, temperature, max_weight, .. } = self;
        let holds = expectile > 0.0 && expectile < 1.0;
        Error::unless(holds, "iql", "expectile", || format!("{expectile} must lie in (0, 1); 0.7 is usual"))?;
        let holds = temperature >= 0.0 && temperature.is_finite();
        Error::unless(holds, "iql", "temperature", || format!("{temperature} must be a number from 0 on; 3 is usual"))?;
        let holds = max_weight > 0.0 && max_weight.is_finite();
        Error::unless(holds, "iql", "max_weight", || format!("{max_weight} must be a number above 0; 100 is usual"))
    }
}

/// The τ-expectile: the v with τ Σ w (x − v)⁺ = (1 − τ) Σ w (v − x)⁺; the mean for τ = 0.5, the largest value for τ → 1.
///
/// # Shapes
/// `values [A]`, `weights [A]` above 0, A ≥ 1; `tau` in (0, 1).
///
/// # Reference
/// Newey & Powell 1987, "Asymmetric least squares estimation and testing".
pub fn expectile(values: &[f64], weights: &[f64], tau: f64) -> f64 {
    let (count, weighed) = (values.len(), weights.len());
    assert!(count == weighed && count > 0, "values of shape [{count}] under weights of shape [{weighed}]");
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&one, &other| values[one].total_cmp(&values[other]));
    // Differences from the largest value keep their digits where all values are large.
    let largest = values[order[count - 1]];
    let (mut weight_above, mut sum_above) = (0.0, 0.0);
    for (value, weight) in values.iter().zip(weights) {
        weight_above += weight;
        sum_above += weight * (value - largest);
    }
    let (mut weight_below, mut sum_below) = (0.0, 0.0);
    for (place, &index) in order.iter().enumerate() {
        let (weight, sum) = (weights[index], weights[index] * (values[index] - largest));
        (weight_below, sum_below) = (weight_below + weight, sum_below + sum);
        (weight_above, sum_above) = (weight_above - weight, sum_above - sum);
        let mean = ((1.0 - tau) * sum_below + tau * sum_above) / ((1.0 - tau) * weight_below + tau * weight_above);
        // With the values up to this one counted as below: right once the next is not below it.
        if order.get(place + 1).is_none_or(|&next| mean <= values[next] - largest) {
            return largest + mean;
        }
    }
    largest
}

/// min(exp(β A), most): by how much an action of advantage A is likelier than it was in the log, before normalisation.
///
/// # Reference
/// Kostrikov et al. 2021, equation 7; Peng et al. 2019, "Advantage-weighted regression".
pub fn advantage_weight(advantage: f64, temperature: f64, most: f64) -> f64 {
    (temperature * advantage).exp().min(most)
}

#[cfg(test)]
mod tests {
    use super::super::logged::{log_of, step, times};
    use super::*;

    #[test]
    fn expectiles_equal_hand_computation() {
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-14, "{found}, not {expected}");
        close(expectile(&[3.0, 1.0], &[0.5, 0.5], 0.75), 2.5); // 0.75 · 0.5 = 0.25 · 1.5
        close(expectile(&[1.0, 5.0, 3.0], &[0.25, 0.25, 0.5], 0.5), 3.0); // the mean
        // Values 0, 2, 8 with weights 1/2, 1/4, 1/4 and τ = 0.6: 0.6 · ¼ (8 − v) = 0.4 (½ v + ¼ (v − 2)), so v = 1.4 / 0.45 > 2.
        close(expectile(&[8.0, 0.0, 2.0], &[0.25, 0.5, 0.25], 0.6), 1.4 / 0.45);
        close(expectile(&[7.0], &[1.0], 0.9), 7.0);
        close(expectile(&[4.0, 4.0], &[0.1, 0.9], 0.9), 4.0);
        assert!((expectile(&[1.0, 5.0], &[0.9, 0.1], 1.0 - 1e-12) - 5.0).abs() < 1e-9);
    }

    /// One step: action 0 earned 1 three times, action 1 earned 3 once. τ = 0.75: ¾ · ¼ (3 − V) = ¼ · ¾ (V − 1), so V = 2.
    #[test]
    fn the_policy_equals_hand_computation() {
        let rows = [times(3, step(0, 0, 1.0, 0, true)), times(1, step(0, 1, 3.0, 0, true))].concat();
        let log = log_of(1, 2, &rows);
        let iql = Iql { expectile: 0.75, temperature: 2.0_f64.ln(), ..Iql::new(0.9) };
        let solution = iql.solve(&log).unwrap();
        assert!((solution.values()[0] - 2.0).abs() < 1e-14);
        // Weights ½ and 2: 3/4 · 1/2 against 1/4 · 2.
        let policy = |iql: Iql| iql.solve(&log).unwrap().policy().row(0).to_vec();
        assert!((policy(iql)[0] - 0.375 / 0.875).abs() < 1e-14);
        // The clip: e^1000 counts as 100, e^-1000 as nothing; a clip at 1 beside e^{-ln 2}.
        assert_eq!(policy(Iql { temperature: 1e3, ..iql }), [0.0, 1.0]);
        assert!((policy(Iql { max_weight: 1.0, ..iql })[0] - 0.375 / 0.625).abs() < 1e-14);
        assert_eq!(policy(Iql { temperature: 0.0, ..iql }), [0.75, 0.25]);
        assert_eq!((advantage_weight(10.0, 3.0, 100.0), advantage_weight(0.0, 3.0, 100.0)), (100.0, 1.0));
        assert!((advantage_weight(0.5, 2.0, 100.0) - std::f64::consts::E).abs() < 1e-12);
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let log = log_of(1, 1, &[step(0, 0, 1.0, 0, true)]);
        let usual = Iql::new(0.9);
        for (iql, key) in [
            (Iql { expectile: 1.0, ..usual }, "iql.expectile: 1 must lie in (0, 1)"),
            (Iql { temperature: -1.0, ..usual }, "iql.temperature: -1 must be"),
            (Iql { max_weight: 0.0, ..usual }, "iql.max_weight: 0 must be"),
        ] {
            let error = iql.solve(&log).unwrap_err().to_string();
            assert!(error.starts_with(key), "{error}");
        }
    }
}
