//! Fitted Q iteration: the best that the log's own pairs can be strung together to.
//!
//! Ernst, Geurts & Wehenkel 2005, "Tree-based batch mode reinforcement learning":
//!
//! ```text
//! Q(s, a) ← mean over rows (s, a, r, s') of  r + γ max_a' Q(s', a')
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | γ | `fixed_point.discount` |
//! | Q(s, a) | `solution.row(s)[a]` |
//!
//! Differences from the paper:
//! 1. A table for the trees, so that each regression is a mean, and iterations go on to the fixed point.
//! 2. The maximum is over the actions that the log shows in s'; a pair it never shows is −∞ and never chosen. A regressor would make
//!    up a value for it.
//! 3. Sweeps are in place and over states (V), which rests at the same Q.

use super::fixed_point::FixedPoint;
use super::log::TabularLog;
use super::solution::OfflineSolution;
use crate::error::Error;
use crate::value_learning::argmax;

/// The learner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FittedQIteration {
    /// Discount and accuracy.
    pub fixed_point: FixedPoint,
}

impl FittedQIteration {
    /// With the usual accuracy.
    pub fn new(discount: f64) -> Self {
        Self { fixed_point: FixedPoint::new(discount) }
    }

    /// Q, its maximum, and the policy that takes it.
    ///
    /// # Errors
    /// A setting out of its range; values that do not come to rest.
    pub fn solve(&self, log: &TabularLog) -> Result<OfflineSolution, Error> {
        let values = self.fixed_point.solve(log, |_, targets| targets[argmax(targets)])?;
        Ok(OfflineSolution::finish(log, &self.fixed_point, &values, |_, q, probabilities| {
            let best = argmax(q);
            probabilities[best] = 1.0;
            q[best]
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::logged::{log_of, step};
    use super::*;

    /// State 0: take 1 and stay, or go for 0 to state 1, which earns 8 once by its only logged action.
    #[test]
    fn values_equal_hand_computation() {
        let log = log_of(2, 2, &[step(0, 0, 1.0, 0, false), step(0, 1, 0.0, 1, false), step(1, 1, 8.0, 0, true)]);
        let solution = FittedQIteration::new(0.75).solve(&log).unwrap();
        // V(0) = max(1 + 0.75 V(0), 0.75 · 8) = 6: staying for ever earns 4 only.
        assert!((solution.row(0)[0] - 5.5).abs() < 1e-9 && (solution.row(0)[1] - 6.0).abs() < 1e-9);
        assert_eq!(solution.row(1), [f64::NEG_INFINITY, 8.0]);
        assert_eq!((solution.policy().row(0), solution.policy().row(1)), (&[0.0, 1.0][..], &[0.0, 1.0][..]));
    }
}
