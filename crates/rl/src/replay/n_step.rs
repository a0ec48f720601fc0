//! `NStep`: the rewards of n steps in one transition, so that news travels n states at a time.
//!
//! Sutton & Barto 2018, section 7.1; Hessel et al. 2018, "Rainbow":
//!
//! ```text
//! R = Σ_{k<m} γ^k r_{t+1+k}        s_t, a_t ──▶ R, γ^{m-1}, s_{t+m}        target R + γ · γ^{m-1} max_a Q(s_{t+m}, a)
//! ```
//!
//! m = n in the middle of an episode. At its end every step that still waits gets the rewards that are left, m < n of them: after a
//! termination nothing is added for what follows; after a truncation the last state's value is, with the reduced exponent.
//!
//! | symbol | variable |
//! |---|---|
//! | n, γ | `steps`, `discount` |
//! | the steps that wait, per slot | `windows` |
//! | γ^{m-1}, or 0 after a termination | the `discount` of what comes out |
//!
//! Differences from the book: 1. nothing corrects for actions that the greedy policy would not have taken (as in Rainbow);
//! 2. a transition's own discount multiplies all that comes after it.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::learner::Place;
use crate::transition::Transition;

/// Windows of the last n steps, one per slot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NStep<S> {
    steps: usize,
    discount: f64,
    windows: Vec<VecDeque<Transition<S>>>,
}

impl<S: Clone> NStep<S> {
    /// Joins `steps` ≥ 1 steps under a discount in [0, 1].
    pub fn new(steps: usize, discount: f64) -> Self {
        assert!(steps >= 1, "transitions over {steps} steps");
        Self { steps, discount, windows: Vec::new() }
    }

    /// Forgets the steps of a slot that still wait.
    pub fn begin(&mut self, slot: usize) {
        if let Some(window) = self.windows.get_mut(slot) {
            window.clear();
        }
    }

    /// Takes the next transition of a slot and hands on those that are complete with it, oldest first.
    pub fn push(&mut self, transition: &Transition<S>, place: Place, mut complete: impl FnMut(&Transition<S>)) {
        if self.steps == 1 {
            return complete(transition);
        }
        if self.windows.len() <= place.slot {
            self.windows.resize_with(place.slot + 1, VecDeque::new);
        }
        let window = &mut self.windows[place.slot];
        window.push_back(transition.clone());
        while window.len() == self.steps || (place.last && !window.is_empty()) {
            if let Some(joined) = joined(window, self.discount) {
                complete(&joined);
            }
            window.pop_front();
        }
    }
}

/// The transition from the first of a window to where its last leads.
fn joined<S: Clone>(window: &VecDeque<Transition<S>>, discount: f64) -> Option<Transition<S>> {
    let (first, last) = (window.front()?, window.back()?);
    let (mut reward, mut factor) = (0.0, 1.0);
    for (place, step) in window.iter().enumerate() {
        if place > 0 {
            factor *= discount;
        }
        reward += factor * step.reward;
        factor *= step.discount;
    }
    Some(Transition {
        observation: first.observation.clone(),
        action: first.action,
        reward,
        discount: factor,
        next_observation: last.next_observation.clone(),
        next_action: last.next_action,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(t: usize, discount: f64) -> Transition<usize> {
        Transition { observation: t, action: t, reward: 1.0, discount, next_observation: t + 1, next_action: None }
    }

    fn taken(n_step: &mut NStep<usize>, step: &Transition<usize>, slot: usize, last: bool) -> Vec<[f64; 4]> {
        let mut found = Vec::new();
        n_step.push(step, Place { slot, last }, |t| {
            found.push([t.action as f64, t.reward, t.discount, t.next_observation as f64]);
        });
        found
    }

    #[test]
    fn slots_do_not_mix_and_ends_are_kept_apart() {
        let mut two = NStep::new(2, 0.5);
        assert!(taken(&mut two, &step(0, 1.0), 0, false).is_empty());
        assert!(taken(&mut two, &step(10, 1.0), 1, false).is_empty());
        assert_eq!(taken(&mut two, &step(1, 1.0), 0, false), [[0.0, 1.5, 0.5, 2.0]]);
        // Slot 1 terminates: no bootstrap for either of its steps.
        assert_eq!(taken(&mut two, &step(11, 0.0), 1, true), [[10.0, 1.5, 0.0, 12.0], [11.0, 1.0, 0.0, 12.0]]);
        // Slot 0 is cut short: both bootstrap from state 3, the second with exponent 0 before the learner's own γ.
        assert_eq!(taken(&mut two, &step(2, 1.0), 0, true), [[1.0, 1.5, 0.5, 3.0], [2.0, 1.0, 1.0, 3.0]]);
    }

    #[test]
    fn an_episode_left_unfinished_is_forgotten() {
        let mut three = NStep::new(3, 0.5);
        taken(&mut three, &step(0, 1.0), 0, false);
        three.begin(0);
        three.begin(7);
        assert!(taken(&mut three, &step(5, 1.0), 0, false).is_empty());
        assert_eq!(taken(&mut three, &step(6, 0.0), 0, true), [[5.0, 1.5, 0.0, 7.0], [6.0, 1.0, 0.0, 7.0]]);
    }

    #[test]
    fn one_step_is_the_transition_itself() {
        assert_eq!(taken(&mut NStep::new(1, 0.5), &step(4, 1.0), 3, false), [[4.0, 1.0, 1.0, 5.0]]);
    }
}
