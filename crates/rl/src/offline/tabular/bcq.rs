//! Discrete BCQ: the best among the actions that were usual enough.
//!
//! Fujimoto, Conti, Ghavamzadeh & Pineau 2019, "Benchmarking batch deep reinforcement learning algorithms":
//!
//! ```text
//! Q(s, a) ← mean over rows of  r + γ max { Q(s', a') : π_b(a'|s') / max_b π_b(b|s') > τ }
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | π_b, there G_ω | counts of `log.pairs(s)` |
//! | τ | `threshold` |
//! | γ | `fixed_point.discount` |
//!
//! Differences from the paper:
//! 1. π_b is counted; the paper trains a network G_ω beside Q.
//! 2. The most frequent actions are always allowed. Otherwise τ = 1, where the paper says imitation, would allow none.
//! 3. Double Q-learning's two networks are one table: where they rest they are equal.
//! 4. Values of logged actions that are too rare are given (they are well defined), but neither chosen nor bootstrapped from.

use super::fixed_point::FixedPoint;
use super::log::{LoggedPair, TabularLog};
use super::solution::OfflineSolution;
use crate::error::Error;

/// The learner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DiscreteBcq {
    /// Discount and accuracy.
    pub fixed_point: FixedPoint,
    /// τ in [0, 1]: 0 is fitted Q iteration, 1 imitates the most frequent action. 0.3 in the paper.
    pub threshold: f64,
}

impl DiscreteBcq {
    /// With the paper's threshold and the usual accuracy.
    pub fn new(discount: f64) -> Self {
        Self { fixed_point: FixedPoint::new(discount), threshold: 0.3 }
    }

    /// Q, its maximum over allowed actions, and the policy that takes it.
    ///
    /// # Errors
    /// A setting out of its range; values that do not come to rest.
    pub fn solve(&self, log: &TabularLog) -> Result<OfflineSolution, Error> {
        let threshold = self.threshold;
        let holds = (0.0..=1.0).contains(&threshold);
        Error::unless(holds, "bcq", "threshold", || format!("{threshold} must lie in [0, 1]; 0.3 is usual"))?;
        let best = |state: usize, q: &[f64]| best_usual(log.pairs(state), q, threshold);
        let values = self.fixed_point.solve(log, |state, targets| targets[best(state, targets)])?;
        Ok(OfflineSolution::finish(log, &self.fixed_point, &values, |state, q, probabilities| {
            let best = best(state, q);
            probabilities[best] = 1.0;
            q[best]
        }))
    }
}

/// Index of the largest value among usual pairs, the lowest among equals.
fn best_usual(pairs: &[LoggedPair], q: &[f64], threshold: f64) -> usize {
    let most = pairs.iter().map(|pair| pair.count).max().unwrap_or(0);
    let usual = |place: &usize| {
        let count = pairs[*place].count;
        count == most || count as f64 > threshold * most as f64
    };
    let mut places = (0..q.len()).filter(usual);
    let first = places.next().unwrap_or(0);
    places.fold(first, |best, place| if q[place] > q[best] { place } else { best })
}

#[cfg(test)]
mod tests {
    use super::super::logged::{log_of, step, times};
    use super::*;

    /// One state that ends: action 0 earned 1 ten times, action 1 earned 5 thrice, action 2 earned 9 once.
    #[test]
    fn rare_actions_are_left_out_as_by_hand() {
        let rows = [
            times(10, step(0, 0, 1.0, 0, true)),
            times(3, step(0, 1, 5.0, 0, true)),
            times(1, step(0, 2, 9.0, 0, true)),
        ];
        let log = log_of(1, 3, &rows.concat());
        for (threshold, action, value) in [(0.0, 2, 9.0), (0.05, 2, 9.0), (0.1, 1, 5.0), (0.3, 0, 1.0), (1.0, 0, 1.0)] {
            // 1/10 and 3/10 must be beaten, not met.
            let solution = DiscreteBcq { threshold, ..DiscreteBcq::new(0.5) }.solve(&log).unwrap();
            assert_eq!((solution.policy().greedy_action(0), solution.values()[0]), (action, value), "{threshold}");
            assert_eq!(solution.row(0), [1.0, 5.0, 9.0]);
        }
        let error = DiscreteBcq { threshold: 1.5, ..DiscreteBcq::new(0.5) }.solve(&log).unwrap_err().to_string();
        assert_eq!(error, "bcq.threshold: 1.5 must lie in [0, 1]; 0.3 is usual");
    }
}
