//! A chain with an analytic Q*: go on towards the prize at its end, or quit with a little.
//!
//! ```text
//! s0 ──go──▶ s1 ──go──▶ ... ──go──▶ s_{n-1} ──go──▶ prize 1, end           each go slips (stays where it is) with probability p
//!  └quit: 0.1, end
//!
//! V(s)       = max(Q(s, go), 0.1)
//! Q(s, go)   = (1 − p) g / (1 − p γ)      g = 1 at the end of the chain, γ V(s + 1) before it     (where going on is best)
//! Q(s, quit) = 0.1
//! ```

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::environment::{Environment, EnvironmentSpec, Observations};
use crate::learner::{Learner, Learning};
use crate::policy::EpsilonSchedule;
use crate::rollout::{Budget, rollout};
use crate::streams::Streams;
use crate::tabular::{Outcome, TabularMdp};
use crate::time_step::TimeStep;

/// Reward of quitting.
const QUIT: f64 = 0.1;
/// Steps after which an episode is truncated.
const MAX_STEPS: u32 = 50;

/// The chain; action 0 goes on, action 1 quits, and the response is the reward.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainMdp {
    length: usize,
    slip: f64,
    state: usize,
    steps: u32,
}

impl ChainMdp {
    /// A chain of `length` ≥ 1 states in which going on fails with probability `slip` in [0, 1).
    pub fn new(length: usize, slip: f64) -> Self {
        assert!(length >= 1 && (0.0..1.0).contains(&slip), "a chain of length {length} and slip {slip}");
        Self { length, slip, state: 0, steps: 0 }
    }

    /// The chain as a table of outcomes.
    pub fn mdp(&self) -> TabularMdp {
        let rules = |state, action| {
            if action == 1 {
                return vec![Outcome::certain(state, QUIT, true)];
            }
            let stay = Outcome { probability: self.slip, next_state: state, reward: 0.0, terminates: false };
            let last = state + 1 == self.length;
            let (next_state, reward) = if last { (state, 1.0) } else { (state + 1, 0.0) };
            vec![stay, Outcome { probability: 1.0 - self.slip, next_state, reward, terminates: last }]
        };
        let mut initial = vec![0.0; self.length];
        initial[0] = 1.0;
        TabularMdp::from_rules(self.length, 2, &initial, rules)
    }

    /// Q* for a discount in [0, 1) under which going on is best everywhere.
    ///
    /// # Shapes
    /// `[length, 2]`
    pub fn optimal_values(&self, discount: f64) -> Vec<f64> {
        let mut values = vec![QUIT; self.length * 2];
        let mut gain = 1.0;
        for state in (0..self.length).rev() {
            let go = (1.0 - self.slip) * gain / (1.0 - self.slip * discount);
            assert!(go > QUIT, "quitting is best in state {state}: choose a shorter chain or a higher discount");
            values[state * 2] = go;
            gain = discount * go;
        }
        values
    }
}

impl Environment for ChainMdp {
    type Observation = usize;
    type Response = f64;

    fn spec(&self) -> EnvironmentSpec {
        let observations = Observations::States(self.length);
        EnvironmentSpec { name: "chain", actions: 2, max_steps: Some(MAX_STEPS), observations }
    }

    fn observation(&self) -> &usize {
        &self.state
    }

    fn reset(&mut self, _rng: &mut ChaCha8Rng) -> TimeStep<'_, usize, f64> {
        (self.state, self.steps) = (0, 0);
        TimeStep::restart(&self.state)
    }

    fn step(&mut self, action: usize, rng: &mut ChaCha8Rng) -> TimeStep<'_, usize, f64> {
        let slips = rng.random::<f64>() < self.slip;
        self.steps += 1;
        if action == 1 {
            return TimeStep::termination(QUIT, &self.state);
        }
        if !slips && self.state + 1 == self.length {
            return TimeStep::termination(1.0, &self.state);
        }
        self.state += usize::from(!slips);
        if self.steps >= MAX_STEPS {
            TimeStep::truncation(0.0, &self.state)
        } else {
            TimeStep::transition(0.0, &self.state)
        }
    }
}

/// Lets a learner act in two chains of five states while its exploration fades to nothing, and compares its values with Q*.
///
/// # Panics
/// If a value is off by more than `tolerance`.
pub fn chain_learns<L: Learner<usize>>(mut learner: L, discount: f64, steps: u64, tolerance: f64) {
    let chain = ChainMdp::new(5, 0.1);
    let epsilon = EpsilonSchedule { start: 1.0, end: 0.0, steps: steps / 2 };
    let mut learning = Learning::new(&mut learner, epsilon, |response: &f64, _: &usize| *response);
    let mut chains = [chain.clone(), chain.clone()];
    rollout(&mut chains, &mut learning, Budget::Steps(steps), &mut Streams::new(2));
    let mut values = Vec::new();
    learner.action_values(&mut [0, 1, 2, 3, 4].iter(), &mut values);
    let optimal = chain.optimal_values(discount);
    let off = values.iter().zip(&optimal).map(|(value, best)| (value - best).abs()).fold(0.0, f64::max);
    assert!(off <= tolerance, "off by {off}, tolerance {tolerance}:\n{values:.3?}\n{optimal:.3?}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_environment;

    #[test]
    fn the_chain_is_an_environment() {
        check_environment(|| ChainMdp::new(5, 0.3), 1);
    }

    #[test]
    fn optimal_values_satisfy_the_bellman_equation() {
        let (chain, discount) = (ChainMdp::new(4, 0.2), 0.9);
        let q = chain.optimal_values(discount);
        for state in 0..4 {
            let ahead = if state == 3 { 1.0 } else { discount * q[(state + 1) * 2] };
            assert!((q[state * 2] - (0.8 * ahead + 0.2 * discount * q[state * 2])).abs() < 1e-12);
        }
    }
}
