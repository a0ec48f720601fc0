//! `TabularPolicy`: the probability of every action in every state.
//!
//! ```text
//! π(a|s)   [S, A], each row sums to 1
//! ```

use rand_chacha::ChaCha8Rng;

use super::log::SUM_TOLERANCE;
use crate::error::Error;
use crate::policy::{Decision, Policy, draw};
use crate::value_learning::argmax;

/// Probabilities per state and action.
#[derive(Debug, Clone, PartialEq)]
pub struct TabularPolicy {
    actions: usize,
    probabilities: Vec<f64>,
}

impl TabularPolicy {
    /// A policy from its probabilities.
    ///
    /// # Shapes
    /// `probabilities [S, A]`, A = `actions` ≥ 1
    ///
    /// # Errors
    /// The first state whose probabilities lie outside [0, 1] or do not sum to 1, to within 10⁻⁶.
    pub fn new(actions: usize, probabilities: Vec<f64>) -> Result<Self, Error> {
        let given = probabilities.len();
        assert!(actions > 0 && given.is_multiple_of(actions), "a policy of shape [{given}] over {actions} actions");
        for (state, row) in probabilities.chunks_exact(actions).enumerate() {
            let sum: f64 = row.iter().sum();
            let holds = (sum - 1.0).abs() <= SUM_TOLERANCE && row.iter().all(|p| (0.0..=1.0).contains(p));
            Error::unless(holds, "policy", &format!("state {state}"), || {
                format!("{row:?} sums to {sum}; give probabilities in [0, 1] that sum to 1")
            })?;
        }
        Ok(Self { actions, probabilities })
    }

    /// Every action as likely as any other.
    pub fn uniform(states: usize, actions: usize) -> Self {
        Self { actions, probabilities: vec![1.0 / actions as f64; states * actions] }
    }

    /// π(·|state), `[A]`.
    pub fn row(&self, state: usize) -> &[f64] {
        &self.probabilities[state * self.actions..][..self.actions]
    }

    /// For those that fill a row.
    pub(super) fn row_mut(&mut self, state: usize) -> &mut [f64] {
        &mut self.probabilities[state * self.actions..][..self.actions]
    }

    /// The likeliest action of a state, the lowest among equals.
    pub fn greedy_action(&self, state: usize) -> usize {
        argmax(self.row(state))
    }

    /// The policy that always takes the likeliest action.
    pub fn greedy(&self) -> Self {
        let mut greedy = Self { actions: self.actions, probabilities: vec![0.0; self.probabilities.len()] };
        (0..self.states()).for_each(|state| greedy.row_mut(state)[self.greedy_action(state)] = 1.0);
        greedy
    }

    /// Number of states.
    pub fn states(&self) -> usize {
        self.probabilities.len() / self.actions
    }

    /// Number of actions.
    pub fn actions(&self) -> usize {
        self.actions
    }
}

impl Policy<usize> for TabularPolicy {
    fn probabilities(&mut self, observation: &usize, probabilities: &mut [f64]) {
        probabilities.copy_from_slice(self.row(*observation));
    }

    fn decide(&mut self, observation: &usize, rng: &mut ChaCha8Rng) -> Decision {
        let row = self.row(*observation);
        let action = draw(row.iter().copied(), rng);
        Decision { action, propensity: row[action] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_policy;

    #[test]
    fn rows_are_distributions_and_acts_follow_them() {
        let mut policy = TabularPolicy::new(3, vec![0.25, 0.0, 0.75, 0.5, 0.5, 0.0]).unwrap();
        assert_eq!((policy.states(), policy.greedy_action(0), policy.greedy_action(1)), (2, 2, 0));
        assert_eq!(policy.greedy().row(0), [0.0, 0.0, 1.0]);
        check_policy(&mut policy, &0, 3);
        check_policy(&mut TabularPolicy::uniform(4, 3), &3, 3);
        for bad in [[0.5, 0.4], [1.5, -0.5], [f64::NAN, 0.5]] {
            let error = TabularPolicy::new(2, [vec![1.0, 0.0], bad.to_vec()].concat()).unwrap_err().to_string();
            assert!(error.starts_with("policy.state 1: ") && error.contains("that sum to 1"), "{error}");
        }
    }
}
