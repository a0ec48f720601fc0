//! Fitted Q evaluation: what a given policy would have earned, by the log's own rewards and next states.
//!
//! Le, Voloshin & Yue 2019, "Batch policy learning under constraints":
//!
//! ```text
//! Q(s, a) ← mean over rows (s, a, r, s') of  r + γ Σ_a' π(a'|s') Q(s', a')
//! value   = Σ_s d₀(s) Σ_a π(a|s) Q(s, a)                                     log.at_start(solution.values())
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | π | `policy` |
//! | γ | `fixed_point.discount` |
//! | d₀ | `log.initial()` |
//!
//! Differences from the paper:
//! 1. A table for the regressor, and iterations go on to the fixed point.
//! 2. A policy that takes a pair which the log never shows is refused, with state and action: no row says what it is worth. With
//!    `unsupported` the caller declares a value for such pairs, such as the least that can happen.

use super::fixed_point::FixedPoint;
use super::log::TabularLog;
use super::policy::TabularPolicy;
use super::solution::OfflineSolution;
use crate::error::Error;

/// The judge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FittedQEvaluation {
    /// Discount and accuracy.
    pub fixed_point: FixedPoint,
    /// Q of pairs that the log never shows; `None` refuses policies that take them.
    pub unsupported: Option<f64>,
}

impl FittedQEvaluation {
    /// Refusing what the log cannot say, with the usual accuracy.
    pub fn new(discount: f64) -> Self {
        Self { fixed_point: FixedPoint::new(discount), unsupported: None }
    }

    /// Q and V of a policy.
    ///
    /// # Shapes
    /// `policy [S, A]` of the log
    ///
    /// # Errors
    /// A setting out of its range; values that do not come to rest; a policy that takes a pair of which the log says nothing.
    pub fn solve(&self, log: &TabularLog, policy: &TabularPolicy) -> Result<OfflineSolution, Error> {
        let (states, actions, ours) = (log.states(), log.actions(), (policy.states(), policy.actions()));
        assert!(ours == (states, actions), "a policy of shape {ours:?} for a log of shape [{states}, {actions}]");
        let outside = self.outside(log, policy)?;
        let mean = |state: usize, q: &[f64]| {
            let row = policy.row(state);
            let inside: f64 = log.pairs(state).iter().zip(q).map(|(pair, q)| row[pair.action] * q).sum();
            inside + outside[state]
        };
        let values = self.fixed_point.solve(log, mean)?;
        let mut action_values = vec![self.unsupported.unwrap_or(f64::NEG_INFINITY); states * actions];
        let mut q = Vec::new();
        for state in 0..states {
            self.fixed_point.targets(log, &values, state, &mut q);
            log.pairs(state).iter().zip(&q).for_each(|(pair, q)| action_values[state * actions + pair.action] = *q);
        }
        Ok(OfflineSolution::new(action_values, values, policy.clone()))
    }

    /// What each state's actions outside the log add to its value, `[S]`.
    fn outside(&self, log: &TabularLog, policy: &TabularPolicy) -> Result<Vec<f64>, Error> {
        let declared = self.unsupported.unwrap_or(0.0);
        let finite = declared.is_finite();
        Error::unless(finite, "fqe", "unsupported", || format!("{declared} is no finite number; declare one"))?;
        let mut outside = vec![0.0; log.states()];
        for state in (0..log.states()).filter(|&state| !log.pairs(state).is_empty()) {
            let taken = policy.row(state).iter().enumerate().filter(|(_, probability)| **probability > 0.0);
            for (action, probability) in taken.filter(|(action, _)| log.count(state, *action) == 0) {
                let key = format!("state {state}, action {action}");
                Error::unless(self.unsupported.is_some(), "policy", &key, || {
                    format!(
                        "taken with probability {probability}, but the log never shows it; declare what such pairs are worth, \
                         or judge a policy that stays with the log"
                    )
                })?;
                outside[state] += probability * declared;
            }
        }
        Ok(outside)
    }
}

#[cfg(test)]
mod tests {
    use super::super::logged::{log_of, step};
    use super::*;

    /// State 0 stays for 1 or goes to state 1 for 0, which ends with 8; state 1's action 0 is never shown.
    fn log() -> TabularLog {
        log_of(2, 2, &[step(0, 0, 1.0, 0, false), step(0, 1, 0.0, 1, false), step(1, 1, 8.0, 0, true)])
    }

    #[test]
    fn values_equal_hand_computation() {
        let policy = TabularPolicy::new(2, vec![0.5, 0.5, 0.0, 1.0]).unwrap();
        let solution = FittedQEvaluation::new(0.5).solve(&log(), &policy).unwrap();
        // V(1) = 8; V(0) = ½ (1 + ½ V(0)) + ½ · 4, so V(0) = 2.5 / 0.75.
        let v = 10.0 / 3.0;
        assert!((solution.values()[0] - v).abs() < 1e-10 && solution.values()[1] == 8.0);
        assert!((solution.row(0)[0] - 1.0 - v / 2.0).abs() < 1e-10 && solution.row(0)[1] == 4.0);
        assert_eq!(solution.row(1), [f64::NEG_INFINITY, 8.0]);
        assert!((log().at_start(solution.values()) - v).abs() < 1e-10); // the episode begins in 0
    }

    #[test]
    fn what_the_log_never_shows_is_refused_or_declared() {
        let uniform = TabularPolicy::uniform(2, 2);
        let judge = FittedQEvaluation::new(0.5);
        let error = judge.solve(&log(), &uniform).unwrap_err().to_string();
        assert!(error.starts_with("policy.state 1, action 0: taken with probability 0.5"), "{error}");
        let declared = FittedQEvaluation { unsupported: Some(-2.0), ..judge };
        let solution = declared.solve(&log(), &uniform).unwrap();
        assert_eq!((solution.values()[1], solution.row(1)), (3.0, &[-2.0, 8.0][..])); // ½ · 8 − ½ · 2
        assert!(FittedQEvaluation { unsupported: Some(f64::NAN), ..judge }.solve(&log(), &uniform).is_err());
    }
}
