//! The one equation of each value learner, as a pure function.
//!
//! Names follow rlax: `_tm1` is time t−1, `_t` is time t. An action a_{t-1} taken in s_{t-1} gave reward `r_t` and led to s_t, whose
//! action values are `q_t` `[A]`; `discount_t` is γ times the transition's discount, hence 0 where the episode terminates.
//! An action that is not available has value −∞ and is never chosen.
//!
//! ```text
//! Q-learning          r_t + γ_t max_a q_t[a]                              Watkins 1989
//! SARSA               r_t + γ_t q_t[a_t]                                  Rummery & Niranjan 1994
//! Expected SARSA      r_t + γ_t Σ_a π_t[a] q_t[a]                         van Seijen et al. 2009
//! double Q-learning   r_t + γ_t q_t_value[argmax_a q_t_selector[a]]       van Hasselt 2010
//! n steps             r_t + γ_t (r_{t+1} + γ_{t+1} (... + γ_{t+n-1} v))   Watkins 1989
//! ```
//!
//! ```
//! use slatewise_rl::value_learning::q_learning_target;
//!
//! assert_eq!(q_learning_target(1.0, 0.5, &[2.0, 4.0]), 3.0);
//! ```

/// Index of the largest value; the lowest index among equals, so that a choice never depends on chance.
///
/// # Shapes
/// `values [A]`, A ≥ 1.
pub fn argmax(values: &[f64]) -> usize {
    assert!(!values.is_empty(), "argmax of values of shape [0]: at least one action is needed");
    let mut best = 0;
    for (action, &value) in values.iter().enumerate().skip(1) {
        if value > values[best] {
            best = action;
        }
    }
    best
}

/// r_t + γ_t max_a q_t\[a\].
///
/// # Shapes
/// `q_t [A]`, A ≥ 1.
///
/// # Reference
/// Watkins 1989, "Learning from delayed rewards".
pub fn q_learning_target(r_t: f64, discount_t: f64, q_t: &[f64]) -> f64 {
    bootstrap(r_t, discount_t, q_t[argmax(q_t)])
}

/// r_t + γ_t q_t\[a_t\].
///
/// # Shapes
/// `q_t [A]`, `a_t` < A.
///
/// # Reference
/// Rummery & Niranjan 1994, "On-line Q-learning using connectionist systems".
pub fn sarsa_target(r_t: f64, discount_t: f64, q_t: &[f64], a_t: usize) -> f64 {
    assert!(a_t < q_t.len(), "action {a_t} of values of shape [{}]", q_t.len());
    bootstrap(r_t, discount_t, q_t[a_t])
}

/// r_t + γ_t Σ_a π_t\[a\] q_t\[a\]; an action without probability counts for nothing, even at a value of −∞.
///
/// # Shapes
/// `q_t [A]`, `probabilities_t [A]` with sum 1.
///
/// # Reference
/// van Seijen, van Hasselt, Whiteson & Wiering 2009, "A theoretical and empirical analysis of Expected Sarsa".
pub fn expected_sarsa_target(r_t: f64, discount_t: f64, q_t: &[f64], probabilities_t: &[f64]) -> f64 {
    let (values, probabilities) = (q_t.len(), probabilities_t.len());
    assert!(values == probabilities, "values of shape [{values}] under probabilities of shape [{probabilities}]");
    let taken = q_t.iter().zip(probabilities_t).filter(|(_, probability)| **probability > 0.0);
    bootstrap(r_t, discount_t, taken.map(|(value, probability)| probability * value).sum())
}

/// What several steps earn, and by how much the value at their end counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NStepReturn {
    /// Σ_i (Π_{j<i} γ_j) r_i.
    pub reward: f64,
    /// Π_i γ_i; 0 where the steps end in a termination.
    pub discount: f64,
}

impl NStepReturn {
    /// Joins steps (r, γ) in the order of time.
    ///
    /// # Reference
    /// Watkins 1989; Sutton & Barto 2018, section 7.1.
    pub fn of(steps: impl IntoIterator<Item = (f64, f64)>) -> Self {
        steps.into_iter().fold(Self { reward: 0.0, discount: 1.0 }, |so_far, (reward, discount)| Self {
            reward: so_far.reward + so_far.discount * reward,
            discount: so_far.discount * discount,
        })
    }

    /// The target: the return, and the value of what follows it.
    pub fn target(&self, value: f64) -> f64 {
        bootstrap(self.reward, self.discount, value)
    }
}

/// r_t + γ_t q_t_value\[argmax_a q_t_selector\[a\]\]: one estimate chooses, the other judges.
///
/// # Shapes
/// `q_t_value [A]`, `q_t_selector [A]`, A ≥ 1.
///
/// # Reference
/// van Hasselt 2010, "Double Q-learning"; van Hasselt, Guez & Silver 2016 for the deep form.
pub fn double_q_learning_target(r_t: f64, discount_t: f64, q_t_value: &[f64], q_t_selector: &[f64]) -> f64 {
    let (value, selector) = (q_t_value.len(), q_t_selector.len());
    assert!(value == selector, "values of shape [{value}] chosen by values of shape [{selector}]");
    bootstrap(r_t, discount_t, q_t_value[argmax(q_t_selector)])
}

/// Nothing follows a termination, so a value of −∞ (no action available) must not turn 0 · −∞ into NaN.
fn bootstrap(r_t: f64, discount_t: f64, v_t: f64) -> f64 {
    if discount_t == 0.0 { r_t } else { r_t + discount_t * v_t }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_equal_hand_computation() {
        let q_t = [1.0, 5.0, 3.0];
        assert_eq!(q_learning_target(2.0, 0.5, &q_t), 4.5); // 2 + 0.5 · 5
        assert_eq!(sarsa_target(2.0, 0.5, &q_t, 2), 3.5); // 2 + 0.5 · 3
        assert_eq!(expected_sarsa_target(2.0, 0.5, &q_t, &[0.5, 0.25, 0.25]), 3.25); // 2 + 0.5 (0.5 + 1.25 + 0.75)
        let two_steps = NStepReturn::of([(2.0, 0.5), (1.0, 0.25)]);
        assert_eq!(two_steps, NStepReturn { reward: 2.5, discount: 0.125 });
        assert_eq!(two_steps.target(8.0), 3.5);
        assert_eq!(double_q_learning_target(2.0, 0.5, &q_t, &[9.0, 0.0, 1.0]), 2.5); // 2 + 0.5 · 1: the selector says 0
    }

    #[test]
    fn termination_leaves_the_reward_alone() {
        let nothing = [f64::NEG_INFINITY; 2];
        assert_eq!(q_learning_target(-1.0, 0.0, &nothing), -1.0);
        assert_eq!(sarsa_target(-1.0, 0.0, &nothing, 0), -1.0);
        assert_eq!(double_q_learning_target(-1.0, 0.0, &nothing, &nothing), -1.0);
        assert_eq!(expected_sarsa_target(-1.0, 0.0, &nothing, &[0.5; 2]), -1.0);
        assert_eq!(NStepReturn::of([(2.0, 0.5), (1.0, 0.0)]).target(f64::NEG_INFINITY), 2.5);
    }

    #[test]
    fn unavailable_actions_are_never_the_maximum_and_ties_go_to_the_lowest() {
        assert_eq!(q_learning_target(0.0, 1.0, &[f64::NEG_INFINITY, -3.0]), -3.0);
        assert_eq!(expected_sarsa_target(0.0, 1.0, &[f64::NEG_INFINITY, -3.0], &[0.0, 1.0]), -3.0);
        assert_eq!(argmax(&[1.0, 2.0, 2.0]), 1);
    }

    #[test]
    #[should_panic(expected = "values of shape [2] chosen by values of shape [3]")]
    fn shapes_are_checked() {
        double_q_learning_target(0.0, 1.0, &[0.0; 2], &[0.0; 3]);
    }
}
