//! MaximisationBias: a step into a lottery that loses on average and looks like a win to who takes luck for value.
//!
//! ```text
//!            right, 0              left, 0              any of 10, Normal(-0.1, 1)
//! end ◀───────────────── A (0) ─────────────────▶ B (1) ───────────────────────────▶ end
//!
//! actions: in A 0 is right and 1 is left, and there are no others; in B there are 10
//! ```
//!
//! Going right is best. The largest of ten noisy estimates in B is above 0 for long, and going left looks better than it is.
//!
//! Source: Sutton & Barto 2018, example 6.7 and figure 6.5. Differences from the book: 1. it says "many actions" in B, here there are
//! ten; 2. every state of an environment has the same actions, so those that A lacks are ruled out by [`support`](MaximisationBias::support),
//! and taken nonetheless they go right.

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use crate::environment::{Environment, EnvironmentSpec, Observations};
use crate::support::Support;
use crate::time_step::TimeStep;

const ACTIONS: usize = 10;
const A: usize = 0;
const B: usize = 1;
const MEAN: f64 = -0.1;

/// The two states at play.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaximisationBias {
    state: usize,
}

impl MaximisationBias {
    /// Action that goes from A to B.
    pub const LEFT: usize = 1;

    /// A new one; `reset` comes before the first step.
    pub fn new() -> Self {
        Self::default()
    }

    /// The actions that there are, to be set on a learner before it acts.
    pub fn support() -> Support {
        Support::of(2, ACTIONS, |state, action| state == B || action <= Self::LEFT)
    }
}

impl Environment for MaximisationBias {
    type Observation = usize;
    type Response = f64;

    fn spec(&self) -> EnvironmentSpec {
        let observations = Observations::States(2);
        EnvironmentSpec { name: "maximisation bias", actions: ACTIONS, max_steps: None, observations }
    }

    fn observation(&self) -> &usize {
        &self.state
    }

    fn reset(&mut self, _rng: &mut ChaCha8Rng) -> TimeStep<'_, usize, f64> {
        self.state = A;
        TimeStep::restart(&self.state)
    }

    fn step(&mut self, action: usize, rng: &mut ChaCha8Rng) -> TimeStep<'_, usize, f64> {
        assert!(action < ACTIONS, "action {action} of {ACTIONS}");
        if self.state == B {
            let luck: f64 = StandardNormal.sample(rng);
            return TimeStep::termination(MEAN + luck, &self.state);
        }
        if action != Self::LEFT {
            return TimeStep::termination(0.0, &self.state);
        }
        self.state = B;
        TimeStep::transition(0.0, &self.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_environment;
    use rand::SeedableRng;

    #[test]
    fn the_lottery_is_an_environment() {
        check_environment(MaximisationBias::new, 15);
    }

    #[test]
    fn the_lottery_has_the_books_mean_and_spread() {
        let (mut rng, mut lottery, draws) = (ChaCha8Rng::seed_from_u64(0), MaximisationBias::new(), 40_000);
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..draws {
            lottery.reset(&mut rng);
            assert_eq!(lottery.step(MaximisationBias::LEFT, &mut rng), TimeStep::transition(0.0, &B));
            let step = lottery.step(7, &mut rng);
            assert!(step.terminates());
            let reward = step.response.unwrap();
            (sum, squares) = (sum + reward, squares + reward * reward);
        }
        let mean = sum / f64::from(draws);
        assert!((mean + 0.1).abs() < 0.02, "{mean}"); // four standard errors
        assert!((squares / f64::from(draws) - mean * mean - 1.0).abs() < 0.03);
        lottery.reset(&mut rng);
        assert_eq!(lottery.step(0, &mut rng), TimeStep::termination(0.0, &A));
    }

    #[test]
    fn a_has_two_actions() {
        let allowed = |state| MaximisationBias::support().allowed(state).iter().filter(|&&allowed| allowed).count();
        assert_eq!([allowed(A), allowed(B)], [2, 10]);
    }
}
