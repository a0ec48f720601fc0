//! Dynamic programming: the optimal values of a table that is known, as ground truth for what learners find.
//!
//! Sutton & Barto 2018, chapter 4:
//!
//! ```text
//! policy evaluation   V(s) ← Σ_a π(a|s) Q(s, a)                                 section 4.1
//! policy iteration    V ← V_π;  π(s) ← argmax_a Q(s, a);  until π stays          section 4.3
//! value iteration     V(s) ← max_a Q(s, a)                                      section 4.4
//!
//! Q(s, a) = Σ p(s', r | s, a) [ r + γ V(s') ],   V(s') = 0 after a termination
//! ```
//!
//! | symbol | here |
//! |---|---|
//! | p(s', r \| s, a) | `mdp.outcomes(state, action)` |
//! | γ | `discount` |
//! | θ, Δ | the bound on the change in a sweep, and that change |
//!
//! Differences from the book's boxes:
//! 1. θ follows from the accuracy asked for: with Δ the change in the last sweep, no value is further than γ Δ / (1 − γ) from
//!    the truth (Puterman 1994, theorem 6.3.1). With γ = 1 there is no such bound; sweeps stop where Δ reaches the accuracy itself.
//! 2. Where values are so large that rounding alone moves them by more than θ, sweeps stop at rounding.
//! 3. Policy iteration begins with the uniform policy, which reaches an end wherever one can be reached, so that γ = 1 works; and
//!    keeps an action that ties with the best, so that it comes to rest.
//!
//! ```
//! use slatewise_rl::tabular::{DynamicProgramming, Outcome, TabularMdp};
//!
//! // One state: action 0 earns 1 for ever, action 1 earns 5 once.
//! let outcome = |_, action| vec![if action == 0 { Outcome::certain(0, 1.0, false) } else { Outcome::certain(0, 5.0, true) }];
//! let mdp = TabularMdp::new(1, 2, &[1.0], outcome)?;
//! let solution = DynamicProgramming::new(0.9).value_iteration(&mdp)?;
//! assert!((solution.values()[0] - 10.0).abs() < 1e-9 && solution.policy() == [0]);
//! assert!((solution.row(0)[1] - 5.0).abs() < 1e-9);
//! # Ok::<(), slatewise_rl::Error>(())
//! ```

use super::mdp::TabularMdp;
use crate::error::Error;
use crate::value_learning::argmax;

/// Actions whose values differ by less than this share of the largest value tie.
const TIE: f64 = 1e-9;

/// How to sweep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DynamicProgramming {
    /// γ in [0, 1].
    pub discount: f64,
    /// Largest error allowed in a value, > 0; see the first difference for γ = 1.
    pub accuracy: f64,
    /// Sweeps after which to give up.
    pub max_sweeps: usize,
}

/// Optimal values and what they say to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    actions: usize,
    values: Vec<f64>,
    action_values: Vec<f64>,
    /// Sweeps of value iteration, or rounds of policy iteration.
    pub iterations: usize,
    /// No value is further than this from the truth, rounding aside; infinite for γ = 1, where that is not known.
    pub error_bound: f64,
}

impl Solution {
    /// V*, `[S]`.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Q*(state, ·), `[A]`.
    pub fn row(&self, state: usize) -> &[f64] {
        &self.action_values[state * self.actions..][..self.actions]
    }

    /// Actions that are best in a state, in ascending order; at least one.
    pub fn best_actions(&self, state: usize) -> impl Iterator<Item = usize> {
        let least = self.values[state] - tie(&self.action_values);
        (0..self.actions).filter(move |&action| self.row(state)[action] >= least)
    }

    /// A best action per state, the lowest where several tie, `[S]`.
    pub fn policy(&self) -> Vec<usize> {
        (0..self.values.len()).map(|state| self.best_actions(state).next().unwrap_or(0)).collect()
    }
}

/// Difference below which action values tie.
fn tie(action_values: &[f64]) -> f64 {
    TIE * largest(action_values)
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()))
}

impl DynamicProgramming {
    /// Values to within 10⁻¹⁰, in at most a million sweeps.
    pub fn new(discount: f64) -> Self {
        Self { discount, accuracy: 1e-10, max_sweeps: 1_000_000 }
    }

    /// V* and Q* by value iteration.
    ///
    /// # Errors
    /// A setting out of its range; values that do not come to rest, as may happen with γ = 1.
    pub fn value_iteration(&self, mdp: &TabularMdp) -> Result<Solution, Error> {
        let best = |state, values: &[f64]| {
            (0..mdp.actions()).map(|action| mdp.backup(state, action, values, self.discount)).fold(f64::MIN, f64::max)
        };
        let (values, sweeps, change) = self.sweep(mdp.states(), best)?;
        Ok(self.solution(mdp, &values, sweeps, change))
    }

    /// V* and Q* by policy iteration.
    ///
    /// # Errors
    /// As [`value_iteration`](Self::value_iteration).
    pub fn policy_iteration(&self, mdp: &TabularMdp) -> Result<Solution, Error> {
        let (states, actions) = (mdp.states(), mdp.actions());
        let mut policy: Option<Vec<usize>> = None;
        let mut round = 0;
        loop {
            round += 1;
            let probabilities = match &policy {
                None => vec![1.0 / actions as f64; states * actions],
                Some(policy) => one_hot(policy, actions),
            };
            let (values, change) = self.policy_values(mdp, &probabilities)?;
            let solution = self.solution(mdp, &values, round, change);
            let tie = tie(&solution.action_values);
            let better = |state| {
                let (row, best) = (solution.row(state), argmax(solution.row(state)));
                let kept = policy.as_ref().map(|policy| policy[state]);
                kept.filter(|&action| row[action] >= row[best] - tie).unwrap_or(best)
            };
            let improved: Vec<usize> = (0..states).map(better).collect();
            if policy.as_ref() == Some(&improved) {
                return Ok(solution);
            }
            if round >= self.max_sweeps {
                return Err(Error::NotConverged { sweeps: round, change, discount: self.discount });
            }
            policy = Some(improved);
        }
    }

    /// V_π of a policy given by its probabilities.
    ///
    /// # Shapes
    /// - policy: `[S, A]`, each row summing to 1
    /// - output: `[S]`
    ///
    /// # Errors
    /// As [`value_iteration`](Self::value_iteration).
    pub fn policy_evaluation(&self, mdp: &TabularMdp, policy: &[f64]) -> Result<Vec<f64>, Error> {
        Ok(self.policy_values(mdp, policy)?.0)
    }

    fn policy_values(&self, mdp: &TabularMdp, policy: &[f64]) -> Result<(Vec<f64>, f64), Error> {
        let (states, actions, given) = (mdp.states(), mdp.actions(), policy.len());
        assert!(given == states * actions, "a policy of shape [{given}] for a table of shape [{states}, {actions}]");
        let mean = |state: usize, values: &[f64]| {
            let row = &policy[state * actions..][..actions];
            let chosen = row.iter().enumerate().filter(|(_, probability)| **probability > 0.0);
            chosen.map(|(action, p)| p * mdp.backup(state, action, values, self.discount)).sum()
        };
        let (values, _, change) = self.sweep(states, mean)?;
        Ok((values, change))
    }

    /// Sweeps in place from V = 0 until values rest: the values, the number of sweeps, the change in the last one.
    pub(crate) fn sweep(
        &self,
        states: usize,
        mut value: impl FnMut(usize, &[f64]) -> f64,
    ) -> Result<(Vec<f64>, usize, f64), Error> {
        self.validate()?;
        let mut values = vec![0.0; states];
        let enough = if self.discount < 1.0 && self.discount > 0.0 {
            self.accuracy * (1.0 - self.discount) / self.discount
        } else {
            self.accuracy
        };
        let mut change = f64::INFINITY;
        for sweeps in 1..=self.max_sweeps {
            change = 0.0;
            for state in 0..states {
                let after = value(state, &values);
                change = f64::max(change, (after - values[state]).abs());
                values[state] = after;
            }
            if !values.iter().all(|value| value.is_finite()) {
                return Err(Error::NotConverged { sweeps, change: f64::INFINITY, discount: self.discount });
            }
            if change <= enough.max(4.0 * f64::EPSILON * largest(&values)) {
                return Ok((values, sweeps, change));
            }
        }
        Err(Error::NotConverged { sweeps: self.max_sweeps, change, discount: self.discount })
    }

    fn solution(&self, mdp: &TabularMdp, values: &[f64], iterations: usize, change: f64) -> Solution {
        let actions = mdp.actions();
        let pairs = (0..mdp.states()).flat_map(|state| (0..actions).map(move |action| (state, action)));
        let action_values: Vec<f64> = pairs.map(|(s, a)| mdp.backup(s, a, values, self.discount)).collect();
        let best = action_values.chunks_exact(actions).map(|row| row[argmax(row)]).collect();
        let error_bound =
            if self.discount < 1.0 { self.discount * change / (1.0 - self.discount) } else { f64::INFINITY };
        Solution { actions, values: best, action_values, iterations, error_bound }
    }

    fn validate(&self) -> Result<(), Error> {
        let (discount, accuracy) = (self.discount, self.accuracy);
        let key = "dynamic_programming";
        Error::unless((0.0..=1.0).contains(&discount), key, "discount", || format!("{discount} must lie in [0, 1]"))?;
        Error::unless(accuracy > 0.0, key, "accuracy", || format!("{accuracy} must be above 0; 1e-10 is usual"))
    }
}

fn one_hot(policy: &[usize], actions: usize) -> Vec<f64> {
    let mut probabilities = vec![0.0; policy.len() * actions];
    for (state, &action) in policy.iter().enumerate() {
        probabilities[state * actions + action] = 1.0;
    }
    probabilities
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tabular::Outcome;
    use crate::testing::ChainMdp;

    #[test]
    fn both_iterations_reach_the_analytic_values_of_the_chain() {
        let chain = ChainMdp::new(5, 0.3);
        let expected = chain.optimal_values(0.9);
        let programming = DynamicProgramming::new(0.9);
        let mdp = chain.mdp();
        for solution in [programming.value_iteration(&mdp).unwrap(), programming.policy_iteration(&mdp).unwrap()] {
            for state in 0..5 {
                for (found, expected) in solution.row(state).iter().zip(&expected[state * 2..]) {
                    assert!((found - expected).abs() < 1e-9, "state {state}: {found} instead of {expected}");
                }
            }
            assert_eq!(solution.policy(), [0; 5]);
            assert!(solution.error_bound <= 1e-10 && solution.iterations > 1);
        }
    }

    /// One state, going on or quitting by the toss of a coin.
    #[test]
    fn policy_evaluation_equals_hand_computation() {
        let mdp = ChainMdp::new(1, 0.25).mdp();
        let value = DynamicProgramming::new(0.8).policy_evaluation(&mdp, &[0.5, 0.5]).unwrap()[0];
        // V = ½ (¾ · 1 + ¼ · 0.8 V) + ½ · 0.1, so V (1 − 0.1) = 0.425.
        assert!((value - 0.425 / 0.9).abs() < 1e-10, "{value}");
    }

    /// Three actions, of which the last two are best and equal up to rounding.
    #[test]
    fn ties_go_to_the_lowest_action() {
        let rewards = [0.0, 0.1 + 0.2, 0.3];
        let rules = |_, action: usize| vec![Outcome::certain(0, rewards[action], true)];
        let mdp = TabularMdp::new(1, 3, &[1.0], rules).unwrap();
        let solution = DynamicProgramming::new(0.5).value_iteration(&mdp).unwrap();
        assert_eq!((solution.policy(), solution.best_actions(0).collect::<Vec<_>>()), (vec![1], vec![1, 2]));
    }

    #[test]
    fn without_discount_an_endless_reward_is_refused() {
        let mdp = TabularMdp::new(1, 1, &[1.0], |_, _| vec![Outcome::certain(0, 1.0, false)]).unwrap();
        let programming = DynamicProgramming { max_sweeps: 100, ..DynamicProgramming::new(1.0) };
        let message = programming.value_iteration(&mdp).unwrap_err().to_string();
        assert!(
            message.starts_with("after 100 sweeps values still change by 1e0: choose a discount below 1"),
            "{message}"
        );
        assert!(programming.policy_iteration(&mdp).is_err());
        // Discounted, the same table is worth 1 / (1 − γ).
        let solution = DynamicProgramming::new(0.999_9).value_iteration(&mdp).unwrap();
        assert!((solution.values()[0] - 10_000.0).abs() < 1e-6);
        // Values beyond all numbers do not count as at rest.
        let rules = |_, _| vec![Outcome::certain(0, f64::MAX, false)];
        let huge = TabularMdp::new(1, 1, &[1.0], rules).unwrap();
        assert!(DynamicProgramming::new(0.9).value_iteration(&huge).is_err());
        let message = DynamicProgramming::new(1.5).value_iteration(&mdp).unwrap_err().to_string();
        assert_eq!(message, "dynamic_programming.discount: 1.5 must lie in [0, 1]");
    }
}
