//! Behavior cloning: do what was done, as often as it was done.
//!
//! Pomerleau 1991, "Efficient training of artificial neural networks for autonomous navigation"; on a table the likelihood is
//! maximised by counting:
//!
//! ```text
//! π(a|s) = (n(s, a) + k) / Σ_b (n(s, b) + k)
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | n(s, a) | `log.pairs(s)[..].count` |
//! | k | `smoothing` |
//!
//! Differences from the paper:
//! 1. A table for the network, and its maximum in closed form.
//! 2. k > 0 (Laplace's rule for k = 1) gives every action some probability, also those that the log never shows.
//! 3. Where the log never acts every action is as likely as any other.

use super::log::TabularLog;
use super::policy::TabularPolicy;
use crate::error::Error;

/// The learner.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BehaviorCloning {
    /// k ≥ 0, added to every count; 0, the maximum likelihood, by default.
    pub smoothing: f64,
}

impl BehaviorCloning {
    /// The policy of the log.
    ///
    /// # Errors
    /// A smoothing below 0 or not finite.
    pub fn solve(&self, log: &TabularLog) -> Result<TabularPolicy, Error> {
        let k = self.smoothing;
        let holds = k >= 0.0 && k.is_finite();
        Error::unless(holds, "behavior_cloning", "smoothing", || format!("{k} must be a number from 0 on"))?;
        let (states, actions) = (log.states(), log.actions());
        let mut policy = TabularPolicy::uniform(states, actions);
        for state in (0..states).filter(|&state| !log.pairs(state).is_empty()) {
            let seen: usize = log.pairs(state).iter().map(|pair| pair.count).sum();
            let total = seen as f64 + k * actions as f64;
            let row = policy.row_mut(state);
            row.fill(k / total);
            for pair in log.pairs(state) {
                row[pair.action] = (pair.count as f64 + k) / total;
            }
        }
        Ok(policy)
    }
}

#[cfg(test)]
mod tests {
    use super::super::logged::{log_of, step, times};
    use super::*;

    #[test]
    fn shares_equal_hand_computation() {
        // In state 0 action 0 once, action 2 three times; in state 1 nothing.
        let log = log_of(2, 3, &[times(1, step(0, 0, 0.0, 0, true)), times(3, step(0, 2, 0.0, 0, true))].concat());
        let policy = BehaviorCloning::default().solve(&log).unwrap();
        assert_eq!((policy.row(0), policy.row(1)), (&[0.25, 0.0, 0.75][..], &[1.0 / 3.0; 3][..]));
        let smoothed = BehaviorCloning { smoothing: 2.0 }.solve(&log).unwrap();
        assert_eq!(smoothed.row(0), [0.3, 0.2, 0.5]); // 3, 2 and 5 of 10
        assert!(BehaviorCloning { smoothing: -1.0 }.solve(&log).is_err());
    }
}
