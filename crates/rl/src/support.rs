//! `Support`: which actions a log says anything about.
//!
//! ```text
//! allowed(s, a)  ⇔  (s, a) occurs at least n times in the log
//! ```
//!
//! The value of an action that was taken once is one visitor's luck, and a network even extrapolates to actions that nobody took;
//! maximising over such values seeks out the largest errors (Fujimoto, Meger & Precup 2019, "Off-policy deep RL without exploration").
//! The rule keeps such actions out while learning is offline, both of targets and of choices.
//! Where no action of a state reaches n, those that occur there at all are allowed; a state that never occurs allows all.

use serde::{Deserialize, Serialize};

use crate::transition::{Trajectory, Transition};

/// Allowed actions per discrete state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Support {
    actions: usize,
    allowed: Vec<bool>,
}

impl Support {
    /// Counts (state, action) pairs of trajectories, `cell` telling the discrete state; allows those seen `min_count` times.
    pub fn count<S>(
        trajectories: &[Trajectory<S>],
        states: usize,
        actions: usize,
        min_count: u32,
        cell: impl Fn(&S) -> usize,
    ) -> Self {
        let mut count = vec![0_u32; states * actions];
        let transitions = trajectories.iter().flat_map(|trajectory| &trajectory.transitions);
        for Transition { observation, action, .. } in transitions {
            count[cell(observation) * actions + action] += 1;
        }
        let rows = count.chunks_exact(actions).flat_map(|row| {
            let most = row.iter().copied().max().unwrap_or(0);
            let needed = if most >= min_count { min_count } else { most.min(1) };
            row.iter().map(move |&seen| seen >= needed)
        });
        Self { actions, allowed: rows.collect() }
    }

    /// What is allowed is given: for environments whose states have different actions. Every state must allow one.
    pub fn of(states: usize, actions: usize, is_allowed: impl Fn(usize, usize) -> bool) -> Self {
        let allowed: Vec<bool> = (0..states * actions).map(|pair| is_allowed(pair / actions, pair % actions)).collect();
        let every = allowed.chunks_exact(actions).all(|row| row.contains(&true));
        assert!(every, "a state of a support of shape [{states}, {actions}] allows no action");
        Self { actions, allowed }
    }

    /// Whether each action is allowed in a state, `[A]`; at least one is.
    pub fn allowed(&self, state: usize) -> &[bool] {
        &self.allowed[state * self.actions..][..self.actions]
    }

    /// Sets the values of actions that are not allowed to −∞.
    ///
    /// # Shapes
    /// `values [A]`
    pub fn mask(&self, state: usize, values: &mut [f64]) {
        for (value, &allowed) in values.iter_mut().zip(self.allowed(state)) {
            if !allowed {
                *value = f64::NEG_INFINITY;
            }
        }
    }

    /// Share of (state, action) pairs that are allowed, in (0, 1].
    pub fn share(&self) -> f64 {
        self.allowed.iter().filter(|&&allowed| allowed).count() as f64 / self.allowed.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_actions_are_masked_and_every_state_keeps_one() {
        let pairs = [(0, 1), (0, 1), (0, 2), (1, 0)];
        let transitions = pairs.map(|(observation, action)| Transition {
            observation,
            action,
            reward: 0.0,
            discount: 0.0,
            next_observation: 0,
            next_action: None,
        });
        let trajectory = Trajectory { transitions: transitions.to_vec() };
        let support = Support::count(&[trajectory], 3, 3, 2, |&state| state);
        assert_eq!(support.allowed(0), [false, true, false]); // twice; the single (0, 2) is not enough
        assert_eq!(support.allowed(1), [true, false, false]); // once, and nothing better
        assert_eq!(support.allowed(2), [true; 3]); // never seen
        let mut values = [3.0, 1.0, 2.0];
        support.mask(0, &mut values);
        assert_eq!(values, [f64::NEG_INFINITY, 1.0, f64::NEG_INFINITY]);
    }
}
