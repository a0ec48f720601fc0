//! `OfflineSolution`: what every method gives, action values, state values and a policy.

use super::fixed_point::FixedPoint;
use super::log::TabularLog;
use super::policy::TabularPolicy;

/// Q, V and the policy of one method on one log.
#[derive(Debug, Clone, PartialEq)]
pub struct OfflineSolution {
    actions: usize,
    action_values: Vec<f64>,
    values: Vec<f64>,
    policy: TabularPolicy,
}

impl OfflineSolution {
    /// Q(state, ·), `[A]`; −∞ for an action that the log never shows there.
    pub fn row(&self, state: usize) -> &[f64] {
        &self.action_values[state * self.actions..][..self.actions]
    }

    /// V, `[S]`, as the method's targets use it; the declared value where the log never acts.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// What the method says to do; where the log never acts it says nothing, and the row is uniform.
    pub fn policy(&self) -> &TabularPolicy {
        &self.policy
    }

    /// Puts values and a policy together.
    ///
    /// # Shapes
    /// `action_values [S, A]`, `values [S]`
    pub(super) fn new(action_values: Vec<f64>, values: Vec<f64>, policy: TabularPolicy) -> Self {
        Self { actions: policy.actions(), action_values, values, policy }
    }

    /// Finishes a method from the V at which it came to rest.
    ///
    /// `finish(state, q, probabilities)` gets the targets y(s, ·) in `q` and zeros in `probabilities`, both in the order of
    /// `log.pairs(state)`; it turns them into Q(s, ·) and π(·|s), and returns V(s).
    pub(super) fn finish(
        log: &TabularLog,
        fixed_point: &FixedPoint,
        resting: &[f64],
        mut finish: impl FnMut(usize, &mut [f64], &mut [f64]) -> f64,
    ) -> Self {
        let (states, actions) = (log.states(), log.actions());
        let mut action_values = vec![f64::NEG_INFINITY; states * actions];
        let mut values = vec![fixed_point.unseen_value; states];
        let mut policy = TabularPolicy::uniform(states, actions);
        let (mut q, mut probabilities) = (Vec::new(), Vec::new());
        for state in (0..states).filter(|&state| !log.pairs(state).is_empty()) {
            fixed_point.targets(log, resting, state, &mut q);
            probabilities.clear();
            probabilities.resize(q.len(), 0.0);
            values[state] = finish(state, &mut q, &mut probabilities);
            let row = policy.row_mut(state);
            row.fill(0.0);
            for ((pair, &q), &probability) in log.pairs(state).iter().zip(&q).zip(&probabilities) {
                action_values[state * actions + pair.action] = q;
                row[pair.action] = probability;
            }
        }
        Self::new(action_values, values, policy)
    }
}
